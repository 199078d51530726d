//! How a call to a service can fail. Retry, the screen and the exit code read the same kinds.

use std::time::Duration;

use jiff::{Timestamp, Zoned};
use serde::{Deserialize, Serialize};

/// The longest wait that a service may impose: after it one request shows whether it still asks for more, so that no
/// wrong answer blinds an account for long.
pub const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60 * 60);
/// The longest wait that a service can mean: who asks for more has its clock or its unit wrong.
const CREDIBLE_RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// How a call to a service failed. Texts are for people, and never hold a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize, ts_rs::TS)]
#[serde(tag = "error", rename_all = "snake_case")]
pub enum ServiceError {
    /// The service refused the credential, or does not permit it to do that. Nothing happened.
    #[error("{why}{}", scopes(missing_scopes))]
    Auth {
        /// In plain words.
        why: String,
        /// The service's names for what is lacking, where it says.
        missing_scopes: Vec<String>,
        /// True where the service knows who asks, and does not permit it. False where it refused the credential, got none,
        /// or does not say which.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        #[ts(optional, as = "Option<bool>")]
        signed_in: bool,
    },
    /// Too many calls. Nothing happened; it may be tried again after the wait. [`ServiceError::rate_limited`] makes it. The
    /// text, which is kept and read later, does not say how long: who shows it has the time of the next try, or
    /// [`ServiceError::retry_at`].
    #[error("{why}")]
    RateLimited {
        /// In plain words.
        why: String,
        /// How long to wait from then on: as the service asks, [`LONGEST_RETRY_AFTER`] at most. Of trouble on record it
        /// is counted from its beginning, and so may be longer: see [`ServiceError::counted_from`].
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

    /// A [`ServiceError::Auth`] of a credential that was refused.
    pub fn auth(why: impl Into<String>) -> Self {
        Self::Auth { why: why.into(), missing_scopes: Vec::new(), signed_in: false }
    }

    /// A [`ServiceError::Auth`] of somebody who is known, and is not permitted to do that. It names no scope.
    pub fn forbidden(why: impl Into<String>) -> Self {
        Self::Auth { why: why.into(), missing_scopes: Vec::new(), signed_in: true }
    }

    /// A [`ServiceError::RateLimited`] by a service that `asks` at `now` for that wait. Of a longer one than is kept the
    /// text says what was asked for, in the time of `now`'s place.
    pub fn rate_limited(why: impl Into<String>, asks: Duration, now: &Zoned) -> Self {
        let why = why.into();
        if asks <= LONGEST_RETRY_AFTER {
            return Self::RateLimited { why, retry_after: asks };
        }
        let until = now.checked_add(asks).ok().filter(|_| asks <= CREDIBLE_RETRY_AFTER);
        let until = until.map_or_else(
            || "for more than a day".to_owned(),
            |at| at.strftime("until %Y-%m-%d %H:%M").to_string(),
        );
        let why = format!("{why}; it asks to wait {until}");
        Self::RateLimited { why, retry_after: LONGEST_RETRY_AFTER }
    }

    /// What is the matter with the account that met it, without what it means for the call.
    pub fn trouble(&self) -> String {
        match self {
            Self::Unknown { why } => why.clone(),
            Self::Auth { .. }
            | Self::RateLimited { .. }
            | Self::Rejected { .. }
            | Self::Unavailable { .. } => self.to_string(),
        }
    }

    /// When a call that was refused like this `at` that time may be made again, where the service says so.
    pub fn retry_at(&self, at: Timestamp) -> Option<Timestamp> {
        match self {
            Self::RateLimited { retry_after, .. } => at.checked_add(*retry_after).ok(),
            _ => None,
        }
    }

    /// The same refusal at `now`, with its wait counted from `since`: see [`Self::retry_at`].
    #[must_use]
    pub fn counted_from(&self, since: Timestamp, now: Timestamp) -> Self {
        let mut error = self.clone();
        if let Self::RateLimited { retry_after, .. } = &mut error {
            let passed = Duration::try_from(now.duration_since(since)).unwrap_or_default();
            *retry_after = retry_after.saturating_add(passed);
        }
        error
    }

    /// True where the other is the same trouble to who reads, however it is worded. No answer and half an answer are one.
    pub fn is_same_kind(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Auth { signed_in, .. }, Self::Auth { signed_in: other, .. }) => signed_in == other,
            (
                Self::Unavailable { .. } | Self::Unknown { .. },
                Self::Unavailable { .. } | Self::Unknown { .. },
            ) => true,
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }

    /// True where the same call may be made again by itself: it surely did not happen, and waiting may help.
    pub fn may_retry(&self) -> bool {
        matches!(self, Self::RateLimited { .. } | Self::Unavailable { .. })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn no_service_imposes_a_long_wait() {
        let now: Zoned = "2026-11-22T12:00:00+01:00[Europe/Berlin]".parse().unwrap();
        // The wait that is asked for, in seconds -> the wait that is kept, what is said.
        let cases = [
            (0, 0, "slow down"),
            (30, 30, "slow down"),
            (3_600, 3_600, "slow down"),
            (3_601, 3_600, "slow down; it asks to wait until 2026-11-22 13:00"),
            (86_400, 3_600, "slow down; it asks to wait until 2026-11-23 12:00"),
            (86_401, 3_600, "slow down; it asks to wait for more than a day"),
            (99_999_999, 3_600, "slow down; it asks to wait for more than a day"),
            (u64::MAX, 3_600, "slow down; it asks to wait for more than a day"),
        ];
        for (asks, expected, text) in cases {
            let error = ServiceError::rate_limited("slow down", Duration::from_secs(asks), &now);
            assert_eq!(error.to_string(), text, "{asks}");
            assert!(
                matches!(error, ServiceError::RateLimited { retry_after, .. } if retry_after.as_secs() == expected),
                "{asks}: {error:?}"
            );
        }
    }

    #[test]
    fn trouble_of_an_account_does_not_say_what_became_of_the_call() {
        let scopes =
            ServiceError::Auth { why: "no".into(), missing_scopes: vec!["repo".into()], signed_in: true };
        let cases = [
            (ServiceError::unknown("no answer"), "no answer; it may have happened", "no answer"),
            (ServiceError::unavailable("down"), "down", "down"),
            (ServiceError::rejected("odd"), "odd", "odd"),
            (ServiceError::auth("no"), "no", "no"),
            (scopes, "no; it lacks repo", "no; it lacks repo"),
        ];
        for (error, call, account) in cases {
            assert_eq!((error.to_string().as_str(), error.trouble().as_str()), (call, account));
        }
    }

    #[test]
    fn only_a_rate_limit_says_when_the_call_may_be_made_again() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let limited = |secs| ServiceError::RateLimited {
            why: "slow down".into(),
            retry_after: Duration::from_secs(secs),
        };
        let cases = [
            (limited(30), 100, Some(at(130))),
            (limited(0), 100, Some(at(100))),
            (limited(u64::MAX), 100, None),
            (ServiceError::unavailable("down"), 100, None),
            (ServiceError::rejected("no"), 100, None),
        ];
        for (error, second, expected) in cases {
            assert_eq!(error.retry_at(at(second)), expected, "{error:?}");
        }
    }

    #[test]
    fn refused_credential_and_missing_permission_are_told_apart() {
        let scopes = |signed_in| ServiceError::Auth {
            why: "no".into(),
            missing_scopes: vec!["workflow".into()],
            signed_in,
        };
        let cases = [
            (ServiceError::auth("no"), json!({ "error": "auth", "why": "no", "missing_scopes": [] })),
            (
                ServiceError::forbidden("no"),
                json!({ "error": "auth", "why": "no", "missing_scopes": [], "signed_in": true }),
            ),
            (
                scopes(true),
                json!({ "error": "auth", "why": "no", "missing_scopes": ["workflow"], "signed_in": true }),
            ),
            // As earlier versions stored it.
            (scopes(false), json!({ "error": "auth", "why": "no", "missing_scopes": ["workflow"] })),
        ];
        for (error, stored) in cases {
            assert_eq!(serde_json::to_value(&error).unwrap(), stored);
            assert_eq!(serde_json::from_value::<ServiceError>(stored).unwrap(), error);
            assert!(!error.may_retry());
        }
    }
}
