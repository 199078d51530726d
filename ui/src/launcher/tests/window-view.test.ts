/** The field, and the window around it. */

import { screen, waitFor, within } from "@testing-library/svelte";
import { describe, expect, test } from "vitest";

import type { Found } from "../../api";
import { failure } from "../../fake";
import { board } from "../../fake/team";
import { field, open, press, selected, type } from "./stage";

/** An answer of the search that has one command. */
const foundCommand = (name: string): Found => ({
  commands: [{ name, title: [{ text: name, hit: false }], summary: "", posts_to: "x", takes: "" }],
  items: [],
  runs: [],
  completion: null,
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
    late.answer(foundCommand("old answer"));
    await new Promise((wake) => setTimeout(wake));
    expect(screen.queryByText("old answer")).toBeNull();
  });

  test("draws nothing of the list again before there is another answer", async () => {
    const { backend, launcher } = await open();
    type("dep");
    await screen.findByRole("listbox", { name: "What was found" });
    const { lines } = launcher.finds;
    backend.never("find");
    type("loy");
    expect(launcher.finds.lines).toBe(lines);
  });

  test("and Enter, faster than the answer, means what was typed", async () => {
    const { backend } = await open();
    const late = backend.hold("find");
    type("q");
    press("Enter");
    late.answer(foundCommand("deploy"));
    await screen.findByRole("combobox", { name: /^app/ });
  });

  test("and what is typed after that Enter goes to what it leads to", async () => {
    const { backend } = await open();
    const late = backend.hold("find");
    type("q");
    press("Enter");
    type("ap");
    late.answer(foundCommand("deploy"));
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
