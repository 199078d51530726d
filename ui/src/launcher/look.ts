/** How a line of the list looks: glyph, texts, whose turn. Shape first, hue second; hollow and grey: someone has it. */

import type {
  ChannelInfo,
  ChecksStatus,
  FoundChoice,
  FoundCommand,
  FoundRun,
  TextSpan,
  Row,
  Run,
  Severity,
  Snoozed,
} from "../api";
import { channelIcon, channelName, isBuiltin } from "../parts/channel";
import { age, moment } from "../parts/time";
import { untilText } from "../parts/until";
import type { Act } from "./keys";
import { lineOf } from "./named";

export type Tone = "failing" | "attention" | "passing" | "running" | "quiet";

export interface Glyph {
  icon: string;
  tone: Tone;
  /** Its name, for screen readers. */
  means: string;
}

/** What was done to a row here and its service does not show, or not yet. */
export type Mark = "done" | "gone" | "snoozed" | "pending" | "taken" | "undone" | "doubtful";

/** A line of a list. */
export type Entry =
  | {
      kind: "row";
      key: string;
      row: Row;
      title?: TextSpan[];
      mark?: Mark | undefined;
      ended?: string | undefined;
    }
  | { kind: "run"; key: string; run: Run }
  | { kind: "again"; key: string; found: FoundRun }
  | { kind: "command"; key: string; found: FoundCommand }
  | { kind: "choice"; key: string; choice: FoundChoice }
  | { kind: "channel"; key: string; channel: ChannelInfo }
  | { kind: "own"; key: string; act: Act; title: TextSpan[]; keys: string };

/** Lines that belong together. */
export interface Lines {
  title: string;
  /** The number of rows, if that is more than its entries: "1,000 of 5,002". */
  count?: string;
  entries: Entry[];
}

export interface Look {
  glyph: Glyph;
  /** Shown lighter before the title: the repository. */
  lead: string;
  title: TextSpan[];
  second: string;
  /** Whose turn it is. */
  turn: { text: string; tone: "mine" | "failing" | "attention" | "plain"; avatar: string | null } | null;
  approvals: number | null;
  checks: "passed" | "failed" | "running" | null;
  /** The severity, drawn as one to four bars. */
  severity: Severity | null;
  /** Never cut: how long it can be answered ("12 m left") or, if its account cannot be read, "as of 11:58". */
  when: string;
  channel: string | null;
  /** True for a channel of the built-in room. */
  builtin: boolean;
  age: string;
}

const plain = (text: string): TextSpan[] => [{ text, hit: false }];

/** The kind of a key: `approval`, `build`, `pull_request`, `incident`. */
export function kindOf(key: string): string {
  return key.split("/")[1] ?? "";
}

const MARKS: Record<Mark, Glyph> = {
  done: { icon: "st_pass", tone: "passing", means: "over" },
  gone: { icon: "x", tone: "quiet", means: "no longer there" },
  snoozed: { icon: "st_snooze", tone: "quiet", means: "snoozed" },
  pending: { icon: "clock", tone: "quiet", means: "about to be sent" },
  taken: { icon: "usercheck", tone: "quiet", means: "yours" },
  undone: { icon: "undo", tone: "attention", means: "rolled back" },
  doubtful: { icon: "st_unk", tone: "attention", means: "not known" },
};

/** The glyph of an item's state. */
export function glyphOf(row: Pick<Row, "key" | "state" | "held" | "snoozed">, mark?: Mark): Glyph {
  if (mark) return MARKS[mark];
  if (row.snoozed) return MARKS.snoozed;
  const { held, state } = row;
  const pullRequest = kindOf(row.key) === "pull_request";
  switch (state) {
    case "failing":
      return held
        ? { icon: "st_failh", tone: "quiet", means: "failed, with someone else" }
        : { icon: "st_fail", tone: "failing", means: "failed" };
    case "incident":
      return held
        ? { icon: "st_inch", tone: "quiet", means: "incident, acknowledged" }
        : { icon: "st_inc", tone: "failing", means: "incident, not acknowledged" };
    case "attention":
      if (pullRequest) {
        return held
          ? { icon: "pr", tone: "quiet", means: "pull request" }
          : { icon: "st_pr", tone: "running", means: "pull request, your turn" };
      }
      return held
        ? { icon: "st_atth", tone: "quiet", means: "needs a decision, with someone else" }
        : { icon: "st_att", tone: "attention", means: "needs a decision" };
    case "running":
      return { icon: "st_run", tone: "running", means: "running" };
    case "passing":
      return { icon: "st_pass", tone: "passing", means: "passed" };
    case "quiet":
      return pullRequest
        ? { icon: "pr", tone: "quiet", means: "draft" }
        : { icon: "st_unk", tone: "quiet", means: "not known" };
  }
}

/** The glyph of a run's state. */
export function glyphOfRun(run: Run): Glyph {
  switch (run.state.state) {
    case "pending":
      return { icon: "st_run", tone: "running", means: "about to run" };
    case "running":
      return { icon: "st_run", tone: "running", means: "running" };
    case "done":
      return run.state.outcome.ok
        ? { icon: "st_pass", tone: "passing", means: "done" }
        : { icon: "st_fail", tone: "failing", means: "ended with a failure" };
    case "failed":
      return { icon: "st_fail", tone: "failing", means: "failed" };
    case "canceled":
      return { icon: "stop", tone: "quiet", means: "stopped" };
    case "unknown":
      return { icon: "st_unk", tone: "attention", means: "not known" };
    case "settled":
      return run.state.ran
        ? { icon: "usercheck", tone: "quiet", means: "ran, confirmed by a person" }
        : { icon: "x", tone: "quiet", means: "did not run, confirmed by a person" };
  }
}

const CHECKS: Record<ChecksStatus, Look["checks"]> = {
  none: null,
  pending: "running",
  unknown: null,
  passed: "passed",
  failed: "failed",
};

/** "forge/pull_request/acme/web#479" as "web 479". */
function reference(key: string): string {
  const named = /([^/]+)#(\d+)$/.exec(key);
  return named ? `${named[1]} ${named[2]}` : "";
}

/** Takes the first word of a title off its pieces. */
function split(title: TextSpan[]): { lead: string; title: TextSpan[] } {
  const [first, ...rest] = title;
  const at = first ? first.text.indexOf(" ") : -1;
  if (!first || first.hit || at < 0 || (at === first.text.length - 1 && rest.length === 0))
    return { lead: "", title };
  const after = first.text.slice(at + 1);
  return { lead: first.text.slice(0, at), title: after ? [{ text: after, hit: false }, ...rest] : rest };
}

function turnOf(row: Row): Look["turn"] {
  const { turn } = row;
  if (!turn) return null;
  const who = turn.who[0];
  if (turn.mine && !row.held) return { text: turn.what, tone: "mine", avatar: null };
  if (!row.held && row.state === "incident") return { text: turn.what, tone: "failing", avatar: null };
  // An approval is coloured even if it is only perhaps mine.
  if (!row.held && turn.kind === "approve") return { text: turn.what, tone: "attention", avatar: null };
  const responds = turn.kind === "respond" && row.held && turn.who.length === 1;
  return { text: turn.what, tone: "plain", avatar: who && responds ? who : null };
}

const MARKED: Record<Mark, string> = {
  done: "over",
  gone: "gone",
  snoozed: "snoozed",
  pending: "not sent yet",
  taken: "you are on it",
  undone: "not accepted",
  doubtful: "may have happened",
};

/** How long it can still be answered: "12 m left"; empty once expired, which its turn shows. */
function leftOf(end: string, now: number): string {
  const left = age(new Date(now).toISOString(), Date.parse(end));
  return now < Date.parse(end) ? `${left === "now" ? "< 1 m" : left} left` : "";
}

/** Until when it is snoozed, and by whom if known. */
function snoozedText(snoozed: Snoozed, by: Row["snoozed_by"], now: number): string {
  const until = snoozed === "until_change" ? "until it changes" : untilText(snoozed.until, new Date(now));
  const who = by?.principal;
  const name = !who ? "" : "name" in who ? who.name : "id" in who ? who.id : "";
  return name ? `${until}, by ${name}` : until;
}

function whenOf({ as_of, expires_at }: Row, now: number): string {
  const parts = [expires_at && leftOf(expires_at, now), as_of && `as of ${moment(as_of, now)}`];
  return parts.filter(Boolean).join(", ");
}

function lookOfRow(entry: Extract<Entry, { kind: "row" }>, now: number): Look {
  const { row, title: found, mark, ended } = entry;
  const kind = kindOf(row.key);
  const base = {
    glyph: glyphOf(row, mark),
    lead: "",
    title: found ?? plain(row.title),
    second: row.second,
    turn: turnOf(row),
    approvals: row.approvals ? row.approvals : null,
    checks: row.checks ? CHECKS[row.checks] : null,
    severity: row.severity,
    when: mark ? "" : whenOf(row, now),
    channel: null,
    builtin: false,
    age: age(row.since, now),
  };
  if (row.snoozed)
    base.turn = { text: snoozedText(row.snoozed, row.snoozed_by, now), tone: "plain", avatar: null };
  if (mark)
    base.turn = {
      text: ended ?? MARKED[mark],
      tone: MARKS[mark].tone === "attention" ? "attention" : "plain",
      avatar: null,
    };
  // Once a build has ended, its earlier state is not shown beside its result.
  if (kind === "build") return { ...base, second: mark === "done" ? "" : base.second, ...split(base.title) };
  if (kind === "pull_request") return { ...base, lead: reference(row.key), second: "" };
  return base;
}

/** How a line looks. */
export function lookOf(entry: Entry, now: number): Look {
  const base = {
    lead: "",
    second: "",
    turn: null,
    approvals: null,
    checks: null,
    severity: null,
    when: "",
    channel: null,
    builtin: false,
    age: "",
  };
  switch (entry.kind) {
    case "row":
      return lookOfRow(entry, now);
    case "run": {
      const { run } = entry;
      const channel = run.post ? channelName(run.post) : null;
      const turn: Look["turn"] = channel ? null : { text: "private", tone: "plain", avatar: null };
      return {
        ...base,
        glyph: glyphOfRun(run),
        title: plain(lineOf(run)),
        turn,
        channel,
        builtin: run.post !== null && isBuiltin(run.post),
        age: age(run.started_at, now),
      };
    }
    case "again": {
      const { found } = entry;
      const glyph: Glyph =
        found.state === "done"
          ? { icon: "st_pass", tone: "passing", means: "done" }
          : { icon: "rerun", tone: "quiet", means: found.state };
      return {
        ...base,
        glyph,
        title: found.title,
        second: found.by ? `by ${found.by}` : "",
        age: age(found.at, now),
      };
    }
    case "command": {
      const { found } = entry;
      const glyph: Glyph = { icon: "term", tone: "quiet", means: "command" };
      const channel = /^\S+$/.test(found.posts_to) ? channelName(found.posts_to) : null;
      return {
        ...base,
        glyph,
        title: found.title,
        second: found.takes || found.summary,
        channel,
        builtin: isBuiltin(found.posts_to),
      };
    }
    case "own":
      return { ...base, glyph: { icon: "keyboard", tone: "quiet", means: "Callboard" }, title: entry.title };
    case "choice": {
      const { choice } = entry;
      const glyph: Glyph = { icon: "box", tone: "quiet", means: "choice" };
      // An alert's fingerprint is meaningless to a person: its title goes first.
      return choice.note
        ? { ...base, glyph, title: plain(choice.note), second: choice.value }
        : { ...base, glyph, title: choice.title };
    }
    case "channel": {
      const { channel } = entry;
      const builtin = isBuiltin(channel.address);
      const glyph: Glyph = {
        icon: channelIcon(builtin),
        tone: "quiet",
        means: builtin ? "channel of the built-in room" : "channel",
      };
      const turn: Look["turn"] = channel.default ? { text: "default", tone: "plain", avatar: null } : null;
      // Two services may have channels of the same name: one without a short name is shown by its address.
      const { name, address } = channel;
      return { ...base, glyph, title: plain(name ?? address), second: name === null ? "" : address, turn };
    }
  }
}
