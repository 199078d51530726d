/** The texts of an approval's detail. Unknown facts are shown as unknown. */

import type { Answer, Approval, Shipment } from "../api";
import { moment, timer } from "../parts/time";
import { counted, isolated } from "../parts/words";

/** From this many seconds on, the time that is left is announced. */
const SOON = 120;

export interface TimeLeft {
  /** "12:40 left". */
  text: string;
  /** The share of the whole time that is left, from 0 to 1; `null` if its beginning is unknown. */
  part: number | null;
  /** The text to announce, once; empty before that. */
  spoken: string;
}

/** How long it can still be answered; `null` without a deadline, and once it has ended. */
export function timeLeft({ state, asked_at, expires_at }: Approval, now: number): TimeLeft | null {
  if (state !== "waiting" || !expires_at) return null;
  const end = Date.parse(expires_at.value);
  const seconds = (end - now) / 1000;
  if (seconds <= 0)
    return {
      text: `Expired at ${moment(expires_at.value, now)}, but the service has not closed it`,
      part: 0,
      spoken: "Expired",
    };
  const whole = asked_at ? (end - Date.parse(asked_at)) / 1000 : 0;
  return {
    text: `${timer(seconds)} left`,
    part: whole > 0 ? Math.min(1, seconds / whole) : null,
    spoken: seconds < SOON ? "Less than 2 minutes left" : "",
  };
}

const STATES: Record<Exclude<Approval["state"], "waiting">, string> = {
  approved: "Approved",
  denied: "Denied",
  expired: "Expired without an answer",
  superseded: "Superseded",
};

/** "Denied by ana: after the freeze"; empty while it waits. */
export function endText({ state, ended_by, ended_why }: Approval): string {
  if (state === "waiting") return "";
  return `${STATES[state]}${ended_by ? ` by ${ended_by.name}` : ""}${ended_why ? `: ${ended_why}` : ""}`;
}

const DECISIONS: Record<Answer["decision"], string> = {
  approved: "said yes",
  denied: "said no",
  withdrawn: "withdrew the answer",
};

export const decisionText = ({ decision }: Answer): string => DECISIONS[decision];

/** "1 of 2 said yes", "2 have to say yes", "Nobody has answered". */
export function progressText({ answers, needed }: Approval): string {
  const all = needed?.value;
  if (!answers) return all ? `${all} ${all === 1 ? "has" : "have"} to say yes` : "Who answered is not known";
  const approvals = answers.filter(({ decision }) => decision === "approved").length;
  if (all && (all > 1 || approvals > 0)) return `${approvals} of ${all} said yes`;
  return answers.length === 0 ? "Nobody has answered" : `${approvals} said yes`;
}

/** Who may answer. */
export function approversText({ approvers }: Approval): string {
  const { names, complete } = approvers?.value ?? { names: [], complete: false };
  if (names.length === 0) return complete ? "nobody" : "not known";
  return names.map(isolated).join(", ") + (complete ? "" : ", maybe others (not all could be read)");
}

/** "1.41.0 to 1.42.0, 11 commits". */
export function shipText({ from, to, commits }: Shipment): string {
  const versions = from && to ? `${from} to ${to}` : (to ?? (from ? `in place of ${from}` : null));
  const count = commits === null ? null : counted(commits, "commit");
  return [versions, count].filter(Boolean).join(", ");
}
