/** Every key of the launcher: this list drives both what a press does and what the "?" sheet shows. */

import { isMac } from "../parts/keys";
import { layout } from "../parts/layout";

/** What a key does. */
export type Act =
  | "down"
  | "up"
  | "last"
  | "first"
  | "page-down"
  | "page-up"
  | "next-section"
  | "previous-section"
  | "into"
  | "complete"
  | "previous"
  | "back"
  | "go"
  | "second"
  | "actions"
  | "take"
  | "open"
  | "log"
  | "comment"
  | "snooze"
  | "send"
  | "copy"
  | "why"
  | "resolve"
  | "approve"
  | "stop"
  | "undo"
  | "privately"
  | "post-now"
  | "ran"
  | "did-not-run"
  | "everyone"
  | "runs"
  | "activity"
  | "settings"
  | "quiet"
  | "check"
  | "account"
  | "not-seen"
  | "keys"
  | "help"
  | "quit";

export type Group = "Move" | "On a row" | "Run" | "Decide" | "Window" | "Help";

export interface Key {
  act: Act;
  /** Any of these presses; the first is the one that is shown. */
  keys: string[];
  group: Group;
  label: string;
  /** `free`: only while no text field has the focus. `empty`: also while the focused text field is empty. */
  when?: "free" | "empty";
  /** The keys on a Mac, if the system reserves the usual ones. */
  mac?: string[];
}

export const KEYS: Key[] = [
  { act: "down", keys: ["ArrowDown"], group: "Move", label: "Next" },
  { act: "up", keys: ["ArrowUp"], group: "Move", label: "Previous" },
  { act: "down", keys: ["j"], group: "Move", label: "Next, outside the field", when: "free" },
  { act: "up", keys: ["k"], group: "Move", label: "Previous, outside the field", when: "free" },
  { act: "next-section", keys: ["Ctrl+ArrowDown"], group: "Move", label: "Next section" },
  { act: "previous-section", keys: ["Ctrl+ArrowUp"], group: "Move", label: "Previous section" },
  { act: "last", keys: ["Ctrl+End"], group: "Move", label: "Last" },
  { act: "first", keys: ["Ctrl+Home"], group: "Move", label: "First" },
  { act: "last", keys: ["End"], group: "Move", label: "Last, with an empty field", when: "empty" },
  { act: "first", keys: ["Home"], group: "Move", label: "First, with an empty field", when: "empty" },
  { act: "page-down", keys: ["PageDown"], group: "Move", label: "Next page" },
  { act: "page-up", keys: ["PageUp"], group: "Move", label: "Previous page" },
  { act: "into", keys: ["ArrowRight"], group: "Move", label: "Detail, in a narrow window" },
  { act: "complete", keys: ["Tab"], group: "Move", label: "Complete, next argument" },
  { act: "previous", keys: ["Shift+Tab"], group: "Move", label: "Previous argument" },
  { act: "back", keys: ["Escape"], group: "Move", label: "One level back, then hide" },

  { act: "go", keys: ["Enter"], group: "On a row", label: "First action" },
  { act: "second", keys: ["Shift+Enter"], group: "On a row", label: "Second action" },
  { act: "actions", keys: ["Ctrl+K"], group: "On a row", label: "All actions" },
  { act: "take", keys: ["Ctrl+I"], group: "On a row", label: "I am on it, acknowledge, silence" },
  { act: "open", keys: ["Ctrl+O"], group: "On a row", label: "Open in browser" },
  { act: "log", keys: ["Ctrl+L"], group: "On a row", label: "Whole log" },
  { act: "comment", keys: ["Ctrl+M"], group: "On a row", label: "Comment or note", mac: ["Ctrl+Shift+M"] },
  { act: "snooze", keys: ["Ctrl+S"], group: "On a row", label: "Snooze until a time or a change" },
  { act: "send", keys: ["Ctrl+Shift+S"], group: "On a row", label: "Post to a channel" },
  { act: "copy", keys: ["Ctrl+Shift+C"], group: "On a row", label: "Copy link" },
  { act: "why", keys: ["Ctrl+/", "Ctrl+Shift+/"], group: "On a row", label: "Why did I get this?" },

  { act: "undo", keys: ["Ctrl+B"], group: "Run", label: "Undo, before it is sent" },
  { act: "stop", keys: ["Ctrl+."], group: "Run", label: "Stop" },
  { act: "privately", keys: ["Ctrl+Shift+P"], group: "Run", label: "Run privately" },
  { act: "post-now", keys: ["Ctrl+P"], group: "Run", label: "Post now" },
  { act: "ran", keys: ["Ctrl+Shift+Y"], group: "Run", label: "It ran" },
  { act: "did-not-run", keys: ["Ctrl+Shift+N"], group: "Run", label: "It did not run" },
  { act: "runs", keys: ["Ctrl+Shift+R"], group: "Run", label: "Rooms and runs" },

  { act: "approve", keys: ["Ctrl+Enter"], group: "Decide", label: "Approve" },
  { act: "resolve", keys: ["Ctrl+D"], group: "Decide", label: "Deny, resolve" },

  { act: "everyone", keys: ["Ctrl+E"], group: "Window", label: "For you or everyone" },
  { act: "activity", keys: ["Ctrl+G"], group: "Window", label: "Activity" },
  { act: "settings", keys: ["Ctrl+,"], group: "Window", label: "Settings" },
  { act: "quiet", keys: ["Ctrl+Shift+D"], group: "Window", label: "Do not disturb" },
  { act: "check", keys: ["Ctrl+R"], group: "Window", label: "Check all now" },
  { act: "account", keys: ["Ctrl+J"], group: "Window", label: "The account in trouble" },
  { act: "not-seen", keys: ["Ctrl+Shift+J"], group: "Window", label: "Everything not seen" },

  { act: "keys", keys: ["?"], group: "Help", label: "These keys", when: "empty" },
  { act: "help", keys: ["F1"], group: "Help", label: "Help for this command" },
  { act: "quit", keys: ["Ctrl+Q"], group: "Help", label: "Quit" },
];

function held(key: Key, mac: boolean): string[] {
  return mac && key.mac ? key.mac : key.keys;
}

/** What the menu of actions has below those of the row, with its icons. */
export const OF_MENU: Partial<Record<Act, string>> = { runs: "hash", check: "rerun" };

/** The act of a press. `typing`: a text field has the focus; `empty`: it has no text. */
export function actOf(
  pressed: string,
  { typing, empty }: { typing: boolean; empty: boolean },
  mac = isMac,
): Act | null {
  const fits = (key: Key) =>
    held(key, mac).includes(pressed) &&
    (key.when === undefined || !typing || (key.when === "empty" && empty));
  return KEYS.find(fits)?.act ?? null;
}

/** True for what is done to the selected row. Enter is not among these: it is for the typed text first. */
export const isOfRow = (act: Act) =>
  act !== "go" && KEYS.some((key) => key.act === act && (key.group === "On a row" || key.group === "Decide"));

/** The keys to show for an act. */
export function keysOf(act: Act, mac = isMac): string {
  const key = KEYS.find((key) => key.act === act);
  return (key && held(key, mac)[0]) ?? "";
}

/** The groups in the order of the sheet's columns, with the keys whose label contains the typed text. */
export function sheet(typed = ""): { group: Group; keys: Key[] }[] {
  const query = typed.trim().toLowerCase();
  const latin = layout.reading(query) ?? query;
  const fits = (text: string) => text.includes(query) || text.includes(latin);
  const groups: Group[] = ["Move", "Window", "On a row", "Run", "Decide", "Help"];
  return groups
    .map((group) => ({
      group,
      keys: KEYS.filter((key) => key.group === group && fits(key.label.toLowerCase())),
    }))
    .filter(({ keys }) => keys.length > 0);
}
