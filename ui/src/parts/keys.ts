/** Keys as people read them, key presses as the same names, and what keys do in every window. */

import { isLatin, type Layout, layout as used, shifted } from "./layout";

export const isMac = typeof navigator !== "undefined" && /Mac/.test(navigator.platform);

/** The hotkey that is offered if the chosen one is taken. */
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
  const caps = keys
    .split("+")
    .map((word) => (mac ? (MAC[word] ?? SIGNS[word] ?? word) : (SIGNS[word] ?? word)));
  return caps.join(mac ? "" : " ");
}

/** A press by the names of the key list: "Ctrl+Shift+P", "Enter", "j". Ctrl is ⌘ on a Mac. */
export function pressed(event: KeyboardEvent, mac = isMac): string {
  return named(event, event.key, mac);
}

/** The possible meanings of a press, the likeliest first: as typed and, if not Latin, as its Latin letter. */
export function presses(event: KeyboardEvent, layout: Layout = used, mac = isMac): string[] {
  const latin = layout.latin(event);
  const typed = pressed(event, mac);
  if (latin === null) return [typed];
  const held = event.ctrlKey || event.metaKey || event.altKey;
  // "É" at "/" is a letter, and no shortcut.
  const place = event.shiftKey && !held && !isLatin(event.key) ? shifted(latin) : latin;
  // "." and "," at this key have shortcuts of their own elsewhere: the place goes first.
  const all = [named(event, place, mac), typed];
  return latin === "/" && (event.key === "." || event.key === ",") ? all : all.reverse();
}

const EDITS: Record<string, string> = {
  "Ctrl+A": "selectAll",
  "Ctrl+C": "copy",
  "Ctrl+V": "paste",
  "Ctrl+X": "cut",
  "Ctrl+Z": "undo",
  "Ctrl+Shift+Z": "redo",
  "Ctrl+Y": "redo",
};

/**
 * Does what a text key does, if the layout types no Latin letter there: the web view knows these keys by their letters
 * only. True if it was done.
 */
export function edits(event: KeyboardEvent): boolean {
  const edit =
    used.latin(event) !== null &&
    presses(event)
      .map((keys) => EDITS[keys])
      .find(Boolean);
  // The clipboard is the system's: only this old call reads it without asking the person.
  return edit ? document.execCommand(edit) : false;
}

/** How much of what is in view a page is: the last line that was in view stays. */
export const PAGE = 0.8;

/** Scrolls by a page or to an end. False for anything else. */
export function scrollBox(box: Element, to: string): boolean {
  const by = box.clientHeight * PAGE;
  if (to === "page-down") box.scrollTop += by;
  else if (to === "page-up") box.scrollTop -= by;
  else if (to === "first") box.scrollTop = 0;
  else if (to === "last") box.scrollTop = box.scrollHeight;
  else return false;
  return true;
}

function named(event: KeyboardEvent, key: string, mac: boolean): string {
  const names: string[] = [];
  if (mac ? event.metaKey : event.ctrlKey) names.push("Ctrl");
  if (event.altKey) names.push("Alt");
  const letter = key.length === 1;
  // A shifted sign is a sign of its own ("?"); a shifted letter is the letter with Shift.
  const shifted = event.shiftKey && (!letter || names.length > 0);
  if (shifted) names.push("Shift");
  names.push(letter && names.length > 0 ? key.toUpperCase() : key);
  return names.join("+");
}
