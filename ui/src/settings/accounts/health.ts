/** The state of an account, as a mark and as a line. */

import type { AccountInfo, Identity, RateLimit, ServiceError } from "../../api";
import { moment } from "../../parts/time";
import { counted, reason } from "../../parts/words";
import { textOf } from "./fields";

export type Mark = "passing" | "attention" | "failing" | "quiet";

export const MARK_ICON: Record<Mark, string> = {
  passing: "check",
  attention: "st_att",
  failing: "st_fail",
  quiet: "st_queue",
};
export const MARK_WORD: Record<Mark, string> = {
  passing: "OK",
  attention: "needs attention",
  failing: "in trouble",
  quiet: "not asked yet",
};

export function accountState({ health, identity, problems }: AccountInfo): Mark {
  if (health.state === "trouble" || health.state === "incomplete" || health.state === "unrecorded")
    return "failing";
  if (health.state === "overdue") return "attention";
  if (problems.length > 0 || (identity?.missing_scopes.length ?? 0) > 0) return "attention";
  return health.state === "ok" ? "passing" : "quiet";
}

const TROUBLE: Record<ServiceError["error"], string> = {
  auth: "refused the sign-in",
  rate_limited: "has limited the rate of requests",
  rejected: "refused what was asked",
  unavailable: "has been unreachable",
  unknown: "gave an unclear answer",
};

/** What lasts since the trouble began; anything else was an answer at that moment. */
const LASTS: ServiceError["error"][] = ["rate_limited", "unavailable"];

/** What its service did. Without a credential, and where only a permission is missing, the sign-in was not refused. */
function troubleOf({ secrets_set }: Pick<AccountInfo, "secrets_set">, error: ServiceError): string {
  if (error.error !== "auth") return TROUBLE[error.error];
  if (error.signed_in) return "did not permit what was asked";
  return secrets_set.length === 0 ? "refused what was asked (401 or 403)" : TROUBLE.auth;
}

/** What people call who it acts as; empty where the service has no users. */
export function called({ name, login }: Identity): string {
  return name || login;
}

/** Whom the credential is of, as an answer to a test. */
export function signedText(identity: Identity): string {
  return called(identity) ? `Signed in as ${called(identity)}` : "It answers";
}

/** Its service, where, and who it acts as: "GitHub, github.com as kim". A place may name the service itself. */
export function whereText(service: string, { identity, settings }: AccountInfo): string {
  const { url } = settings;
  const place = identity?.server ?? (typeof url === "string" ? url.replace(/^https?:\/\//, "") : service);
  const rest = place.startsWith(service) ? place.slice(service.length) : null;
  const where = rest !== null && /^([ ,(]|$)/.test(rest) ? place : `${service}, ${place}`;
  const who = identity ? called(identity) : "";
  return who === "" ? where : `${where} as ${who}`;
}

/** The line under its name in the list. */
export function accountLine(account: AccountInfo, now: number): string {
  const { health, identity, last_ok: last, problems } = account;
  if (health.state === "incomplete") return "not complete";
  if (health.state === "trouble") return troubleOf(account, health.error);
  if (health.state === "unrecorded") return "is not recorded";
  if (health.state === "overdue") return last ? `last read ${ago(last, now)}` : "is being read";
  const missing = identity?.missing_scopes.length ?? 0;
  const who = identity ? [called(identity)].filter(Boolean) : [];
  if (missing > 0) return [...who, counted(missing, "scope") + " missing"].join(", ");
  if (problems.length > 0) return [...who, counted(problems.length, "problem")].join(", ");
  const reading = account.reading;
  if (reading) return [...who, `reading, ${reading.done} of ${reading.total} so far`].join(", ");
  if (health.state === "new") return "not asked yet";
  return last ? `answered ${ago(last, now)}` : [...who, "answers"].join(", ");
}

/** "just now", "20 s ago", "8 min ago", "3 h ago", "2 d ago". */
export function ago(at: string, now: number): string {
  const seconds = (now - Date.parse(at)) / 1000;
  return seconds < 5 ? "just now" : `${about(seconds)} ago`;
}

/** "20 s", "8 min", "3 h", "2 d". */
export function about(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 60 * 60) return `${Math.round(whole / 60)} min`;
  if (whole < 48 * 60 * 60) return `${Math.round(whole / 3600)} h`;
  return `${Math.round(whole / 86_400)} d`;
}

/** The note for a failing account: what failed, since when, how old its rows are, when it is tried again. */
export function troubleText(
  service: string,
  error: ServiceError,
  since: string,
  next: string | null,
  last: string | null,
  now: number,
  account: Pick<AccountInfo, "secrets_set">,
): string {
  const again = next ? ` It is tried again at ${moment(next, now)}.` : "";
  const why = reason(error.why);
  const rows = last
    ? `Its rows are from ${moment(last, now)}, when it last answered.`
    : "It has never answered, so nothing of it is shown.";
  const when = `${LASTS.includes(error.error) ? "since" : "at"} ${moment(since, now)}`;
  return `${service} ${troubleOf(account, error)} ${when}. ${why} ${rows}${again}`;
}

const rowsFrom = (last: string | null, now: number) =>
  last ? ` Its rows are from ${moment(last, now)}.` : "";

/** The note for an account that is read, but not recorded: why, since when, how old its rows are. */
export function unrecordedText(why: string, since: string, last: string | null, now: number): string {
  const rows = rowsFrom(last, now);
  return `What is read of it has not been recorded since ${moment(since, now)}. ${reason(why)}${rows}`;
}

/** The note for an account that should have been read by now. */
export function overdueText(since: string, last: string | null, now: number): string {
  return `The check that was due at ${moment(since, now)} has not ended.${rowsFrom(last, now)}`;
}

/** The share of the rate limit that is left, below how much checks slow down, and texts for both. */
export function rateLimitText({ limit, remaining, reset_at }: RateLimit, now: number) {
  const slow = limit - Math.floor(limit * 0.8);
  const seconds = (Date.parse(reset_at) - now) / 1000;
  const number = (value: number) => value.toLocaleString("en");
  return {
    left: number(remaining),
    share: limit > 0 ? Math.min(1, remaining / limit) : 0,
    of: `of ${number(limit)} calls left`,
    slows:
      remaining < slow
        ? `Checked every 5 min now: fewer than ${number(slow)} left`
        : `Checked less often below ${number(slow)}`,
    resets: seconds <= 0 ? "The limit was reset" : `Resets in ${about(seconds)}`,
  };
}

/** Two letters for a service: "Gh", "Je". */
export function letters(title: string): string {
  const capitals = title.replace(/[^A-Z]/g, "");
  const two = capitals.length > 1 && title.length < 12 ? capitals.slice(0, 2) : title.slice(0, 2);
  return two.charAt(0).toUpperCase() + two.charAt(1).toLowerCase();
}

/** What it watches, where, and by which filters, in a line: "acme/web, acme/api, 2 more, every 60s". */
export function watchText(settings: AccountInfo["settings"]): { title: string; list: string } {
  const watch = Array.isArray(settings["watch"]) ? settings["watch"].map(String) : [];
  const shown = watch.length > 4 ? [...watch.slice(0, 3), `${watch.length - 3} more`] : watch;
  const every = typeof settings["every"] === "string" ? `every ${settings["every"]}` : "";
  const rest = Object.entries(settings).flatMap(([key, value]) => {
    if (key === "watch" || key === "every" || value === null || value === "") return [];
    const text = textOf(value, Array.isArray(value) ? "list" : "text").replaceAll("\n", ", ");
    return key === "url" ? [text] : [`${key.replaceAll("_", " ")}: ${text}`];
  });
  const list = [shown.join(", "), every, ...rest].filter(Boolean).join(", ");
  return {
    title: watch.length > 0 ? `Watches ${watch.length}` : "Settings",
    list: list || "Everything has its default",
  };
}
