/** The fake backend for a browser, by the address's query: `?first`, `?empty`, `?playground`, `?theme=dark`, `?many`, `?unknown`. */

import type { Theme } from "../desktop";
import type { FakeBackend } from "./backend";
import { fake, row } from "./index";
import { delivery } from "./runs";
import { board, run, section, STATUS } from "./team";

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
  if (query.has("many")) {
    const rows = Array.from({ length: 10_000 }, (_, at) =>
      row(`ci/build/acme/app${at}/ci@main`, "failing", `app${at} main`),
    );
    made.answer("board", { ...board(), sections: [section("Builds", rows)] });
  }
  return made;
}
