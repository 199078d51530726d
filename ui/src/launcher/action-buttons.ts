/** The actions of an item, in order. Every service's commands have one of a few roles, each with its key and place. */

import type { ItemAction, ItemDetail, Role, Row, Run } from "../api";
import { type Act, keysOf } from "./keys";
import { kindOf } from "./look";

export interface ActionButton {
  id: string;
  title: string;
  icon: string;
  keys: string;
  /** The act that its key triggers. */
  act: Act | null;
  does:
    { run: ItemAction } | { resolve: boolean } | "page" | "open" | "log" | "snooze" | "send" | "copy" | "why";
}

const ROLES: Record<Role, { title: string; icon: string; act: Act | null }> = {
  again: { title: "Run it again", icon: "rerun", act: null },
  approve: { title: "Approve", icon: "check", act: "approve" },
  take: { title: "I am on it", icon: "usercheck", act: "take" },
  merge: { title: "Merge", icon: "pr", act: null },
  resolve: { title: "Resolve", icon: "check", act: "resolve" },
  assign: { title: "Reassign", icon: "usercheck", act: null },
  release: { title: "Release", icon: "term", act: null },
  deny: { title: "Deny", icon: "x", act: "resolve" },
  comment: { title: "Comment", icon: "note", act: "comment" },
  stop: { title: "Stop", icon: "stop", act: "stop" },
  log: { title: "Log from the service", icon: "log", act: null },
  show: { title: "Show", icon: "info", act: null },
};

function buttonOf(action: ItemAction, kind: string, alone: boolean): ActionButton {
  const usual = action.role ? ROLES[action.role] : { title: action.summary, icon: "term", act: null };
  const incident = kind === "incident";
  const standard =
    incident && action.role === "take"
      ? "Acknowledge"
      : incident && action.role === "comment"
        ? "Add note"
        : usual.title;
  // Two actions of one role are distinguished by their summaries.
  const title = (action.label ?? (alone ? standard : action.summary)) + (action.complete ? "" : "…");
  return {
    id: action.line,
    title,
    icon: usual.icon,
    keys: alone && usual.act ? keysOf(usual.act) : "",
    act: alone ? usual.act : null,
    does: { run: action },
  };
}

/**
 * All buttons, in order. The first is for Enter, the second for Shift+Enter. Enter never approves or snoozes: it opens
 * the item's page, unless that is already open (`paged`). On an approval's page it does nothing.
 */
export function buttonsOf(
  row: Pick<Row, "key" | "url" | "turn">,
  detail: ItemDetail | null,
  paged = false,
): ActionButton[] {
  const kind = kindOf(row.key);
  const url = detail?.item.url ?? row.url;
  // A build's log is shown here, without a run.
  const actions = (detail?.actions ?? []).filter(({ role }) => kind !== "build" || role !== "log");
  const count = (role: Role | null) => actions.filter((action) => action.role === role).length;
  const runs = actions.map((action) =>
    buttonOf(action, kind, count(action.role) === 1 && action.role !== null),
  );

  const own: ActionButton[] = [];
  if (kind === "build")
    own.push({ id: "log", title: "Whole log", icon: "log", keys: keysOf("log"), act: "log", does: "log" });
  const turn = row.turn?.mine ? row.turn.kind : null;
  const reviews = kind === "pull_request" && turn === "review";
  const open: ActionButton = {
    id: "open",
    title: reviews ? "Review in browser" : "Open in browser",
    icon: "ext",
    keys: keysOf("open"),
    act: "open",
    does: "open",
  };
  if (url) own.push(open);
  own.push({
    id: "snooze",
    title: "Snooze…",
    icon: "clock",
    keys: keysOf("snooze"),
    act: "snooze",
    does: "snooze",
  });
  own.push({
    id: "send",
    title: "Post to a channel…",
    icon: "send",
    keys: keysOf("send"),
    act: "send",
    does: "send",
  });
  if (url)
    own.push({
      id: "copy",
      title: "Copy link",
      icon: "copy",
      keys: keysOf("copy"),
      act: "copy",
      does: "copy",
    });
  own.push({
    id: "why",
    title: "Why did I get this?",
    icon: "info",
    keys: keysOf("why"),
    act: "why",
    does: "why",
  });

  const has = (role: Role) => (button: ActionButton) =>
    typeof button.does === "object" && "run" in button.does && button.does.run.role === role;
  const approves = has("approve");
  const merges = turn === "merge" ? runs.find(has("merge")) : undefined;
  const usual = merges ?? (reviews && url ? open : (runs.find((button) => !approves(button)) ?? own[0]));
  const page: ActionButton = {
    id: "page",
    title: "Show details",
    icon: "info",
    keys: "",
    act: null,
    does: "page",
  };
  const shows = kind === "approval" || usual?.does === "snooze";
  const opens = kind !== "approval" && url ? open : undefined;
  const first = !shows ? usual : paged ? opens : page;
  if (!first) return [...runs, ...own];
  const rest = [...runs, ...own].filter((button) => button !== first);
  const ordered = [{ ...first, keys: "Enter" }, ...rest];
  // The second action has Shift+Enter unless it has a key of its own.
  const second = ordered[1];
  if (second && second.keys === "" && !approves(second)) ordered[1] = { ...second, keys: "Shift+Enter" };
  return ordered;
}

/** The two ways in which a person can resolve a run whose outcome is unknown. */
export function buttonsOfRun(run: Run): ActionButton[] {
  if (run.state.state !== "unknown") return [];
  return [
    {
      id: "ran",
      title: "It ran",
      icon: "check",
      keys: keysOf("ran"),
      act: "ran",
      does: { resolve: true },
    },
    {
      id: "did-not-run",
      title: "It did not",
      icon: "x",
      keys: keysOf("did-not-run"),
      act: "did-not-run",
      does: { resolve: false },
    },
  ];
}

/** True for an action that begins without a preview, after a few seconds in which it can be undone. */
export const beginsAtOnce = ({ does }: ActionButton) =>
  typeof does === "object" && "run" in does && does.run.role === "take" && does.run.complete;

/** Acts whose meaning depends on the item's detail. All others can be done with any row. */
export const isOfDetail = (act: Act) =>
  act === "go" || act === "second" || Object.values(ROLES).some((role) => role.act === act);

/** The button of an act. Shift+Enter is the second button, unless that is an approval. */
export function buttonFor(buttons: ActionButton[], act: Act): ActionButton | undefined {
  if (act === "go") return buttons[0]?.keys === "Enter" ? buttons[0] : undefined;
  if (act === "second") {
    const second = buttons[1];
    return second && second.act !== "approve" ? second : undefined;
  }
  return buttons.find((button) => button.act === act);
}
