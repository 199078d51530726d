//! What events are called.

use serde::{Deserialize, Serialize};

/// What happened. The names are those of rules, JSON and the command line.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
    ts_rs::TS,
)]
#[serde(rename_all = "snake_case")]
pub enum EventName {
    /// Build: a run waits.
    Queued,
    /// Build: a run began.
    Running,
    /// Build: passed, and the run before it had too (or is not known).
    Passed,
    /// Build: failed, and the run before it had not.
    Failed,
    /// Build: passed after a failure.
    Fixed,
    /// Build: failed after a failure.
    StillFailing,
    /// Build: ended without a verdict.
    Canceled,
    /// Pull request: opened (or opened again).
    Opened,
    /// Pull request: somebody's review is asked for, or a team's: one event for each of them.
    ReviewRequested,
    /// Pull request: somebody approved. Approval: everybody whose yes was needed has given it.
    Approved,
    /// Pull request: somebody asked for changes.
    ChangesRequested,
    /// Pull request: its checks turned bad.
    ChecksFailed,
    /// Pull request: its checks turned good.
    ChecksPassed,
    /// Pull request: merged.
    Merged,
    /// Pull request: closed without merging.
    Closed,
    /// Pull request: open and untouched for [`STALE_AFTER`](super::STALE_AFTER).
    Stale,
    /// Incident: began, or began again.
    Triggered,
    /// Incident: somebody has it.
    Acknowledged,
    /// Incident: who had it has let it go, and people are paged again.
    Unacknowledged,
    /// Incident: passed on to the next level.
    Escalated,
    /// Incident: other people are asked to take it.
    Reassigned,
    /// Incident: over.
    Resolved,
    /// Approval: somebody asks for a yes.
    Requested,
    /// Approval: somebody rejected it.
    Denied,
    /// Approval: its time was up before it was answered.
    Expired,
    /// Approval: what was asked for has changed, or is asked for by another request.
    Superseded,
}

impl EventName {
    /// Its name in rules, JSON and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Fixed => "fixed",
            Self::StillFailing => "still_failing",
            Self::Canceled => "canceled",
            Self::Opened => "opened",
            Self::ReviewRequested => "review_requested",
            Self::Approved => "approved",
            Self::ChangesRequested => "changes_requested",
            Self::ChecksFailed => "checks_failed",
            Self::ChecksPassed => "checks_passed",
            Self::Merged => "merged",
            Self::Closed => "closed",
            Self::Stale => "stale",
            Self::Triggered => "triggered",
            Self::Acknowledged => "acknowledged",
            Self::Unacknowledged => "unacknowledged",
            Self::Escalated => "escalated",
            Self::Reassigned => "reassigned",
            Self::Resolved => "resolved",
            Self::Requested => "requested",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Superseded => "superseded",
        }
    }
}
