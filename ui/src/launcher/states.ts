/** The state of the views, and what belongs to it: loaded after the board, for a faster start. */

export { ApprovalPage } from "./approval-page.svelte";
export { CommandForm } from "./command-form.svelte";
export { Log } from "./logs.svelte";
export { verdictOf } from "./outcome";
export { PostForm } from "./post-form.svelte";
export { Rooms } from "./rooms.svelte";
export { RunStream } from "./run-stream.svelte";
export * as tourMemory from "./tour-memory";
export { Why } from "./why.svelte";
