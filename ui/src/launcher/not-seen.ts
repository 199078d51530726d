/** What the board does not see, in words. */

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

/** The part, or the account where it is all of it. */
export const nameOf = ({ account, part }: NotSeen): string => part || account;

/** "is not seen. The token may not read it." */
export function whyOf({ kind, why }: NotSeen): string {
  return `${MEANS[kind]}. ${sentence(why)}`.trimEnd();
}

/** How many are named in a line. */
const NAMED = 2;
/** A reason that is longer may be cut where the list is narrow. */
const SHORT = 120;

/** What is not seen, in a line; `rest` is what it leaves out, where that is anything. */
export function inShort(notSeen: NotSeen[]): { words: string; more: string; rest: string | null } {
  const names = [...new Set(notSeen.map(nameOf))];
  const words = `Not seen: ${names.slice(0, NAMED).join(names.length > NAMED ? ", " : " and ")}.`;
  const [only] = notSeen;
  if (only && notSeen.length === 1) {
    const more = `It ${whyOf(only)}`;
    return { words, more, rest: more.length > SHORT ? "All of it" : null };
  }
  const more = "What needs you there is not in this list.";
  return { words, more, rest: names.length > NAMED ? `and ${names.length - NAMED} more` : "Why" };
}
