/** A press as a global hotkey: by the place of the key, so that it is the same in every layout. */

import type { Hotkey } from "../../desktop";
import { latinOf } from "../../parts/layout";
import { sentence } from "../../parts/words";

const PLAIN = new Set([
  "Space",
  "Enter",
  "Tab",
  "Backspace",
  "Delete",
  "Insert",
  "Home",
  "End",
  "PageUp",
  "PageDown",
]);

/** A press: a hotkey, the modifiers of an incomplete one, or what is wrong with it. */
export type Recorded = { keys: string } | { held: string } | { wrong: string };

type Press = Pick<KeyboardEvent, "code" | "ctrlKey" | "altKey" | "shiftKey" | "metaKey">;

export function recorded(press: Press, mac: boolean): Recorded {
  const held = [
    press.ctrlKey ? "Ctrl" : "",
    press.altKey ? "Alt" : "",
    press.shiftKey ? "Shift" : "",
    press.metaKey ? (mac ? "Cmd" : "Super") : "",
  ].filter(Boolean);
  if (/^(Control|Alt|Shift|Meta|OS)/.test(press.code)) return { held: held.join("+") };
  const key = keyOf(press.code);
  if (key === null) return { wrong: "This key cannot be a hotkey" };
  const strong = held.some((word) => word !== "Shift");
  if (!strong && !/^F\d+$/.test(key))
    return { wrong: "Hold Ctrl, Alt or Super with it: it works everywhere, also where you type" };
  return { keys: [...held, key].join("+") };
}

function keyOf(code: string): string | null {
  const arrow = /^Arrow(\w+)$/.exec(code);
  if (arrow) return arrow[1] ?? null;
  if (/^F\d{1,2}$/.test(code) || PLAIN.has(code)) return code;
  return latinOf(code)?.toUpperCase() ?? null;
}

/** The state of the hotkey as text. */
export function hotkeyText({ keys, state, why }: Hotkey): string {
  const texts: Record<Hotkey["state"], string> = {
    active: `${keys} opens Callboard.`,
    taken: `${keys} is taken by another program. Choose another, or free it there.`,
    portal: `${keys} was requested from the desktop, which decides.`,
    unavailable: "This desktop supports no hotkeys.",
  };
  // The shell's reason has more detail, and what to do.
  return why ? sentence(why) : texts[state];
}
