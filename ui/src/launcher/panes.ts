/** The details of a selection that the first frame does not need. */

export { default as ApprovalDetail } from "./ApprovalDetail.svelte";
export { default as CommandPane } from "./CommandPane.svelte";
export { default as IncidentDetail } from "./IncidentDetail.svelte";
export { default as RerunPane } from "./RerunPane.svelte";
export { default as RunPane } from "./RunPane.svelte";
export { snoozedText } from "./snoozed";
