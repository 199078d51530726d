import { expect, test } from "vitest";

import type { NotSeen } from "../../api";
import { inShort } from "../not-seen";

const NO_ROWS = new Set<string>();
const down = (account: string): NotSeen => ({ account, part: "", kind: "down", why: "503", since: null });
test.each<[notSeen: NotSeen[], old: string[], text: string, rest: string | null]>([
  [[down("hos")], ["hos"], "Not up to date: hos. It cannot be read. Why: 503.", null],
  [
    [down("hos"), down("never")],
    ["hos"],
    "Not up to date: hos. Not seen: never. What needs you there is not in this list.",
    "Why",
  ],
  [
    [down("a"), down("b")],
    ["a", "b"],
    "Not up to date: a and b. What is new there is not in this list.",
    "Why",
  ],
  [
    [down("a"), down("b"), down("c"), down("never")],
    ["a", "b", "c"],
    "Not up to date: a, b. Not seen: never. What needs you there is not in this list.",
    "and 1 more",
  ],
])("%o with rows of %o from before", (notSeen, old, text, rest) => {
  const short = inShort(notSeen, new Set(old));
  expect([`${short.text} ${short.more}`, short.rest]).toEqual([text, rest]);
});

const part = (name: string, why = "403"): NotSeen => ({
  account: "forge",
  part: name,
  kind: "part",
  why,
  since: null,
});

test.each<[notSeen: NotSeen[], text: string, rest: string | null]>([
  [[part("a")], "Not seen: a. Why: 403.", null],
  [[part("a", "x".repeat(200))], `Not seen: a. Why: ${"x".repeat(200)}.`, "Show all"],
  [[part(""), part("a")], "Not seen: forge and a. What needs you there is not in this list.", "Why"],
  [[part("a"), part("a", "404")], "Not seen: a. What needs you there is not in this list.", "Why"],
  [
    ["a", "b", "c", "d"].map((name) => part(name)),
    "Not seen: a, b. What needs you there is not in this list.",
    "and 2 more",
  ],
])("%o", (notSeen, text, rest) => {
  const short = inShort(notSeen, NO_ROWS);
  expect([`${short.text} ${short.more}`, short.rest]).toEqual([text, rest]);
});
