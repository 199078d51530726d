/** Times as people read them. `now` is passed in, so that a whole view uses the same moment. */

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long ago, as in rows: "now", "8 m", "3 h", "1 d", "5 w". */
export function age(at: string | null, now: number): string {
  if (!at) return "";
  const seconds = Math.max(0, (now - Date.parse(at)) / 1000);
  if (seconds < MINUTE) return "now";
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} m`;
  if (seconds < DAY) return `${Math.floor(seconds / HOUR)} h`;
  if (seconds < 14 * DAY) return `${Math.floor(seconds / DAY)} d`;
  return `${Math.floor(seconds / (7 * DAY))} w`;
}

/** A time of day: "12:04". */
export function clock(at: string, locale?: string): string {
  return new Date(at).toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}

/** A moment: the clock today, with the day within a week ("Mon 12:04"), else with the date ("Feb 3 12:04"). */
export function moment(at: string, now: number): string {
  const then = new Date(at);
  const today = new Date(now);
  if (then.toDateString() === today.toDateString()) return clock(at);
  const year = then.getFullYear() === today.getFullYear() ? undefined : ("numeric" as const);
  const day =
    Math.abs(then.getTime() - now) < 6 * DAY * 1000
      ? ({ weekday: "short" } as const)
      : ({ day: "numeric", month: "short", year } as const);
  return `${then.toLocaleDateString("en", day)} ${clock(at)}`;
}

/** How long something took or will take: "0:38", "1:02:03". */
export function timer(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [h, m, s] = [Math.floor(whole / HOUR), Math.floor((whole % HOUR) / MINUTE), whole % MINUTE];
  const two = (n: number) => String(n).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}
