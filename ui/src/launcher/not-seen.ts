/** The texts for what the board cannot see. */

import type { NotSeen, NotSeenKind } from "../api";
import { reason } from "../parts/words";

const MEANS: Record<NotSeenKind, string> = {
  not_set_up: "is not set up",
  down: "cannot be read",
  unrecorded: "is not recorded",
  part: "is not seen",
  incomplete: "is not seen whole",
  malformed: "has an entry that cannot be read",
  reading: "is being read",
};

/** The part of the account, or the account if all of it is affected. */
export const nameOf = ({ account, part }: NotSeen): string => part || account;

/** "is not seen. Why: the token may not read it." */
export function whyOf({ kind, why }: NotSeen): string {
  return `${MEANS[kind]}. ${reason(why)}`.trimEnd();
}

/** How many are named in the line. */
const NAMED = 2;
/** A longer reason may be cut in a narrow list. */
const SHORT = 120;

const listed = (names: string[]) => names.slice(0, NAMED).join(names.length > NAMED ? ", " : " and ");

/**
 * A line about what is not seen; `rest` names what the line leaves out, if anything. `old`: the accounts whose rows are
 * shown as they were when it was last read.
 */
export function inShort(
  notSeen: NotSeen[],
  old: ReadonlySet<string>,
): { text: string; more: string; rest: string | null } {
  const isOld = (each: NotSeen) => each.part === "" && old.has(each.account);
  const named = (which: NotSeen[]) => [...new Set(which.map(nameOf))];
  const before = named(notSeen.filter(isOld));
  const missing = named(notSeen.filter((each) => !isOld(each)));
  const text = [
    before.length > 0 ? `Not up to date: ${listed(before)}.` : "",
    missing.length > 0 ? `Not seen: ${listed(missing)}.` : "",
  ]
    .join(" ")
    .trim();
  const [only] = notSeen;
  if (only && notSeen.length === 1) {
    const more = only.kind === "part" ? reason(only.why) : `It ${whyOf(only)}`;
    return { text, more, rest: more.length > SHORT ? "Show all" : null };
  }
  const more =
    missing.length > 0
      ? "What needs you there is not in this list."
      : "What is new there is not in this list.";
  const left = Math.max(0, before.length - NAMED) + Math.max(0, missing.length - NAMED);
  return { text, more, rest: left > 0 ? `and ${left} more` : "Why" };
}
