/** Texts for people. */

import { expect, test } from "vitest";

import { isolated } from "../words";

test.each<[name: string, isIsolated: boolean]>([
  ["", false],
  ["ana", false],
  ["acme/web#12", false],
  ["Zoë 王 👩‍👩‍👧", false],
  ["דנה", true],
  ["نورا", true],
  ["team نورا 2", true],
])("%j within a sentence is isolated: %s", (name, isIsolated) => {
  expect(isolated(name)).toBe(isIsolated ? `\u2068${name}\u2069` : name);
});
