/** A run while it is followed, and its message. */

import { screen, waitFor, within } from "@testing-library/svelte";
import { describe, expect, onTestFinished, test, vi } from "vitest";

import type { ChannelMessage, ResolveRun } from "../../api";
import { type Answers, failure, type FakeBackend } from "../../fake";
import { detail } from "../../fake/items";
import { delivery } from "../../fake/runs";
import { run } from "../../fake/team";
import { open, press, type } from "./stage";

describe("a run", () => {
  const going = () => run("r1", "deploy api to staging", { state: { state: "running" }, ended_at: null });

  test("that cannot be followed shows why, and is followed again", async () => {
    const { backend } = await open({ run: going() });
    let requests = 0;
    backend.answer("follow_run", () => {
      requests += 1;
      if (requests === 2) throw failure("the engine went away");
      const over = requests > 2;
      return {
        run: over ? run("r1", "deploy api to staging") : going(),
        said: over ? "" : "rolling out",
        output: [`piece ${requests}\n`],
        steps: [],
        seen: requests,
        unrecorded: null,
        delivery: over ? delivery("r1", { state: "posted" }) : null,
      };
    });
    type("deploy api to staging");
    press("Enter");
    await screen.findByText("Start api on ci.acme.example");
    press("Enter");
    await screen.findByText(/cannot be followed at the moment: the engine went away/);
    await screen.findByText("deploy api to staging is done", {}, { timeout: 3_000 });
    expect(screen.queryByText(/cannot be followed/)).toBeNull();
    expect(screen.getByText(/piece 1/).textContent).toContain("piece 3");
  });

  test("whose message failed shows that, and is posted with Ctrl+P", async () => {
    const error = { error: "rejected", why: "the channel is archived" } as const;
    const { backend } = await open({
      follow_run: {
        run: run("r1", "deploy api to staging"),
        said: "",
        output: [],
        steps: [],
        seen: 0,
        unrecorded: null,
        delivery: delivery("r1", { state: "failed", error }),
      },
      retry: delivery("r1", { state: "posted" }),
    });
    await screen.findByRole("group", { name: "Recent runs" });
    press("Ctrl+End");
    press("Enter");
    await screen.findByText("Ran, but the outcome was not posted");
    expect(document.querySelector('[aria-live="assertive"]')?.textContent).toContain(
      "the outcome was not posted",
    );
    press("Ctrl+P");
    await screen.findByText("Posted to");
    expect(backend.asked("retry")).toEqual([{ id: "d-r1" }]);
  });

  test("that ended before it began, because the clock was set back, shows no duration", async () => {
    const times = { started_at: "2026-11-22T12:00:00Z", ended_at: "2026-11-22T11:00:00Z" };
    const odd = run("r1", "deploy api to staging", times);
    const follow_run = {
      run: odd,
      said: "",
      output: [],
      steps: [],
      seen: 0,
      unrecorded: null,
      delivery: null,
    };
    await open({ runs: [odd], follow_run });
    await screen.findByRole("group", { name: "Recent runs" });
    press("Ctrl+End");
    press("Enter");
    const elapsed = await screen.findByRole("timer", { name: "Elapsed" });
    expect(elapsed.textContent).toBe("");
    expect(screen.getByRole("list", { name: "Steps" }).textContent).not.toMatch(/\d:\d/);
  });

  test("that has ended runs again only once its preview was shown for a while, and with a key of its own", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const ended = run("r1", "deploy api to staging");
    const follow_run = {
      run: ended,
      said: "",
      output: [],
      steps: [],
      seen: 0,
      unrecorded: null,
      delivery: delivery("r1", { state: "posted" }),
    };
    const { backend, launcher } = await open({ runs: [ended], follow_run });
    await screen.findByRole("group", { name: "Recent runs" });
    press("Ctrl+End");
    press("Enter");
    await screen.findByText("Recorded as run r1");
    // Twice at once opens it once.
    press("Enter");
    press("Enter");
    await screen.findByText("Start api on ci.acme.example");
    expect(launcher.levels.filter(({ at }) => at === "fill")).toHaveLength(1);
    press("Enter");
    await screen.findAllByText("Read on, then press again");
    vi.setSystemTime(Date.now() + 1_000);
    const held = { key: "Enter", repeat: true, bubbles: true, cancelable: true };
    document.activeElement?.dispatchEvent(new KeyboardEvent("keydown", held));
    expect(backend.asked("run")).toEqual([]);
    press("Enter");
    await waitFor(() => expect(backend.asked("run")).toHaveLength(1));
  });

  test("is stopped with Ctrl+., and goes on when it is left with Esc", async () => {
    const { backend } = await open({ runs: [going()], cancel: going() });
    backend.never("follow_run");
    await screen.findByRole("group", { name: "Recent runs" });
    press("Ctrl+End");
    press("Enter");
    await screen.findByText("Running", { selector: "span" });
    press("Ctrl+.");
    await waitFor(() => expect(backend.asked("cancel")).toEqual([{ id: "r1" }]));
    press("Escape");
    await screen.findByText("Queue depth on api-worker");
  });
});

describe("a run whose outcome is unknown", () => {
  /** A run with an unknown outcome until it is resolved; its message keeps the first state. */
  async function unknown(more: Answers = {}) {
    const lost = { state: { state: "unknown", why: "Jenkins stopped answering" } } as const;
    let known = run("r1", "deploy api to staging", lost);
    const followed = () => ({
      run: known,
      said: "",
      steps: [],
      output: [],
      seen: 0,
      unrecorded: null,
      delivery: delivery("r1", { state: "posted" }),
    });
    const resolve = ({ ran }: ResolveRun) => {
      const state = { state: "settled", ran, by: "kim", at: known.started_at, why: "no answer" } as const;
      return (known = { ...known, state });
    };
    const it = await open({ runs: () => [known], follow_run: followed, resolve_run: resolve, ...more });
    await screen.findByRole("group", { name: "Recent runs" });
    return it;
  }
  const asked = (backend: FakeBackend) => backend.asked("resolve_run");

  test.each([
    ["Ctrl+Shift+Y", true, "kim says it ran"],
    ["Ctrl+Shift+N", false, "kim says it did not run"],
  ])("is resolved with %s on the board", async (keys, ran, text) => {
    const { backend } = await unknown();
    press(keys);
    expect(asked(backend)).toEqual([]);
    press("Ctrl+End");
    await screen.findByRole("button", { name: /^It did not/ });
    press(keys);
    await within(screen.getByRole("region", { name: "Detail" })).findByText(text);
    expect(asked(backend)).toEqual([{ id: "r1", ran }]);
    press(keys);
    expect(asked(backend).length).toBe(1);
    expect(screen.queryByText("It ran")).toBeNull();
  });

  test("is resolved in its view, announced, and offered again if it did not run", async () => {
    const { backend } = await unknown();
    press("Ctrl+End");
    press("Enter");
    const button = await screen.findByRole("button", { name: /^It did not/ });
    button.click();
    await screen.findByRole("heading", { name: "kim says it did not run" });
    expect(document.querySelector('[aria-live="polite"]')?.textContent).toBe("kim says it did not run");
    await screen.findByRole("button", { name: /^Run again…/ });
    expect(backend.asked("run")).toEqual([]);
    press("Enter");
    await screen.findByText("Start api on ci.acme.example");
    expect(backend.asked("run")).toEqual([]);
  });

  test("is resolved in the list of runs, and from its actions", async () => {
    const { backend } = await unknown({ deliveries: [], rooms: [] });
    press("Ctrl+Shift+R");
    await screen.findByRole("button", { name: /^It ran/ });
    press("Ctrl+K");
    const actions = await screen.findByRole("listbox", { name: "Actions for deploy api to staging" });
    within(actions).getByText("It did not").click();
    await screen.findByText("kim says it did not run");
    expect(asked(backend)).toEqual([{ id: "r1", ran: false }]);
  });

  test("shows the error if somebody else resolved it first", async () => {
    const { backend } = await unknown();
    backend.fail(
      "resolve_run",
      "run r1 is resolved: ana says it ran; only one whose outcome is not known can be resolved",
    );
    press("Ctrl+End");
    press("Enter");
    await screen.findByRole("button", { name: /^It ran/ });
    press("Ctrl+Shift+Y");
    await screen.findByText(/run r1 is resolved: ana says it ran/, { selector: ".cut" });
  });

  test("shows that it was resolved elsewhere", async () => {
    const { backend } = await unknown();
    press("Ctrl+End");
    press("Enter");
    await screen.findByRole("button", { name: /^It ran/ });
    await backend.call("resolve_run", { id: "r1", ran: true });
    backend.emitChanged();
    await screen.findByRole("heading", { name: "kim says it ran" });
  });
});

describe("rooms and runs", () => {
  test("begin with the message of the tour's run if that is the next step", async () => {
    const runs = [run("r1", "deploy api to staging", { post: "chat:#deploys" })];
    const { launcher } = await open({ runs }, { playground: true });
    await screen.findByText("Queue depth on api-worker");
    launcher.tour.take("run");
    press("Ctrl+Shift+R");
    await waitFor(() =>
      within(screen.getByRole("log", { name: "Messages" })).getByText(
        /What Callboard posted in #deploys on chat/,
      ),
    );
    expect(launcher.tour.over).toBe(true);
  });

  test("name an alert by its title, not by its reference", async () => {
    const values = { alert: "a1b2" };
    const items = {
      alert: { ...detail("alerts/incident/a1b2").item, key: "alerts/incident/a1b2", title: "Disk full" },
    };
    const runs = [run("r1", "silence a1b2", { args: { values, items, pairs: [] } })];
    await open({ runs, rooms: [] });
    press("Ctrl+Shift+R");
    await screen.findByText(/^silence Disk full/);
    expect(screen.queryByText(/a1b2/)).toBeNull();
  });

  const error = { error: "unavailable", why: "chat did not answer" } as const;
  test("show of a run what its own page shows", async () => {
    const blocks = [{ fields: [["Until", "18:00"] as [string, string]] }];
    const outcome = { ok: true, summary: "Disk full is silenced", blocks, link: null, data: null };
    const known = run("r1", "silence a1", { state: { state: "done", outcome } });
    const progress = { run: known, said: "", output: [], steps: [], seen: 0, delivery: null };
    await open({ runs: [known], rooms: [], follow_run: { ...progress, unrecorded: null } });
    press("Ctrl+Shift+R");
    await within(await screen.findByRole("log", { name: "Output" })).findByText("Until: 18:00");
    expect(screen.queryByText("No output")).toBeNull();
  });

  test("tell what was posted from left to right, whatever an alert is called", async () => {
    const title = "הדיסק מלא triggered";
    const known = delivery("0199aa00-0000-7000-8000-000000000604", { state: "failed", error });
    const late = { ...known, message: { ...known.message, title } };
    const none = { under: null, run: null, edited_at: null, link: null };
    const state = { state: "posted" } as const;
    const posted: ChannelMessage = { ...none, id: "m1", message: late.message, at: late.created_at, state };
    await open({ deliveries: [late], channel_messages: [posted], runs: [] });
    press("Ctrl+Shift+R");
    await screen.findByText(`\u2066${title}\u2069`);
    press("ArrowDown");
    const told = await within(await screen.findByRole("log", { name: "Messages" })).findByText(title);
    expect(told.closest("[dir]")).toBeNull();
  });

  test("open a room at its newest message, and stay where a person reads", async () => {
    const high = vi.spyOn(Element.prototype, "scrollHeight", "get").mockReturnValue(900);
    onTestFinished(() => high.mockRestore());
    const { backend } = await open({ runs: [] });
    press("Ctrl+Shift+R");
    const messages = await screen.findByRole("log", { name: "Messages" });
    await within(messages).findByText("api 1.42.0 is on staging");
    expect(messages.scrollTop).toBe(900);
    messages.scrollTop = 100;
    messages.dispatchEvent(new Event("scroll"));
    const before = backend.asked("channel_messages").length;
    backend.emitChanged();
    await waitFor(() => expect(backend.asked("channel_messages").length).toBeGreaterThan(before));
    await new Promise((wake) => setTimeout(wake));
    expect(messages.scrollTop).toBe(100);
  });

  test("show the room's messages and a run's output, and post a failed message again", async () => {
    const late = delivery("0199aa00-0000-7000-8000-000000000604", { state: "failed", error });
    const { backend } = await open({ deliveries: [late], retry: late });
    type("room");
    press("Enter");
    await screen.findByRole("heading", { name: "Rooms and runs" });
    await screen.findByText(/Not posted. Why: chat did not answer/);
    press("Ctrl+P");
    await waitFor(() => expect(backend.asked("retry")).toEqual([{ id: late.id }]));
    press("ArrowDown");
    const messages = () => screen.findByRole("log", { name: "Messages" });
    // Each room has a list of its own.
    const shows = (text: string | RegExp) =>
      waitFor(() => within(screen.getByRole("log", { name: "Messages" })).getByText(text));
    // The built-in room is the first.
    await shows(/^The built-in room/);
    await shows("api 1.42.0 is on staging");
    const thread = await within(await messages()).findByRole("group", { name: "1 in the thread" });
    within(thread).getByText("Smoke test passed");
    expect(screen.queryByText(/edit refused/)).toBeNull();
    press("ArrowDown");
    await shows("web 2.8.1 is on staging");
    within(await messages()).getByText("last edit refused: too old");
    await shows(/What Callboard posted in #deploys on chat/);
    press("ArrowDown");
    await shows("Nothing has been posted here yet");
    press("ArrowDown");
    await within(await screen.findByRole("log", { name: "Output" })).findByText(/Rolling out/);
    press("Enter");
    await screen.findByText(/Recorded as run/);
    press("Escape");
    await screen.findByRole("heading", { name: "Rooms and runs" });
  });
});
