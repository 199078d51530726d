/** The acts on a row of the board, in its window. */

import { screen, waitFor, within } from "@testing-library/svelte";
import { describe, expect, test, vi } from "vitest";

import { run } from "../../fake/team";
import { ack, field, open, press, selected, type } from "./stage";

describe("on a row", () => {
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
