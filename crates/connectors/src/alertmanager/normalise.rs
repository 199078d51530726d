//! Alerts as snapshots of incidents. Pure.

use std::collections::{BTreeMap, BTreeSet};

use callboard_domain::{
    item::{
        AccountName, Detail, Hold, Incident, IncidentStatus, Item, ItemKey, Kind, LONGEST_LINE, Severity,
        User,
    },
    text,
};
use jiff::Timestamp;
use url::{Url, form_urlencoded};

use super::wire::{Alert, Pairs};
use crate::lenient;

const DESCRIPTION: usize = 2_000;
const LABELS: usize = 48;
const LABEL_NAME: usize = 100;
const LABEL_VALUE: usize = 300;
/// Under which note an incident carries the ids of its silences, separated by commas.
pub(super) const SILENCES: &str = "silences";
/// Under which note it carries the names of the labels that are not there as they are, separated by commas.
const CUT: &str = "cut-labels";

const URL_BYTES: usize = 2_048;

/// Where snapshots are for.
#[derive(Debug)]
pub(super) struct Place {
    pub account: AccountName,
    pub base: Url,
}

impl Place {
    /// The key of the incident that an alert is.
    pub(super) fn key(&self, fingerprint: &str) -> ItemKey {
        ItemKey::new(&self.account, Kind::Incident, fingerprint)
    }
}

/// The status of an alert, since when, and what suppresses it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct AlertState {
    pub status: IncidentStatus,
    pub updated_at: Timestamp,
    /// Who suppresses it, and until when: `None` where that could not be read.
    pub hold: Option<(Vec<String>, Option<Timestamp>)>,
    pub silences: Vec<String>,
    pub inhibitors: Vec<String>,
    /// What else suppresses it, as text.
    pub other_reasons: Vec<String>,
}

impl AlertState {
    /// Without anything that suppresses it.
    pub(super) fn new(status: IncidentStatus, updated_at: Timestamp) -> Self {
        Self {
            status,
            updated_at,
            hold: None,
            silences: Vec::new(),
            inhibitors: Vec::new(),
            other_reasons: Vec::new(),
        }
    }

    /// What suppresses it: ids of silences, else fingerprints of alerts, else text.
    pub(super) fn by(&self) -> &Vec<String> {
        match (self.silences.is_empty(), self.inhibitors.is_empty()) {
            (false, _) => &self.silences,
            (true, false) => &self.inhibitors,
            (true, true) => &self.other_reasons,
        }
    }
}

/// When an occurrence began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Began {
    pub at: Timestamp,
    /// False where the alert has no time: `at` is when it was first seen.
    pub is_known: bool,
}

/// When an occurrence began, to the second: webhooks and the API give one beginning with different precision, and
/// would make two occurrences of it. None where the alert has no time, or a future one: of such an occurrence all
/// later ones would be earlier.
pub(super) fn began<S>(alert: &Alert<'_, S>, now: Timestamp) -> Option<Timestamp> {
    lenient::not_ahead(alert.starts_at.at, now).map(to_the_second)
}

pub(super) fn to_the_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// The incident that an alert is, begun then. The same whichever way the alert came.
pub(super) fn snapshot<S>(place: &Place, alert: &Alert<'_, S>, began: Began, state: AlertState) -> Item {
    let labels = &alert.labels;
    let severity = labels.first(&["severity", "priority"]).map_or(Severity::Unknown, Severity::from_word);
    // Empty is unknown: nothing that is known of it is overwritten.
    let service = labels.first(&["service", "alertname"]).unwrap_or_default();
    let (shown, cut) = shown_labels(labels);
    let description = annotation(alert, &["description", "message"]);
    let description = description.map(|text| text::block(text, DESCRIPTION));
    let key = place.key(&alert.fingerprint);
    Item {
        title: title(alert, &key.id),
        key,
        url: web(&alert.generator_url).or_else(|| page(&place.base, labels)),
        detail: Detail::Incident(Incident {
            service: text::line(service, LABEL_NAME),
            number: None,
            severity,
            status: state.status,
            started_at: began.at,
            start_unknown: !began.is_known,
            suppressed: state.status == IncidentStatus::Acknowledged,
            updated_at: state.updated_at,
            changed_by: None,
            hold: state.hold.map(|(by, until)| Hold {
                at: state.updated_at,
                by: by.into_iter().map(User::named).collect(),
                until,
            }),
            released_at: None,
            assigned: None,
            inferred_end: None,
            escalations: BTreeSet::new(),
            escalated_by: BTreeMap::new(),
            description,
            labels: shown,
            notes: notes(&state.silences, &cut),
        }),
    }
}

fn annotation<'l, S>(alert: &'l Alert<'_, S>, names: &[&str]) -> Option<&'l str> {
    alert.annotations.as_ref()?.first(names)
}

/// `id`: what it is called where it has no name.
fn title<S>(alert: &Alert<'_, S>, id: &str) -> String {
    if let Some(title) = annotation(alert, &["summary", "title"]) {
        return text::line(title, LONGEST_LINE);
    }
    let name = alert.labels.first(&["alertname"]);
    match alert.labels.first(&["instance"]) {
        Some(instance) => text::line(&format!("{} on {instance}", name.unwrap_or(id)), LONGEST_LINE),
        None => text::line(name.unwrap_or(id), LONGEST_LINE),
    }
}

/// The labels as they are shown, and the names of those that are not whole: an alert without labels may have any.
fn shown_labels(labels: &Pairs<'_>) -> (BTreeMap<String, String>, Vec<String>) {
    if labels.are_blank() {
        return (BTreeMap::new(), vec!["…".to_owned()]);
    }
    let (mut shown, mut cut) = (BTreeMap::new(), Vec::new());
    for (name, value) in &labels.0 {
        let (clean, short) = (text::line(name, LABEL_NAME), text::line(value, LABEL_VALUE));
        if clean != **name || short != **value || shown.len() >= LABELS {
            cut.push(clean.clone());
        }
        if shown.len() < LABELS {
            shown.insert(clean, short);
        }
    }
    (shown, cut)
}

fn notes(silences: &[String], cut: &[String]) -> BTreeMap<String, String> {
    let notes = [(SILENCES, silences), (CUT, cut)].into_iter().filter(|(_, values)| !values.is_empty());
    notes.map(|(name, values)| (name.to_owned(), text::line(&values.join(","), LABEL_VALUE))).collect()
}

/// What versions before there were notes put among the labels, until the next poll. (They did so with `silence`, too, which
/// any alert may have for a label.) A label of one of these names can only be real where UTF-8 names are used; such an alert
/// cannot be silenced from here.
const NOTED_AMONG_LABELS: [&str; 3] = ["cut-labels", "first-seen", "inhibited-by"];

/// The alert's labels, as they are at Alertmanager. `None` where the incident does not carry them all unchanged.
pub(super) fn exact_labels(incident: &Incident) -> Option<impl Iterator<Item = (&str, &str)>> {
    let is_whole = !incident.notes.contains_key(CUT)
        && NOTED_AMONG_LABELS.iter().all(|name| !incident.labels.contains_key(*name));
    is_whole.then(|| incident.labels.iter().map(|(name, value)| (&**name, &**value)))
}

/// The value of one of the alert's labels (nothing where it has none of that name), as far as the incident carries it: the
/// outer `None` is "not known".
pub(super) fn label<'a>(incident: &'a Incident, name: &str) -> Option<Option<&'a str>> {
    // The list of names may be cut itself, and then ends so.
    let cut = incident.notes.get(CUT).map_or("", String::as_str);
    match incident.labels.get(name) {
        _ if cut.split(',').any(|label| label == name) => None,
        None if cut.ends_with('…') => None,
        value => Some(value.map(String::as_str)),
    }
}

fn web(url: &str) -> Option<Url> {
    lenient::web_url(url).filter(|_| url.len() <= URL_BYTES)
}

/// The alert in Alertmanager's own pages, quiet or not. None where nothing identifies it.
fn page(base: &Url, labels: &Pairs<'_>) -> Option<Url> {
    if labels.are_blank() {
        return None;
    }
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
