/** Searching a list. */

import { layout } from "../parts/layout";

/** Tests whether a candidate has every word of the text, in any case and order, or of the Latin letters of its keys. */
export function looksFor(text: string): (candidate: string) => boolean {
  const errorText = (text: string) => text.toLowerCase().split(/\s+/).filter(Boolean);
  const readings = [text, layout.reading(text) ?? text].map(errorText);
  return (candidate) => {
    const lower = candidate.toLowerCase();
    return readings.some((words) => words.every((word) => lower.includes(word)));
  };
}
