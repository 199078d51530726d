/** Texts for people. */

import { expect, test } from "vitest";

import { counted, isolated, isolatedSentence } from "../words";

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

test.each<[sentence: string, within: string]>([
  ["Disk full triggered", "Disk full triggered"],
  ["הדיסק מלא triggered", "\u2066הדיסק מלא triggered\u2069"],
])("the sentence %j goes from left to right", (sentence, within) => {
  expect(isolatedSentence(sentence)).toBe(within);
});

test.each([
  [0, "0 lines"],
  [1, "1 line"],
  [2, "2 lines"],
  [1_200, "1,200 lines"],
])("%i: %s", (count, text) => {
  expect(counted(count, "line")).toBe(text);
});
