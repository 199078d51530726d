/** What happened, and whether the room knows: two facts, told apart. */

import type { Block, Delivery, Run, RunProgress, RunStep, ServiceError } from "../api";
import { moment, timer } from "../parts/time";
import { channelName, isBuiltin } from "../parts/channel";
import { sentence } from "../parts/words";
import { glyphOfRun, type Tone } from "./look";
import { lineOf } from "./named";

/** How a run is, in the field's right corner and above its output. */
export interface Verdict {
  icon: string;
  tone: Tone;
  word: string;
  /** The line that says it all, once it has ended. */
  summary: string | null;
  more: string;
  link: string | null;
}

export function verdictOf(run: Run): Verdict {
  const { state } = run;
  const none = { more: "", link: null };
  switch (state.state) {
    case "pending":
      return { ...none, icon: "st_run", tone: "running", word: "About to run", summary: null };
    case "running":
      return { ...none, icon: "st_run", tone: "running", word: "Running", summary: null };
    case "done": {
      const { ok, summary, blocks, link } = state.outcome;
      const more = blocks.flatMap((block) => ("text" in block ? [block.text] : [])).join(" ");
      return ok
        ? { icon: "st_pass", tone: "passing", word: "Done", summary, more, link }
        : { icon: "st_fail", tone: "failing", word: "Ended with a failure", summary, more, link };
    }
    case "failed":
      return {
        ...none,
        icon: "st_fail",
        tone: "failing",
        word: "Failed",
        summary: `${lineOf(run)} failed`,
        more: sentence(why(state.error)),
      };
    case "canceled":
      return {
        ...none,
        icon: "stop",
        tone: "quiet",
        word: "Stopped",
        summary: `${lineOf(run)} was stopped`,
        more: state.sent ? "What it had sent by then stays done." : "Nothing was sent.",
      };
    case "unknown":
      return {
        ...none,
        icon: "st_unk",
        tone: "attention",
        word: "Not known",
        summary: "We do not know whether this ran",
        more: `${sentence(state.why)} It will not be sent again automatically.`,
      };
    case "settled": {
      const { ran, by } = state;
      const summary = `${by} says it ${ran ? "ran" : "did not run"}`;
      const word = ran ? "Ran" : "Did not run";
      const { icon, tone } = glyphOfRun(run);
      return {
        ...none,
        icon,
        tone,
        word,
        summary,
        more: `Until then it was not known. ${sentence(state.why)}`,
      };
    }
  }
}

/** A service's error in words for a person. */
export function why(error: ServiceError): string {
  return error.why;
}

/** The line about the room. */
export interface RoomLine {
  look: "plain" | "told" | "late";
  icon: string;
  tone: Tone;
  before: string;
  channel: string | null;
  /** The channel is one of the built-in room. */
  builtin: boolean;
  after: string;
  /** A second line, in trouble. */
  more: string;
  link: string | null;
  /** What can be posted now, and how it is said. */
  delivery: Delivery | null;
  /** To be said at once. */
  urgent: boolean;
}

/** A channel in the line. */
const at = (address: string) => ({ channel: channelName(address), builtin: isBuiltin(address) });

const PLAIN = {
  look: "plain",
  icon: "send",
  tone: "quiet",
  builtin: false,
  after: "",
  more: "",
  link: null,
  delivery: null,
  urgent: false,
} as const;

/** Before a run. */
export function willPost(post: string | null, reason: string): RoomLine {
  return post
    ? {
        ...PLAIN,
        before: "Will post to",
        ...at(post),
        after: reason ? `(${reason})` : "",
        more: "One message, edited as it goes",
      }
    : {
        ...PLAIN,
        icon: "eyeoff",
        before: "Private:",
        channel: null,
        after: "nothing is posted, and the run is marked as private",
        more: reason,
      };
}

/** Before a row is sent. */
export function willSend(channel: string): RoomLine {
  return { ...PLAIN, before: "Will post to", ...at(channel), after: "one message" };
}

/** During and after a run. */
export function roomLine(run: Run, delivery: Delivery | null, now: number): RoomLine {
  if (!run.post) {
    return { ...PLAIN, icon: "eyeoff", before: "Private:", channel: null, after: "nothing was posted" };
  }
  const channel = at(delivery?.address ?? run.post);
  const { state } = run;
  const going = !isOver(run);
  if (!delivery) {
    // What was undone before it began has no message.
    if (state.state === "canceled" && !state.sent)
      return { ...PLAIN, before: "Nothing was posted to", ...channel };
    return going
      ? { ...PLAIN, before: "Will post to", ...channel, after: "one message, edited as it goes" }
      : { ...PLAIN, before: "Being posted to", ...channel };
  }
  if (going && delivery.state.state === "posted") {
    const { link } = delivery;
    return {
      ...PLAIN,
      tone: "passing",
      before: "Posted to",
      ...channel,
      after: "being edited as it goes",
      link,
    };
  }
  const notRun = state.state === "settled" && !state.ran;
  const ran =
    state.state === "unknown"
      ? "Not known, and"
      : notRun
        ? "Did not run, and"
        : going
          ? "Running, but"
          : "Ran, but";
  const after = `${moment(run.ended_at ?? delivery.created_at, now)}, start and outcome in one message`;
  return deliveryLine(delivery, `${ran} the outcome was`, after, now);
}

/** Of a message that a person sent. */
export function sentLine(delivery: Delivery, now: number): RoomLine {
  return deliveryLine(delivery, "It was", moment(delivery.created_at, now), now);
}

/** Whether a message has arrived: `after` where it has, `room` was not told where it has not. */
function deliveryLine(delivery: Delivery, room: string, after: string, now: number): RoomLine {
  const { link, state } = delivery;
  const channel = at(delivery.address);
  const late = {
    ...PLAIN,
    look: "late",
    icon: "st_att",
    tone: "attention",
    ...channel,
    after: "",
    link,
    delivery,
    urgent: true,
  } as const;
  switch (state.state) {
    case "posted":
      return {
        ...PLAIN,
        look: "told",
        icon: "st_pass",
        tone: "passing",
        before: "Posted to",
        ...channel,
        after,
        link,
      };
    case "sending":
      return { ...PLAIN, before: "Being posted to", ...channel };
    // Of events only, which no run and no person posts.
    case "moot":
    case "digested":
      return { ...PLAIN, before: "Not posted to", ...channel };
    case "pending": {
      if (!state.error) return { ...PLAIN, before: "Being posted to", ...channel };
      const left = Math.max(0, (Date.parse(state.next_at) - now) / 1000);
      return {
        ...late,
        before: `${room} not posted: retrying in ${timer(left)}`,
        more: `${sentence(why(state.error))} Try ${delivery.attempts}.`,
      };
    }
    case "failed":
      return {
        ...late,
        before: `${room} not posted`,
        more: `${sentence(why(state.error))} It will not be retried automatically.`,
      };
    case "unknown":
      return {
        ...late,
        before: "We do not know whether it was posted",
        more: `${sentence(why(state.error))} The channel is checked before it is sent again.`,
      };
  }
}

/** What a message that does not stand in its channel is; empty where it does. */
export function stateOf(state: Delivery["state"]): string {
  switch (state.state) {
    case "posted":
      return "";
    case "sending":
      return "being posted";
    case "pending":
      return state.error ? "retrying" : "being posted";
    case "failed":
    case "moot":
    case "digested":
      return "not posted";
    case "unknown":
      return "may not be posted";
  }
}

/** A delivery's message as text, to be pasted elsewhere. */
export function messageText({ message }: Pick<Delivery, "message">): string {
  return [message.title, ...(message.link ? [message.link] : []), ...linesOf(message.blocks)].join("\n");
}

function linesOf(blocks: readonly Block[]): string[] {
  return blocks.flatMap((block) => {
    if ("text" in block) return [block.text];
    if ("code" in block) return [block.code];
    if ("fields" in block) return block.fields.map(([name, value]) => `${name}: ${value}`);
    return block.list.map(({ text, link }) => (link ? `${text} ${link}` : text));
  });
}

/** What a run has to show: its output, and what it answered with where there is none. */
export function shownOf(output: string, { state }: Run): string {
  if (output !== "" || state.state !== "done") return output;
  // A text alone stands under the summary.
  const { blocks } = state.outcome;
  return blocks.every((block) => "text" in block) ? "" : linesOf(blocks).join("\n");
}

/** A run as it is followed. */
export interface Followed {
  run: Run;
  /** How far its last step is. */
  said: string;
  steps: RunStep[];
  output: string;
  seen: number;
  delivery: Delivery | null;
}

/** More output than this is kept by the engine, not by the window. */
const KEPT = 400_000;

export function begin(run: Run): Followed {
  return { run, said: "", steps: [], output: "", seen: 0, delivery: null };
}

/** A run with what was just learned of it. */
export function follow(before: Followed, progress: RunProgress): Followed {
  const { run, said, seen, steps } = progress;
  const output = (before.output + progress.output.join("")).slice(-KEPT);
  // A message is not taken back: what was known of it stays until there is more.
  return {
    run,
    said: said || before.said,
    steps: steps.length > 0 ? steps : before.steps,
    output,
    seen,
    delivery: progress.delivery ?? before.delivery,
  };
}

export function isOver(run: Run): boolean {
  return run.state.state !== "running" && run.state.state !== "pending";
}

/** True where the room's line may still change by itself. */
export function isSettled({ run, delivery }: Followed): boolean {
  if (!isOver(run)) return false;
  return (
    !run.post ||
    (delivery !== null && (delivery.state.state === "posted" || delivery.state.state === "failed"))
  );
}
