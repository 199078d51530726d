//! The cursor of a poll: which incidents are asked for although they are not listed, and how far the log was read.

use std::collections::{BTreeMap, BTreeSet};

use callboard_domain::source;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How long an incident that only webhooks reported may be missing before it counts as deleted.
pub(super) const MISSED_FOR: SignedDuration = SignedDuration::from_hours(24);
/// The pause before one that is missing is asked for the first time again; it doubles,
const PAUSE: SignedDuration = SignedDuration::from_mins(1);
/// up to this.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(60);

/// What the last poll saw.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Cursor {
    /// The incidents that were open, and those whose end could not be read yet.
    pub(super) open: BTreeSet<String>,
    /// Those that webhooks mentioned since, and those of them that were not answered for yet.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) mentioned: BTreeSet<String>,
    /// Those of them that were not there when they were asked for, since when: they may be hidden from this key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) missed: BTreeMap<String, Timestamp>,
    /// When those were asked for last; one that is not among them is asked for with the next poll.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) asked: BTreeMap<String, Timestamp>,
    /// Until when the log has been read.
    pub(super) logged: Option<Timestamp>,
}

/// Notes an incident that a webhook reported: the next poll asks for it, where the list does not have it.
pub(super) fn note(id: &str) -> Option<String> {
    serde_json::to_string(id).ok()
}

impl Cursor {
    /// None where there is no stored cursor, or one of another version: the next poll starts over.
    pub(super) fn read(cursor: Option<&source::Cursor>) -> Option<Self> {
        serde_json::from_str(&cursor?.0).ok()
    }

    /// A stored cursor with the incidents that webhooks noted. One that cannot be read stays as it is: the poll starts over.
    pub(super) fn with_mentioned(stored: &source::Cursor, notes: &[String]) -> source::Cursor {
        let ids = notes.iter().filter_map(|note| serde_json::from_str::<String>(note).ok());
        let Some(mut cursor) = Self::read(Some(stored)) else { return stored.clone() };
        cursor.mentioned.extend(ids.filter(|id| !cursor.open.contains(id)));
        cursor.write()
    }

    /// False while an incident that was missing is not asked for again: the pause grows with the time that it has been
    /// missing, and ends once that is enough to count as deleted.
    pub(super) fn is_due(&self, id: &str, now: Timestamp) -> bool {
        let (Some(since), Some(asked)) = (self.missed.get(id), self.asked.get(id)) else { return true };
        let pause = (asked.duration_since(*since) + PAUSE).clamp(PAUSE, LONGEST_PAUSE);
        let waited = now.duration_since(*asked);
        // A clock that was set back is no reason to wait.
        waited >= pause || waited.is_negative() || now.duration_since(*since) >= MISSED_FOR
    }

    pub(super) fn write(&self) -> source::Cursor {
        // A struct of texts and a time cannot fail to be written.
        source::Cursor(serde_json::to_string(self).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pause_before_a_missing_incident_is_requested_again_grows() {
        let at = |minute: i64| Timestamp::from_second(1_790_000_000 + minute * 60).unwrap();
        let mut cursor = Cursor::default();
        assert!(cursor.is_due("Q1", at(0)), "it was never missing");
        cursor.missed.insert("Q1".into(), at(0));
        assert!(cursor.is_due("Q1", at(0)), "an older version did not note when it was asked for");
        cursor.asked.insert("Q1".into(), at(0));
        let mut asked = Vec::new();
        for minute in 0..=24 * 60 {
            if cursor.is_due("Q1", at(minute)) {
                asked.push(minute);
                cursor.asked.insert("Q1".into(), at(minute));
            }
        }
        assert_eq!(asked[..8], [1, 3, 7, 15, 31, 63, 123, 183]);
        assert_eq!(asked.last(), Some(&(24 * 60)), "a day is over");
        assert!(asked.len() < 32, "{asked:?}");
        assert!(cursor.is_due("Q1", at(-5)), "the clock was set back");
    }

    #[test]
    fn cursor_of_an_older_version_is_read() {
        let old =
            source::Cursor(r#"{"open":["Q1"],"missed":{"Q2":"2026-11-22T12:00:00Z"},"logged":null}"#.into());
        let cursor = Cursor::read(Some(&old)).unwrap();
        assert!(cursor.missed.contains_key("Q2") && cursor.asked.is_empty());
        assert_eq!(cursor.write().0, old.0, "empty fields are not written");
    }
}
