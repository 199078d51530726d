/** A line that is run again: as which account, and what its arguments are called. */

import { screen, waitFor } from "@testing-library/svelte";
import { describe, expect, test } from "vitest";

import type { ArgError, CommandInfo } from "../../api";
import { type Answers, failure } from "../../fake";
import { infoOf, prepare } from "../../fake/commands";
import { arg } from "../../fake/items";
import { run } from "../../fake/team";
import { open, press, type } from "./stage";

/** The engine's answers about `silence`, which these accounts have. */
function silence(...accounts: string[]): Answers {
  const { spec, posts_to } = infoOf("deploy");
  const args = [arg("alert", { item: "incident" }), arg("comment", "text", { required: false })];
  const command: CommandInfo = { spec: { ...spec, name: "silence", args }, origin: { accounts }, posts_to };
  const accountOf = (line: string) => / --account (\S+)/.exec(line)?.[1];
  const wrong = (error: ArgError) => failure('account: "silence" could be', { kind: "line", error });
  return {
    read_line: ({ line }) => {
      const values: Record<string, string> = {};
      const [account, alert] = [accountOf(line), line.replace(/ --account \S+/, "").split(" ")[1]];
      if (account) values.account = account;
      if (alert) values.alert = alert;
      return { command, values, asks_for: alert ? null : "alert", problem: null };
    },
    write_line: ({ values }) => {
      const { account, alert } = values;
      return ["silence", alert, account && `--account ${account}`].filter(Boolean).join(" ");
    },
    choices: (query) =>
      (query.arg === "account" ? accounts : []).map((value) => ({
        value,
        title: [{ text: value, hit: false }],
        note: null,
      })),
    prepare: (what) => {
      const account = accountOf(what.line) ?? (accounts.length === 1 ? accounts[0] : undefined);
      if (!account)
        throw wrong({ problem: "ambiguous", arg: "account", found: "silence", candidates: accounts });
      if (!accounts.includes(account))
        throw wrong({ problem: "invalid", arg: "account", expected: "", found: account, nearest: null });
      const plan = prepare({ ...what, line: "deploy api staging" });
      return { ...plan, line: what.line, account, names: { alert: "Disk full in storage" } };
    },
  };
}

const chips = () => document.querySelector(".chips")?.textContent ?? "";

describe("the account", () => {
  test.each<[what: string, accounts: string[], line: string, ran: string | null, prepared: string]>([
    ["is that of the run", ["eu", "us"], "silence a1", "us", "silence a1 --account us"],
    ["is the line's own", ["eu", "us"], "silence a1 --account eu", "us", "silence a1 --account eu"],
    ["is not named if it is the only one", ["us"], "silence a1", "us", "silence a1"],
    ["is not silently another one", ["eu"], "silence a1", "us", "silence a1 --account us"],
    ["is not named if the run had none", ["us"], "silence a1", null, "silence a1"],
  ])("%s", async (_, accounts, line, account, prepared) => {
    const { backend, launcher } = await open(silence(...accounts));
    await launcher.again(run("r1", line, { account }));
    await waitFor(() => expect(backend.asked("prepare").at(-1)?.line).toBe(prepared));
  });

  test("is also that of a run that was found", async () => {
    const { backend, launcher } = await open(silence("eu", "us"));
    const at = "2026-11-22T11:00:00Z";
    const found = { id: "r1", line: "silence a1", account: "us", title: [], state: "done", by: "kim", at };
    await launcher.go({ kind: "again", key: "r1", found });
    await waitFor(() => expect(backend.asked("prepare").at(-1)?.line).toBe("silence a1 --account us"));
  });

  test("is asked for if several could run it and nothing says which", async () => {
    const { backend, launcher } = await open(silence("eu", "us"));
    await launcher.again(run("r1", "silence a1", { account: null }));
    await screen.findByRole("combobox", { name: "account, the account that runs it" });
    await screen.findByText("account is missing");
    await screen.findByRole("option", { name: /eu$/ });
    await screen.findByRole("option", { name: /us$/ });
    expect(screen.queryByText(/could be/)).toBeNull();
    press("ArrowDown");
    press("Enter");
    await screen.findByText("Start api on ci.acme.example");
    expect(backend.asked("prepare").at(-1)?.line).toBe("silence a1 --account us");
    expect(backend.asked("run")).toEqual([]);
  });

  test("does not take the letters of the argument that is being typed", async () => {
    const { launcher } = await open(silence("eu", "us"));
    await launcher.takeLine("silence");
    await screen.findByRole("combobox", { name: /^alert/ });
    type("a1");
    await screen.findByText("account is missing");
    expect(screen.getByRole<HTMLInputElement>("combobox", { name: /^alert/ }).value).toBe("a1");
    press("Enter");
    await screen.findByRole("combobox", { name: /^account/ });
  });

  test("that is asked for before there are values is chosen before them", async () => {
    const candidates = ["eu", "us"];
    const error: ArgError = { problem: "ambiguous", arg: "account", found: "silence", candidates };
    const { backend, launcher } = await open(silence(...candidates));
    backend.answer("choices", (query) => {
      if (query.arg === "account") return [{ value: "eu", title: [{ text: "eu", hit: false }], note: null }];
      throw failure('account: "silence" could be eu, us', { kind: "line", error });
    });
    await launcher.takeLine("silence");
    await screen.findByRole("combobox", { name: /^account/ });
    await screen.findByRole("option", { name: /eu$/ });
    expect(screen.queryByText(/could be/)).toBeNull();
  });
});

test("an alert is called by its title as soon as a plan says it, and its id stays the value", async () => {
  const { backend, launcher } = await open(silence("us"));
  await launcher.again(run("r1", "silence a1", { account: "us" }));
  await waitFor(() => expect(chips()).toContain("Disk full in storage"));
  expect(screen.getByRole<HTMLInputElement>("combobox", { name: /^alert/ }).value).toBe("a1");
  press("Tab");
  const alert = await screen.findByRole("button", { name: /^alert:\s*Disk full in storage$/ });
  expect(chips()).not.toContain("a1");
  alert.click();
  (await screen.findByRole("combobox", { name: /^alert/ })).focus();
  // Another value has another name, or none that is known.
  backend.answer("prepare", (what) => prepare({ ...what, line: "deploy api staging" }));
  type("2");
  await waitFor(() => expect(chips()).not.toContain("Disk full"));
  expect(backend.asked("write_line").at(-1)?.values).toEqual({ alert: "a12" });
});

test("an alert is called by its title though its line is refused", async () => {
  const { spec, posts_to } = infoOf("deploy");
  const args = [arg("alert", { item: "incident" })];
  const origin = { accounts: ["us"] };
  const command: CommandInfo = { spec: { ...spec, name: "unsilence", args }, origin, posts_to };
  const error: ArgError = {
    problem: "invalid",
    arg: "alert",
    expected: "a silenced alert",
    found: "a1",
    nearest: null,
  };
  const names = { alert: "Disk full in storage" };
  const { launcher } = await open({
    read_line: { command, values: { alert: "a1" }, names, asks_for: null, problem: null },
    write_line: "unsilence a1",
    choices: [],
    prepare: () => {
      throw failure("alert: expected a silenced alert", { kind: "line", error });
    },
  });
  await launcher.again(run("r1", "unsilence a1", { account: "us" }));
  await waitFor(() => expect(chips()).toContain("Disk full in storage"));
});

type Words = Record<string, string>;

test.each<[how: string, values: Words, names: Words, service: string, title: string]>([
  ["for its own argument alone", { service: "x", title: "x" }, { service: "Pay" }, "Pay", "x"],
  ["beside another's", { service: "x", title: "x" }, { service: "Pay", title: "Kim" }, "Pay", "Kim"],
  ["as a default", {}, { service: "Pay" }, "Pay", "untitled"],
  ["only where a plan says one", { service: "x" }, {}, "x", "untitled"],
])("a value goes by its name %s", async (_, values, names, service, title) => {
  const { spec, posts_to } = infoOf("deploy");
  const args = [
    arg("service", "live", { default: "checkout", required: false }),
    arg("title", "text", { default: "untitled", required: false }),
    arg("comment", "text", { required: false }),
  ];
  const origin = { accounts: ["pager"] };
  const command: CommandInfo = { spec: { ...spec, name: "trigger", args }, origin, posts_to };
  const { launcher } = await open({
    read_line: { command, values, asks_for: null, problem: null },
    write_line: "trigger",
    choices: [],
    prepare: (what) => ({ ...prepare({ ...what, line: "deploy api staging" }), line: what.line, names }),
  });
  await launcher.takeLine("trigger");
  (await screen.findByRole("button", { name: /^comment/ })).click();
  await screen.findByRole("button", { name: new RegExp(`^service:\\s*${service}$`) });
  await screen.findByRole("button", { name: new RegExp(`^title:\\s*${title}$`) });
});
