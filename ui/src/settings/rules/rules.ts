/** Rules as people read them, and as fields that are typed. */

import type { Decision, NotifyLevel, Event, RuleConfig, RuleInfo, RuleOutcome } from "../../api";
import { moment } from "../../parts/time";

/** What a condition asks, in parts that must all be true: what of, and what it must be; or as it is written. */
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
  "!by_me": "another did it",
  "item.default_branch": "on the default branch",
  "item.draft": "it is a draft",
  "!item.draft": "it is no draft",
};

/** Reads a condition as far as it is simple; what is not stays as it is written. */
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

/** The signs of an expression that are neither in a text nor in a comment, with where they stand. */
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

/** The texts of `"a"` or `["a", "b"]`; null where there is anything else in it. */
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

/** Whether it is looked at: one that is switched off stays in the file as it is written. */
export const isOn = (rule: RuleConfig) => rule.enabled !== false;

/** A rule switched on or off. On has no key. */
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

/** What a rule does, or what a decision comes to, in a line: "notify me, #builds". */
export function doesText({ do: act, post }: Pick<RuleConfig, "do" | "post">): string {
  const channels = post.map((channel) => (channel.includes(":") ? channel : `#${channel}`));
  return [...(act ? [DO_WORD[act]] : []), ...channels].join(", ") || "on the board";
}

/** What was done about something, in a sentence: "You were notified, and it was posted to #builds". */
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

/** What it did lately, in a line. */
export function latelyText({ matched }: RuleInfo): string {
  return matched === 0 ? "no events in 7 days" : `${matched} in 7 days`;
}

export const OUTCOME: Record<
  RuleOutcome,
  { icon: string; tone: "passing" | "attention" | "quiet"; word: string }
> = {
  matched: { icon: "check", tone: "passing", word: "matched" },
  not_matched: { icon: "right", tone: "quiet", word: "did not match" },
  failed: { icon: "st_att", tone: "attention", word: "could not be checked" },
  not_reached: { icon: "st_queue", tone: "quiet", word: "was not reached" },
};

/** An event in a list: "web main failed in unit tests, 12:03". */
export function eventTitle(event: Event, now: number): string {
  const text = event.summary.length > 80 ? `${event.summary.slice(0, 79)}…` : event.summary;
  return `${text}, ${moment(event.at, now)}`;
}

/** A rule as it is written: what has its default is left out. */
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

/** A name that no rule has. */
export function freshName(rules: readonly RuleConfig[]): string {
  const free = (name: string) => !rules.some((rule) => rule.name === name);
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? "new rule" : `new rule ${number}`;
    if (free(name)) return name;
  }
}
