//! Why a call failed.

use callboard_domain::{command::ArgError, error::ServiceError};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{commands::Changed, rules::RuleFault};
use crate::config::ConfigError;

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ApiError {
    /// What was asked for makes no sense as typed.
    #[error(transparent)]
    Line {
        /// What is wrong with the line.
        error: ArgError,
    },
    /// What was asked for is not there, or is not allowed as it is.
    #[error("{message}")]
    Usage {
        /// What was wrong and what would be right.
        message: String,
    },
    /// The configuration is not good.
    #[error("{}", errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Config {
        /// Everything that is wrong.
        errors: Vec<ConfigError>,
    },
    /// Rules that were to be tried are not good.
    #[error("{message}")]
    Rules {
        /// Everything that is wrong, each with its place.
        message: String,
        /// The same for programs.
        faults: Vec<RuleFault>,
    },
    /// It needs a person's word first.
    #[error("{message}")]
    Confirm {
        /// What to confirm, and how.
        message: String,
    },
    /// What was prepared is not what would run now. Nothing was sent.
    #[error("{message}")]
    Changed {
        /// What has changed since, and what to do.
        message: String,
        /// The same for programs.
        changed: Vec<Changed>,
    },
    /// A service refused, or could not be reached.
    #[error("{account}: {error}")]
    Service {
        /// The account.
        account: String,
        /// How.
        error: ServiceError,
    },
    /// Callboard itself failed: the store, the keychain, the socket.
    #[error("{message}")]
    Internal {
        /// What, and what to do.
        message: String,
    },
}

impl ApiError {
    /// A [`ApiError::Usage`].
    pub fn usage(message: impl Into<String>) -> Self {
        Self::Usage { message: message.into() }
    }

    /// A [`ApiError::Internal`].
    pub fn internal(error: impl ToString) -> Self {
        Self::Internal { message: error.to_string() }
    }

    /// What a call was given makes no sense. A program of this version made a mistake, and so did a person who wrote the call;
    /// one of another version may mean something else by it.
    pub(crate) fn params(
        client: &str,
        call: &str,
        error: &serde_path_to_error::Error<serde_json::Error>,
    ) -> Self {
        let (path, why) = (error.path().to_string(), error.inner());
        let what = if path == "." { format!("{call}: {why}") } else { format!("{call}: {path}: {why}") };
        let own = env!("CARGO_PKG_VERSION");
        if client.is_empty() || client == own { Self::usage(what) } else { Self::protocol(client, own, what) }
    }

    /// One of two programs cannot read what the other sends. An empty version is one that was not sent.
    pub(crate) fn protocol(client: &str, daemon: &str, error: impl ToString) -> Self {
        let shown =
            |version: &str| if version.is_empty() { "unknown".to_owned() } else { version.to_owned() };
        let (client, daemon, error) = (shown(client), shown(daemon), error.to_string());
        let remedy = "use the same version of both programs, and start the daemon again";
        Self::Internal {
            message: format!("protocol mismatch: client {client}, daemon {daemon}: {error}; {remedy}"),
        }
    }
}

impl From<ArgError> for ApiError {
    fn from(error: ArgError) -> Self {
        Self::Line { error }
    }
}
