/** A whole log as it is shown: its lines, folded groups and search. */

import type { LogLine } from "../api";

/** A line that is drawn. */
export interface ShownLine {
  /** Its index among all kept lines, from 0. */
  at: number;
  text: string;
  error: boolean;
  /** The group that begins with this line: how many lines it has, and whether it is folded. */
  group: { size: number; folded: boolean } | null;
  /** True in a group: the line is indented. */
  inside: boolean;
}

/** GitHub's `##[group]` and `::group::`, Azure's `##[group]`, GitLab's `section_start:…`, with or without a timestamp. */
const BEGINS = /^(?:\S+Z )?(?:##\[group\]|::group::|section_start:\d+:[^\s[]+(?:\[[^\]]*\])?\s*)(.*)$/;
const ENDS = /^(?:\S+Z )?(?:##\[endgroup\]|::endgroup::|section_end:\d+:\S*)/;

interface Group {
  /** The line that begins it. */
  at: number;
  /** The first line after it. */
  end: number;
  name: string;
}

/** The groups of a log, in order. A group without an end reaches to the beginning of the next one. */
export function groupsOf(lines: LogLine[]): Group[] {
  const groups: Group[] = [];
  let open: Group | null = null;
  const close = (end: number) => {
    if (open) groups.push({ ...open, end });
    open = null;
  };
  lines.forEach(({ text }, at) => {
    const begins = BEGINS.exec(text);
    if (begins) {
      close(at);
      open = { at, end: at, name: begins[1] || "Group" };
    } else if (open && ENDS.test(text)) close(at + 1);
  });
  close(lines.length);
  return groups;
}

/** The lines to draw. Groups without an error are folded; `toggled` has the exceptions, by first line. */
export function shownLines(lines: LogLine[], groups: Group[], toggled: readonly number[]): ShownLine[] {
  const shown: ShownLine[] = [];
  const plain = (at: number, inside: boolean) => {
    const line = lines[at];
    if (!line || (inside && ENDS.test(line.text))) return;
    shown.push({ at, text: line.text, error: line.error, group: null, inside });
  };
  let at = 0;
  for (const group of groups) {
    for (; at < group.at; at += 1) plain(at, false);
    const folded = isFolded(lines, group, toggled);
    const last = lines[group.end - 1];
    const size =
      group.end - group.at - 1 - (last && ENDS.test(last.text) && group.end > group.at + 1 ? 1 : 0);
    // A group without lines is only a heading.
    const head = size > 0 ? { size, folded } : null;
    shown.push({ at, text: group.name, error: false, group: head, inside: false });
    at += 1;
    for (; at < group.end; at += 1) if (!folded) plain(at, true);
  }
  for (; at < lines.length; at += 1) plain(at, false);
  return shown;
}

function isFolded(lines: LogLine[], group: Group, toggled: readonly number[]): boolean {
  let folded = true;
  for (let at = group.at + 1; at < group.end && folded; at += 1) folded = !lines[at]?.error;
  return toggled.includes(group.at) ? !folded : folded;
}

/** How many of the lines are shown, those in folded groups among them: the ends of groups, and a blank end, are not. */
export function countOf(lines: LogLine[], groups: Group[]): number {
  const ends = groups.filter(({ at, end }) => end > at + 1 && ENDS.test(lines[end - 1]?.text ?? ""));
  return lines.length - ends.length - (lines.at(-1)?.text === "" ? 1 : 0);
}

/** The group that a line is in. */
export function groupAt(groups: Group[], at: number): Group | null {
  return groups.find((group) => group.at < at && at < group.end) ?? null;
}

/** The index of the next line that matches, wrapping around; -1 if there is none. */
export function nextLine(count: number, from: number, by: 1 | -1, holds: (at: number) => boolean): number {
  for (let step = 1; step <= count; step += 1) {
    const at = (((from + by * step) % count) + count) % count;
    if (holds(at)) return at;
  }
  return -1;
}
