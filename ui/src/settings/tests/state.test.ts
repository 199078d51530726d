/** Drafts beside the file's values, acts, and rules while they are edited. */

import { expect, test } from "vitest";

import type { RuleConfig } from "../../api";
import { failure } from "../../fake/backend";
import { RULES } from "../../fake/settings-data";
import { Draft } from "../draft.svelte";
import { Act } from "../act.svelte";
import { Editing, faultsAt } from "../rules/editing.svelte";
import { doesText, isOn, parts, switched, written } from "../rules/rules";

test("an unchanged file changes nothing; a changed one is taken if there is no draft", () => {
  const draft = new Draft({ every: "60s" });
  draft.offer({ every: "60s" });
  expect([draft.changed, draft.theirs]).toEqual([false, null]);
  draft.offer({ every: "5m" });
  expect([draft.mine.every, draft.changed]).toEqual(["5m", false]);
});

test("a draft stays when the file changes, until one of both is chosen", () => {
  const draft = new Draft({ every: "60s" });
  draft.mine.every = "45s";
  draft.offer({ every: "5m" });
  expect([draft.mine.every, draft.theirs?.value.every]).toEqual(["45s", "5m"]);
  draft.keep();
  expect([draft.mine.every, draft.theirs, draft.changed]).toEqual(["45s", null, true]);
  draft.offer({ every: "1h" });
  draft.revert();
  expect([draft.mine.every, draft.changed]).toEqual(["1h", false]);
});

test("a file that changes to the draft's values is no conflict", () => {
  const draft = new Draft({ every: "60s" });
  draft.mine.every = "5m";
  draft.offer({ every: "5m" });
  expect([draft.changed, draft.theirs]).toEqual([false, null]);
});

test("a file that changes back is no longer a conflict", () => {
  const draft = new Draft("a");
  draft.mine = "b";
  draft.offer("c");
  draft.offer("a");
  expect([draft.mine, draft.theirs]).toEqual(["b", null]);
});

test("an act is done once at a time", async () => {
  let finish: () => void = () => {};
  const work = () => new Promise<void>((done) => (finish = done));
  const act = new Act();
  const first = act.do(work);
  expect(await act.do(work)).toBe(false);
  finish();
  expect([await first, act.busy]).toEqual([true, false]);
});

test.each([
  ["true", [{ of: "anything", is: "", values: [] }]],
  ['event == "failed"', [{ of: "event", is: "is", values: ["failed"] }]],
  [
    'item.kind != "build" && event in ["failed", "fixed"]',
    [
      { of: "kind", is: "is not", values: ["build"] },
      { of: "event", is: "is", values: ["failed", "fixed"] },
    ],
  ],
  [
    'event == "a && b" && item.mine',
    [
      { of: "event", is: "is", values: ["a && b"] },
      { of: "it is mine", is: "", values: [] },
    ],
  ],
  ['event == "a" || item.mine', [{ code: 'event == "a" || item.mine' }]],
  [
    '(event == "a" || by_me) && item.mine',
    [{ code: '(event == "a" || by_me)' }, { of: "it is mine", is: "", values: [] }],
  ],
  ["item.branch == other", [{ code: "item.branch == other" }]],
  ['item.branch in ["a", other]', [{ code: 'item.branch in ["a", other]' }]],
  ['item.labels["team"] == "a"', [{ code: 'item.labels["team"] == "a"' }]],
  ["", [{ code: "" }]],
])("the parts of the condition %j", (when, expected) => expect(parts(when)).toEqual(expected));

const rule = (more: Partial<RuleConfig>): RuleConfig => ({
  name: "a",
  when: "true",
  do: null,
  post: [],
  group_by: [],
  continue: false,
  ...more,
});

test("a rule is written without default values", () => {
  expect(written(rule({}))).toEqual({ name: "a", when: "true" });
  expect(written(rule({ do: "silence", post: ["x"], continue: true }))).toEqual({
    name: "a",
    when: "true",
    do: "silence",
    post: ["x"],
    continue: true,
  });
  expect(doesText(rule({}))).toBe("on the board");
  expect(doesText(rule({ do: "important", post: ["x", "chat:#y"] }))).toBe(
    "notify me, also in quiet hours, #x, chat:#y",
  );
});

test.each<[string, Partial<RuleConfig>, boolean]>([
  ["a rule without the key", {}, true],
  ["a rule that is explicitly on", { enabled: true }, true],
  ["a rule that is switched off", { enabled: false }, false],
  ["a rule whose condition is never true", { when: "false && (item.mine)" }, true],
])("%s is on, or not, by its key alone", (_, more, on) => {
  expect(isOn(rule(more))).toBe(on);
  expect(written(rule(more))).toEqual({
    name: "a",
    when: rule(more).when,
    ...(on ? {} : { enabled: false }),
  });
});

test("a rule is switched off and on again unchanged, and only its key is written", () => {
  const editing = new Editing();
  editing.offer(RULES);
  editing.change(0, switched(false));
  expect(editing.write()).toEqual({ path: ["rules", "0"], value: { ...RED, enabled: false } });
  expect(editing.draft.mine[0]?.when).toBe(RULES[0]?.rule.when);
  editing.change(0, switched(true));
  expect(editing.draft.changed).toBe(false);
  editing.change(1, switched(true));
  expect(editing.write().value).toEqual({
    name: "nightly is flaky",
    when: 'item.pipeline == "e2e-nightly"',
    do: "show",
  });
});

test("errors are shown at their rule and field", () => {
  const base = [rule({ name: "one" }), rule({ name: "two", when: "item.mine" })];
  const rules = [rule({ name: "one", post: ["nowhere"] }), rule({ name: "two", when: "item.min" })];
  const fault = (text: string, what: string) => ({ file: "f", line: 1, column: 9, what, text });
  const errors = [
    fault("when = 'item.min'", "a"),
    fault('post = ["nowhere"]', "b"),
    fault("[accounts.x]", "c"),
    // A switch cannot show an error, which must not be lost.
    fault('enabled = "no"', "d"),
  ];
  expect(faultsAt(failure("m", { kind: "config", errors }), rules, base)).toEqual({
    fields: { "1.when": "a", "0.post": "b" },
    rest: ["f:1:9: c", "f:1:9: d"],
  });
  expect(faultsAt(failure("the disk is full"), rules, base)).toEqual({
    fields: {},
    rest: ["the disk is full"],
  });
});

test("a refused value is wrong until it is edited, and faults found by trying go with the next try", () => {
  const editing = new Editing();
  editing.offer(RULES);
  editing.change(0, { post: ["nowhere"] });
  const what = (text: string) => ({ file: "f", line: 1, column: 1, what: text, text });
  const errors = [what('post = ["nowhere"]'), what('name = "main is red"')];
  editing.refused(failure("m", { kind: "config", errors }));
  editing.tried([
    { rule: 1, key: "when", what: "expected a value" },
    { rule: 1, key: "when", what: "too long" },
  ]);
  expect(editing.errors.fields["1.when"]).toBe("expected a value; too long");
  expect(Object.keys(editing.errors.fields).sort()).toEqual(["0.name", "0.post", "1.when"]);
  editing.change(0, { post: [] });
  expect(Object.keys(editing.errors.fields).sort()).toEqual(["0.name", "1.when"]);
  editing.tried([]);
  expect(Object.keys(editing.errors.fields)).toEqual(["0.name"]);
  editing.move(0, 1);
  expect(editing.errors).toEqual({ fields: {}, rest: [] });
});

test("rules are added first, moved and removed", () => {
  const editing = new Editing();
  editing.offer(RULES);
  const names = () => editing.draft.mine.map((rule) => rule.name);
  expect(editing.add()).toBe(0);
  expect(names()).toEqual(["new rule", "main is red", "nightly is flaky"]);
  expect(editing.move(0, 1)).toBe(1);
  expect(editing.move(2, 1)).toBe(2);
  expect(names()).toEqual(["main is red", "new rule", "nightly is flaky"]);
  editing.revert();
  expect(names()).toEqual(["main is red", "nightly is flaky"]);
});

const [RED, FLAKY] = RULES.map(({ rule }) => written(rule));

test.each<[string, (editing: Editing) => void, { path: string[]; value: unknown }]>([
  [
    "one changed",
    (it) => it.change(1, { do: "silence" }),
    { path: ["rules", "1"], value: { ...FLAKY, do: "silence" } },
  ],
  ["the first removed", (it) => it.remove(0), { path: ["rules", "0"], value: null }],
  ["the last removed", (it) => it.remove(1), { path: ["rules", "1"], value: null }],
  ["moved", (it) => it.move(0, 1), { path: ["rules"], value: [FLAKY, RED] }],
  ["added", (it) => it.add(), { path: ["rules"], value: [expect.anything(), RED, FLAKY] }],
  ["all removed", (it) => [1, 0].forEach((place) => it.remove(place)), { path: ["rules"], value: null }],
])("rules are written as narrowly as can be: %s", (_, act, change) => {
  const editing = new Editing();
  editing.offer(RULES);
  act(editing);
  expect(editing.write()).toEqual(change);
});
