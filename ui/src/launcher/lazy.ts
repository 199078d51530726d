/** The views that the first frame does not need, and their state: loaded after the board, for a faster start. */

export { default as ApprovalDetail } from "./ApprovalDetail.svelte";
export { default as RerunPane } from "./RerunPane.svelte";
export { default as CommandPane } from "./CommandPane.svelte";
export { default as CommandFormView } from "./CommandFormView.svelte";
export { default as FirstRun } from "./FirstRun.svelte";
export { default as HelpView } from "./HelpView.svelte";
export { default as IncidentDetail } from "./IncidentDetail.svelte";
export { default as ItemView } from "./ItemView.svelte";
export { default as KeysView } from "./KeysView.svelte";
export { default as LogView } from "./LogView.svelte";
export { default as Overlays } from "./Overlays.svelte";
export { default as RoomsView } from "./RoomsView.svelte";
export { default as RunPane } from "./RunPane.svelte";
export { default as RunView } from "./RunView.svelte";
export { default as SendView } from "./SendView.svelte";
export { default as TourBar } from "./TourBar.svelte";
export { default as ExplanationView } from "./ExplanationView.svelte";
export { explain, resolveRun, send, snoozedText, take } from "./lazy-acts";
export { onLevel } from "./level-acts";
export { Rooms } from "./rooms.svelte";
export { CommandForm } from "./command-form.svelte";
export { RunStream } from "./run-stream.svelte";
export { Log } from "./logs.svelte";
export * as tourMemory from "./tour-memory";
