import { cleanup, screen, waitFor } from "@testing-library/svelte";
import { expect, test } from "vitest";

import { failure } from "../../fake/backend";
import { ACCOUNTS } from "../../fake/settings-data";
import { button, key, open, press, announced, type } from "./open";

test("a test shows how long it took, and its error", async () => {
  const { fake } = await open("accounts/forge");
  await screen.findByRole("heading", { name: "forge" });
  await key("Ctrl+t");
  await screen.findByText(/\d+ ms, just now/);
  expect(fake.asked("test_account")).toEqual([{ account: "forge" }]);
  fake.fail("test_account", "forge: no route");
  await press("Test");
  expect((await screen.findByRole("alert")).textContent).toContain("no route");
  expect(announced()).toContain("failed");
});

test("a failing account shows since when it fails, and when it is tried again", async () => {
  await open("accounts/alerts");
  const note = await screen.findByText(/Alertmanager refused the sign-in at/);
  expect(note.textContent).toMatch(/[Tt]he password was refused.*It is tried again at \d\d:\d\d/);
  expect(screen.getByText("Silences cannot be read: the user may not")).toBeTruthy();
});

test("the field of a secret is empty once it is sent", async () => {
  const { fake } = await open("accounts/ci");
  const held = fake.hold("set_secret");
  await press("Replace secret");
  const field = await type("New token", "s3cret");
  await key("Enter", field);
  expect(field.value).toBe("");
  expect(fake.asked("set_secret")).toEqual([{ account: "ci", field: "token", secret: "s3cret" }]);
  held.fail("the keychain is locked");
  expect((await screen.findByRole("alert")).textContent).toContain("the keychain is locked");
  expect(document.body.innerHTML).not.toContain("s3cret");
});

test("an account is removed by typing its name", async () => {
  const { fake } = await open("accounts/chat");
  await press("Remove…");
  const sure = await button("Remove chat");
  expect(sure).toHaveProperty("disabled", true);
  await type("Type chat to remove it", "cha");
  await key("Enter");
  expect(fake.asked("remove_account")).toEqual([]);
  await type("Type chat to remove it", "chat");
  await press("Remove chat");
  await waitFor(() => expect(screen.queryByRole("button", { name: /^chat|Slack/ })).toBeNull());
  expect(fake.asked("remove_account")).toEqual([{ account: "chat" }]);
  expect(announced()).toBe("chat is removed");
});

test("Escape leaves an account where it is, and the focus returns to what opened the form", async () => {
  const { fake } = await open("accounts/chat");
  (await button("Remove…")).focus();
  await press("Remove…");
  await screen.findByLabelText("Type chat to remove it");
  await key("Escape");
  await waitFor(() => expect(document.activeElement?.id).toBe("remove-account"));
  expect(fake.asked("remove_account")).toEqual([]);
});

test("only the changed settings of an account are written, and an error is shown at its field", async () => {
  const { fake } = await open("accounts/ci");
  await waitFor(async () => expect(await button("Change")).toHaveProperty("disabled", false));
  await press("Change");
  await type("Every", "0s");
  fake.fail(
    "edit_account",
    failure("callboard.toml:9:9: expected 1s or more", {
      kind: "config",
      errors: [
        { file: "/c/callboard.toml", line: 9, column: 9, what: "expected 1s or more", text: 'every = "0s"' },
      ],
    }),
  );
  await press("Save");
  expect((await screen.findByRole("alert")).textContent).toBe("expected 1s or more");
  expect(fake.asked("edit_account")).toEqual([{ account: "ci", settings: { every: "0s" } }]);
});

test("a file that changes during editing overwrites nothing, and both versions are offered", async () => {
  const { fake } = await open("accounts/ci");
  await waitFor(async () => expect(await button("Change")).toHaveProperty("disabled", false));
  await press("Change");
  const every = await type("Every", "45s");
  fake.answer(
    "accounts",
    ACCOUNTS.map((account) =>
      account.name === "ci" ? { ...account, settings: { ...account.settings, every: "5m" } } : account,
    ),
  );
  fake.emitChanged();
  await screen.findByText(/changed on disk while you were typing/);
  expect(every.value).toBe("45s");
  await press("Use the file's");
  expect(screen.getByLabelText("Every")).toHaveProperty("value", "5m");
});

test("the place of the secrets is changed only after a confirmation", async () => {
  const { fake } = await open("accounts/forge");
  const file = await screen.findByRole("radio", { name: /Encrypted file/ });
  file.click();
  await screen.findByText(/not moved automatically.*CALLBOARD_PASSPHRASE/);
  await key("Escape");
  await waitFor(() => expect(screen.queryByText(/not moved automatically/)).toBeNull());
  expect(screen.getByRole("radio", { name: /Keychain/ })).toHaveProperty("checked", true);
  file.click();
  await screen.findByText(/not moved automatically/);
  expect(fake.asked("configure")).toEqual([]);
  await press("Use this place");
  await waitFor(() =>
    expect(fake.asked("configure")).toEqual([{ path: ["secrets", "store"], value: "file" }]),
  );
});

test("secrets from the environment are not replaced here: the variable to set is named", async () => {
  const accounts = ACCOUNTS.map((account) => ({ ...account, secrets: "env" as const }));
  await open("accounts/ci", { accounts });
  await screen.findByText(/set CALLBOARD_SECRET_CI_TOKEN where Callboard starts/);
  expect(screen.queryByRole("button", { name: /Replace secret/ })).toBeNull();
});

test("an unsaved draft of an account is kept while another section is open", async () => {
  const { fake } = await open("accounts/forge");
  await press("Change…");
  await type(/^Watch/, "acme/other", "textarea");
  await press("Channels");
  await screen.findByLabelText("Search");
  await press(/^Accounts/);
  const watch = async () =>
    (await screen.findByLabelText(/^Watch/, { selector: "textarea" })) as HTMLTextAreaElement;
  expect((await watch()).value).toBe("acme/other");

  cleanup();
  await open("accounts/forge");
  expect((await watch()).value).toBe("acme/other");
  await press("Cancel");
  await button("Change…");
  expect(localStorage.getItem("callboard.account.forge")).toBeNull();
  expect(fake.asked("edit_account")).toEqual([]);
});

test("without a credential it is not known what may be done, and nothing is promised", async () => {
  // whether the account signs in -> what is said
  const cases: [boolean | null, RegExp][] = [
    [true, /everything that Callboard can use/],
    [null, /everything that Callboard can use/],
    [false, /No credential is set: what may be done is not known/],
  ];
  for (const [has_credential, expected] of cases) {
    await open("accounts/ci", { accounts: ACCOUNTS.map((it) => ({ ...it, has_credential })) });
    expect(await screen.findByText(expected)).toBeTruthy();
    cleanup();
  }
});
