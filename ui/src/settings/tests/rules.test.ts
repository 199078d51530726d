import { cleanup, fireEvent, screen, waitFor, within } from "@testing-library/svelte";
import { expect, test } from "vitest";

import { failure } from "../../fake/backend";
import { RULES } from "../../fake/settings-data";
import { button, key, open, press, announced, type } from "./open";

test("a rule with an error shows it at its field, and is saved once corrected", async () => {
  const { fake } = await open("rules");
  await press("Edit");
  const when = await type("When", 'item.brunch == "main"');
  // In the side bar, above the rules, and at the rule.
  expect(await screen.findAllByText("Not saved")).toHaveLength(3);
  fake.fail(
    "configure",
    failure("callboard.toml:21:8", {
      kind: "config",
      errors: [
        {
          file: "/c/callboard.toml",
          line: 21,
          column: 9,
          what: "item has no `brunch`; did you mean `branch`?",
          text: `when = 'item.brunch == "main"'`,
        },
      ],
    }),
  );
  await key("Ctrl+s");
  expect((await screen.findByRole("alert")).textContent).toContain("did you mean `branch`");
  expect(when.getAttribute("aria-invalid")).toBe("true");
  expect(when.value).toBe('item.brunch == "main"');

  fake.answer("configure", { path: "/c/callboard.toml", settings: {}, errors: [] });
  await type("When", 'item.branch == "main"');
  await press("Save");
  await waitFor(() => expect(announced()).toBe("The rules are saved"));
  expect(fake.asked("configure").at(-1)).toEqual({
    path: ["rules", "0"],
    value: {
      name: "main is red",
      when: 'item.branch == "main"',
      do: "notify",
      post: ["builds"],
      group_by: ["item.repo"],
    },
  });
});

test("a rule is switched on again as written, and reverting undoes that", async () => {
  const { fake } = await open("rules");
  const flaky = await screen.findByRole("switch", { name: "nightly is flaky" });
  expect(flaky.getAttribute("aria-checked")).toBe("false");
  await fireEvent.click(flaky);
  expect(flaky.getAttribute("aria-checked")).toBe("true");
  await press("Revert");
  expect(screen.getByRole("switch", { name: "nightly is flaky" }).getAttribute("aria-checked")).toBe("false");
  expect(fake.asked("configure")).toEqual([]);
});

test("a rule that is switched off is shown with its condition as written, and saved with its key", async () => {
  const { fake } = await open("rules");
  await press("nightly is flaky");
  expect(await screen.findByText("switched off")).toBeTruthy();
  expect(screen.getByText("pipeline is")).toBeTruthy();
  await fireEvent.click(screen.getByRole("switch", { name: "main is red" }));
  await press("Save");
  await waitFor(() => expect(announced()).toBe("The rules are saved"));
  expect(fake.asked("configure").at(-1)).toMatchObject({
    path: ["rules", "0"],
    value: { when: RULES[0]?.rule.when, enabled: false },
  });
});

test("a notification is explained rule by rule", async () => {
  const { fake } = await open("rules");
  const why = await screen.findByRole("region", { name: "Why did I get this?" });
  await within(why).findByText("main is red");
  const rows = within(why)
    .getAllByRole("listitem")
    .map((row) => row.textContent?.replace(/\s+/g, " ").trim());
  expect(rows).toEqual([
    "main is red matched: its condition is true",
    "nightly is flaky was not reached: a rule above it had decided",
    'my review is asked for did not match: event is "failed"',
    "a critical incident could not be checked: item.severity is not there",
  ]);
  await fireEvent.change(within(why).getByLabelText("Event"), { target: { value: "42" } });
  await waitFor(() => expect(fake.asked("rules_explain").at(-1)).toEqual({ event: 42 }));
  // Reading the rules again chooses no other event.
  const read = fake.asked("rules").length;
  fake.emitChanged();
  await waitFor(() => expect(fake.asked("rules").length).toBeGreaterThan(read));
  await new Promise((wake) => setTimeout(wake));
  expect(within(why).getByLabelText<HTMLSelectElement>("Event").value).toBe("42");
});

test("the effect of an edited rule is shown before it is saved", async () => {
  const { fake } = await open("rules");
  await press("Edit");
  expect(screen.queryByRole("region", { name: "What it would have done" })).toBeNull();
  await type("When", 'event == "triggered"');
  const tried = await screen.findByRole("region", { name: "What it would have done" });
  await within(tried).findByText("1 of the latest 3 events would be treated differently.");
  const row = within(tried).getByRole("listitem").textContent?.replace(/\s+/g, " ").trim();
  expect(row).toMatch(
    /^Checkout slower than 2 s, \d+:\d+: on the board, #incidents instead of notify me, also in quiet hours$/,
  );
  expect(fake.asked("rules_replay").at(-1)).toMatchObject({
    rules: [{ name: "main is red", when: 'event == "triggered"' }, { name: "nightly is flaky" }],
  });

  const message = 'rule "main is red", when, line 1';
  const faults = [{ rule: 0, key: "when", what: "expected a value" }];
  fake.fail("rules_replay", failure(message, { kind: "rules", message, faults }));
  const when = await type("When", "event ==");
  await within(tried).findByText(/cannot be tried as it stands: rule "main is red"/);
  expect((await screen.findByRole("alert")).textContent).toBe("expected a value");
  expect(when.getAttribute("aria-invalid")).toBe("true");
  // What is not an error of the rules is none of the field.
  fake.answer("rules_replay", { events: 0, otherwise: [] });
  await type("When", 'event == "fixed"');
  await waitFor(() => expect(screen.queryByRole("alert")).toBeNull());
  expect(when.getAttribute("aria-invalid")).toBeNull();
  await press("Revert");
  await waitFor(() => expect(screen.queryByRole("region", { name: "What it would have done" })).toBeNull());
});

test("a change of the file under an edited rule is offered, never taken without a choice", async () => {
  const { fake } = await open("rules");
  await press("Edit");
  await type("Name", "main broke");
  fake.answer("rules", RULES.slice(1));
  fake.emitChanged();
  await screen.findByText(/changed on disk/);
  expect(screen.getByLabelText("Name")).toHaveProperty("value", "main broke");
  await key("Ctrl+s");
  expect(fake.asked("configure")).toEqual([]);
  await press("Keep mine");
  await press("Save");
  await waitFor(() => expect(fake.asked("configure")).toHaveLength(1));
});

test("a new rule comes first, can be moved, and is gone when it is removed", async () => {
  await open("rules");
  await button("main is red");
  await key("Ctrl+n");
  expect(await screen.findByLabelText("Name")).toHaveProperty("value", "new rule");
  expect(await button("Move up")).toHaveProperty("disabled", true);
  await press("Move down");
  await waitFor(async () => expect(await button("Move up")).toHaveProperty("disabled", false));
  await press("Remove");
  await waitFor(() => expect(screen.queryByText("Not saved")).toBeNull());
});

test("only what is not in the file is marked as not saved, and nothing is saved before the file is read", async () => {
  const { fake } = await open("rules");
  await button("main is red");
  await key("Ctrl+n");
  await screen.findByLabelText("Name");
  const marked = screen.getAllByRole("button", { name: /Not saved/ });
  expect(marked.map((row) => /^(Rules|new rule)/.exec(row.textContent?.trim() ?? "")?.[0])).toEqual([
    "Rules",
    "new rule",
  ]);
  await press("Done");
  expect(await screen.findByText(/it is not saved, and has no effect yet/)).toBeTruthy();
  await press("main is red");
  expect(screen.queryByText(/it is not saved/)).toBeNull();

  cleanup();
  const again = await open("rules", { rules: () => new Promise<never>(() => {}) });
  expect(await button("Save")).toHaveProperty("disabled", true);
  await key("Ctrl+s");
  expect([...fake.asked("configure"), ...again.fake.asked("configure")]).toEqual([]);
});

test("unsaved rules are kept while another view is open, and when the window is opened again", async () => {
  const first = await open("rules");
  await press("Edit");
  await type("When", 'event == "fixed"');
  await press("Channels");
  await screen.findByLabelText("Search");
  await press(/^Rules/);
  await press("Edit");
  const when = async () =>
    (await screen.findByLabelText("When", { selector: "textarea" })) as HTMLTextAreaElement;
  expect((await when()).value).toBe('event == "fixed"');
  expect(first.fake.asked("configure")).toEqual([]);

  cleanup();
  // The side bar says it before the rules are opened.
  await open("channels");
  expect(await screen.findByText("Not saved")).toBeTruthy();
  cleanup();
  await open("rules");
  await press("Edit");
  expect((await when()).value).toBe('event == "fixed"');
  await press("Revert");
  await waitFor(() => expect(localStorage.getItem("callboard.rules")).toBeNull());
});
