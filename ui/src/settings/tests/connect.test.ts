import { cleanup, fireEvent, screen, waitFor } from "@testing-library/svelte";
import { expect, test, vi } from "vitest";

import { failure } from "../../fake/backend";
import { settingsFake } from "../../fake/settings";
import { SERVICES } from "../../fake/services";
import { Connect } from "../accounts/connect.svelte";
import { button, key, open, press, announced, type } from "./open";

const IDENTITY = { login: "kim", teams: [], server: null, missing_scopes: [] };

test("an account is added field by field, a refused secret is replaced, and a missing scope is named", async () => {
  const { fake } = await open();
  let tests = 0;
  fake.answer("test_account", ({ account }) => {
    tests += 1;
    if (tests === 1) {
      const error = { error: "auth" as const, why: "bad credentials", missing_scopes: [] };
      throw failure(`${account}: bad credentials`, { kind: "service", account, error });
    }
    return { ...IDENTITY, missing_scopes: [{ scope: "workflow", needed_for: "run jobs again" }] };
  });

  await key("Ctrl+n");
  await press("GitHub");
  expect(await screen.findByLabelText("Name")).toHaveProperty("value", "github");
  expect(document.activeElement).toBe(screen.getByLabelText("Name"));

  await type("Name", "forge");
  await key("Enter", screen.getByLabelText("Name"));
  expect(screen.getByRole("alert").textContent).toContain("already");

  await type("Name", "hub");
  await key("Enter", screen.getByLabelText("Name"));
  await type("Watch", "acme/web\nacme/api");
  await press("Next");
  const token = await type("Token", "first-secret");
  expect(token.type).toBe("password");
  await press("Next");
  await press("Skip");
  await type("Every", "30s");
  await press("Connect now");

  await screen.findByText(/hub was added, but the test failed/);
  expect(fake.asked("add_account")).toEqual([
    {
      name: "hub",
      service: "github",
      settings: { watch: ["acme/web", "acme/api"], every: "30s" },
      secrets: { token: "first-secret" },
    },
  ]);
  const again = (await screen.findByLabelText("Another token")) as HTMLInputElement;
  expect(again.value).toBe("");

  await type("Another token", "second-secret");
  await press("Replace and test");
  await screen.findByText("Signed in as kim");
  expect(screen.getByText(/Cannot run jobs again/).textContent).toContain("workflow is missing");
  expect(fake.asked("set_secret")).toEqual([{ account: "hub", field: "token", secret: "second-secret" }]);
  expect(document.body.innerHTML).not.toContain("second-secret");
  expect(announced()).toContain("Signed in as kim");

  await press("Done");
  expect(await screen.findByRole("heading", { name: "hub" })).toBeTruthy();
});

test("an error of the file is shown at its field, and nothing is lost", async () => {
  const { fake } = await open("connect");
  fake.fail(
    "add_account",
    failure("callboard.toml:4:7: expected http or https", {
      kind: "config",
      errors: [
        {
          file: "/c/callboard.toml",
          line: 4,
          column: 7,
          what: "expected http or https",
          text: 'url = "ci.acme"',
        },
      ],
    }),
  );
  await press("Jenkins");
  await press("Next");
  // What can never be valid is refused at once.
  const address = await type("URL", "http://127.0.0.1:19301/x?y=1");
  await key("Enter", address);
  expect((await screen.findByRole("alert")).textContent).toContain("without a user, ? or #");
  await type("URL", "http://ci.acme");
  await press("Next");
  await type("User", "kim");
  await press("Next");
  await type("Token", "secret");
  await press("Connect now");
  const url = (await screen.findByLabelText("URL")) as HTMLInputElement;
  expect(url.value).toBe("http://ci.acme");
  expect(url.getAttribute("aria-invalid")).toBe("true");
  expect(screen.getByRole("alert").textContent).toBe("expected http or https");
  expect(fake.asked("test_account")).toEqual([]);
});

test("Escape goes back a question at a time, then to the services, then out of the form", async () => {
  const { fake } = await open("connect");
  await press("GitHub");
  await press("Next");
  await screen.findByLabelText("Watch");
  await key("Escape");
  await screen.findByLabelText("Name");
  await key("Escape");
  await screen.findByText("Which service?");
  await key("Escape");
  await waitFor(() => expect(screen.queryByText("Which service?")).toBeNull());
  expect(await button("Add account")).toBeTruthy();
  expect(fake.calls.some((call) => call.name === "hide")).toBe(false);
});

test("no secret outlives its use", async () => {
  const github = SERVICES.find((service) => service.service === "github");
  if (!github) throw new Error("no such service");
  const fake = settingsFake();
  const connect = new Connect(fake, github, [], () => 0);
  connect.answers["watch"] = "acme/web";
  connect.answers["token"] = "secret";
  connect.answers["webhook_secret"] = "another";
  await connect.finish();
  expect(connect.tested).toEqual({ identity: expect.objectContaining({ login: "kim" }), took: 0 });
  expect([connect.answers["token"], connect.answers["webhook_secret"]]).toEqual(["", ""]);

  const refused = new Connect(fake, github, [], () => 0);
  refused.answers["watch"] = "acme/web";
  refused.answers["token"] = "secret";
  const error = { error: "auth" as const, why: "no", missing_scopes: [] };
  fake.fail("add_account", failure("refused", { kind: "service", account: "github", error }));
  await refused.finish();
  expect(refused.answers["token"]).toBe("");
  expect(refused.errors["token"]).toBe("refused");
  expect(refused.question.key).toBe("token");
});

test("an account is added once, however often the button is pressed", async () => {
  const { fake } = await open("connect");
  const held = fake.hold("add_account");
  await press("Slack");
  await press("Next");
  await type("Token", "xoxb");
  const connect = await button(/^Connect/);
  await fireEvent.click(connect);
  await fireEvent.click(connect);
  expect(fake.asked("add_account")).toHaveLength(1);
  held.fail("the disk is full");
  expect((await screen.findByRole("alert")).textContent).toContain("the disk is full");
});

test("a service that is silent is waited for beside the buttons that wait", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  try {
    const { fake } = await open("connect");
    fake.never("test_account");
    await press("Slack");
    await press("Next");
    await type("Token", "xoxb");
    await fireEvent.click(await button(/^Connect/));
    await vi.advanceTimersByTimeAsync(2_100);
    const waiting = await screen.findByText(/waiting for an answer/);
    const back = await button("Back");
    expect(waiting.compareDocumentPosition(back)).toBe(Node.DOCUMENT_POSITION_FOLLOWING);
    expect(waiting.closest(".form")).toBe(back.closest(".form"));
  } finally {
    vi.useRealTimers();
  }
});

test("an incomplete account is kept while another section is open, except for its secrets", async () => {
  await open();
  await key("Ctrl+n");
  await press("GitHub");
  await type("Name", "hub");
  await key("Enter", screen.getByLabelText("Name"));
  await type("Watch", "acme/web");
  await press("Next");
  await type("Token", "first-secret");
  await press("Next");
  await press("Channels");
  await screen.findByLabelText("Search");
  expect(JSON.stringify(localStorage)).not.toContain("first-secret");

  cleanup();
  await open();
  await key("Ctrl+n");
  // It continues at the first required secret, which is asked for again.
  expect(await screen.findByLabelText("Token")).toHaveProperty("value", "");
  await press("Back");
  expect(await screen.findByLabelText("Watch")).toHaveProperty("value", "acme/web");
  await press("Back");
  expect(await screen.findByLabelText("Name")).toHaveProperty("value", "hub");
  await press("Back");
  await screen.findByText("Which service?");
  expect(localStorage.getItem("callboard.new-account")).toBeNull();
});

test("Enter is Next at every question, and Space is for the switch", async () => {
  const allow = {
    name: "allow_http",
    help: "Lets `http://` be used",
    takes: "bool" as const,
    required: false,
  };
  const every = {
    name: "every",
    help: "How often.",
    takes: "text" as const,
    required: false,
    default: "60s",
  };
  const settings = [{ ...allow, default: false }, every];
  const service = { service: "web", title: "Web", summary: "Pages", settings, secrets: [] };
  const { fake } = await open("connect", { services: [service] });
  await press("Web");
  // Typing replaces a suggestion.
  const name = (await screen.findByLabelText("Name")) as HTMLInputElement;
  await waitFor(() => expect([name.selectionStart, name.selectionEnd]).toEqual([0, 3]));
  await key("Enter", name);
  const allowed = await screen.findByRole("switch");
  await waitFor(() => expect(document.activeElement).toBe(allowed));
  expect(screen.getByText('Lets "http://" be used.')).toBeTruthy();
  await key("Enter", allowed);
  const often = await type("Every", "banana");
  expect(screen.getByText("3 of 3")).toBeTruthy();
  await key("Enter", often);
  expect(screen.getByRole("alert").textContent).toContain('found "banana"');
  expect(fake.asked("add_account")).toEqual([]);

  // A failed test offers a way back to the answers.
  fake.fail("test_account", "no route");
  await type("Every", "1h 30m");
  await key("Enter", often);
  await press("Change its settings");
  expect(fake.asked("add_account")[0]?.settings).toEqual({ every: "1h 30m" });
});
