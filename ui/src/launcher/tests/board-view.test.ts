/** The board in its window, and the acts on its rows. */

import { screen, waitFor, within } from "@testing-library/svelte";
import { describe, expect, test, vi } from "vitest";

import type { NotSeen, Plan } from "../../api";
import { board, row, run, section, STATUS } from "../../fake/team";
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

describe("on a row", () => {
  const ack = {
    command: "alert ack",
    line: "alert ack",
    account: "alerts",
    acts_as: null,
    steps: [{ what: "Acknowledge Checkout on pager.example", exactly: "PUT /incidents/1" }],
    post: null,
    post_reason: "",
    confirm: null,
  } as Plan;
  const bar = () => screen.findByRole("group", { name: "About to be sent" });

  test("an acknowledgement shows what will be sent, and the engine undoes it", async () => {
    const { backend } = await open();
    await screen.findByText("Acknowledge");
    const held = backend.hold("prepare");
    press("Ctrl+I");
    await screen.findByText("not sent yet");
    held.answer(ack);
    await within(await bar()).findByText(/Acknowledge Checkout on pager.example/);
    expect(backend.asked("run").map(({ what, undo }) => [what.line, undo])).toEqual([
      ["alert ack alerts/incident/checkout", true],
    ]);
    press("Ctrl+B");
    await waitFor(() => expect(screen.queryByText("not sent yet")).toBeNull());
    expect(screen.queryByRole("group", { name: "About to be sent" })).toBeNull();
    expect(backend.asked("cancel").length).toBe(1);
  });

  test("an acknowledgement is under way once the engine no longer delays it", async () => {
    vi.useFakeTimers();
    const { launcher } = await open({ prepare: ack });
    await vi.advanceTimersByTimeAsync(500);
    press("Ctrl+I");
    await vi.advanceTimersByTimeAsync(4_500);
    expect([launcher.pending.newest?.title, launcher.pending.left]).toEqual(["Acknowledge", 1]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(launcher.pending.newest).toBeNull();
    expect(launcher.boards.marks.get("alerts/incident/checkout")).toBe("taken");
  });

  test("a second acknowledgement waits beside the first, and each is undone by itself", async () => {
    const { backend, launcher } = await open({ prepare: ack });
    await screen.findByText("Acknowledge");
    press("Enter");
    await bar();
    expect(launcher.tour.steps.map(({ done }) => done)).toEqual([true, false, false]);
    const first = launcher.pending.newest?.run.id;
    press("Enter");
    press("ArrowDown");
    await screen.findByText("Acknowledge");
    expect(backend.asked("run").length).toBe(1);
    press("Ctrl+I");
    await waitFor(() => expect(launcher.pending.newest?.run.id).not.toBe(first));
    press("Ctrl+B");
    await waitFor(() => expect(launcher.pending.newest?.run.id).toBe(first));
    press("Ctrl+B");
    await waitFor(() => expect(launcher.pending.newest).toBeNull());
    expect(backend.asked("cancel").map(({ id }) => id)).toContain(first);
  });

  test("a run that the engine delays is shown by a window that is created later", async () => {
    const until = new Date(Date.now() + 4_000).toISOString();
    const item = "alerts/incident/checkout";
    const held = run("h1", "alert ack", { item, ended_at: null, state: { state: "pending", until } });
    const { backend } = await open({
      runs: [held],
      cancel: { ...held, state: { state: "canceled", sent: false } },
    });
    backend.never("follow_run");
    within(await bar())
      .getByRole("button", { name: /^Undo/ })
      .click();
    await waitFor(() => expect(backend.asked("cancel")).toEqual([{ id: "h1" }]));
    await waitFor(() => expect(screen.queryByRole("group", { name: "About to be sent" })).toBeNull());
  });

  test("closing the window does not affect a run that the engine delays", async () => {
    const { backend, launcher } = await open({ prepare: ack });
    await screen.findByText("Acknowledge");
    press("Ctrl+I");
    await bar();
    await launcher.hide();
    backend.emitShown();
    expect(backend.asked("cancel")).toEqual([]);
    await bar();
  });

  // how the run ends -> what its row says, the title and the reason shown for the rollback
  test.each([
    [
      { state: "failed", error: { error: "rejected", why: "resolved at 12:11" } } as const,
      "not accepted",
      "The acknowledgement did not hold",
      /resolved at 12:11/,
    ],
    [
      { state: "unknown", why: "the answer was cut" } as const,
      "may have happened",
      "The acknowledgement may not hold",
      /not known whether it ran: the answer was cut/,
    ],
    [
      { state: "canceled", sent: true } as const,
      "may have happened",
      "The acknowledgement may not hold",
      /stopped after something had been sent/,
    ],
  ])("an acknowledgement that ends as %j is rolled back", async (state, says, title, why) => {
    const item = "alerts/incident/checkout";
    await open({ prepare: ack, run: run("a1", "alert ack", { item, state }) });
    await screen.findByText("Acknowledge");
    press("Ctrl+I");
    await screen.findByText(says);
    expect(screen.getByText(title)).toBeTruthy();
    expect(screen.getAllByText(why).length).toBeGreaterThan(0);
    press("Enter");
    await waitFor(() => expect(screen.queryByText(says)).toBeNull());
  });

  test("a line from outside the window is shown with its preview", async () => {
    const { backend } = await open();
    await screen.findByText("Acknowledge");
    backend.emitShown({ item: "alerts/incident/checkout", line: "deploy api to staging" });
    await screen.findByText("Start api on ci.acme.example");
    expect(backend.asked("run")).toEqual([]);
  });

  test("a snooze is marked, and a refused one is rolled back", async () => {
    const { backend } = await open();
    await screen.findByText("Queue depth on api-worker");
    press("Ctrl+S");
    const palette = await screen.findByRole("dialog");
    expect(within(palette).getAllByRole("option").length).toBe(3);
    type("changes");
    await waitFor(() => expect(within(palette).getAllByRole("option").length).toBe(1));
    press("Enter");
    await screen.findByText("snoozed");
    expect(backend.asked("snooze")).toEqual([{ item: "alerts/incident/checkout", until: null }]);
    // The selection moves to the next row, and does not follow the snoozed one to the end of the board.
    expect(selected()).toContain("Queue depth on api-worker");
    backend.fail("snooze", "the store is full");
    press("Ctrl+S");
    await screen.findByRole("dialog");
    press("Enter");
    await screen.findByText("the store is full");
  });

  test("a snooze can be typed, and is shown as parsed before Enter", async () => {
    const { backend } = await open();
    await screen.findByText("Queue depth on api-worker");
    press("Ctrl+S");
    const palette = await screen.findByRole("dialog");
    type("frid");
    await within(palette).findByText(/^Expected a length of time such as 2h.*found "frid"\.$/);
    press("Enter");
    expect(backend.asked("snooze")).toEqual([]);
    // Enter waits for the parsed time; a late response for fewer letters is dropped.
    const held = backend.hold("snooze_times");
    type("ay");
    press("Enter");
    expect(backend.asked("snooze")).toEqual([]);
    held.fail("expected something else");
    const until = "2026-12-04T08:00:00Z";
    await waitFor(() =>
      expect(backend.asked("snooze")).toEqual([{ item: "alerts/incident/checkout", until }]),
    );
  });

  test("a typed time comes before a choice that merely contains its letters", async () => {
    const { backend } = await open();
    await screen.findByText("Queue depth on api-worker");
    const offered = { name: "tomorrow", words: "Until tomorrow, 9:00", until: "2026-12-05T08:00:00Z" };
    const today = {
      name: "2026-12-04T08:00:00Z",
      words: "Until today, 09:00",
      until: "2026-12-04T08:00:00Z",
    };
    backend.answer("snooze_times", ({ typed }) => [typed ? today : offered]);
    press("Ctrl+S");
    const palette = await screen.findByRole("dialog");
    type("9:00");
    await within(palette).findByText("Until today, 09:00");
    const titles = within(palette)
      .getAllByRole("option")
      .map((option) => option.textContent?.trim());
    expect(titles).toEqual(["Until today, 09:00", "Until tomorrow, 9:00"]);
    press("Enter");
    await waitFor(() => expect(backend.asked("snooze")[0]?.until).toBe(today.until));
  });

  test("a closed list does not snooze, however late the response for the typed time arrives", async () => {
    const { backend } = await open();
    await screen.findByText("Queue depth on api-worker");
    const offered = { name: "tomorrow", words: "Until tomorrow, 9:00", until: "2026-12-05T08:00:00Z" };
    backend.answer("snooze_times", () => [offered]);
    press("Ctrl+S");
    await screen.findByRole("dialog");
    const held = backend.hold("snooze_times");
    type("9");
    press("Enter");
    press("Escape");
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    const until = "2026-12-04T08:00:00Z";
    held.answer([{ name: until, words: "Until today, 9:00", until }]);
    // Only the later choice takes effect.
    press("Ctrl+S");
    await screen.findByRole("dialog");
    press("Enter");
    await waitFor(() => expect(backend.asked("snooze").map(({ until }) => until)).toEqual([offered.until]));
  });

  test("an entry marked with the arrows stays marked when the typed time is parsed", async () => {
    const { backend } = await open();
    await screen.findByText("Queue depth on api-worker");
    const tomorrow = { name: "tomorrow", words: "Until tomorrow, 9:00", until: "2026-12-05T08:00:00Z" };
    const monday = { name: "monday", words: "Until Monday, 9:00", until: "2026-12-07T08:00:00Z" };
    backend.answer("snooze_times", () => [tomorrow, monday]);
    press("Ctrl+S");
    const palette = await screen.findByRole("dialog");
    const held = backend.hold("snooze_times");
    type("9");
    press("ArrowDown");
    const until = "2026-12-04T08:00:00Z";
    held.answer([{ name: until, words: "Until today, 9:00", until }]);
    await within(palette).findByText("Until today, 9:00");
    const marked = within(palette).getByRole("option", { selected: true });
    expect(marked.textContent?.trim()).toBe("Until Monday, 9:00");
    press("Enter");
    await waitFor(() => expect(backend.asked("snooze")[0]?.until).toBe(monday.until));
  });

  test("Ctrl+K lists all actions, filtered by typing", async () => {
    const { backend } = await open();
    await screen.findByText("Acknowledge");
    press("Ctrl+K");
    const palette = await screen.findByRole("dialog");
    type("brow");
    await waitFor(() => expect(within(palette).getAllByRole("option").length).toBe(1));
    press("Enter");
    await waitFor(() =>
      expect(backend.calls.at(-1)).toEqual({ name: "openLink", params: "https://pager.example/1" }),
    );
    expect(document.activeElement).toBe(field());
  });

  test("Ctrl+/ explains the notification", async () => {
    const { backend } = await open();
    await screen.findByText("Acknowledge");
    press("Ctrl+/");
    await screen.findByText("main is red");
    expect(backend.asked("rules_explain")).toEqual([{ event: 12 }]);
  });
});
