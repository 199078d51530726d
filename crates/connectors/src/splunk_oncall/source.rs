//! What is open at Splunk On-Call now. One list has all of it, unpaged, with what was resolved a short while ago.

use std::{cmp::Ordering, collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use callboard_domain::{
    error::ServiceError,
    item::{Detail, Item, Kind},
    source::{Batch, Cursor, Gone, GoneReason, Scope, Source},
};
use jiff::Timestamp;
use serde_json::json;

use super::{client::SplunkOnCall, normalise, watched::Watched, wire::Incident};
use crate::{
    dedup,
    lenient::{self, Entries, MalformedEntry},
};

pub(super) struct Incidents {
    service: Arc<SplunkOnCall>,
    watched: Watched,
}

impl Incidents {
    pub(super) fn new(service: Arc<SplunkOnCall>, watched: Watched) -> Self {
        Self { service, watched }
    }
}

/// Which of two sightings of one incident in one list is the later: they must not take turns. None where they contradict each
/// other.
fn compare(one: &Item, other: &Item) -> Option<Ordering> {
    let version = |item: &Item| match &item.detail {
        Detail::Incident(incident) => Some((incident.started_at, incident.updated_at)),
        _ => None,
    };
    match version(one).cmp(&version(other)) {
        Ordering::Equal if one.status() != other.status() => None,
        order => Some(order),
    }
}

#[async_trait]
impl Source for Incidents {
    async fn poll(&self, _: Option<&Cursor>, now: Timestamp) -> Result<Batch, ServiceError> {
        let Entries { good, mut odd } = self.service.incidents().await?;
        let mut found: Vec<(Item, &Incident)> = Vec::new();
        let mut unread: BTreeMap<&str, MalformedEntry> = BTreeMap::new();
        for (place, incident) in good.iter().enumerate() {
            let number = normalise::number(&incident.incident_number);
            match normalise::snapshot(&self.watched.account, incident, now) {
                Ok(item) => found.push((item, incident)),
                Err(why) => {
                    let name = json!({ "number": number }).to_string();
                    unread.entry(number).or_insert_with(|| MalformedEntry::new(place, &name, why));
                }
            }
        }
        // An incident may be listed twice, and is one.
        let found = dedup::once(
            found,
            &mut odd,
            |(item, _)| Some(item.key.id.clone()),
            |(one, _), (other, _)| compare(one, other),
            |(item, _)| item.key.id.clone(),
        );
        let is_read = |item: &Item| !unread.contains_key(item.key.id.as_str());
        let read = found.iter().filter(|(item, _)| is_read(item)).count();
        odd.extend(unread.into_values());
        let (watched, others): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|(item, _)| self.watched.covers(item));
        let mut problems: Vec<_> =
            watched.iter().flat_map(|(_, incident)| normalise::unread(incident)).collect();
        // What was rerouted to a team that the account does not watch has not ended.
        let gone = others.into_iter().map(|(item, _)| Gone { key: item.key, reason: GoneReason::NotWatched });
        let is_whole = odd.is_empty();
        problems.extend(lenient::problem(&odd, read, "", "incidents"));
        Ok(Batch {
            snapshots: watched.into_iter().map(|(item, _)| item).collect(),
            gone: gone.collect(),
            // What cannot be read may be any of those that are missed.
            complete: is_whole.then(|| Scope::all(Kind::Incident)).into_iter().collect(),
            problems,
            rate_limit: self.service.http().rate_limit(),
            ..Batch::default()
        })
    }

    fn watches(&self, item: &Item) -> bool {
        self.watched.covers(item)
    }
}
