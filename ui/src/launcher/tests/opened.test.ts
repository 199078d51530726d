/** The window that is hidden and opened again. */

import { screen, waitFor } from "@testing-library/svelte";
import { describe, expect, onTestFinished, test } from "vitest";

import { board, row, section } from "../../fake/team";
import { field, open, press, selected, type } from "./stage";

const QUEUE = "alerts/incident/queue";

/** The board with these incidents. */
function incidents(names: string[]) {
  const rows = names.map((name) => row(`alerts/incident/${name}`, "incident", name));
  return { ...board(), sections: [section("Incidents", rows), ...board().sections.slice(1)] };
}
const many = (count: number) => Array.from({ length: count }, (_, at) => `alert ${at}.`);
const list = () => screen.getByRole("listbox", { name: "What needs a person" });

/** The web view says that its window is hidden or shown. */
function turn(visibilityState: "hidden" | "visible"): void {
  onTestFinished(() => void Reflect.deleteProperty(document, "visibilityState"));
  Object.defineProperty(document, "visibilityState", { value: visibilityState, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}

describe("the window", () => {
  test.each([
    ["Escape", 40],
    ["Escape", 5_000],
    ["the hotkey", 40],
  ])("hidden by %s, with %i new rows, is opened at its top", async (by, count) => {
    const { backend, launcher } = await open();
    await screen.findByText("Queue depth on api-worker");
    launcher.boards.selected = QUEUE;
    list().scrollTop = 60;
    list().dispatchEvent(new Event("scroll"));
    if (by === "Escape") await launcher.hide();
    else turn("hidden");
    const names = many(count);
    backend.answer("board", incidents(names));
    backend.answer("off_board", ({ items }) => items.map((item) => ({ item, why: "resolved" as const })));
    backend.emitChanged();
    await waitFor(() => expect(selected()).toContain("alert 0."));
    backend.answer("board", incidents(["more urgent", ...names]));
    backend.emitShown();
    if (by === "the hotkey") turn("visible");
    await waitFor(() => expect(selected()).toContain("more urgent"));
    expect(list().scrollTop).toBe(0);
    // From then on, the selection keeps its row.
    backend.answer("board", incidents(["came later", "more urgent", ...names]));
    backend.emitChanged();
    await screen.findByText("came later");
    expect(selected()).toContain("more urgent");
  });

  test("scrolled away from its first row is opened at its top", async () => {
    const { backend, launcher } = await open({ board: incidents(many(40)) });
    await waitFor(() => expect(selected()).toContain("alert 0."));
    const before = list();
    before.scrollTop = 600;
    before.dispatchEvent(new Event("scroll"));
    await launcher.hide();
    backend.emitShown();
    await waitFor(() => expect(list()).not.toBe(before));
    expect(list().scrollTop).toBe(0);
  });

  test.each<[what: string, hides: boolean, item: string | null]>([
    ["that was not hidden keeps its selection", false, null],
    ["with an item selects that", true, QUEUE],
  ])("shown %s", async (_, hides, item) => {
    const { backend, launcher } = await open();
    await screen.findByText("Queue depth on api-worker");
    launcher.boards.selected = QUEUE;
    if (hides) await launcher.hide();
    const [first, ...rest] = board().sections;
    const rows = [row("alerts/incident/new", "incident", "Disk is full"), ...(first?.rows ?? [])];
    backend.answer("board", { ...board(), sections: [section("Incidents", rows), ...rest] });
    backend.emitShown({ item });
    await waitFor(() => expect(list().textContent).toContain("Disk is full"));
    await waitFor(() => expect(selected()).toContain("Queue depth"));
  });

  test("hidden with text in the field keeps it, and what was found and selected", async () => {
    const { backend } = await open();
    type("we");
    await screen.findByRole("listbox", { name: "Search results" });
    press("ArrowDown");
    await waitFor(() => expect(selected()).not.toBe(""));
    // But for its age, which goes on.
    const title = () => selected().replace(/\d+ \w$/, "");
    const before = title();
    const read = backend.asked("board").length;
    turn("hidden");
    backend.emitShown();
    turn("visible");
    await waitFor(() => expect(backend.asked("board").length).toBeGreaterThan(read));
    expect(field().value).toBe("we");
    expect(title()).toBe(before);
  });

  test("a row that is clicked after it was opened stays selected", async () => {
    const { backend, launcher } = await open();
    await screen.findByText("Queue depth on api-worker");
    await launcher.hide();
    backend.emitShown();
    const read = backend.asked("board").length;
    screen.getByText("Queue depth on api-worker").click();
    backend.answer("board", { ...board(), not_seen: [] });
    backend.emitChanged();
    await waitFor(() => expect(backend.asked("board").length).toBeGreaterThan(read));
    await waitFor(() => expect(selected()).toContain("Queue depth"));
  });
});
