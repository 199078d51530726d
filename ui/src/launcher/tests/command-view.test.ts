/** A command from the typed line to its outcome. */

import { screen, waitFor, within } from "@testing-library/svelte";
import { describe, expect, onTestFinished, test } from "vitest";

import type { Plan } from "../../api";
import { failure } from "../../fake";
import { delivery } from "../../fake/runs";
import { run } from "../../fake/team";
import { infoOf, prepare } from "../../fake/commands";
import { channelName } from "../../parts/channel";
import { CommandForm } from "../states";
import { field, open, press, selected, type } from "./stage";

/** Where an element begins in the window before anything is scrolled, and how high it is. */
type Box = [top: number, height: number];

/** Lays out the plan, the body that scrolls it and the line that ends its steps. Returns how far it is scrolled. */
function layOut(body: Box, pane: Box, end: Box | null): () => number {
  const plan = screen.getByRole("region", { name: "What will run" });
  const frame = plan.parentElement as HTMLElement;
  const line = plan.querySelector("hr") as HTMLElement;
  let scrolled = 0;
  const rect = ([top, height]: Box, by: number) => new DOMRect(0, top - by, 400, height);
  frame.getBoundingClientRect = () => rect(body, 0);
  plan.getBoundingClientRect = () => rect(pane, scrolled);
  if (end) line.getBoundingClientRect = () => rect(end, scrolled);
  Object.defineProperty(frame, "scrollTop", { get: () => scrolled, set: (to: number) => (scrolled = to) });
  return () => scrolled;
}

/**
 * Lays out the plan beside the choices, where it scrolls by itself: how high it is, and its content, whose steps end at
 * `end`. Returns it.
 */
function layOutBeside(height: number, content: number, end: number): HTMLElement {
  const plan = screen.getByRole("region", { name: "What will run" });
  const line = plan.querySelector("hr") as HTMLElement;
  let scrolled = 0;
  const frame = () => new DOMRect(0, 100, 400, height);
  plan.getBoundingClientRect = frame;
  (plan.parentElement as HTMLElement).getBoundingClientRect = frame;
  line.getBoundingClientRect = () => new DOMRect(0, 100 + end - scrolled, 400, 0);
  Object.defineProperties(plan, {
    clientHeight: { value: height, configurable: true },
    scrollHeight: { value: content, configurable: true },
    scrollTop: {
      get: () => scrolled,
      set: (to: number) => (scrolled = Math.max(0, Math.min(to, content - height))),
      configurable: true,
    },
  });
  return plan;
}

describe("a command", () => {
  test("typed in full runs to its outcome, which is posted", async () => {
    const { backend } = await open({
      follow_run: ({ id }) => ({
        run: run(id, "deploy api to staging"),
        said: "",
        output: ["rolling out\n"],
        steps: [],
        seen: 1,
        unrecorded: null,
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
    expect(screen.getByText("Posted to")).toBeTruthy();
    expect(backend.asked("run")).toEqual([
      {
        what: { line: "deploy api staging", channel: null, private: false },
        confirmed: null,
        fingerprint: "of deploy api staging",
        undo: false,
      },
    ]);
  });

  test("asks for its missing arguments, one after the other", async () => {
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
    // Then the optional argument, where Enter runs the command.
    await screen.findByRole("combobox", { name: /^ref/ });
    press("Shift+Tab");
    await screen.findByRole("combobox", { name: /^env/ });
  });

  test("shows before Enter the missing scope of the credential, and the remedy", async () => {
    const { backend } = await open();
    backend.answer("prepare", (what) => ({
      ...prepare(what),
      lacks: [{ scope: "workflow", remedy: "add it to the token in the account's settings" }],
    }));
    type("deploy api to staging");
    press("Enter");
    const note = await screen.findByText(/will refuse this/);
    const text = note.closest("p")?.textContent?.replace(/\s+/g, " ").trim();
    expect(text).toBe(
      "ci will refuse this: its credential lacks workflow. Add it to the token in the account's settings.",
    );
  });

  test.each<[what: string, text: string, body: Box, pane: Box, end: Box | null, pages: number[]]>([
    ["is scrolled out of view", "", [100, 200], [290, 300], null, [190]],
    ["shows few lines of its large text", "32px", [112, 300], [270, 600], null, [158]],
    ["does not show the end of its steps", "", [100, 400], [300, 600], [580, 20], [200]],
    ["has no room in the window", "", [100, 300], [300, 900], [980, 20], [240, 480, 720]],
    ["has no room, and begins near the top", "", [100, 300], [116, 900], [796, 20], [240, 480]],
    ["has no room, and was scrolled past", "", [100, 300], [40, 900], [720, 20], [-60, 180, 420]],
    ["is in view", "", [100, 600], [200, 300], [400, 20], []],
  ])("whose plan %s runs once that is shown", async (_, text, body, pane, end, pages) => {
    const { backend } = await open();
    document.documentElement.style.fontSize = text;
    onTestFinished(() => {
      document.documentElement.style.fontSize = "";
    });
    type("deploy api to staging");
    press("Enter");
    await screen.findByText("Start api on ci.acme.example");
    const scrolled = layOut(body, pane, end);
    for (const shown of pages) {
      press("Enter");
      expect(scrolled()).toBe(shown);
      await screen.findAllByText("Read on, then press again");
      expect(backend.asked("run")).toEqual([]);
    }
    press("Enter");
    await waitFor(() => expect(backend.asked("run")).toHaveLength(1));
  });

  const LONG: [height: number, content: number, end: number] = [300, 1_000, 900];

  test.each<[what: string, confirm: Plan["confirm"], box: typeof LONG, pages: number[]]>([
    ["is long", null, LONG, [240, 480, 700]],
    ["is long and asks first", "yes", LONG, [240, 480, 700]],
    ["is followed by long facts", null, [300, 1_000, 280], []],
    ["takes two panes", null, [300, 1_000, 600], []],
    ["takes a little more than two panes", null, [300, 1_000, 601], [240, 480]],
    ["fits", null, [300, 300, 200], []],
    ["fits and asks first", "yes", [300, 300, 200], []],
  ])("whose plan beside the choices %s runs once its end was shown", async (_, confirm, box, pages) => {
    const { backend } = await open({ prepare: (what) => ({ ...prepare(what), confirm }) });
    type("deploy api to staging");
    press("Enter");
    await screen.findByText("Start api on ci.acme.example");
    const plan = layOutBeside(...box);
    for (const shown of pages) {
      press("Enter");
      expect(plan.scrollTop).toBe(shown);
      await screen.findAllByText("Read on, then press again");
    }
    press("Enter");
    if (confirm) {
      await screen.findByRole("button", { name: /^Yes, run it/ });
      expect(backend.asked("run")).toEqual([]);
      press("Enter");
    }
    await waitFor(() => expect(backend.asked("run")).toHaveLength(1));
  });

  test.each<[how: string, read: (plan: HTMLElement) => void]>([
    [
      "Page Down, then back with Page Up",
      (plan) => {
        for (const keys of ["PageDown", "PageUp", "PageDown", "PageDown", "PageDown"]) press(keys);
        expect(plan.scrollTop).toBe(700);
        press("PageUp");
        expect(plan.scrollTop).toBe(460);
      },
    ],
    [
      "the wheel, then back",
      (plan) => {
        for (const to of [700, 0]) {
          plan.scrollTop = to;
          plan.dispatchEvent(new Event("scroll"));
        }
      },
    ],
  ])("whose long plan was read with %s runs with the next Enter", async (_, read) => {
    const { backend } = await open();
    type("deploy api to staging");
    press("Enter");
    await screen.findByText("Start api on ci.acme.example");
    read(layOutBeside(...LONG));
    press("Enter");
    await waitFor(() => expect(backend.asked("run")).toHaveLength(1));
  });

  test("whose long plan was replaced is read again from its beginning", async () => {
    const { backend } = await open();
    type("deploy api to staging");
    press("Enter");
    await screen.findByText("Start api on ci.acme.example");
    const plan = layOutBeside(...LONG);
    for (const keys of ["PageDown", "PageDown", "PageDown"]) press(keys);
    press("Ctrl+Shift+P");
    await screen.findByText("Private:");
    await waitFor(() => expect(plan.scrollTop).toBe(0));
    layOutBeside(...LONG);
    press("Enter");
    expect(plan.scrollTop).toBe(240);
    expect(backend.asked("run")).toEqual([]);
  });

  /** Choices whose values are ids, and whose notes are what people call them. */
  const named = [
    { value: "f00d", title: [{ text: "f00d", hit: false }], note: "staging, in Frankfurt" },
    { value: "cafe", title: [{ text: "cafe", hit: false }], note: "staging, in Paris" },
  ];

  test("that is complete and valid runs with the Enter that the button shows", async () => {
    const { backend } = await open({ choices: named });
    type("deploy api to staging");
    press("Enter");
    await screen.findByText("Start api on ci.acme.example");
    await screen.findByRole("option", { name: /Frankfurt/ });
    expect(screen.getByRole("button", { name: /^Run(?! priv)/ }).textContent).toContain("↵");
    press("Enter");
    await waitFor(() => expect(backend.asked("run")[0]?.what.line).toBe("deploy api staging"));
  });

  test("takes the choice that the arrows went to, and says so on the button", async () => {
    const { backend } = await open({ choices: named });
    type("deploy api to staging");
    press("Enter");
    await screen.findByText("Start api on ci.acme.example");
    await screen.findByRole("option", { name: /Frankfurt/ });
    press("ArrowDown");
    await screen.findByRole("button", { name: /^Choose/ });
    expect(screen.queryByRole("button", { name: /^Run(?! priv)/ })).toBeNull();
    press("Enter");
    await waitFor(() => expect(backend.asked("write_line").at(-1)?.values["env"]).toBe("f00d"));
    expect(backend.asked("run")).toEqual([]);
  });

  test("never takes the values of one argument for the next", async () => {
    const { backend, launcher } = await open();
    type("deploy");
    press("Enter");
    await screen.findByRole("combobox", { name: /^app/ });
    await screen.findByRole("option", { name: /api/ });
    backend.never("choices");
    press("Enter");
    await screen.findByRole("combobox", { name: /^env/ });
    press("Enter");
    const form = launcher.top instanceof CommandForm ? launcher.top : null;
    expect(form?.flow.values).toEqual({ app: "api" });
  });

  test("does not report a valid value as unlisted", async () => {
    const { backend } = await open();
    backend.answer("choices", () => []);
    type("deploy api to staging");
    press("Enter");
    await screen.findByText("Start api on ci.acme.example");
    expect(screen.queryByText(/None of the values/)).toBeNull();
  });

  test("with an error shows it at its argument, and does not run", async () => {
    const { backend } = await open();
    type("deploy api to stagin");
    press("Enter");
    await screen.findAllByText(/expected an environment, found "stagin"/);
    expect(screen.getByRole("combobox", { name: /^env/ }).getAttribute("aria-invalid")).toBe("true");
    expect(screen.getByRole<HTMLButtonElement>("button", { name: /^Run/ }).disabled).toBe(true);
    expect(backend.asked("run")).toEqual([]);
  });

  test("with a leftover word filters the next choices by it", async () => {
    const { backend } = await open();
    type("deploy api prod");
    press("Enter");
    const env = await screen.findByRole<HTMLInputElement>("combobox", { name: /^env/ });
    expect(env.value).toBe("prod");
    await waitFor(() => expect(selected()).toContain("production"));
    press("Enter");
    await waitFor(() => expect(backend.asked("prepare").at(-1)?.line).toBe("deploy api production"));
  });

  test.each<[what: string, listed: string[]]>([
    ["nothing is listed for", []],
    ["only resembles what is listed", ["lorenzo reyes"]],
  ])("with a leftover word that %s keeps it, and takes no other choice", async (_, listed) => {
    const choices = listed.map((value) => ({ value, title: [{ text: value, hit: false }], note: null }));
    const { backend } = await open({ choices });
    type("deploy api zoe");
    press("Enter");
    await screen.findByText('None of the values listed for env is called "zoe".');
    expect(selected()).toBe("");
    press("Enter");
    press("Enter");
    expect(screen.getByRole<HTMLInputElement>("combobox", { name: /^env/ }).value).toBe("zoe");
    expect(backend.asked("run")).toEqual([]);
    // Text that is typed later is matched with the choices as usual.
    backend.answer("choices", [{ value: "staging", title: [{ text: "staging", hit: false }], note: null }]);
    type("x");
    await waitFor(() => expect(selected()).toContain("staging"));
  });

  test("with a word that fits no argument leaves the line as typed", async () => {
    const problem = 'deploy takes no "zoe"';
    const values = { app: "api", env: "staging" };
    const read = { command: infoOf("deploy"), values, asks_for: null, problem };
    const { backend } = await open({ read_line: read });
    type("deploy api to staging zoe");
    press("Enter");
    await screen.findAllByText(problem);
    expect(field().value).toBe("deploy api to staging zoe");
    expect(backend.asked("prepare")).toEqual([]);
  });

  test("asks for a confirmation text, which may be pasted", async () => {
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

  test("runs privately with one more key, and shows that", async () => {
    const { backend } = await open();
    type("deploy api to staging");
    press("Enter");
    await screen.findByText("Start api on ci.acme.example");
    press("Ctrl+Shift+P");
    await screen.findByText("Private:");
    press("Enter");
    await waitFor(() => expect(backend.asked("run")[0]?.what.private).toBe(true));
  });

  test("that is refused shows why, and stays open", async () => {
    await open({ run: () => Promise.reject(failure("deploy freeze needs the release group")) });
    type("deploy api to staging");
    press("Enter");
    await screen.findByText("Start api on ci.acme.example");
    press("Enter");
    await screen.findAllByText("deploy freeze needs the release group");
  });

  test("whose plan has changed since it was shown is shown again, and does not run", async () => {
    const { backend } = await open({
      run: () =>
        Promise.reject({
          message: "the command itself has changed since it was shown",
          error: {
            kind: "changed",
            message: "the command itself has changed since it was shown",
            changed: ["command", "steps", "channel"],
          },
        }),
    });
    type("deploy api to staging");
    press("Enter");
    await screen.findByText("Start api on ci.acme.example");
    const before = backend.asked("prepare").length;
    const shown = await backend.call("prepare", {
      line: backend.asked("prepare")[before - 1]?.line ?? "",
      channel: null,
      private: false,
    });
    const [first] = shown.steps;
    backend.answer("prepare", {
      ...shown,
      post: "chat:#other",
      steps: shown.steps.map((step, at) =>
        at === 0 ? { ...step, exactly: "POST /deploy/api/production" } : step,
      ),
    });
    press("Enter");
    // The preview shows the change beside the earlier text.
    const preview = await screen.findByRole("region", { name: "What will run" });
    await within(preview).findByText(
      "Not run, and nothing was sent: since it was shown, the command itself, step 1 and where it posts " +
        "(now #other, before #deploys) changed. Look at it again.",
    );
    expect(within(preview).getByText("POST /deploy/api/production")).toBeTruthy();
    const gone = [...preview.querySelectorAll("del")].map((each) => each.textContent);
    expect(gone).toEqual([first?.exactly || first?.what, `#${channelName(shown.post ?? "")}`]);
    expect(backend.asked("prepare").length).toBe(before + 2);
    // It needs a new confirmation: one more Enter runs nothing.
    expect(backend.asked("run").length).toBe(1);
    press("Enter");
    await screen.findByRole("button", { name: /^Yes, run it/ });
    expect(backend.asked("run").length).toBe(1);
    press("Enter");
    await waitFor(() => expect(backend.asked("run").length).toBe(2));
    expect(backend.asked("run")[1]?.confirmed).toBeNull();
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
