/** The launcher on a fake backend, for tests. */

import { render, screen } from "@testing-library/svelte";
import axe from "axe-core";
import { afterEach, beforeEach, expect, vi } from "vitest";

import type { Plan } from "../../api";
import type { Desktop } from "../../desktop";
import { type Answers, fake, type FakeBackend } from "../../fake";
import App from "../App.svelte";
import { Launcher } from "../launcher.svelte";

// No draft of another test, and no fake timers.
beforeEach(() => localStorage.clear());
afterEach(() => vi.useRealTimers());

export const field = () =>
  screen.getByRole<HTMLInputElement>("combobox", { name: "Search or type a command" });
/** The text of the selected line. */
export const selected = () =>
  document.querySelector('[role="option"][aria-selected="true"]')?.textContent ?? "";

/** The plan of an acknowledgement. */
export const ack = {
  command: "alert ack",
  line: "alert ack",
  account: "alerts",
  acts_as: null,
  steps: [{ what: "Acknowledge Checkout on pager.example", exactly: "PUT /incidents/1" }],
  post: null,
  post_reason: "",
  confirm: null,
} as Plan;

export async function open(
  answers: Answers = {},
  desktop: Partial<Desktop> = {},
): Promise<{ backend: FakeBackend; launcher: Launcher }> {
  // Loaded in advance, so that no test waits for modules.
  await import("../lazy");
  const backend = fake(answers, desktop);
  const launcher = new Launcher(backend, () => import("../lazy"));
  await Promise.race([launcher.open(), Promise.resolve()]);
  render(App, { launcher });
  return { backend, launcher };
}

/** Presses keys on the focused element, as a keyboard does. */
export function press(keys: string): void {
  const names = keys.split("+");
  const key = names.pop() ?? "";
  const target = document.activeElement ?? document.body;
  const init = {
    key: key.length === 1 && !names.includes("Shift") ? key.toLowerCase() : key,
    ctrlKey: names.includes("Ctrl"),
    shiftKey: names.includes("Shift"),
    bubbles: true,
    cancelable: true,
  };
  const went = target.dispatchEvent(new KeyboardEvent("keydown", init));
  if (went && key === "Enter" && target instanceof HTMLButtonElement) target.click();
  (document.activeElement ?? document.body).dispatchEvent(new KeyboardEvent("keyup", init));
}

/** Types into the focused element, a letter at a time. */
export function type(text: string): void {
  for (const letter of text) {
    const went = (document.activeElement ?? document.body).dispatchEvent(
      new KeyboardEvent("keydown", { key: letter, bubbles: true, cancelable: true }),
    );
    const field = document.activeElement;
    if (!went || !(field instanceof HTMLInputElement)) continue;
    field.value += letter;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

/** Expects no violations from axe. jsdom does not compute colours; they are checked in tokens.css. */
export async function expectAccessible(): Promise<void> {
  const { violations } = await axe.run(document.body, {
    rules: { "color-contrast": { enabled: false }, region: { enabled: false } },
  });
  expect(
    violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`),
  ).toEqual([]);
}
