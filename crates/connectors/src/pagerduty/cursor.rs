//! Where a poll left off: which incidents are asked for though the list lacks them, and how far the log was read.

use std::collections::{BTreeMap, BTreeSet};

use callboard_domain::source::{Cursor, CursorUpdate};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What the last poll saw.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Seen {
    /// The incidents that were open, and those whose end could not be read yet.
    pub(super) open: BTreeSet<String>,
    /// Those that webhooks were about since, and those of them of which nothing was answered yet.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) mentioned: BTreeSet<String>,
    /// Those of them that were not there when they were asked for, since when: they may be hidden from this key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) missed: BTreeMap<String, Timestamp>,
    /// Until when the log has been read.
    pub(super) logged: Option<Timestamp>,
}

/// Has the next poll ask for an incident that a webhook reported, where its list lacks it.
pub(super) fn remember(id: String) -> CursorUpdate {
    CursorUpdate::new(move |stored| {
        let mut seen = Seen::read(stored)?;
        let is_new = !seen.open.contains(&id) && seen.mentioned.insert(id.clone());
        is_new.then(|| seen.write())
    })
}

impl Seen {
    /// None where no poll has left one, or one of another version did: the next one begins anew.
    pub(super) fn read(cursor: Option<&Cursor>) -> Option<Self> {
        serde_json::from_str(&cursor?.0).ok()
    }

    pub(super) fn write(&self) -> Cursor {
        // A struct of texts and a time cannot fail to be written.
        Cursor(serde_json::to_string(self).unwrap_or_default())
    }
}
