/** An approval's page: what it shows, what a key does there, and that nothing is sent that was not shown. */

import { screen } from "@testing-library/svelte";
import { expect, test, vi } from "vitest";

import type { Approval, Checks, ItemDetail, OpenIncidents, Question, Run } from "../../api";
import { APPROVAL, detail } from "../../fake/items";
import { board, row, run, section } from "../../fake/team";
import { answerText, groundsOf, isUnsent, waitedText, whoseText } from "../approval-facts";
import type { ApprovalPage } from "../approval-page.svelte";
import { buildFacts } from "../facts";
import { choicesOf, fieldsOf, isElsewhere, pairsOf, wrongOf } from "../questions";
import { expectAccessible, open, press } from "./stage";

const KEY = "forge/approval/acme/web/218/production";
const NOW = Date.parse("2026-01-01T12:00:00Z");
const at = (minutes: number) => new Date(NOW + minutes * 60_000).toISOString();

const turn = { mine: true, who: [], kind: "approve" as const, what: "your answer, the last one needed" };
const APPROVALS = {
  ...board(),
  sections: [section("Approvals", [row(KEY, "attention", "Deploy api to production", { turn })])],
};

function known(more: Partial<Approval> = {}, all: Partial<ItemDetail> = {}): ItemDetail {
  const { item, ...rest } = detail(KEY);
  return { ...rest, item: { ...item, detail: { kind: "approval", ...APPROVAL, ...more } }, ...all };
}

/** The page, opened from the board by Ctrl+Enter, once its plan was in view for long enough to be read. */
async function page(more: Partial<Approval> = {}) {
  const stage = await open({ board: APPROVALS, item: known(more), runs: [] });
  const { launcher, backend } = stage;
  await vi.waitFor(() => expect(launcher.detail).not.toBe(null));
  press("Ctrl+Enter");
  await vi.waitFor(() => expect(launcher.top?.at).toBe("approval"));
  const view = launcher.top as ApprovalPage;
  const settle = async () => {
    await vi.waitFor(() => expect(view.form?.prepared).toBeTruthy());
    vi.setSystemTime(Date.now() + 1_000);
  };
  return { ...stage, view, settle, sent: () => backend.asked("run") };
}
const text = () => document.body.textContent?.replace(/\s+/g, " ") ?? "";
const buttons = () => screen.queryAllByRole("button").map((button) => button.textContent?.trim() ?? "");

const ended = (state: Run["state"]) => run("r1", `approve ${KEY}`, { state });
const done = (ok: boolean) =>
  ended({ state: "done", outcome: { ok, summary: "Approved as kim", blocks: [], link: null, data: null } });
const settled = (ran: boolean) => ended({ state: "settled", ran, by: "kim", at: at(0), why: "lost" });
const failed = ended({ state: "failed", error: { error: "unavailable", why: "no answer" } });
const lost = ended({ state: "unknown", why: "no answer" });

test.each<[what: string, run: Run | null, unsent: boolean, says: string]>([
  ["none", null, true, ""],
  ["pending", ended({ state: "pending", until: at(1) }), false, "Your answer is being sent"],
  ["running", ended({ state: "running" }), false, "Your answer is being sent"],
  ["done", done(true), false, "Sent, waiting for forge to confirm it"],
  ["refused", done(false), true, "Approved as kim"],
  ["failed", failed, true, `approve ${KEY} failed`],
  ["stopped before", ended({ state: "canceled", sent: false }), true, `approve ${KEY} was stopped`],
  ["stopped after", ended({ state: "canceled", sent: true }), false, `approve ${KEY} was stopped`],
  ["unknown", lost, false, "We do not know whether this ran"],
  ["it ran", settled(true), false, "kim says it ran"],
  ["it did not", settled(false), true, "kim says it did not run"],
])("an answer whose run is %s", (_, run, unsent, says) => {
  expect(isUnsent(run)).toBe(unsent);
  expect(run ? answerText(run, "forge").text : "").toBe(says);
});

const incidents = (more: Partial<OpenIncidents> = {}): OpenIncidents => ({
  rows: [],
  total: 0,
  accounts: ["alerts"],
  not_seen: [],
  ...more,
});
const checks: Checks = { commit: "b81d09e1234567", status: "passed", failing: [], at: at(-9) };
const ships = { from: "1.41.0", to: "1.42.0", commits: 11, changes: [] };
const unseen = { account: "alerts", kind: "error", what: "alerts", why: "no answer" } as never;

test.each<[more: Partial<Approval>, open: OpenIncidents | null, texts: string[]]>([
  [{ ships: undefined }, null, ["What it ships is not known"]],
  [{ ships: { at: at(-3), value: ships } }, null, ["Ships 1.41.0 to 1.42.0, 11 commits, as of 3 m ago"]],
  // 1970 is no time.
  [{ ships: { at: "1970-01-01T00:00:00Z", value: ships } }, null, ["Ships 1.41.0 to 1.42.0, 11 commits"]],
  [
    { ships: { at: at(0), value: { ...ships, from: null, to: null, commits: null, checks } } },
    null,
    ["What it ships is not known", "All checks passed, of b81d09e"],
  ],
  [
    {
      ships: {
        at: at(-3),
        value: { ...ships, checks: { ...checks, status: "failed", failing: ["a", "b"] }, unread: ["tags"] },
      },
    },
    null,
    [
      "Ships 1.41.0 to 1.42.0, 11 commits, as of 3 m ago",
      "Checks failed: a and b, of b81d09e",
      "Not read: tags",
    ],
  ],
  [{ ships: undefined }, incidents(), ["What it ships is not known", "No open incident"]],
  // Without an account that has incidents, and with one that cannot be read, nothing is calm.
  [
    { ships: undefined },
    incidents({ accounts: [] }),
    ["What it ships is not known", "No account says whether there are incidents"],
  ],
  [
    { ships: undefined },
    incidents({ not_seen: [unseen] }),
    ["What it ships is not known", "There may be more incidents: alerts cannot be read"],
  ],
  [
    { ships: undefined },
    incidents({ rows: [row("alerts/incident/1", "incident", "Slow", { second: "billing" })], total: 3 }),
    ["What it ships is not known", "Open incident: Slow (billing)", "and 2 more open incidents"],
  ],
  [
    { ships: undefined, conditions: { at: at(0), value: ["a timer of 30 minutes"] } },
    null,
    ["What it ships is not known", "Also waits for a timer of 30 minutes"],
  ],
])("the grounds %#", (more, open, texts) => {
  const approval = { ...APPROVAL, conditions: undefined, ...more };
  expect(groundsOf(approval, open, NOW).map(({ text }) => text)).toEqual(texts);
});

test("whose it is, and how long it has waited", () => {
  expect(whoseText({ mine: true }, false)).toBe("Waiting for you");
  expect(whoseText({ mine: false }, false)).toBe("May be yours");
  expect(whoseText({ mine: false }, true)).toBe("Not yours");
  expect(waitedText({ ...APPROVAL, asked_at: at(-180) }, NOW)).toBe("3 h");
  expect(waitedText({ ...APPROVAL, asked_at: undefined }, NOW)).toBe("");
});

const target: Question = { name: "TARGET", ty: { choice: ["eu", "us"] } };
const dry: Question = { name: "DRY", ty: "bool", default: "false" };

test("each question that can be answered here is a field, once", () => {
  const asked: Question[] = [
    target,
    dry,
    { ...target, ty: "text" },
    { name: "NOTE", ty: "text", default: "" },
    { name: "KEY", ty: "elsewhere" },
    // A line has no place for these: they would be read as something else.
    { name: "comment", ty: "text" },
    { name: "a=b", ty: "text" },
    { name: "", ty: "text" },
  ];
  expect(fieldsOf(asked).map(({ name, required }) => [name, required])).toEqual([
    ["TARGET", true],
    ["DRY", false],
    ["NOTE", false],
  ]);
  expect(asked.filter(isElsewhere).map(({ name }) => name)).toEqual(["KEY", "comment", "a=b", ""]);
});

test.each<[values: Record<string, string>, pairs: string, wrong: string | undefined]>([
  [{}, "", undefined],
  [{ TARGET: "eu", DRY: "true" }, '"TARGET"="eu" "DRY"="true"', undefined],
  [{ TARGET: "e" }, '"TARGET"="e"', "TARGET"],
  [{ DRY: "yes" }, '"DRY"="yes"', "DRY"],
  [{ NOTE: 'a "b" \\ =c' }, '"NOTE"="a \\"b\\" \\\\ =c"', undefined],
])("answers %o are written as pairs", (values, pairs, wrong) => {
  const fields = fieldsOf([target, dry, { name: "NOTE", ty: "text", default: "" }]);
  expect(pairsOf(fields, values)).toBe(pairs);
  expect(wrongOf(fields, values)?.name).toBe(wrong);
});

test("all values are listed once one of them is typed, else those that go with it", () => {
  const [field] = fieldsOf([target]);
  if (!field) throw new Error("no field");
  const values = (typed: string) => choicesOf(field, typed).map(({ value }) => value);
  expect(values("")).toEqual(["eu", "us"]);
  expect(values("eu")).toEqual(["eu", "us"]);
  expect(values("U")).toEqual(["eu", "us"]);
  expect(values("s")).toEqual(["us"]);
});

test("a run that waits for a person is not queued", () => {
  const one = { id: "1", number: 1, attempt: 1, at: null, started_at: null, commit: null, author: null };
  const of = (status: "queued" | "running" | "passed", value: boolean, red = false) => {
    const latest = { ...one, status, subject: null, url: null, failing: [], waits: { at: at(0), value } };
    const before = { ...latest, status: "failed" as const, waits: undefined };
    const build = { repo: "a", pipeline: "b", branch: "main", default_branch: true };
    return buildFacts({ ...build, runs: red ? [latest, before] : [latest] }).summary;
  };
  expect(of("queued", true)).toBe("Waiting for a person's yes");
  expect(of("running", true)).toBe("Waiting for a person's yes");
  expect(of("queued", false)).toBe("Queued");
  expect(of("passed", true)).toBe("Passed");
  expect(of("running", true, true)).toBe("Failed, the next one waits for a person's yes");
});

test("the page shows what a yes is for, who asks and answered, and what is sent", async () => {
  const { settle } = await page();
  await settle();
  for (const shown of [
    "Deploy api to production",
    "ana, 3 m ago",
    "Checkout is slow without the price cache",
    "b81d09e",
    "All checks passed",
    "No open incident",
    "#482 Cache the price list",
    "Keep the price list warm",
    "pending_deployments",
    "1 of 2 said yes",
    "Your answer, the last one needed",
    "Waiting for you",
    "Enter alone does not approve",
    "Will post to",
  ])
    expect(text()).toContain(shown);
  expect(screen.getByRole("timer").textContent).toMatch(/1[12]:\d\d\s*left/);
  await expectAccessible();
});

test("Ctrl+Enter on the board opens the page; there it sends what is shown, once", async () => {
  const { backend, launcher, settle, sent, view } = await page();
  expect(sent()).toEqual([]);
  await settle();
  const held = backend.hold("run");
  backend.never("follow_run");
  for (const keys of ["Enter", "Shift+Enter"]) press(keys);
  expect(sent()).toEqual([]);
  press("Ctrl+Enter");
  press("Ctrl+Enter");
  await vi.waitFor(() => expect(sent().length).toBe(1));
  expect(sent()[0]?.fingerprint).toBe(view.form?.prepared?.fingerprint);
  expect(sent()[0]?.what.line).toBe(`approve ${KEY}`);
  held.answer(run("r9", `approve ${KEY}`, { item: KEY, command: "approve", state: { state: "running" } }));
  await vi.waitFor(() => expect(text()).toContain("Your answer is being sent"));
  expect(launcher.top?.at).toBe("approval");
  press("Ctrl+Enter");
  expect(sent().length).toBe(1);
  expect(buttons().some((name) => name.startsWith("Approve"))).toBe(false);
});

test("a second press at once sends nothing: the plan has not been read", async () => {
  const { sent, view } = await page();
  await vi.waitFor(() => expect(view.form?.prepared).toBeTruthy());
  press("Ctrl+Enter");
  expect(view.form?.refused).toBe("Read on, then press again");
  expect(sent()).toEqual([]);
});

test("a held key approves nothing", async () => {
  const { settle, sent } = await page();
  await settle();
  const init = { key: "Enter", ctrlKey: true, repeat: true, bubbles: true, cancelable: true };
  document.body.dispatchEvent(new KeyboardEvent("keydown", init));
  expect(sent()).toEqual([]);
});

test("Enter on the focused button does not approve either", async () => {
  const { settle, sent } = await page();
  await settle();
  const button = screen.getByRole("button", { name: /^Approve/ });
  await vi.waitFor(() => expect(button).toHaveProperty("disabled", false));
  button.focus();
  press("Enter");
  expect(sent()).toEqual([]);
  button.click();
  await vi.waitFor(() => expect(sent().length).toBe(1));
});

test("Ctrl+D asks why", async () => {
  const { launcher, settle } = await page();
  await settle();
  press("Ctrl+D");
  await vi.waitFor(() => expect(launcher.top?.at).toBe("fill"));
  const field = await screen.findByRole<HTMLInputElement>("combobox", { name: /^why/ });
  expect(document.activeElement).toBe(field);
  expect(launcher.top).toMatchObject({ command: "deny", missing: "why" });
});

test("an answer that was given elsewhere is shown and said once, and nothing is sent any more", async () => {
  const { backend, launcher, settle, sent, view } = await page();
  await settle();
  const said = vi.spyOn(launcher.context, "announce");
  const kim = { id: "kim", name: "kim" };
  const answers = [...(APPROVAL.answers ?? []), { by: kim, at: null, decision: "approved" as const }];
  backend.answer("item", known({ state: "approved", ended_by: kim, answers }, { actions: [] }));
  for (let times = 0; times < 2; times += 1) {
    backend.emitChanged();
    await vi.waitFor(() => expect(view.isOpen).toBe(false));
  }
  await vi.waitFor(() => expect(text()).toContain("Approved by kim"));
  expect(said.mock.calls.filter(([text]) => text.includes("kim"))).toEqual([
    ["kim said yes. Approved by kim"],
  ]);
  press("Ctrl+Enter");
  press("Ctrl+D");
  expect(sent()).toEqual([]);
  expect(launcher.top).toBe(view);
  expect(buttons().some((name) => /^(Approve|Deny)/.test(name))).toBe(false);
});

test("an answer of which nobody knows whether it was sent is resolved by a person, and not sent again", async () => {
  const { backend, settle, sent, launcher, view } = await page();
  await settle();
  const unknown = { ...lost, id: "r9", item: KEY, command: "approve" };
  backend.answer("run", unknown);
  const progress = {
    run: unknown,
    said: "",
    output: [],
    steps: [],
    seen: 0,
    delivery: null,
    unrecorded: null,
  };
  backend.answer("follow_run", progress);
  backend.answer("resolve_run", { ...settled(false), id: "r9", item: KEY, command: "approve" });
  press("Ctrl+Enter");
  await vi.waitFor(() => expect(text()).toContain("We do not know whether this ran"));
  press("Ctrl+Enter");
  expect(sent().length).toBe(1);
  expect(launcher.top).toBe(view);
  press("Ctrl+Shift+N");
  await vi.waitFor(() => expect(backend.asked("resolve_run")).toEqual([{ id: "r9", ran: false }]));
});

test("what is asked along with a yes is asked in its form, and the page shows what came of it", async () => {
  const { backend, launcher, view, sent } = await page({ questions: [target, dry] });
  await vi.waitFor(() => expect(view.form?.missing).toBe("TARGET"));
  expect(backend.asked("prepare")).toEqual([]);
  press("Ctrl+Enter");
  await vi.waitFor(() => expect(launcher.top?.at).toBe("fill"));
  const form = view.form;
  expect(form?.choices.map(({ value }) => value)).toEqual(["eu", "us"]);
  form?.type("nowhere");
  await vi.waitFor(() => expect(form?.problem?.arg).toBe("TARGET"));
  expect(form?.prepared).toBe(null);
  form?.take("eu");
  await vi.waitFor(() => expect(form?.prepared).toBeTruthy());
  vi.setSystemTime(Date.now() + 1_000);
  expect(backend.asked("write_line").at(-1)?.values).toEqual({
    item: KEY,
    answers: '"TARGET"="eu" "DRY"="false"',
  });
  press("Enter");
  expect(sent()).toEqual([]);
  press("Ctrl+Enter");
  await vi.waitFor(() => expect(sent().length).toBe(1));
  await vi.waitFor(() => expect(launcher.top).toBe(view));
  expect(view.run?.command).toBe("approve");
});

test("what can only be answered elsewhere leads there, and no yes is sent from here", async () => {
  const { backend, sent } = await page({ questions: [{ name: "KEY", ty: "elsewhere" }] });
  await vi.waitFor(() => expect(text()).toContain("KEY can only be answered on the page of the service"));
  press("Ctrl+Enter");
  expect(backend.asked("prepare")).toEqual([]);
  expect(sent()).toEqual([]);
  expect(buttons().some((name) => name.startsWith("Open in browser"))).toBe(true);
});

test("hostile text is text", async () => {
  const hostile = `\u202e<img src=x onerror=alert(1)>${"long ".repeat(60)}`;
  const { settle } = await page({
    description: hostile,
    environment: hostile,
    arguments: { [hostile]: hostile },
    asked_by: { id: "x", name: hostile },
  });
  await settle();
  expect(document.querySelector("img")).toBe(null);
  expect(text()).toContain("<img src=x");
  await expectAccessible();
});
