import { describe, expect, test } from "vitest";

import type { Row, State } from "../../api";
import { row, run } from "../../fake/team";
import { channelName } from "../../parts/channel";
import { type Entry, glyphOf, glyphOfRun, lookOf, type Mark } from "../look";

describe("a state's glyph", () => {
  test.each<[key: string, state: State, held: boolean, mark: Mark | undefined, icon: string, tone: string]>([
    ["ci/build/a", "failing", false, undefined, "st_fail", "failing"],
    ["ci/build/a", "failing", true, undefined, "st_failh", "quiet"],
    ["p/incident/a", "incident", false, undefined, "st_inc", "failing"],
    ["p/incident/a", "incident", true, undefined, "st_inch", "quiet"],
    ["f/pull_request/a", "attention", false, undefined, "st_pr", "running"],
    ["f/pull_request/a", "attention", true, undefined, "pr", "quiet"],
    ["f/pull_request/a", "quiet", false, undefined, "pr", "quiet"],
    ["x/other/a", "attention", false, undefined, "st_att", "attention"],
    ["x/other/a", "attention", true, undefined, "st_atth", "quiet"],
    ["ci/build/a", "running", false, undefined, "st_run", "running"],
    ["ci/build/a", "passing", false, undefined, "st_pass", "passing"],
    ["ci/build/a", "quiet", false, undefined, "st_unk", "quiet"],
    ["ci/build/a", "failing", false, "done", "st_pass", "passing"],
    ["ci/build/a", "failing", false, "snoozed", "st_snooze", "quiet"],
    ["ci/build/a", "failing", false, "undone", "undo", "attention"],
    ["ci/build/a", "failing", false, "doubtful", "st_unk", "attention"],
  ])("%s %s held=%s mark=%s: %s %s", (key, state, held, mark, icon, tone) => {
    const glyph = glyphOf({ key, state, held, snoozed: null }, mark);
    expect([glyph.icon, glyph.tone]).toEqual([icon, tone]);
    expect(glyph.means).not.toBe("");
  });

  test("a hollow glyph is always grey", () => {
    for (const state of ["failing", "incident", "attention"] as const) {
      for (const key of ["ci/build/a", "f/pull_request/a"]) {
        expect(glyphOf({ key, state, held: true, snoozed: null }).tone).toBe("quiet");
      }
    }
  });
});

test.each<[state: Parameters<typeof run>[2], icon: string]>([
  [{ state: { state: "running" } }, "st_run"],
  [{ state: { state: "failed", error: { error: "rejected", why: "no" } } }, "st_fail"],
  [{ state: { state: "canceled", sent: false } }, "stop"],
  [{ state: { state: "pending", until: "2026-11-22T12:00:05Z" } }, "st_run"],
  [{ state: { state: "unknown", why: "it stopped" } }, "st_unk"],
  [{}, "st_pass"],
])("a run %o is %s", (state, icon) => {
  expect(glyphOfRun(run("1", "deploy", state)).icon).toBe(icon);
});

test("a pull request's approvals and checks are fields, not text", () => {
  const look = (more: Partial<Row>) => {
    const it = row("f/pull_request/acme/web#479", "attention", "Cache it", {
      second: "acme/web#479",
      ...more,
    });
    const { approvals, checks, second } = lookOf({ kind: "row", key: it.key, row: it }, 0);
    return [approvals, checks, second];
  };
  expect(look({})).toEqual([null, null, ""]);
  expect(look({ approvals: 0, checks: "none" })).toEqual([null, null, ""]);
  expect(look({ approvals: 1, checks: "passed" })).toEqual([1, "passed", ""]);
  expect(look({ approvals: 12, checks: "pending" })).toEqual([12, "running", ""]);
  expect(look({ checks: "failed" })).toEqual([null, "failed", ""]);
});

test("a row of an account that cannot be read shows its age", () => {
  const it = row("f/build/a", "failing", "a", { as_of: "2026-01-01T11:58:00Z" });
  const now = Date.parse(it.as_of ?? "") + 60_000;
  const asOf = (mark?: Mark, at = now) => lookOf({ kind: "row", key: it.key, row: it, mark }, at).when;
  expect(asOf()).toMatch(/^as of \d\d:58$/);
  // A time without a date would mean today.
  expect(asOf(undefined, now + 3 * 86_400_000)).toMatch(/^as of [A-Z][a-z]{2} \d\d:58$/);
  expect(asOf(undefined, now + 30 * 86_400_000)).toMatch(/^as of [A-Z][a-z]{2} \d+ \d\d:58$/);
  expect(asOf("done")).toBe("");
});

test("an ended row shows how it ended", () => {
  const it = row("f/build/a", "failing", "a");
  expect(lookOf({ kind: "row", key: it.key, row: it, mark: "done", ended: "passed" }, 0).turn?.text).toBe(
    "passed",
  );
});

test("an ended build no longer shows its earlier state", () => {
  const it = row("f/build/a", "running", "a", { second: "running" });
  const second = (mark?: Mark) => lookOf({ kind: "row", key: it.key, row: it, mark }, 0).second;
  expect(second()).toBe("running");
  expect(second("done")).toBe("");
});

test("a snoozed row shows until when", () => {
  const it = row("f/build/a", "quiet", "a", { snoozed: "until_change" });
  const look = lookOf({ kind: "row", key: it.key, row: it }, 0);
  expect([look.glyph.icon, look.turn?.text]).toEqual(["st_snooze", "until it changes"]);
  const principal = { kind: "person" as const, id: "ana" };
  const by = { ...it, snoozed_by: { principal, via: { kind: "launcher" as const } } };
  expect(lookOf({ kind: "row", key: it.key, row: by }, 0).turn?.text).toBe("until it changes, by ana");
});

describe("a row's texts", () => {
  const look = (row: Row, mark?: Mark) =>
    lookOf({ kind: "row", key: row.key, row, mark }, Date.parse("2026-01-01T12:10:00Z"));
  const since = "2026-01-01T12:02:00Z";
  const textsOf = (row: Row, mark?: Mark) => {
    const { lead, title, turn, age } = look(row, mark);
    return [
      lead,
      title.map(({ text }) => text).join(""),
      turn?.text ?? "",
      turn?.tone ?? "",
      turn?.avatar ?? "",
      age,
    ];
  };

  test.each<[what: string, row: Row, mark: Mark | undefined, texts: string[]]>([
    [
      "build",
      row("ci/build/a", "failing", "web main", { since }),
      undefined,
      ["web", "main", "", "", "", "8 m"],
    ],
    [
      "one word",
      row("ci/build/a", "failing", "nightly", { since }),
      undefined,
      ["", "nightly", "", "", "", "8 m"],
    ],
    [
      "pull request",
      row("f/pull_request/acme/web#482", "attention", "Cache it", {
        since,
        turn: { mine: true, who: [], kind: "merge", what: "merge it" },
      }),
      undefined,
      ["web 482", "Cache it", "merge it", "mine", "", "8 m"],
    ],
    [
      "incident that nobody has",
      row("p/incident/a", "incident", "Slow", {
        since,
        turn: { mine: false, who: [], kind: "respond", what: "nobody yet" },
      }),
      undefined,
      ["", "Slow", "nobody yet", "failing", "", "8 m"],
    ],
    [
      "incident that bo has",
      row("p/incident/a", "incident", "Slow", {
        since,
        held: true,
        turn: { mine: false, who: ["bo"], kind: "respond", what: "bo is on it" },
      }),
      undefined,
      ["", "Slow", "bo is on it", "plain", "bo", "8 m"],
    ],
    [
      "rolled back",
      row("p/incident/a", "incident", "Slow", { since }),
      "undone",
      ["", "Slow", "not accepted", "attention", "", "8 m"],
    ],
    [
      "in doubt",
      row("p/incident/a", "incident", "Slow", { since }),
      "doubtful",
      ["", "Slow", "may have happened", "attention", "", "8 m"],
    ],
  ])("%s", (_, row, mark, texts) => {
    expect(textsOf(row, mark)).toEqual(texts);
  });

  test("marked letters stay marked beside the lighter part", () => {
    const title = [
      { text: "web ma", hit: false },
      { text: "in", hit: true },
    ];
    const entry: Entry = {
      kind: "row",
      key: "ci/build/a",
      row: row("ci/build/a", "failing", "web main"),
      title,
    };
    expect(lookOf(entry, 0)).toMatchObject({
      lead: "web",
      title: [{ text: "ma" }, { text: "in", hit: true }],
    });
  });
});

test.each([
  ["chat:#deploys", "deploys"],
  ["room:general", "general"],
  ["deploys", "deploys"],
])("the channel %s is %s", (address, name) => {
  expect(channelName(address)).toBe(name);
});
