/** Keys as people read them, and key presses as the same words. */

const isMac = typeof navigator !== "undefined" && /Mac/.test(navigator.platform);

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
  const words: string[] = [];
  if (mac ? event.metaKey : event.ctrlKey) words.push("Ctrl");
  if (event.altKey) words.push("Alt");
  const letter = event.key.length === 1;
  // A shifted sign is a sign of its own ("?"); a shifted letter is the letter with Shift.
  const shifted = event.shiftKey && (!letter || words.length > 0);
  if (shifted) words.push("Shift");
  words.push(letter && words.length > 0 ? event.key.toUpperCase() : event.key);
  return words.join("+");
}
