import { screen } from "@testing-library/svelte";
import { test } from "vitest";

import type { Desktop } from "../../desktop";
import type { Answers } from "../../fake";
import { delivery } from "../../fake/runs";
import { board, run } from "../../fake/team";
import { expectAccessible, open, press, type } from "./stage";

const error = { error: "rejected", why: "the channel is archived" } as const;

test("the board with each kind of row selected", async () => {
  await open();
  await screen.findByText("Acknowledge");
  await expectAccessible();
  press("Ctrl+ArrowDown");
  await screen.findByText("Run it again");
  await screen.findByRole("log");
  await expectAccessible();
  press("Ctrl+ArrowDown");
  await screen.findByText("Review in browser");
  await expectAccessible();
});

test("search results", async () => {
  await open();
  type("dep");
  await screen.findByText("Run again");
  await screen.findByText("Full help");
  await expectAccessible();
});

test.each<[view: string, answers: Answers, desktop: Partial<Desktop>, text: string]>([
  ["empty", { board: { ...board(), sections: [] } }, {}, "Nothing needs you"],
  ["the first run", { board: { ...board(), sections: [] } }, { first_run: true }, "Try the playground"],
])("%s", async (_, answers, desktop, text) => {
  await open(answers, desktop);
  await screen.findByText(text);
  await expectAccessible();
});

test.each([
  ["the actions", "Ctrl+K", "Copy link"],
  ["do not disturb", "Ctrl+Shift+D", "1 hour"],
  ["the keys", "?", "Snooze until a time or a change"],
  ["why", "Ctrl+/", "main is red"],
  ["the rooms", "Ctrl+Shift+R", "built-in"],
  ["a row to be sent", "Ctrl+Shift+S", "What will be posted"],
])("%s", async (_, keys, text) => {
  await open();
  await screen.findByText("Acknowledge");
  press(keys);
  await screen.findAllByText(text);
  await expectAccessible();
});

test("arguments, their problem and their confirmation", async () => {
  await open();
  type("deploy api to production");
  press("Enter");
  await screen.findByText("Start api on ci.acme.example");
  await expectAccessible();
  press("Enter");
  await screen.findByText(/to continue/);
  await expectAccessible();
});

test("a command's help", async () => {
  await open();
  type("deploy api to staging");
  press("Enter");
  await screen.findByText("Start api on ci.acme.example");
  press("F1");
  await screen.findByText("Time limit");
  await expectAccessible();
});

test.each([
  ["that ended", run("r1", "deploy"), delivery("r1", { state: "posted" }), "deploy is done"],
  ["whose message failed", run("r1", "deploy"), delivery("r1", { state: "failed", error }), "deploy is done"],
  [
    "that is not known",
    run("r1", "deploy", { state: { state: "unknown", why: "no answer" } }),
    null,
    "We do not know whether this ran",
  ],
  [
    "that a person resolved",
    run("r1", "deploy", {
      state: { state: "settled", ran: false, by: "kim", at: "2026-01-01T12:00:00Z", why: "" },
    }),
    null,
    "kim says it did not run",
  ],
])("a run %s", async (_, run, delivery, text) => {
  await open({
    follow_run: { run, said: "", output: ["a\n"], steps: [], seen: 1, unrecorded: null, delivery },
    runs: [run],
  });
  await screen.findByRole("group", { name: "Recent runs" });
  press("Ctrl+End");
  press("Enter");
  await screen.findByText("Recorded as run r1");
  await screen.findAllByText(text);
  await expectAccessible();
});
