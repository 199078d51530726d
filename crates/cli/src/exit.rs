//! Exit codes: 0 done; 1 it failed; 2 usage or configuration; 3 not allowed; 4 not reached; 5 unknown.

use callboard_domain::{error::ServiceError, run::RunState};
use callboard_engine::api::ApiError;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// The run or check failed.
    Failed = 1,
    /// Usage or configuration.
    Usage = 2,
    /// Not allowed, not confirmed, or changed since it was previewed.
    NotAllowed = 3,
    /// A service could not be reached, or a message waits: nothing was sent.
    Unreachable = 4,
    /// It may have happened.
    Unknown = 5,
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl From<&ServiceError> for Exit {
    fn from(error: &ServiceError) -> Self {
        match error {
            ServiceError::Auth { .. } => Self::NotAllowed,
            ServiceError::Rejected { .. } => Self::Failed,
            ServiceError::RateLimited { .. } | ServiceError::Unavailable { .. } => Self::Unreachable,
            ServiceError::Unknown { .. } => Self::Unknown,
        }
    }
}

impl From<&ApiError> for Exit {
    fn from(error: &ApiError) -> Self {
        match error {
            ApiError::Line { .. }
            | ApiError::Usage { .. }
            | ApiError::Config { .. }
            | ApiError::Rules { .. } => Self::Usage,
            ApiError::Confirm { .. } | ApiError::Changed { .. } => Self::NotAllowed,
            ApiError::Service { error, .. } => error.into(),
            ApiError::Internal { .. } => Self::Failed,
        }
    }
}

impl From<&RunState> for Exit {
    fn from(state: &RunState) -> Self {
        match state {
            RunState::Done { outcome } if outcome.ok => Self::Done,
            RunState::Resolved { ran: true, .. } => Self::Done,
            RunState::Done { .. }
            | RunState::Resolved { .. }
            | RunState::Canceled { .. }
            | RunState::Pending { .. }
            | RunState::Running => Self::Failed,
            RunState::Failed { error } => error.into(),
            RunState::Unknown { .. } => Self::Unknown,
        }
    }
}

/// The exit code of an error, whatever context was added to it.
pub(crate) fn of(error: &anyhow::Error) -> Exit {
    error
        .chain()
        .find_map(|cause| {
            cause
                .downcast_ref::<ApiError>()
                .map(Exit::from)
                .or_else(|| cause.downcast_ref::<MayHaveHappened>().map(|_| Exit::Unknown))
                .or_else(|| cause.downcast_ref::<Usage>().map(|_| Exit::Usage))
                .or_else(|| cause.downcast_ref::<NotRunning>().map(|_| Exit::Unreachable))
        })
        .unwrap_or(Exit::Failed)
}

/// Wrong usage, or a wrong configuration.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(pub String);

/// The process that carries out a call does not answer any more: the outcome is unknown.
#[derive(Debug, thiserror::Error)]
#[error("it may have happened, see `{see}`")]
pub(crate) struct MayHaveHappened {
    /// The command that shows the outcome.
    pub see: &'static str,
    /// The error in place of an answer.
    pub source: anyhow::Error,
}

/// The tray app is not running.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NotRunning(pub String);

#[cfg(test)]
mod tests {
    use callboard_domain::run::Outcome;

    use super::*;

    #[test]
    fn every_error_and_run_state_has_an_exit_code() {
        let service = |error| ApiError::Service { account: "forge".into(), error };
        let cases = [
            (ApiError::usage("no"), 2),
            (ApiError::Rules { message: "no".into(), faults: Vec::new() }, 2),
            (ApiError::Confirm { message: "sure".into() }, 3),
            (ApiError::Changed { message: "changed".into(), changed: Vec::new() }, 3),
            (ApiError::internal("broken"), 1),
            (service(ServiceError::auth("no")), 3),
            (service(ServiceError::rejected("no")), 1),
            (service(ServiceError::unavailable("down")), 4),
            (service(ServiceError::unknown("lost")), 5),
        ];
        for (error, code) in cases {
            assert_eq!(
                of(&anyhow::Error::new(error.clone()).context("while at it")) as u8,
                code,
                "{error:?}"
            );
        }
        let resolved = |ran| RunState::Resolved {
            ran,
            by: String::new(),
            at: jiff::Timestamp::UNIX_EPOCH,
            why: String::new(),
        };
        let runs = [
            (RunState::Done { outcome: Outcome::ok("") }, 0),
            (RunState::Done { outcome: Outcome::failed("") }, 1),
            (RunState::Failed { error: ServiceError::unavailable("down") }, 4),
            (RunState::Canceled { sent: true }, 1),
            (RunState::Unknown { why: String::new() }, 5),
            (resolved(true), 0),
            (resolved(false), 1),
        ];
        for (state, code) in runs {
            assert_eq!(Exit::from(&state) as u8, code, "{state:?}");
        }
        assert_eq!(of(&Usage("what".into()).into()) as u8, 2);
        let source = anyhow::Error::new(ApiError::internal("the connection was lost")).context("while at it");
        let unknown = anyhow::Error::new(MayHaveHappened { see: "callboard runs", source });
        assert_eq!(of(&unknown) as u8, 5);
        let shown = format!("{unknown:#}");
        assert_eq!(shown, "it may have happened, see `callboard runs`: while at it: the connection was lost");
    }
}
