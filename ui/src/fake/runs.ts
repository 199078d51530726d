/** Runs of the made-up team: each ends well after a few seconds. */

import type { Cancel, Delivery, FollowRun, Run, RunProgress, StartRun } from "../api";

const OUTPUT = [
  "12:04:02  Started by you, build 1182\n12:04:03  Checking out b81d09e\n",
  "12:04:06  Image api:1.42.0 found, not built again\n12:04:09  Applying 4 manifests to staging\n",
  "12:04:12  Rolling out\n12:04:21    2 of 8 ready\n",
  "12:04:38    8 of 8 ready\n12:05:18  Smoke test /v1/prices 200 in 88 ms\n",
];

/** The times are irrelevant here. */
const STEPS = ["queued", "#1182 runs", "rolling out"].map((said) => ({ said, at: new Date().toISOString() }));

interface Started {
  run: Run;
  at: number;
}
const started = new Map<string, Started>();

/** For how long a run with a delay can be undone. */
const UNDO_TIME = 5_000;

export function start({ what, undo }: StartRun): Run {
  const run: Run = {
    id: `0199aa00-0000-7000-8000-000000000${605 + started.size}`,
    command: what.line.split(" ")[0] ?? what.line,
    line: what.line,
    args: { values: {}, items: {}, pairs: [] },
    account: "ci",
    item: what.line.split(" ").find((word) => /\/(incident|approval)\//.test(word)) ?? null,
    by: "kim",
    started_at: new Date().toISOString(),
    ended_at: null,
    state: undo
      ? { state: "pending", until: new Date(Date.now() + UNDO_TIME).toISOString() }
      : { state: "running" },
    post: what.private ? null : (what.channel ?? "chat:#deploys"),
  };
  started.set(run.id, { run, at: Date.now() });
  return run;
}

export function cancel({ id }: Cancel): Run {
  const known = started.get(id);
  const run =
    known?.run ??
    start({
      what: { line: "deploy api to staging", channel: null, private: false },
      confirmed: null,
      fingerprint: null,
      undo: false,
    });
  const sent = run.state.state !== "pending";
  const stopped: Run = { ...run, id, ended_at: new Date().toISOString(), state: { state: "canceled", sent } };
  if (known) started.set(id, { ...known, run: stopped });
  return stopped;
}

/** The current state of the run, started once its delay is over. */
async function currentRun(id: string): Promise<Run | undefined> {
  const state = started.get(id)?.run.state;
  if (state?.state === "pending")
    await new Promise((wake) => setTimeout(wake, Date.parse(state.until) - Date.now()));
  const known = started.get(id);
  if (known?.run.state.state === "pending")
    started.set(id, { ...known, run: { ...known.run, state: { state: "running" } } });
  return started.get(id)?.run;
}

export function delivery(run: string, state: Delivery["state"]): Delivery {
  return {
    id: `d-${run}`,
    address: "chat:#deploys",
    message: { tone: "good", title: "api 1.42.0 is on staging", link: null, blocks: [] },
    run,
    state,
    attempts: 1,
    created_at: new Date().toISOString(),
    link: "https://chat.example/deploys/1",
  };
}

export async function follow({ id, seen }: FollowRun): Promise<RunProgress> {
  const known = started.get(id);
  if (!known) {
    const run = start({
      what: { line: "deploy api to staging", channel: null, private: false },
      confirmed: null,
      fingerprint: null,
      undo: false,
    });
    const outcome = { ok: true, summary: "api 1.42.0 is on staging", blocks: [], link: null, data: null };
    const ended: Run = { ...run, id, ended_at: new Date().toISOString(), state: { state: "done", outcome } };
    return {
      run: ended,
      said: "",
      output: seen === 0 ? OUTPUT : [],
      steps: STEPS,
      seen: OUTPUT.length,
      delivery: delivery(id, { state: "posted" }),
      unrecorded: null,
    };
  }
  const held = known.run.state.state === "pending";
  const now = (await currentRun(id)) ?? known.run;
  if (held || now.state.state === "canceled")
    return { run: now, said: "", output: [], steps: [], seen: 0, delivery: null, unrecorded: null };
  await new Promise((wake) => setTimeout(wake, 700));
  const reached = Math.min(OUTPUT.length, seen + 1);
  const done = seen >= OUTPUT.length;
  const run: Run = done
    ? {
        ...known.run,
        ended_at: new Date().toISOString(),
        state: {
          state: "done",
          outcome: {
            ok: true,
            summary: "api 1.42.0 is on staging",
            blocks: [{ text: "3 commits by ana and kim. Jenkins confirms it." }],
            link: "https://ci.example/api/1182",
            data: null,
          },
        },
      }
    : known.run;
  return {
    run,
    said: done ? "" : "rolling out",
    output: OUTPUT.slice(seen, reached),
    steps: STEPS.slice(0, 1 + Math.floor(reached / 2)),
    seen: reached,
    delivery: done && run.post ? delivery(id, { state: "posted" }) : null,
    unrecorded: null,
  };
}
