/** What Enter and the other keys are for right after a letter: the text typed now, never the lists of the text before. */

import { screen, waitFor } from "@testing-library/svelte";
import { describe, expect, test, vi } from "vitest";

import type { FoundChoice } from "../../api";
import { find } from "../../fake/commands";
import { board } from "../../fake/team";
import { CommandForm } from "../states";
import { open, press, selected, type } from "./stage";

const choice = (value: string, note: string | null = null): FoundChoice => ({
  value,
  title: [{ text: value, hit: false }],
  note,
});

/** A form whose first argument is empty, with its choices. */
async function form() {
  const it = await open();
  type("deploy");
  press("Enter");
  await screen.findByRole("combobox", { name: /^app/ });
  await screen.findByRole("option", { name: /api/ });
  const { top } = it.launcher;
  if (!(top instanceof CommandForm)) throw new Error("a form");
  return { ...it, form: top };
}

describe("a choice", () => {
  test.each<[what: string, choices: FoundChoice[], app: string]>([
    ["is the first of the text's own", [choice("web"), choice("www")], "web"],
    ["is the one that is the text", [choice("www"), choice("w")], "w"],
    ["is one that the text names before one that resembles it", [choice("aw"), choice("b2", "W, eu")], "b2"],
    ["is the first if the text names none", [choice("aw"), choice("bw")], "aw"],
    ["is none if there is none", [], "w"],
  ])("taken with Enter before it is there %s", async (_, choices, app) => {
    const { backend, form: it } = await form();
    const late = backend.hold("choices");
    type("w");
    press("Enter");
    await waitFor(() => expect(backend.asked("choices").at(-1)?.typed).toBe("w"));
    expect([it.flow.values.app, it.flow.active]).toEqual(["w", "app"]);
    late.answer(choices);
    await screen.findByRole("combobox", { name: /^env/ });
    expect(it.flow.values.app).toBe(app);
  });

  test("is not taken with Tab before it is there: the text stays", async () => {
    const { backend, form: it } = await form();
    backend.hold("choices");
    type("w");
    press("Tab");
    await screen.findByRole("combobox", { name: /^env/ });
    expect(it.flow.values.app).toBe("w");
  });

  test("is not taken for a text that was typed on", async () => {
    const { backend, form: it } = await form();
    const late = backend.hold("choices");
    type("w");
    press("Enter");
    await waitFor(() => expect(backend.asked("choices").at(-1)?.typed).toBe("w"));
    type("e");
    late.answer([choice("www")]);
    await waitFor(() => expect(selected()).toContain("web"));
    expect([it.flow.values.app, it.flow.active]).toEqual(["we", "app"]);
  });

  test("is not taken once the form was left", async () => {
    const { backend, form: it } = await form();
    const late = backend.hold("choices");
    type("w");
    press("Enter");
    await waitFor(() => expect(backend.asked("choices").at(-1)?.typed).toBe("w"));
    press("Escape");
    late.answer([choice("web")]);
    await waitFor(() => expect(it.awaited).toBe(false));
    expect(it.flow.values.app).toBe("w");
  });

  test("that is awaited is said to be checked when Enter is pressed again", async () => {
    const { backend, form: it } = await form();
    backend.never("choices");
    type("w");
    press("Enter");
    expect(it.refused).toBeNull();
    press("Enter");
    expect(it.refused).toBe("It is still being checked. Press Enter again in a moment");
    expect(it.flow.values.app).toBe("w");
  });

  test("is not marked, and not taken with Tab, while the text is a value that the engine knows", async () => {
    const { launcher } = await open({ choices: [choice("f00d", "staging, in Paris"), choice("cafe")] });
    type("deploy api to staging");
    press("Enter");
    await screen.findByText("Start api on ci.acme.example");
    await screen.findByRole("option", { name: /Paris/ });
    expect(selected()).toBe("");
    expect(screen.getByRole("combobox", { name: /^env/ }).getAttribute("aria-activedescendant")).toBeNull();
    press("Tab");
    const { top } = launcher;
    expect(top instanceof CommandForm && top.flow).toMatchObject({
      values: { env: "staging" },
      active: "ref",
    });
  });

  test.each([
    [199, "199"],
    [200, "first 200; type to find others"],
  ])("is one of %i, and the list says %s", async (count, said) => {
    await open({ choices: Array.from({ length: count }, (_, at) => choice(`app${at}`)) });
    type("deploy");
    press("Enter");
    expect((await screen.findByText(said)).className).toContain("count");
  });
});

describe("a result", () => {
  test("is not acted on while it is that of a text typed before", async () => {
    const { backend, launcher } = await open();
    await screen.findByText("Acknowledge");
    type("c");
    await screen.findByRole("listbox", { name: "Search results" });
    const late = backend.hold("find");
    type("x");
    press("Ctrl+K");
    expect(launcher.over).toBeNull();
    late.answer(find("queue", board().sections));
    await waitFor(() => expect(launcher.over).toBe("actions"));
    expect(launcher.row?.key).toBe("alerts/incident/queue");
  });

  test("has a menu whose keys are obeyed while it is open, and no others", async () => {
    const { backend, launcher } = await open();
    await screen.findByText("Acknowledge");
    press("Ctrl+K");
    press("Ctrl+E");
    expect(launcher.over).toBe("actions");
    press("Ctrl+R");
    expect(launcher.over).toBeNull();
    expect(backend.asked("poll_now")).toHaveLength(1);
    press("Ctrl+K");
    press("Ctrl+Shift+R");
    await waitFor(() => expect(launcher.top?.at).toBe("rooms"));
    expect(launcher.over).toBeNull();
  });

  test("opens as a page where Enter is the action that is shown", async () => {
    const { launcher } = await open();
    await screen.findByText("Acknowledge");
    const pressed = vi.spyOn(launcher.rowActs, "press").mockResolvedValue();
    type("checkout");
    press("Enter");
    await screen.findByRole("button", { name: "Back" });
    await screen.findByText("Acknowledge");
    press("Enter");
    expect(launcher.top).toEqual({ at: "item", key: "alerts/incident/checkout" });
    expect(pressed.mock.calls.map(([act, row]) => [act, row.key])).toEqual([
      ["go", "alerts/incident/checkout"],
    ]);
  });
});
