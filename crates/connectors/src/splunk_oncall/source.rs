//! What is open at Splunk On-Call now. One list has all of it, unpaged, with what was resolved a short while ago.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use callboard_domain::{
    error::ServiceError,
    item::{Detail, Item, ItemKey, Kind},
    source::{Batch, Cursor, Gone, GoneReason, Scope, Source},
};
use jiff::Timestamp;
use serde_json::json;

use super::{Watched, client::SplunkOnCall, normalise};
use crate::lenient::{Entries, Odd};

pub(super) struct Incidents {
    service: Arc<SplunkOnCall>,
    watched: Watched,
}

impl Incidents {
    pub(super) fn new(service: Arc<SplunkOnCall>, watched: Watched) -> Self {
        Self { service, watched }
    }
}

/// What of two sightings of one incident in one list is the later: they must not take turns.
fn version(item: &Item) -> Option<impl Ord> {
    let Detail::Incident(incident) = &item.detail else { return None };
    Some((incident.started_at, incident.updated_at, incident.status))
}

#[async_trait]
impl Source for Incidents {
    async fn poll(&self, _: Option<&Cursor>, now: Timestamp) -> Result<Batch, ServiceError> {
        let Entries { good, mut odd } = self.service.incidents().await?;
        let mut found: BTreeMap<ItemKey, Item> = BTreeMap::new();
        let mut problems: Vec<_> = good.iter().flat_map(normalise::unread).collect();
        let listed = good.len() + odd.len();
        for (place, incident) in good.iter().enumerate() {
            match normalise::snapshot(&self.watched.account, incident, now) {
                Ok(item) => {
                    let known = found.get(&item.key).is_some_and(|known| version(known) > version(&item));
                    if !known {
                        found.insert(item.key.clone(), item);
                    }
                }
                Err(why) => {
                    let name = json!({ "number": incident.incident_number }).to_string();
                    odd.push(Odd::new(place, &name, why));
                }
            }
        }
        let (snapshots, others): (Vec<_>, Vec<_>) =
            found.into_values().partition(|item| self.watched.covers(item));
        // What was rerouted to a team that the account does not watch has not ended.
        let gone = others.into_iter().map(|item| Gone { key: item.key, reason: GoneReason::NotWatched });
        let is_whole = odd.is_empty();
        let entries = Entries { good: vec![(); listed - odd.len()], odd };
        problems.extend(entries.problem("", "incidents"));
        Ok(Batch {
            snapshots,
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
