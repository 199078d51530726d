import { describe, expect, test } from "vitest";

import type { Delivery, Run } from "../../api";
import { delivery } from "../../fake/runs";
import { run } from "../../fake/team";
import {
  begin,
  follow,
  isFinal,
  messageText,
  roomLine,
  sentLine,
  shownOf,
  verdictOf,
  willPost,
} from "../outcome";

const NOW = Date.parse("2026-01-01T12:00:00Z");
const error = {
  error: "rate_limited",
  why: "Slack asked us to slow down",
  retry_after: { secs: 18, nanos: 0 },
} as const;
const of = (state: Delivery["state"]): Delivery => ({ ...delivery("1", state), attempts: 2 });

const running = run("1", "deploy", { state: { state: "running" }, ended_at: null });
const done = run("1", "deploy");
const unknown = run("1", "deploy", { state: { state: "unknown", why: "Jenkins stopped answering" } });
const undone = run("1", "deploy", { state: { state: "canceled", sent: false } });
const secret = run("1", "deploy", { post: null });
const resolved = (ran: boolean) =>
  run("1", "deploy", {
    state: { state: "settled", ran, by: "kim", at: "2026-01-01T12:00:00Z", why: "no answer" },
  });

describe("the room's line", () => {
  test.each<
    [what: string, run: Run, delivery: Delivery | null, look: string, expected: string, urgent: boolean]
  >([
    [
      "before the first message",
      running,
      null,
      "plain",
      "Will post to #deploys one message, edited as it goes",
      false,
    ],
    [
      "while it is edited",
      running,
      of({ state: "posted" }),
      "plain",
      "Posted to #deploys being edited as it goes",
      false,
    ],
    ["at the end, before it is known", done, null, "plain", "Being posted to #deploys", false],
    ["undone before it began", undone, null, "plain", "Nothing was posted to #deploys", false],
    ["on its way", done, of({ state: "sending" }), "plain", "Being posted to #deploys", false],
    [
      "due",
      done,
      of({ state: "pending", next_at: "2026-01-01T12:00:00Z", error: null }),
      "plain",
      "Being posted to #deploys",
      false,
    ],
    [
      "late",
      done,
      of({ state: "pending", next_at: "2026-01-01T12:00:18Z", error }),
      "late",
      "Ran, but the outcome was not posted: retrying in 0:18 #deploys",
      true,
    ],
    [
      "failed",
      done,
      of({ state: "failed", error }),
      "late",
      "Ran, but the outcome was not posted #deploys",
      true,
    ],
    [
      "not known",
      done,
      of({ state: "unknown", error }),
      "late",
      "We do not know whether it was posted #deploys",
      true,
    ],
    [
      "late while running",
      running,
      of({ state: "failed", error }),
      "late",
      "Running, but the outcome was not posted #deploys",
      true,
    ],
    [
      "failed, of one that did not run",
      resolved(false),
      of({ state: "failed", error }),
      "late",
      "Did not run, and the outcome was not posted #deploys",
      true,
    ],
    ["private", secret, null, "plain", "Private: nothing was posted", false],
  ])("%s", (_, run, delivery, look, expected, urgent) => {
    const line = roomLine(run, delivery, NOW);
    expect([line.before, line.channel && `#${line.channel}`, line.after].filter(Boolean).join(" ")).toBe(
      expected,
    );
    expect([line.look, line.urgent, line.delivery !== null]).toEqual([look, urgent, urgent]);
  });

  test("once posted", () => {
    const line = roomLine(done, of({ state: "posted" }), NOW);
    expect([line.look, line.tone, line.link]).toEqual([
      "posted",
      "passing",
      "https://chat.example/deploys/1",
    ]);
  });

  test.each<[state: Delivery["state"], text: string]>([
    [{ state: "posted" }, "Posted to"],
    [{ state: "sending" }, "Being posted to"],
    [{ state: "pending", next_at: "2026-01-01T12:00:18Z", error }, "It was not posted: retrying in 0:18"],
    [{ state: "failed", error }, "It was not posted"],
    [{ state: "unknown", error }, "We do not know whether it was posted"],
  ])("of a message that a person sent, %o", (state, before) => {
    expect(sentLine(of(state), NOW)).toMatchObject({ before, channel: "deploys" });
  });

  test("shows why it is late, and how often it was tried", () => {
    const line = roomLine(done, of({ state: "pending", next_at: "2026-01-01T12:00:18Z", error }), NOW);
    expect(line.more).toBe("Why: Slack asked us to slow down. Attempt 2.");
  });

  test.each([
    ["chat:#deploys", "Will post to", "deploys"],
    [null, "Private:", null],
  ])("before a run to %s", (post, before, channel) => {
    expect(willPost(post, "")).toMatchObject({ before, channel });
  });
});

test.each<[Run, label: string, summary: string | null, tone: string]>([
  [running, "Running", null, "running"],
  [done, "Done", "deploy is done", "passing"],
  [unknown, "Not known", "We do not know whether this ran", "attention"],
  [
    run("1", "deploy", { state: { state: "canceled", sent: true } }),
    "Stopped",
    "deploy was stopped",
    "quiet",
  ],
  [run("1", "deploy", { state: { state: "failed", error } }), "Failed", "deploy failed", "failing"],
  [resolved(true), "Ran", "kim says it ran", "quiet"],
  [resolved(false), "Did not run", "kim says it did not run", "quiet"],
])("a run %o is shown as %s", (run, label, summary, tone) => {
  expect(verdictOf(run)).toMatchObject({ label, summary, tone });
});

test("an unknown delivery is not sent again automatically, and shows that", () => {
  expect(verdictOf(unknown).more).toBe(
    "Why: Jenkins stopped answering. It will not be sent again automatically.",
  );
});

describe("a run that is followed", () => {
  const progress = (more: object) => ({
    run: running,
    said: "",
    output: [],
    steps: [],
    seen: 0,
    delivery: null,
    unrecorded: null,
    ...more,
  });

  test("gathers its output and its steps", () => {
    const steps = [{ said: "queued", at: "2026-01-01T12:00:00Z" }];
    let state = begin(running);
    state = follow(state, progress({ said: "queued", output: ["a\n"], seen: 1, steps }));
    state = follow(state, progress({ said: "queued: 2 before it", output: ["b\n"], seen: 2, steps }));
    expect(state.output).toBe("a\nb\n");
    expect([state.seen, state.status]).toEqual([2, "queued: 2 before it"]);
    // However often its progress is reported, it is one step, and it stays when the run has ended.
    expect(state.steps).toEqual(steps);
    expect(follow(state, progress({ run: done })).steps).toEqual(steps);
  });

  test("keeps the last delivery until there is a newer one", () => {
    const followed = follow(begin(running), progress({ delivery: of({ state: "posted" }) }));
    expect(follow(followed, progress({})).delivery?.state.state).toBe("posted");
  });

  test.each<[what: string, run: Run, delivery: Delivery | null, final: boolean]>([
    ["running", running, of({ state: "posted" }), false],
    ["done, not posted", done, null, false],
    ["done, late", done, of({ state: "pending", next_at: "2026-01-01T12:00:18Z", error }), false],
    ["done, posted", done, of({ state: "posted" }), true],
    ["done, given up", done, of({ state: "failed", error }), true],
    ["done in private", secret, null, true],
  ])("a run that is %s is final: %s", (_, run, delivery, final) => {
    expect(isFinal({ ...begin(run), delivery })).toBe(final);
  });
});

test("a message as text has all of it", () => {
  const message = {
    tone: "good" as const,
    title: "api is out",
    link: "https://a.example",
    blocks: [
      { text: "3 commits" },
      { fields: [["env", "staging"] as [string, string]] },
      { code: "exit 0" },
      { list: [{ text: "one", link: null }] },
    ],
  };
  expect(messageText({ message })).toBe(
    "api is out\nhttps://a.example\n3 commits\nenv: staging\nexit 0\none",
  );
});

const people = { list: [{ text: "Bo: level 1 of Checkout team", link: null }] };
test.each([
  ["what came\n", [people], "what came\n"],
  ["", [people], "Bo: level 1 of Checkout team"],
  ["", [{ text: "duty" }, people], "duty\nBo: level 1 of Checkout team"],
  ["", [{ fields: [["Until", "18:00"] as [string, string]] }], "Until: 18:00"],
  ["", [{ text: "stands under the summary" }], ""],
  ["", [], ""],
])("a run with the output %j that answered with %o shows %j", (output, blocks, expected) => {
  const outcome = { ok: true, summary: "Done", blocks, link: null, data: null };
  expect(shownOf(output, run("r1", "on-call", { state: { state: "done", outcome } }))).toBe(expected);
});
