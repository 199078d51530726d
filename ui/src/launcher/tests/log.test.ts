import { screen, waitFor } from "@testing-library/svelte";
import { describe, expect, test } from "vitest";

import type { FollowLog } from "../../api";
import { countOf, groupsOf, nextLine, shownLines } from "../log";
import { open, press, type } from "./stage";

const lines = (...texts: string[]) => texts.map((text) => ({ text, error: text.startsWith("error") }));

describe("groups", () => {
  const shown = (texts: string[], toggled: number[] = []) => {
    const all = lines(...texts);
    return shownLines(all, groupsOf(all), toggled).map(
      ({ text, group, inside }) =>
        `${group ? (group.folded ? `+${group.size} ` : `-${group.size} `) : inside ? "| " : ""}${text}`,
    );
  };
  test.each<[texts: string[], toggled: number[], shown: string[]]>([
    [["a", "b"], [], ["a", "b"]],
    [["##[group]Set up", "one", "##[endgroup]", "after"], [], ["+1 Set up", "after"]],
    [["##[group]Set up", "one", "##[endgroup]", "after"], [0], ["-1 Set up", "| one", "after"]],
    [["::group::Tests", "error: x", "::endgroup::"], [], ["-1 Tests", "| error: x"]],
    [["::group::Tests", "error: x", "::endgroup::"], [0], ["+1 Tests"]],
    // With timestamps, as GitHub has them; without an end; one after the other; an end without a beginning.
    [["2026-01-01T00:00:00Z ##[group]A", "x", "2026-01-01T00:00:01Z ##[endgroup]"], [], ["+1 A"]],
    [["##[group]A", "x", "##[group]B", "y", "z"], [], ["+1 A", "+2 B"]],
    [["##[endgroup]", "x"], [], ["##[endgroup]", "x"]],
    [["##[group]", "x"], [], ["+1 Group"]],
    [["##[group]Run npm test", "##[endgroup]", "PASS"], [], ["Run npm test", "PASS"]],
    [
      ["section_start:1700000000:build[collapsed=true] Build it", "x", "section_end:1700000001:build"],
      [],
      ["+1 Build it"],
    ],
  ])("%j %j", (texts, toggled, expected) => {
    expect(shown(texts, toggled)).toEqual(expected);
  });
});

test.each<[texts: string[], count: number]>([
  [[], 0],
  [["a", "b"], 2],
  [["a", "b", ""], 2],
  [["a", "", "b"], 3],
  [["##[group]A", "x", "##[endgroup]", "after"], 3],
  [["##[group]A", "##[endgroup]"], 1],
  [["##[endgroup]", "x"], 2],
])("of %j, %d are counted as shown", (texts, count) => {
  const all = lines(...texts);
  expect(countOf(all, groupsOf(all))).toBe(count);
});

test.each<[from: number, by: 1 | -1, found: number]>([
  [-1, 1, 1],
  [1, 1, 3],
  [3, 1, 1],
  [1, -1, 3],
  [4, -1, 3],
])("the next from %d by %d is %d", (from, by, found) => {
  expect(nextLine(4, from, by, (at) => at === 1 || at === 3)).toBe(found);
});

test("without a match nothing is found", () => {
  expect(nextLine(3, -1, 1, () => false)).toBe(-1);
  expect(nextLine(0, -1, 1, () => true)).toBe(-1);
});

describe("the whole log", () => {
  const current = () => document.querySelector(".line.current")?.textContent?.trim() ?? "";

  async function opened(answers = {}) {
    const it = await open(answers);
    await screen.findByText("Acknowledge");
    press("ArrowDown");
    press("ArrowDown");
    await screen.findByText("Whole log");
    press("Ctrl+L");
    await screen.findByRole("heading", { name: "Log of web main" });
    return it;
  }

  test("has the focus, begins at the first error, and goes to the next with e", async () => {
    await opened();
    await waitFor(() => expect(current()).toContain("✗ totals before tax"));
    expect(document.activeElement?.getAttribute("role")).toBe("log");
    press("e");
    await waitFor(() => expect(current()).toContain("expected 118.99"));
    await screen.findByText("112 lines, 3 errors");
    await screen.findByRole("button", { name: /Run npm ci/, expanded: false });
  });

  test("is searched with /, from hit to hit with Enter, and left with Esc", async () => {
    await opened();
    await waitFor(() => expect(current()).not.toBe(""));
    press("/");
    const field = await screen.findByRole<HTMLInputElement>("textbox", { name: "Search in the log" });
    await waitFor(() => expect(document.activeElement).toBe(field));
    type("package 4");
    // A match in a folded group is found, too: the group is opened.
    await waitFor(() => expect(current()).toContain("added package 4"));
    await screen.findByText("2 lines");
    press("Enter");
    await waitFor(() => expect(current()).toContain("added package 40"));
    // On a Greek keyboard the same keys find the same.
    field.value = "";
    type("πακκαγε 4");
    await screen.findByText("No results");
    field.value = "";
    type("παψκαγε 4");
    await screen.findByText("2 lines");
    type("0");
    await waitFor(() => expect(document.querySelector(".count")?.textContent).toBe("1 line"));
    press("Escape");
    await waitFor(() => expect(document.activeElement?.getAttribute("role")).toBe("log"));
    press("Escape");
    await screen.findByText("Whole log");
  });

  test("of a build that runs is followed to its end", async () => {
    const parts = [lines("compiling"), lines("linking"), lines("error: no such thing")];
    const { backend } = await opened({
      follow_log: ({ seen }: FollowLog) => ({
        reading: 7,
        lines: parts[seen] ?? [],
        seen: seen + 1,
        dropped: 0,
        over: seen === 2,
        error: null,
      }),
    });
    await screen.findByText("3 lines, 1 error");
    expect(backend.asked("follow_log").map(({ reading, seen }) => [reading, seen])).toEqual([
      [null, 0],
      [7, 1],
      [7, 2],
    ]);
  });

  test.each([
    [{ follow_log: null }, "This build has no log that can be read here"],
    [{ follow_log: { reading: 1, lines: [], seen: 0, dropped: 0, over: true, error: null } }, "No output"],
    [
      {
        follow_log: {
          reading: 1,
          lines: lines("a"),
          seen: 1,
          dropped: 0,
          over: true,
          error: { error: "unavailable", why: "Jenkins did not answer" },
        },
      },
      "The rest of the log cannot be read: Jenkins did not answer",
    ],
  ])("that cannot be shown shows why: %j", async (answers, text) => {
    await opened(answers);
    await screen.findByText(text);
  });
});
