/** Runs of the made-up team: each ends well after a few seconds. */

import type { Delivery, FollowRun, Run, RunProgress, StartRun } from "../api";

const OUTPUT = [
  "12:04:02  Started by you, build 1182\n12:04:03  Checking out b81d09e\n",
  "12:04:06  Image api:1.42.0 found, not built again\n12:04:09  Applying 4 manifests to staging\n",
  "12:04:12  Rolling out\n12:04:21    2 of 8 ready\n",
  "12:04:38    8 of 8 ready\n12:05:18  Smoke test /v1/prices 200 in 88 ms\n",
];

/** When each began is of no matter here. */
const STEPS = ["queued", "#1182 runs", "rolling out"].map((said) => ({ said, at: new Date().toISOString() }));

interface Started {
  run: Run;
  at: number;
}
const started = new Map<string, Started>();

export function start({ what }: StartRun): Run {
  const run: Run = {
    id: `0199aa00-0000-7000-8000-000000000${605 + started.size}`,
    command: what.line.split(" ")[0] ?? what.line,
    line: what.line,
    args: { values: {}, items: {}, pairs: [] },
    account: "ci",
    item: null,
    by: "kim",
    started_at: new Date().toISOString(),
    ended_at: null,
    state: { state: "running" },
    post: what.private ? null : (what.channel ?? "chat:#deploys"),
  };
  started.set(run.id, { run, at: Date.now() });
  return run;
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
