/** The launcher under a layout without Latin letters. */

import { screen, waitFor } from "@testing-library/svelte";
import { expect, test } from "vitest";

import { failure } from "../../fake";
import { infoOf } from "../../fake/commands";
import { arg } from "../../fake/items";
import { CommandForm } from "../states";
import { field, open, selected } from "./stage";

/** A press of a key of the Russian layout, by what it types and where it is. */
function key(text: string, code: string, held: KeyboardEventInit = {}): void {
  const target = document.activeElement ?? document.body;
  const event = new KeyboardEvent("keydown", { key: text, code, bubbles: true, cancelable: true, ...held });
  if (!target.dispatchEvent(event) || held.ctrlKey || !(target instanceof HTMLInputElement)) return;
  target.value += text;
  target.dispatchEvent(new Event("input", { bubbles: true }));
}

const DEPLOY = [
  ["в", "KeyD"],
  ["у", "KeyE"],
  ["з", "KeyP"],
  ["д", "KeyL"],
  ["щ", "KeyO"],
  ["н", "KeyY"],
] as const;

test("typed text finds the same as the Latin letters of its keys, and stays as typed", async () => {
  await open();
  for (const [text, code] of DEPLOY) key(text, code);
  await waitFor(() => expect(selected()).toContain("deploy"));
  expect(field().value).toBe("вуздщн");
  key("Enter", "Enter");
  await screen.findByText("What will run");
});

test("shortcuts work at the places of their keys", async () => {
  await open();
  await screen.findByText("Acknowledge");
  key("л", "KeyK", { ctrlKey: true });
  await screen.findByRole("listbox", { name: /^Actions for/ });
});

test("a duration is read by its keys, a text as typed", async () => {
  const { backend, launcher } = await open();
  const info = infoOf("deploy");
  const args = [arg("duration", "duration"), arg("comment", "text")];
  new CommandForm(
    launcher.context,
    { ...info, spec: { ...info.spec, args } },
    { duration: "2р", comment: "2р" },
    null,
  );
  await waitFor(() =>
    expect(backend.asked("write_line").at(-1)?.values).toEqual({ duration: "2h", comment: "2р" }),
  );
});

test("a time to snooze until is read by its keys, with Shift", async () => {
  const { backend } = await open();
  await screen.findByText("Acknowledge");
  key("ы", "KeyS", { ctrlKey: true });
  const input = await screen.findByRole<HTMLInputElement>("combobox", { name: /^Snooze/ });
  input.value = "ьщтвфн 9Ж30";
  input.dispatchEvent(new Event("input", { bubbles: true }));
  await waitFor(() => expect(backend.asked("snooze_times").at(-1)).toEqual({ typed: "monday 9:30" }));
});

test.each([
  ["February has no 31st", "February has no 31st"],
  ['Expected a time, found "TYPED"', 'Expected a time, found "31 ауи".'],
])("a time that is refused by its keys shows the error %s", async (what, shown) => {
  const { backend } = await open();
  await screen.findByText("Acknowledge");
  key("ы", "KeyS", { ctrlKey: true });
  const input = await screen.findByRole<HTMLInputElement>("combobox", { name: /^Snooze/ });
  backend.answer("snooze_times", ({ typed }) => {
    const general = `Expected a time, found "${typed}"`;
    throw failure(typed === "31 feb" ? what.replace("TYPED", typed) : general);
  });
  input.value = "31 ауи";
  input.dispatchEvent(new Event("input", { bubbles: true }));
  await screen.findByText(new RegExp(shown));
});

test.each([
  ["ф", "KeyA", {}, "selectAll"],
  ["с", "KeyC", {}, "copy"],
  ["м", "KeyV", {}, "paste"],
  ["ч", "KeyX", {}, "cut"],
  ["я", "KeyZ", {}, "undo"],
  ["Я", "KeyZ", { shiftKey: true }, "redo"],
  ["a", "KeyA", {}, null],
])("the text key at %s (%s) does %s", async (text, code, more, edit) => {
  await open();
  await screen.findByText("Acknowledge");
  const edited: string[] = [];
  // jsdom has none.
  document.execCommand = (command: string) => edited.push(command) > 0;
  key(text, code, { ctrlKey: true, ...more });
  expect(edited).toEqual(edit === null ? [] : [edit]);
});

test("the key that opens the sheet of shortcuts", async () => {
  const { launcher } = await open();
  await screen.findByText("Acknowledge");
  key(",", "Slash", { shiftKey: true });
  await waitFor(() => expect(launcher.top?.at).toBe("keys"));
});
