import { expect, test } from "vitest";

import type { Changed, Plan } from "../../api";
import { prepare } from "../../fake/commands";
import { changesText } from "../changes";

const shown = prepare({ line: "deploy api staging", channel: null, private: false });
const [first, second, third] = shown.steps.map((step) => ({ ...step }));
const steps = (...steps: (typeof first)[]) => ({ steps: steps.flatMap((step) => step ?? []) });
const other = { what: "Another", exactly: "" };

test.each<[changed: Changed[], now: Partial<Plan>, text: string]>([
  [["steps"], steps(other, second, third), "step 1 changed"],
  [["steps"], steps(first, other, other), "steps 2 and 3 changed"],
  [["steps"], steps(other, second, { what: third?.what ?? "", exactly: "X" }), "steps 1 and 3 changed"],
  [["steps"], steps(first, second, third, other), "step 4 (new) changed"],
  [["steps"], steps(first), "steps 2 and 3 (left out) changed"],
  [["steps"], steps(other), "step 1 and steps 2 and 3 (left out) changed"],
  // It has changed back, and is reported all the same.
  [["steps"], {}, "what is sent changed"],
  [["arguments"], {}, "what its arguments mean changed"],
  [["command", "files", "item"], {}, "the command itself, a file that it runs and what it is about changed"],
  [["account"], { acts_as: "bo" }, "who it runs as (now bo, on ci; before kim, on ci) changed"],
  [["account"], {}, "the account changed"],
  [["channel"], { post: "chat:#other" }, "where it posts (now #other, before #deploys) changed"],
  [["channel"], { post: null }, "where it posts (now nowhere, before #deploys) changed"],
  [["time"], steps(first, other, third), "the time that it is for and step 2 changed"],
  // Of a later version: an unknown change is not hidden.
  [[], {}, "something in it changed"],
])("%o, %o: %s", (changed, now, text) => {
  expect(changesText(changed, shown, { ...shown, ...now })).toBe(
    `Not run, and nothing was sent: since it was shown, ${text}. Look at it again`,
  );
});
