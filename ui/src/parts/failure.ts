/** What a promise was rejected with, as a failure with a text for a person. */

import type { ConfigError } from "../api";
import type { Failure } from "../desktop";

/** Anything that was thrown, as a failure. Faults of a file are a line each, quoting nothing. */
export function failureOf(error: unknown): Failure {
  if (isFailure(error)) {
    const { error: why } = error;
    return why.kind === "config" ? { ...error, message: why.errors.map(located).join("; ") } : error;
  }
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
