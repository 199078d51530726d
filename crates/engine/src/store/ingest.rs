//! Taking in what a source reports: what it says is compared with what is stored, and everything that follows from it
//! (items, events, decisions, messages to be sent, the source's cursor) is written in one transaction.

use std::{collections::HashSet, sync::Arc, time::Duration};

use callboard_domain::{
    chat::Address,
    event::{Change, Event, Transition, compare},
    identity::Identity,
    item::{AccountName, Detail, IncidentStatus, Item, ItemKey, Kind},
    message::Message,
    source::{Batch, Received},
};
use jiff::Timestamp;
use rusqlite::Connection;

use super::{
    Store, StoreError,
    decisions::{self, Notice},
    deliveries::{self, About, NewDelivery},
    events, hooks, items,
    row::{all, whole_micros},
    sources::{self, Standing},
};

/// What happened longer ago than this is on the record but never news, even if it is first heard of now: by then the
/// record that would tell that it was heard of before may have been deleted.
const NEWS: Duration = Duration::from_secs(90 * 86_400);

/// What a source says.
#[derive(Debug, Clone)]
pub enum Report {
    /// A poll that succeeded.
    Poll {
        /// What it found.
        batch: Batch,
        /// When it began: what was reported otherwise since then is newer.
        began_at: Timestamp,
    },
    /// A webhook that proved who sent it.
    Hook(Received),
}

/// What came of a report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ingested {
    /// What happened that was not on the record, in order.
    pub events: Vec<Event>,
    /// True where this webhook delivery was taken in before: nothing was done.
    pub duplicate: bool,
}

/// What has just happened, as the rules see it.
#[derive(Debug, Clone, Copy)]
pub struct Happened<'a> {
    /// What happened. It was seen just now: `seen_at` is the present.
    pub event: &'a Event,
    /// The item as it is now.
    pub item: &'a Item,
    /// Who the account acts as.
    pub me: &'a Identity,
    /// True where a person has put the item aside until a time that has not come yet.
    pub snoozed: bool,
}

/// What is to be done about an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// The decision with its reasons, as JSON: what [`Store::decision`] gives.
    pub record: String,
    /// Keep the item off the board until something else happens to it.
    pub silence: bool,
    /// How it is shown on this desktop, if at all.
    pub notice: Option<Notice>,
    /// The messages to be posted.
    pub posts: Vec<(Address, Message)>,
}

/// Decides what is to be done about events. Called while they are being written, for each that is news: it must be
/// quick and do no IO. What it says is written with the event; it may be asked again where what it said was not written.
/// If it panics, nothing of the report is written.
pub trait Decide: Send + Sync {
    /// What is to be done.
    fn decide(&self, happened: Happened<'_>) -> Decided;
}

/// Where a report comes from and how it is to be read.
struct Intake<'a> {
    conn: &'a Connection,
    account: &'a AccountName,
    standing: Standing,
    /// True for the first poll of the account: what it finds without a time is old.
    first_poll: bool,
    polled: bool,
    now: Timestamp,
    decide: &'a dyn Decide,
    events: Vec<Event>,
}

pub(super) fn ingest(
    conn: &Connection,
    account: &AccountName,
    report: &Report,
    now: Timestamp,
    decide: &dyn Decide,
) -> rusqlite::Result<Ingested> {
    let standing = sources::standing(conn, account)?;
    let now = whole_micros(now);
    let mut intake = Intake {
        conn,
        account,
        first_poll: matches!(report, Report::Poll { .. }) && !standing.polled,
        polled: matches!(report, Report::Poll { .. }),
        standing,
        now,
        decide,
        events: Vec::new(),
    };
    match report {
        Report::Hook(Received { delivery, snapshots }) => {
            if let Some(delivery) = delivery
                && !hooks::first_time(conn, account, delivery, now)?
            {
                return Ok(Ingested { events: Vec::new(), duplicate: true });
            }
            intake.take_all(snapshots)?;
            if intake.standing.baseline_at.is_none() {
                sources::begin(conn, account, now)?;
            }
        }
        Report::Poll { batch, began_at } => {
            let Batch { snapshots, cursor, complete, budget, problems, .. } = batch;
            let began_at = *began_at;
            if intake.standing.baseline_at.is_none() {
                sources::begin(conn, account, began_at)?;
                intake.standing.baseline_at = Some(began_at);
            }
            let named: HashSet<&ItemKey> = match complete.as_slice() {
                [] => HashSet::new(),
                _ => snapshots.iter().map(|item| &item.key).collect(),
            };
            intake.take_all(snapshots)?;
            for scope in complete {
                let absent = items::open_unseen(conn, account, scope.kind, began_at)?;
                let over = absent.into_iter().filter(|item| scope.covers(item) && !named.contains(&item.key));
                let over: Vec<_> = over.filter_map(|item| ended(item, began_at)).collect();
                intake.take_all(&over)?;
            }
            sources::polled(conn, account, cursor.as_ref(), *budget, problems, began_at)?;
        }
    }
    Ok(Ingested { events: intake.events, duplicate: false })
}

/// What an item that a complete listing lacks has become: an incident is over. Other kinds are reported when they end.
fn ended(mut item: Item, at: Timestamp) -> Option<Item> {
    let Detail::Incident(incident) = &mut item.detail else { return None };
    incident.status = IncidentStatus::Resolved;
    incident.updated_at = incident.updated_at.max(at);
    Some(item)
}

impl Intake<'_> {
    fn take_all(&mut self, snapshots: &[Item]) -> rusqlite::Result<()> {
        for snapshot in snapshots {
            if snapshot.key.account == *self.account {
                self.take(snapshot)?;
            } else {
                tracing::warn!(account = %self.account, key = %snapshot.key, "a report on another account's item was left out");
            }
        }
        Ok(())
    }

    fn take(&mut self, snapshot: &Item) -> rusqlite::Result<()> {
        let Self { conn, now, .. } = *self;
        let known = items::load(conn, &snapshot.key)?;
        let stored = known.as_ref().and_then(|known| known.state.as_ref());
        let Change { item, changed, transitions } =
            compare(stored.map(|stored| &stored.item), snapshot.clone(), &self.standing.me);
        let aside = stored.is_some_and(|stored| stored.silenced || stored.snoozed.is_some());
        let snoozed = stored.and_then(|stored| stored.snoozed);
        let n = match &known {
            None => items::insert(conn, &item, now)?,
            Some(known) => {
                if changed || known.state.is_none() {
                    items::update(conn, known, &item, now)?;
                } else if !self.polled || items::open_differs(known, &item) {
                    items::touch(conn, known, &item, now)?;
                }
                known.n
            }
        };
        let subject = Subject { n, item: &item, aside, snoozed };
        transitions.iter().try_for_each(|transition| self.record(&subject, transition))
    }

    /// Writes an event, and what the rules say about it where it is news.
    fn record(&mut self, subject: &Subject<'_>, transition: &Transition) -> rusqlite::Result<()> {
        let Self { conn, now, decide, .. } = *self;
        let Subject { n, item, .. } = *subject;
        let at = whole_micros(transition.at.unwrap_or(now));
        let old = match transition.at {
            Some(at) => {
                self.standing.baseline_at.is_some_and(|baseline| is_before(at, baseline)) || at < now - NEWS
            }
            None => self.first_poll,
        };
        let Some(id) = events::insert(conn, n, transition, at, now, old)? else { return Ok(()) };
        let event = Event {
            id,
            item: item.key.clone(),
            name: transition.name,
            at,
            seen_at: now,
            old,
            by: transition.by.clone(),
            summary: transition.summary.clone(),
        };
        if !old {
            if subject.aside {
                items::stir(conn, n)?;
            }
            let snoozed = matches!(subject.snoozed, Some(items::Snooze::Until(end)) if now < end);
            let decided = decide.decide(Happened { event: &event, item, me: &self.standing.me, snoozed });
            decisions::insert(conn, id, &decided.record, decided.notice.as_ref())?;
            if decided.silence {
                items::silence(conn, n)?;
            }
            for (to, message) in decided.posts {
                let new = NewDelivery { about: About::Event(id), to, under: None, message };
                deliveries::insert(conn, &new, now)?;
            }
        }
        self.events.push(event);
        Ok(())
    }
}

/// Whether it happened before `baseline`. Many services tell whole seconds: what they date to its second may have come after.
fn is_before(at: Timestamp, baseline: Timestamp) -> bool {
    match at.subsec_nanosecond() {
        0 => at.as_second() < baseline.as_second(),
        _ => at < baseline,
    }
}

/// The item that something happened to.
struct Subject<'a> {
    n: i64,
    item: &'a Item,
    /// True where it was off the board.
    aside: bool,
    snoozed: Option<items::Snooze>,
}

impl Store {
    /// Takes in a report. Returns once it and all that follows from it are on the disk.
    pub async fn ingest(
        &self,
        account: &AccountName,
        report: Report,
        now: Timestamp,
        decide: Arc<dyn Decide>,
    ) -> Result<Ingested, StoreError> {
        let account = account.clone();
        self.write(move |conn| ingest(conn, &account, &report, now, &*decide)).await
    }

    /// The same, but [`StoreError::Busy`] at once where too much waits: for a listener that can send the caller away.
    pub async fn try_ingest(
        &self,
        account: &AccountName,
        report: Report,
        now: Timestamp,
        decide: Arc<dyn Decide>,
    ) -> Result<Ingested, StoreError> {
        let account = account.clone();
        self.try_write(move |conn| ingest(conn, &account, &report, now, &*decide)).await
    }

    /// Records what time alone brings about (a pull request grown stale): `find` says what has happened to an open
    /// item of that kind by `now`. Each such event is recorded once, like any other.
    pub async fn sweep(
        &self,
        kind: Kind,
        find: fn(&Item, Timestamp) -> Option<Transition>,
        now: Timestamp,
        decide: Arc<dyn Decide>,
    ) -> Result<Vec<Event>, StoreError> {
        let due: Vec<(ItemKey, Transition)> = self
            .read(move |conn| {
                let sql = format!("SELECT {} FROM {} AND kind = ?1", items::COLUMNS, items::OPEN);
                let open = all(conn, &sql, [kind.name()], items::read)?;
                let due = open.into_iter().filter_map(|it| Some((it.item.key.clone(), find(&it.item, now)?)));
                Ok(due.collect())
            })
            .await?;
        if due.is_empty() {
            return Ok(Vec::new());
        }
        self.write(move |conn| sweep(conn, &due, now, &*decide)).await
    }
}

fn sweep(
    conn: &Connection,
    due: &[(ItemKey, Transition)],
    now: Timestamp,
    decide: &dyn Decide,
) -> rusqlite::Result<Vec<Event>> {
    let mut events = Vec::new();
    for (key, transition) in due {
        let Some(items::Known { n, state: Some(stored), .. }) = items::load(conn, key)? else { continue };
        let aside = stored.silenced || stored.snoozed.is_some();
        let mut intake = Intake {
            conn,
            account: &key.account,
            standing: sources::standing(conn, &key.account)?,
            first_poll: false,
            polled: true,
            now: whole_micros(now),
            decide,
            events,
        };
        intake.record(&Subject { n, item: &stored.item, aside, snoozed: stored.snoozed }, transition)?;
        events = intake.events;
    }
    Ok(events)
}
