/** What effects depend on. */

import { readdirSync, readFileSync } from "node:fs";

import { expect, test } from "vitest";

/** Properties that are read for nothing, which the build leaves out with what depends on them. */
const readForNothing = (source: string) => source.match(/\bvoid [\w.?$[\], ]+;/g) ?? [];

test.each<[source: string, found: number]>([
  ["void settings.changes;", 1],
  ["void last?.id;", 1],
  ["void [form.active, form.marked];", 1],
  ["void read();", 0],
  ["return void this.read(last);", 0],
  ["type Ends = () => void;", 0],
])("%j reads %i for nothing", (source, found) => {
  expect(readForNothing(source)).toHaveLength(found);
});

test("no effect depends on what is read for nothing", () => {
  const files = readdirSync("src", { encoding: "utf8", recursive: true });
  const sources = files.filter((file) => /\.(svelte|ts)$/.test(file) && !file.endsWith(".test.ts"));
  expect(sources.length).toBeGreaterThan(100);
  const found = sources.flatMap((file) =>
    readForNothing(readFileSync(`src/${file}`, "utf8")).map((read) => `${file}: ${read}`),
  );
  expect(found).toEqual([]);
});
