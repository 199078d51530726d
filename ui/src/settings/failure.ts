/** Errors as they belong to the fields of a form. */

import type { ApiError, ConfigError } from "../api";
import { located } from "../parts/failure";

/** The errors of a form: those of its fields, and those that belong to none of them. */
export interface Placed {
  fields: Record<string, string>;
  rest: string[];
}

/**
 * Assigns the errors of a refused configuration to the fields of its form. `added`: a table that the form would have
 * added, whose own line is not in the file.
 */
export function placed(error: ApiError, message: string, fields: readonly string[], added?: string): Placed {
  if (error.kind !== "config") return { fields: {}, rest: [message] };
  const found: Placed = { fields: {}, rest: [] };
  for (const fault of error.errors) {
    const field = fieldOf(fault, fields);
    if (field === null) found.rest.push(fault.text === added ? fault.what : located(fault));
    else found.fields[field] = join(found.fields[field], fault.what);
  }
  return found;
}

/** The key of the line that contains the error; else the field that its text names. */
export function fieldOf(fault: ConfigError, fields: readonly string[]): string | null {
  const before = fault.text.slice(0, Math.max(fault.column, fault.text.search(/=/) + 1));
  const keys = [...before.matchAll(/([\w-]+)\s*=/g)].map(([, key]) => key ?? "");
  const key = keys.reverse().find((key) => fields.includes(key));
  if (key !== undefined) return key;
  return fields.find((field) => fault.what.includes(`\`${field}\``)) ?? null;
}

/** Several errors of one field. */
export function join(before: string | undefined, what: string): string {
  return before === undefined ? what : `${before}; ${what}`;
}
