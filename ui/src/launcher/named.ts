/** Lines as people read them: alerts by their titles, not by their fingerprints. */

import type { Run } from "../api";

/** A line with its references replaced by `names`. For reading, not to be run. */
export function namedLine(line: string, names: Readonly<Record<string, string | undefined>>): string {
  // Whole words only: a word that merely begins like a reference is another one.
  return line
    .split(" ")
    .map((word) => (Object.hasOwn(names, word) ? (names[word] ?? word) : word))
    .join(" ");
}

/** Whether a title names a service, as a whole word: `Rapid error growth` does not name `api`. */
function namesService(title: string, service: string): boolean {
  if (service === "") return true;
  const parts = title.split(service);
  return parts.some(
    (after, at) => at > 0 && !/[\p{L}\p{N}]$/u.test(parts[at - 1] ?? "") && !/^[\p{L}\p{N}]/u.test(after),
  );
}

/** A run's line as people read it. */
export function lineOf({ line, args }: Pick<Run, "line" | "args">): string {
  const names: Record<string, string> = {};
  const items = [args.items, ...Object.values(args.more_items ?? {})].flatMap((each) => Object.values(each));
  for (const { key, title, detail } of items) {
    if (detail.kind !== "incident") continue;
    const reference = key.split("/").slice(2).join("/");
    names[reference] = namesService(title, detail.service) ? title : `${title} in ${detail.service}`;
  }
  return namedLine(line, names);
}
