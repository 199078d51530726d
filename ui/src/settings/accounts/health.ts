/** The state of an account, as a mark and as a line. */

import type { AccountInfo, RateLimit, ServiceError } from "../../api";
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
  if (health.state === "trouble" || health.state === "incomplete") return "failing";
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

/** The line under its name in the list. */
export function accountLine(account: AccountInfo, now: number): string {
  const { health, identity, last_ok: last, problems } = account;
  if (health.state === "incomplete") return "not complete";
  if (health.state === "trouble") return troubleOf(account, health.error);
  const missing = identity?.missing_scopes.length ?? 0;
  const who = identity?.login ? [identity.login] : [];
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

/** The used share of the rate limit, the share at which checks slow down, and texts for both. */
export function rateLimitText(rate_limit: RateLimit, now: number) {
  const used = Math.max(0, rate_limit.limit - rate_limit.remaining);
  const slow = Math.floor(rate_limit.limit * 0.8);
  const left = (Date.parse(rate_limit.reset_at) - now) / 1000;
  const number = (value: number) => value.toLocaleString("en");
  const over = left <= 0;
  return {
    used: number(used),
    share: rate_limit.limit > 0 ? Math.min(1, used / rate_limit.limit) : 0,
    of: `of ${number(rate_limit.limit)} calls`,
    slows: used > slow ? `Checks every 5 min now, past ${number(slow)}` : `Slows at ${number(slow)}`,
    resets: over ? "The limit was reset" : `Resets in ${about(left)}`,
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
