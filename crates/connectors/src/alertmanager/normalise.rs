//! Alerts as snapshots of incidents. Pure.

use std::collections::BTreeSet;

use callboard_domain::{
    item::{
        AccountName, CUT_NOTE, Detail, FIRST_SEEN_NOTE, Hold, INHIBITED_NOTE, Incident, IncidentStatus, Item,
        ItemKey, Kind, SILENCE_NOTE, Severity, User,
    },
    text,
};
use jiff::Timestamp;
use url::{Url, form_urlencoded};

use super::wire::{Alert, Pairs};
use crate::lenient;

const TITLE: usize = 200;
const DESCRIPTION: usize = 2_000;
const LABELS: usize = 48;
const LABEL_NAME: usize = 100;
const LABEL_VALUE: usize = 300;
const URL_BYTES: usize = 2_048;

/// Where snapshots are for.
#[derive(Debug)]
pub(super) struct Place {
    pub account: AccountName,
    pub base: Url,
}

/// How far an alert is, since when, and what holds it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub status: IncidentStatus,
    pub updated_at: Timestamp,
    /// Who keeps it quiet, and until when: `None` where that could not be read.
    pub hold: Option<(Vec<String>, Option<Timestamp>)>,
    pub silences: Vec<String>,
    pub inhibitors: Vec<String>,
    /// What else keeps it quiet, in words.
    pub otherwise: Vec<String>,
}

impl Standing {
    /// Nothing holds it.
    pub(super) fn unheld(status: IncidentStatus, updated_at: Timestamp) -> Self {
        Self {
            status,
            updated_at,
            hold: None,
            silences: Vec::new(),
            inhibitors: Vec::new(),
            otherwise: Vec::new(),
        }
    }

    /// What keeps it quiet: ids of silences, else fingerprints of alerts, else words.
    pub(super) fn by(&self) -> &Vec<String> {
        match (self.silences.is_empty(), self.inhibitors.is_empty()) {
            (false, _) => &self.silences,
            (true, false) => &self.inhibitors,
            (true, true) => &self.otherwise,
        }
    }
}

/// When an occurrence began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Began {
    pub at: Timestamp,
    /// False where the alert does not say, and it is when it was first seen.
    pub said: bool,
}

/// When an occurrence began, to the second: webhooks and the API give one beginning with different precision, and
/// would make two occurrences of it. None where the alert does not say, or says a time to come: of such an occurrence all
/// later ones would be earlier.
pub(super) fn began<S>(alert: &Alert<'_, S>, now: Timestamp) -> Option<Timestamp> {
    lenient::not_ahead(alert.starts_at.0, now).map(to_the_second)
}

pub(super) fn to_the_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// The incident that an alert is, begun then. The same whichever way the alert came.
pub(super) fn snapshot<S>(place: &Place, alert: &Alert<'_, S>, began: Began, standing: Standing) -> Item {
    let (labels, notes) = (&alert.labels, &alert.annotations);
    let severity = labels.first(&["severity", "priority"]).map_or(Severity::Warning, Severity::from_word);
    let service = labels.first(&["service", "alertname"]).unwrap_or("alert");
    let description = notes.first(&["description", "message"]).map(|words| text::block(words, DESCRIPTION));
    Item {
        key: ItemKey::new(&place.account, Kind::Incident, text::line(&alert.fingerprint, LABEL_NAME)),
        title: title(alert),
        url: web(&alert.generator_url).or_else(|| page(&place.base, labels)),
        detail: Detail::Incident(Incident {
            service: text::line(service, LABEL_NAME),
            number: None,
            severity,
            status: standing.status,
            started_at: began.at,
            updated_at: standing.updated_at,
            changed_by: None,
            hold: standing.hold.map(|(by, until)| Hold {
                at: standing.updated_at,
                by: by.into_iter().map(User::named).collect(),
                until,
            }),
            released_at: None,
            assigned: None,
            inferred_end: None,
            escalations: BTreeSet::new(),
            description,
            labels: shown_labels(labels, &standing.silences, &standing.inhibitors, began.said),
        }),
    }
}

fn title<S>(alert: &Alert<'_, S>) -> String {
    if let Some(words) = alert.annotations.first(&["summary", "title"]) {
        return text::line(words, TITLE);
    }
    let name = alert.labels.first(&["alertname"]).unwrap_or(&alert.fingerprint);
    match alert.labels.first(&["instance"]) {
        Some(instance) => text::line(&format!("{name} on {instance}"), TITLE),
        None => text::line(name, TITLE),
    }
}

fn shown_labels(
    labels: &Pairs<'_>,
    silences: &[String],
    inhibitors: &[String],
    says_when: bool,
) -> std::collections::BTreeMap<String, String> {
    let mut cut: Vec<String> = Vec::new();
    let mut shown = std::collections::BTreeMap::new();
    for (name, value) in &labels.0 {
        let (clean, short) = (text::line(name, LABEL_NAME), text::line(value, LABEL_VALUE));
        let whole = clean == **name && short == **value && shown.len() < LABELS && clean != SILENCE_NOTE;
        if !whole {
            cut.push(clean.clone());
        }
        if shown.len() < LABELS {
            shown.insert(clean, short);
        }
    }
    let mut own = |name: &str, values: &[String]| {
        if !values.is_empty() {
            shown.insert(name.to_owned(), text::line(&values.join(","), LABEL_VALUE));
        }
    };
    own(SILENCE_NOTE, silences);
    own(INHIBITED_NOTE, inhibitors);
    own(CUT_NOTE, &cut);
    if !says_when {
        own(FIRST_SEEN_NOTE, &["the service does not say when it began".to_owned()]);
    }
    shown
}

/// The alert's own labels, as they are at Alertmanager. `None` where the incident does not carry them all unchanged.
pub(super) fn exact_labels(incident: &Incident) -> Option<impl Iterator<Item = (&str, &str)>> {
    let labels = incident.own_labels();
    (!incident.labels.contains_key(CUT_NOTE)).then(|| labels.map(|(name, value)| (&**name, &**value)))
}

/// The value of one of the alert's own labels (nothing where it has none of that name), as far as the incident carries it:
/// the outer `None` is "not known".
pub(super) fn own_label<'a>(incident: &'a Incident, name: &str) -> Option<Option<&'a str>> {
    // The list of names may be cut itself, and then ends so.
    let cut = incident.labels.get(CUT_NOTE).map_or("", String::as_str);
    let own = !matches!(name, SILENCE_NOTE | INHIBITED_NOTE | FIRST_SEEN_NOTE | CUT_NOTE);
    match incident.labels.get(name).filter(|_| own) {
        _ if cut.split(',').any(|label| label == name) => None,
        None if cut.ends_with('…') => None,
        value => Some(value.map(String::as_str)),
    }
}

fn web(url: &str) -> Option<Url> {
    let plausible = url.len() <= URL_BYTES && (url.starts_with("http://") || url.starts_with("https://"));
    plausible.then(|| Url::parse(url).ok()).flatten()
}

/// The alert in Alertmanager's own pages, quiet or not.
fn page(base: &Url, labels: &Pairs<'_>) -> Option<Url> {
    let matchers: Vec<_> = ["alertname", "instance"]
        .iter()
        .filter_map(|name| labels.get(name).map(|value| format!("{name}={value:?}")))
        .collect();
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("silenced", "true"), ("inhibited", "true"), ("active", "true")])
        .append_pair("filter", &format!("{{{}}}", matchers.join(",")))
        .finish();
    let url = fragment(base, &format!("/alerts?{query}"));
    (url.as_str().len() <= URL_BYTES).then_some(url)
}

/// A place in Alertmanager's own pages.
pub(super) fn fragment(base: &Url, place: &str) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().push("");
    }
    url.set_fragment(Some(place));
    url
}
