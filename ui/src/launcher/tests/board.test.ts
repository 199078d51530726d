import { describe, expect, test } from "vitest";

import type { OffBoardItem, Section } from "../../api";
import { row, section } from "../../fake/team";
import {
  type Ended,
  endedOf,
  linesOf,
  merge,
  missing,
  MOST_ENDED,
  moved,
  movedBySection,
  selectionAfter,
  type ShownSection,
  withoutOver,
} from "../board";
import { follow, heightOf, placeOf, scrollTo, slices } from "../window";

/** "Builds: a b; Running: c" as sections. */
function sections(text: string): Section[] {
  return text
    .split("; ")
    .filter(Boolean)
    .map((part) => {
      const [title = "", keys = ""] = part.split(": ");
      return section(
        title,
        keys.split(" ").map((key) => row(key, "failing", key)),
      );
    });
}
const PASSED: Ended = { text: "passed", over: true };
/** "Builds: a b!" as shown sections; `!` marks an ended row. */
function shown(text: string): ShownSection[] {
  return sections(text).map(({ title, rows }) => ({
    title,
    rows: rows.map((each) => ({
      row: { ...each, key: each.key.replace("!", "") },
      ended: each.key.endsWith("!") ? PASSED : null,
    })),
    total: rows.length,
  }));
}
const summaryOf = (board: ShownSection[]) =>
  board
    .map(
      ({ title, rows }) =>
        `${title}: ${rows.map(({ row, ended }) => row.key + (ended ? "!" : "")).join(" ")}`,
    )
    .join("; ");

describe("a new reading", () => {
  test.each<[what: string, before: string, next: string, still: boolean, after: string]>([
    ["is taken in its order", "Builds: a b", "Builds: b a", false, "Builds: b a"],
    ["keeps its order while still", "Builds: a b", "Builds: b a", true, "Builds: a b"],
    ["lets new rows in at the end while still", "Builds: a b", "Builds: new a b", true, "Builds: a b new"],
    [
      "keeps what has ended, under what has not",
      "Builds: a over c",
      "Builds: a c",
      false,
      "Builds: a c over!",
    ],
    [
      "keeps what has ended in its place while still",
      "Builds: a over c",
      "Builds: c a",
      true,
      "Builds: a over! c",
    ],
    ["keeps what had ended before", "Builds: a b! c", "Builds: a c", false, "Builds: a c b!"],
    ["does not keep what is merely missing", "Builds: a b c", "Builds: a c", false, "Builds: a c"],
    ["does not keep what is merely missing while still", "Builds: a b c", "Builds: c a", true, "Builds: a c"],
    [
      "forgets that it had ended where it is back",
      "Builds: a over!",
      "Builds: over a",
      false,
      "Builds: over a",
    ],
    [
      "keeps a section of which all has ended",
      "Incidents: over; Builds: a",
      "Builds: a",
      false,
      "Incidents: over!; Builds: a",
    ],
    [
      "lets a new section in at its place",
      "Builds: a",
      "Incidents: x; Builds: a",
      false,
      "Incidents: x; Builds: a",
    ],
    [
      "lets a new section in last while still",
      "Builds: a",
      "Incidents: x; Builds: a",
      true,
      "Builds: a; Incidents: x",
    ],
    [
      "moves a row between sections",
      "Running: a; Quiet: b",
      "Builds: a; Quiet: b",
      false,
      "Builds: a; Quiet: b",
    ],
    [
      "does not move it while still",
      "Running: a; Quiet: b",
      "Builds: a; Quiet: b",
      true,
      "Running: a; Quiet: b",
    ],
    ["empties", "", "", false, ""],
  ])("%s", (_, before, next, still, after) => {
    const ended = new Map([["over", PASSED]]);
    expect(summaryOf(merge(shown(before), sections(next), still, ended))).toBe(after);
  });

  test("asks only about open rows that are missing from it", () => {
    expect(missing(shown("Builds: a b c!; Running: d"), sections("Builds: a; Quiet: d"))).toEqual(["b"]);
  });

  test("asks about a few of many missing rows, which stay; the others leave", () => {
    const keys = Array.from({ length: 2_000 }, (_, n) => `row${n}`);
    const before = shown(`Builds: ${keys.join(" ")} left`);
    const queried = missing(before, sections("Builds: left"));
    expect(queried.length).toBe(MOST_ENDED);
    const ended = new Map(keys.map((key) => [key, PASSED]));
    const after = merge(before, sections("Builds: left"), false, ended);
    expect(after[0]?.rows.length).toBe(1 + MOST_ENDED);
    expect(summaryOf(merge(before, sections("Builds: left"), true, new Map()))).toBe("Builds: left");
  });

  test("counts the open rows, also those that are not in the list", () => {
    const [first] = sections("Builds: a b");
    if (!first) throw new Error("a section");
    const counts = (total: number) =>
      linesOf(merge(shown("Builds: a b over!"), [{ ...first, total }], false), new Map(), []).map(
        ({ count, entries }) => `${count}, ${entries.length} lines`,
      );
    expect(counts(2)).toEqual(["2, 3 lines"]);
    expect(counts(5002)).toEqual(["2 of 5,002, 3 lines"]);
  });

  test("updates a row in its old place", () => {
    const next = sections("Builds: b a");
    const first = next[0]?.rows[1];
    if (first) first.second = "running again";
    const after = merge(shown("Builds: a b"), next, true);
    expect(after[0]?.rows[0]?.row.second).toBe("running again");
  });
});

test.each<[why: OffBoardItem["why"], text: string | null, over: boolean]>([
  ["passed", "passed", true],
  ["merged", "merged", true],
  ["resolved", "resolved", true],
  ["canceled", "canceled", false],
  ["closed", "closed", false],
  [{ gone: { reason: "branch_deleted" } }, "branch deleted", false],
  [{ gone: { reason: "renamed", to: "acme/new" } }, "renamed", false],
  ["snoozed", null, false],
  ["others", null, false],
  ["open", null, false],
  ["unknown", null, false],
])("a row that left because %o is %s", (why, text, over) => {
  expect(endedOf([{ item: "a", why }]).get("a") ?? null).toEqual(text === null ? null : { text, over });
});

test("ended rows leave when the window is hidden", () => {
  expect(summaryOf(withoutOver(shown("Incidents: x!; Builds: a b! c")))).toBe("Builds: a c");
});

describe("the selection", () => {
  const entries = (text: string) => linesOf(shown(text), new Map(), []).flatMap(({ entries }) => entries);
  test.each<[before: string, after: string, selected: string | null, then: string | null]>([
    ["A: a b c", "A: new a b c", "b", "b"],
    ["A: a b c", "A: a c", "b", "c"],
    ["A: a b c", "A: a b", "c", "b"],
    ["", "A: a", null, "a"],
    ["A: a", "", "a", null],
  ])("%s, then %s: %s is %s", (before, after, selected, then) => {
    expect(selectionAfter(entries(before), entries(after), selected)).toBe(then);
  });

  test.each<[selected: string | null, by: number, then: string | null]>([
    ["a", 1, "b"],
    ["c", 1, "c"],
    ["a", -1, "a"],
    [null, 1, "a"],
    ["a", 99, "c"],
  ])("from %s by %i is %s", (selected, by, then) => {
    expect(moved(entries("A: a b; B: c"), selected, by)).toBe(then);
  });

  test.each<[selected: string, by: 1 | -1, then: string]>([
    ["b", 1, "c"],
    ["c", 1, "c"],
    ["b", -1, "a"],
    ["c", -1, "a"],
  ])("from %s by section %i is %s", (selected, by, then) => {
    expect(movedBySection(linesOf(shown("A: a b; B: c"), new Map(), []), selected, by)).toBe(then);
  });
});

test.each<[rows: string, total: number, count: string]>([
  ["Running: a b", 2, "2"],
  ["Running: a! b", 1, "1"],
  ["Running: a! b!", 0, "all ended"],
  ["Running: a b!", 9, "1 of 9"],
])("of %s with %d open, the heading has %o", (rows, total, count) => {
  const sections = shown(rows).map((section) => ({ ...section, total }));
  expect(linesOf(sections, new Map(), []).map((lines) => lines.count)).toEqual([count]);
});

// With a heading of 26 and lines of 32: the first line is at 0 to 58, the sixth at 186 to 218.
test.each<[what: string, line: [top: number, bottom: number], before: number, scrolled: number, to: number]>([
  ["a line that others entered above stays on the screen", [186, 218], 58, 0, 160],
  ["a line that others left above stays on the screen", [186, 218], 378, 300, 140],
  ["a line that did not move is not scrolled to", [0, 58], 58, 500, 500],
  ["nor is its heading", [0, 58], 58, 26, 26],
  ["a line at the top that became the first shows its heading", [0, 58], 218, 186, 0],
  ["a line further down that became the first shows its heading", [0, 58], 218, 100, 0],
  ["the first line out of view stays so", [0, 58], 90, 1_000, 968],
])("%s", (_, [top, bottom], before, scrolled, to) => {
  const scrolledTo = follow({ top, bottom }, before, scrolled);
  expect(Math.max(0, scrolledTo)).toBe(to);
});

describe("of ten thousand rows", () => {
  const lines = linesOf(
    [
      {
        title: "Builds",
        rows: Array.from({ length: 10_000 }, (_, at) => ({
          row: row(`${at}`, "failing", `${at}`),
          ended: null,
        })),
        total: 10_000,
      },
    ],
    new Map(),
    [],
  );
  const heights = { head: 26, row: 32 };

  test("only those near the viewport are drawn", () => {
    for (const scrolled of [0, 5_000, 319_000]) {
      const drawn = slices(lines, heights, scrolled, 420);
      const count = drawn.reduce((sum, { from, to }) => sum + to - from, 0);
      expect(count).toBeGreaterThanOrEqual(13);
      expect(count).toBeLessThan(40);
    }
    expect(heightOf(lines, heights)).toBe(26 + 320_000);
  });

  test("each can be scrolled into view", () => {
    const place = placeOf(lines, heights, "9999");
    expect(place).toEqual({ top: 26 + 9_999 * 32, bottom: 26 + 320_000 });
    expect(scrollTo(place ?? { top: 0, bottom: 0 }, 0, 420)).toBe(26 + 320_000 - 420);
    expect(scrollTo({ top: 0, bottom: 58 }, 100, 420)).toBe(0);
    expect(scrollTo({ top: 120, bottom: 152 }, 100, 420)).toBe(100);
  });
});
