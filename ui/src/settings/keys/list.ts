/** All keys, as they are told. Ctrl is the command key on a Mac. */

export interface KeyGroup {
  title: string;
  keys: [what: string, ...keys: string[]][];
}

export const KEYS: readonly KeyGroup[] = [
  {
    title: "Move",
    keys: [
      ["next, previous", "ArrowDown", "ArrowUp"],
      ["the same outside the field", "j", "k"],
      ["next, previous section", "Ctrl+ArrowDown", "Ctrl+ArrowUp"],
      ["complete, next argument", "Tab"],
      ["previous argument", "Shift+Tab"],
      ["one level back, then hide", "Escape"],
      ["for you, everyone", "Ctrl+E"],
      ["activity", "Ctrl+G"],
      ["settings", "Ctrl+,"],
      ["do not disturb", "Ctrl+Shift+D"],
      ["keys", "?"],
      ["quit", "Ctrl+Q"],
    ],
  },
  {
    title: "On a row",
    keys: [
      ["first action", "Enter"],
      ["second action", "Shift+Enter"],
      ["all actions", "Ctrl+K"],
      ["I am on it, acknowledge", "Ctrl+I"],
      ["open in browser", "Ctrl+O"],
      ["whole log", "Ctrl+L"],
      ["message, comment, note", "Ctrl+M"],
      ["snooze until it changes", "Ctrl+S"],
      ["send to a channel", "Ctrl+Shift+S"],
      ["copy link", "Ctrl+Shift+C"],
      ["why did I get this?", "Ctrl+/"],
      ["help for this command", "F1"],
    ],
  },
  {
    title: "Run and decide",
    keys: [
      ["run", "Enter"],
      ["run privately", "Ctrl+Shift+P"],
      ["stop", "Ctrl+."],
      ["post now", "Ctrl+P"],
      ["check all now", "Ctrl+R"],
      ["account in trouble", "Ctrl+J"],
    ],
  },
  {
    title: "In settings",
    keys: [
      ["add an account, a rule, a channel's name", "Ctrl+N"],
      ["test what is chosen", "Ctrl+T"],
      ["save", "Ctrl+S"],
      ["check all", "Ctrl+R"],
      ["close", "Escape"],
    ],
  },
];
