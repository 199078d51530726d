//! What a poll could not read.

use callboard_domain::{error::ServiceError, source::ProblemKind};

use super::{part::Part, part_error::PartError};

/// What could not be read in this poll and becomes one of its problems; refusals are remembered with the repository.
pub(super) struct Missed {
    pub(super) kind: ProblemKind,
    /// What is not seen for it, where it is one part.
    pub(super) part: Option<Part>,
    pub(super) error: ServiceError,
}

impl Missed {
    pub(super) fn new(part: Part, error: ServiceError) -> Self {
        let kind = match part {
            Part::Jobs | Part::Answers => ProblemKind::Details,
            _ => ProblemKind::Incomplete,
        };
        // The error is of a single pull request or run.
        let part = Some(part).filter(|part| !matches!(part, Part::Pulls | Part::Runs));
        Self { kind, part, error }
    }

    /// Of a look at whether something is still there, or there again.
    pub(super) fn of_details(error: ServiceError) -> Self {
        Self { kind: ProblemKind::Details, part: None, error }
    }

    /// As a problem names it.
    pub(super) fn part_error(&self) -> PartError {
        PartError { kind: self.kind, part: self.part, why: self.error.to_string() }
    }
}
