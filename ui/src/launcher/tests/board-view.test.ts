/** The board in its window. */

import { screen, waitFor, within } from "@testing-library/svelte";
import { describe, expect, test, vi } from "vitest";

import type { NotSeen } from "../../api";
import { board, row, section, STATUS } from "../../fake/team";
import { field, open, press, selected, type } from "./stage";

const FORGE_DOWN: NotSeen = { account: "forge", part: "", kind: "down", why: "403", since: null };

describe("the board", () => {
  test("shows its sections, and the field refers to the first row", async () => {
    await open();
    const list = await screen.findByRole("listbox", { name: "What needs a person" });
    await within(list).findByRole("group", { name: "Recent runs" });
    const names = within(list)
      .getAllByRole("group")
      .map((group) => group.getAttribute("aria-label"));
    expect(names).toEqual([
      "Incidents",
      "Builds",
      "Pull requests",
      "Running",
      "Waiting on others",
      "Recent runs",
    ]);
    expect(document.activeElement).toBe(field());
    expect(field().getAttribute("aria-activedescendant")).toBe(within(list).getAllByRole("option")[0]?.id);
  });

  test("shows the detail of the selected row, and its log from the first error", async () => {
    const { backend } = await open();
    await screen.findByText("web");
    press("Ctrl+ArrowDown");
    const detail = screen.getByRole("region", { name: "Detail" });
    await within(detail).findByText(/Failed in unit tests after 2 green/);
    const log = await within(detail).findByRole("log");
    expect(log.querySelectorAll(".error").length).toBe(3);
    expect(log.getAttribute("aria-live")).toBe("off");
    expect(backend.asked("item_log")).toEqual([{ item: "ci/build/acme/web/ci@main" }]);
  });

  test("keeps the selection when it is read again, also with new rows", async () => {
    const { backend } = await open();
    await screen.findByText("Queue depth on api-worker");
    press("ArrowDown");
    await waitFor(() => expect(selected()).toContain("Queue depth"));
    const [first, ...rest] = board().sections;
    const rows = [row("alerts/incident/new", "incident", "Disk is full"), ...(first?.rows ?? [])];
    backend.answer("board", { ...board(), sections: [section("Incidents", rows), ...rest] });
    backend.emitChanged();
    await screen.findByText("Disk is full");
    expect(selected()).toContain("Queue depth");
  });

  test("does not reorder within 400 ms of a press, and does after", async () => {
    const { backend } = await open();
    await screen.findByText("Queue depth on api-worker");
    vi.useFakeTimers();
    press("ArrowDown");
    const [first, ...rest] = board().sections;
    backend.answer("board", {
      ...board(),
      sections: [section("Incidents", [...(first?.rows ?? [])].reverse()), ...rest],
    });
    backend.emitChanged();
    await vi.advanceTimersByTimeAsync(200);
    const firstRow = () => document.querySelector('[role="option"]')?.textContent;
    expect(firstRow()).toContain("Checkout");
    await vi.advanceTimersByTimeAsync(400);
    expect(firstRow()).toContain("Queue depth");
  });

  test("requests everyone's rows with Ctrl+E", async () => {
    const { backend } = await open();
    await screen.findByText("Queue depth on api-worker");
    press("Ctrl+E");
    await screen.findByRole("listbox", { name: "Everything that is open" });
    await screen.findByText("docs");
    expect(backend.asked("board").at(-1)).toEqual({ kind: null, all: true, snoozed: false });
  });

  test("of ten thousand rows draws fewer than 200, and reaches the last", async () => {
    const rows = Array.from({ length: 10_000 }, (_, at) =>
      row(`ci/build/app${at}`, "failing", `app${at} main`),
    );
    await open({ board: { ...board(), sections: [section("Builds", rows)] }, runs: [] });
    await screen.findByText("app0");
    expect(document.querySelectorAll('[role="option"]').length).toBeLessThan(200);
    press("Ctrl+End");
    await screen.findByText("app9999");
    expect(document.querySelectorAll('[role="option"]').length).toBeLessThan(200);
  });

  test.each([
    ["markup", '<img src=x onerror="document.title=1"><b>bold</b>'],
    ["right to left", "‏שלום עולם‏ فشل البناء"],
    ["emoji", "👩‍👩‍👧‍👦 deploy 🚀"],
    ["ten thousand letters", "x".repeat(10_000)],
  ])("shows %s as text", async (_, title) => {
    const rows = [row("alerts/incident/odd", "incident", title)];
    await open({ board: { ...board(), sections: [section("Incidents", rows)] } });
    const option = (await screen.findAllByRole("option"))[0];
    expect(option?.textContent).toContain(title);
    expect(option?.querySelector("img, b")).toBeNull();
    expect(option?.querySelector('[dir="auto"]')).not.toBeNull();
  });

  test("without rows shows that nothing needs you, and what to do next", async () => {
    const { backend } = await open({ board: { ...board(), sections: [] } });
    await screen.findByText("Nothing needs you");
    press("Ctrl+G");
    expect(backend.calls.at(-1)).toEqual({ name: "showSettings", params: "activity" });
  });

  test("is never calm while something is not seen", async () => {
    const secret: NotSeen = {
      account: "forge",
      part: "acme/secret",
      kind: "part",
      why: "the token may not read it (403)",
      since: null,
    };
    const { backend } = await open({ board: { ...board(), sections: [], not_seen: [secret] } });
    await screen.findByText("Nothing needs you in what is seen");
    await screen.findByText("acme/secret");
    expect(screen.getByText(/Why: the token may not read it \(403\)/)).toBeTruthy();
    expect(screen.queryByText("Nothing needs you")).toBeNull();
    const down: NotSeen = { ...secret, part: "", kind: "down", why: "503" };
    backend.answer("board", { ...board(), not_seen: [down, secret] });
    backend.emitChanged();
    await screen.findByText("Not seen: forge and acme/secret.");
    // Search results are not calm either: some may be missing or outdated.
    type("zzzz nothing is called that");
    await screen.findByText("No results");
    expect(screen.getByText("Not seen: forge and acme/secret.")).toBeTruthy();
  });

  test.each<[what: string, watched: number | null, not_seen: NotSeen[], title: string, line: string | null]>([
    ["with all accounts watched", 2, [], "Nothing needs you", "2 accounts are watched."],
    ["with a chat that is not watched", 1, [], "Nothing needs you", "1 account is watched."],
    ["with none watched", 0, [], "Nothing is watched", null],
    ["with none that can be read", 0, [FORGE_DOWN], "Nothing needs you in what is seen", null],
    ["with one of two down", 1, [FORGE_DOWN], "Nothing needs you in what is seen", "1 account is watched."],
    ["without a count", null, [], "Nothing needs you", null],
  ])("without rows and %s shows what is watched", async (_, watched, not_seen, title, line) => {
    await open({
      board: { ...board(), sections: [], not_seen },
      status: { ...STATUS, accounts: 2, watched, not_seen },
      runs: [],
    });
    await screen.findByText(title);
    if (line) await screen.findByText(line);
    else expect(screen.queryByText(/watched\./)).toBeNull();
    expect(screen.queryByText("Nothing needs you") !== null).toBe(title === "Nothing needs you");
  });

  test("everything that is not seen is listed, also by key, and leads to its account", async () => {
    const part = (name: string): NotSeen => ({
      account: "forge",
      part: `acme/${name}`,
      kind: "part",
      why: `the token may not read ${name} (403)`,
      since: null,
    });
    const names = ["a", "b", "c", "d", "e", "f", "g"];
    const { backend } = await open({ board: { ...board(), not_seen: names.map(part) } });
    await screen.findByText("Not seen: acme/a, acme/b.");
    expect(screen.getByRole("button", { name: /^and 5 more/ })).toBeTruthy();
    press("Ctrl+Shift+J");
    const palette = await screen.findByRole("dialog", { name: "Not seen" });
    expect(within(palette).getAllByRole("option").length).toBe(names.length);
    expect(
      within(palette).getByText("acme/g is not seen. Why: the token may not read g (403)."),
    ).toBeTruthy();
    type("read g");
    await waitFor(() => expect(within(palette).getAllByRole("option").length).toBe(1));
    press("Enter");
    await waitFor(() =>
      expect(backend.calls.at(-1)).toEqual({ name: "showSettings", params: "accounts/forge" }),
    );
    screen.getByRole("button", { name: /^and 5 more/ }).click();
    await screen.findByRole("dialog", { name: "Not seen" });
    press("Escape");
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  });

  test("a row that is merely missing is not ticked, an ended one shows how it ended", async () => {
    const { backend } = await open();
    await screen.findByText("Queue depth on api-worker");
    const [first, ...rest] = board().sections;
    const without = (key: string) =>
      section(
        "Incidents",
        (first?.rows ?? []).filter((row) => row.key !== key),
      );
    backend.answer("off_board", ({ items }) => items.map((item) => ({ item, why: "open" as const })));
    backend.answer("board", { ...board(), sections: [without("alerts/incident/checkout"), ...rest] });
    backend.emitChanged();
    await waitFor(() => expect(screen.queryByText("Checkout slower than 2 s")).toBeNull());
    backend.answer("off_board", ({ items }) => items.map((item) => ({ item, why: "resolved" as const })));
    backend.answer("board", { ...board(), sections: rest });
    backend.emitChanged();
    await screen.findByText("resolved");
    expect(screen.getByText("Queue depth on api-worker")).toBeTruthy();
  });

  test("keeps its rows and shows the failure if the engine does not answer", async () => {
    const { backend } = await open();
    await screen.findByText("Queue depth on api-worker");
    backend.fail("board", "the engine cannot be reached");
    backend.emitChanged();
    await screen.findByText(/The board cannot be read: the engine cannot be reached/);
    expect(screen.getByText("Queue depth on api-worker")).toBeTruthy();
  });

  test("shows an error of the file with its place", async () => {
    const fault = {
      file: "/home/kim/callboard.toml",
      line: 12,
      column: 3,
      what: "expected an environment",
      text: "stagin",
    };
    await open({ status: { ...STATUS, errors: [fault] } });
    await screen.findByText("callboard.toml, line 12, column 3: expected an environment.");
  });

  test("shows a wait for the engine, during which the field still works", async () => {
    vi.useFakeTimers();
    const { backend } = await open();
    await vi.advanceTimersByTimeAsync(0);
    backend.never("board");
    backend.emitChanged();
    await vi.advanceTimersByTimeAsync(90);
    expect(screen.queryByRole("progressbar")).toBeNull();
    await vi.advanceTimersByTimeAsync(30);
    expect(screen.getByRole("progressbar")).toBeTruthy();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(screen.getByText("Waiting for the board")).toBeTruthy();
    await vi.advanceTimersByTimeAsync(8_000);
    expect(screen.getByText("Waiting for the board. Esc leaves it running")).toBeTruthy();
    type("dep");
    await vi.advanceTimersByTimeAsync(10);
    expect(screen.getByText("Commands")).toBeTruthy();
  });
});
