/** The texts for what the board cannot see. */

import type { NotSeen, NotSeenKind } from "../api";
import { sentence } from "../parts/words";

const MEANS: Record<NotSeenKind, string> = {
  not_set_up: "is not set up",
  down: "cannot be read",
  part: "is not seen",
  incomplete: "is not seen whole",
  malformed: "has an entry that cannot be read",
  reading: "is being read",
};

/** The part of the account, or the account if all of it is affected. */
export const nameOf = ({ account, part }: NotSeen): string => part || account;

/** "is not seen. The token may not read it." */
export function whyOf({ kind, why }: NotSeen): string {
  return `${MEANS[kind]}. ${sentence(why)}`.trimEnd();
}

/** How many are named in the line. */
const NAMED = 2;
/** A longer reason may be cut in a narrow list. */
const SHORT = 120;

/** A line about what is not seen; `rest` names what the line leaves out, if anything. */
export function inShort(notSeen: NotSeen[]): { text: string; more: string; rest: string | null } {
  const names = [...new Set(notSeen.map(nameOf))];
  const text = `Not seen: ${names.slice(0, NAMED).join(names.length > NAMED ? ", " : " and ")}.`;
  const [only] = notSeen;
  if (only && notSeen.length === 1) {
    const more = `It ${whyOf(only)}`;
    return { text, more, rest: more.length > SHORT ? "All of it" : null };
  }
  const more = "What needs you there is not in this list.";
  return { text, more, rest: names.length > NAMED ? `and ${names.length - NAMED} more` : "Why" };
}
