import { describe, expect, test } from "vitest";

import type { Build, BuildRun, BuildStatus, Incident, TurnKind } from "../../api";
import { BUILD, detail, INCIDENT, PULL_REQUEST } from "../../fake/items";
import { row } from "../../fake/team";
import { buttonFor, buttonsOf } from "../action-buttons";
import { buildFacts, folded, holdersOf, incidentSummary, listed, reviewers, sizeText } from "../facts";

const build = (...statuses: BuildStatus[]): Build => ({
  ...BUILD,
  runs: statuses.map((status, at) => ({ ...(BUILD.runs[0] as Build["runs"][0]), status, number: 100 - at })),
});

test.each<
  [runs: Build, summary: string, cause: number | undefined, causeIs: string, green: number | undefined]
>([
  [build("failed", "passed", "passed"), "Failed in unit tests after 2 green", 100, "Likely cause", 99],
  [build("failed", "failed", "passed"), "Failed in unit tests, 2 times in a row", 99, "Likely cause", 98],
  [
    build("running", "failed", "passed"),
    "Failed in unit tests after 1 green, running again",
    99,
    "Likely cause",
    98,
  ],
  [build("failed"), "Failed in unit tests", 100, "Likely cause", undefined],
  [build("passed", "failed"), "Passed", 100, "Commit", 100],
  [build("running", "passed"), "Running", 100, "Commit", 99],
  [build("unknown", "passed"), "Ended, result unknown", 100, "Commit", 99],
  [
    build("unknown", "failed"),
    "Failed in unit tests, the next one ended, result unknown",
    99,
    "Likely cause",
    undefined,
  ],
  [
    build("canceled", "failed"),
    "Failed in unit tests, the next one was canceled",
    99,
    "Likely cause",
    undefined,
  ],
  [build(), "Not known", undefined, "Commit", undefined],
])("a build %#: %s", (runs, summary, cause, causeIs, green) => {
  const facts = buildFacts(runs);
  expect([facts.summary, facts.cause?.number, facts.causeIs, facts.lastGreen?.number]).toEqual([
    summary,
    cause,
    causeIs,
    green,
  ]);
});

test.each<[change: Partial<BuildRun>, green: string | null, causeIs: string]>([
  [{ author: "ana", commit: "a1" }, "a1", "Likely cause"],
  [{ author: "ana", commit: null }, null, "Likely cause"],
  [{ author: null, commit: "a2" }, "a1", "Likely cause"],
  // Who pressed "build" changed nothing.
  [{ author: null, started_by: "ana", commit: null }, "a1", "Commit"],
  [{ author: null, started_by: "ana", commit: "a1" }, "a1", "Commit"],
  [{ author: null, started_by: "ana", commit: "a1" }, null, "Commit"],
])("what turned a build red %#", (change, green, causeIs) => {
  const [red, before] = build("failed", "passed").runs as [BuildRun, BuildRun];
  const runs = [
    { ...red, ...change },
    { ...before, commit: green },
  ];
  expect(buildFacts({ ...BUILD, runs }).causeIs).toBe(causeIs);
});

test.each([
  [{ added: 120, removed: 4, files: 3 }, "+120 −4 in 3 files"],
  [{ added: 1, removed: 0, files: 1 }, "+1 −0 in 1 file"],
])("a size %#", (size, text) => {
  expect(sizeText({ ...size, commit: "c", at: "2026-01-01T00:00:00Z" })).toBe(text);
});

test.each([
  ["short", "Why\n\nBecause", null],
  ["six lines", "1\n2\n3\n4\n5\n6", null],
  ["seven lines", "1\n2\n3\n4\n5\n6\n7", "1\n2\n3\n4\n5\n6…"],
  ["a long line", "x".repeat(60_000), `${"x".repeat(400)}…`],
  ["families are not cut in two", "👨‍👩‍👧".repeat(401), `${"👨‍👩‍👧".repeat(400)}…`],
])("a description is folded where it is long: %s", (_, text, start) => {
  expect(folded(text)).toBe(start);
});

test("each reviewer is listed once, with the verdict that counts", () => {
  const at = "2026-01-01T00:00:00Z";
  const listed = reviewers({
    ...PULL_REQUEST,
    requested: ["bo", "team/release"],
    reviews: [
      { by: "ana", at, verdict: "commented" },
      { by: "ana", at, verdict: "approved" },
      { by: "bo", at, verdict: "changes_requested" },
    ],
  });
  expect(listed.map(({ name, status }) => `${name} ${status}`)).toEqual([
    "ana approved",
    "bo asked again",
    "team/release asked",
  ]);
});

function acknowledged(by: string[]): Partial<Incident> {
  return {
    status: "acknowledged",
    hold: { at: "2026-01-01T12:00:00Z", by: by.map((name) => ({ id: name, name })), until: null },
  };
}

test.each([
  [{}, "nobody"],
  [acknowledged(["bo"]), "bo"],
  [acknowledged(["bo", "cy", "di"]), "bo, cy and 1 more"],
  [acknowledged([]), "acknowledged by someone"],
  [{ status: "acknowledged" as const }, "acknowledged by someone"],
  [{ ...acknowledged(["bo"]), status: "triggered" as const }, "nobody"],
  [
    { assigned: { at: "2026-01-01T12:00:00Z", to: [{ id: "U1", name: "bo" }], by: null } },
    "nobody yet, assigned to bo",
  ],
  [{ status: "resolved" as const }, ""],
])("an incident with %o is in the hands of %s", (more: Partial<Incident>, holders) => {
  expect(holdersOf({ ...INCIDENT, ...more })).toBe(holders);
});

test.each([
  ["triggered" as const, "billing, high urgency, open 14 m"],
  ["resolved" as const, "billing, high urgency, resolved"],
])("the line of an incident that is %s", (status, text) => {
  const incident = { ...INCIDENT, status, started_at: "2026-01-01T12:00:00Z" };
  expect(incidentSummary(incident, Date.parse("2026-01-01T12:14:00Z"))).toBe(text);
});

test.each<[what: string, more: Partial<Incident>, text: string]>([
  ["began", { started_at: "2026-01-01T09:00:00Z" }, "open 3 h"],
  ["just began", { started_at: "2026-01-01T12:00:00Z" }, "just opened"],
  ["was first seen", { started_at: "2026-01-01T09:00:00Z", start_unknown: true }, "first seen 3 h ago"],
  ["was just seen", { started_at: "2026-01-01T12:00:00Z", start_unknown: true }, "first seen just now"],
  ["has no known time", { started_at: "1970-01-01T00:00:00Z", start_unknown: true }, "open"],
])("the age of an incident that %s", (_, more, text) => {
  const now = Date.parse("2026-01-01T12:00:10Z");
  expect(incidentSummary({ ...INCIDENT, ...more }, now)).toBe(`billing, high urgency, ${text}`);
});

test("missing fields of an incident are not invented", () => {
  const incident = { ...INCIDENT, severity: "unknown" as const, started_at: "1970-01-01T00:00:00Z" };
  expect(incidentSummary(incident, Date.parse("2026-01-01T12:14:00Z"))).toBe(
    "billing, severity unknown, open",
  );
});

test.each([
  [["a"], "a"],
  [["a", "b"], "a and b"],
  [["a", "b", "c", "d"], "a, b and 2 more"],
  // From right to left: the number stays at the end.
  [["a", "דנה", "c", "d"], "a, \u2068דנה\u2069 and 2 more"],
])("%o is listed as %s", (names, text) => {
  expect(listed(names)).toBe(text);
});

describe("the buttons of an item", () => {
  const mine = (kind: TurnKind) => ({ turn: { mine: true, who: [], kind, what: kind } });
  test.each<[what: string, key: string, turn: object, first: string, rest: string[]]>([
    ["build", "ci/build/acme/web/ci@main", {}, "Run it again", ["Stop", "Whole log", "Open in browser"]],
    ["incident", "alerts/incident/a", {}, "Acknowledge", ["Add note…", "Resolve", "Open in browser"]],
    [
      "review",
      "forge/pull_request/acme/web#482",
      mine("review"),
      "Review in browser",
      ["Approve", "Comment…", "Merge"],
    ],
    [
      "merge",
      "forge/pull_request/acme/web#482",
      mine("merge"),
      "Merge",
      ["Approve", "Comment…", "Open in browser"],
    ],
    ["others", "forge/pull_request/acme/web#482", {}, "Comment…", ["Approve", "Merge", "Open in browser"]],
  ])("with a %s", (_, key, turn, first, rest) => {
    const buttons = buttonsOf(row(key, "attention", "a", turn), detail(key));
    expect(buttons.map(({ title }) => title).slice(0, 4)).toEqual([first, ...rest]);
    expect(new Set(buttons.map(({ id }) => id)).size).toBe(buttons.length);
  });

  test("Enter never snoozes an item without other actions", () => {
    const key = "alerts/incident/a";
    const none = { ...detail(key), actions: [], item: { ...detail(key).item, url: null } };
    const buttons = buttonsOf({ ...row(key, "incident", "a"), url: null }, none);
    expect(buttons.map(({ does }) => does)).toEqual(["page", "snooze", "send", "why"]);
    const paged = buttonsOf({ ...row(key, "incident", "a"), url: null }, none, true);
    expect(buttonFor(paged, "go")).toBeUndefined();
  });

  test("Enter and Shift+Enter never approve", () => {
    const key = "forge/pull_request/acme/web#482";
    for (const turn of ["review", "merge", "checks"] as const) {
      const buttons = buttonsOf(row(key, "attention", "a", mine(turn)), detail(key));
      for (const act of ["go", "second"] as const)
        expect(buttonFor(buttons, act)?.title ?? "").not.toBe("Approve");
      expect(buttonFor(buttons, "approve")?.title).toBe("Approve");
    }
  });

  test("are shown in part before the item is loaded", () => {
    const buttons = buttonsOf(row("ci/build/a", "failing", "a"), null);
    expect(buttons[0]?.keys).toBe("Enter");
    expect(buttons.map(({ does }) => does)).toEqual(["log", "open", "snooze", "send", "copy", "why"]);
  });
});
