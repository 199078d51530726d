/** Words that come as a clause, made into what is read. */

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A reason or a help text as a sentence. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  return trimmed === "" ? "" : capital(trimmed) + (/[.?]$/.test(trimmed) ? "" : ".");
}
