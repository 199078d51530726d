/** Every key of the launcher: this list drives both what a press does and what the "?" sheet shows. */

/** What a key does. */
export type Act =
  | "down"
  | "up"
  | "last"
  | "first"
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
  /** Any of these; the first is the one that is shown. */
  keys: string[];
  group: Group;
  words: string;
  /** `free`: only while no text field has the focus. `empty`: while it has not, or is empty. */
  when?: "free" | "empty";
  /** On a Mac, where the system holds the usual one. */
  mac?: string[];
}

export const KEYS: Key[] = [
  { act: "down", keys: ["ArrowDown"], group: "Move", words: "Next" },
  { act: "up", keys: ["ArrowUp"], group: "Move", words: "Previous" },
  { act: "down", keys: ["j"], group: "Move", words: "Next, outside the field", when: "free" },
  { act: "up", keys: ["k"], group: "Move", words: "Previous, outside the field", when: "free" },
  { act: "next-section", keys: ["Ctrl+ArrowDown"], group: "Move", words: "Next section" },
  { act: "previous-section", keys: ["Ctrl+ArrowUp"], group: "Move", words: "Previous section" },
  { act: "last", keys: ["Ctrl+End"], group: "Move", words: "Last" },
  { act: "first", keys: ["Ctrl+Home"], group: "Move", words: "First" },
  { act: "into", keys: ["ArrowRight"], group: "Move", words: "Detail, in a narrow window" },
  { act: "complete", keys: ["Tab"], group: "Move", words: "Complete, next argument" },
  { act: "previous", keys: ["Shift+Tab"], group: "Move", words: "Previous argument" },
  { act: "back", keys: ["Escape"], group: "Move", words: "One level back, then hide" },

  { act: "go", keys: ["Enter"], group: "On a row", words: "Do the first thing" },
  { act: "second", keys: ["Shift+Enter"], group: "On a row", words: "Do the second thing" },
  { act: "actions", keys: ["Ctrl+K"], group: "On a row", words: "All actions" },
  { act: "take", keys: ["Ctrl+I"], group: "On a row", words: "I am on it, acknowledge, silence" },
  { act: "open", keys: ["Ctrl+O"], group: "On a row", words: "Open in browser" },
  { act: "log", keys: ["Ctrl+L"], group: "On a row", words: "Whole log" },
  { act: "comment", keys: ["Ctrl+M"], group: "On a row", words: "Comment or note", mac: ["Ctrl+Shift+M"] },
  { act: "snooze", keys: ["Ctrl+S"], group: "On a row", words: "Snooze until a time or a change" },
  { act: "send", keys: ["Ctrl+Shift+S"], group: "On a row", words: "Post to a channel" },
  { act: "copy", keys: ["Ctrl+Shift+C"], group: "On a row", words: "Copy link" },
  { act: "why", keys: ["Ctrl+/", "Ctrl+Shift+/"], group: "On a row", words: "Why did I get this?" },

  { act: "undo", keys: ["Ctrl+B"], group: "Run", words: "Undo, before it is sent" },
  { act: "stop", keys: ["Ctrl+."], group: "Run", words: "Stop" },
  { act: "privately", keys: ["Ctrl+Shift+P"], group: "Run", words: "Run privately" },
  { act: "post-now", keys: ["Ctrl+P"], group: "Run", words: "Post now" },
  { act: "ran", keys: ["Ctrl+Shift+Y"], group: "Run", words: "It ran" },
  { act: "did-not-run", keys: ["Ctrl+Shift+N"], group: "Run", words: "It did not run" },
  { act: "runs", keys: ["Ctrl+Shift+R"], group: "Run", words: "Rooms and runs" },

  { act: "approve", keys: ["Ctrl+Enter"], group: "Decide", words: "Approve" },
  { act: "resolve", keys: ["Ctrl+D"], group: "Decide", words: "Resolve" },

  { act: "everyone", keys: ["Ctrl+E"], group: "Window", words: "For you, everyone" },
  { act: "activity", keys: ["Ctrl+G"], group: "Window", words: "Activity" },
  { act: "settings", keys: ["Ctrl+,"], group: "Window", words: "Settings" },
  { act: "quiet", keys: ["Ctrl+Shift+D"], group: "Window", words: "Do not disturb" },
  { act: "check", keys: ["Ctrl+R"], group: "Window", words: "Check all now" },
  { act: "account", keys: ["Ctrl+J"], group: "Window", words: "The account in trouble" },
  { act: "not-seen", keys: ["Ctrl+Shift+J"], group: "Window", words: "All that is not seen" },

  { act: "keys", keys: ["?"], group: "Help", words: "These keys", when: "empty" },
  { act: "help", keys: ["F1"], group: "Help", words: "This command" },
  { act: "quit", keys: ["Ctrl+Q"], group: "Help", words: "Quit" },
];

const isMac = typeof navigator !== "undefined" && /Mac/.test(navigator.platform);

function held(key: Key, mac: boolean): string[] {
  return mac && key.mac ? key.mac : key.keys;
}

/** What a press does. `typing`: a text field has the focus; `empty`: nothing is in it. */
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

/** The keys to show for an act. */
export function keysOf(act: Act, mac = isMac): string {
  const key = KEYS.find((key) => key.act === act);
  return (key && held(key, mac)[0]) ?? "";
}
