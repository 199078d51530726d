/** Lines as people read them: alerts go by what they are called, not by their fingerprints. */

import type { Run } from "../api";

/** A line with the names of what it means, by reference, in place of the references. For reading, not to be run. */
export function namedLine(line: string, names: Readonly<Record<string, string | undefined>>): string {
  // Word by word: what only begins like a reference is another.
  return line
    .split(" ")
    .map((word) => (Object.hasOwn(names, word) ? (names[word] ?? word) : word))
    .join(" ");
}

/** A run's line as people read it. */
export function lineOf({ line, args }: Pick<Run, "line" | "args">): string {
  const names: Record<string, string> = {};
  for (const { key, title, detail } of Object.values(args.items)) {
    if (detail.kind !== "incident") continue;
    const reference = key.split("/").slice(2).join("/");
    names[reference] = detail.service === "" ? title : `${title} in ${detail.service}`;
  }
  return namedLine(line, names);
}
