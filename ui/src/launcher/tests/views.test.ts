/** The stack of views over the board. */

import { screen, waitFor } from "@testing-library/svelte";
import { expect, test, vi } from "vitest";

import { readDraft } from "../drafts";
import { CommandForm } from "../states";
import type { View } from "../view";
import { open, press, type } from "./stage";

const view = (at: View["at"], key: string) => ({ at, key, changed: vi.fn(), end: vi.fn() }) satisfies View;

async function board() {
  const it = await open();
  await screen.findByText("Acknowledge");
  return it.launcher;
}

test("the same view is not stacked twice, and what it waits for is ended", async () => {
  const launcher = await board();
  const [first, again, other] = [view("help", "a"), view("help", "a"), view("help", "b")];
  expect([first, again, other].map((each) => launcher.push(each))).toEqual([true, false, true]);
  expect(launcher.levels).toEqual([first, other]);
  expect([first, again, other].map(({ end }) => end.mock.calls.length)).toEqual([0, 1, 0]);
});

test("Esc leaves the top view, and ends only that", async () => {
  const launcher = await board();
  const [below, above] = [view("help", "a"), view("help", "b")];
  launcher.push(below);
  launcher.push(above);
  expect(launcher.back()).toBe(true);
  expect([launcher.top, below.end.mock.calls.length, above.end.mock.calls.length]).toEqual([below, 0, 1]);
  expect([launcher.back(), launcher.back(), launcher.top]).toEqual([true, false, null]);
});

test("a view that goes a step back within itself stays", async () => {
  const launcher = await board();
  press("?");
  const input = await screen.findByRole("textbox", { name: "Find a key" });
  await waitFor(() => expect(document.activeElement).toBe(input));
  type("log");
  press("Escape");
  expect([launcher.top?.at, (input as HTMLInputElement).value]).toEqual(["keys", "log"]);
  await waitFor(() => expect((input as HTMLInputElement).value).toBe(""));
  press("Escape");
  expect(launcher.top).toBeNull();
});

test("a change of the store reaches the top view", async () => {
  const launcher = await board();
  const [below, above] = [view("help", "a"), view("help", "b")];
  launcher.push(below);
  launcher.push(above);
  launcher.changed();
  expect([below.changed.mock.calls.length, above.changed.mock.calls.length]).toEqual([0, 1]);
});

test("a form that is left drops its draft, and the field keeps its text", async () => {
  const launcher = await board();
  type("deploy api");
  press("Enter");
  await screen.findByRole("combobox", { name: /^env/ });
  type("sta");
  expect(readDraft()?.args?.values).toMatchObject({ app: "api", env: "sta" });
  press("Escape");
  expect([launcher.top, launcher.finds.text]).toEqual([null, "deploy api"]);
  expect(readDraft()).toEqual({ text: "deploy api", args: null });
});

test("a form that is covered and uncovered keeps what was typed", async () => {
  const launcher = await board();
  type("deploy api");
  press("Enter");
  await screen.findByRole("combobox", { name: /^env/ });
  type("sta");
  press("F1");
  await screen.findByRole("region", { name: "Help" });
  press("Escape");
  const form = launcher.top;
  expect(form instanceof CommandForm && form.flow.values).toMatchObject({ app: "api", env: "sta" });
  expect(readDraft()?.args?.values).toMatchObject({ env: "sta" });
});
