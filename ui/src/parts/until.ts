/** The choices of do not disturb: the same, with the same texts, as in the tray's menu under "Do not disturb until". */

import { moment } from "./time";

export interface Choice {
  title: string;
  at: (now: Date) => Date;
}

const minutes = (count: number) => (now: Date) => new Date(now.getTime() + count * 60_000);
/** A wall-clock hour, also across a change to or from summer time. */
const hour = (hour: number, days: number) => (now: Date) =>
  new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, hour);

const EVENING = 18;
const years = (now: Date, count: number) => {
  const then = new Date(now);
  then.setFullYear(now.getFullYear() + count);
  return then;
};

/** The choices at this time of the day. */
export function choices(now: Date): Choice[] {
  return [
    { title: "30 minutes", at: minutes(30) },
    { title: "1 hour", at: minutes(60) },
    ...(now.getHours() < EVENING ? [{ title: "This evening, 18:00", at: hour(EVENING, 0) }] : []),
    { title: "Tomorrow, 8:00", at: hour(8, 1) },
    { title: "I turn it off", at: (now) => years(now, 100) },
  ];
}

/** When do not disturb ends: "until 18:00", "until Mon 08:00", "until Feb 3 08:00", "until you turn it off". */
export function untilText(at: string, now: Date): string {
  if (new Date(at) > years(now, 1)) return "until you turn it off";
  return `until ${moment(at, now.getTime())}`;
}
