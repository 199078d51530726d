/** The field, and the window around it. */

import { screen, waitFor, within } from "@testing-library/svelte";
import { describe, expect, test, vi } from "vitest";

import { tick } from "svelte";

import type { Found, NotSeen } from "../../api";
import { failure } from "../../fake";
import { board, row, section, STATUS } from "../../fake/team";
import { field, open, press, selected, type } from "./stage";

/** A search response with one command. */
const foundCommand = (name: string): Found => ({
  commands: [{ name, title: [{ text: name, hit: false }], summary: "", posts_to: "x", takes: "" }],
  items: [],
  runs: [],
  completion: null,
});

describe("typing", () => {
  test("finds, marks the matches, and completes with Tab", async () => {
    await open();
    type("dep");
    const list = await screen.findByRole("listbox", { name: "Search results" });
    await within(list).findByRole("group", { name: "Run again" });
    expect(list.querySelector("mark")?.textContent).toBe("dep");
    press("Tab");
    await waitFor(() => expect(field().value).toBe("deploy"));
  });

  test("shows the newest response, however late an older one arrives", async () => {
    const { backend } = await open();
    const late = backend.hold("find");
    type("d");
    type("e");
    await screen.findByRole("listbox", { name: "Search results" });
    late.answer(foundCommand("old answer"));
    await new Promise((wake) => setTimeout(wake));
    expect(screen.queryByText("old answer")).toBeNull();
  });

  test("does not redraw the list before the next response", async () => {
    const { backend, launcher } = await open();
    type("dep");
    await screen.findByRole("listbox", { name: "Search results" });
    const { lines } = launcher.finds;
    backend.never("find");
    type("loy");
    expect(launcher.finds.lines).toBe(lines);
  });

  test("leaves the board visible until there is a response, with nothing selected", async () => {
    const { backend } = await open();
    await screen.findByText("Acknowledge");
    const options = screen.getAllByRole("option");
    const late = backend.hold("find");
    type("w");
    await tick();
    expect(screen.getByRole("listbox", { name: "What needs a person" })).toBeTruthy();
    expect(screen.getAllByRole("option")).toEqual(options);
    expect(selected()).toBe("");
    expect(field().getAttribute("aria-activedescendant")).toBeNull();
    expect(screen.getByRole("region", { name: "Detail" }).textContent).toContain("Checkout");
    expect(screen.queryByRole("progressbar")).toBeNull();
    expect(screen.queryByText(/results?$/)).toBeNull();
    late.answer(foundCommand("deploy"));
    const list = await screen.findByRole("listbox", { name: "Search results" });
    expect(within(list).getAllByRole("option")).toHaveLength(1);
    await waitFor(() => expect(selected()).toContain("deploy"));
  });

  test.each(["Enter", "Shift+Enter", "Ctrl+I", "Ctrl+O", "Ctrl+S", "Ctrl+L", "Ctrl+K", "ArrowDown", "F1"])(
    "and %s before the answer does nothing to the old list",
    async (keys) => {
      const { backend, launcher } = await open();
      await screen.findByText("Acknowledge");
      const before = backend.calls.length;
      const late = backend.hold("find");
      type("w");
      press(keys);
      const option = screen.getAllByRole("option")[3] as HTMLElement;
      option.click();
      option.dispatchEvent(new MouseEvent("dblclick", { bubbles: true }));
      screen.getByRole("button", { name: /^Acknowledge/ }).click();
      await new Promise((wake) => setTimeout(wake));
      const since = () => backend.calls.slice(before).map(({ name }) => name);
      expect(since().filter((name) => name !== "find" && name !== "read_line")).toEqual([]);
      expect([launcher.levels, launcher.over, launcher.boards.marks.all.size]).toEqual([[], null, 0]);
      late.answer(foundCommand("deploy"));
      if (keys === "Enter") await screen.findByRole("combobox", { name: /^app/ });
      else await waitFor(() => expect(selected()).toContain("deploy"));
    },
  );

  test("and Enter does nothing if the search then fails", async () => {
    const { backend, launcher } = await open();
    type("we");
    await screen.findByRole("listbox", { name: "Search results" });
    const late = backend.hold("find");
    type("b");
    press("Enter");
    late.fail("the index is being made");
    await screen.findByText(/The search failed/);
    await new Promise((wake) => setTimeout(wake));
    expect(launcher.levels).toEqual([]);
  });

  test("shows the wait for a slow search, above the previous list", async () => {
    vi.useFakeTimers();
    const { backend } = await open();
    await vi.advanceTimersByTimeAsync(500);
    backend.late("find", 3_000);
    type("w");
    await vi.advanceTimersByTimeAsync(90);
    expect(screen.queryByRole("progressbar")).toBeNull();
    await vi.advanceTimersByTimeAsync(30);
    expect(screen.getByRole("progressbar", { name: "Waiting for the search" })).toBeTruthy();
    expect(screen.getByText("Queue depth on api-worker")).toBeTruthy();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(screen.getByText("Waiting for the search")).toBeTruthy();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(screen.queryByRole("progressbar")).toBeNull();
    expect(screen.getByRole("listbox", { name: "Search results" })).toBeTruthy();
  });

  test("and Enter, before the response, applies to the typed text", async () => {
    const { backend } = await open();
    const late = backend.hold("find");
    type("q");
    press("Enter");
    late.answer(foundCommand("deploy"));
    await screen.findByRole("combobox", { name: /^app/ });
  });

  test("and text typed after that Enter goes to the view that it opens", async () => {
    const { backend } = await open();
    const late = backend.hold("find");
    type("q");
    press("Enter");
    type("ap");
    late.answer(foundCommand("deploy"));
    const app = await screen.findByRole<HTMLInputElement>("combobox", { name: /^app/ });
    await waitFor(() => expect(app.value).toBe("ap"));
  });

  test("survives a reload, and comes back with ↑ after Esc", async () => {
    const { launcher } = await open();
    type("dep");
    expect(JSON.parse(localStorage.getItem("callboard.draft") ?? "{}")).toMatchObject({ text: "dep" });
    press("Escape");
    await waitFor(() => expect(field().value).toBe(""));
    press("ArrowUp");
    await waitFor(() => expect(field().value).toBe("dep"));
    launcher.finds.text = "";
    await launcher.restore();
    expect(launcher.finds.text).toBe("dep");
  });

  test("shows the error of a failed search", async () => {
    await open({ find: () => Promise.reject(failure("the index is being made")) });
    type("x");
    await screen.findByText(/The search failed: the index is being made/);
  });
});

describe("the window", () => {
  test("goes one level back with Esc, and hides on keyup", async () => {
    const { backend } = await open();
    type("dep");
    press("Escape");
    expect(backend.calls.some(({ name }) => name === "hide")).toBe(false);
    await waitFor(() => expect(field().value).toBe(""));
    field().dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true, cancelable: true }));
    expect(backend.calls.some(({ name }) => name === "hide")).toBe(false);
    field().dispatchEvent(new KeyboardEvent("keyup", { key: "Escape", bubbles: true }));
    expect(backend.calls.at(-1)?.name).toBe("hide");
  });

  test("opens the item of the notification", async () => {
    const { backend } = await open();
    await screen.findByText("Queue depth on api-worker");
    backend.emitShown({ item: "forge/pull_request/acme/web#999" });
    await screen.findByText("acme/web 482 by bo");
    backend.emitShown({ item: "ci/build/acme/web/ci@main" });
    await waitFor(() => expect(selected()).toContain("web main"));
  });

  test("uses the chosen theme", async () => {
    const { backend } = await open({}, { theme: "dark" });
    await waitFor(() => expect(document.documentElement.dataset.theme).toBe("dark"));
    backend.emitDesktop({ theme: "system" });
    await waitFor(() => expect(document.documentElement.dataset.theme).toBeUndefined());
  });

  test("begins with two choices, and the playground is marked and has a way out", async () => {
    const { backend } = await open({ board: { ...board(), sections: [] } }, { first_run: true });
    await screen.findByText("Try the playground");
    backend.answer("board", board());
    press("Enter");
    await screen.findByText("Playground");
    await screen.findByText("Queue depth on api-worker");
    screen.getByText("Leave it").click();
    await waitFor(() => expect(backend.calls.at(-1)?.name).not.toBeUndefined());
    expect(backend.calls.filter(({ name }) => name === "playground").map(({ params }) => params)).toEqual([
      true,
      false,
    ]);
  });

  test("turns on do not disturb for the chosen time", async () => {
    const { backend } = await open();
    await screen.findByText("Queue depth on api-worker");
    press("Ctrl+Shift+D");
    await screen.findByText("1 hour");
    press("ArrowDown");
    const before = Date.now();
    press("Enter");
    await waitFor(() => expect(backend.asked("quiet").length).toBe(1));
    const until = Date.parse(backend.asked("quiet")[0]?.until ?? "");
    expect(until - before).toBeGreaterThanOrEqual(3_600_000);
    expect(until - before).toBeLessThan(3_660_000);
  });
});

test.each<[rows: string, as_of: string | null, banner: string]>([
  ["rows from before", "2026-11-22T11:00:00Z", "Not up to date: hos. Not seen: never."],
  ["no rows from before", null, "Not seen: hos and never."],
])("with %s, the banner says what is old and what is missing", async (_, as_of, banner) => {
  const down = (account: string): NotSeen => ({
    account,
    part: "",
    kind: "down",
    why: "503",
    since: null,
  });
  const old = row("hos/incident/disk", "incident", "Disk full", { as_of });
  const not_seen: NotSeen[] = [down("hos"), { ...down("never"), kind: "reading", why: "not yet" }];
  await open({
    board: { ...board(), sections: [section("Incidents", [old])], not_seen },
    status: { ...STATUS, accounts: 4, accounts_ok: 2, not_seen },
  });
  await screen.findByText(banner);
  // Only what was read counts as connected.
  await screen.findByText("2 of 4 watched accounts connected");
});

test.each<[accounts: number, connected: number, shown: string]>([
  [0, 0, "No watched accounts"],
  [1, 1, "1 watched account connected"],
  [1, 0, "0 of 1 watched account connected"],
  [5, 5, "5 watched accounts connected"],
  [12, 3, "3 of 12 watched accounts connected"],
])("of %i accounts with %i connected, the footer has %j, uncut", async (accounts, accounts_ok, shown) => {
  await open({ status: { ...STATUS, accounts, accounts_ok, troubles: [] } });
  const count = await screen.findByText(shown);
  expect(count.className).not.toContain("cut");
});

test.each<[undelivered: number, in_trouble: boolean, shown: string, name: string]>([
  [5, false, "5 messages not delivered", "5 messages not delivered"],
  [1, false, "1 message not delivered", "1 message not delivered"],
  // Beside an account in trouble there is less room.
  [1200, true, "1,200 not delivered", "1,200 messages not delivered"],
])("%i not delivered, trouble: %s: the footer has %j", async (undelivered, in_trouble, shown, name) => {
  const troubles = in_trouble ? STATUS.troubles : [];
  await open({ status: { ...STATUS, undelivered, troubles } });
  const told = await screen.findByRole("button", { name });
  expect([...told.children].map((part) => part.textContent).join(" ")).toBe(shown);
});
