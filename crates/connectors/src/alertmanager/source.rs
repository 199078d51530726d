//! What Alertmanager holds now, read whole: it lists an alert for as long as it fires, and no longer.

use std::collections::BTreeMap;

use async_trait::async_trait;
use callboard_domain::{
    error::ServiceError,
    item::{Detail, IncidentStatus, Item, Kind},
    source::{Batch, Cursor, Problem, ProblemKind, Scope, Source},
    text,
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    ends::End,
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

/// Alertmanager's alerts have a name at least: where one has no label, what severity and service it has is not known.
fn unlabelled(alerts: &Entries<Alert<'_, Quiet>>) -> Option<Problem> {
    let bare = alerts.good.iter().filter(|alert| alert.labels.say_nothing()).count();
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
        self.server.ends.recall(&before.ends);
        let mut problems = Vec::new();

        let held = alerts.good.iter().any(|alert| {
            let was = before.alerts.get(&*alert.fingerprint).is_some_and(|mark| !mark.by.is_empty());
            !alert.status.silenced_by.is_empty() || was
        });
        let silences = if held { self.server.silences().await } else { Ok(Entries::default()) };
        let silences = match silences {
            Ok(silences) => silences,
            // That an alert is silenced is known without: only by whom and until when is not.
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
        let mut first_seen = BTreeMap::new();
        for alert in once(&alerts.good) {
            let mark = before.alerts.get(&*alert.fingerprint);
            let said = began(alert, now);
            let began = said.unwrap_or_else(|| {
                let by_webhook = self.server.first_seen.of(&alert.fingerprint);
                let at = by_webhook.or(mark.map(|mark| mark.since)).unwrap_or_else(|| to_the_second(now));
                first_seen.insert(alert.fingerprint.to_string(), at);
                at
            });
            let mut standing = standing(began, &alert.status, mark, &silences, now);
            if standing.silences.is_empty() && !standing.inhibitors.is_empty() {
                standing.hold = Some((inhibiting(&alert.status.inhibited_by, &names), None));
            }
            let ended = self.server.ends.of(&alert.fingerprint, began);
            if let Some(sent) = sent_again(alert, ended.filter(|ended| *ended >= standing.updated_at), now) {
                standing.updated_at = sent;
            }
            after.keep(alert, began, said.is_none(), &standing);
            let began = Began { at: began, said: said.is_some() };
            snapshots.push(snapshot(&self.server.place, alert, began, standing));
        }
        self.server.first_seen.listed(first_seen, to_the_second(now));
        after.ends = self.server.ends.to_store();
        // What could not be read may be any of the alerts that seem to be missing.
        let complete = alerts.odd.is_empty().then(|| Scope::all(Kind::Incident));
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

    /// By the account's filter. A label that the incident does not carry whole decides nothing.
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

/// What the last poll saw of alerts that are quiet or have been: by it a poll knows that a silence has ended, and when,
/// which the listing alone does not say. Also when it first saw those that do not say when they began, and which ends
/// webhooks reported.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Marks {
    /// By fingerprint.
    alerts: BTreeMap<String, Mark>,
    /// See [`super::ends`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    ends: BTreeMap<String, End>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    /// When the occurrence began.
    since: Timestamp,
    /// What kept it quiet: see [`AlertState::by`].
    by: Vec<String>,
    /// When that last changed.
    at: Timestamp,
}

impl Marks {
    /// A cursor that cannot be read is none: the worst is that an ended silence shows for as long as its alert fires. Those
    /// of older versions are the marks alone.
    fn read(cursor: Option<&Cursor>) -> Self {
        let Some(Cursor(text)) = cursor else { return Self::default() };
        let of_old = || serde_json::from_str(text).map(|alerts| Self { alerts, ..Self::default() });
        serde_json::from_str(text).or_else(|_| of_old()).unwrap_or_default()
    }

    fn write(&self) -> Cursor {
        Cursor(serde_json::to_string(self).unwrap_or_default())
    }

    /// `began_unknown`: the alert does not say when it began.
    fn keep(
        &mut self,
        alert: &Alert<'_, Quiet>,
        began: Timestamp,
        began_unknown: bool,
        standing: &AlertState,
    ) {
        let by = standing.by();
        if !by.is_empty() || began_unknown || standing.updated_at != began {
            let mark = Mark { since: began, by: by.clone(), at: standing.updated_at };
            self.alerts.insert(alert.fingerprint.to_string(), mark);
        }
    }
}

/// How far a firing alert is.
///
/// Silenced is acknowledged, by whoever made the silence. Inhibited is acknowledged too: it follows from another alert
/// that fires, and wants no person for as long. So is what is muted for the time being, what Alertmanager has not looked at
/// yet, and what a later version keeps quiet for a reason of its own: any state but `active`. Freed, it is triggered again,
/// newer than it was held.
fn standing(
    began: Timestamp,
    quiet: &Quiet,
    mark: Option<&Mark>,
    silences: &BTreeMap<&str, &Silence>,
    now: Timestamp,
) -> AlertState {
    let mark = mark.filter(|mark| mark.since == began);
    let last = mark.map_or(began, |mark| mark.at);
    let known = |ids: &[String]| -> Vec<&Silence> {
        ids.iter().filter_map(|id| silences.get(id.as_str()).copied()).collect()
    };
    if let Some(mark) = mark.filter(|mark| !quiet.said && !mark.by.is_empty()) {
        // What keeps it quiet is as it was, as far as is known.
        let otherwise = mark.by.clone();
        AlertState { otherwise, ..AlertState::unheld(IncidentStatus::Acknowledged, last) }
    } else if !quiet.silenced_by.is_empty() {
        let held = known(&quiet.silenced_by);
        let mut holders: Vec<_> = held.iter().map(|silence| text::line(&silence.created_by, 100)).collect();
        holders.retain(|holder| !holder.is_empty());
        holders.sort();
        holders.dedup();
        let set = held.iter().filter_map(|silence| silence.set_at()).max();
        AlertState {
            status: IncidentStatus::Acknowledged,
            updated_at: set.map_or(last, |at| at.max(last)),
            // Where one does not say, its end is not known.
            hold: (!held.is_empty()).then(|| {
                let ends = held.iter().map(|silence| silence.ends_at.0).collect::<Option<Vec<_>>>();
                (holders, ends.and_then(|ends| ends.into_iter().max()))
            }),
            silences: sorted(&quiet.silenced_by),
            inhibitors: sorted(&quiet.inhibited_by),
            otherwise: Vec::new(),
        }
    } else if !quiet.inhibited_by.is_empty() {
        let inhibitors = sorted(&quiet.inhibited_by);
        AlertState { inhibitors, ..AlertState::unheld(IncidentStatus::Acknowledged, last) }
    } else if let otherwise @ [_, ..] = &otherwise(quiet)[..] {
        let otherwise = otherwise.to_vec();
        AlertState {
            hold: Some((otherwise.clone(), None)),
            otherwise,
            ..AlertState::unheld(IncidentStatus::Acknowledged, last)
        }
    } else {
        let freed = mark.filter(|mark| !mark.by.is_empty()).map(|mark| {
            let over = known(&mark.by).into_iter().filter(|silence| silence.is_over());
            let at = over.filter_map(|silence| silence.ends_at.0).max().unwrap_or(now);
            // On a tie the acknowledgement would stay.
            at.max(last.checked_add(SignedDuration::from_millis(1)).unwrap_or(last))
        });
        AlertState::unheld(IncidentStatus::Triggered, freed.unwrap_or(last))
    }
}

/// Each alert once. Where a list has one twice it wants a person if one of them does.
fn once<'l, 'a>(alerts: &'l [Alert<'a, Quiet>]) -> impl Iterator<Item = &'l Alert<'a, Quiet>> {
    let is_quiet = |quiet: &Quiet| {
        !quiet.silenced_by.is_empty() || !quiet.inhibited_by.is_empty() || !otherwise(quiet).is_empty()
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

/// When an alert whose end was reported was sent again after it: it fires, under its old beginning.
fn sent_again<S>(alert: &Alert<'_, S>, ended: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    not_ahead(alert.updated_at.0, now).filter(|sent| ended.is_some_and(|ended| *sent > ended))
}

/// What else keeps an alert quiet, as text.
fn otherwise(quiet: &Quiet) -> Vec<String> {
    let mut words: Vec<_> = quiet
        .otherwise
        .iter()
        .map(|(how, name)| match how.as_str() {
            "muted" => format!("mute time {}", text::line(name, 80)),
            how => text::line(&format!("{how} by {name}"), 100),
        })
        .collect();
    words.sort();
    words.dedup();
    // An older server gives no state, and one that imitates it gives that of a webhook.
    let state = folded(&quiet.state);
    if words.is_empty() && !matches!(state.as_deref(), None | Some("active" | "firing")) {
        words.push(format!("Alertmanager ({})", text::line(&quiet.state, 40)));
    }
    words
}

/// What holds an inhibited alert: the alerts that it follows from, by name where they are listed.
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
        let held = !silenced.is_empty() || !inhibited.is_empty();
        let state = if held { "suppressed" } else { "active" }.to_owned();
        Quiet {
            state,
            silenced_by: own(silenced),
            inhibited_by: own(inhibited),
            said: true,
            otherwise: Vec::new(),
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
    fn what_says_nothing_of_its_status_is_as_it_was() {
        use IncidentStatus::{Acknowledged, Triggered};
        // What is said, what held it before -> its status.
        let cases = [
            (json!(null), mark(100, &["s1"], 150), Acknowledged),
            (json!({}), mark(100, &["s1"], 150), Acknowledged),
            (json!({ "state": null, "silencedBy": null }), mark(100, &["s1"], 150), Acknowledged),
            (json!(null), None, Triggered),
            (json!(null), mark(50, &["s1"], 60), Triggered),
            (json!({ "state": "active", "silencedBy": [] }), mark(100, &["s1"], 150), Triggered),
            (json!({ "silencedBy": [], "inhibitedBy": [] }), mark(100, &["s1"], 150), Triggered),
        ];
        for (said, mark, expected) in cases {
            let found = standing(at(100), &status(said.clone()), mark.as_ref(), &BTreeMap::new(), at(200));
            assert_eq!(found.status, expected, "{said}");
            if expected == Acknowledged {
                assert_eq!((found.by(), found.updated_at), (&vec!["s1".to_owned()], at(150)), "{said}");
            }
        }
    }

    #[test]
    fn an_alert_that_is_listed_twice_counts_once_and_wants_a_person_if_one_does() {
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
    fn an_alert_is_held_while_it_is_quiet_and_free_again_after() {
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
            // Seen free before: it stays as it was. Of an earlier occurrence: it says nothing.
            (quiet(&[], &[]), mark(100, &[], 180), (Triggered, at(180), "", None)),
            (quiet(&[], &[]), mark(50, &["old"], 60), (Triggered, at(100), "", None)),
            (quiet(&["s1"], &[]), mark(100, &["s1"], 190), (Acknowledged, at(190), "ana", Some(at(900)))),
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
            // A server that does not say keeps nothing quiet.
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
            let got = standing(at(100), &quiet, mark.as_ref(), &silences, at(200));
            let (holders, until) = got.hold.unwrap_or_default();
            assert_eq!(
                (got.status, got.updated_at, holders.join(" ").as_str(), until),
                expected,
                "{quiet:?} {mark:?}"
            );
        }
    }

    #[test]
    fn an_end_of_quiet_is_newer_even_where_the_clocks_disagree() {
        let got = standing(
            at(100),
            &quiet(&[], &[]),
            mark(100, &["gone"], 300).as_ref(),
            &BTreeMap::new(),
            at(200),
        );
        assert!(got.updated_at > at(300), "{got:?}");
    }
}
