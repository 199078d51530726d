/** Which item is requested, and when. */

import { fireEvent, screen } from "@testing-library/svelte";
import { expect, test, vi } from "vitest";

import type { Found } from "../../api";
import { detail as detailOf } from "../../fake/items";
import { board, row, section } from "../../fake/team";
import { snoozedText } from "../snoozed";
import { open, press, selected, type } from "./stage";

const CHECKOUT = "alerts/incident/checkout";
const QUEUE = "alerts/incident/queue";
const WEB = "ci/build/acme/web/ci@main";
const PULL = "forge/pull_request/acme/web#482";

/** A search response with these rows. */
const rows = (...keys: string[]): Found => ({
  commands: [],
  items: keys.map((key) => ({
    row: row(key, "attention", key),
    title: [{ text: key, hit: false }],
    second: [],
  })),
  runs: [],
  completion: null,
});

async function opened() {
  vi.useFakeTimers();
  const stage = await open();
  await vi.advanceTimersByTimeAsync(500);
  const items = () => stage.backend.asked("item").map(({ item }) => item);
  const detail = () => screen.getByRole("region", { name: "Detail" }).textContent ?? "";
  return { ...stage, items, detail };
}

test("the first row's item is requested at once", async () => {
  vi.useFakeTimers();
  const { backend } = await open();
  await vi.advanceTimersByTimeAsync(1);
  expect(backend.asked("item")).toEqual([{ item: CHECKOUT }]);
});

test("a run in doubt is named where its item is shown", async () => {
  const doubt = { id: "r1", line: "ack Checkout", why: "no answer" };
  const rows = [{ ...row(CHECKOUT, "attention", "Checkout"), in_doubt: [doubt] }];
  await open({ board: { ...board(), sections: [section("Incidents", rows)] } });
  await screen.findByText("Unknown whether it ran: ack Checkout (no answer)");
});

test("rows passed on the way are not requested, and their partial detail is shown at once", async () => {
  const { items, detail } = await opened();
  for (const title of ["Queue depth", "web main", "billing main", "Cache the price list"]) {
    press("ArrowDown");
    await vi.advanceTimersByTimeAsync(30);
    expect(selected()).toContain(title.split(" ")[0]);
    expect(detail()).toContain(title);
    expect(detail()).not.toContain("Checkout");
  }
  expect(items()).toEqual([CHECKOUT]);
  await vi.advanceTimersByTimeAsync(29);
  expect(items()).toEqual([CHECKOUT]);
  await vi.advanceTimersByTimeAsync(1);
  expect(items()).toEqual([CHECKOUT, PULL]);
  expect(detail()).toContain("acme/web 482 by bo");
});

test("an incident's page has all labels, and shows how much of its history is left out", async () => {
  const labels = Object.fromEntries(Array.from({ length: 24 }, (_, at) => [`label${at}`, `value${at}`]));
  const known = detailOf(CHECKOUT);
  if (known.item.detail.kind !== "incident") throw new Error("an incident");
  const [event] = known.events;
  if (!event) throw new Error("an event");
  const item = { ...known.item, detail: { ...known.item.detail, labels } };
  const events = Array.from({ length: 11 }, (_, id) => ({ ...event, id }));
  vi.useFakeTimers();
  await open({ item: () => ({ ...known, item, events }) });
  await vi.advanceTimersByTimeAsync(500);
  await vi.dynamicImportSettled();
  await vi.advanceTimersByTimeAsync(10);
  const detail = screen.getByRole("region", { name: "Detail" }).textContent ?? "";
  for (const at of [0, 9, 10, 23]) expect(detail).toContain(`label${at}=value${at}`);
  expect(detail).toContain("The latest 8 of 11");
});

test("what happened is told from left to right, whatever the alert is called", async () => {
  const known = detailOf(CHECKOUT);
  const summary = "הדיסק מלא triggered";
  const [event] = known.events;
  if (!event) throw new Error("an event");
  await open({ item: () => ({ ...known, events: [{ ...event, summary }] }) });
  const told = await screen.findByText(summary);
  expect(told.getAttribute("dir")).toBe("ltr");
  expect(told.parentElement?.getAttribute("dir")).toBeNull();
});

test("an item's page shows until when it is snoozed, and by whom", () => {
  const snoozed_by = {
    principal: { kind: "person" as const, id: "ana" },
    via: { kind: "launcher" as const },
  };
  const known = { ...detailOf(CHECKOUT), snoozed_by };
  const now = Date.parse("2026-01-01T12:00:00Z");
  expect(snoozedText({ ...known, snoozed: "until_change" }, now)).toBe(
    "Snoozed until it changes, by ana in the launcher",
  );
  expect(snoozedText({ ...known, snoozed: { until: "2026-01-20T12:00:00Z" } }, now)).toMatch(
    /^Snoozed until Jan \d+ \d\d:00, by ana in the launcher$/,
  );
  expect(snoozedText({ ...known, snoozed: null }, now)).toBe("");
});

test("a loaded row is shown in full at once when it is selected again", async () => {
  const { items, detail } = await opened();
  press("ArrowDown");
  await vi.advanceTimersByTimeAsync(100);
  expect(items()).toEqual([CHECKOUT, QUEUE]);
  press("ArrowUp");
  await vi.advanceTimersByTimeAsync(1);
  expect(detail()).toContain("Acknowledge");
  expect(items()).toEqual([CHECKOUT, QUEUE]);
});

test("while typing, only the row that the selection rests on is requested", async () => {
  const { backend, items, detail } = await opened();
  for (const [letter, found] of [
    ["w", rows(QUEUE, WEB)],
    ["e", rows(WEB, PULL)],
    ["b", rows(PULL)],
  ] as const) {
    backend.answer("find", found);
    type(letter);
    await vi.advanceTimersByTimeAsync(40);
    expect(detail()).toContain(found.items[0]?.row.title ?? "nothing");
  }
  expect(items()).toEqual([CHECKOUT]);
  await vi.advanceTimersByTimeAsync(20);
  expect(items()).toEqual([CHECKOUT, PULL]);
});

test("the same row in the next response is not requested again", async () => {
  const { backend, items } = await opened();
  backend.answer("find", rows(WEB, PULL));
  for (const letter of "web main") {
    type(letter);
    await vi.advanceTimersByTimeAsync(40);
  }
  expect(items()).toEqual([CHECKOUT, WEB]);
});

test("a response that arrives after the selection has moved on is not shown", async () => {
  const { backend, detail } = await opened();
  const late = backend.hold("item");
  press("ArrowDown");
  await vi.advanceTimersByTimeAsync(60);
  for (let times = 0; times < 3; times += 1) press("ArrowDown");
  await vi.advanceTimersByTimeAsync(100);
  expect(detail()).toContain("acme/web 482 by bo");
  late.answer(await backend.call("item", { item: WEB }));
  await vi.advanceTimersByTimeAsync(10);
  expect(detail()).toContain("acme/web 482 by bo");
});

test("a response from before a change never replaces one from after it", async () => {
  const { backend, detail } = await opened();
  const [old, fresh] = [
    await backend.call("item", { item: PULL }),
    await backend.call("item", { item: PULL }),
  ];
  if (old.item.detail.kind === "pull_request") old.item.detail.author = "somebody old";
  const before = backend.hold("item");
  backend.emitShown({ item: PULL });
  await vi.advanceTimersByTimeAsync(60);
  const after = backend.hold("item");
  backend.emitChanged();
  after.answer(fresh);
  before.answer(old);
  await vi.advanceTimersByTimeAsync(10);
  expect(detail()).toContain("by bo");
});

test.each(["Enter", "Ctrl+I"])(
  "%s before the selection rested means the first thing all the same",
  async (keys) => {
    const { backend, items } = await opened();
    const late = backend.hold("item");
    press("ArrowDown");
    press(keys);
    // The key applies to the row it was pressed on, wherever the selection goes next.
    press("ArrowDown");
    await vi.advanceTimersByTimeAsync(10);
    expect(items()).toEqual([CHECKOUT, QUEUE]);
    expect(backend.asked("prepare")).toEqual([]);
    late.answer(await backend.call("item", { item: CHECKOUT }));
    await vi.advanceTimersByTimeAsync(10);
    expect(backend.asked("prepare")).toHaveLength(1);
    expect(backend.calls.some(({ name }) => name === "openLink")).toBe(false);
  },
);

test("a wait for a slow item is shown, and opening its link does not need it", async () => {
  const { backend } = await opened();
  backend.never("item");
  press("ArrowDown");
  press("Ctrl+O");
  await vi.advanceTimersByTimeAsync(1);
  expect(backend.calls.at(-1)?.name).toBe("openLink");
  await vi.advanceTimersByTimeAsync(1_000);
  expect(screen.queryByRole("progressbar")).toBeNull();
  press("Enter");
  await vi.advanceTimersByTimeAsync(110);
  expect(screen.getByRole("progressbar", { name: "Waiting for the engine" })).toBeTruthy();
});

test("a pull request shows its size, its age and its description, as text", async () => {
  const { backend, detail } = await opened();
  const long = "<b>Why</b>\n".repeat(9) + "the end";
  const answer = await backend.call("item", { item: PULL });
  if (answer.item.detail.kind === "pull_request") answer.item.detail.description = long;
  backend.answer("item", answer);
  for (let times = 0; times < 4; times += 1) press("ArrowDown");
  await vi.advanceTimersByTimeAsync(100);
  expect(detail()).toContain("+120 −4 in 3 files");
  expect(detail()).toContain("Opened 3 h ago");
  expect(detail()).toContain("<b>Why</b>");
  expect(detail()).not.toContain("the end");
  await fireEvent.click(screen.getByRole("button", { name: "Show all" }));
  expect(detail()).toContain("the end");
  await fireEvent.click(screen.getByRole("button", { name: "Show less" }));
  expect(detail()).not.toContain("the end");
});
