/** Approvals: the texts of their rows and their detail, which never invent an unknown fact. */

import { screen } from "@testing-library/svelte";
import { describe, expect, test, vi } from "vitest";

import type { Approval, Row } from "../../api";
import { APPROVAL, detail } from "../../fake/items";
import { board, row, section, sections } from "../../fake/team";
import { buttonFor, buttonsOf } from "../action-buttons";
import { approversText, endText, progressText, shipText, timeLeft } from "../approval-facts";
import { endedOf, merge } from "../board";
import { lookOf } from "../look";
import { open, press } from "./stage";

const KEY = "forge/approval/acme/web/218/production";
const NOW = Date.parse("2026-01-01T12:00:00Z");
const at = (minutes: number) => new Date(NOW + minutes * 60_000).toISOString();
const until = (minutes: number) => ({ at: at(0), value: at(minutes) });

const waiting = (more: Partial<Row> = {}): Row =>
  row(KEY, "attention", "Deploy api to production", {
    second: "ana asks, 1 of 2 given",
    turn: { mine: true, who: [], kind: "approve", what: "your answer" },
    ...more,
  });

test.each<[what: string, more: Partial<Approval>, label: string | null, part: number | null, spoken: string]>(
  [
    ["half of it", { asked_at: at(-10), expires_at: until(10) }, "10:00 left", 0.5, ""],
    ["of unknown length", { asked_at: undefined, expires_at: until(10) }, "10:00 left", null, ""],
    ["soon", { asked_at: at(-1), expires_at: until(1) }, "1:00 left", 0.5, "Less than 2 minutes left"],
    ["no end", { expires_at: undefined }, null, null, ""],
    ["over", { state: "approved", expires_at: until(10) }, null, null, ""],
  ],
)("the time that is left: %s", (_, more, label, part, spoken) => {
  const left = timeLeft({ ...APPROVAL, ...more }, NOW);
  expect([left?.text ?? null, left?.part ?? null, left?.spoken ?? ""]).toEqual([label, part, spoken]);
});

test("an expired deadline does not end an approval", () => {
  const left = timeLeft({ ...APPROVAL, expires_at: until(-1) }, NOW);
  expect(left?.text).toMatch(/^Expired at \d\d:\d\d, but the service has not closed it$/);
  expect(left?.part).toBe(0);
});

describe("an unknown fact is shown as unknown", () => {
  const yes = { by: { id: "bo", name: "bo" }, at: at(0), decision: "approved" as const };
  const no = { ...yes, by: { id: "cy", name: "cy" }, decision: "denied" as const };
  const needs = (value: number) => ({ at: at(0), value });
  test.each<[more: Partial<Approval>, text: string]>([
    [{ needed: undefined, answers: undefined }, "Who answered is not known"],
    [{ needed: needs(2), answers: undefined }, "2 have to say yes"],
    [{ needed: needs(1), answers: [] }, "Nobody has answered"],
    [{ needed: needs(2), answers: [] }, "0 of 2 said yes"],
    [{ needed: needs(2), answers: [yes, no] }, "1 of 2 said yes"],
    [{ needed: undefined, answers: [no] }, "0 said yes"],
  ])("%o", (more, text) => expect(progressText({ ...APPROVAL, ...more })).toBe(text));

  test("of who may answer, and what it ships", () => {
    expect(approversText({ ...APPROVAL, approvers: undefined })).toBe("not known");
    const of = (names: string[], complete: boolean) =>
      approversText({ ...APPROVAL, approvers: { at: at(0), value: { names, complete } } });
    expect(of([], true)).toBe("nobody");
    expect(of([], false)).toBe("not known");
    expect(of(["bo"], false)).toBe("bo, maybe others (not all could be read)");
    const nothing = { from: null, to: null, commits: null, changes: [] };
    expect(shipText(nothing)).toBe("");
    expect(shipText({ ...nothing, to: "1.42.0", commits: 1 })).toBe("1.42.0, 1 commit");
    expect(shipText({ ...nothing, from: "1.41.0" })).toBe("in place of 1.41.0");
  });
});

test("an ended approval shows how it ended, who answered and why", () => {
  expect(endText(APPROVAL)).toBe("");
  const ended_by = { id: "ana", name: "ana" };
  expect(endText({ ...APPROVAL, state: "denied", ended_by, ended_why: "after the freeze" })).toBe(
    "Denied by ana: after the freeze",
  );
  expect(endText({ ...APPROVAL, state: "expired" })).toBe("Expired without an answer");
});

test.each<[what: string, row: Row, icon: string, when: string, tone: string | undefined]>([
  // The text on the right is never cut, however long the title is.
  ["mine", waiting({ expires_at: at(12) }), "st_att", "12 m left", "mine"],
  ["in a moment", waiting({ expires_at: at(0.5) }), "st_att", "< 1 m left", "mine"],
  ["late", waiting({ expires_at: at(-1) }), "st_att", "", "mine"],
  [
    "maybe mine",
    waiting({ turn: { mine: false, who: [], kind: "approve", what: "may be yours to answer" } }),
    "st_att",
    "",
    "attention",
  ],
  [
    "another's",
    waiting({ held: true, turn: { mine: false, who: ["bo"], kind: "approve", what: "answer by bo" } }),
    "st_atth",
    "",
    "plain",
  ],
])("a row that is %s", (_, shown, icon, when, tone) => {
  const look = lookOf({ kind: "row", key: KEY, row: shown }, NOW);
  expect([look.glyph.icon, look.when, look.turn?.tone]).toEqual([icon, when, tone]);
  expect(look.second).toBe("ana asks, 1 of 2 given");
});

test("approvals come first, and an ended one shows how it ended", () => {
  const shown = merge([], [...sections(), section("Approvals", [waiting()])], false);
  expect(shown[0]?.title).toBe("Approvals");
  const ended = (why: "approved" | "denied" | "expired" | "superseded") =>
    endedOf([{ item: KEY, why }]).get(KEY);
  expect(ended("approved")).toEqual({ text: "approved", over: true });
  for (const why of ["denied", "expired", "superseded"] as const)
    expect(ended(why)).toEqual({ text: why, over: false });
});

test("Enter shows an approval, and never approves or snoozes it", () => {
  for (const url of [null, "https://forge.example/deployments/218"]) {
    const known = { ...detail(KEY), item: { ...detail(KEY).item, url } };
    for (const given of [null, known]) {
      const buttons = buttonsOf(waiting({ url }), given);
      expect(buttonFor(buttons, "go")?.does).toBe("page");
      expect(buttonFor(buttons, "snooze")?.does).toBe("snooze");
      expect(buttonFor(buttons, "second")?.act).not.toBe("approve");
      expect(buttonFor(buttons, "approve")?.keys).toBe(given ? "Ctrl+Enter" : undefined);
      expect(buttonFor(buttons, "resolve")?.title).toBe(given ? "Deny…" : undefined);
    }
    // On its page Enter does nothing at all.
    expect(buttonFor(buttonsOf(waiting({ url }), known, true), "go")).toBe(undefined);
  }
});

test("Enter on an approval's row opens its page", async () => {
  const { backend, launcher } = await open({
    board: { ...board(), sections: [section("Approvals", [waiting({ url: null })]), ...sections()] },
  });
  await vi.waitFor(() => expect(launcher.boards.entries.length).toBeGreaterThan(0));
  launcher.boards.selected = KEY;
  press("Enter");
  await vi.waitFor(() => expect(launcher.top?.at).toBe("approval"));
  expect(launcher.top?.key).toBe(KEY);
  expect(launcher.over).toBe(null);
  expect(backend.asked("snooze")).toEqual([]);
});

test("beside the list it is shown in short, with the time that is left", async () => {
  vi.useFakeTimers();
  await open({ board: { ...board(), sections: [section("Approvals", [waiting()]), ...sections()] } });
  await vi.advanceTimersByTimeAsync(500);
  await vi.dynamicImportSettled();
  await vi.advanceTimersByTimeAsync(10);
  const detail = screen.getByRole("region", { name: "Detail" }).textContent?.replace(/\s+/g, " ") ?? "";
  for (const text of [
    "Deploy api to production",
    "Your answer",
    "ana",
    "3 m ago",
    "Checkout is slow without the price cache",
    "b81d09e",
    "1.41.0 to 1.42.0, 11 commits",
    "1 of 2 said yes",
  ])
    expect(detail).toContain(text);
  expect(screen.getByRole("timer").textContent).toMatch(/^1[12]:\d\d left$/);
});

test("an approval's title has a line of its own", async () => {
  const rows = [
    row("ci/approval/web", "attention", "Deploy web 1.42.0 to production"),
    row("ci/build/web", "failing", "web main"),
  ];
  await open({ board: { ...board(), sections: [section("Approvals", rows)] }, runs: [] });
  const options = await screen.findAllByRole("option");
  expect(options.map((option) => option.querySelector(".line")?.classList.contains("two"))).toEqual([
    true,
    false,
  ]);
});

test("an approval's row has the time that is left, whose turn it is and its age under the title", async () => {
  const expires_at = new Date(Date.now() + 12.5 * 60_000).toISOString();
  const rows = [waiting({ expires_at })];
  await open({ board: { ...board(), sections: [section("Approvals", rows)] }, runs: [] });
  const [option] = await screen.findAllByRole("option");
  const text = (part: string) => option?.querySelector(`.line.two > ${part}`)?.textContent ?? "";
  expect(text(".text")).toContain("Deploy api to production");
  for (const shown of ["12 m left", "your answer"]) expect(text(".right")).toContain(shown);
  expect(text(".age")).toBe("8 m");
});
