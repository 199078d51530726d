/** A made-up team on an ordinary day: a red build, an incident, pull requests, and a deploy command. */

import type {
  Board,
  ChannelMessage,
  Message,
  Post,
  Row,
  Run,
  Section,
  State,
  Status,
  TurnKind,
} from "../api";
import { ago } from "./ago";
import { type Answers, failure } from "./backend";
import { commands, find, infoOf, prepare, readLine } from "./commands";
import { detail, failed, LOG, WHOLE_LOG } from "./items";
import { cancel, follow, start } from "./runs";

/** A row, with defaults filled in. */
export function row(key: string, state: State, title: string, more: Partial<Row> = {}): Row {
  const plain = {
    held: false,
    second: "",
    turn: null,
    since: ago(8),
    url: `https://forge.example/${key.length}`,
    severity: null,
    approvals: null,
    checks: null,
    expires_at: null,
    snoozed: null,
    as_of: null,
  };
  return { ...plain, ...more, key, state, title };
}

const turn = (mine: boolean, kind: TurnKind, what: string, ...who: string[]) => ({ mine, kind, what, who });

/** A section all of whose rows are shown. */
export function section(title: string, rows: Row[]): Section {
  return { title, rows, total: rows.length, shown: rows.length };
}

export function sections(): Section[] {
  return parts().map(({ title, rows }) => section(title, rows));
}

function parts(): Pick<Section, "title" | "rows">[] {
  return [
    {
      title: "Incidents",
      rows: [
        row("alerts/incident/checkout", "incident", "Checkout slower than 2 s", {
          second: "billing",
          severity: "critical",
          turn: turn(false, "respond", "nobody yet"),
          since: ago(14),
        }),
        row("alerts/incident/queue", "incident", "Queue depth on api-worker", {
          held: true,
          severity: "warning",
          turn: turn(false, "respond", "bo is on it", "bo"),
          since: ago(41),
        }),
      ],
    },
    {
      title: "Builds",
      rows: [
        row("ci/build/acme/web/ci@main", "failing", "web main", { second: "unit tests failed" }),
        row("ci/build/acme/billing/ci@main", "failing", "billing main", {
          held: true,
          second: "integration failed",
          turn: turn(false, "fix_build", "change by ana", "ana"),
          since: ago(52),
        }),
      ],
    },
    {
      title: "Pull requests",
      rows: [
        row("forge/pull_request/acme/web#482", "attention", "Cache the price list", {
          second: "acme/web#482, 1 approval, checks passed",
          approvals: 1,
          checks: "passed",
          turn: turn(true, "review", "your review", "bo"),
          since: ago(190),
        }),
        row("forge/pull_request/acme/api#1190", "attention", "Drop the old retry path", {
          second: "acme/api#1190, 2 approvals, checks passed",
          approvals: 2,
          checks: "passed",
          turn: turn(true, "merge", "merge it"),
          since: ago(1500),
        }),
      ],
    },
    {
      title: "Running",
      rows: [
        row("ci/build/acme/api/ci@main", "running", "api main", {
          second: "Keep the price list warm",
          since: ago(3),
        }),
      ],
    },
    {
      title: "Waiting on others",
      rows: [
        row("forge/pull_request/acme/billing#77", "attention", "Invoice rounding", {
          held: true,
          second: "acme/billing#77, checks failed",
          approvals: 0,
          checks: "failed",
          turn: turn(false, "changes", "changes by ana", "ana"),
          since: ago(310),
        }),
      ],
    },
  ];
}

export function board(all = false): Board {
  const summary = {
    failing: 2,
    incidents: 2,
    held: 1,
    needs_you: 2,
    running: 1,
    approvals: 0,
    maybe_approvals: 0,
  };
  const passing = row("ci/build/acme/docs/ci@main", "passing", "docs main", { second: "Fix a link" });
  const quiet = section("Quiet", [passing]);
  return { sections: all ? [...sections(), quiet] : sections(), summary, not_seen: [] };
}

export const STATUS: Status = {
  icon: "failing",
  count: 4,
  summary: "2 builds failing, 2 incidents, 2 need you",
  not_seen: [],
  accounts_ok: 5,
  accounts: 6,
  watched: 5,
  troubles: [{ account: "alerts", what: "needs sign-in" }],
  next_check: new Date(Date.now() + 24_000).toISOString(),
  quiet: null,
  errors: [],
  runs: 0,
  undelivered: 0,
};

export function run(id: string, line: string, more: Partial<Run> = {}): Run {
  return {
    id,
    command: line.split(" ")[0] ?? line,
    line,
    args: { values: {}, items: {}, pairs: [] },
    account: "ci",
    item: null,
    by: "kim",
    started_at: ago(22),
    ended_at: ago(21),
    state: {
      state: "done",
      outcome: { ok: true, summary: `${line} is done`, blocks: [], link: null, data: null },
    },
    post: "chat:#deploys",
    ...more,
  };
}

/** A channel's address as the engine resolves it: from a short name, or unchanged. */
const addressOf = (channel: string) => (channel.includes(":") ? channel : `chat:#${channel}`);

/** The message for a row that is posted to a channel. */
function sent({ item, text }: Post): Message {
  const row = sections()
    .flatMap(({ rows }) => rows)
    .find(({ key }) => key === item);
  const fields: [string, string][] = [
    ["state", row?.state ?? ""],
    ["turn", row?.turn?.what ?? ""],
    ["by", "kim"],
  ];
  const body = text === "" ? [] : [{ text }];
  const title = row ? `${row.title} (${row.second})` : text;
  return { tone: "bad", title, link: row?.url ?? null, blocks: [...body, { fields }] };
}

/** A message in a channel. */
function message(
  id: string,
  title: string,
  minutes: number,
  more: Partial<ChannelMessage> = {},
): ChannelMessage {
  return {
    id,
    under: null,
    message: { tone: "good", title, link: null, blocks: [] },
    at: ago(minutes),
    edited_at: null,
    state: { state: "posted" },
    link: null,
    run: null,
    ...more,
  };
}
const posted = [
  { address: "room:general", message: message("m1", "api 1.42.0 is on staging", 21) },
  { address: "room:general", message: message("m2", "Smoke test passed", 20, { under: "m1" }) },
  {
    address: "chat:#deploys",
    message: message("m3", "web 2.8.1 is on staging", 190, {
      link: "https://chat.example/3",
      edit_refused: "too old",
    }),
  },
];

/** A time as the engine reads it. */
const FRIDAY = {
  name: "2026-12-04T08:00:00Z",
  words: "Until Fri 4 Dec, 09:00",
  until: "2026-12-04T08:00:00Z",
};

export function team(): Answers {
  return {
    status: STATUS,
    board: ({ all }) => board(all),
    off_board: ({ items }) => items.map((item) => ({ item, why: "resolved" })),
    snooze_times: ({ typed }) => {
      if (typed === "friday") return [FRIDAY];
      if (typed)
        throw failure(`expected a length of time such as 2h, or a time such as 18:00, found "${typed}"`);
      return [
        { name: "1h", words: "For 1 hour", until: ago(-60) },
        { name: "tomorrow", words: "Until tomorrow, 9:00", until: ago(-900) },
        { name: "change", words: "Until it changes", until: null },
      ];
    },
    item: ({ item }) => detail(item),
    item_log: LOG,
    follow_log: ({ seen }) => ({
      reading: 1,
      lines: WHOLE_LOG.slice(seen),
      seen: WHOLE_LOG.length,
      dropped: 0,
      over: true,
      error: null,
    }),
    find: ({ text }) => find(text, sections()),
    commands,
    help: ({ command }) => infoOf(command),
    read_line: ({ line }) => readLine(line),
    write_line: ({ command, values }) =>
      [command, ...Object.values(values).filter((value) => value !== "")].join(" "),
    choices: ({ arg, typed }) =>
      (arg === "env"
        ? ["staging", "production", "preview-482"]
        : arg === "app"
          ? ["api", "web", "billing"]
          : []
      )
        .filter((value) => value.includes(typed))
        .map((value) => ({
          value,
          title: value
            .split(typed === "" ? /(?!)/ : typed)
            .flatMap((text, place) => [
              ...(place > 0 ? [{ text: typed, hit: true }] : []),
              ...(text ? [{ text, hit: false }] : []),
            ]),
          note: value === "production" ? "1.41.0" : value === "staging" ? "1.41.2" : null,
        })),
    prepare,
    run: start,
    follow_run: follow,
    runs: () => [
      run("0199aa00-0000-7000-8000-000000000604", "deploy api to staging"),
      run("0199aa00-0000-7000-8000-000000000603", "deploy web to staging", {
        started_at: ago(190),
        state: { state: "failed", error: { error: "unavailable", why: "Jenkins did not answer" } },
      }),
    ],
    resolve_run: ({ id, ran }) =>
      run(id, "deploy api to staging", {
        state: { state: "settled", ran, by: "kim", at: ago(0), why: "Jenkins did not answer" },
      }),
    prepare_post: ({ what }) => ({ address: addressOf(what.channel), message: sent(what) }),
    post: (what) => ({
      id: "d-sent",
      address: addressOf(what.channel),
      message: sent(what),
      run: null,
      state: { state: "pending", next_at: ago(0), error: null },
      attempts: 0,
      created_at: ago(0),
      link: null,
    }),
    cancel,
    channels: [
      { name: "deploys", address: "chat:#deploys", default: true },
      { name: "room", address: "room:general", default: false },
    ],
    rooms: [
      { name: "room", address: "room:general", builtin: true, last_at: ago(21) },
      { name: "deploys", address: "chat:#deploys", builtin: false, last_at: ago(190) },
      { name: null, address: "chat:#incidents", builtin: false, last_at: null },
    ],
    channel_messages: ({ address }) =>
      posted.filter((each) => each.address === address).map(({ message }) => message),
    deliveries: [],
    snooze: null,
    quiet: ({ until }) => until,
    poll_now: [],
    settings: { path: "/home/kim/.config/callboard/callboard.toml", settings: {}, errors: [] },
    accounts: [],
    rules_explain: ({ event }) =>
      ({
        event: { ...failed("ci/build/acme/web/ci@main", event) },
        item: detail("ci/build/acme/web/ci@main").item,
        decided: null,
        now: {
          do: "notify",
          post: ["deploys"],
          group: "acme/web",
          reasons: [
            { rule: "quiet bots", builtin: false, outcome: "not_matched", why: "event.by is ana" },
            { rule: "main is red", builtin: true, outcome: "matched", why: "item.default_branch is true" },
          ],
        },
      }) as never,
  };
}
