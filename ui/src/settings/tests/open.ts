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

/** A button by its name, once it is there; keys drawn on it are part of its name. */
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
  const words = keys.split("+");
  const name = words.pop() ?? "";
  const made = {
    key: name,
    ctrlKey: words.includes("Ctrl"),
    shiftKey: words.includes("Shift"),
    altKey: words.includes("Alt"),
    bubbles: true,
    cancelable: true,
  };
  await fireEvent.keyDown(target, made);
  await fireEvent.keyUp(target, made);
}

/** What is in the view, apart from what is said. */
export const view = () => within(screen.getByRole("main"));

/** What was said to who listens. */
export const said = () => document.querySelector(".window > [role=status]")?.textContent ?? "";
