/** Texts for people. */

import { expect, test } from "vitest";

import { counted, isolated, isolatedSentence, reason, sentence } from "../words";

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

test("a text becomes a sentence", () => {
  expect(["a token", "Which?", ""].map(sentence)).toEqual(["A token.", "Which?", ""]);
  // A name keeps its first letter.
  expect(["acme/web#1 was not merged", ""].map(reason)).toEqual(["Why: acme/web#1 was not merged.", ""]);
});

test("a key in a text is shown in quotation marks", () => {
  expect(sentence("with `http://`, say `allow_http`")).toBe('With "http://", say "allow_http".');
  expect(sentence('all of these, such as `team="web"`')).toBe(`All of these, such as 'team="web"'.`);
});
