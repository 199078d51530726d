import { expect, test } from "vitest";

import { choices, untilText } from "../until";

const NOON = new Date(2026, 0, 31, 12, 6);

test.each([
  ["30 minutes", NOON, new Date(2026, 0, 31, 12, 36)],
  ["30 minutes", new Date(2026, 0, 1, 23, 50), new Date(2026, 0, 2, 0, 20)],
  ["1 hour", NOON, new Date(2026, 0, 31, 13, 6)],
  ["This evening, 18:00", NOON, new Date(2026, 0, 31, 18)],
  ["Tomorrow, 8:00", NOON, new Date(2026, 1, 1, 8)],
  ["I turn it off", NOON, new Date(2126, 0, 31, 12, 6)],
  // The night in which clocks go forward: 8:00 stays 8:00.
  ["Tomorrow, 8:00", new Date(2026, 2, 28, 20), new Date(2026, 2, 29, 8)],
])("%s from %s is %s", (title, now, until) => {
  const choice = choices(now).find((choice) => choice.title === title);
  expect(choice?.at(now)).toEqual(until);
});

test.each([
  [new Date(2026, 0, 1, 17, 59), true],
  [new Date(2026, 0, 1, 18, 0), false],
])("the evening is offered at %s: %s", (now, offered) => {
  expect(choices(now).map(({ title }) => title)).toEqual([
    "30 minutes",
    "1 hour",
    ...(offered ? ["This evening, 18:00"] : []),
    "Tomorrow, 8:00",
    "I turn it off",
  ]);
});

test.each([
  [new Date(2026, 0, 31, 18), "until 18:00"],
  [new Date(2026, 1, 2, 8), "until Mon 08:00"],
  // The weekday alone would be ambiguous.
  [new Date(2026, 1, 9, 8), "until Feb 9 08:00"],
  [new Date(2027, 0, 4, 8), "until Jan 4, 2027 08:00"],
  [new Date(2126, 0, 31, 12), "until you turn it off"],
])("%s is %s", (end, text) => expect(untilText(end.toISOString(), NOON)).toBe(text));
