/** Plots: the positions of days, the heights of values, and the texts of both. */

import type { Activity, ActivityDay } from "../../api";

/** A measure of each day, and of all of them together. */
export interface Measure {
  id: string;
  title: string;
  note: string;
  of: (day: ActivityDay) => number | null;
  all: (activity: Activity) => number | null;
  format: (value: number) => string;
  /** Lines show a level, bars the events of a day. */
  look: "line" | "bars";
  /** The axis goes at least up to this. */
  least: number;
}

const share = ({ passed, failed }: { passed: number; failed: number }) =>
  passed + failed > 0 ? passed / (passed + failed) : null;

function sum(days: readonly ActivityDay[]) {
  const add = (of: (day: ActivityDay) => number) => days.reduce((total, day) => total + of(day), 0);
  return { passed: add((day) => day.passed), failed: add((day) => day.failed) };
}

export const percent = (value: number) => `${Math.round(value * 100)} %`;

/** "45 s", "90 min", "4 h 10 min", "2.1 d". */
export function lasted(seconds: number): string {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  if (minutes < 48 * 60) {
    const rest = minutes % 60;
    return rest === 0 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 60)} h ${rest} min`;
  }
  return `${(minutes / 1440).toFixed(1)} d`;
}

/** The measure for a median duration, on each day and over all days; `id` is the engine's name for both. */
const time = (
  id: keyof Activity & keyof ActivityDay,
  title: string,
  note: string,
  least: number,
): Measure => ({
  id,
  title,
  note,
  of: (day) => day[id],
  all: (activity) => activity[id],
  format: lasted,
  look: "bars",
  least,
});

export const MEASURES: readonly Measure[] = [
  {
    id: "passed",
    title: "Builds that pass",
    note: "of all that ended",
    of: share,
    all: ({ days }) => share(sum(days)),
    format: percent,
    look: "line",
    least: 1,
  },
  time("time_to_green", "Time to green", "from red to fixed", 600),
  time("time_to_review", "Time to first review", "from opened", 3600),
  time("time_to_acknowledge", "Time to acknowledge", "from triggered", 300),
];

const STEPS = [60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 43_200, 86_400, 172_800, 604_800];

/** The end of an axis and its ticks: a round figure at or above the largest value. */
export function axis(values: readonly (number | null)[], measure: Measure): { top: number; ticks: number[] } {
  const known = values.filter((value) => value !== null);
  const most = Math.max(measure.least, ...known);
  if (measure.least === 1) return { top: 1, ticks: [0, 0.5, 1] };
  const step = STEPS.find((step) => step * 3 >= most) ?? Math.ceil(most / 3 / 604_800) * 604_800;
  const count = Math.ceil(most / step);
  return { top: step * count, ticks: Array.from({ length: count + 1 }, (_, tick) => tick * step) };
}

/** The stretches of consecutive days with a value: no line is drawn across a day without one. */
export function stretches(values: readonly (number | null)[]): number[][] {
  const found: number[][] = [];
  values.forEach((value, day) => {
    if (value === null) return;
    const last = found.at(-1);
    if (last && last.at(-1) === day - 1) last.push(day);
    else found.push([day]);
  });
  return found;
}

/** "14 Nov". Independent of the time zone. */
export function dayText(date: string): string {
  return new Date(`${date}T12:00:00Z`).toLocaleDateString("en-GB", {
    day: "numeric",
    month: "short",
    timeZone: "UTC",
  });
}
