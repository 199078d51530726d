/** The outcome of a run, and whether it was posted: two separate facts. */

import type { Block, Delivery, Run, RunProgress, RunStep } from "../api";
import { moment, timer } from "../parts/time";
import { channelName, isBuiltin } from "../parts/channel";
import { reason } from "../parts/words";
import { glyphOfRun, type Tone } from "./look";
import { lineOf } from "./named";

/** The state of a run, in the field's right corner and above its output. */
export interface Verdict {
  icon: string;
  tone: Tone;
  label: string;
  /** The one-line summary, once it has ended. */
  summary: string | null;
  more: string;
  link: string | null;
}

export function verdictOf(run: Run): Verdict {
  const { state } = run;
  const none = { more: "", link: null };
  switch (state.state) {
    case "pending":
      return { ...none, icon: "st_run", tone: "running", label: "About to run", summary: null };
    case "running":
      return { ...none, icon: "st_run", tone: "running", label: "Running", summary: null };
    case "done": {
      const { ok, summary, blocks, link } = state.outcome;
      const more = blocks.flatMap((block) => ("text" in block ? [block.text] : [])).join(" ");
      return ok
        ? { icon: "st_pass", tone: "passing", label: "Done", summary, more, link }
        : { icon: "st_fail", tone: "failing", label: "Ended with a failure", summary, more, link };
    }
    case "failed":
      return {
        ...none,
        icon: "st_fail",
        tone: "failing",
        label: "Failed",
        summary: `${lineOf(run)} failed`,
        more: reason(state.error.why),
      };
    case "canceled":
      return {
        ...none,
        icon: "stop",
        tone: "quiet",
        label: "Stopped",
        summary: `${lineOf(run)} was stopped`,
        more: state.sent ? "What it had sent by then stays done." : "Nothing was sent.",
      };
    case "unknown":
      return {
        ...none,
        icon: "st_unk",
        tone: "attention",
        label: "Not known",
        summary: "We do not know whether this ran",
        more: `${reason(state.why)} It will not be sent again automatically.`,
      };
    case "settled": {
      const { ran, by } = state;
      const summary = `${by} says it ${ran ? "ran" : "did not run"}`;
      const label = ran ? "Ran" : "Did not run";
      const { icon, tone } = glyphOfRun(run);
      return {
        ...none,
        icon,
        tone,
        label,
        summary,
        more: `Until then it was not known. ${reason(state.why)}`,
      };
    }
  }
}

/** The room line. */
export interface RoomLine {
  look: "plain" | "posted" | "late";
  icon: string;
  tone: Tone;
  before: string;
  channel: string | null;
  /** True for a channel of the built-in room. */
  builtin: boolean;
  after: string;
  /** A second line, for an error. */
  more: string;
  link: string | null;
  /** The delivery that can be posted now. */
  delivery: Delivery | null;
  /** True if it is to be announced at once. */
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

/** Before a row is posted. */
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
    // A run that was undone before it began has no message.
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

/** For a message that a person posted. */
export function sentLine(delivery: Delivery, now: number): RoomLine {
  return deliveryLine(delivery, "It was", moment(delivery.created_at, now), now);
}

/** Whether a message was posted: with `after` if it was; "`room` not posted" if it was not. */
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
        look: "posted",
        icon: "st_pass",
        tone: "passing",
        before: "Posted to",
        ...channel,
        after,
        link,
      };
    case "sending":
      return { ...PLAIN, before: "Being posted to", ...channel };
    // Only messages about events, which neither a run nor a person posts.
    case "moot":
    case "digested":
      return { ...PLAIN, before: "Not posted to", ...channel };
    case "pending": {
      if (!state.error) return { ...PLAIN, before: "Being posted to", ...channel };
      const left = Math.max(0, (Date.parse(state.next_at) - now) / 1000);
      return {
        ...late,
        before: `${room} not posted: retrying in ${timer(left)}`,
        more: `${reason(state.error.why)} Attempt ${delivery.attempts}.`,
      };
    }
    case "failed":
      return {
        ...late,
        before: `${room} not posted`,
        more: `${reason(state.error.why)} It will not be retried automatically.`,
      };
    case "unknown":
      return {
        ...late,
        before: "We do not know whether it was posted",
        more: `${reason(state.error.why)} ${checkText(state)}`,
      };
  }
}

/** The state of a message that is not in its channel; empty if it is there. */
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
      return "maybe not posted";
  }
}

/** A delivery's message as text, for pasting elsewhere. */
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

/** What a run shows: its output or, without any, its result. */
export function shownOf(output: string, { state }: Run): string {
  if (output !== "" || state.state !== "done") return output;
  // A result that is only a text is shown under the summary.
  const { blocks } = state.outcome;
  return blocks.every((block) => "text" in block) ? "" : linesOf(blocks).join("\n");
}

/** A run as it is followed. */
export interface Followed {
  run: Run;
  /** The progress of its last step. */
  status: string;
  steps: RunStep[];
  output: string;
  seen: number;
  delivery: Delivery | null;
}

/** The window keeps this many characters of output; the engine keeps all. */
const KEPT = 400_000;

export function begin(run: Run): Followed {
  return { run, status: "", steps: [], output: "", seen: 0, delivery: null };
}

/** A run with its new progress. */
export function follow(before: Followed, progress: RunProgress): Followed {
  const { run, said: status, seen, steps } = progress;
  const output = (before.output + progress.output.join("")).slice(-KEPT);
  // A message is never unposted: the last known delivery stays until there is a newer one.
  return {
    run,
    status: status || before.status,
    steps: steps.length > 0 ? steps : before.steps,
    output,
    seen,
    delivery: progress.delivery ?? before.delivery,
  };
}

export function isOver(run: Run): boolean {
  return run.state.state !== "running" && run.state.state !== "pending";
}

/** True once neither the run nor its room line can change by itself. */
export function isFinal({ run, delivery }: Followed): boolean {
  if (!isOver(run)) return false;
  return (
    !run.post ||
    (delivery !== null && (delivery.state.state === "posted" || delivery.state.state === "failed"))
  );
}

/** What becomes of a message of which it is not known whether it was posted. */
export function checkText({ unsearchable }: { unsearchable?: boolean }): string {
  return unsearchable
    ? "The channel cannot be searched: look whether it is there, and retry it where it is not."
    : "The channel is checked before it is sent again.";
}
