/** Quiet hours: parsing and formatting times of day. */

import type { JsonValue } from "../../api";

/** "22:00:00" as people write it. */
export const hours = (time: string) => time.slice(0, 5);

/** A typed time of day in the file's format; null if it is none. "7" and "7:30" are accepted. */
export function timeOf(text: string): string | null {
  const found = /^(\d{1,2})(?:[:.](\d{2}))?$/.exec(text.trim());
  if (!found) return null;
  const [hour, minute] = [Number(found[1]), Number(found[2] ?? "0")];
  if (hour > 23 || minute > 59) return null;
  return `${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}`;
}

/** The configured quiet hours; null if there are none. */
export function quietHours(value: JsonValue | undefined): { from: string; to: string } | null {
  if (!Array.isArray(value) || value.length !== 2) return null;
  const [from, to] = value;
  return typeof from === "string" && typeof to === "string" ? { from: hours(from), to: hours(to) } : null;
}
