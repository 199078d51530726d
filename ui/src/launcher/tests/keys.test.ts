import { describe, expect, test } from "vitest";

import { type Act, actOf, KEYS, keysOf, sheet } from "../keys";

const FREE = { typing: false, empty: false };
const EMPTY = { typing: true, empty: true };
const TEXT = { typing: true, empty: false };

describe("a press is", () => {
  test.each<[pressed: string, where: typeof FREE, act: Act | null]>([
    ["j", FREE, "down"],
    ["j", EMPTY, null],
    ["k", TEXT, null],
    ["ArrowDown", TEXT, "down"],
    ["?", FREE, "keys"],
    ["?", EMPTY, "keys"],
    ["?", TEXT, null],
    ["Ctrl+K", TEXT, "actions"],
    ["Ctrl+/", EMPTY, "why"],
    ["Ctrl+Shift+/", EMPTY, "why"],
    ["Ctrl+Enter", TEXT, "approve"],
    ["Shift+Enter", TEXT, "second"],
    ["PageDown", TEXT, "page-down"],
    ["PageUp", FREE, "page-up"],
    ["Home", TEXT, null],
    ["Home", EMPTY, "first"],
    ["End", TEXT, null],
    ["End", FREE, "last"],
    ["Ctrl+End", TEXT, "last"],
    ["Ctrl+A", TEXT, null],
    ["Ctrl+Z", TEXT, null],
    ["Shift+ArrowUp", TEXT, null],
    ["x", FREE, null],
  ])("%s %o: %s", (pressed, where, act) => {
    expect(actOf(pressed, where, false)).toBe(act);
  });

  test("another one on a Mac if the system reserves the usual one", () => {
    expect(actOf("Ctrl+Shift+M", FREE, true)).toBe("comment");
    expect(actOf("Ctrl+M", FREE, true)).toBeNull();
    expect(keysOf("comment", true)).toBe("Ctrl+Shift+M");
  });
});

test("no key does two things in one place", () => {
  const places = [FREE, EMPTY, TEXT];
  for (const place of places) {
    const active = KEYS.filter(
      ({ when }) => when === undefined || !place.typing || (when === "empty" && place.empty),
    );
    const all = active.flatMap(({ keys }) => keys);
    expect(all.filter((key, at) => all.indexOf(key) !== at)).toEqual([]);
  }
});

test("text keys belong to the field", () => {
  const all = KEYS.flatMap(({ keys }) => keys);
  for (const letter of "ACVXZY") expect(all).not.toContain(`Ctrl+${letter}`);
});

test("the sheet is filtered by the typed text", () => {
  expect(sheet().map(({ group }) => group)).toEqual(["Move", "Window", "On a row", "Run", "Decide", "Help"]);
  expect(sheet("snooze").flatMap(({ keys }) => keys.map(({ act }) => act))).toEqual(["snooze"]);
  expect(sheet("nothing like it")).toEqual([]);
});
