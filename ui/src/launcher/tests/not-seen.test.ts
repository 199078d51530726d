import { expect, test } from "vitest";

import type { NotSeen } from "../../api";
import { inShort } from "../not-seen";

const part = (name: string, why = "403"): NotSeen => ({
  account: "forge",
  part: name,
  kind: "part",
  why,
  since: null,
});

test.each<[notSeen: NotSeen[], text: string, rest: string | null]>([
  [[part("a")], "Not seen: a. It is not seen. 403.", null],
  [[part("a", "x".repeat(200))], `Not seen: a. It is not seen. X${"x".repeat(199)}.`, "All of it"],
  [[part(""), part("a")], "Not seen: forge and a. What needs you there is not in this list.", "Why"],
  [[part("a"), part("a", "404")], "Not seen: a. What needs you there is not in this list.", "Why"],
  [
    ["a", "b", "c", "d"].map((name) => part(name)),
    "Not seen: a, b. What needs you there is not in this list.",
    "and 2 more",
  ],
])("%o", (notSeen, text, rest) => {
  const short = inShort(notSeen);
  expect([`${short.text} ${short.more}`, short.rest]).toEqual([text, rest]);
});
