import { fireEvent, screen, waitFor } from "@testing-library/svelte";
import { afterEach, expect, test, vi } from "vitest";

import { ACTIVITY } from "../../fake/settings-data";
import { button, key, open, press, type, view } from "./open";

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  delete document.documentElement.dataset.theme;
});

test("a channel is found, made the default, tried, and named", async () => {
  const { fake } = await open("channels");
  await type("Search", "incid");
  await press("chat:#incidents");
  await press("Make it the default");
  expect(fake.asked("configure")).toEqual([{ path: ["default_channel"], value: "chat:#incidents" }]);
  await key("Ctrl+t");
  await view().findByText("The message is posted");
  expect(fake.asked("post")).toEqual([
    { channel: "chat:#incidents", text: "A test from Callboard", item: null },
  ]);
  await press("Give it a short name");
  expect(await screen.findByLabelText("Short name")).toHaveProperty("value", "incidents");
  await key("Ctrl+s");
  await waitFor(() =>
    expect(fake.asked("configure").at(-1)).toEqual({
      path: ["channels", "incidents"],
      value: "chat:#incidents",
    }),
  );
});

test("a service that does not list its channels takes nothing away from the file's", async () => {
  const { fake } = await open();
  const channels = await fake.call("channels", { live: false });
  fake.answer("channels", ({ live }) => {
    if (live) throw new Error("slack did not answer");
    return channels;
  });
  fake.emitShown({ view: "channels" });
  expect((await screen.findByRole("alert")).textContent).toContain("slack did not answer");
  expect(await button("deploys")).toBeTruthy();
});

test("services list their channels again when the file has changed, not whenever something happens", async () => {
  const { fake } = await open("channels");
  await button("deploys");
  const settle = () => new Promise((wake) => setTimeout(wake));
  const listed = () => fake.asked("channels").filter(({ live }) => live).length;
  await settle();
  const [before, read] = [listed(), fake.asked("settings").length];
  expect(before).toBeGreaterThan(0);
  fake.emitChanged();
  await waitFor(() => expect(fake.asked("settings").length).toBeGreaterThan(read));
  await settle();
  expect(listed()).toBe(before);
  await fake.call("configure", { path: ["channels", "alerts"], value: "chat:#alerts" });
  fake.emitChanged();
  await waitFor(() => expect(listed()).toBeGreaterThan(before));
});

test("of ten thousand channels some are shown, and all can be found", async () => {
  const many = Array.from({ length: 10_000 }, (_, number) => ({
    name: null,
    address: `chat:#c${number}`,
    default: false,
  }));
  await open("channels", { channels: many });
  await screen.findByText(/9,900 more channels/);
  await type("Search", "c9999");
  // By text: computing the roles of a hundred rows takes jsdom seconds.
  expect((await screen.findAllByText("chat:#c9999")).length).toBeGreaterThan(0);
});

test("quiet hours are written in the file's format, and an invalid time is reported", async () => {
  const { fake } = await open("notifications");
  await waitFor(() => expect(screen.getByLabelText("From")).toHaveProperty("value", "19:00"));
  await type("From", "25:00");
  await press("Save");
  expect((await screen.findByRole("alert")).textContent).toContain("such as 22:00");
  expect(fake.asked("configure")).toEqual([]);
  await type("From", "21.30");
  await key("Ctrl+s");
  await waitFor(() =>
    expect(fake.asked("configure")).toEqual([
      { path: ["notifications", "quiet_hours"], value: ["21:30", "08:00"] },
    ]),
  );
});

test("do not disturb is turned on, shown and turned off", async () => {
  // At noon, so that an hour later is still today.
  vi.useFakeTimers({ toFake: ["Date"], now: new Date(2026, 10, 22, 12, 0) });
  const { fake } = await open("notifications");
  await press("1 hour");
  await screen.findByText("On until 13:00, as you asked.");
  expect(Date.parse(fake.asked("quiet")[0]?.until ?? "")).toBeGreaterThan(Date.now());
  await press("Off now");
  await screen.findByText("Off: notifications are shown.");
  expect(fake.asked("quiet")[1]).toEqual({ until: null });
  await press("I turn it off");
  await screen.findByText("On until you turn it off, as you asked.");
});

test("a command shows its usage, its arguments and where it posts; folders are written", async () => {
  const { fake } = await open("commands/deploy");
  await screen.findByText("deploy <app>[/<ref>] to <env>");
  expect(screen.getByText("chat:#deploys")).toBeTruthy();
  expect(screen.getByText("~/src/acme-ops/callboard/deploy.toml")).toBeTruthy();
  await press("Command folders");
  await type(/^Command folders$/, "~/a\n\n ~/b ", "textarea");
  await key("Ctrl+s");
  await waitFor(() =>
    expect(fake.asked("configure")).toEqual([{ path: ["commands", "dirs"], value: ["~/a", "~/b"] }]),
  );
});

test.each<[keys: string, on: string, scrolled: number]>([
  ["PageDown", "Check all", 80],
  ["End", "Check all", 900],
  ["Home", "Check all", 0],
  // The side bar moves its own focus.
  ["PageDown", "Diagnostics", 0],
])("%s on the button %s scrolls the view to %i", async (keys, on, scrolled) => {
  const { container } = await open("diagnostics");
  (await button(on)).focus();
  const box = container.querySelector("main .view") as HTMLElement;
  Object.defineProperties(box, { clientHeight: { value: 100 }, scrollHeight: { value: 900 } });
  await key(keys);
  expect(box.scrollTop).toBe(scrolled);
});

test("a plot is read by keyboard, and all of its values are in a table", async () => {
  await open("activity");
  const plot = await screen.findByRole("slider", { name: "Builds that pass, by day" });
  expect(plot.getAttribute("aria-valuetext")).toBe("22 Nov: none");
  plot.focus();
  await fireEvent.keyDown(plot, { key: "ArrowLeft" });
  await fireEvent.keyDown(plot, { key: "ArrowLeft" });
  expect(plot.getAttribute("aria-valuetext")).toBe("20 Nov: 96 %");
  await fireEvent.keyDown(plot, { key: "Home" });
  expect(plot.getAttribute("aria-valuetext")).toBe("9 Nov: 100 %");
  expect(screen.getAllByRole("row", { hidden: true })).toHaveLength(15);
});

test("activity reports unreadable entries, and does not then claim that nothing was recorded", async () => {
  const times = { time_to_green: null, time_to_review: null, time_to_acknowledge: null };
  const none = { passed: 0, failed: 0, runs: 0, ...times };
  const days = ACTIVITY.days.map(({ date }) => ({ date, ...none }));
  // how many cannot be read -> the text that is shown, the text that is not
  const cases = [
    [0, /Nothing was recorded in these 14 days/, /cannot be read/],
    [
      1,
      /1 entry cannot be read. Diagnostics says what is damaged. What cannot be read is not counted/,
      /Nothing was recorded/,
    ],
    [7, /7 entries cannot be read/, /Nothing was recorded/],
  ] as const;
  for (const [unreadable, shown, absent] of cases) {
    const { unmount } = await open("activity", { activity: { ...ACTIVITY, days, unreadable } });
    await screen.findByText(shown);
    expect(screen.queryByText(absent)).toBeNull();
    unmount();
  }
});

test("a hotkey is recorded, and for a taken one another is offered", async () => {
  const { fake } = await open("keys");
  const requested: string[] = [];
  fake.setHotkey = async (keys) => {
    requested.push(keys);
    return keys === "Ctrl+K"
      ? { keys, state: "taken", why: "another program has Ctrl+K: choose Ctrl+Alt+Space" }
      : { keys, state: "active", why: null };
  };
  const record = await button("Choose a key");
  await fireEvent.click(record);
  await fireEvent.keyDown(record, { key: "k", code: "KeyK" });
  expect((await screen.findByText(/Hold Ctrl, Alt or Super/)).textContent).toBeTruthy();
  await fireEvent.keyDown(record, { key: "Control", code: "ControlLeft", ctrlKey: true });
  await fireEvent.keyDown(record, { key: "k", code: "KeyK", ctrlKey: true });
  expect((await screen.findByRole("alert")).textContent).toContain("Another program has Ctrl+K");
  await press("Use Ctrl\\+Alt\\+Space");
  await view().findByText("Ctrl+Alt+Space opens Callboard.");
  expect(requested).toEqual(["Ctrl+K", "Ctrl+Alt+Space"]);
});

test("a theme is applied at once, and reverted if it cannot be written", async () => {
  const { fake } = await open("keys");
  (await screen.findByRole("radio", { name: "Dark" })).click();
  expect(document.documentElement.dataset.theme).toBe("dark");
  await waitFor(() =>
    expect(fake.asked("configure")).toEqual([{ path: ["desktop", "theme"], value: "dark" }]),
  );
  fake.fail("configure", "the disk is full");
  await waitFor(() => expect(screen.getByRole("radio", { name: "Light" })).toHaveProperty("disabled", false));
  screen.getByRole("radio", { name: "Light" }).click();
  expect((await screen.findByRole("alert")).textContent).toContain("the disk is full");
  await waitFor(() => expect(document.documentElement.dataset.theme).toBe("dark"));
});

test("on Wayland an alternative way to a hotkey is shown", async () => {
  await open("keys", {}, { wayland: true });
  expect(await screen.findByText("callboard toggle")).toBeTruthy();
});

test("each check is shown beside its remedy, and the report is copied as plain text", async () => {
  const { fake } = await open("diagnostics");
  const copied: string[] = [];
  vi.stubGlobal("navigator", { clipboard: { writeText: async (text: string) => void copied.push(text) } });
  let shown = 0;
  fake.testNotification = async () => void (shown += 1);
  await press("Show a test");
  expect(shown).toBe(1);
  await press("Reload");
  expect(fake.asked("reload")).toHaveLength(1);
  await press("Copy report");
  await waitFor(() => expect(copied).toHaveLength(1));
  expect(copied[0]).toContain("[failed] secrets: the system's keychain did not answer within 3 s");
  await press("Open the account");
  expect(await screen.findByRole("heading", { name: "forge" })).toBeTruthy();
});

test("without the clipboard the report can be copied by hand", async () => {
  await open("diagnostics");
  await screen.findByText("Store");
  await press("Copy report");
  expect(((await screen.findByLabelText(/use the clipboard/)) as HTMLTextAreaElement).value).toContain(
    "[ok] store",
  );
});

test("a missing tray icon is explained, in sentences", async () => {
  const why = "no panel of this desktop shows tray icons (no watcher)";
  await open("keys", {}, { tray: { shown: false, why } });
  const note = await screen.findByText(/The tray icon is not shown/);
  expect(note.textContent?.replace(/\s+/g, " ")).toContain(
    "The tray icon is not shown. No panel of this desktop shows tray icons (no watcher). Callboard keeps trying.",
  );
});
