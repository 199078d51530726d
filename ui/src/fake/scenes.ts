/** The fake backend for a browser, by the address's query: `?first`, `?empty`, `?playground`, `?theme=dark`, `?many`, `?unknown`,
 *  `?approvals`. */

import type { Approval } from "../api";
import type { Theme } from "../desktop";
import type { FakeBackend } from "./backend";
import { fake, row } from "./index";
import { ago } from "./ago";
import { detail } from "./items";
import { delivery, start } from "./runs";
import { board, run, section, sections, STATUS } from "./team";

/** Requests that can be answered: one is plain, one asks questions, one expires, one is another's, one is hostile. */
function approvals(made: FakeBackend): void {
  const key = (id: string) => `forge/approval/${id}`;
  const long = "\u202e<b>Deploy</b> " + "a very long title that says it all, ".repeat(9);
  const mine = {
    mine: true,
    who: [] as string[],
    kind: "approve" as const,
    what: "your answer, the last one needed",
  };
  const asks: Partial<Approval> = {
    questions: [
      { name: "TARGET", summary: "Where to", ty: { choice: ["eu", "us", long] } },
      { name: "DRY_RUN", ty: "bool", default: "false" },
      { name: "NOTE", summary: long, ty: "text", default: "" },
    ],
    expires_at: undefined,
  };
  const which: Record<string, [title: string, more: Partial<Approval>]> = {
    plain: ["Deploy api to production", {}],
    questions: ["Deploy web to a region", asks],
    soon: ["Deploy docs to production", { expires_at: { at: ago(10), value: ago(-1.5) } }],
    others: ["Deploy billing to production", { answers: [] }],
    hostile: [
      long,
      { description: long.repeat(3), environment: long, arguments: { [long]: long }, commit: long },
    ],
    file: ["Sign the release", { questions: [{ name: "KEY", ty: "elsewhere" }] }],
  };
  const ended = new Map<string, Partial<Approval>>();
  const rows = Object.entries(which).map(([id, [title, { expires_at }]]) =>
    row(key(id), "attention", title, {
      second: "ana asks, 1 of 2 given",
      held: id === "others",
      turn: id === "others" ? { mine: false, who: ["bo"], kind: "approve", what: "answer by bo" } : mine,
      expires_at: id === "soon" ? (expires_at?.value ?? null) : null,
    }),
  );
  made.answer("board", () => ({ ...board(), sections: [section("Approvals", rows), ...sections()] }));
  made.answer("item", ({ item }) => {
    const [title, more] = which[item.split("/").at(-1) ?? ""] ?? ["", {}];
    const known = detail(item);
    if (known.item.detail.kind !== "approval") return known;
    const inner = { ...known.item.detail, ...more, ...ended.get(item) };
    const conditions = { at: ago(3), value: ["30 minutes of its environment's timer"] };
    return {
      ...known,
      item: { ...known.item, title, detail: { ...inner, conditions } },
      actions: inner.state === "waiting" ? known.actions : [],
    };
  });
  made.answer("run", (asked) => {
    const run = start(asked);
    const state = run.command === "deny" ? "denied" : "approved";
    setTimeout(() => {
      if (run.item) ended.set(run.item, { state, ended_by: { id: "kim", name: "kim" } });
      made.emitChanged();
    }, 6_000);
    return run;
  });
}

export function scene(search: string): FakeBackend {
  const query = new URLSearchParams(search);
  const empty = { ...board(), sections: [] };
  const made = fake(
    {},
    {
      first_run: query.has("first"),
      playground: query.has("playground"),
      theme: (query.get("theme") ?? "system") as Theme,
    },
  );
  if (query.has("first") || query.has("empty")) made.answer("board", empty);
  // Its tour depends on the runs.
  if (query.has("playground")) made.answer("runs", []);
  if (query.has("first")) made.answer("runs", []).answer("status", { ...STATUS, accounts: 0, troubles: [] });
  if (query.has("failing")) made.fail("board", "the engine does not answer");
  if (query.has("late")) {
    const error = {
      error: "rate_limited",
      why: "Slack asked us to slow down",
      retry_after: { secs: 18, nanos: 0 },
    } as const;
    const next_at = new Date(Date.now() + 18_000).toISOString();
    made.answer("follow_run", ({ id }) => {
      const run = {
        id,
        command: "deploy",
        line: "deploy api to staging",
        args: { values: {}, items: {}, pairs: [] },
        account: "ci",
        item: null,
        by: "kim",
        started_at: next_at,
        ended_at: next_at,
        post: "chat:#deploys",
      };
      const outcome = { ok: true, summary: "api 1.42.0 is on staging", blocks: [], link: null, data: null };
      return {
        run: { ...run, state: { state: "done", outcome } },
        said: "",
        output: [],
        steps: [],
        unrecorded: null,
        seen: 0,
        delivery: delivery(id, { state: "pending", next_at, error }),
      };
    });
  }
  if (query.has("unknown")) {
    const why = "Jenkins stopped answering";
    let lost = run("0199aa00-0000-7000-8000-000000000606", "deploy api to staging", {
      state: { state: "unknown", why },
    });
    made.answer("runs", () => [lost]);
    made.answer("follow_run", ({ id }) => {
      return {
        run: lost,
        said: "",
        output: [],
        steps: [],
        unrecorded: null,
        seen: 0,
        delivery: delivery(id, { state: "posted" }),
      };
    });
    made.answer("resolve_run", ({ ran }) => {
      lost = { ...lost, state: { state: "settled", ran, by: "kim", at: new Date().toISOString(), why } };
      return lost;
    });
  }
  if (query.has("approvals")) approvals(made);
  if (query.has("many")) {
    const rows = Array.from({ length: 10_000 }, (_, at) =>
      row(`ci/build/acme/app${at}/ci@main`, "failing", `app${at} main`),
    );
    made.answer("board", { ...board(), sections: [section("Builds", rows)] });
  }
  return made;
}
