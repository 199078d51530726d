//! What a poll keeps for the next one.

use std::collections::{BTreeMap, BTreeSet};

use callboard_domain::source::Cursor;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    ends::End,
    normalise::AlertState,
    wire::{Alert, Quiet},
};

/// The cursor: alerts that are suppressed or have been, from which a poll learns that a silence has ended, and when. The
/// listing alone does not show it. Also when alerts without a beginning were first seen, and which ends webhooks reported.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Marks {
    /// By fingerprint.
    pub(super) alerts: BTreeMap<String, Mark>,
    /// See [`super::ends`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) ends: BTreeMap<String, End>,
    /// Which of these alerts a whole listing has lacked since.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) gone: BTreeSet<String>,
}

/// What an alert was like when it was listed last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    /// When the occurrence began.
    pub(super) since: Timestamp,
    /// What suppressed it: see [`AlertState::by`].
    pub(super) by: Vec<String>,
    /// When that last changed.
    pub(super) at: Timestamp,
}

impl Mark {
    /// When that last changed, where it is a mark of the occurrence that began then, and `began` where it has not changed since
    /// the beginning. That may have moved back: of alerts that overlap, Alertmanager keeps the earliest beginning.
    pub(super) fn changed_at(&self, began: Timestamp) -> Option<Timestamp> {
        let at = if self.at == self.since { began } else { self.at };
        (self.since >= began).then_some(at)
    }
}

impl Marks {
    /// A cursor that cannot be read is none: the worst is that an ended silence shows for as long as its alert fires. Those
    /// of older versions are the marks alone.
    pub(super) fn read(cursor: Option<&Cursor>) -> Self {
        let Some(Cursor(text)) = cursor else { return Self::default() };
        let of_old = || serde_json::from_str(text).map(|alerts| Self { alerts, ..Self::default() });
        serde_json::from_str(text).or_else(|_| of_old()).unwrap_or_default()
    }

    /// What it reads.
    pub(super) fn write(&self) -> Cursor {
        Cursor(serde_json::to_string(self).unwrap_or_default())
    }

    /// Keeps what a later poll has to know of the alert. `began_unknown`: it has no beginning.
    pub(super) fn keep(
        &mut self,
        alert: &Alert<'_, Quiet>,
        began: Timestamp,
        began_unknown: bool,
        state: &AlertState,
    ) {
        let by = state.by();
        if !by.is_empty() || began_unknown || state.updated_at != began {
            let mark = Mark { since: began, by: by.clone(), at: state.updated_at };
            self.alerts.insert(alert.fingerprint.to_string(), mark);
        }
    }
}
