//! Reads all of Alertmanager's alerts: it lists an alert only while it fires.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use callboard_domain::{
    error::ServiceError,
    item::{Detail, IncidentStatus, Item, Kind},
    source::{Batch, Cursor, Problem, ProblemKind, Scope, Source},
    text,
};
use jiff::{SignedDuration, Timestamp};

use super::{
    ends::End,
    listed::Row,
    marks::{Mark, Marks},
    normalise::{AlertState, Began, began, label, snapshot, to_the_second},
    server::Server,
    wire::{Alert, Quiet, Silence},
};
use crate::{
    http::Request,
    lenient::{Entries, first_and_more, folded, not_ahead},
};

pub(super) struct Alerts {
    pub server: std::sync::Arc<Server>,
}

/// Every alert of Alertmanager has a name at least: the severity and service of an alert without labels are unknown.
fn unlabelled(alerts: &Entries<Alert<'_, Quiet>>) -> Option<Problem> {
    let bare = alerts.good.iter().filter(|alert| alert.labels.are_blank()).count();
    let why = || {
        let all = alerts.good.len();
        format!(
            "{bare} of {all} alerts have no labels: how severe they are, and of which service, is not known"
        )
    };
    (bare > 0).then(|| Problem::new(ProblemKind::Incomplete, "", why()))
}

/// Alerts with a time that is no date: they are shown as of when they were seen.
fn undated(alerts: &Entries<Alert<'_, Quiet>>) -> Option<Problem> {
    let unread = alerts.good.iter().filter_map(|alert| {
        let name = alert.labels.get("alertname").unwrap_or(&alert.fingerprint);
        Some(format!("{}: {}", text::line(name, 100), alert.unread_date()?))
    });
    let why = first_and_more(&unread.collect::<Vec<_>>())?;
    let why = format!("when alerts began or end cannot be read, they count from when they were seen: {why}");
    Some(Problem::new(ProblemKind::Details, "alerts", why))
}

#[async_trait]
impl Source for Alerts {
    async fn poll(&self, since: Option<&Cursor>, now: Timestamp) -> Result<Batch, ServiceError> {
        let answer = self.server.http.send(self.list()).await?;
        let alerts: Entries<Alert<'_, Quiet>> = answer.json()?;
        let before = Marks::read(since);
        self.server.ends.recall(&before.ends, &before.gone);
        let mut problems = Vec::new();

        let is_silenced = alerts.good.iter().any(|alert| {
            let was = before.alerts.get(&*alert.fingerprint).is_some_and(|mark| !mark.by.is_empty());
            !alert.status.silenced_by.is_empty() || was
        });
        let silences = if is_silenced { self.server.silences().await } else { Ok(Entries::default()) };
        let silences = match silences {
            Ok(silences) => silences,
            // Which alerts are silenced is known without this list: only by whom and until when is not.
            Err(why) => {
                problems.push(Problem::new(ProblemKind::Details, "silences", why.to_string()));
                Entries::default()
            }
        };
        problems.extend(silences.problem("", "silences"));
        let silences: BTreeMap<&str, &Silence> =
            silences.good.iter().map(|silence| (silence.id.as_str(), silence)).collect();

        let names: BTreeMap<&str, &str> = alerts
            .good
            .iter()
            .map(|alert| (&*alert.fingerprint, alert.labels.get("alertname").unwrap_or_default()))
            .collect();
        let (mut snapshots, mut after) = (Vec::new(), Marks::default());
        let (mut first_seen, mut rows) = (BTreeMap::new(), BTreeMap::new());
        for alert in once(&alerts.good) {
            let mark = before.alerts.get(&*alert.fingerprint);
            let known_start = began(alert, now);
            let occurrence = known_start.map(|at| self.server.listed.beginning(&alert.fingerprint, at));
            let began = occurrence.unwrap_or_else(|| {
                let by_webhook = self.server.first_seen.of(&alert.fingerprint);
                let at = by_webhook.or(mark.map(|mark| mark.since)).unwrap_or_else(|| to_the_second(now));
                first_seen.insert(alert.fingerprint.to_string(), at);
                at
            });
            let (end, sent) = (self.server.ends.of(&alert.fingerprint), not_ahead(alert.updated_at.0, now));
            let is_gone = self.server.ends.is_gone(&alert.fingerprint);
            // Of a part of what has ended.
            let part_of = end.filter(|end| !is_gone && is_within(began, sent, *end, now));
            let began = part_of.map_or(began, |(first, _)| first);
            let mut state = alert_state(began, &alert.status, mark, &silences, now);
            if state.silences.is_empty() && !state.inhibitors.is_empty() {
                state.hold = Some((inhibiting(&alert.status.inhibited_by, &names), None));
            }
            // Sent again after its end, or listed again, it fires, whether under its old beginning or another.
            if let Some((_, ended)) = end.filter(|(_, ended)| state.updated_at <= *ended) {
                let back = || now.max(just_after(ended));
                let since = sent.filter(|sent| ended < *sent).or_else(|| is_gone.then(back));
                state.updated_at = since.unwrap_or(state.updated_at);
            }
            after.keep(alert, began, known_start.is_none(), &state);
            // Not the occurrence that is over.
            if let Some(starts_at) = known_start
                && end.is_none_or(|(first, ended)| began != first || ended < state.updated_at)
            {
                let row = Row { starts_at, began, asked: now, reported: None };
                rows.insert(alert.fingerprint.to_string(), row);
            }
            let began = Began { at: began, is_known: known_start.is_some() };
            snapshots.push(snapshot(&self.server.place, alert, began, state));
        }
        self.server.first_seen.listed(first_seen, to_the_second(now));
        // What could not be read may be any of the alerts that seem to be missing.
        let is_whole = alerts.odd.is_empty();
        self.server.listed.replace(rows, is_whole, now);
        if is_whole {
            let listed: BTreeSet<&str> = alerts.good.iter().map(|alert| &*alert.fingerprint).collect();
            self.server.ends.listed(&listed);
        }
        (after.ends, after.gone) = self.server.ends.to_store();
        let complete = is_whole.then(|| Scope::all(Kind::Incident));
        problems.extend(alerts.problem("", "alerts"));
        problems.extend(unlabelled(&alerts));
        problems.extend(undated(&alerts));
        Ok(Batch {
            snapshots,
            complete: complete.into_iter().collect(),
            cursor: Some(after.write()),
            problems,
            ..Batch::default()
        })
    }

    /// By the account's filter. A label that the incident carries only in part does not exclude it.
    fn watches(&self, item: &Item) -> bool {
        let Detail::Incident(incident) = &item.detail else { return true };
        self.server
            .filter
            .iter()
            .all(|matcher| label(incident, matcher.label()).is_none_or(|value| matcher.matches(|_| value)))
    }
}

impl Alerts {
    fn list(&self) -> Request {
        let all = ["active", "silenced", "inhibited", "unprocessed"];
        let list = all
            .into_iter()
            .fold(Request::get(["api", "v2", "alerts"]), |request, which| request.query(which, "true"));
        self.server.filter.iter().fold(list, |request, matcher| request.query("filter", matcher.as_str()))
    }
}

/// The state of a firing alert.
///
/// A silenced alert is acknowledged, by whoever made the silence. An inhibited alert is acknowledged too: it follows from
/// another firing alert, and needs no person meanwhile. So are alerts that are muted for a time, that Alertmanager has not
/// processed yet, or that a later version suppresses for another reason: any state but `active`. An alert that is not suppressed
/// any more is triggered again, and newer than its acknowledgement.
fn alert_state(
    began: Timestamp,
    quiet: &Quiet,
    mark: Option<&Mark>,
    silences: &BTreeMap<&str, &Silence>,
    now: Timestamp,
) -> AlertState {
    let (mark, last) = mark.and_then(|mark| Some((mark, mark.changed_at(began)?))).unzip();
    let last = last.unwrap_or(began);
    let known = |ids: &[String]| -> Vec<&Silence> {
        ids.iter().filter_map(|id| silences.get(id.as_str()).copied()).collect()
    };
    if let Some(mark) = mark.filter(|mark| !quiet.is_known && !mark.by.is_empty()) {
        // As far as is known, it is suppressed as before.
        let other_reasons = mark.by.clone();
        AlertState { other_reasons, ..AlertState::new(IncidentStatus::Acknowledged, last) }
    } else if !quiet.silenced_by.is_empty() {
        let silenced_by = known(&quiet.silenced_by);
        let mut holders: Vec<_> =
            silenced_by.iter().map(|silence| text::line(&silence.created_by, 100)).collect();
        holders.retain(|holder| !holder.is_empty());
        holders.sort();
        holders.dedup();
        let set = silenced_by.iter().filter_map(|silence| silence.set_at()).max();
        AlertState {
            status: IncidentStatus::Acknowledged,
            updated_at: set.map_or(last, |at| at.max(last)),
            // Where a silence has no end, the end is unknown.
            hold: (!silenced_by.is_empty()).then(|| {
                let ends = silenced_by.iter().map(|silence| silence.ends_at.0).collect::<Option<Vec<_>>>();
                (holders, ends.and_then(|ends| ends.into_iter().max()))
            }),
            silences: sorted(&quiet.silenced_by),
            inhibitors: sorted(&quiet.inhibited_by),
            other_reasons: Vec::new(),
        }
    } else if !quiet.inhibited_by.is_empty() {
        let inhibitors = sorted(&quiet.inhibited_by);
        AlertState { inhibitors, ..AlertState::new(IncidentStatus::Acknowledged, last) }
    } else if let other_reasons @ [_, ..] = &other_reasons(quiet)[..] {
        let other_reasons = other_reasons.to_vec();
        AlertState {
            hold: Some((other_reasons.clone(), None)),
            other_reasons,
            ..AlertState::new(IncidentStatus::Acknowledged, last)
        }
    } else {
        let freed = mark.filter(|mark| !mark.by.is_empty()).map(|mark| {
            let over = known(&mark.by).into_iter().filter(|silence| silence.is_over());
            let at = over.filter_map(|silence| silence.ends_at.0).max().unwrap_or(now);
            // On a tie the acknowledgement would stay.
            at.max(just_after(last))
        });
        AlertState::new(IncidentStatus::Triggered, freed.unwrap_or(last))
    }
}

fn just_after(at: Timestamp) -> Timestamp {
    at.checked_add(SignedDuration::from_millis(1)).unwrap_or(at)
}

/// Each alert once. An alert listed twice counts as firing unsuppressed if one of its rows does.
fn once<'l, 'a>(alerts: &'l [Alert<'a, Quiet>]) -> impl Iterator<Item = &'l Alert<'a, Quiet>> {
    let is_quiet = |quiet: &Quiet| {
        !quiet.silenced_by.is_empty() || !quiet.inhibited_by.is_empty() || !other_reasons(quiet).is_empty()
    };
    let mut known: BTreeMap<&str, &Alert<'a, Quiet>> = BTreeMap::new();
    for alert in alerts {
        let first = known.entry(&alert.fingerprint).or_insert(alert);
        if is_quiet(&first.status) && !is_quiet(&alert.status) {
            *first = alert;
        }
    }
    known.into_values()
}

/// True for an alert that began during an occurrence of which the end was reported, and was not sent since: a server of a cluster
/// that has joined fewer reports lists it so, and has not received the end. An end to come is none.
fn is_within(began: Timestamp, sent: Option<Timestamp>, (first, ended): End, now: Timestamp) -> bool {
    first < began && began < ended && ended <= now && sent.is_some_and(|sent| sent <= ended)
}

/// What else suppresses an alert, as text.
fn other_reasons(quiet: &Quiet) -> Vec<String> {
    let mut reasons: Vec<_> = quiet
        .other_reasons
        .iter()
        .map(|(how, name)| match how.as_str() {
            "muted" => format!("mute time {}", text::line(name, 80)),
            how => text::line(&format!("{how} by {name}"), 100),
        })
        .collect();
    reasons.sort();
    reasons.dedup();
    // An older server gives no state, and one that imitates it gives that of a webhook.
    let state = folded(&quiet.state);
    if reasons.is_empty() && !matches!(state.as_deref(), None | Some("active" | "firing")) {
        reasons.push(format!("Alertmanager ({})", text::line(&quiet.state, 40)));
    }
    reasons
}

/// What suppresses an inhibited alert: the alerts that it follows from, by name where they are listed.
fn inhibiting(fingerprints: &[String], names: &BTreeMap<&str, &str>) -> Vec<String> {
    let name = |fingerprint: &String| match names.get(fingerprint.as_str()) {
        Some(name) if !name.is_empty() => format!("alert {}", text::line(name, 100)),
        _ => "another alert".to_owned(),
    };
    let mut holders: Vec<_> = fingerprints.iter().map(name).collect();
    holders.sort();
    holders.dedup();
    holders
}

fn sorted(ids: &[String]) -> Vec<String> {
    let mut ids: Vec<_> = ids.iter().map(|id| text::line(id, 64)).collect();
    ids.sort();
    ids
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn silence(id: &str, state: &str, by: &str, updated: i64, ends: i64) -> Silence {
        serde_json::from_value(serde_json::json!({
            "id": id, "status": { "state": state }, "updatedAt": at(updated), "startsAt": at(updated),
            "endsAt": at(ends), "createdBy": by, "comment": "", "matchers": [],
        }))
        .unwrap()
    }

    fn quiet(silenced: &[&str], inhibited: &[&str]) -> Quiet {
        let own = |ids: &[&str]| ids.iter().map(|&id| id.to_owned()).collect();
        let is_suppressed = !silenced.is_empty() || !inhibited.is_empty();
        let state = if is_suppressed { "suppressed" } else { "active" }.to_owned();
        Quiet {
            state,
            silenced_by: own(silenced),
            inhibited_by: own(inhibited),
            is_known: true,
            other_reasons: Vec::new(),
        }
    }

    fn status(json: serde_json::Value) -> Quiet {
        serde_json::from_value(json).unwrap()
    }

    fn mark(since: i64, by: &[&str], when: i64) -> Option<Mark> {
        let by = by.iter().map(|&id| id.to_owned()).collect();
        Some(Mark { since: at(since), by, at: at(when) })
    }

    #[test]
    fn alert_without_a_status_keeps_its_state() {
        use IncidentStatus::{Acknowledged, Triggered};
        // Its status as JSON, what suppressed it before -> its status.
        let cases = [
            (json!(null), mark(100, &["s1"], 150), Acknowledged),
            (json!({}), mark(100, &["s1"], 150), Acknowledged),
            (json!({ "state": null, "silencedBy": null }), mark(100, &["s1"], 150), Acknowledged),
            (json!(null), None, Triggered),
            (json!(null), mark(50, &["s1"], 60), Triggered),
            (json!({ "state": "active", "silencedBy": [] }), mark(100, &["s1"], 150), Triggered),
            (json!({ "silencedBy": [], "inhibitedBy": [] }), mark(100, &["s1"], 150), Triggered),
        ];
        for (json, mark, expected) in cases {
            let found = alert_state(at(100), &status(json.clone()), mark.as_ref(), &BTreeMap::new(), at(200));
            assert_eq!(found.status, expected, "{json}");
            if expected == Acknowledged {
                assert_eq!((found.by(), found.updated_at), (&vec!["s1".to_owned()], at(150)), "{json}");
            }
        }
    }

    #[test]
    fn alert_listed_twice_counts_once_and_as_unsuppressed_if_one_row_is() {
        let alert = |id: &str, state: &str| -> String {
            json!({ "fingerprint": id, "status": { "state": state } }).to_string()
        };
        let cases = [
            (["active", "suppressed"], "active"),
            (["suppressed", "active"], "active"),
            (["suppressed", "suppressed"], "suppressed"),
        ];
        for (states, expected) in cases {
            let texts = states.map(|state| alert("f1", state));
            let other = alert("f2", "active");
            let alerts: Vec<Alert<'_, Quiet>> =
                texts.iter().chain([&other]).map(|text| serde_json::from_str(text).unwrap()).collect();
            let found: Vec<&str> = once(&alerts).map(|alert| alert.status.state.as_str()).collect();
            let mut found = found;
            found.sort_unstable();
            let mut expected = vec![expected, "active"];
            expected.sort_unstable();
            assert_eq!(found, expected, "{states:?}");
        }
    }

    #[test]
    fn suppressed_alert_is_acknowledged_and_triggered_again_afterwards() {
        use IncidentStatus::{Acknowledged, Triggered};
        let silences = [
            silence("s1", "active", "ana", 150, 900),
            silence("s2", "active", "bob", 160, 800),
            silence("old", "Expired", "ana", 150, 180),
        ];
        let silences: BTreeMap<&str, &Silence> = silences.iter().map(|s| (s.id.as_str(), s)).collect();
        // What is quiet, what the last poll saw -> status, since when, who, until when. The alert began at 100, now is 200.
        let cases = [
            (quiet(&[], &[]), None, (Triggered, at(100), "", None)),
            (quiet(&["s1"], &[]), None, (Acknowledged, at(150), "ana", Some(at(900)))),
            (quiet(&["s1", "s2"], &[]), None, (Acknowledged, at(160), "ana bob", Some(at(900)))),
            (quiet(&["not listed"], &[]), None, (Acknowledged, at(100), "", None)),
            (quiet(&["s1"], &["big"]), None, (Acknowledged, at(150), "ana", Some(at(900)))),
            (quiet(&[], &["big"]), None, (Acknowledged, at(100), "", None)),
            (quiet(&[], &["big"]), mark(100, &[], 170), (Acknowledged, at(170), "", None)),
            // The silence ended at 180; one that is gone from the list ended by now.
            (quiet(&[], &[]), mark(100, &["old"], 150), (Triggered, at(180), "", None)),
            (quiet(&[], &[]), mark(100, &["gone"], 150), (Triggered, at(200), "", None)),
            (quiet(&[], &[]), mark(100, &["big"], 100), (Triggered, at(200), "", None)),
            // Seen unsuppressed before: it stays as it was. A mark of an earlier occurrence does not count.
            (quiet(&[], &[]), mark(100, &[], 180), (Triggered, at(180), "", None)),
            (quiet(&[], &[]), mark(50, &["old"], 60), (Triggered, at(100), "", None)),
            (quiet(&["s1"], &[]), mark(100, &["s1"], 190), (Acknowledged, at(190), "ana", Some(at(900)))),
            // A mark of the same occurrence, which began earlier than was known.
            (quiet(&[], &[]), mark(130, &["old"], 150), (Triggered, at(180), "", None)),
            (quiet(&[], &[]), mark(130, &[], 180), (Triggered, at(180), "", None)),
            (quiet(&["not listed"], &[]), mark(130, &["gone"], 170), (Acknowledged, at(170), "", None)),
            (quiet(&[], &["big"]), mark(130, &["big"], 130), (Acknowledged, at(100), "", None)),
            // Muted, and whatever a later version has.
            (
                status(json!({ "state": "suppressed", "mutedBy": ["nights", "weekends"] })),
                None,
                (Acknowledged, at(100), "mute time nights mute time weekends", None),
            ),
            (
                status(json!({ "mutedBy": ["nights"] })),
                None,
                (Acknowledged, at(100), "mute time nights", None),
            ),
            (
                status(json!({ "state": "active", "pausedBy": [{ "id": 7 }] })),
                None,
                (Acknowledged, at(100), "paused by 7", None),
            ),
            (
                status(json!({ "state": "suppressed" })),
                None,
                (Acknowledged, at(100), "Alertmanager (suppressed)", None),
            ),
            (
                status(json!({ "state": "unprocessed", "silencedBy": null })),
                None,
                (Acknowledged, at(100), "Alertmanager (unprocessed)", None),
            ),
            (
                status(json!({ "state": "of tomorrow" })),
                None,
                (Acknowledged, at(100), "Alertmanager (of tomorrow)", None),
            ),
            (
                status(json!({ "state": "suppressed", "silencedBy": ["s1"], "mutedBy": ["nights"] })),
                None,
                (Acknowledged, at(150), "ana", Some(at(900))),
            ),
            (quiet(&[], &[]), mark(100, &["mute time nights"], 100), (Triggered, at(200), "", None)),
            // A server without a status suppresses nothing.
            (status(json!(null)), None, (Triggered, at(100), "", None)),
            (status(json!("active")), None, (Triggered, at(100), "", None)),
            (status(json!({ "state": " ACTIVE" })), None, (Triggered, at(100), "", None)),
            (status(json!({ "state": "Firing" })), None, (Triggered, at(100), "", None)),
            (
                status(json!({ "state": null, "mutedBy": [], "silencedBy": null })),
                None,
                (Triggered, at(100), "", None),
            ),
        ];
        for (quiet, mark, expected) in cases {
            let got = alert_state(at(100), &quiet, mark.as_ref(), &silences, at(200));
            let (holders, until) = got.hold.unwrap_or_default();
            assert_eq!(
                (got.status, got.updated_at, holders.join(" ").as_str(), until),
                expected,
                "{quiet:?} {mark:?}"
            );
        }
    }

    #[test]
    fn end_of_a_silence_is_newer_even_where_the_clocks_disagree() {
        let got = alert_state(
            at(100),
            &quiet(&[], &[]),
            mark(100, &["gone"], 300).as_ref(),
            &BTreeMap::new(),
            at(200),
        );
        assert!(got.updated_at > at(300), "{got:?}");
    }
}
