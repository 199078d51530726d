//! Reads the open incidents of PagerDuty, how the others ended, and the escalations since the last poll.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use async_trait::async_trait;
use callboard_domain::{
    error::ServiceError,
    item::{Detail, IncidentStatus, Item, ItemKey, Kind, User},
    source::{self, Batch, Gone, GoneReason, Problem, ProblemKind, Scope, Source},
    text,
};
use futures::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};

use super::{
    client::PagerDuty,
    cursor::{Cursor, MISSED_FOR},
    hook::Webhooks,
    normalise::{self, SERVICE, TEAMS, moment, person},
    watched::Watched,
    wire::{Incident, LogEntry},
};
use crate::{
    dedup,
    lenient::{self, MalformedEntry},
    paging::Listing,
};

/// The most open incidents that are read: no page of PagerDuty's lists reaches beyond 10,000.
const MOST: usize = 9_900;
/// How many incidents that left the list are asked for in one poll: the others wait for the next.
const ENDS: usize = 20;
/// How many of them at once.
const AT_ONCE: usize = 4;
/// The most entries of the log that are read in one poll.
const LOGGED: usize = 500;
/// How far the reading of the log overlaps: entries appear a little after their time.
const OVERLAP: SignedDuration = SignedDuration::from_secs(120);
/// How far back the log is read at first.
const FIRST_LOOK: SignedDuration = SignedDuration::from_hours(24);

/// When an incident was escalated, each time with the person who did, where one did.
type Escalations = BTreeMap<Timestamp, Option<User>>;

pub(super) struct Incidents {
    pagerduty: Arc<PagerDuty>,
    watched: Arc<Watched>,
    hook: Arc<Webhooks>,
}

/// The problems of an incident whose assignees or acknowledgers cannot be read.
fn unread_people(incident: &Incident) -> impl Iterator<Item = Problem> {
    let problem = |kind, what: &str, why: Option<String>| {
        Some(Problem::new(kind, incident.id.as_str(), format!("it is not known {what}: {}", why?)))
    };
    let assignees = normalise::unread_assignees(incident);
    let acknowledgers = normalise::unread_acknowledgers(incident);
    let problems = [
        problem(ProblemKind::Incomplete, "whom it is assigned to", assignees),
        problem(ProblemKind::Details, "who acknowledged it", acknowledgers),
    ];
    problems.into_iter().flatten()
}

impl Incidents {
    pub(super) fn new(pagerduty: Arc<PagerDuty>, watched: Arc<Watched>, hook: Arc<Webhooks>) -> Self {
        Self { pagerduty, watched, hook }
    }

    async fn open(&self) -> Result<Listing<Incident>, ServiceError> {
        let mut request = self.pagerduty.get(["incidents"]).query("date_range", "all");
        for status in ["triggered", "acknowledged"] {
            request = request.query("statuses[]", status);
        }
        for team in &self.watched.teams {
            request = request.query("team_ids[]", team);
        }
        for service in &self.watched.services {
            request = request.query("service_ids[]", service);
        }
        // Where not all can be read, the newest count most.
        let request = request.query("sort_by", "created_at:desc");
        let key = |it: &Incident| format!("{} {} {:?}", it.id, it.status, it.last_status_change_at.0);
        let mut listing = self.pagerduty.list(request, "incidents", MOST, key).await?;
        listing.rows = dedup::once(
            listing.rows,
            &mut listing.odd,
            |it| Some(it.id.clone()),
            |one, other| match one.last_status_change_at.cmp(&other.last_status_change_at) {
                Ordering::Equal if one.status != other.status => None,
                order => Some(order),
            },
            |it| it.id.clone(),
        );
        Ok(listing)
    }

    /// The escalations since then, by incident.
    async fn escalations(
        &self,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<(BTreeMap<String, Escalations>, bool), ServiceError> {
        let request = self.pagerduty.get(["log_entries"]);
        let request = request.query("since", since.to_string()).query("until", now.to_string());
        let request = request.query("is_overview", "true");
        let key = |entry: &LogEntry| entry.id.clone();
        let log = self.pagerduty.list::<LogEntry>(request, "log_entries", LOGGED, key).await?;
        let mut found: BTreeMap<String, Escalations> = BTreeMap::new();
        for entry in log.rows.iter().filter(|entry| entry.kind.starts_with("escalate_log_entry")) {
            if let (Some(incident), Some(at)) = (&entry.incident, moment(entry.created_at.0, now)) {
                found.entry(incident.id.clone()).or_default().insert(at, person(entry.agent.as_ref()));
            }
        }
        Ok((found, log.complete))
    }
}

#[async_trait]
impl Source for Incidents {
    async fn poll(&self, since: Option<&source::Cursor>, now: Timestamp) -> Result<Batch, ServiceError> {
        let before = Cursor::read(since);
        let starts_over = before.is_none();
        let before = before.unwrap_or_default();
        let account = &self.watched.account;
        let Listing { rows, mut odd, complete, error } = self.open().await?;
        let mut batch = Batch::default();
        let mut after = Cursor::default();
        for (place, incident) in rows.iter().enumerate() {
            after.open.insert(incident.id.clone());
            match normalise::listed(account, incident, now) {
                Ok(item) => {
                    batch.problems.extend(unread_people(incident));
                    batch.snapshots.push(item);
                }
                Err(why) => {
                    let name = serde_json::json!({ "id": incident.id }).to_string();
                    odd.push(MalformedEntry::new(place, &name, why));
                }
            }
        }
        let read = batch.snapshots.len();
        batch.problems.extend(lenient::problem(&odd, read, "", "incidents"));
        if let Some(error) = error {
            let why = format!("only {} could be read: {error}", text::count(read, "open incident"));
            batch.problems.push(Problem::new(ProblemKind::Incomplete, "", why));
        } else if !complete && odd.is_empty() {
            let read = text::count(read, "open incident");
            let why = format!("{read} could be read, and there are more, or they changed meanwhile");
            batch.problems.push(Problem::new(ProblemKind::Incomplete, "", why));
        }

        // What webhooks reported may not be listed yet.
        let mentioned = self.hook.take_mentioned();
        let from_webhooks = before.missed.keys().chain(&before.mentioned).chain(&mentioned);
        let known: BTreeSet<&String> = before.open.iter().chain(from_webhooks).collect();
        // Since when it has been missing; a webhook about it means that it is there, or will be.
        let missing_since = |id: &String| {
            let is_mentioned = before.mentioned.contains(id) || mentioned.contains(id);
            before.missed.get(id).copied().filter(|_| !is_mentioned)
        };
        let is_due =
            |id: &String| before.open.contains(id) || missing_since(id).is_none() || before.is_due(id, now);
        let missing = |id: &str| {
            let why = "a webhook reported it, and it is not there for this key yet";
            Problem::new(ProblemKind::Details, id, why)
        };
        let (mut unlisted, resting): (Vec<String>, Vec<String>) =
            known.into_iter().filter(|id| !after.open.contains(*id)).cloned().partition(is_due);
        for id in resting {
            batch.problems.push(missing(&id));
            after.asked.extend(before.asked.get_key_value(&id).map(|(id, at)| (id.clone(), *at)));
            after.missed.extend(before.missed.get_key_value(&id).map(|(id, since)| (id.clone(), *since)));
        }
        // What may never be there comes last.
        unlisted.sort_by_key(|id| (!before.open.contains(id), before.missed.contains_key(id)));
        let (asked, later) = unlisted.split_at(unlisted.len().min(ENDS));
        let ends = stream::iter(asked.to_vec())
            .map(|id| async move { (self.pagerduty.incident_if_any(&id).await, id) })
            .buffered(AT_ONCE)
            .collect::<Vec<_>>()
            .await;
        // Those that are asked for again with the next poll: what was on the list, and what only webhooks reported and has had no
        // answer.
        let (mut waiting, mut unanswered): (BTreeSet<String>, BTreeSet<String>) =
            later.iter().cloned().partition(|id| before.open.contains(id));
        let is_deleted = |id: &String| {
            let is_overdue = |since| now.duration_since(since) >= MISSED_FOR;
            before.open.contains(id) || missing_since(id).is_some_and(is_overdue)
        };
        if !later.is_empty() {
            let more = text::count(later.len(), "more incident");
            let why = format!("what became of {more} is read with the next poll");
            batch.problems.push(Problem::new(ProblemKind::Incomplete, "", why));
        }
        for (end, id) in ends {
            // An incomplete webhook may be about an incident that is not watched.
            if let Ok(Some(incident)) = &end
                && !before.open.contains(&id)
                && !self.hook.covers(incident)
            {
                continue;
            }
            let is_refused = matches!(end, Err(ServiceError::Auth { .. } | ServiceError::Rejected { .. }));
            let read = end.map_err(|error| error.to_string()).and_then(|incident| match incident {
                Some(incident) => {
                    let unread: Vec<Problem> = unread_people(&incident).collect();
                    normalise::listed(account, &incident, now).map(|item| Some((item, unread)))
                }
                None => Ok(None),
            });
            match read {
                Ok(Some((item, unread))) => {
                    // A list without an open incident is cut, late or filtered: the incident is asked for until it ends.
                    if item.status() != IncidentStatus::Resolved.name() {
                        batch.problems.extend(unread);
                        waiting.insert(id);
                    }
                    batch.snapshots.push(item);
                }
                Ok(None) if is_deleted(&id) => batch.gone.push(Gone {
                    key: ItemKey::new(account, Kind::Incident, &id),
                    reason: GoneReason::Deleted,
                }),
                // What a webhook reported may not be there yet, or not for this key.
                Ok(None) => {
                    batch.problems.push(missing(&id));
                    after.asked.insert(id.clone(), now);
                    let since = missing_since(&id).unwrap_or(now);
                    after.missed.insert(id, since);
                }
                // It was never on this key's list, and would be refused again.
                Err(why) if is_refused && !before.open.contains(&id) => {
                    let why = format!("a webhook reported it, and this key is refused it: {why}");
                    batch.problems.push(Problem::new(ProblemKind::Details, id.as_str(), why));
                }
                Err(why) => {
                    let why = format!("whether it has ended cannot be read: {why}");
                    batch.problems.push(Problem::new(ProblemKind::NotSeen, id.as_str(), why));
                    match before.open.contains(&id) {
                        true => drop(waiting.insert(id)),
                        false => drop(unanswered.insert(id)),
                    }
                }
            }
        }
        let has_unanswered = !unanswered.is_empty();
        // Without an answer it is not known whether it is there: no clock begins, and a running one goes on.
        for id in unanswered {
            match missing_since(&id) {
                Some(since) => drop(after.missed.insert(id, since)),
                None => drop(after.mentioned.insert(id)),
            }
        }
        // The end of each is asked for by itself. The list alone decides only where it is not known what was open: once.
        let is_read = complete && odd.is_empty() && waiting.is_empty();
        let is_all = starts_over && is_read && after.missed.is_empty() && !has_unanswered;
        batch.emptied.extend(is_all.then(|| Scope::all(Kind::Incident)));
        after.open.extend(waiting);

        let from = before.logged.map_or(now - FIRST_LOOK, |logged| logged - OVERLAP);
        match self.escalations(from, now).await {
            Ok((found, whole)) => {
                for item in &mut batch.snapshots {
                    if let (Detail::Incident(incident), Some(escalations)) =
                        (&mut item.detail, found.get(&item.key.id))
                    {
                        for (at, by) in escalations.range(incident.started_at..) {
                            incident.escalations.insert(*at);
                            incident.escalated_by.extend(by.clone().map(|by| (*at, by)));
                        }
                    }
                }
                after.logged = Some(now);
                if !whole {
                    let why = "not every escalation was read: the log is longer than that";
                    batch.problems.push(Problem::new(ProblemKind::Details, "", why));
                }
            }
            Err(why) => {
                after.logged = before.logged;
                let why = format!("escalations cannot be read: {why}");
                batch.problems.push(Problem::new(ProblemKind::Details, "", why));
            }
        }
        // Webhooks received meanwhile are noted, but for those that came before there was a cursor.
        after.mentioned.extend(self.hook.mentioned());
        batch.cursor = Some(after.write());
        batch.rate_limit = self.pagerduty.http().rate_limit();
        Ok(batch)
    }

    fn watches(&self, item: &Item) -> bool {
        let Detail::Incident(incident) = &item.detail else { return true };
        let teams = incident.notes.get(TEAMS).map(|teams| teams.split(','));
        self.watched.covers(incident.notes.get(SERVICE).map(String::as_str), teams)
    }

    fn with_notes(&self, cursor: Option<&source::Cursor>, notes: &[String]) -> Option<source::Cursor> {
        cursor.map(|cursor| Cursor::with_mentioned(cursor, notes))
    }
}
