import { screen, waitFor } from "@testing-library/svelte";
import axe from "axe-core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { SETTINGS } from "../../fake/settings-data";
import { VIEWS } from "../views";
import { button, key, open, press } from "./open";

const errors = [
  { file: "/c/callboard.toml", line: 12, column: 3, what: "expected a text, found 3", text: "do = 3" },
];

test("Escape hides the window on keyup, and only if no level is open", async () => {
  const { fake } = await open("accounts/forge");
  await press("Replace secret");
  await screen.findByLabelText("New token");
  await key("Escape");
  await waitFor(() => expect(screen.queryByLabelText("New token")).toBeNull());
  expect(fake.calls.some((call) => call.name === "hide")).toBe(false);
  await key("Escape");
  expect(fake.calls.at(-1)).toEqual({ name: "hide", params: null });
});

test("an error of the file is shown in every view, with its place, and when it takes effect", async () => {
  const { fake } = await open("rules");
  fake.answer("settings", { ...SETTINGS, errors });
  fake.emitChanged();
  expect((await screen.findByText(/callboard.toml:12:3: expected a text/)).textContent).toContain(
    "until that is corrected",
  );
  await press("Show in diagnostics");
  expect(await screen.findByText("do = 3")).toBeTruthy();
});

test("the window opens at the shell's place", async () => {
  const { fake } = await open();
  for (const { id, title } of VIEWS) {
    fake.emitShown({ view: id });
    expect(await screen.findByRole("heading", { level: 2, name: title })).toBeTruthy();
  }
  fake.emitShown({ view: "connect" });
  expect(await screen.findByText("Which service?")).toBeTruthy();
});

test("the desktop's state is shown: the theme, the playground, who has the store", async () => {
  const { fake } = await open();
  fake.emitDesktop({ theme: "dark", playground: true, owner: "daemon" });
  expect(await screen.findByText("Playground: a made-up team")).toBeTruthy();
  expect(screen.getByText("Connected to the daemon")).toBeTruthy();
  expect(document.documentElement.dataset.theme).toBe("dark");
  fake.emitDesktop({ theme: "system" });
  await waitFor(() => expect(document.documentElement.dataset.theme).toBeUndefined());
});

test("a narrow window shows one column, and Escape leads out of each", async () => {
  const media = { matches: true, addEventListener: () => {}, removeEventListener: () => {} };
  vi.stubGlobal("matchMedia", () => media);
  const { fake, container } = await open("accounts/forge");
  const column = () => container.querySelector(".window")?.getAttribute("data-column");
  await screen.findByRole("heading", { name: "forge" });
  expect(column()).toBe("detail");
  await key("Escape");
  expect(column()).toBe("list");
  await key("Escape");
  expect(column()).toBe("views");
  await press("Rules");
  expect(column()).toBe("list");
  await key("Escape");
  await key("Escape");
  expect(fake.calls.some((call) => call.name === "hide")).toBe(true);
  vi.unstubAllGlobals();
});

test("the arrows move through a list, and the focused item is shown", async () => {
  await open("accounts/forge");
  const forge = await screen.findByRole("button", { name: /^forge/ });
  forge.focus();
  await key("ArrowDown");
  expect(await screen.findByRole("heading", { name: "ci" })).toBeTruthy();
  expect(document.activeElement?.textContent).toContain("ci");
  await key("End");
  expect(await screen.findByRole("heading", { name: "chat" })).toBeTruthy();
});

test.each<[text: string, code: string, more: KeyboardEventInit, edit: string | null]>([
  ["ф", "KeyA", {}, "selectAll"],
  ["с", "KeyC", {}, "copy"],
  ["м", "KeyV", {}, "paste"],
  ["ч", "KeyX", {}, "cut"],
  ["Я", "KeyZ", { shiftKey: true }, "redo"],
  // The web view knows these by itself.
  ["ф", "KeyA", { ctrlKey: false }, null],
  ["a", "KeyA", {}, null],
])("the text key at %s (%s, %o) does %s", async (text, code, more, edit) => {
  await open();
  const edited: string[] = [];
  // jsdom has none.
  document.execCommand = (command: string) => edited.push(command) > 0;
  const init = { key: text, code, ctrlKey: true, bubbles: true, cancelable: true, ...more };
  const went = document.body.dispatchEvent(new KeyboardEvent("keydown", init));
  expect([edited, went]).toEqual(edit === null ? [[], true] : [[edit], false]);
});

describe("responses that are late or failures", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("a late one shows a line, then a text, then an offer; asking again takes the newer one", async () => {
    const { fake } = await open("diagnostics", { doctor: () => new Promise<never>(() => {}) });
    await vi.advanceTimersByTimeAsync(90);
    expect(screen.queryByRole("progressbar")).toBeNull();
    await vi.advanceTimersByTimeAsync(20);
    expect(screen.getByRole("progressbar", { name: "The checks" })).toBeTruthy();
    expect(screen.queryByText(/waiting for an answer/)).toBeNull();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(screen.getByText(/waiting for an answer/)).toBeTruthy();
    await vi.advanceTimersByTimeAsync(8_000);
    fake.answer("doctor", [{ name: "store", verdict: "ok", found: "well", remedy: null }]);
    screen.getByRole("button", { name: "Ask again" }).click();
    await vi.advanceTimersByTimeAsync(0);
    expect(screen.getByText("Store")).toBeTruthy();
    expect(screen.queryByRole("progressbar")).toBeNull();
  });
});

test.each(VIEWS)("$id: an error is shown in its place, and the rest works", async ({ id, title }) => {
  const names = [
    "accounts",
    "channels",
    "rules",
    "events",
    "commands",
    "status",
    "activity",
    "doctor",
  ] as const;
  const { fake } = await open();
  for (const name of names) fake.fail(name, "the store is closed");
  fake.emitShown({ view: id });
  expect(await screen.findByRole("heading", { level: 2, name: title })).toBeTruthy();
  if (id === "keys") return;
  if (id === "accounts") fake.emitChanged();
  expect((await screen.findAllByText(/the store is closed/)).length).toBeGreaterThan(0);
});

describe("axe finds nothing", () => {
  const clean = async (container: Element) => {
    const { violations } = await axe.run(container, { rules: { "color-contrast": { enabled: false } } });
    expect(violations.map(({ id, nodes }) => [id, nodes.map((node) => node.html)])).toEqual([]);
  };

  test.each(VIEWS)("in $id", async ({ id }) => {
    const { container } = await open(id);
    await waitFor(() => expect(container.querySelectorAll("main .view > *").length).toBeGreaterThan(0));
    await new Promise(setImmediate);
    await clean(container);
  });

  test.each([
    ["the services", "connect", []],
    ["a question", "connect", ["GitHub"]],
    ["changing an account", "accounts/ci", ["Change…"]],
    ["replacing a secret", "accounts/forge", ["Replace secret…"]],
    ["removing an account", "accounts/ci", ["Remove…"]],
    ["an account in trouble", "accounts/alerts", []],
    ["editing a rule", "rules", ["Edit…"]],
    ["naming a channel", "channels", ["Name a channel"]],
    ["command folders", "commands", ["Command folders…"]],
  ] as const)("in %s", async (_, view, presses) => {
    const { container } = await open(view);
    for (const name of presses) {
      await waitFor(async () => expect(await button(name)).toHaveProperty("disabled", false));
      await press(name);
    }
    await new Promise(setImmediate);
    await clean(container);
  });
});
