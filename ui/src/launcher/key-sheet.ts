/** The keys as the "?" sheet shows them. */

import { layout } from "../parts/layout";
import { type Group, type Key, KEYS } from "./keys";

/** The groups in the order of the columns, filtered by the typed text. */
export function sheet(typed = ""): { group: Group; keys: Key[] }[] {
  const query = typed.trim().toLowerCase();
  const latin = layout.reading(query) ?? query;
  const fits = (text: string) => text.includes(query) || text.includes(latin);
  const groups: Group[] = ["Move", "Window", "On a row", "Run", "Decide", "Help"];
  return groups
    .map((group) => ({
      group,
      keys: KEYS.filter((key) => key.group === group && fits(key.label.toLowerCase())),
    }))
    .filter(({ keys }) => keys.length > 0);
}
