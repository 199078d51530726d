//! What a build says of how its input steps were answered. Pure.

use callboard_domain::{item::User, text};
use jiff::Timestamp;

use super::wire::{is_approval, is_rejection};
use crate::jenkins::{normalise, wire};

/// Whom old versions of the plugin name where a step ended with its build, and nobody said no.
const SYSTEM: &str = "SYSTEM";

/// How far a build is, and who has answered its input steps: Jenkins does not say which step an answer was for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::jenkins) struct Ending {
    pub(in crate::jenkins) building: bool,
    /// True once nothing more will come of it.
    pub(in crate::jenkins) over: bool,
    /// Its result, as Jenkins writes it.
    pub(in crate::jenkins) result: Option<String>,
    /// Who said yes, in order, once for each yes; none where that one is not named.
    pub(in crate::jenkins) approvals: Vec<Option<User>>,
    /// The persons who said no, as far as the build has ended for it.
    pub(in crate::jenkins) rejected_by: Vec<User>,
}

impl Ending {
    pub(in crate::jenkins) fn of(build: &wire::Build, now: Timestamp) -> Self {
        let causes = build.actions.iter().flat_map(|action| &action.causes);
        let rejected_by = causes.filter(|cause| is_rejection(cause)).filter_map(|cause| {
            let user = cause.user.as_ref()?;
            person(user.id.as_deref(), user.full_name.as_deref()).filter(|user| user.id != SYSTEM)
        });
        Self {
            building: build.building,
            over: normalise::is_over(build, now),
            result: build.result().map(|result| text::line(&result, 40)),
            approvals: approvals(build),
            rejected_by: rejected_by.collect(),
        }
    }
}

/// Each yes that a build has had.
pub(super) fn approvals(build: &wire::Build) -> Vec<Option<User>> {
    let approvals = build.actions.iter().filter(|action| is_approval(action));
    approvals.map(|action| person(action.user_id.as_deref(), None)).collect()
}

fn person(id: Option<&str>, name: Option<&str>) -> Option<User> {
    let line = |text: Option<&str>| text.map(|text| text::line(text, 100)).filter(|text| !text.is_empty());
    let id = line(id)?;
    Some(User { name: line(name).unwrap_or_else(|| id.clone()), id })
}
