/** The pure functions: texts for values, and values of typed texts. */

import { expect, test } from "vitest";

import type { AccountInfo, ActivityDay, ConfigError, Identity, ServiceError, SettingType } from "../../api";
import { ACCOUNTS, ACTIVITY, CHANNELS, CHECKS } from "../../fake/settings-data";
import type { Desktop } from "../../desktop";
import { DESKTOP } from "../../fake/backend";
import { SERVICES } from "../../fake/services";
import { reason, sentence } from "../../parts/words";
import { freeName, questions, spelled, textOf, valueOf, wrong } from "../accounts/fields";
import {
  about,
  accountLine,
  accountState,
  rateLimitText,
  letters,
  overdueText,
  signedText,
  troubleText,
  unrecordedText,
  watchText,
  whereText,
} from "../accounts/health";
import { axis, lasted, MEASURES, percent, stretches } from "../activity/plot";
import { moved } from "../arrows";
import { found, heading, shortName, wrongName } from "../channels/channels";
import { takesText } from "../commands/commands";
import { checkTitle, remedyOf, report } from "../diagnostics/report";
import { failureOf, fieldOf, placed } from "../failure";
import { hotkeyText, recorded } from "../keys/hotkey";
import { quietHours, timeOf } from "../notifications/quiet";
import { placeOf } from "../views";

const NOW = Date.parse("2026-11-22T12:00:00Z");
const at = (seconds: number) => new Date(NOW - seconds * 1000).toISOString();
const error: ServiceError = { error: "unavailable", why: "no route", missing_scopes: [] } as never;

const fault = (text: string, column: number, what = "wrong"): ConfigError => ({
  file: "/c/callboard.toml",
  line: 3,
  column,
  what,
  text,
});

test.each([
  [fault('every = "0s"', 9), "every"],
  [fault('ci = { url = "x", every = "0s" }', 27), "every"],
  [fault('ci = { url = "x", every = "0s" }', 14), "url"],
  [fault("[accounts.ci]", 1, "there is no `url`"), "url"],
  [fault("[accounts.ci]", 1, "expected a table"), null],
  [fault('other = "a = b"', 9), null],
])("an error %j belongs to the field %s", (fault, field) => {
  expect(fieldOf(fault, ["url", "every"])).toBe(field);
});

test("errors of no field are shown with their place; several of one field are joined", () => {
  const errors = [fault("url = 3", 7, "a"), fault("url = 3", 7, "b"), fault("[x]", 1, "c")];
  expect(placed({ kind: "config", errors }, "m", ["url"])).toEqual({
    fields: { url: "a; b" },
    rest: ["callboard.toml:3:1: c"],
  });
  // A line of a table that was to be added is not in the file.
  const added = fault("[accounts.ci]", 1, "expected a table");
  expect(placed({ kind: "config", errors: [added] }, "m", ["url"], "[accounts.ci]").rest).toEqual([
    "expected a table",
  ]);
  expect(placed({ kind: "internal", message: "m" }, "m", ["url"])).toEqual({ fields: {}, rest: ["m"] });
});

test.each([
  ["a text", "a text"],
  [new Error("an error"), "an error"],
  [{ message: "a failure", error: { kind: "usage", message: "a failure" } }, "a failure"],
  // What a terminal shows as a quoted line with a mark under it is a line here.
  [
    { message: "a:3:2: wrong\n |\n3 | x\n |  ^", error: { kind: "config", errors: [fault("x", 2)] } },
    "callboard.toml:3:2: wrong",
  ],
])("anything that is thrown becomes a failure: %s", (thrown, message) => {
  expect(failureOf(thrown).message).toBe(message);
});

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
  expect(["a token", "Which?", ""].map(sentence)).toEqual(["A token.", "Which?", ""]);
  // A name keeps its first letter.
  expect(["acme/web#1 was not merged", ""].map(reason)).toEqual(["Why: acme/web#1 was not merged.", ""]);
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

test("a key in a text is shown in quotation marks", () => {
  expect(sentence("with `http://`, say `allow_http`")).toBe('With "http://", say "allow_http".');
  expect(sentence('all of these, such as `team="web"`')).toBe(`All of these, such as 'team="web"'.`);
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

test("channels are found by words of their name or address", () => {
  const names = (text: string) => found(CHANNELS, text).map(({ name, address }) => name ?? address);
  expect(names("")).toEqual([
    "builds",
    "deploys",
    "room:general",
    "room:random",
    "chat:#incidents",
    "chat:#web",
  ]);
  expect(names("WEB chat")).toEqual(["builds", "chat:#web"]);
  expect(
    found(CHANNELS, "")
      .map((it, _, all) => heading(it, all))
      .filter(Boolean),
  ).toEqual(["In callboard.toml", "Built-in chat", "On the services"]);
  expect(["chat:#web-builds", "room:general", "", "mail:a b"].map(shortName)).toEqual([
    "web-builds",
    "general",
    "",
    "a-b",
  ]);
  expect(["new", "", "a:b", "builds"].map((name) => wrongName(name, CHANNELS) === undefined)).toEqual([
    true,
    false,
    false,
    false,
  ]);
});

test("the texts of arguments", () => {
  const spec = { name: "x", summary: "", default: null, required: true };
  expect(takesText({ ...spec, ty: { choice: ["a", "b"] } })).toBe("one of a, b");
  expect(takesText({ ...spec, ty: "text", default: "main" })).toBe("a text; main if left out");
  expect(takesText({ ...spec, ty: { item: "pull_request" }, required: false })).toBe(
    "a pull request; may be left out",
  );
  expect(takesText({ ...spec, ty: { item: "build" } })).toBe("a build");
  expect(takesText({ ...spec, ty: { item: "incident" } })).toBe("an incident");
  expect(takesText({ ...spec, ty: { item: "approval" }, default: "first" })).toBe(
    "an approval; first if left out",
  );
  // What the summary says is not said again.
  expect(takesText({ ...spec, summary: "an incident", ty: { item: "incident" } })).toBe("");
  expect(takesText({ ...spec, summary: "an incident", ty: { item: "incident" }, required: false })).toBe(
    "may be left out",
  );
});

test.each([
  ["7", "07:00"],
  ["7:30", "07:30"],
  ["21.30", "21:30"],
  ["24:00", null],
  ["7:5", null],
  ["noon", null],
])("%j is the time %s", (text, time) => expect(timeOf(text)).toBe(time));

test("quiet hours in the file's format", () => {
  expect(quietHours(["22:00:00", "07:00:00"])).toEqual({ from: "22:00", to: "07:00" });
  expect([undefined, null, ["22:00"]].map((value) => quietHours(value))).toEqual([null, null, null]);
});

test.each([
  [30, "30 s"],
  [1500, "25 min"],
  [5400, "90 min"],
  [7200, "2 h"],
  [15_000, "4 h 10 min"],
  [200_000, "2.3 d"],
])("%i s lasted %s", (seconds, text) => expect(lasted(seconds)).toBe(text));

test("an axis ends at a round figure at or above its values", () => {
  const green = MEASURES.find(({ id }) => id === "time_to_green");
  const passed = MEASURES.find(({ id }) => id === "passed");
  if (!green || !passed) throw new Error("no such measure");
  const top = (values: (number | null)[]) => axis(values, green).top;
  expect([[], [null], [601], [3800], [2_000_000]].map(top)).toEqual([600, 600, 900, 5400, 2_419_200]);
  expect(axis([0.2], passed)).toEqual({ top: 1, ticks: [0, 0.5, 1] });
  expect(passed.of({ ...(ACTIVITY.days[0] as ActivityDay), passed: 0, failed: 0 })).toBeNull();
  expect(percent(passed.all(ACTIVITY) ?? 0)).toBe("88 %");
});

test("a line is not drawn over days without a value", () => {
  expect(stretches([1, 2, null, 3, null, null, 4, 5])).toEqual([[0, 1], [3], [6, 7]]);
  expect(stretches([null])).toEqual([]);
});

const press = (code: string, held: string[] = []) => ({
  code,
  ctrlKey: held.includes("ctrl"),
  altKey: held.includes("alt"),
  shiftKey: held.includes("shift"),
  metaKey: held.includes("meta"),
});

test.each([
  [press("Space", ["alt"]), { keys: "Alt+Space" }],
  [press("KeyK", ["ctrl", "alt"]), { keys: "Ctrl+Alt+K" }],
  [press("Digit1", ["meta"]), { keys: "Super+1" }],
  [press("F9"), { keys: "F9" }],
  [press("ArrowUp", ["ctrl", "shift"]), { keys: "Ctrl+Shift+Up" }],
  [press("ControlLeft", ["ctrl"]), { held: "Ctrl" }],
  [press("KeyK", ["shift"]), { wrong: expect.any(String) }],
  [press("KeyK"), { wrong: expect.any(String) }],
  [press("MediaPlay", ["ctrl"]), { wrong: "This key cannot be a hotkey" }],
])("%j is recorded as %j", (press, keys) => expect(recorded(press, false)).toEqual(keys));

test("the command key counts as a modifier on a Mac", () => {
  expect(recorded(press("Space", ["meta"]), true)).toEqual({ keys: "Cmd+Space" });
  expect(hotkeyText({ keys: "F9", state: "taken", why: "another program has F9" })).toBe(
    "Another program has F9.",
  );
  expect(hotkeyText({ keys: "F9", state: "active", why: null })).toBe("F9 opens Callboard.");
});

test("a failing check has the action of its remedy, a passing one has none", () => {
  expect(CHECKS.map((check) => remedyOf(check)?.act ?? null)).toEqual([
    "reload",
    null,
    "secrets",
    null,
    null,
    "test",
    "hotkey",
    "account",
    null,
  ]);
});

test.each<[string, Partial<Desktop> | null, string]>([
  ["daemon", { owner: "here" }, "This app"],
  ["daemon", { owner: "daemon" }, "Daemon"],
  ["daemon", null, "Daemon"],
  ["store", { owner: "here" }, "Store"],
])("the check of %s, with %o, is titled %s", (name, desktop, title) => {
  expect(checkTitle(name, desktop && { ...DESKTOP, ...desktop })).toBe(title);
  const checks = [{ name, verdict: "ok" as const, found: "running", remedy: null }];
  const text = report({ desktop: desktop && { ...DESKTOP, ...desktop }, checks, errors: [], at: "" });
  expect(text.toLowerCase()).toContain(`[ok] ${title.toLowerCase()}: running`);
});

test("a report is plain text, with errors and remedies", () => {
  const text = report({
    desktop: null,
    checks: CHECKS.slice(6, 7),
    errors: [fault("x", 2, "wrong")],
    at: "12:00",
  });
  expect(text).toBe(
    [
      "Callboard",
      "checked: 12:00",
      "",
      "[fault] callboard.toml:3:2: wrong",
      "[warning] hotkey: Alt+Space is held by the window menu",
      "    to do: Choose another key, or free it in the keyboard settings.",
      "",
    ].join("\n"),
  );
});

test.each([
  [null, null],
  ["rules", { view: "rules", item: null }],
  ["accounts/forge", { view: "accounts", item: "forge" }],
  ["connect", { view: "accounts", item: "+" }],
  ["nowhere", null],
])("%j opens %j", (target, place) => expect(placeOf(target)).toEqual(place));

test.each([
  ["ArrowDown", 0, 3, 1],
  ["ArrowDown", 2, 3, 2],
  ["ArrowUp", 0, 3, 0],
  ["PageDown", 0, 20, 8],
  ["PageDown", 15, 20, 19],
  ["PageUp", 19, 20, 11],
  ["PageUp", 2, 20, 0],
  ["Home", 2, 3, 0],
  ["End", 0, 3, 2],
  ["x", 0, 3, null],
  ["Home", 0, 0, null],
])("%s from %i of %i leads to %s", (key, from, count, to) => expect(moved(key, from, count)).toBe(to));
