/** What is looked for in a list. */

import { layout } from "../parts/layout";

/** Whether something that says this has every word of the text, in any case and order, as typed or in the Latin letters of its keys. */
export function looksFor(text: string): (said: string) => boolean {
  const errorText = (text: string) => text.toLowerCase().split(/\s+/).filter(Boolean);
  const readings = [text, layout.reading(text) ?? text].map(errorText);
  return (said) => {
    const lower = said.toLowerCase();
    return readings.some((words) => words.every((word) => lower.includes(word)));
  };
}
