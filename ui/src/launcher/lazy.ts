/** The views that the first frame does not need: loaded after the board, for a faster start. */

import type { Component } from "svelte";

import ApprovalView from "./ApprovalView.svelte";
import CommandFormView from "./CommandFormView.svelte";
import ExplanationView from "./ExplanationView.svelte";
import HelpView from "./HelpView.svelte";
import ItemView from "./ItemView.svelte";
import KeysView from "./KeysView.svelte";
import LogView from "./LogView.svelte";
import RoomsView from "./RoomsView.svelte";
import RunView from "./RunView.svelte";
import SendView from "./SendView.svelte";
import type { View } from "./view";

export * from "./panes";
export * from "./states";
export { default as FirstRun } from "./FirstRun.svelte";
export { default as Overlays } from "./Overlays.svelte";
export { default as TourBar } from "./TourBar.svelte";
export { scroll } from "./read-on";

const VIEWS = {
  item: ItemView,
  approval: ApprovalView,
  log: LogView,
  why: ExplanationView,
  help: HelpView,
  fill: CommandFormView,
  run: RunView,
  rooms: RoomsView,
  send: SendView,
  keys: KeysView,
};

/** What draws a view. Each takes the view that it is for, which the types cannot follow. */
export const drawn = ({ at }: View) => VIEWS[at] as unknown as Component<{ view: View }>;
