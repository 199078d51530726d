/** How a line of the list looks: glyph, words, whose turn. Shape first, hue second; hollow and grey is held by somebody. */

import type { ChannelInfo, FoundChoice, FoundCommand, FoundRun, Piece, Row, Run } from "../api";
import { age } from "../parts/time";
import type { Act } from "./keys";

export type Tone = "failing" | "attention" | "passing" | "running" | "quiet";

export interface Glyph {
  icon: string;
  tone: Tone;
  /** Its name, for who cannot see it. */
  means: string;
}

/** What was done to a row here, before or against what its service says. */
export type Mark = "done" | "snoozed" | "pending" | "taken" | "undone";

/** A line of a list. */
export type Entry =
  | { kind: "row"; key: string; row: Row; title?: Piece[]; mark?: Mark | undefined }
  | { kind: "run"; key: string; run: Run }
  | { kind: "again"; key: string; found: FoundRun }
  | { kind: "command"; key: string; found: FoundCommand }
  | { kind: "choice"; key: string; choice: FoundChoice }
  | { kind: "channel"; key: string; channel: ChannelInfo }
  | { kind: "own"; key: string; act: Act; title: Piece[]; keys: string };

/** Lines that belong together. */
export interface Lines {
  title: string;
  /** More about all of them: "as of 11:58". */
  note?: string;
  entries: Entry[];
}

export interface Look {
  glyph: Glyph;
  /** What stands lighter before the title: the repository. */
  lead: string;
  title: Piece[];
  second: string;
  /** Whose turn, or what else answers "is it me?". */
  turn: { text: string; tone: "mine" | "failing" | "attention" | "plain"; face: string | null } | null;
  approvals: number | null;
  checks: "passed" | "failed" | "running" | null;
  channel: string | null;
  /** The channel is one of the built-in room. */
  builtin: boolean;
  age: string;
}

const plain = (text: string): Piece[] => [{ text, hit: false }];

/** The kind of thing that a key names: `build`, `pull_request`, `incident`. */
export function kindOf(key: string): string {
  return key.split("/")[1] ?? "";
}

/** A channel's short name: "chat:#deploys" is "deploys". */
export function channelName(address: string): string {
  return address.slice(address.indexOf(":") + 1).replace(/^#/, "");
}

/** True for a channel of the built-in room, which is kept on this computer. */
export function isBuiltin(address: string): boolean {
  return address === "room" || address.startsWith("room:");
}

/** The icon of a channel: one of the built-in room is no channel of a chat service. */
export const channelIcon = (builtin: boolean) => (builtin ? "room" : "hash");

const MARKS: Record<Mark, Glyph> = {
  done: { icon: "st_pass", tone: "passing", means: "over" },
  snoozed: { icon: "st_snooze", tone: "quiet", means: "snoozed" },
  pending: { icon: "clock", tone: "quiet", means: "about to be sent" },
  taken: { icon: "usercheck", tone: "quiet", means: "yours" },
  undone: { icon: "undo", tone: "attention", means: "rolled back" },
};

/** The glyph of an item's state. */
export function glyphOf(row: Pick<Row, "key" | "state" | "held">, mark?: Mark): Glyph {
  if (mark) return MARKS[mark];
  const { held, state } = row;
  const pullRequest = kindOf(row.key) === "pull_request";
  switch (state) {
    case "failing":
      return held
        ? { icon: "st_failh", tone: "quiet", means: "failed, somebody has it" }
        : { icon: "st_fail", tone: "failing", means: "failed" };
    case "incident":
      return held
        ? { icon: "st_inch", tone: "quiet", means: "incident, somebody has it" }
        : { icon: "st_inc", tone: "failing", means: "incident, nobody has it" };
    case "attention":
      if (pullRequest) {
        return held
          ? { icon: "pr", tone: "quiet", means: "pull request" }
          : { icon: "st_pr", tone: "running", means: "pull request, your turn" };
      }
      return held
        ? { icon: "st_atth", tone: "quiet", means: "needs a decision, somebody has it" }
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

/** A pull request's second text in its parts: the engine writes it as "acme/web#479, 1 approval, checks passed". */
export function reviewed(second: string): Pick<Look, "approvals" | "checks" | "second"> {
  const [, ...parts] = second.split(", ");
  let approvals: number | null = null;
  let checks: Look["checks"] = null;
  const rest = parts.filter((part) => {
    const given = /^(\d+) approvals?$/.exec(part);
    const ended = /^checks (passed|failed|running)$/.exec(part);
    if (given) approvals = Number(given[1]);
    if (ended) checks = ended[1] as "passed" | "failed" | "running";
    return !given && !ended;
  });
  return { approvals, checks, second: rest.join(", ") };
}

/** "forge/pull_request/acme/web#479" as "web 479". */
function reference(key: string): string {
  const named = /([^/]+)#(\d+)$/.exec(key);
  return named ? `${named[1]} ${named[2]}` : "";
}

/** Takes the first word of a title off its pieces. */
function split(title: Piece[]): { lead: string; title: Piece[] } {
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
  if (turn.mine && !row.held) return { text: turn.what, tone: "mine", face: null };
  if (!row.held && row.state === "incident") return { text: turn.what, tone: "failing", face: null };
  return { text: turn.what, tone: "plain", face: who && turn.what.startsWith(`${who} is`) ? who : null };
}

const MARKED: Record<Mark, string> = {
  done: "over",
  snoozed: "snoozed",
  pending: "not sent yet",
  taken: "you are on it",
  undone: "not accepted",
};

function lookOfRow(row: Row, found: Piece[] | undefined, mark: Mark | undefined, now: number): Look {
  const kind = kindOf(row.key);
  const base = {
    glyph: glyphOf(row, mark),
    lead: "",
    title: found ?? plain(row.title),
    second: row.second,
    turn: turnOf(row),
    approvals: null,
    checks: null,
    channel: null,
    builtin: false,
    age: age(row.since, now),
  };
  if (mark) base.turn = { text: MARKED[mark], tone: mark === "undone" ? "attention" : "plain", face: null };
  if (kind === "build") return { ...base, ...split(base.title) };
  if (kind === "pull_request") return { ...base, lead: reference(row.key), ...reviewed(row.second) };
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
    channel: null,
    builtin: false,
    age: "",
  };
  switch (entry.kind) {
    case "row":
      return lookOfRow(entry.row, entry.title, entry.mark, now);
    case "run": {
      const { run } = entry;
      const channel = run.post ? channelName(run.post) : null;
      const turn: Look["turn"] = channel ? null : { text: "private", tone: "plain", face: null };
      return {
        ...base,
        glyph: glyphOfRun(run),
        title: plain(run.line),
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
      // An alert's fingerprint says nothing to a person: what it means goes first.
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
      const turn: Look["turn"] = channel.default ? { text: "default", tone: "plain", face: null } : null;
      // Two services may have a channel of one name: one without a short name is told by its address.
      const { name, address } = channel;
      return { ...base, glyph, title: plain(name ?? address), second: name === null ? "" : address, turn };
    }
  }
}
