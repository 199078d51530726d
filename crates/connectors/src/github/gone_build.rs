//! Builds that are gone although their runs may still be listed.

use callboard_domain::source::GoneReason;
use serde::{Deserialize, Serialize};

use super::run_position::RunPosition;

/// A build that is gone: only a newer run brings it back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredGoneBuild")]
pub(super) struct GoneBuild {
    /// The newest run at that time.
    newest: RunPosition,
    /// Why it is gone.
    pub(super) reason: GoneReason,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum StoredGoneBuild {
    Whole {
        newest: RunPosition,
        reason: GoneReason,
    },
    /// Earlier versions did not keep why.
    Position(RunPosition),
}

impl From<StoredGoneBuild> for GoneBuild {
    fn from(stored: StoredGoneBuild) -> Self {
        match stored {
            StoredGoneBuild::Whole { newest, reason } => Self { newest, reason },
            StoredGoneBuild::Position(newest) => Self { newest, reason: GoneReason::Deleted },
        }
    }
}

impl GoneBuild {
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
    fn gone_builds_of_earlier_versions_are_read() {
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
            let gone: GoneBuild = serde_json::from_str(stored).unwrap();
            assert_eq!(gone.reason, reason, "{stored}");
            let again = serde_json::from_str::<GoneBuild>(&serde_json::to_string(&gone).unwrap());
            assert_eq!(again.unwrap(), gone, "{stored}");
            for (attempt, covered) in [(1, true), (2, false)] {
                let run = format!(r#"{{"id":13,"number":13,"attempt":{attempt}}}"#);
                let run = serde_json::from_str(&run).unwrap();
                assert_eq!(gone.covers(run), covered, "{stored} {attempt}");
            }
        }
    }
}
