//! PagerDuty's JSON: the REST API v2 and webhooks v3. References have an `id`, a `type` and a `summary`, which is the name.

use std::collections::BTreeMap;

use callboard_domain::parse_error::{self, Notation};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::lenient::{self, Date, Entries, folded, number, optional_text, or_nothing, text};

/// One of PagerDuty's values for states and kinds, in any case.
fn state_value<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    text(deserializer).map(|value| folded(&value).unwrap_or_default())
}

/// The same; empty for what is no text.
fn state_value_if_any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(optional_text(deserializer)?.and_then(|value| folded(&value)).unwrap_or_default())
}

/// A page of a listing.
#[derive(Debug)]
pub(super) struct Page<T> {
    pub(super) rows: Entries<T>,
    /// Where it is missing, a full page is followed by another.
    pub(super) more: Option<bool>,
    /// The most rows of this page: a server may give fewer than were asked for.
    pub(super) limit: Option<usize>,
}

/// The fields of an answer, unread.
pub(super) type Fields<'a> = BTreeMap<String, &'a RawValue>;

impl<T: for<'a> Deserialize<'a>> Page<T> {
    /// The page in an answer, whose rows are under the listing's own `name`; or why it is not a page.
    pub(super) fn read(answer: &Fields<'_>, name: &str) -> Result<Self, String> {
        let rows = answer.get(name).ok_or_else(|| format!("`{name}` is missing"))?;
        let rows = serde_json::from_str(rows.get()).map_err(|error| {
            format!("`{name}`: {}", parse_error::without_place(&error.to_string(), Notation::Json))
        })?;
        Ok(Self { rows, more: detail(answer, "more"), limit: detail(answer, "limit") })
    }
}

/// Nothing for what is not there or cannot be read.
fn detail<'a, T: Deserialize<'a>>(answer: &Fields<'a>, name: &str) -> Option<T> {
    serde_json::from_str(answer.get(name)?.get()).ok()
}

/// One incident, by itself.
#[derive(Debug, Deserialize)]
pub(super) struct One {
    pub(super) incident: Incident,
}

/// An incident, as the API lists it, or with fewer fields, as a webhook has it.
#[derive(Debug, Deserialize)]
pub(super) struct Incident {
    #[serde(deserialize_with = "text")]
    pub(super) id: String,
    /// In webhooks.
    #[serde(default, deserialize_with = "number")]
    pub(super) number: Option<u64>,
    /// The same in the API.
    #[serde(default, deserialize_with = "number")]
    pub(super) incident_number: Option<u64>,
    #[serde(default, deserialize_with = "text")]
    pub(super) title: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) summary: String,
    #[serde(default, deserialize_with = "state_value")]
    pub(super) status: String,
    #[serde(default, deserialize_with = "state_value_if_any")]
    pub(super) urgency: String,
    #[serde(default, deserialize_with = "or_nothing")]
    pub(super) priority: Option<Reference>,
    #[serde(default, deserialize_with = "or_nothing")]
    pub(super) service: Option<Reference>,
    #[serde(default, deserialize_with = "or_nothing")]
    pub(super) escalation_policy: Option<Reference>,
    #[serde(default, deserialize_with = "or_nothing")]
    pub(super) teams: Option<Entries<Reference>>,
    #[serde(default)]
    pub(super) assignments: lenient::Listed<Assignment>,
    /// In webhooks.
    #[serde(default)]
    pub(super) assignees: lenient::Listed<Reference>,
    #[serde(default)]
    pub(super) acknowledgements: lenient::Listed<Acknowledgement>,
    #[serde(default, deserialize_with = "or_nothing")]
    pub(super) pending_actions: Option<Entries<PendingAction>>,
    #[serde(default)]
    pub(super) created_at: Date,
    #[serde(default)]
    pub(super) last_status_change_at: Date,
    #[serde(default, deserialize_with = "or_nothing")]
    pub(super) last_status_change_by: Option<Reference>,
    #[serde(default, deserialize_with = "text")]
    pub(super) html_url: String,
}

/// Something that is referred to: a user, a service, a team, a policy.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Reference {
    #[serde(default, deserialize_with = "text")]
    pub(super) id: String,
    #[serde(default, rename = "type", deserialize_with = "state_value")]
    pub(super) kind: String,
    /// Its name.
    #[serde(default, deserialize_with = "text")]
    pub(super) summary: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Assignment {
    #[serde(default)]
    pub(super) at: Date,
    pub(super) assignee: Reference,
}

#[derive(Debug, Deserialize)]
pub(super) struct Acknowledgement {
    #[serde(default)]
    pub(super) at: Date,
    pub(super) acknowledger: Reference,
}

/// What PagerDuty is going to do by itself: `unacknowledge`, `escalate`, `resolve`.
#[derive(Debug, Deserialize)]
pub(super) struct PendingAction {
    #[serde(default, rename = "type", deserialize_with = "state_value")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) at: Date,
}

/// What happened to an incident.
#[derive(Debug, Deserialize)]
pub(super) struct LogEntry {
    #[serde(default, rename = "type", deserialize_with = "state_value")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) created_at: Date,
    #[serde(deserialize_with = "text")]
    pub(super) id: String,
    #[serde(default, deserialize_with = "or_nothing")]
    pub(super) incident: Option<Reference>,
    /// Who or what made it happen.
    #[serde(default, deserialize_with = "or_nothing")]
    pub(super) agent: Option<Reference>,
}

/// Whose token it is.
#[derive(Debug, Deserialize)]
pub(super) struct Me {
    pub(super) user: User,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct User {
    #[serde(deserialize_with = "text")]
    pub(super) id: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) name: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) email: String,
    /// Their page in the account's own web application, such as `https://acme.pagerduty.com/users/PXPGF42`.
    #[serde(default, deserialize_with = "text")]
    pub(super) html_url: String,
}

/// One user or service, by itself.
#[derive(Debug, Deserialize)]
pub(super) struct OneUserOrService {
    #[serde(alias = "user", alias = "service")]
    pub(super) one: UserOrService,
}

/// What can be named: a user, or a service.
#[derive(Debug, Deserialize)]
pub(super) struct UserOrService {
    #[serde(deserialize_with = "text")]
    pub(super) id: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) name: String,
    /// The same, in a reference.
    #[serde(default, deserialize_with = "text")]
    pub(super) summary: String,
    /// A user's.
    #[serde(default, deserialize_with = "text")]
    pub(super) email: String,
    /// A service's.
    #[serde(default, deserialize_with = "state_value")]
    pub(super) status: String,
}

/// Who is on call, for which policy, on which level of it, until when.
#[derive(Debug, Deserialize)]
pub(super) struct OnCall {
    pub(super) user: Reference,
    #[serde(default, deserialize_with = "or_nothing")]
    pub(super) escalation_policy: Option<Reference>,
    #[serde(default, deserialize_with = "or_nothing")]
    pub(super) schedule: Option<Reference>,
    #[serde(default, deserialize_with = "or_nothing")]
    pub(super) escalation_level: Option<u32>,
    #[serde(default)]
    pub(super) end: DutyEnd,
}

/// Until when somebody is on call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum DutyEnd {
    /// It is `null`: for ever, as PagerDuty documents it.
    Never,
    /// Then.
    At(Timestamp),
    /// It is missing, or no date.
    #[default]
    Unknown,
}

impl<'de> Deserialize<'de> for DutyEnd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Option::<Date>::deserialize(deserializer)? {
            None => Self::Never,
            Some(Date(Some(at))) => Self::At(at),
            Some(Date(None)) => Self::Unknown,
        })
    }
}

/// A webhook: <https://developer.pagerduty.com/docs/webhooks-overview>.
#[derive(Debug, Deserialize)]
pub(super) struct Webhook<'a> {
    #[serde(borrow)]
    pub(super) event: Event<'a>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Event<'a> {
    #[serde(default, deserialize_with = "text")]
    pub(super) id: String,
    /// Empty where it is missing.
    #[serde(default, deserialize_with = "state_value_if_any")]
    pub(super) event_type: String,
    #[serde(default)]
    pub(super) occurred_at: Date,
    #[serde(default, deserialize_with = "or_nothing")]
    pub(super) agent: Option<Reference>,
    /// An incident, or what belongs to one: by its `type`.
    #[serde(borrow, default)]
    pub(super) data: Option<&'a RawValue>,
}

/// Which incident a webhook is about, whatever else can be read of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Subject {
    #[serde(deserialize_with = "optional_text")]
    id: Option<String>,
    #[serde(rename = "type", deserialize_with = "state_value_if_any")]
    kind: String,
    /// Of a note, a responder and other things that belong to one.
    #[serde(deserialize_with = "or_nothing")]
    incident: Option<Reference>,
}

impl Subject {
    /// True where it is an incident itself.
    pub(super) fn is_incident(&self) -> bool {
        self.kind == "incident"
    }

    /// The incident's id. `is_of_incident`: the event is one of incidents themselves, which decides where the data has no type.
    pub(super) fn incident_id(self, is_of_incident: bool) -> Option<String> {
        let of_other = self.incident.map(|incident| incident.id);
        let is_own = matches!(self.kind.as_str(), "incident" | "incident_reference")
            || self.kind.is_empty() && is_of_incident;
        let own = self.id.filter(|_| is_own);
        own.or(of_other).filter(|id| !id.is_empty())
    }
}

/// PagerDuty's ids: `PIJ90N7`, `Q2R8T0ABCDEFGH`.
pub(super) fn is_id(text: &str) -> bool {
    (5..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}
