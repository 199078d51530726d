//! How a call to a service can fail. Retry, the screen and the exit code read the same kinds.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How a call to a service failed. Texts are for people, and never hold a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize, ts_rs::TS)]
#[serde(tag = "error", rename_all = "snake_case")]
pub enum ServiceError {
    /// The service refused the credential, or the credential is missing a permission. Nothing happened.
    #[error("{why}{}", scopes(missing_scopes))]
    Auth {
        /// In plain words.
        why: String,
        /// The service's names for what is lacking, where it says.
        missing_scopes: Vec<String>,
    },
    /// Too many calls. Nothing happened; it may be tried again after the wait.
    #[error("{why}; next try in {} s", retry_after.as_secs())]
    RateLimited {
        /// In plain words.
        why: String,
        /// How long the service asks us to wait.
        #[ts(type = "{ secs: number; nanos: number }")]
        retry_after: Duration,
    },
    /// The service understood the request and refused it, or the request was invalid. Nothing happened; a retry would not
    /// help.
    #[error("{why}")]
    Rejected {
        /// In plain words, the service's own where it gave any.
        why: String,
    },
    /// The service could not be reached or is out of order. Nothing happened; it may be tried again.
    #[error("{why}")]
    Unavailable {
        /// In plain words.
        why: String,
    },
    /// No answer, or one that says nothing: it may have happened. Never tried again without looking first.
    #[error("{why}; it may have happened")]
    Unknown {
        /// In plain words.
        why: String,
    },
}

fn scopes(missing: &[String]) -> String {
    if missing.is_empty() { String::new() } else { format!("; it lacks {}", missing.join(", ")) }
}

impl ServiceError {
    /// A [`ServiceError::Rejected`].
    pub fn rejected(why: impl Into<String>) -> Self {
        Self::Rejected { why: why.into() }
    }

    /// A [`ServiceError::Unavailable`].
    pub fn unavailable(why: impl Into<String>) -> Self {
        Self::Unavailable { why: why.into() }
    }

    /// A [`ServiceError::Unknown`].
    pub fn unknown(why: impl Into<String>) -> Self {
        Self::Unknown { why: why.into() }
    }

    /// A [`ServiceError::Auth`] that names no scope.
    pub fn auth(why: impl Into<String>) -> Self {
        Self::Auth { why: why.into(), missing_scopes: Vec::new() }
    }

    /// True where the same call may be made again by itself: it surely did not happen, and waiting may help.
    pub fn may_retry(&self) -> bool {
        matches!(self, Self::RateLimited { .. } | Self::Unavailable { .. })
    }
}
