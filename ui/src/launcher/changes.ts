/** Describes what has changed since a plan was shown: its parts, and which of its steps. */

import type { Changed, Plan, Step } from "../api";
import { channelName } from "../parts/channel";

/** Changes that the engine found and that the plan itself does not show. */
const UNSEEN: Partial<Record<Changed, string>> = {
  command: "the command itself",
  files: "a file that it runs",
  arguments: "what its arguments mean",
  item: "what it is about",
  time: "the time that it is for",
};

const joined = (parts: string[]) =>
  parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;
const numbered = (steps: number[]) => `${steps.length === 1 ? "step" : "steps"} ${joined(steps.map(String))}`;
const room = ({ post }: Plan) => (post ? `#${channelName(post)}` : "nowhere");
export const runsAs = ({ account, acts_as }: Plan) =>
  acts_as ? `${acts_as}, on ${account}` : (account ?? "");

/** "step 2", "step 3 (new)", "step 4 (left out)": the steps that have changed, by number. */
function stepsOf(before: Step[], now: Step[]): string[] {
  const common = Math.min(before.length, now.length);
  const places = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at);
  const differs = (at: number) =>
    before[at]?.what !== now[at]?.what || before[at]?.exactly !== now[at]?.exactly;
  const groups: [places: number[], note: string][] = [
    [places(0, common).filter(differs), ""],
    [places(common, now.length), " (new)"],
    [places(common, before.length), " (left out)"],
  ];
  return groups
    .filter(([places]) => places.length > 0)
    .map(([places, note]) => numbered(places.map((at) => at + 1)) + note);
}

/** Why a plan did not run, and everything in it that has changed since it was shown. */
export function changesText(changed: Changed[], before: Plan, now: Plan): string {
  const parts = changed.flatMap((part) => UNSEEN[part] ?? []);
  const steps = stepsOf(before.steps, now.steps);
  // It may have changed back by now.
  if (changed.includes("steps") && steps.length === 0) parts.push("what is sent");
  parts.push(...steps);
  if (runsAs(before) !== runsAs(now))
    parts.push(`who it runs as (now ${runsAs(now)}; before ${runsAs(before)})`);
  else if (changed.includes("account")) parts.push("the account");
  if (before.post !== now.post) parts.push(`where it posts (now ${room(now)}, before ${room(before)})`);
  else if (changed.includes("channel")) parts.push("where it posts");
  const what = parts.length === 0 ? "something in it" : joined(parts);
  return `Not run, and nothing was sent: since it was shown, ${what} changed. Look at it again`;
}
