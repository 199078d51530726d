import { describe, expect, test } from "vitest";

import type { FoundChoice, Plan } from "../../api";
import { infoOf } from "../../fake/commands";
import { argOf, chosen, confirmed, enter, isNamed, missing, start, step, take, type } from "../flow";

const deploy = infoOf("deploy");
const choices: FoundChoice[] = ["staging", "production"].map((value) => ({ value, title: [], note: null }));
const prepared = { confirm: null } as Plan;

test.each<[values: Record<string, string>, asksFor: string | null, active: string]>([
  [{}, "app", "app"],
  [{ app: "api" }, "env", "env"],
  [{ app: "api", env: "staging" }, null, "env"],
])("%o begins at the argument %s: %s", (values, asksFor, active) => {
  expect(start(deploy, values, asksFor).active).toBe(active);
});

test.each<[from: string, by: 1 | -1, to: string]>([
  ["app", 1, "env"],
  ["ref", 1, "ref"],
  ["env", -1, "app"],
  ["app", -1, "app"],
])("from %s by %i is %s", (from, by, to) => {
  expect(step(start(deploy, {}, from), by).active).toBe(to);
});

describe("the chosen value", () => {
  test.each<[arg: string, text: string, marked: number, value: string | null]>([
    ["env", "", 0, "staging"],
    ["env", "prod", 1, "production"],
    ["env", "staging", 1, null],
    ["ref", "", 0, null],
    ["ref", "fix/cart", 0, null],
  ])("%s %o: %s", (arg, text, marked, value) => {
    expect(chosen(type(start(deploy, {}, arg), text), choices, marked)).toBe(value);
  });
});

test.each<[text: string, value: string, note: string | null, named: boolean]>([
  ["zoe", "zoe@acme.example", null, true],
  ["ZOE", "PUSER01", "Zoë", false],
  ["zoe", "PUSER01", "Zoe Lima", true],
  ["lima zo", "PUSER01", "Zoe Lima", true],
  ["zoe", "lorenzo reyes", null, false],
  ["oe", "zoe", null, false],
  ["", "zoe", null, false],
])("%o names %s, %s: %s", (text, value, note, named) => {
  expect(isNamed({ value, title: [], note }, text)).toBe(named);
});

describe("Enter", () => {
  const flow = (values: Record<string, string>, active: string) => start(deploy, values, active);
  test.each([
    [
      "takes the marked choice",
      flow({ app: "api" }, "env"),
      choices,
      prepared,
      { do: "take", value: "staging" },
    ],
    [
      "asks for what is missing",
      flow({ env: "staging" }, "env"),
      choices,
      prepared,
      { do: "ask", name: "app" },
    ],
    [
      "waits until it is prepared",
      flow({ app: "api", env: "staging" }, "env"),
      choices,
      null,
      { do: "wait" },
    ],
    ["runs", flow({ app: "api", env: "staging" }, "env"), choices, prepared, { do: "run" }],
    [
      "asks for a text first",
      flow({ app: "api", env: "production" }, "env"),
      choices,
      { ...prepared, confirm: { type: "production" } },
      { do: "confirm", confirm: { type: "production" } },
    ],
  ] as const)("%s", (_, flow, choices, prepared, then) => {
    expect(enter(flow, [...choices], 0, prepared)).toEqual(then);
  });

  // The text names the first choice without being its value, as an alert's name does.
  test.each<[what: string, env: string, prepared: Plan | null, picked: boolean, then: object]>([
    ["a valid line runs as it is written", "stag", prepared, false, { do: "run" }],
    [
      "a text that is not valid yet becomes the choice",
      "stag",
      null,
      false,
      { do: "take", value: "staging" },
    ],
    ["a choice that was gone to is taken", "stag", prepared, true, { do: "take", value: "staging" }],
    ["also instead of another listed value", "production", prepared, true, { do: "take", value: "staging" }],
    ["a choice that is the text is not taken again", "staging", prepared, true, { do: "run" }],
  ])("%s", (_, env, prepared, picked, then) => {
    expect(enter(flow({ app: "api", env }, "env"), choices, 0, prepared, picked)).toEqual(then);
  });

  test.each<[env: string, prepared: Plan | null, picked: boolean, then: string]>([
    ["stag", null, false, "wait"],
    ["stag", prepared, false, "run"],
    ["stag", prepared, true, "wait"],
    ["", null, false, "ask"],
    ["", null, true, "wait"],
  ])("while choices are awaited takes none for %j: %o, %s, %s", (env, prepared, picked, then) => {
    const of = flow({ app: "api", env }, "env");
    expect(enter(of, choices, 0, prepared, picked, true).do).toBe(then);
  });
});

test("taking a value goes on to the missing arguments, then to the next one", () => {
  const first = take(start(deploy, {}, "app"), "api");
  expect([first.active, missing(first)]).toEqual(["env", "env"]);
  const second = take(first, "staging");
  expect([second.active, missing(second)]).toEqual(["ref", null]);
  expect(take(second, "main").active).toBe("ref");
});

test.each<[confirm: Parameters<typeof confirmed>[0], text: string, ok: boolean, left: number]>([
  [null, "", true, 0],
  [{ type: "production" }, "produ", false, 5],
  [{ type: "production" }, "production\n", true, 0],
  [{ type: "production" }, "Production", false, 10],
  ["yes", "yes", true, 0],
  ["yes", "", false, 3],
])("%o confirmed with %o: %s", (confirm, text, ok, left) => {
  expect(confirmed(confirm, text)).toEqual({ ok, left });
});

test.each([
  [null, null],
  [
    { kind: "line", error: { problem: "invalid", arg: "env", expected: "", found: "", nearest: null } },
    "env",
  ],
  [{ kind: "usage", message: "no" }, null],
] as const)("the error %o is about %s", (error, arg) => {
  expect(argOf(error)).toBe(arg);
});
