use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};

/// How many escalations of one occurrence are kept: the latest.
pub const ESCALATIONS_KEPT: usize = 32;

/// An alert or incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Incident {
    /// The service or alert rule that it is about.
    pub service: String,
    /// The number by which people refer to it, where it has one in addition to its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub number: Option<u64>,
    /// How bad.
    pub severity: Severity,
    /// How far.
    pub status: IncidentStatus,
    /// When this occurrence began. The same alert firing again later is a later occurrence of the same item.
    pub started_at: Timestamp,
    /// True where the service does not say when it began: `started_at` is then when it was first seen, or 1970.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(optional, as = "Option<bool>")]
    pub start_unknown: bool,
    /// When the service last changed it, or 1970 where it does not say: within one occurrence the newer one wins, and on a tie the further status.
    pub updated_at: Timestamp,
    /// Who brought it to this status, where the service says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub changed_by: Option<User>,
    /// Who has it while it is acknowledged. `None` where the service does not say: that is not the same as nobody.
    #[serde(default, alias = "holders", deserialize_with = "hold", skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub hold: Option<Hold>,
    /// True where it is acknowledged only in that its service suppresses it: it is silenced, inhibited or muted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(optional, as = "Option<bool>")]
    pub suppressed: bool,
    /// For an incident acknowledged by an unknown person: when it was last known to be unacknowledged, so that no older hold
    /// counts.
    /// Sources leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub released_at: Option<Timestamp>,
    /// Who was asked to take it, which is not to have it. `None` where the service does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub assigned: Option<Assignment>,
    /// When it was escalated, each time, as far as a source has seen them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    #[ts(optional, as = "Option<BTreeSet<Timestamp>>")]
    pub escalations: BTreeSet<Timestamp>,
    /// Who escalated it, at those of these times at which the service says that a person did: it does so by itself, too.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[ts(optional, as = "Option<BTreeMap<Timestamp, User>>")]
    pub escalated_by: BTreeMap<Timestamp, User>,
    /// Set where the end is only inferred: the incident is absent from a listing that should have it. The next sighting
    /// outranks that. No service reports this; it is made by [`crate::event::missed`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub inferred_end: Option<InferredEnd>,
    /// More text, in the service's words.
    pub description: Option<String>,
    /// The service's labels.
    pub labels: BTreeMap<String, String>,
    /// What the account's source and actions keep for each other, by names of their own: ids, say. Nobody else reads it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[ts(optional, as = "Option<BTreeMap<String, String>>")]
    pub notes: BTreeMap<String, String>,
}

/// A user of a service, or what acts there in place of one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, ts_rs::TS)]
pub struct User {
    /// What the service identifies them by: two users are the same only by this. See [`crate::identity::Identity::login`].
    pub id: String,
    /// What people call them.
    pub name: String,
}

impl User {
    /// One who is called what they are identified by.
    pub fn named(name: impl Into<String>) -> Self {
        let name = name.into();
        Self { id: name.clone(), name }
    }
}

/// Who did something was stored by name alone once.
impl<'de> Deserialize<'de> for User {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Stored {
            Named(String),
            User { id: String, name: String },
        }
        Ok(match Stored::deserialize(from)? {
            Stored::Named(name) => Self::named(name),
            Stored::User { id, name } => Self { id, name },
        })
    }
}

/// The users' names.
fn names(users: &[User]) -> Vec<&str> {
    users.iter().map(|user| user.name.as_str()).collect()
}

/// Who has an incident: acknowledged it, or silenced it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ts_rs::TS)]
pub struct Hold {
    /// As of when the service reports it: of two reports the later one counts.
    pub at: Timestamp,
    /// Who; empty where something holds it that has no name.
    pub by: Vec<User>,
    /// Until when (a silence's end), where that is limited.
    pub until: Option<Timestamp>,
}

/// Who was asked to take an incident.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ts_rs::TS)]
pub struct Assignment {
    /// As of when the service reports it: of two reports the later one counts.
    pub at: Timestamp,
    /// Whom; empty where nobody is asked.
    pub to: Vec<User>,
    /// Who changed it, where the service says.
    pub by: Option<User>,
}

/// Before there were holds, the holders' names were stored alone.
fn hold<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Hold>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Stored {
        Hold(Hold),
        Holders(Vec<String>),
    }
    Ok(match Option::<Stored>::deserialize(from)? {
        Some(Stored::Hold(hold)) => Some(hold),
        Some(Stored::Holders(by)) if !by.is_empty() => {
            let by = by.into_iter().map(User::named).collect();
            Some(Hold { at: Timestamp::MIN, by, until: None })
        }
        Some(Stored::Holders(_)) | None => None,
    })
}

/// An end that was inferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct InferredEnd {
    /// Since when it is missed: when the listing was asked for, by our clock.
    pub since: Timestamp,
    /// How far it was when it was last seen.
    pub was: IncidentStatus,
}

impl Incident {
    /// What people call one of that title: "Checkout slower than 2 s in billing". A title that names the service
    /// says it already.
    pub(crate) fn called(&self, title: &str) -> String {
        // `Rapid error growth` does not name `api`.
        let is_whole = |(at, service): (usize, &str)| {
            let (before, after) = (&title[..at], &title[at + service.len()..]);
            !before.ends_with(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric)
        };
        if self.service.is_empty() || title.match_indices(self.service.as_str()).any(is_whole) {
            title.to_owned()
        } else {
            format!("{title} in {}", self.service)
        }
    }

    /// When it began, or was first seen where the service does not say; `None` where neither is known.
    pub fn began(&self) -> Option<Timestamp> {
        Some(self.started_at).filter(|at| *at > Timestamp::UNIX_EPOCH)
    }

    /// When it last changed, its end included where that is only inferred; `None` where the service does not say.
    pub fn changed_at(&self) -> Option<Timestamp> {
        let end = self.inferred_end.map(|end| end.since);
        end.max(Some(self.updated_at)).filter(|at| *at > Timestamp::UNIX_EPOCH)
    }

    /// As it was last seen: without what was only inferred.
    pub fn as_seen(mut self) -> Self {
        if let Some(end) = self.inferred_end.take() {
            self.status = end.was;
        }
        self
    }

    /// True where somebody has it at that time: acknowledged, or silenced until later.
    pub fn is_held(&self, now: Timestamp) -> bool {
        self.status == IncidentStatus::Acknowledged && self.held_until().is_none_or(|until| until > now)
    }

    /// Who has it, as far as the service says.
    pub fn holders(&self) -> &[User] {
        self.current_hold().map_or(&[], |hold| &hold.by)
    }

    /// The names of those who have it.
    pub fn holder_names(&self) -> Vec<&str> {
        names(self.holders())
    }

    /// The names of those who are asked to take it.
    pub fn assignee_names(&self) -> Vec<&str> {
        names(self.assignees())
    }

    /// Until when somebody has it, where that is limited.
    pub fn held_until(&self) -> Option<Timestamp> {
        self.current_hold().and_then(|hold| hold.until)
    }

    /// Who is asked to take it, as far as the service says.
    pub fn assignees(&self) -> &[User] {
        self.assigned.as_ref().map_or(&[], |assigned| &assigned.to)
    }

    /// True while it is acknowledged only in that its service suppresses it. Before that was on the record, only a silence had
    /// an end.
    pub fn is_suppressed(&self) -> bool {
        self.status == IncidentStatus::Acknowledged && (self.suppressed || self.held_until().is_some())
    }

    fn current_hold(&self) -> Option<&Hold> {
        self.hold.as_ref().filter(|_| self.status == IncidentStatus::Acknowledged)
    }
}

/// How far an incident is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum IncidentStatus {
    /// Nobody has it.
    Triggered,
    /// Somebody has it.
    Acknowledged,
    /// Over.
    Resolved,
}

impl IncidentStatus {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Triggered => "triggered",
            Self::Acknowledged => "acknowledged",
            Self::Resolved => "resolved",
        }
    }
}

/// How bad an incident is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// For the record.
    Info,
    /// Look at it today.
    Warning,
    /// The service gives none, or one that is not known here: no less than a warning.
    Unknown,
    /// Look at it now.
    High,
    /// Get up.
    Critical,
}

impl Severity {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Unknown => "unknown",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// Reads the words that services and teams use (`page`, `P1`, `sev2`, `error`, ...); others are [`Severity::Unknown`].
    pub fn from_word(word: &str) -> Self {
        match word.trim().to_ascii_lowercase().as_str() {
            "critical" | "crit" | "page" | "emergency" | "fatal" | "p1" | "sev1" | "disaster" => {
                Self::Critical
            }
            "high" | "error" | "major" | "p2" | "sev2" => Self::High,
            "info" | "information" | "informational" | "none" | "low" | "p4" | "p5" | "sev4" | "debug" => {
                Self::Info
            }
            "warning" | "warn" | "minor" | "moderate" | "medium" | "average" | "p3" | "sev3" | "ticket" => {
                Self::Warning
            }
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::item::{
        Detail, Item,
        examples::{at, incident},
    };

    /// When it was last updated, since when it is missed -> when it last changed.
    #[test]
    fn inferred_end_is_the_last_change() {
        let unknown = Timestamp::UNIX_EPOCH;
        let cases = [
            (at(8), None, Some(at(8))),
            (at(8), Some(at(9)), Some(at(9))),
            // The service's clock is ahead.
            (at(8), Some(at(7)), Some(at(8))),
            (unknown, None, None),
            (unknown, Some(at(9)), Some(at(9))),
        ];
        for (updated, missed, expected) in cases {
            let item = incident(|incident| {
                incident.updated_at = updated;
                incident.inferred_end =
                    missed.map(|since| InferredEnd { since, was: IncidentStatus::Triggered });
            });
            let Detail::Incident(incident) = &item.detail else { panic!("{item:?}") };
            assert_eq!(incident.changed_at(), expected, "{updated} {missed:?}");
        }
    }

    #[test]
    fn unknown_severity_words_are_unknown() {
        use Severity::{Critical, High, Info, Unknown, Warning};
        let cases = [
            ("PAGE", Critical),
            (" sev2 ", High),
            ("warn", Warning),
            ("P3", Warning),
            ("low", Info),
            ("none", Info),
            ("", Unknown),
            ("purple", Unknown),
        ];
        for (word, expected) in cases {
            assert_eq!(Severity::from_word(word), expected, "{word:?}");
        }
        assert!(Warning < Unknown && Unknown < High, "no less than a warning");
    }

    #[test]
    fn an_alert_is_called_by_its_title_and_service() {
        let cases = [
            ("HighCPU", "checkout", "HighCPU in checkout"),
            ("HighCPU", "HighCPU", "HighCPU"),
            ("billing is slow", "billing", "billing is slow"),
            ("Disk is full", "", "Disk is full"),
            // The title of one that has none is its id.
            ("PD-123", "billing", "PD-123 in billing"),
            ("Rapid error growth", "api", "Rapid error growth in api"),
            ("Errors (api)", "api", "Errors (api)"),
        ];
        for (title, service, expected) in cases {
            let item = Item { title: title.into(), ..incident(|i| i.service = service.into()) };
            assert_eq!(item.called(), expected);
            assert_eq!(item.alert_name().as_deref(), Some(expected));
        }
    }

    #[test]
    fn users_are_read_as_older_versions_wrote_them() {
        let user = |id: &str, name: &str| Some(User { id: id.into(), name: name.into() });
        let cases = [
            (json!("Ana"), user("Ana", "Ana")),
            (json!({ "id": "PANA001", "name": "Ana" }), user("PANA001", "Ana")),
            (json!(null), None),
        ];
        for (stored, expected) in cases {
            let read =
                Assignment::deserialize(json!({ "at": "2026-11-22T11:00:00Z", "to": [], "by": stored }));
            assert_eq!(read.unwrap().by, expected, "{stored}");
        }
        assert!(User::deserialize(json!({ "name": "Ana" })).is_err(), "nobody is known by a part of it");
    }

    #[test]
    fn who_escalated_it_is_stored_by_its_time() {
        let escalated = incident(|i| {
            i.escalations = [at(1), at(2)].into();
            i.escalated_by = [(at(2), User::named("kim"))].into();
        });
        // Earlier versions did not keep who.
        for item in [escalated, incident(|i| i.escalations = [at(1)].into())] {
            let stored = serde_json::to_string(&item).unwrap();
            assert_eq!(serde_json::from_str::<Item>(&stored).unwrap(), item, "{stored}");
        }
    }
}
