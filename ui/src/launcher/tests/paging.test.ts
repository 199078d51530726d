/** Pages and ends: every list, and everything long that is read, goes by the same keys. */

import { screen, within } from "@testing-library/svelte";
import { tick } from "svelte";
import { expect, test } from "vitest";

import { board, row, run, section } from "../../fake/team";
import { Rooms } from "../states";
import { open, press } from "./stage";

const KEYS = ["PageDown", "PageDown", "PageUp", "End", "Home", "PageUp", "Ctrl+End", "Ctrl+Home"];

/** Gives it a height and a longer content, as a layout does. */
function layOut(box: Element): Element {
  let scrolled = 0;
  Object.defineProperties(box, {
    clientHeight: { value: 100 },
    scrollHeight: { value: 1_000 },
    scrollTop: { get: () => scrolled, set: (to: number) => (scrolled = Math.max(0, Math.min(to, 900))) },
  });
  return box;
}

test("the board", async () => {
  const rows = Array.from({ length: 100 }, (_, at) => row(`ci/build/app${at}`, "failing", `app${at} main`));
  const { launcher } = await open({ board: { ...board(), sections: [section("Builds", rows)] }, runs: [] });
  await screen.findByText("app0");
  const places = KEYS.map((keys) => {
    press(keys);
    return launcher.boards.entries.findIndex(({ key }) => key === launcher.boards.selected);
  });
  expect(places).toEqual([12, 24, 12, 99, 0, 0, 99, 0]);
});

test("the board leaves them to the detail that has the focus", async () => {
  const { launcher } = await open();
  await screen.findByText("Acknowledge");
  const before = launcher.boards.selected;
  within(screen.getByRole("region", { name: "Detail" }))
    .getAllByRole("button")[0]
    ?.focus();
  for (const keys of ["PageDown", "End"]) {
    press(keys);
    expect(launcher.boards.selected).toBe(before);
  }
});

test("rooms and runs", async () => {
  const runs = Array.from({ length: 40 }, (_, at) => run(`r${at}`, `deploy api${at}`));
  const { launcher } = await open({ runs, rooms: [], deliveries: [] });
  await screen.findByText("Acknowledge");
  press("Ctrl+Shift+R");
  await screen.findByRole("listbox", { name: "Rooms and runs" });
  await screen.findAllByText("deploy api39");
  const { top } = launcher;
  if (!(top instanceof Rooms)) throw new Error("it is not open");
  const places = KEYS.map((keys) => {
    press(keys);
    return top.places.findIndex((place) => place === top.place);
  });
  expect(places).toEqual([12, 24, 12, 39, 0, 0, 39, 0]);
});

test("choices over the window", async () => {
  await open();
  await screen.findByText("Acknowledge");
  press("Ctrl+K");
  const dialog = await screen.findByRole("dialog");
  const options = () => within(dialog).getAllByRole("option");
  const last = options().length - 1;
  for (const [keys, expected] of [
    ["End", last],
    ["PageUp", Math.max(0, last - 8)],
    ["Home", 0],
    ["PageDown", Math.min(8, last)],
    ["ArrowUp", Math.min(8, last) - 1],
  ] as const) {
    press(keys);
    await tick();
    const marked = options().findIndex((option) => option.getAttribute("aria-selected") === "true");
    expect([keys, marked]).toEqual([keys, expected]);
  }
});

test.each([
  ["the keys", "?", "Keys"],
  ["why", "Ctrl+/", "Why"],
])("%s", async (_, keys, name) => {
  await open();
  await screen.findByText("Acknowledge");
  press(keys);
  const box = layOut(await screen.findByRole("region", { name }));
  const places = KEYS.map((each) => {
    press(each);
    return box.scrollTop;
  });
  expect(places).toEqual([80, 160, 80, 900, 0, 0, 900, 0]);
});

test("an item by itself", async () => {
  const { launcher } = await open();
  await screen.findByText("Acknowledge");
  launcher.push({ at: "item", key: launcher.boards.selected ?? "" });
  await screen.findByRole("button", { name: "Back" });
  const box = layOut(screen.getByRole("region", { name: "Detail" }));
  press("PageDown");
  expect(box.scrollTop).toBe(80);
});

test("a title that is cut is read in whole where it is not in the detail", async () => {
  const line = `deploy ${"א".repeat(300)} 12`;
  const { launcher } = await open({ runs: [run("r1", line)], rooms: [], deliveries: [] });
  await screen.findByText("Acknowledge");
  await launcher.openRooms();
  expect((await screen.findByRole("option")).querySelector(".title")?.getAttribute("title")).toBe(line);
});
