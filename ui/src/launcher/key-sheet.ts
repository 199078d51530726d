/** The keys as the "?" sheet shows them. */

import { layout } from "../parts/layout";
import { type Group, type Key, KEYS } from "./keys";

/** The sheet: the groups in the order of its columns, narrowed to what was typed. */
export function sheet(typed = ""): { group: Group; keys: Key[] }[] {
  const wanted = typed.trim().toLowerCase();
  const latin = layout.reading(wanted) ?? wanted;
  const fits = (text: string) => text.includes(wanted) || text.includes(latin);
  const groups: Group[] = ["Move", "Window", "On a row", "Run", "Decide", "Help"];
  return groups
    .map((group) => ({
      group,
      keys: KEYS.filter((key) => key.group === group && fits(key.words.toLowerCase())),
    }))
    .filter(({ keys }) => keys.length > 0);
}
