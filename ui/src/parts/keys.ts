/** Keys as people read them, and key presses as the same words. */

import { isLatin, type Layout, layout as used, shifted } from "./layout";

const isMac = typeof navigator !== "undefined" && /Mac/.test(navigator.platform);

/** A hotkey that is offered where the one that is wanted is taken. */
export const OTHER_HOTKEY = "Ctrl+Alt+Space";

const SIGNS: Record<string, string> = {
  Enter: "↵",
  Escape: "Esc",
  ArrowDown: "↓",
  ArrowUp: "↑",
  ArrowLeft: "←",
  ArrowRight: "→",
  Left: "←",
  Right: "→",
};
const MAC: Record<string, string> = { Ctrl: "⌘", Shift: "⇧", Alt: "⌥" };

/** "Ctrl+K" as drawn on a key cap: "Ctrl K", on a Mac "⌘K". */
export function spoken(keys: string, mac = isMac): string {
  const words = keys
    .split("+")
    .map((word) => (mac ? (MAC[word] ?? SIGNS[word] ?? word) : (SIGNS[word] ?? word)));
  return words.join(mac ? "" : " ");
}

/** A press as the words of the key list: "Ctrl+Shift+P", "Enter", "j". Ctrl is ⌘ on a Mac. */
export function pressed(event: KeyboardEvent, mac = isMac): string {
  return named(event, event.key, mac);
}

/** What a press may mean, the first thing first: as typed, and as the Latin letter at its place where it types none. */
export function presses(event: KeyboardEvent, layout: Layout = used, mac = isMac): string[] {
  const latin = layout.latin(event);
  const typed = pressed(event, mac);
  if (latin === null) return [typed];
  const held = event.ctrlKey || event.metaKey || event.altKey;
  // "É" at "/" is a letter, and asks for nothing.
  const place = event.shiftKey && !held && !isLatin(event.key) ? shifted(latin) : latin;
  // What that key types has a shortcut of its own elsewhere: its place goes first.
  const all = [named(event, place, mac), typed];
  return latin === "/" && (event.key === "." || event.key === ",") ? all : all.reverse();
}

function named(event: KeyboardEvent, key: string, mac: boolean): string {
  const words: string[] = [];
  if (mac ? event.metaKey : event.ctrlKey) words.push("Ctrl");
  if (event.altKey) words.push("Alt");
  const letter = key.length === 1;
  // A shifted sign is a sign of its own ("?"); a shifted letter is the letter with Shift.
  const shifted = event.shiftKey && (!letter || words.length > 0);
  if (shifted) words.push("Shift");
  words.push(letter && words.length > 0 ? key.toUpperCase() : key);
  return words.join("+");
}
