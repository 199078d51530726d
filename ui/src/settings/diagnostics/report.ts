/** The results of the checks as a report to send: plain text, without settings of accounts or secrets. */

import type { Check, CheckVerdict, ConfigError } from "../../api";
import type { Desktop } from "../../desktop";
import { capital } from "../../parts/words";
import { located } from "../../parts/failure";

export const VERDICT: Record<
  CheckVerdict,
  { icon: string; tone: "passing" | "attention" | "failing" | "quiet"; label: string }
> = {
  ok: { icon: "check", tone: "passing", label: "OK" },
  warning: { icon: "st_att", tone: "attention", label: "needs attention" },
  failed: { icon: "st_fail", tone: "failing", label: "does not work" },
};

/** What a check is of. What the engine calls the daemon is this app where it has the store itself. */
const checked = (name: string, desktop: Desktop | null) =>
  name === "daemon" && desktop?.owner === "here" ? "this app" : name;

/** A check's name as a title. */
export function checkTitle(name: string, desktop: Desktop | null): string {
  return capital(checked(name, desktop));
}

/** The action of a check's remedy in this window, if there is one. */
export type Remedy = {
  title: string;
  act: "test" | "hotkey" | "reload" | "account" | "secrets" | "board";
  item: string | null;
};

export function remedyOf({ name, verdict }: Check): Remedy | null {
  const well = verdict === "ok";
  const account = /^account (.+)$/.exec(name);
  if (account) return well ? null : { title: "Open the account", act: "account", item: account[1] ?? null };
  if (name === "notifications") return { title: "Show a test", act: "test", item: null };
  if (name === "configuration") return { title: "Reload", act: "reload", item: null };
  if (well) return null;
  if (name === "hotkey") return { title: "Choose a key…", act: "hotkey", item: null };
  if (name === "secrets" || name === "keychain")
    return { title: "Where they are kept…", act: "secrets", item: null };
  if (name === "deliveries") return { title: "Open the board", act: "board", item: null };
  return null;
}

export interface Reported {
  desktop: Desktop | null;
  checks: readonly Check[];
  errors: readonly ConfigError[];
  at: string;
}

export function report({ desktop, checks, errors, at }: Reported): string {
  const about = desktop
    ? [
        `Callboard ${desktop.version}, ${desktop.platform}${desktop.wayland ? ", Wayland" : ""}`,
        `store: ${desktop.owner === "daemon" ? "kept by the daemon" : "kept by this app"}${desktop.playground ? ", playground" : ""}`,
        `hotkey: ${desktop.hotkey.keys}, ${desktop.hotkey.state}${desktop.hotkey.why ? ` (${desktop.hotkey.why})` : ""}`,
        `tray: ${desktop.tray.shown ? "shown" : "not shown"}${desktop.tray.why ? ` (${desktop.tray.why})` : ""}`,
      ]
    : ["Callboard"];
  const results = checks.map(({ name, verdict, found, remedy }) => {
    const lines = [
      `[${verdict}] ${checked(name, desktop)}: ${found}`,
      ...(remedy && verdict !== "ok" ? [`    to do: ${remedy}`] : []),
    ];
    return lines.join("\n");
  });
  return [
    ...about,
    `checked: ${at}`,
    "",
    ...errors.map((fault) => `[fault] ${located(fault)}`),
    ...results,
    "",
  ].join("\n");
}
