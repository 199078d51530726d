/** Formats clauses and lengths of time as text for people. */

export function capital(text: string): string {
  // A command keeps its capitalization.
  if (text.startsWith("callboard ")) return text;
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Replaces the backquotes around values and keys with quotation marks, single ones around text that has double ones. */
export const quoted = (text: string) =>
  text.replace(/`([^`]*)`/g, (_, value: string) => (value.includes('"') ? `'${value}'` : `"${value}"`));

function closed(text: string): string {
  const trimmed = quoted(text.trim());
  return trimmed === "" || /[.?]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}

/** A help text or a problem as a sentence. */
export const sentence = (text: string) => capital(closed(text));

/** Letters of the scripts that are written from right to left. */
const FROM_RIGHT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;

/** A name within a sentence: one from right to left is isolated, else it would take a number beside it along. */
export const isolated = (text: string) => (FROM_RIGHT.test(text) ? `\u2068${text}\u2069` : text);

/** A sentence of the engine within another: it goes from left to right, whatever name it begins with. */
export const isolatedSentence = (text: string) => isolated(text).replace("\u2068", "\u2066");

/** The reason a service or a program gave. It may begin with a name, so its first letter stays as it is. */
export const reason = (text: string) => (text.trim() === "" ? "" : `Why: ${closed(text)}`);

/** "1 line", "2 lines", "1,200 lines". */
export const counted = (count: number, thing: string) =>
  `${count.toLocaleString("en")} ${thing}${count === 1 ? "" : "s"}`;

/** A length of time as text: "1 minute", "20 minutes", "6 hours", "90 seconds". */
export function limitText(seconds: number): string {
  if (seconds >= 3_600 && seconds % 3_600 === 0) return counted(seconds / 3_600, "hour");
  if (seconds >= 60 && seconds % 60 === 0) return counted(seconds / 60, "minute");
  return counted(seconds, "second");
}
