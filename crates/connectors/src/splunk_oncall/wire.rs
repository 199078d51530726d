//! Splunk On-Call's JSON, by its public API's description: "all should be considered optional".

use serde::Deserialize;

use crate::lenient::{Date, Entries, Listed, any_text, folded, optional_text, or_nothing, required_text};

/// The incidents that are open, acknowledged, or were resolved a short while ago: all of them.
#[derive(Debug, Deserialize)]
pub(super) struct Incidents {
    pub(super) incidents: Entries<Incident>,
}

/// An incident.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Incident {
    /// Text, though it is a number.
    #[serde(deserialize_with = "required_text")]
    pub(super) incident_number: String,
    /// `UNACKED`, `ACKED` or `RESOLVED`; the description has `triggered`, `acknowledged` or `resolved`.
    #[serde(default, deserialize_with = "any_text")]
    pub(super) current_phase: String,
    #[serde(default, deserialize_with = "any_text")]
    pub(super) entity_id: String,
    #[serde(default, deserialize_with = "any_text")]
    pub(super) entity_display_name: String,
    /// How bad: `CRITICAL`, `WARNING`, `INFO`; `OK` once it has recovered.
    #[serde(default, deserialize_with = "any_text")]
    pub(super) entity_state: String,
    #[serde(default, deserialize_with = "any_text")]
    pub(super) host: String,
    #[serde(default, deserialize_with = "any_text")]
    pub(super) service: String,
    #[serde(default, deserialize_with = "any_text")]
    pub(super) routing_key: String,
    #[serde(default, deserialize_with = "any_text")]
    pub(super) incident_link: String,
    #[serde(default)]
    pub(super) start_time: Date,
    /// Names of users.
    #[serde(default)]
    pub(super) paged_users: Listed<Name>,
    /// Slugs of teams.
    #[serde(default)]
    pub(super) paged_teams: Listed<Name>,
    #[serde(default)]
    pub(super) paged_policies: Listed<PagedPolicy>,
    #[serde(default)]
    pub(super) transitions: Listed<Transition>,
}

#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct Name(#[serde(deserialize_with = "required_text")] pub(super) String);

/// An escalation policy that was paged, and whose it is.
#[derive(Debug, Deserialize)]
pub(super) struct PagedPolicy {
    #[serde(default, deserialize_with = "or_nothing")]
    pub(super) policy: Option<Named>,
    #[serde(default, deserialize_with = "or_nothing")]
    pub(super) team: Option<Named>,
}

/// A team or an escalation policy.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Named {
    #[serde(default, deserialize_with = "any_text")]
    pub(super) name: String,
    /// What it is identified by.
    #[serde(default, deserialize_with = "any_text")]
    pub(super) slug: String,
}

/// A step of an incident from one phase to another.
#[derive(Debug, Deserialize)]
pub(super) struct Transition {
    /// The phase: see [`Incident::current_phase`].
    #[serde(default, deserialize_with = "any_text")]
    pub(super) name: String,
    #[serde(default)]
    pub(super) at: Date,
    /// Whose doing it was, where it was anybody's.
    #[serde(default, deserialize_with = "any_text")]
    pub(super) by: String,
    #[serde(default, deserialize_with = "any_text")]
    pub(super) message: String,
}

/// What became of an acknowledgement or a resolution, incident by incident.
#[derive(Debug, Deserialize)]
pub(super) struct Results {
    pub(super) results: Entries<Accepted>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Accepted {
    #[serde(default, deserialize_with = "any_text")]
    pub(super) incident_number: String,
    #[serde(default, deserialize_with = "yes_or_no")]
    pub(super) cmd_accepted: Option<bool>,
    #[serde(default, deserialize_with = "any_text")]
    pub(super) message: String,
}

/// What became of a rerouting, incident by incident.
#[derive(Debug, Deserialize)]
pub(super) struct Statuses {
    pub(super) statuses: Entries<Rerouted>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rerouted {
    #[serde(default, deserialize_with = "any_text")]
    pub(super) incident_number: String,
    #[serde(default, deserialize_with = "yes_or_no")]
    pub(super) success: Option<bool>,
    #[serde(default, deserialize_with = "any_text")]
    pub(super) message: String,
    #[serde(default, deserialize_with = "or_nothing")]
    pub(super) target_status: Option<Entries<Target>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Target {
    #[serde(default, deserialize_with = "yes_or_no")]
    pub(super) success: Option<bool>,
    #[serde(default, deserialize_with = "any_text")]
    pub(super) message: String,
}

/// Who is on call. The description and the service write the names within with other capitals.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OnCall {
    pub(super) teams_on_call: Entries<TeamOnCall>,
}

#[derive(Debug, Deserialize)]
pub(super) struct TeamOnCall {
    #[serde(default, deserialize_with = "or_nothing")]
    pub(super) team: Named,
    #[serde(alias = "onCallNow", rename = "oncallNow")]
    pub(super) now: Entries<Duty>,
}

/// Who is on call for an escalation policy.
#[derive(Debug, Deserialize)]
pub(super) struct Duty {
    #[serde(default, rename = "escalationPolicy", deserialize_with = "or_nothing")]
    pub(super) policy: Named,
    pub(super) users: Entries<OnCallUser>,
}

#[derive(Debug, Deserialize)]
pub(super) struct OnCallUser {
    #[serde(alias = "onCallUser", rename = "onCalluser")]
    pub(super) user: Username,
}

#[derive(Debug, Deserialize)]
pub(super) struct Username {
    #[serde(deserialize_with = "required_text")]
    pub(super) username: String,
}

/// A user.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct User {
    #[serde(deserialize_with = "required_text")]
    pub(super) username: String,
    #[serde(default, deserialize_with = "any_text")]
    pub(super) display_name: String,
    #[serde(default, deserialize_with = "any_text")]
    pub(super) first_name: String,
    #[serde(default, deserialize_with = "any_text")]
    pub(super) last_name: String,
}

/// Yes or no; none for anything else: a missing value is neither.
fn yes_or_no<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    Ok(optional_text(deserializer)?.and_then(|value| folded(&value)?.parse().ok()))
}

/// User names, and the slugs of policies: what can stand in a path and in a command's line.
pub(super) fn is_name(text: &str) -> bool {
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '/' | '\\' | '?' | '#' | '%');
    !text.is_empty() && !matches!(text, "." | "..") && !text.contains(odd)
}

/// True where both are one user's name: signing in takes it in any case.
pub(super) fn is_same_user(one: &str, other: &str) -> bool {
    !one.is_empty() && one.eq_ignore_ascii_case(other)
}
