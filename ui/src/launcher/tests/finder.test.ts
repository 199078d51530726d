import { describe, expect, test } from "vitest";

import type { Found } from "../../api";
import { both, foundLines } from "../finder.svelte";

/** So many items, of so many that match. */
function found(count: number, total: number | null): Found {
  const items = Array.from({ length: count }, (_, at) => ({
    row: { key: `pager/incident/${at}` },
    title: [],
  }));
  return { commands: [], items, runs: [], completion: null, items_total: total } as unknown as Found;
}

describe("how many were found", () => {
  test.each([
    [found(3, 3), undefined],
    [found(19, null), undefined],
    [found(20, 20), undefined],
    [found(20, 4998), "20 of 4,998"],
    [found(20, null), "the first 20"],
  ])("%#", (answer, count) => {
    expect(foundLines(answer)[0]?.count).toBe(count);
  });

  test("is unknown for two searches together", () => {
    expect(both(found(20, 4998), found(20, 7)).items_total).toBeNull();
    expect(both(found(20, 4998), found(0, 0)).items_total).toBe(4998);
  });
});

describe("what comes first", () => {
  test.each([
    [false, ["Commands", "On the board"]],
    [undefined, ["Commands", "On the board"]],
    [true, ["On the board", "Commands"]],
  ])("items first: %s", (items_first, titles) => {
    const command = { name: "run log", title: [], summary: "", posts_to: "", takes: "" };
    const answer = { ...found(1, 1), commands: [command], items_first } as Found;
    expect(foundLines(answer).map(({ title }) => title)).toEqual(titles);
    expect(foundLines(both(found(0, 0), answer)).map(({ title }) => title)).toEqual(titles);
  });
});
