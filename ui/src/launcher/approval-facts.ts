/** The texts of an approval's detail. Unknown facts are shown as unknown. */

import type { Answer, Approval, Checks, OpenIncidents, Run, Shipment } from "../api";
import { age, moment, timer } from "../parts/time";
import { counted, isolated, sentence } from "../parts/words";
import { agoOf, listed } from "./facts";
import type { Tone } from "./look";
import { verdictOf } from "./outcome";

/** From this many seconds on, the time that is left is announced. */
const SOON = 120;

export interface TimeLeft {
  /** "12:40 left". */
  text: string;
  /** "12:40", and "left": the same in two parts. */
  figure: string;
  after: string;
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
  if (seconds <= 0) {
    const [figure, after] = [
      `Expired at ${moment(expires_at.value, now)}`,
      "but the service has not closed it",
    ];
    return { text: `${figure}, ${after}`, figure, after, part: 0, spoken: "Expired" };
  }
  const whole = asked_at ? (end - Date.parse(asked_at)) / 1000 : 0;
  return {
    text: `${timer(seconds)} left`,
    figure: timer(seconds),
    after: "left",
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

const SIGNS = {
  approved: { icon: "check", tone: "passing" },
  denied: { icon: "x", tone: "failing" },
  withdrawn: { icon: "undo", tone: "quiet" },
} as const;

/** Who answered, what and when. */
export const answersOf = ({ answers }: Approval, now: number) =>
  (answers ?? []).map((answer) => ({
    name: answer.by.name,
    status: `${decisionText(answer)}${answer.at ? ` ${moment(answer.at, now)}` : ""}`,
    ...SIGNS[answer.decision],
  }));

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

/** What exactly a yes is for, by name. */
export const boundOf = ({ environment, commit, arguments: bound }: Approval): [string, string][] => [
  ...(environment ? [["Where", environment] as [string, string]] : []),
  ["Commit", commit ?? "not known"],
  ...Object.entries(bound ?? {}),
];

/** So many changes are shown. */
const MOST = 12;

/** What a yes ships: the pull requests, then the newest changes. */
export function changesOf({ ships }: Approval): string[] {
  const all = [...(ships?.value.pull_requests ?? []), ...(ships?.value.changes ?? [])];
  const more = all.length - MOST;
  return more > 0 ? [...all.slice(0, MOST), `and ${more} more`] : all;
}

/** A fact that a yes is given upon, with the way to see more of it. */
export interface Ground {
  icon: string;
  tone: Tone;
  text: string;
  /** Where it can be seen: on the service, or here. */
  link?: string | undefined;
  item?: string;
}

const CHECKS: Record<Checks["status"], [icon: string, tone: Tone, text: string]> = {
  passed: ["check", "passing", "All checks passed"],
  failed: ["x", "failing", "Checks failed"],
  pending: ["st_run", "running", "Checks are under way"],
  none: ["info", "quiet", "There are no checks"],
  unknown: ["st_unk", "attention", "It is not known how the checks ended"],
};

function checksOf({ status, failing, commit }: Checks): Ground {
  const [icon, tone, text] = CHECKS[status];
  const which = status === "failed" && failing.length > 0 ? `: ${listed(failing)}` : "";
  return { icon, tone, text: `${text}${which}${commit ? `, of ${commit.slice(0, 7)}` : ""}` };
}

/** The incidents that are open, as far as they are seen: none are only those that all accounts were read for. */
function incidentsOf({ rows, total, accounts, not_seen }: OpenIncidents): Ground[] {
  const found = rows.map(({ key, title, second }): Ground => {
    const of = second ? ` (${isolated(second)})` : "";
    return { icon: "st_inc", tone: "failing", text: `Open incident: ${isolated(title)}${of}`, item: key };
  });
  if (total > rows.length) found.push({ ...UNREAD, text: `and ${total - rows.length} more open incidents` });
  if (not_seen.length > 0)
    found.push({
      ...UNREAD,
      text: `There may be more incidents: ${listed(not_seen.map(({ account }) => account))} cannot be read`,
    });
  else if (accounts.length === 0)
    found.push({ ...UNREAD, text: "No account says whether there are incidents" });
  else if (total === 0) found.push({ icon: "check", tone: "passing", text: "No open incident" });
  return found;
}

const UNREAD = { icon: "st_unk", tone: "attention" } as const;

/** What a yes is given upon: what it ships, its checks, incidents, and what else it waits for. */
export function groundsOf(approval: Approval, open: OpenIncidents | null, now: number): Ground[] {
  const { ships, conditions } = approval;
  const shipment = ships?.value;
  // 1970 stands for an unknown time.
  const read = ships && Date.parse(ships.at) ? `, as of ${agoOf(ships.at, now)}` : "";
  const text = shipment ? shipText(shipment) : "";
  return [
    text
      ? { icon: "box", tone: "quiet", text: `Ships ${text}${read}`, link: shipment?.url }
      : { ...UNREAD, text: "What it ships is not known", link: shipment?.url },
    ...(shipment?.checks ? [checksOf(shipment.checks)] : []),
    ...(shipment?.unread ?? []).map((what) => ({ ...UNREAD, text: `Not read: ${what}` })),
    ...(open ? incidentsOf(open) : []),
    ...(conditions?.value ?? []).map((what): Ground => ({
      icon: "clock",
      tone: "quiet",
      text: `Also waits for ${what}`,
    })),
  ];
}

/** Whose it is to answer: "Waiting for you", "May be yours", "Not yours". */
export function whoseText(turn: { mine: boolean }, held: boolean): string {
  return turn.mine ? "Waiting for you" : held ? "Not yours" : "May be yours";
}

/** How long it has been waiting: "3 h"; empty if that is not known. */
export const waitedText = ({ asked_at }: Approval, now: number): string => age(asked_at ?? null, now);

/** True while nothing was sent that may be its answer: then one can be given. */
export function isUnsent(run: Run | null): boolean {
  const state = run?.state;
  switch (state?.state) {
    case undefined:
    case "failed":
      return true;
    case "canceled":
      return !state.sent;
    case "settled":
      return !state.ran;
    case "done":
      return !state.outcome.ok;
    default:
      return false;
  }
}

/** What became of an answer that was given here, until its service says. */
export function answerText(run: Run, account: string): { text: string; more: string; tone: Tone } {
  const { label, summary, more, tone } = verdictOf(run);
  switch (run.state.state) {
    case "pending":
    case "running":
      return { text: "Your answer is being sent", more, tone };
    case "done":
      if (!run.state.outcome.ok) break;
      return {
        text: `Sent, waiting for ${isolated(account)} to confirm it`,
        more: sentence(summary ?? ""),
        tone,
      };
  }
  return { text: summary ?? label, more, tone };
}
