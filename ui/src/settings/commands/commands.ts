/** Searching commands, and the texts about them. */

import type { ArgSpec, CommandInfo, Kind, Origin } from "../../api";
import { looksFor } from "../search";

/** The commands with every word of the text in their name, aliases or summary. */
export function fitting(commands: readonly CommandInfo[], text: string): CommandInfo[] {
  const fits = looksFor(text);
  return commands.filter(({ spec }) => fits([spec.name, ...spec.aliases, spec.summary].join(" ")));
}

export function originText(origin: Origin): string {
  return "file" in origin ? origin.file : origin.accounts.join(", ");
}

const ITEM: Record<Kind, string> = {
  build: "a build",
  pull_request: "a pull request",
  incident: "an incident",
  approval: "an approval",
};

/** What an argument takes, unless its summary says it: "one of staging, production; main if left out". */
export function takesText({ ty, default: standard, required, summary }: ArgSpec): string {
  const kind =
    typeof ty === "string"
      ? {
          text: "a text",
          number: "a number",
          bool: "yes or no",
          duration: "a length of time such as 30m",
          time: "a time such as 18:00 or monday 14:30",
          live: "chosen from a list that the service gives",
          pairs: "name=value",
        }[ty]
      : "choice" in ty
        ? `one of ${ty.choice.join(", ")}`
        : ITEM[ty.item];
  const without = standard !== null ? `${standard} if left out` : required ? "" : "may be left out";
  return [kind === summary ? "" : kind, without].filter(Boolean).join("; ");
}
