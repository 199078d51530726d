/** Rules as text, and as form fields. */

import type { Decision, NotifyLevel, Event, RuleConfig, RuleInfo, RuleOutcome } from "../../api";
import { moment } from "../../parts/time";
import { isolatedSentence } from "../../parts/words";

/** The parts of a condition, which must all be true: a property and its permitted values, or the source text. */
export type Part = { of: string; is: string; values: string[] } | { code: string };

const NAMES: Record<string, string> = {
  event: "event",
  "item.kind": "kind",
  "item.repo": "repository",
  "item.branch": "branch",
  "item.severity": "severity",
  "item.author": "author",
  "item.pipeline": "pipeline",
  "item.service": "service",
  "item.account": "account",
};
const FLAGS: Record<string, string> = {
  true: "anything",
  "item.mine": "it is mine",
  "!item.mine": "it is not mine",
  by_me: "I did it",
  "!by_me": "someone else did it",
  "item.default_branch": "on the default branch",
  "item.draft": "it is a draft",
  "!item.draft": "it is not a draft",
};

/** Splits a condition into simple parts; all others stay as written. */
export function parts(when: string): Part[] {
  return conjuncts(when).map((written) => {
    const code = written.trim();
    const flag = FLAGS[code];
    if (flag) return { of: flag, is: "", values: [] };
    const found = /^([\w.]+)\s*(==|!=|in)\s*(".*"|'.*'|\[.*\])$/s.exec(code);
    const of = found ? NAMES[found[1] ?? ""] : undefined;
    const values = found ? literals(found[3] ?? "") : null;
    if (!of || !values) return { code };
    return { of, is: found?.[2] === "!=" ? "is not" : "is", values };
  });
}

/** The characters of an expression that are in neither a string nor a comment, with their positions. */
function* signs(code: string): Generator<[number, string]> {
  let quote = "";
  for (let at = 0; at < code.length; at += 1) {
    const sign = code[at] ?? "";
    if (quote) {
      if (sign === "\\") at += 1;
      else if (sign === quote) quote = "";
    } else if (sign === '"' || sign === "'") quote = sign;
    else if (code.startsWith("//", at)) {
      const end = code.indexOf("\n", at);
      if (end < 0) return;
      at = end;
    } else yield [at, sign];
  }
}

/** The parts between the outermost `&&`; one part where there is an outermost `||` or `?`. */
function conjuncts(when: string): string[] {
  const found: string[] = [];
  let [from, depth] = [0, 0];
  for (const [at, sign] of signs(when)) {
    if ("([{".includes(sign)) depth += 1;
    else if (")]}".includes(sign)) depth -= 1;
    else if (depth === 0 && (when.startsWith("||", at) || sign === "?")) return [when];
    else if (depth === 0 && when.startsWith("&&", at)) {
      found.push(when.slice(from, at));
      from = at + 2;
    }
  }
  return [...found, when.slice(from)];
}

/** The strings of `"a"` or `["a", "b"]`; null if it contains anything else. */
function literals(code: string): string[] | null {
  const inner = code.startsWith("[") ? code.slice(1, -1) : code;
  const text = /\s*("(?:[^"\\]*)"|'(?:[^'\\]*)')\s*(,|$)/y;
  const values: string[] = [];
  while (text.lastIndex < inner.length) {
    const found = text.exec(inner);
    if (!found) return null;
    values.push((found[1] ?? "").slice(1, -1));
  }
  return values;
}

/** Whether the rule is on: one that is switched off stays in the file as written. */
export const isOn = (rule: RuleConfig) => rule.enabled !== false;

/** A rule switched on or off. "On" is the default and has no key. */
export const switched = (on: boolean): Pick<RuleConfig, "enabled"> => ({ enabled: on ? undefined : false });

export const DO_WORD: Record<NotifyLevel, string> = {
  silence: "not shown",
  show: "on the board",
  notify: "notify me",
  important: "notify me, also in quiet hours",
};
export const DO_ICON: Record<NotifyLevel, string> = {
  silence: "eyeoff",
  show: "log",
  notify: "bell",
  important: "bell",
};

/** The effect of a rule or of a decision, in a line: "notify me, #builds". */
export function doesText({ do: act, post }: Pick<RuleConfig, "do" | "post">): string {
  const channels = post.map((channel) => (channel.includes(":") ? channel : `#${channel}`));
  return [...(act ? [DO_WORD[act]] : []), ...channels].join(", ") || "on the board";
}

/** What was done about an event, in a sentence: "You were notified, and it was posted to #builds". */
export function happenedText({ do: act, post }: Pick<Decision, "do" | "post">): string {
  const HAPPENED: Record<NotifyLevel, string> = {
    silence: "You were not notified",
    show: "It was put on the board, without a notification",
    notify: "You were notified",
    important: "You were notified, also in quiet hours",
  };
  const channels = post.map((channel) => (channel.includes(":") ? channel : `#${channel}`));
  return channels.length > 0
    ? `${HAPPENED[act]}, and it was posted to ${channels.join(", ")}`
    : HAPPENED[act];
}

/** What the rule did lately, in a line. */
export function latelyText({ matched }: RuleInfo): string {
  return matched === 0 ? "no events in 7 days" : `${matched} in 7 days`;
}

export const OUTCOME: Record<
  RuleOutcome,
  { icon: string; tone: "passing" | "attention" | "quiet"; label: string }
> = {
  matched: { icon: "check", tone: "passing", label: "matched" },
  not_matched: { icon: "right", tone: "quiet", label: "did not match" },
  failed: { icon: "st_att", tone: "attention", label: "could not be checked" },
  not_reached: { icon: "st_queue", tone: "quiet", label: "was not reached" },
};

/** An event in a list: "web main failed in unit tests, 12:03". */
export function eventTitle(event: Event, now: number): string {
  const text = event.summary.length > 80 ? `${event.summary.slice(0, 79)}…` : event.summary;
  return `${isolatedSentence(text)}, ${moment(event.at, now)}`;
}

/** A rule as it is written to the file, without default values. */
export function written(rule: RuleConfig): Record<string, string | boolean | string[]> {
  return {
    name: rule.name.trim(),
    when: rule.when.trim(),
    ...(rule.do ? { do: rule.do } : {}),
    ...(rule.post.length > 0 ? { post: rule.post } : {}),
    ...(rule.group_by.length > 0 ? { group_by: rule.group_by } : {}),
    ...(rule.continue ? { continue: true } : {}),
    ...(isOn(rule) ? {} : { enabled: false }),
  };
}

/** A free name for a new rule. */
export function freshName(rules: readonly RuleConfig[]): string {
  const free = (name: string) => !rules.some((rule) => rule.name === name);
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? "new rule" : `new rule ${number}`;
    if (free(name)) return name;
  }
}
