//! Builds that are gone although their runs may still be listed.

use callboard_domain::source::GoneReason;
use serde::{Deserialize, Serialize};

use super::run_position::RunPosition;

/// A build that is gone: only a newer run brings it back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredLeftBuild")]
pub(super) struct LeftBuild {
    /// The newest run at that time.
    newest: RunPosition,
    /// Why it is gone.
    pub(super) reason: GoneReason,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum StoredLeftBuild {
    Whole {
        newest: RunPosition,
        reason: GoneReason,
    },
    /// Earlier versions did not keep why.
    Position(RunPosition),
}

impl From<StoredLeftBuild> for LeftBuild {
    fn from(stored: StoredLeftBuild) -> Self {
        match stored {
            StoredLeftBuild::Whole { newest, reason } => Self { newest, reason },
            StoredLeftBuild::Position(newest) => Self { newest, reason: GoneReason::Deleted },
        }
    }
}

impl LeftBuild {
    pub(super) fn new(newest: RunPosition, reason: GoneReason) -> Self {
        Self { newest, reason }
    }

    /// True where that run is not newer: the build stays away.
    pub(super) fn covers(&self, run: RunPosition) -> bool {
        !run.is_after(self.newest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_earlier_versions_wrote_is_read() {
        // what is stored -> why it is gone
        let cases = [
            (r#"[13,1]"#, GoneReason::Deleted),
            (r#"{"id":13,"number":13,"attempt":1}"#, GoneReason::Deleted),
            (r#"{"id":null,"number":13,"attempt":1}"#, GoneReason::Deleted),
            (
                r#"{"newest":{"id":13,"number":13,"attempt":1},"reason":{"reason":"branch_deleted"}}"#,
                GoneReason::BranchDeleted,
            ),
        ];
        for (stored, reason) in cases {
            let left: LeftBuild = serde_json::from_str(stored).unwrap();
            assert_eq!(left.reason, reason, "{stored}");
            let again = serde_json::from_str::<LeftBuild>(&serde_json::to_string(&left).unwrap());
            assert_eq!(again.unwrap(), left, "{stored}");
            for (attempt, covered) in [(1, true), (2, false)] {
                let run = format!(r#"{{"id":13,"number":13,"attempt":{attempt}}}"#);
                let run = serde_json::from_str(&run).unwrap();
                assert_eq!(left.covers(run), covered, "{stored} {attempt}");
            }
        }
    }
}
