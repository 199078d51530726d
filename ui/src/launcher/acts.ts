/** What each key does on the current level. */

import { buttonFor, isOfDetail } from "./action-buttons";
import { type Act, KEYS } from "./keys";
import type { Launcher } from "./launcher.svelte";
import { moveSelection } from "./move";

/** True for what is done to the selected row. Enter is not among these: it is for the typed text first. */
const isOfRow = (act: Act) =>
  act !== "go" && KEYS.some((key) => key.act === act && (key.group === "On a row" || key.group === "Decide"));

/** Does what a key does here. False if it does nothing and the key belongs to the field. */
export function does(launcher: Launcher, act: Act): boolean {
  const { backend, status } = launcher.context;
  const list = launcher.searching ? launcher.finds : launcher.boards;
  const { top, finds } = launcher;
  if (!top && finds.awaited && isOfRow(act)) {
    // The selected row is still that of a text typed before.
    const { text } = finds;
    void finds.awaitAnswer().then(() => {
      if (!launcher.top && finds.text === text && finds.failure === null) does(launcher, act);
    });
    return true;
  }
  switch (act) {
    case "activity":
    case "settings":
      void launcher.attempt(() => backend.showSettings(act === "activity" ? "activity" : undefined));
      return true;
    case "account":
      launcher.openAccount(status?.troubles[0]?.account);
      return true;
    case "not-seen":
      if (launcher.boards.notSeen.length === 0) return false;
      launcher.over = launcher.over === "not-seen" ? null : "not-seen";
      return true;
    case "quit":
      void launcher.attempt(() => backend.quit());
      return true;
    case "check":
      void launcher.attempt(() =>
        launcher.context.waitFor("all accounts", backend.call("poll_now", { account: null })),
      );
      void launcher.boards.load();
      return true;
    case "quiet":
      if (status?.quiet?.asked) void launcher.beQuiet(null);
      else launcher.over = launcher.over === "quiet" ? null : "quiet";
      return true;
    case "keys":
      if (top?.at !== "keys") launcher.push({ at: "keys" });
      return true;
    case "runs":
      if (top?.at !== "rooms") void launcher.attempt(() => launcher.openRooms());
      return true;
    case "help":
      return help(launcher);
    case "actions":
      if (launcher.buttons.length === 0) return false;
      launcher.over = launcher.over === "actions" ? null : "actions";
      return true;
    case "undo":
      return launcher.pending.undo();
    case "ran":
    case "did-not-run": {
      const button = buttonFor(launcher.buttons, act);
      if (button) void launcher.rowActs.click(button);
      return button !== undefined;
    }
  }
  if (top && launcher.lazy?.onLevel(launcher, act, top)) return true;
  if (top && !("key" in top)) return false;
  if (!top) {
    const isAtTop = list === launcher.boards && list.entries[0]?.key === list.selected;
    if (act === "up" && isAtTop && finds.bringBack()) return true;
    if (moveSelection(act, ".list", list.entries.length, (by) => list.move(by))) return true;
    switch (act) {
      case "next-section":
        list.moveBySection(1);
        return true;
      case "previous-section":
        list.moveBySection(-1);
        return true;
      case "everyone":
        void launcher.boards.showAll(!launcher.boards.all);
        return true;
      case "complete":
        return launcher.finds.complete();
      case "into":
        if (!launcher.narrow || launcher.entry?.kind !== "row") return false;
        launcher.push({ at: "item", key: launcher.entry.key });
        return true;
      case "go":
        void launcher.enter();
        return true;
    }
  }
  // While a log or an explanation is open, Enter is not for the row beneath.
  if ((act === "go" || act === "second") && top && top.at !== "item") return false;
  const { row, buttons, details } = launcher;
  const unknown = row && !details.items.has(row.key) && isOfDetail(act);
  if (!row || !(unknown || buttonFor(buttons, act))) return false;
  void launcher.rowActs.press(act, row);
  return true;
}

function help(launcher: Launcher): boolean {
  const { top, entry } = launcher;
  const command =
    top?.at === "fill"
      ? top.form.info.spec.name
      : !top && entry?.kind === "command"
        ? entry.found.name
        : null;
  if (command) launcher.push({ at: "help", command });
  return command !== null;
}
