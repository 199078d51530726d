/** The made-up team's items in full. */

import type {
  Approval,
  ArgType,
  Build,
  Event,
  EventName,
  Incident,
  ItemAction,
  ItemDetail,
  LogLine,
  LogTail,
  PullRequest,
  Role,
} from "../api";
import { ago } from "./ago";

export const LOG: LogTail = {
  cut: true,
  lines: [
    { text: "12:03:41  pricing/round.test.ts", error: false },
    { text: "  ✓ rounds half to even              4 ms", error: false },
    { text: "  ✓ keeps three decimals for JPY     2 ms", error: false },
    { text: "  ✗ totals before tax                6 ms", error: true },
    { text: "    expected 118.99, received 119.00", error: true },
    { text: "    at round.test.ts:88:24", error: true },
    { text: "  ✓ empty cart is zero               1 ms", error: false },
    { text: "12:03:44  412 passed, 1 failed", error: false },
    { text: "12:03:44  exit 1", error: false },
  ],
};

/** A complete `ItemDetail`. */
export const WHOLE_LOG: LogLine[] = [
  "##[group]Set up job",
  "Runner 2.330.0",
  "##[endgroup]",
  "##[group]Run npm ci",
  ...Array.from({ length: 40 }, (_, at) => `added package ${at + 1}`),
  "##[endgroup]",
]
  .map((text) => ({ text, error: false }))
  .concat(
    LOG.lines,
    Array.from({ length: 60 }, (_, at) => ({ text: `cleaning up ${at + 1}`, error: false })),
  );

function action(line: string, summary: string, role: Role | null, complete = true): ItemAction {
  // All but the item, which the line ends with.
  const command = line.split(" ").slice(0, -1).join(" ");
  return {
    line,
    command,
    summary,
    label: null,
    role,
    effect: role === "log" || role === "show" ? "reads" : "changes",
    complete,
  };
}

function happened(
  id: number,
  item: string,
  name: EventName,
  minutes: number,
  summary: string,
  by: string | null = null,
): Event {
  return {
    id,
    item,
    name,
    at: ago(minutes),
    seen_at: ago(minutes),
    old: false,
    by: by ? { id: by, name: by } : null,
    summary,
  };
}

export const BUILD: Build = {
  repo: "acme/web",
  pipeline: "ci",
  branch: "main",
  default_branch: true,
  runs: [2417, 2416, 2415].map((number, place) => ({
    id: String(number),
    number,
    attempt: 1,
    status: place === 0 ? "failed" : "passed",
    at: ago(8 + place * 34),
    started_at: ago(12 + place * 34),
    commit: place === 0 ? "3f2c1a98d0e1" : "77aa01bc1122",
    author: place === 0 ? "ana" : "bo",
    subject: place === 0 ? "Round totals before tax" : "Cache the price list",
    url: "https://ci.example/web/2417",
    failing: place === 0 ? ["unit tests"] : [],
  })),
};

export const PULL_REQUEST: PullRequest = {
  repo: "acme/web",
  number: 482,
  author: "bo",
  branch: "cache-price-list",
  base: "main",
  head: "b81d09e",
  draft: false,
  state: "open",
  opened_at: ago(190),
  ended_at: null,
  merged_by: null,
  requested: ["kim", "team/release"],
  updated_at: ago(30),
  reviews: [
    { by: "ana", at: ago(60), verdict: "approved" },
    { by: "cy", at: ago(90), verdict: "commented" },
  ],
  checks: { commit: "b81d09e", status: "passed", failing: [], at: ago(40) },
  description: "The price list is asked for with every cart.\n\nIt changes once a day, so ask once an hour.",
  size: { commit: "b81d09e", added: 120, removed: 4, files: 3, at: ago(30) },
};

export const INCIDENT: Incident = {
  service: "billing",
  severity: "high",
  status: "triggered",
  started_at: ago(14),
  updated_at: ago(14),
  escalations: [ago(8)],
  description: "p95 2.4 s for 5 minutes",
  labels: { service: "billing" },
};

export const APPROVAL: Approval = {
  repo: "acme/web",
  environment: "production",
  asked_by: { id: "ana", name: "ana" },
  asked_at: ago(3),
  state: "waiting",
  updated_at: ago(2),
  needed: { at: ago(3), value: 2 },
  expires_at: { at: ago(3), value: ago(-12) },
  approvers: { at: ago(3), value: { names: ["bo", "kim", "team/acme/release"], complete: true } },
  answers: [{ by: { id: "bo", name: "bo" }, at: ago(2), decision: "approved" }],
  commit: "b81d09e",
  arguments: { app: "api", env: "production" },
  ships: {
    at: ago(3),
    value: {
      from: "1.41.0",
      to: "1.42.0",
      commits: 11,
      changes: ["Keep the price list warm"],
      pull_requests: ["#482 Cache the price list"],
      checks: { commit: "b81d09e", status: "passed", failing: [], at: ago(40) },
      url: "https://forge.example/compare/1.41.0...1.42.0",
    },
  },
  description: "Checkout is slow without the price cache",
};

/** A build that failed. */
export function failed(key: string, id: number): Event {
  return happened(id, key, "failed", 8, "web main failed in unit tests", "ana");
}

export function detail(key: string): ItemDetail {
  const kind = key.split("/")[1];
  if (kind === "approval") {
    return {
      item: {
        key,
        title: "Deploy api to production",
        url: "https://forge.example/deployments/218",
        detail: { kind, ...APPROVAL },
      },
      events: [happened(41, key, "requested", 3, "ana asks for approval: Deploy api to production", "ana")],
      actions: [
        action(`approve ${key}`, "Approve what waits for a person's yes", "approve"),
        action(`deny ${key}`, "Say no to what waits for a person's yes", "deny", false),
      ],
      open_incidents: { rows: [], total: 0, accounts: ["alerts"], not_seen: [] },
      snoozed: null,
      gone: null,
    };
  }
  if (kind === "incident") {
    return {
      item: {
        key,
        title: "Checkout slower than 2 s",
        url: "https://pager.example/1",
        detail: { kind, ...INCIDENT },
      },
      events: [
        happened(12, key, "escalated", 8, "Checkout slower than 2 s was escalated"),
        happened(11, key, "triggered", 14, "Checkout slower than 2 s: p95 2.4 s for 5 minutes"),
      ],
      actions: [
        action(`alert ack ${key}`, "Acknowledge an incident", "take"),
        action(`alert note ${key}`, "Add a note", "comment", false),
        action(`alert resolve ${key}`, "Resolve an incident", "resolve"),
      ],
      snoozed: null,
      gone: null,
    };
  }
  if (kind === "pull_request") {
    return {
      item: {
        key,
        title: "Cache the price list",
        url: "https://forge.example/482",
        detail: { kind, ...PULL_REQUEST },
      },
      events: [happened(21, key, "review_requested", 30, "bo asks kim for a review of acme/web#482", "bo")],
      actions: [
        action(`pr approve ${key}`, "Approve a pull request", "approve"),
        action(`pr comment ${key}`, "Comment on a pull request", "comment", false),
        action(`pr merge ${key}`, "Merge a pull request", "merge"),
      ],
      snoozed: null,
      gone: null,
    };
  }
  return {
    item: { key, title: "web main", url: "https://ci.example/web/2417", detail: { kind: "build", ...BUILD } },
    events: [failed(key, 31)],
    actions: [
      action(`run rerun ${key}`, "Run a workflow run again, or only its failed jobs", "again"),
      action(`run log ${key}`, "Show why a run failed", "log"),
      action(`run stop ${key}`, "Stop a run", "stop"),
    ],
    snoozed: null,
    gone: null,
  };
}

/** An argument's specification, with defaults filled in. */
export function arg(
  name: string,
  ty: ArgType,
  more: { default?: string; required?: boolean; summary?: string } = {},
) {
  return {
    name,
    summary: more.summary ?? `the ${name}`,
    ty,
    default: more.default ?? null,
    required: more.required ?? true,
  };
}
