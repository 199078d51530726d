/** Opens the settings window on the made-up team, as the shell does. */

import { fireEvent, render, screen, within } from "@testing-library/svelte";
import { tick } from "svelte";

import type { Desktop } from "../../desktop";
import type { Answers } from "../../fake/backend";
import { settingsFake } from "../../fake/settings";
import Settings from "../Settings.svelte";

export async function open(
  view: string | null = null,
  answers: Answers = {},
  desktop: Partial<Desktop> = {},
) {
  const fake = settingsFake(answers, desktop);
  const page = render(Settings, { props: { backend: fake } });
  fake.emitShown({ view });
  await tick();
  return { fake, ...page };
}

/** A button by its name, once it is shown; the keys drawn on it are part of its name. */
export const button = (name: RegExp | string) =>
  screen.findByRole("button", { name: typeof name === "string" ? new RegExp(`^${name}`) : name });

export const press = async (name: RegExp | string) => fireEvent.click(await button(name));

export async function type(label: RegExp | string, text: string, selector = "input, textarea") {
  const field = await screen.findByLabelText(label, { selector });
  await fireEvent.input(field, { target: { value: text } });
  return field as HTMLInputElement;
}

/** A key press as a person makes it: down, and up again. */
export async function key(keys: string, target: Element = document.activeElement ?? document.body) {
  const names = keys.split("+");
  const name = names.pop() ?? "";
  const made = {
    key: name,
    ctrlKey: names.includes("Ctrl"),
    shiftKey: names.includes("Shift"),
    altKey: names.includes("Alt"),
    bubbles: true,
    cancelable: true,
  };
  await fireEvent.keyDown(target, made);
  await fireEvent.keyUp(target, made);
}

/** The content of the view, without announcements. */
export const view = () => within(screen.getByRole("main"));

/** The last announcement to screen readers. */
export const announced = () => document.querySelector(".window > [role=status]")?.textContent ?? "";
