/** The views of the settings window, in their order. */

export interface View {
  id: ViewId;
  title: string;
  icon: string;
}
export type ViewId =
  "accounts" | "channels" | "rules" | "commands" | "notifications" | "activity" | "keys" | "diagnostics";

export const VIEWS: readonly View[] = [
  { id: "accounts", title: "Accounts", icon: "plug" },
  { id: "channels", title: "Channels", icon: "hash" },
  { id: "rules", title: "Rules", icon: "sliders" },
  { id: "commands", title: "Commands", icon: "term" },
  { id: "notifications", title: "Notifications", icon: "bell" },
  { id: "activity", title: "Activity", icon: "chart" },
  { id: "keys", title: "Keys and window", icon: "keyboard" },
  { id: "diagnostics", title: "Diagnostics", icon: "pulse" },
];

/** The place at which the window is to open: a view, an item in it ("accounts/forge"), or "connect". */
export interface Place {
  view: ViewId;
  item: string | null;
}

export function placeOf(target: string | null): Place | null {
  if (target === null) return null;
  if (target === "connect") return { view: "accounts", item: "+" };
  const [id, ...rest] = target.split("/");
  const view = VIEWS.find((view) => view.id === id);
  return view ? { view: view.id, item: rest.length > 0 ? rest.join("/") : null } : null;
}
