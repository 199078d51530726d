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
