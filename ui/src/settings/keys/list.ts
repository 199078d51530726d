/** All keys, for the list in the settings. Ctrl is the command key on a Mac. */

import { sheet } from "../../launcher/keys";

export interface KeyGroup {
  title: string;
  keys: [what: string, ...keys: string[]][];
}

/** The launcher's own list, so that it never differs from what the keys do. */
const LAUNCHER: KeyGroup[] = sheet().map(({ group, keys }) => ({
  title: group,
  keys: keys.map(({ label, keys }) => [label, ...keys]),
}));

export const KEYS: readonly KeyGroup[] = [
  ...LAUNCHER,
  {
    title: "In settings",
    keys: [
      ["Add an account, a rule or a channel name", "Ctrl+N"],
      ["Test the selection", "Ctrl+T"],
      ["Save", "Ctrl+S"],
      ["Check all", "Ctrl+R"],
      ["Close", "Escape"],
    ],
  },
];
