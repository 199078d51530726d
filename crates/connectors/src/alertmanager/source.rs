//! What Alertmanager holds now, read whole: it lists an alert for as long as it fires, and no longer.

use std::collections::BTreeMap;

use async_trait::async_trait;
use callboard_domain::{
    error::ServiceError,
    item::{IncidentStatus, Item, Kind},
    source::{Batch, Cursor, Hook, Scope, Source},
    text,
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    Server,
    hook::Webhooks,
    normalise::{Standing, began, snapshot},
    wire::{Alert, Quiet, Silence},
};
use crate::http::Request;

pub(super) struct Alerts {
    pub server: std::sync::Arc<Server>,
    pub hook: Webhooks,
}

#[async_trait]
impl Source for Alerts {
    async fn poll(&self, since: Option<&Cursor>, now: Timestamp) -> Result<Batch, ServiceError> {
        let answer = self.server.http.send(self.list()).await?;
        let alerts: Vec<Alert<'_, Quiet>> = answer.json()?;
        let before = Marks::read(since);

        let held = alerts.iter().any(|alert| {
            let was = before.0.get(&*alert.fingerprint).is_some_and(|mark| !mark.by.is_empty());
            !alert.status.silenced_by.is_empty() || was
        });
        let silences = if held { self.server.silences().await? } else { Vec::new() };
        let silences: BTreeMap<&str, &Silence> =
            silences.iter().map(|silence| (silence.id.as_str(), silence)).collect();

        let names: BTreeMap<&str, &str> = alerts
            .iter()
            .map(|alert| (&*alert.fingerprint, alert.labels.get("alertname").unwrap_or_default()))
            .collect();
        let mut batch = Batch { complete: vec![Scope::all(Kind::Incident)], ..Batch::default() };
        let mut after = Marks::default();
        for alert in &alerts {
            let mark = before.0.get(&*alert.fingerprint);
            let mut standing = standing(began(alert), &alert.status, mark, &silences, now);
            if standing.silences.is_empty() {
                standing.holders = inhibiting(&alert.status.inhibited_by, &names);
            }
            after.keep(alert, &standing);
            batch.snapshots.push(snapshot(&self.server.place, alert, standing));
        }
        batch.cursor = Some(after.write());
        Ok(batch)
    }

    fn watches(&self, _item: &Item) -> bool {
        true
    }

    fn hook(&self) -> Option<&dyn Hook> {
        Some(&self.hook)
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
/// which the listing alone does not say.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Marks(BTreeMap<String, Mark>);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    /// When the occurrence began.
    since: Timestamp,
    /// What kept it quiet: silences, else inhibiting alerts.
    by: Vec<String>,
    /// When that last changed.
    at: Timestamp,
}

impl Marks {
    /// A cursor that cannot be read is none: the worst is that an ended silence shows for as long as its alert fires.
    fn read(cursor: Option<&Cursor>) -> Self {
        cursor.and_then(|cursor| serde_json::from_str(&cursor.0).ok()).unwrap_or_default()
    }

    fn write(&self) -> Cursor {
        Cursor(serde_json::to_string(self).unwrap_or_default())
    }

    fn keep(&mut self, alert: &Alert<'_, Quiet>, standing: &Standing) {
        let by = if standing.silences.is_empty() { &standing.inhibitors } else { &standing.silences };
        let since = began(alert);
        if !by.is_empty() || standing.updated_at != since {
            let mark = Mark { since, by: by.clone(), at: standing.updated_at };
            self.0.insert(alert.fingerprint.to_string(), mark);
        }
    }
}

/// How far a firing alert is.
///
/// Silenced is acknowledged, by whoever made the silence. Inhibited is acknowledged too: it follows from another alert
/// that fires, and wants no person for as long. Freed of either, it is triggered again, newer than it was held.
fn standing(
    began: Timestamp,
    quiet: &Quiet,
    mark: Option<&Mark>,
    silences: &BTreeMap<&str, &Silence>,
    now: Timestamp,
) -> Standing {
    let mark = mark.filter(|mark| mark.since == began);
    let last = mark.map_or(began, |mark| mark.at);
    let known = |ids: &[String]| -> Vec<&Silence> {
        ids.iter().filter_map(|id| silences.get(id.as_str()).copied()).collect()
    };
    if !quiet.silenced_by.is_empty() {
        let held = known(&quiet.silenced_by);
        let mut holders: Vec<_> = held.iter().map(|silence| text::line(&silence.created_by, 100)).collect();
        holders.retain(|holder| !holder.is_empty());
        holders.sort();
        holders.dedup();
        let set = held.iter().map(|silence| silence.updated_at.max(silence.starts_at)).max();
        Standing {
            status: IncidentStatus::Acknowledged,
            updated_at: set.map_or(last, |at| at.max(last)),
            holders,
            held_until: held.iter().map(|silence| silence.ends_at).max(),
            silences: sorted(&quiet.silenced_by),
            inhibitors: sorted(&quiet.inhibited_by),
        }
    } else if !quiet.inhibited_by.is_empty() {
        let inhibitors = sorted(&quiet.inhibited_by);
        Standing { inhibitors, ..Standing::unheld(IncidentStatus::Acknowledged, last) }
    } else {
        let freed = mark.filter(|mark| !mark.by.is_empty()).map(|mark| {
            let over = known(&mark.by).into_iter().filter(|silence| silence.is_over());
            let at = over.map(|silence| silence.ends_at).max().unwrap_or(now);
            // On a tie the acknowledgement would stay.
            at.max(last.checked_add(SignedDuration::from_millis(1)).unwrap_or(last))
        });
        Standing::unheld(IncidentStatus::Triggered, freed.unwrap_or(last))
    }
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
        Quiet { silenced_by: own(silenced), inhibited_by: own(inhibited) }
    }

    fn mark(since: i64, by: &[&str], when: i64) -> Option<Mark> {
        let by = by.iter().map(|&id| id.to_owned()).collect();
        Some(Mark { since: at(since), by, at: at(when) })
    }

    #[test]
    fn an_alert_is_held_while_it_is_quiet_and_free_again_after() {
        use IncidentStatus::{Acknowledged, Triggered};
        let silences = [
            silence("s1", "active", "ana", 150, 900),
            silence("s2", "active", "bob", 160, 800),
            silence("old", "expired", "ana", 150, 180),
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
        ];
        for (quiet, mark, expected) in cases {
            let got = standing(at(100), &quiet, mark.as_ref(), &silences, at(200));
            let holders = got.holders.join(" ");
            assert_eq!(
                (got.status, got.updated_at, holders.as_str(), got.held_until),
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
