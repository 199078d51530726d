import { screen, waitFor, within } from "@testing-library/svelte";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { failure } from "../../fake";
import { delivery } from "../../fake/runs";
import { board, row, run, STATUS } from "../../fake/team";
import { open, press, type } from "./stage";

beforeEach(() => localStorage.clear());
afterEach(() => vi.useRealTimers());

const field = () => screen.getByRole<HTMLInputElement>("combobox", { name: "Search or type a command" });
const selected = () => document.querySelector('[role="option"][aria-selected="true"]')?.textContent ?? "";

describe("the board", () => {
  test("is there with its sections, and the field names the first row", async () => {
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

  test("shows the detail, and the log from its first error, of the row that the keys are on", async () => {
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

  test("keeps the selection when it is read again, and new rows never move it", async () => {
    const { backend } = await open();
    await screen.findByText("Queue depth on api-worker");
    press("ArrowDown");
    await waitFor(() => expect(selected()).toContain("Queue depth"));
    const [first, ...rest] = board().sections;
    const rows = [row("alerts/incident/new", "incident", "Disk is full"), ...(first?.rows ?? [])];
    backend.answer("board", { ...board(), sections: [{ title: "Incidents", rows }, ...rest] });
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
      sections: [{ title: "Incidents", rows: [...(first?.rows ?? [])].reverse() }, ...rest],
    });
    backend.emitChanged();
    await vi.advanceTimersByTimeAsync(200);
    const firstRow = () => document.querySelector('[role="option"]')?.textContent;
    expect(firstRow()).toContain("Checkout");
    await vi.advanceTimersByTimeAsync(400);
    expect(firstRow()).toContain("Queue depth");
  });

  test("asks for everything with Ctrl+E", async () => {
    const { backend } = await open();
    await screen.findByText("Queue depth on api-worker");
    press("Ctrl+E");
    await screen.findByRole("listbox", { name: "Everything that is open" });
    await screen.findByText("docs");
    expect(backend.asked("board").at(-1)).toEqual({ kind: null, all: true });
  });

  test("of ten thousand rows draws fewer than 200, and reaches the last", async () => {
    const rows = Array.from({ length: 10_000 }, (_, at) =>
      row(`ci/build/app${at}`, "failing", `app${at} main`),
    );
    await open({ board: { ...board(), sections: [{ title: "Builds", rows }] }, runs: [] });
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
    await open({ board: { ...board(), sections: [{ title: "Incidents", rows }] } });
    const option = (await screen.findAllByRole("option"))[0];
    expect(option?.textContent).toContain(title);
    expect(option?.querySelector("img, b")).toBeNull();
    expect(option?.querySelector('[dir="auto"]')).not.toBeNull();
  });

  test("says that nothing needs you, and what to do next", async () => {
    const { backend } = await open({ board: { ...board(), sections: [] } });
    await screen.findByText("Nothing needs you");
    press("Ctrl+G");
    expect(backend.calls.at(-1)).toEqual({ name: "showSettings", params: "activity" });
  });

  test("keeps what it had, and says so, where the engine does not answer", async () => {
    const { backend } = await open();
    await screen.findByText("Queue depth on api-worker");
    backend.fail("board", "the engine cannot be reached");
    backend.emitChanged();
    await screen.findByText(/The board cannot be read: the engine cannot be reached/);
    expect(screen.getByText("Queue depth on api-worker")).toBeTruthy();
  });

  test("shows a fault of the file with its place", async () => {
    const fault = {
      file: "/home/kim/callboard.toml",
      line: 12,
      column: 3,
      what: "expected an environment",
      text: "stagin",
    };
    await open({ status: { ...STATUS, faults: [fault] } });
    await screen.findByText("callboard.toml, line 12, column 3: expected an environment.");
  });

  test("never answering is told, and the field goes on", async () => {
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

describe("typing", () => {
  test("finds, marks what fits, and completes with Tab", async () => {
    await open();
    type("dep");
    const list = await screen.findByRole("listbox", { name: "What was found" });
    await within(list).findByRole("group", { name: "Run again" });
    expect(list.querySelector("mark")?.textContent).toBe("dep");
    press("Tab");
    await waitFor(() => expect(field().value).toBe("deploy"));
  });

  test("shows the newest answer, however late an older one comes", async () => {
    const { backend } = await open();
    const late = backend.hold("find");
    type("d");
    type("e");
    await screen.findByRole("listbox", { name: "What was found" });
    late.answer({
      commands: [
        { name: "old", title: [{ text: "old answer", hit: false }], summary: "", posts_to: "x", takes: "" },
      ],
      items: [],
      runs: [],
      completion: null,
    });
    await new Promise((wake) => setTimeout(wake));
    expect(screen.queryByText("old answer")).toBeNull();
  });

  test("and Enter, faster than the answer, means what was typed", async () => {
    const { backend } = await open();
    const late = backend.hold("find");
    type("q");
    press("Enter");
    late.answer({
      commands: [
        { name: "deploy", title: [{ text: "deploy", hit: false }], summary: "", posts_to: "x", takes: "" },
      ],
      items: [],
      runs: [],
      completion: null,
    });
    await screen.findByRole("combobox", { name: /^app/ });
  });

  test("and what is typed after that Enter goes to what it leads to", async () => {
    const { backend } = await open();
    const late = backend.hold("find");
    type("q");
    press("Enter");
    type("ap");
    late.answer({
      commands: [
        { name: "deploy", title: [{ text: "deploy", hit: false }], summary: "", posts_to: "x", takes: "" },
      ],
      items: [],
      runs: [],
      completion: null,
    });
    const app = await screen.findByRole<HTMLInputElement>("combobox", { name: /^app/ });
    await waitFor(() => expect(app.value).toBe("ap"));
  });

  test("survives a reload, and Esc and ↑", async () => {
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

  test("a search that fails is told in its place", async () => {
    await open({ find: () => Promise.reject(failure("the index is being made")) });
    type("x");
    await screen.findByText(/The search does not answer: the index is being made/);
  });
});

describe("a command", () => {
  test("typed in full runs to its outcome, and the room is told", async () => {
    const { backend } = await open({
      follow_run: ({ id }) => ({
        run: run(id, "deploy api to staging"),
        said: "",
        output: ["rolling out\n"],
        seen: 1,
        delivery: delivery(id, { state: "posted" }),
      }),
    });
    type("deploy api to staging");
    press("Enter");
    await screen.findByText("Start api on ci.acme.example");
    expect(screen.getByText("All arguments are valid")).toBeTruthy();
    expect(screen.getByText("deploys")).toBeTruthy();
    expect(backend.asked("run")).toEqual([]);
    press("Enter");
    await screen.findByText("deploy api to staging is done");
    expect(screen.getByText("rolling out")).toBeTruthy();
    expect(screen.getByText("Posted in")).toBeTruthy();
    expect(backend.asked("run")).toEqual([
      { what: { line: "deploy api staging", channel: null, private: false }, confirmed: null },
    ]);
  });

  test("asks for what is missing, one after the other", async () => {
    await open();
    type("deploy");
    press("Enter");
    await screen.findByRole("combobox", { name: /^app/ });
    await screen.findByRole("option", { name: /api/ });
    press("Enter");
    await screen.findByRole("combobox", { name: /^env/ });
    await screen.findByRole("option", { name: /staging/ });
    press("Enter");
    await screen.findByText("Start api on ci.acme.example");
    press("Shift+Tab");
    await screen.findByRole("combobox", { name: /^app/ });
  });

  test("says what is wrong in its place, and does not run", async () => {
    const { backend } = await open();
    type("deploy api to stagin");
    press("Enter");
    await screen.findAllByText(/expected an environment, found "stagin"/);
    expect(screen.getByRole("combobox", { name: /^env/ }).getAttribute("aria-invalid")).toBe("true");
    expect(screen.getByRole<HTMLButtonElement>("button", { name: /^Run/ }).disabled).toBe(true);
    expect(backend.asked("run")).toEqual([]);
  });

  test("asks for the text of what it changes, which may be pasted", async () => {
    const { backend } = await open();
    type("deploy api to production");
    press("Enter");
    await screen.findByText("Start api on ci.acme.example");
    press("Enter");
    const confirm = await screen.findByRole<HTMLInputElement>("textbox", { name: /Type production/ });
    expect(document.activeElement).toBe(confirm);
    type("produ");
    await screen.findByText("5 more letters");
    press("Enter");
    expect(backend.asked("run")).toEqual([]);
    confirm.value = "production";
    confirm.dispatchEvent(new Event("input", { bubbles: true }));
    press("Enter");
    await waitFor(() => expect(backend.asked("run")[0]?.confirmed).toBe("production"));
  });

  test("runs privately with one more key, and says so", async () => {
    const { backend } = await open();
    type("deploy api to staging");
    press("Enter");
    await screen.findByText("Start api on ci.acme.example");
    press("Ctrl+Shift+P");
    await screen.findByText("Private:");
    press("Enter");
    await waitFor(() => expect(backend.asked("run")[0]?.what.private).toBe(true));
  });

  test("that is refused says why, and stays", async () => {
    await open({ run: () => Promise.reject(failure("deploy freeze needs the release group")) });
    type("deploy api to staging");
    press("Enter");
    await screen.findByText("Start api on ci.acme.example");
    press("Enter");
    await screen.findAllByText("deploy freeze needs the release group");
  });

  test("approves with Ctrl+Enter only", async () => {
    const base = await open();
    const approve = { ...(await base.backend.call("help", { command: "pr approve" })) };
    approve.spec = { ...approve.spec, role: "approve" };
    base.backend.answer("read_line", {
      command: approve,
      values: { item: "acme/web#482" },
      asks_for: null,
      problem: null,
    });
    type("pr approve acme/web#482");
    press("Enter");
    await screen.findByRole("region", { name: "What will run" });
    await waitFor(() =>
      expect(screen.getByRole<HTMLButtonElement>("button", { name: /^Approve/ }).disabled).toBe(false),
    );
    press("Enter");
    expect(base.backend.asked("run")).toEqual([]);
    press("Ctrl+Enter");
    await waitFor(() => expect(base.backend.asked("run").length).toBe(1));
  });
});

describe("a run", () => {
  const going = () => run("r1", "deploy api to staging", { state: { state: "running" }, ended_at: null });

  test("that cannot be followed is told in its place, and followed again", async () => {
    const { backend } = await open({ run: going() });
    let asked = 0;
    backend.answer("follow_run", () => {
      asked += 1;
      if (asked === 2) throw failure("the engine went away");
      const over = asked > 2;
      return {
        run: over ? run("r1", "deploy api to staging") : going(),
        said: over ? "" : "rolling out",
        output: [`piece ${asked}\n`],
        seen: asked,
        delivery: over ? delivery("r1", { state: "posted" }) : null,
      };
    });
    type("deploy api to staging");
    press("Enter");
    await screen.findByText("Start api on ci.acme.example");
    press("Enter");
    await screen.findByText(/cannot be followed for the moment: the engine went away/);
    await screen.findByText("deploy api to staging is done", {}, { timeout: 3_000 });
    expect(screen.queryByText(/cannot be followed/)).toBeNull();
    expect(screen.getByText(/piece 1/).textContent).toContain("piece 3");
  });

  test("that the room was not told of says so, and is posted with Ctrl+P", async () => {
    const error = { error: "rejected", why: "the channel is archived" } as const;
    const { backend } = await open({
      follow_run: {
        run: run("r1", "deploy api to staging"),
        said: "",
        output: [],
        seen: 0,
        delivery: delivery("r1", { state: "failed", error }),
      },
      retry: delivery("r1", { state: "posted" }),
    });
    await screen.findByRole("group", { name: "Recent runs" });
    press("Ctrl+End");
    press("Enter");
    await screen.findByText("Ran, but the room was not told");
    expect(document.querySelector('[aria-live="assertive"]')?.textContent).toContain("the room was not told");
    press("Ctrl+P");
    await screen.findByText("Posted in");
    expect(backend.asked("retry")).toEqual([{ id: "d-r1" }]);
  });

  test("is stopped with Ctrl+. and left with Esc, while it goes on", async () => {
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

describe("on a row", () => {
  test("an acknowledgement is shown at once, and rolled back where the service disagrees", async () => {
    const { backend } = await open();
    await screen.findByText("Queue depth on api-worker");
    await screen.findByText("Acknowledge");
    backend.answer(
      "run",
      run("a1", "alert ack", {
        state: { state: "failed", error: { error: "rejected", why: "resolved at 12:11" } },
      }),
    );
    const held = backend.hold("prepare");
    press("Ctrl+I");
    await screen.findByText("you are on it");
    held.answer({
      command: "alert ack",
      line: "alert ack",
      account: "alerts",
      acts_as: null,
      steps: [],
      post: null,
      post_reason: "",
      confirm: null,
    });
    await screen.findByText("not accepted");
    expect(screen.getByText("The acknowledgement did not hold")).toBeTruthy();
    expect(screen.getByText("resolved at 12:11")).toBeTruthy();
    press("Enter");
    await waitFor(() => expect(screen.queryByText("not accepted")).toBeNull());
  });

  test("a snooze is marked, and a refused one taken back", async () => {
    const { backend } = await open();
    await screen.findByText("Queue depth on api-worker");
    press("Ctrl+S");
    await screen.findByText("snoozed");
    expect(backend.asked("snooze")).toEqual([{ item: "alerts/incident/checkout", until: null }]);
    backend.fail("snooze", "the store is full");
    press("ArrowDown");
    press("Ctrl+S");
    await screen.findByText("the store is full");
  });

  test("Ctrl+K lists all actions, narrowed by typing", async () => {
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

  test("Ctrl+/ says why", async () => {
    const { backend } = await open();
    await screen.findByText("Acknowledge");
    press("Ctrl+/");
    await screen.findByText("main is red");
    expect(backend.asked("rules_explain")).toEqual([{ event: 12 }]);
  });
});

describe("the window", () => {
  test("goes one level back with Esc, and hides when the key comes up", async () => {
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

  test("opens the item that it is shown for", async () => {
    const { backend } = await open();
    await screen.findByText("Queue depth on api-worker");
    backend.emitShown({ item: "forge/pull_request/acme/web#999" });
    await screen.findByText("acme/web 482 by bo");
    backend.emitShown({ item: "ci/build/acme/web/ci@main" });
    await waitFor(() => expect(selected()).toContain("web main"));
  });

  test("takes the theme that was chosen", async () => {
    const { backend } = await open({}, { theme: "dark" });
    await waitFor(() => expect(document.documentElement.dataset.theme).toBe("dark"));
    backend.emitDesktop({ theme: "system" });
    await waitFor(() => expect(document.documentElement.dataset.theme).toBeUndefined());
  });

  test("begins with two doors, and the playground is marked and has a way out", async () => {
    const { backend } = await open({ board: { ...board(), sections: [] } }, { first_run: true });
    await screen.findByText("Try the playground");
    backend.answer("board", board());
    press("Enter");
    await screen.findByText("Playground: a made-up team");
    await screen.findByText("Queue depth on api-worker");
    screen.getByText("Leave it").click();
    await waitFor(() => expect(backend.calls.at(-1)?.name).not.toBeUndefined());
    expect(backend.calls.filter(({ name }) => name === "playground").map(({ params }) => params)).toEqual([
      true,
      false,
    ]);
  });

  test("is not to disturb for as long as is chosen", async () => {
    const { backend } = await open();
    await screen.findByText("Queue depth on api-worker");
    press("Ctrl+Shift+D");
    await screen.findByText("For 1 hour");
    press("ArrowDown");
    const before = Date.now();
    press("Enter");
    await waitFor(() => expect(backend.asked("quiet").length).toBe(1));
    const until = Date.parse(backend.asked("quiet")[0]?.until ?? "");
    expect(until - before).toBeGreaterThanOrEqual(3_600_000);
    expect(until - before).toBeLessThan(3_660_000);
  });
});

describe("rooms and runs", () => {
  const error = { error: "unavailable", why: "chat did not answer" } as const;
  test("show the room's messages, a run's output, and send again what did not arrive", async () => {
    const late = delivery("0199aa00-0000-7000-8000-000000000604", { state: "failed", error });
    const { backend } = await open({ deliveries: [late], retry: late });
    type("room");
    press("Enter");
    await screen.findByRole("heading", { name: "Rooms and runs" });
    await screen.findByText(/It was not posted: chat did not answer/);
    press("Ctrl+P");
    await waitFor(() => expect(backend.asked("retry")).toEqual([{ id: late.id }]));
    press("ArrowDown");
    await screen.findByRole("log", { name: "Messages" });
    await within(screen.getByRole("log", { name: "Messages" })).findByText("api 1.42.0 is on staging");
    press("ArrowDown");
    await within(await screen.findByRole("log", { name: "Output" })).findByText(/Rolling out/);
    press("Enter");
    await screen.findByText(/Recorded as run/);
    press("Escape");
    await screen.findByRole("heading", { name: "Rooms and runs" });
  });
});
