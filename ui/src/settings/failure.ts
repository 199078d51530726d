/** What went wrong, as a text for a person, and at which field of a form it belongs. */

import type { ApiError, ConfigError } from "../api";
import type { Failure } from "../desktop";

/** Whatever a promise was rejected with, as a failure. */
export function failureOf(error: unknown): Failure {
  if (isFailure(error)) return error;
  const message = error instanceof Error ? error.message : String(error);
  return { message, error: { kind: "internal", message } };
}

function isFailure(error: unknown): error is Failure {
  return typeof error === "object" && error !== null && "message" in error && "error" in error;
}

/** A fault in a line, without the folder of its file: "callboard.toml:12:3: expected ...". */
export function located(fault: ConfigError): string {
  const file = fault.file.split(/[\\/]/).pop() ?? fault.file;
  return `${file}:${fault.line}:${fault.column}: ${fault.what}`;
}

/** What is wrong with a form: at its fields, and what belongs to none of them. */
export interface Placed {
  fields: Record<string, string>;
  rest: string[];
}

/**
 * Puts the errors of a refused configuration at the fields of the form that made it. `added`: a table that the form would have
 * added: its own line is none of the file.
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

/** The key of the line that a fault stands in; else the field that its text names. */
export function fieldOf(fault: ConfigError, fields: readonly string[]): string | null {
  const before = fault.text.slice(0, Math.max(fault.column, fault.text.search(/=/) + 1));
  const keys = [...before.matchAll(/([\w-]+)\s*=/g)].map(([, key]) => key ?? "");
  const key = keys.reverse().find((key) => fields.includes(key));
  if (key !== undefined) return key;
  return fields.find((field) => fault.what.includes(`\`${field}\``)) ?? null;
}

function join(before: string | undefined, what: string): string {
  return before === undefined ? what : `${before}; ${what}`;
}
