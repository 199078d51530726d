/** The texts of an item's detail. */

import type {
  Build,
  BuildRun,
  BuildStatus,
  Incident,
  ItemDetail,
  PullRequest,
  Review,
  Row,
  Severity,
  Size,
} from "../api";
import { age } from "../parts/time";
import { capital, counted, isolated } from "../parts/words";

const isRed = (run: BuildRun) => run.status === "failed";
const isGreen = (run: BuildRun) => run.status === "passed";

/** True if the newest verdict is a failure, whatever has started since. */
export const isRedBranch = ({ runs }: Build): boolean =>
  runs.find((run) => isRed(run) || isGreen(run))?.status === "failed";

export interface BuildFacts {
  number: number | null;
  /** "Failed in unit tests after 31 green". */
  summary: string;
  /** The run that turned it red, or the latest one. What it builds is a likely cause only where that is known to be a change. */
  cause: BuildRun | null;
  causeIs: "Likely cause" | "Commit";
  lastGreen: BuildRun | null;
}

/** A run that waits for a person goes on by that person's answer alone, whatever its service calls it. */
const statusOf = ({ status, waits }: BuildRun): BuildStatus | "waits" =>
  waits?.value && (status === "queued" || status === "running") ? "waits" : status;

const STATUSES: Record<ReturnType<typeof statusOf>, string> = {
  waits: "waiting for a person's yes",
  queued: "queued",
  running: "running",
  unknown: "ended, result unknown",
  canceled: "canceled",
  passed: "passed",
  failed: "failed",
};

/** The latest run, if an earlier one failed. */
const AFTER: typeof STATUSES = {
  waits: "the next one waits for a person's yes",
  queued: "queued again",
  running: "running again",
  unknown: "the next one ended, result unknown",
  canceled: "the next one was canceled",
  passed: "passed again",
  failed: "failed again",
};

export function buildFacts({ runs }: Build): BuildFacts {
  const latest = runs[0] ?? null;
  const verdict = runs.find((run) => isRed(run) || isGreen(run)) ?? null;
  const lastGreen = runs.find(isGreen) ?? null;
  const ended = runs.filter((run) => isRed(run) || isGreen(run));
  if (!verdict || !isRed(verdict)) {
    const cause = latest;
    const summary = latest ? capital(STATUSES[statusOf(latest)]) : "Not known";
    return { number: latest?.number ?? null, summary, cause, causeIs: "Commit", lastGreen };
  }
  const reds = ended.findIndex(isGreen);
  const red = reds < 0 ? ended : ended.slice(0, reds);
  const greens = reds < 0 ? 0 : count(ended.slice(reds), isGreen);
  const where = verdict.failing.length > 0 ? ` in ${listed(verdict.failing)}` : "";
  const after =
    red.length > 1 ? `, ${red.length} times in a row` : greens > 0 ? ` after ${greens} green` : "";
  const going = latest && latest !== verdict ? `, ${AFTER[statusOf(latest)]}` : "";
  const cause = red.at(-1) ?? verdict;
  return {
    number: verdict.number,
    summary: `Failed${where}${after}${going}`,
    cause,
    causeIs: isChange(cause, lastGreen) ? "Likely cause" : "Commit",
    lastGreen,
  };
}

/** True if it builds what had not been built when it was last green. */
const isChange = ({ author, commit }: BuildRun, lastGreen: BuildRun | null): boolean =>
  author !== null || (commit !== null && !!lastGreen?.commit && commit !== lastGreen.commit);

/** The number of items before the first that does not match. */
function count<T>(list: T[], is: (each: T) => boolean): number {
  const at = list.findIndex((each) => !is(each));
  return at < 0 ? list.length : at;
}

export function listed(names: string[]): string {
  const shown = names.slice(0, 2).map(isolated);
  if (names.length <= 2) return shown.join(" and ");
  return `${shown.join(", ")} and ${names.length - 2} more`;
}

/** "8 m ago", "just now". */
export function agoOf(at: string | null, now: number): string {
  const text = age(at, now);
  return text === "" ? "" : text === "now" ? "just now" : `${text} ago`;
}

export interface Reviewer {
  name: string;
  status: string;
  verdict: Review["verdict"] | "asked";
}

/** The reviewers, each with the verdict that counts, and who is requested. */
export function reviewers({ requested, reviews }: PullRequest): Reviewer[] {
  const byName = new Map<string, Reviewer>();
  for (const { by, verdict } of reviews) {
    const before = byName.get(by);
    // Newest first; a comment does not revoke an earlier verdict.
    if (!before || (before.verdict === "commented" && verdict !== "commented"))
      byName.set(by, { name: by, verdict, status: VERDICTS[verdict] });
  }
  for (const name of requested) {
    const again = byName.has(name);
    byName.set(name, { name, verdict: "asked", status: again ? "asked again" : "asked" });
  }
  return [...byName.values()];
}

const VERDICTS: Record<Review["verdict"], string> = {
  approved: "approved",
  changes_requested: "requested changes",
  commented: "commented",
  dismissed: "dismissed",
};

/** "+120 −4 in 3 files". */
export function sizeText({ added, removed, files }: Size): string {
  return `+${added} −${removed} in ${counted(files, "file")}`;
}

const FOLD = { lines: 6, letters: 400 };

/** The beginning of a long text, in whole lines if possible; `null` if it is short enough to be shown in full. */
export function folded(text: string): string | null {
  const few = text.split("\n", FOLD.lines).join("\n");
  let start = "";
  let letters = 0;
  // Only as much as can be shown is examined. A grapheme of several characters is not cut in two.
  for (const { segment } of new Intl.Segmenter().segment(few.slice(0, 4_000))) {
    if (letters === FOLD.letters) break;
    start += segment;
    letters += 1;
  }
  return start === text ? null : `${start.trimEnd()}…`;
}

/** Texts for states whose name alone would not be understood. */
const SEVERITIES: Partial<Record<Severity, string>> = {
  high: "high urgency",
  info: "informational",
  unknown: "severity unknown",
};

export function incidentSummary(incident: Incident, now: number): string {
  const { service, severity, status } = incident;
  return [
    service,
    SEVERITIES[severity] ?? severity,
    status === "resolved" ? status : openSince(incident, now),
  ]
    .filter(Boolean)
    .join(", ");
}

/** "open 3 h", "just opened", "first seen 3 h ago", or "open" if neither time is known. */
function openSince({ started_at, start_unknown }: Incident, now: number): string {
  // 1970 stands for an unknown time.
  if (!Date.parse(started_at)) return "open";
  if (start_unknown) return `first seen ${agoOf(started_at, now)}`;
  const since = age(started_at, now);
  return since === "now" ? "just opened" : `open ${since}`;
}

/** Who has it, or is requested to take it; empty once it is over. */
export function holdersOf({ status, hold, assigned }: Incident): string {
  if (status === "resolved") return "";
  if (status === "acknowledged")
    return hold?.by.length ? listed(hold.by.map(({ name }) => name)) : "acknowledged by someone";
  return assigned?.to.length
    ? `nobody yet, assigned to ${listed(assigned.to.map(({ name }) => name))}`
    : "nobody";
}

/** The heading of the detail, before and after the item is loaded. */
export function headingOf(row: Row, detail: ItemDetail | null): { title: string; more: string } {
  const item = detail?.item;
  if (item?.detail.kind === "build") {
    const { number } = buildFacts(item.detail);
    return { title: row.title, more: number === null ? "" : `build ${number}` };
  }
  return { title: item?.title ?? row.title, more: "" };
}
