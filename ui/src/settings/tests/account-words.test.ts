/** The words of accounts: their questions and typed settings, their state. */

import { expect, test } from "vitest";

import type { AccountInfo, Identity, ServiceError, SettingType } from "../../api";
import { SERVICES } from "../../fake/services";
import { ACCOUNTS } from "../../fake/settings-data";
import { freeName, questions, spelled, textOf, valueOf, wrong } from "../accounts/fields";
import {
  about,
  accountLine,
  accountState,
  letters,
  overdueText,
  rateLimitText,
  signedText,
  troubleText,
  unrecordedText,
  watchText,
  whereText,
} from "../accounts/health";

const NOW = Date.parse("2026-11-22T12:00:00Z");
const at = (seconds: number) => new Date(NOW - seconds * 1000).toISOString();
const error: ServiceError = { error: "unavailable", why: "no route", missing_scopes: [] } as never;

test.each<[string, SettingType, unknown]>([
  ["  x ", "text", "x"],
  ["", "text", null],
  ["a\n b,c\n\n", "list", ["a", "b", "c"]],
  ["true", "bool", true],
  ["12", "number", 12],
  ["b", { choice: ["a", "b"] }, "b"],
])("%j typed for %j means %j", (text, takes, value) => {
  expect(valueOf(text, takes)).toEqual(value);
});

test.each<[unknown, SettingType, string]>([
  [null, "text", ""],
  [["a", "b"], "list", "a\nb"],
  [false, "bool", "false"],
  [60, "number", "60"],
])("%j of %j is shown as %j", (value, takes, text) => {
  expect(textOf(value as never, takes)).toBe(text);
});

test("a text that is no number is refused", () => {
  expect(() => valueOf("many", "number")).toThrow('Expected a number, found "many"');
});

test("required settings are asked for first, with secrets among them", () => {
  const github = SERVICES.find((service) => service.service === "github");
  expect(github && questions(github).map(({ key }) => key)).toEqual([
    "name",
    "watch",
    "token",
    "url",
    "every",
    "drafts",
    "webhook_secret",
  ]);
});

test.each([
  ["", true],
  ["https://ci.acme.example", true],
  ["http://127.0.0.1:19301/a/@b", true],
  ["http://[::1]:8080/", true],
  ["ci.acme.example", false],
  ["ftp://ci.acme.example", false],
  ["http://127.0.0.1:19301/x?y=1", false],
  ["https://ci.acme.example/#top", false],
  ["https://kim:secret@ci.acme.example", false],
  ["https://", false],
])("the address %j: %s", (url, right) => {
  const info = { name: "url", help: "", takes: "text" as const, required: false, default: null };
  const what = wrong({ kind: "setting", key: "url", required: false, info }, url, []);
  expect(what === undefined).toBe(right);
  // It may hold a password.
  expect(what ?? "").not.toContain("secret");
});

test.each([
  ["forge", undefined],
  ["", "Expected letters, digits, - and _"],
  ["a b", "Expected letters, digits, - and _"],
  ["room", '"room" is the built-in room. Choose another name'],
  ["chat", 'There is an account "chat" already. Choose another name'],
])("an account named %j: %s", (name, what) => {
  expect(wrong({ kind: "name", key: "name", required: true }, name, ["chat"])).toBe(what);
});

test("names", () => {
  expect(freeName("github", [])).toBe("github");
  expect(freeName("github", ["github", "github-2"])).toBe("github-3");
  expect(["GitHub", "Jenkins", "PagerDuty", "Alertmanager", "x"].map(letters)).toEqual([
    "Gh",
    "Je",
    "Pd",
    "Al",
    "X",
  ]);
  expect(["webhook_secret", "url"].map(spelled)).toEqual(["Webhook secret", "URL"]);
});

const problem = (why: string) => ({ part: "acme/web", kind: "not_seen" as const, why });
const account = (more: Partial<AccountInfo>) => ({ ...(ACCOUNTS[1] as AccountInfo), ...more });
const identity = ACCOUNTS[1]?.identity as Identity;

test.each([
  [account({ last_ok: at(20) }), "answered 20 s ago", "passing"],
  [account({ reading: { done: 40, total: 200 } }), "kim, reading, 40 of 200 so far", "passing"],
  [account({ last_ok: at(2) }), "answered just now", "passing"],
  [account({ last_ok: null }), "kim, answers", "passing"],
  [account({ health: { state: "new" } }), "not asked yet", "quiet"],
  [account({ health: { state: "incomplete", why: "no token", needs: "secret" } }), "not complete", "failing"],
  [
    account({ health: { state: "trouble", since: at(60), error, next_try: null } }),
    "has been unreachable",
    "failing",
  ],
  [
    account({ health: { state: "unrecorded", since: at(60), why: "the disk is full" } }),
    "is not recorded",
    "failing",
  ],
  [
    account({ health: { state: "overdue", since: at(60) }, last_ok: at(120) }),
    "last read 2 min ago",
    "attention",
  ],
  [account({ problems: [problem("a"), problem("b")] }), "kim, 2 problems", "attention"],
  [
    account({ problems: [problem("a")], identity: { ...identity, login: "PXPGF42", name: "Bo" } }),
    "Bo, 1 problem",
    "attention",
  ],
  [
    account({ problems: [problem("a")], identity: { ...identity, login: "", name: "" } }),
    "1 problem",
    "attention",
  ],
  [ACCOUNTS[0] as AccountInfo, "kim, 1 scope missing", "attention"],
])("an account in a line, %#", (account, line, state) => {
  expect(accountLine(account, NOW)).toBe(line);
  expect(accountState(account)).toBe(state);
});

test("an account without a credential is not shown as a refused sign-in", () => {
  const refused = { error: "auth", why: "403", missing_scopes: [] } as never;
  const text = (secrets_set: string[]) =>
    troubleText("Web", refused, at(0), null, null, NOW, { secrets_set });
  expect(text([])).toMatch(/^Web refused what was asked \(401 or 403\) at/);
  expect(text(["token"])).toMatch(/^Web refused the sign-in at/);
});

test("a missing permission is not shown as a refused sign-in", () => {
  const refused = { error: "auth", why: "403", missing_scopes: [], signed_in: true } as never;
  for (const secrets_set of [[], ["token"]])
    expect(troubleText("Web", refused, at(0), null, null, NOW, { secrets_set })).toMatch(
      /^Web did not permit what was asked at \d\d:\d\d\. Why: 403\./,
    );
});

test("the note of an account that is not recorded says why, since when, and how old its rows are", () => {
  expect(unrecordedText("the disk is full", at(0), at(60), NOW)).toMatch(
    /^What is read of it has not been recorded since \d\d:\d\d\. Why: the disk is full\. Its rows are from \d\d:\d\d\.$/,
  );
  expect(unrecordedText("the disk is full", at(0), null, NOW)).toMatch(/Why: the disk is full\.$/);
  expect(overdueText(at(0), at(60), NOW)).toMatch(
    /^The check that was due at \d\d:\d\d has not ended\. Its rows are from \d\d:\d\d\.$/,
  );
});

test.each<[string, string | null, Partial<Identity>, string]>([
  ["GitHub", "GitHub", { login: "ana" }, "GitHub as ana"],
  ["Slack", "Slack, Acme", { login: "callboard" }, "Slack, Acme as callboard"],
  ["Jenkins", "Jenkins 2.479", { login: "kim" }, "Jenkins 2.479 as kim"],
  ["GitHub", "github.com", { login: "kim" }, "GitHub, github.com as kim"],
  ["Web", "Webster", { login: "" }, "Web, Webster"],
  ["PagerDuty", null, { login: "PME", name: "Ana" }, "PagerDuty, ci.acme.example as Ana"],
])("%s at %s is named once", (service, server, who, text) => {
  const settings = { url: "https://ci.acme.example" };
  expect(whereText(service, account({ settings, identity: { ...identity, ...who, server } }))).toBe(text);
  expect(whereText(service, account({ settings: {}, identity: null }))).toBe(service);
});

test("a person is named as people call them, and none where the service has no users", () => {
  expect(signedText({ ...identity, login: "PME", name: "Ana" })).toBe("Signed in as Ana");
  expect(signedText({ ...identity, login: "kim" })).toBe("Signed in as kim");
  expect(signedText({ ...identity, login: "" })).toBe("It answers");
});

const SIGNED = { secrets_set: ["token"] };

// What lasts has "since"; an answer has the moment at which it came.
test.each<[ServiceError["error"], string]>([
  ["rate_limited", "has limited the rate of requests since"],
  ["unavailable", "has been unreachable since"],
  ["auth", "refused the sign-in at"],
  ["rejected", "refused what was asked at"],
  ["unknown", "gave an unclear answer at"],
])("the note of an account in trouble by %s", (error, text) => {
  const note = troubleText("Web", { error, why: "x" } as never, at(0), null, null, NOW, SIGNED);
  expect(note).toMatch(new RegExp(`^Web ${text} \\d\\d:\\d\\d\\. Why: x\\.`));
});

test("the note of a failing account shows what failed, since when, and how old its rows are", () => {
  expect(troubleText("Jenkins", error, at(0), null, at(0), NOW, SIGNED)).toMatch(
    /^Jenkins has been unreachable since \d\d:\d\d\. Why: no route\. Its rows are from \d\d:\d\d, when it last answered\.$/,
  );
  // An account that never answered has no rows.
  expect(troubleText("Jenkins", error, at(0), null, null, NOW, SIGNED)).toMatch(
    /Why: no route\. It has never answered, so nothing of it is shown\.$/,
  );
});

test.each([
  [5000, 3820, -22 * 60, ["3,820", 0.764, "Checked less often below 1,000", "Resets in 22 min"]],
  [5000, 1000, -30, ["1,000", 0.2, "Checked less often below 1,000", "Resets in 30 s"]],
  [5000, 999, -30, ["999", 0.1998, "Checked every 5 min now: fewer than 1,000 left", "Resets in 30 s"]],
  [60, 0, 10, ["0", 0, "Checked every 5 min now: fewer than 12 left", "The limit was reset"]],
  // A limit that was raised within its window.
  [5000, 6000, 10, ["6,000", 1, "Checked less often below 1,000", "The limit was reset"]],
])("a rate limit of %i with %i left", (limit, remaining, seconds, texts) => {
  const text = rateLimitText({ limit, remaining, reset_at: at(seconds) }, NOW);
  expect([text.left, text.share, text.slows, text.resets]).toEqual(texts);
  expect(text.of).toBe(`of ${limit.toLocaleString("en")} calls left`);
});

test("a rate limit of 0 is not divided by", () => {
  expect(rateLimitText({ limit: 0, remaining: 0, reset_at: at(0) }, NOW).share).toBe(0);
});

test("the line about watched things", () => {
  expect(watchText({ watch: ["a", "b", "c", "d", "e"], every: "60s" })).toEqual({
    title: "Watches 5",
    list: "a, b, c, 2 more, every 60s",
  });
  expect(
    watchText({ url: "http://alerts.acme", filters: ["team=web", "env=prod"], allow_http: true }),
  ).toEqual({
    title: "Settings",
    list: "http://alerts.acme, filters: team=web, env=prod, allow http: true",
  });
  expect(watchText({})).toEqual({ title: "Settings", list: "Everything has its default" });
});

test.each([
  [3, "3 s"],
  [119, "2 min"],
  [7200, "2 h"],
  [200_000, "2 d"],
])("%i s is about %s", (seconds, text) => expect(about(seconds)).toBe(text));
