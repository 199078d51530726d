/** The text for an actor: who, and through what. */

import type { Actor, Via } from "../api";

/** "by ana in the launcher". Records of older versions have no actor. */
export function askedText(actor: Actor | null | undefined): string {
  if (!actor) return "not known: an older version recorded it";
  const { principal, via } = actor;
  if (principal.kind === "unreadable") return "not known: its record is damaged";
  return `by ${principal.kind === "person" ? principal.id : principal.name} ${viaText(via)}`;
}

function viaText(via: Via): string {
  switch (via.kind) {
    case "launcher":
      return "in the launcher";
    case "tray":
      return "in the tray's menu";
    case "notification":
      return "on a notification";
    case "cli":
      return "on the command line";
    case "rule":
      return "as a rule";
    case "configuration":
      return "by its configuration";
    case "chat":
      return `in ${via.account}:${via.channel}`;
    case "schedule":
      return `on the schedule of ${via.command}`;
    case "hook":
      return `through the hook ${via.name}`;
    case "mcp":
      return `through ${via.client}`;
    case "unreadable":
      return "";
  }
}
