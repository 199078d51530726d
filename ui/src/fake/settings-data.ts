/** The made-up team's settings. */

import type {
  AccountInfo,
  Activity,
  ChannelInfo,
  Check,
  CommandInfo,
  NotifyLevel,
  Event,
  EventName,
  Explanation,
  Replay,
  RuleInfo,
  Settings,
} from "../api";

const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();

function account(name: string, service: string, more: Partial<AccountInfo> = {}): AccountInfo {
  return {
    health: { state: "ok" },
    identity: { login: "kim", teams: [], server: null, missing_scopes: [] },
    rate_limit: null,
    reading: null,
    last_ok: ago(0.33),
    problems: [],
    secrets: "keychain",
    watched: true,
    settings: { every: "60s" },
    secrets_set: ["token"],
    ...more,
    name,
    service,
  };
}

export const ACCOUNTS: AccountInfo[] = [
  account("forge", "github", {
    identity: {
      login: "kim",
      teams: ["team/web", "team/release"],
      server: "github.com",
      missing_scopes: [{ scope: "workflow", needed_for: "run jobs again" }],
    },
    rate_limit: { limit: 5000, remaining: 3820, reset_at: ago(-22) },
    settings: {
      url: "https://api.github.com",
      watch: ["acme/web", "acme/api", "acme/billing"],
      every: "60s",
    },
  }),
  account("ci", "jenkins", {
    settings: { url: "https://ci.acme.example", user: "kim", watch: ["web/*"], every: "30s" },
  }),
  account("alerts", "alertmanager", {
    health: {
      state: "trouble",
      since: ago(20),
      error: { error: "auth", why: "the password was refused", missing_scopes: [] },
      next_try: ago(-4),
    },
    identity: null,
    settings: { url: "https://alerts.acme.example" },
    secrets_set: ["password"],
    problems: [{ part: "", kind: "details", why: "Silences cannot be read: the user may not" }],
  }),
  account("chat", "slack", { watched: false, settings: {} }),
];

export const SETTINGS: Settings = {
  path: "/home/kim/.config/callboard/callboard.toml",
  settings: {
    default_channel: "room:general",
    channels: { deploys: "chat:#deploys", builds: "chat:#web-builds" },
    secrets: { store: "keychain" },
    commands: { dirs: ["~/src/acme-ops/callboard"] },
    notifications: { quiet_hours: ["19:00:00", "08:00:00"] },
    desktop: { hotkey: "Alt+Space", theme: "system", tray: "colour", unload_after: "5m" },
    builtin_rules: true,
  },
  errors: [],
};

export const CHANNELS: ChannelInfo[] = [
  { name: null, address: "room:general", default: true },
  { name: "builds", address: "chat:#web-builds", default: false },
  { name: "deploys", address: "chat:#deploys", default: false },
  { name: null, address: "room:random", default: false },
  { name: null, address: "chat:#incidents", default: false },
  { name: null, address: "chat:#web", default: false },
];

function event(id: number, name: EventName, item: string, minutes: number, summary: string): Event {
  return { id, item, name, at: ago(minutes), seen_at: ago(minutes), old: false, by: null, summary };
}

export const EVENTS: Event[] = [
  event(
    41,
    "review_requested",
    "forge/pull_request/acme/web#482",
    190,
    "Cache the price list: review by kim asked for",
  ),
  event(42, "triggered", "alerts/incident/checkout", 14, "Checkout slower than 2 s"),
  event(43, "failed", "ci/build/acme/web/ci@main", 8, "web main failed in unit tests"),
];

function rule(
  name: string,
  when: string,
  act: NotifyLevel | null,
  more: Partial<RuleInfo["rule"]> = {},
  builtin = false,
): RuleInfo {
  const written = { post: [], group_by: [], continue: false, ...more, name, when, do: act };
  return { rule: written, builtin, matched: builtin ? 0 : 3, last: null };
}

export const RULES: RuleInfo[] = [
  {
    ...rule(
      "main is red",
      'item.kind == "build" && item.branch == "main" && event in ["failed", "fixed"]',
      "notify",
      {
        post: ["builds"],
        group_by: ["item.repo"],
      },
    ),
    matched: 14,
    last: EVENTS[2] ?? null,
  },
  rule("nightly is flaky", 'item.pipeline == "e2e-nightly"', "show", { enabled: false }),
  rule("my review is asked for", 'event == "review_requested" && of_me', "notify", {}, true),
  rule(
    "a critical incident",
    'event in ["triggered", "unacknowledged", "escalated"] && item.severity == "critical"',
    "important",
    {},
    true,
  ),
  rule("everything else", "true", "show", {}, true),
];

export function explanation(id: number): Explanation {
  const event = EVENTS.find((event) => event.id === id) ?? (EVENTS[0] as Event);
  const reason = (rule: string, builtin: boolean, outcome: string, why: string) =>
    ({ rule, builtin, outcome, why }) as unknown as Explanation["now"]["reasons"][number];
  return {
    event,
    item: { key: event.item, title: "web main", url: null } as Explanation["item"],
    decided: { do: "notify", post: ["builds"], group: "acme/web", reasons: [] },
    now: {
      do: "notify",
      post: ["builds"],
      group: "acme/web",
      reasons: [
        reason("main is red", false, "matched", "its condition is true"),
        reason("nightly is flaky", false, "not_reached", "a rule above it had decided"),
        reason("my review is asked for", true, "not_matched", 'event is "failed"'),
        reason("a critical incident", true, "failed", "item.severity is not there"),
      ],
    },
  };
}

/** Rules that leave the pager's events to the board. */
export const REPLAY: Replay = {
  events: 3,
  otherwise: [
    {
      event: EVENTS[1] as Event,
      before: { do: "important", post: [], group: "checkout", reasons: [] },
      after: { do: "show", post: ["incidents"], group: "checkout", reasons: [] },
    },
  ],
};

function command(name: string, summary: string, usage: string, more: Partial<CommandInfo> = {}): CommandInfo {
  return {
    spec: {
      name,
      summary,
      usage,
      aliases: [],
      args: [],
      examples: [],
      effect: "changes",
      role: null,
      timeout: { secs: 60, nanos: 0 },
      policy: { post: null, confirm: null, lock: null },
      every_account: false,
    },
    origin: { accounts: ["forge"] },
    posts_to: "room:general",
    ...more,
  };
}

const DEPLOY = command("deploy", "Deploy an app to an environment", "deploy <app>[/<ref>] to <env>", {
  origin: { file: "~/src/acme-ops/callboard/deploy.toml" },
  posts_to: "chat:#deploys",
});

export const COMMANDS: CommandInfo[] = [
  {
    ...DEPLOY,
    spec: {
      ...DEPLOY.spec,
      aliases: ["ship"],
      examples: ["deploy api to staging", "deploy api/v2 to production"],
      args: [
        { name: "app", summary: "Which app", ty: "live", default: null, required: true },
        { name: "ref", summary: "What of it", ty: "text", default: "main", required: false },
        {
          name: "env",
          summary: "Where to",
          ty: { choice: ["staging", "production"] },
          default: null,
          required: true,
        },
      ],
    },
  },
  command("pr approve", "Approve a pull request", "pr approve <pr>"),
  command("pr list", "List open pull requests", "pr list", { posts_to: "nowhere: it only reads" }),
];

const DAYS = Array.from({ length: 14 }, (_, day) => day);
export const ACTIVITY: Activity = {
  days: DAYS.map((day) => ({
    date: new Date(Date.UTC(2026, 10, 9 + day)).toISOString().slice(0, 10),
    passed: day % 7 > 4 ? 0 : 18 + ((day * 7) % 9),
    failed: day % 7 > 4 ? 0 : (day * 5) % 6,
    runs: day,
    time_to_green: day % 7 > 4 ? null : 600 + ((day * 911) % 3200),
    time_to_review: day % 7 > 4 ? null : 3600 + ((day * 3571) % 20_000),
    time_to_acknowledge: day % 3 === 0 ? 120 + ((day * 77) % 500) : null,
  })),
  time_to_green: 1500,
  time_to_review: 9000,
  time_to_acknowledge: 300,
  unreadable: 0,
};

export const CHECKS: Check[] = [
  { name: "configuration", verdict: "ok", found: "/home/kim/.config/callboard/callboard.toml", remedy: null },
  { name: "store", verdict: "ok", found: "/home/kim/.local/share/callboard/store.db", remedy: null },
  {
    name: "secrets",
    verdict: "failed",
    found: "the system's keychain did not answer within 3 s",
    remedy: "Unlock it, or choose another place.",
  },
  { name: "webhooks", verdict: "ok", found: "received at http://127.0.0.1:7878/hooks/ACCOUNT", remedy: null },
  { name: "tray", verdict: "ok", found: "shown, StatusNotifier", remedy: null },
  { name: "notifications", verdict: "ok", found: "shown, with buttons", remedy: null },
  {
    name: "hotkey",
    verdict: "warning",
    found: "Alt+Space is held by the window menu",
    remedy: "Choose another key, or free it in the keyboard settings.",
  },
  {
    name: "account forge",
    verdict: "warning",
    found: "cannot run jobs again: the credential lacks `workflow`",
    remedy: "give it that scope",
  },
  { name: "deliveries", verdict: "ok", found: "everything has arrived", remedy: null },
];
