/** The made-up team's commands, and a parser of typed lines that is good enough for them. */

import type {
  CommandInfo,
  Found,
  Kind,
  LineRead,
  TextSpan,
  PlanQuery,
  Plan,
  Role,
  Section,
  Step,
} from "../api";
import { ago } from "./ago";
import { failure } from "./backend";
import { arg } from "./items";

const ROLES: Record<string, Role> = { approve: "approve", deny: "deny" };

function command(
  name: string,
  summary: string,
  args: CommandInfo["spec"]["args"],
  usage: string,
): CommandInfo {
  return {
    spec: {
      name,
      aliases: [],
      summary,
      usage,
      args,
      examples: [`${name} api staging`, `${name} web preview-482`],
      effect: "changes",
      role: ROLES[name] ?? null,
      timeout: { secs: 1200, nanos: 0 },
      policy: { post: "deploys", confirm: null, lock: null },
      every_account: false,
    },
    origin: { file: "/home/kim/acme/ops/deploy.toml" },
    posts_to: "deploys",
  };
}

const items = (name: string, summary: string, kind: Kind, ...more: ReturnType<typeof arg>[]) =>
  command(name, summary, [arg("item", { item: kind }), ...more], `${name} <item>`);

export const commands: CommandInfo[] = [
  command(
    "deploy",
    "Put a version of an app on an environment",
    [arg("app", "live"), arg("env", "live"), arg("ref", "text", { default: "main", required: false })],
    "deploy <app> to <env> [ref=main]",
  ),
  command("deploys today", "What went out, and who", [], "deploys today"),
  command(
    "rollback",
    "Put the version before on an environment",
    [arg("app", "live"), arg("env", "live")],
    "rollback <app> <env>",
  ),
  items("run rerun", "Run a workflow run again, or only its failed jobs", "build"),
  items("run log", "Show why a run failed", "build"),
  items("run stop", "Stop a run", "build"),
  items("alert ack", "Acknowledge an incident", "incident"),
  items("alert note", "Add a note", "incident", arg("message", "text")),
  items("alert resolve", "Resolve an incident", "incident"),
  items(
    "approve",
    "Approve what waits for a person's yes",
    "approval",
    arg("comment", "text", { required: false }),
    arg("answers", "pairs", { required: false }),
  ),
  items("deny", "Say no to what waits for a person's yes", "approval", arg("why", "text")),
  items("pr approve", "Approve a pull request", "pull_request"),
  items("pr comment", "Comment on a pull request", "pull_request", arg("message", "text")),
  items("pr merge", "Merge a pull request", "pull_request"),
];

/** The command of this name. */
export function infoOf(name: string): CommandInfo {
  const info = commands.find(({ spec }) => spec.name === name);
  if (!info) throw failure(`there is no command ${name}`);
  return info;
}

/** The text in pieces, with the typed part marked. */
export function marked(text: string, typed: string): TextSpan[] {
  const at = text.toLowerCase().indexOf(typed.toLowerCase());
  if (at < 0 || typed === "") return [{ text, hit: false }];
  return [
    { text: text.slice(0, at), hit: false },
    { text: text.slice(at, at + typed.length), hit: true },
    { text: text.slice(at + typed.length), hit: false },
  ].filter((piece) => piece.text !== "");
}

export function find(text: string, sections: Section[]): Found {
  const fits = (title: string) => title.toLowerCase().includes(text.trim().toLowerCase());
  if (text.trim() === "") return { commands: [], items: [], runs: [], completion: null };
  const found = commands.filter(({ spec }) => fits(spec.name));
  const runs = ["deploy api to staging", "deploy web to staging"].filter(fits);
  return {
    commands: found.map(({ spec, posts_to }) => ({
      name: spec.name,
      title: marked(spec.name, text),
      summary: spec.summary,
      posts_to,
      takes: spec.args.map(({ name, required }) => (required ? name : `[${name}]`)).join(", "),
    })),
    items: sections
      .flatMap(({ rows }) => rows)
      .filter((row) => fits(row.title))
      .map((row) => ({
        row,
        title: marked(row.title, text),
        second: [{ text: row.second, hit: false }],
      })),
    runs: runs.map((line, place) => ({
      id: `0199aa00-0000-7000-8000-00000000060${4 - place}`,
      line,
      title: marked(line, text),
      state: "done",
      by: place === 0 ? "kim" : "bo",
      at: ago(22 + place * 160),
    })),
    completion: found.map(({ spec }) => spec.name).find((name) => name.startsWith(text)) ?? null,
  };
}

export function readLine(line: string): LineRead {
  const info = [...commands]
    .sort((a, b) => b.spec.name.length - a.spec.name.length)
    .find(({ spec }) => line === spec.name || line.startsWith(`${spec.name} `));
  if (!info) return { command: null, values: {}, asks_for: null, problem: null };
  const all = line
    .slice(info.spec.name.length)
    .split(" ")
    .filter((word) => word !== "" && word !== "to");
  const pairs = all.filter((word) => word.startsWith('"'));
  const words = all.filter((word) => !pairs.includes(word));
  const values: Record<string, string> = {};
  for (const [place, { name }] of info.spec.args.entries()) {
    const word = words[place];
    if (word !== undefined) values[name] = word.replace(`${name}=`, "");
  }
  if (pairs.length > 0) values.answers = pairs.join(" ");
  const missing = info.spec.args.find(({ name, required }) => required && !values[name]);
  const wrong =
    info.spec.name === "deploy" && values.env && !/^(staging|production|preview-\d+)$/.test(values.env);
  return {
    command: info,
    values,
    asks_for: wrong ? "env" : (missing?.name ?? null),
    problem: wrong ? `env: expected an environment, found "${values.env}"` : null,
  };
}

/** What answers a request. */
const answerOf = (line: string, { spec }: CommandInfo): Step[] => [
  {
    what: `${spec.role === "approve" ? "Approve" : "Reject"} the deployment of api to production, as kim`,
    exactly: `POST /repos/acme/web/actions/runs/218/pending_deployments\n${JSON.stringify({ state: spec.role, line })}`,
  },
];

export function prepare({ line, channel, private: isPrivate }: PlanQuery): Plan {
  const { command: info, values, asks_for, problem } = readLine(line);
  if (!info) throw failure(`there is no command for "${line}"`);
  if (problem) throw failure(problem);
  if (asks_for) throw failure(`${info.spec.name}: ${asks_for} is missing`);
  const { app = "", env = "", ref = "main" } = values;
  const answer = info.spec.role === "approve" || info.spec.role === "deny" ? answerOf(line, info) : null;
  return {
    fingerprint: `of ${line}`,
    lacks: [],
    command: info.spec.name,
    line,
    named_line: line,
    account: "ci",
    acts_as: "kim",
    steps: answer ?? [
      {
        what: `Start ${app || info.spec.name} on ci.acme.example`,
        exactly: `POST /job/${app}/job/deploy/buildWithParameters\nAPP=${app}  ENV=${env}  REF=${ref}`,
      },
      { what: "Follow it until it ends, 20 minutes at most", exactly: "" },
      { what: "Tell the room how it ended, either way", exactly: "" },
    ],
    post: isPrivate ? null : (channel ?? "chat:#deploys"),
    post_reason: isPrivate ? "you asked for a private run" : "deploy.toml says so",
    confirm: env === "production" ? { type: "production" } : null,
  };
}
