/** The text for an item that is snoozed. */

import type { ItemDetail } from "../api";
import { untilText } from "../parts/until";
import { askedText } from "./actor";

/** "Snoozed until 18:00, by ana in the launcher"; empty if it is not snoozed. */
export function snoozedText({ snoozed, snoozed_by }: ItemDetail, now: number): string {
  if (!snoozed) return "";
  const until = snoozed === "until_change" ? "until it changes" : untilText(snoozed.until, new Date(now));
  return `Snoozed ${until}${snoozed_by ? `, ${askedText(snoozed_by)}` : ""}`;
}
