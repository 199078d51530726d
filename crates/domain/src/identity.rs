//! Who an account acts as.

use serde::{Deserialize, Serialize};

/// Who an account acts as on its service, and what its credential lacks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Identity {
    /// The login name, as it stands in items (`author`, `requested`, `holders`). Empty where the service has no users.
    pub login: String,
    /// The teams, as `team/NAME`, as they stand in [`crate::item::PullRequest::requested`].
    pub teams: Vec<String>,
    /// What the service calls itself and its version, where it says.
    pub server: Option<String>,
    /// Permissions that Callboard could use and the credential lacks.
    pub missing_scopes: Vec<MissingScope>,
}

impl Identity {
    /// True where `name` is this login or one of its teams.
    pub fn is(&self, name: &str) -> bool {
        (!self.login.is_empty() && self.login.eq_ignore_ascii_case(name))
            || self.teams.iter().any(|team| team.eq_ignore_ascii_case(name))
    }
}

/// A permission that a credential lacks, and what cannot be done without it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct MissingScope {
    /// The service's name for it, such as `workflow` or `chat:write`.
    pub scope: String,
    /// What cannot be done, such as "run jobs again".
    pub needed_for: String,
}
