/** The pure functions: texts for values, and values of typed texts. Those of accounts have a file of their own. */

import { expect, test } from "vitest";

import type { ActivityDay, ConfigError } from "../../api";
import { ACTIVITY, CHANNELS, CHECKS } from "../../fake/settings-data";
import type { Desktop } from "../../desktop";
import { DESKTOP } from "../../fake/backend";
import { axis, lasted, MEASURES, percent, stretches } from "../activity/plot";
import { moved } from "../arrows";
import { found, heading, shortName, wrongName } from "../channels/channels";
import { takesText } from "../commands/commands";
import { checkTitle, remedyOf, report } from "../diagnostics/report";
import { failureOf } from "../../parts/failure";
import { fieldOf, placed } from "../failure";
import { hotkeyText, recorded } from "../keys/hotkey";
import { quietHours, timeOf } from "../notifications/quiet";
import { placeOf } from "../views";

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
