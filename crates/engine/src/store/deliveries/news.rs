//! What a delivery of an event needs to be rendered when it is sent: the event, the state of its item by then, and what
//! else waits for the channel from the same time.

use std::{collections::BTreeMap, time::Duration};

use callboard_domain::{
    chat::{Address, DeliveryKey},
    event::Event,
    identity::Identity,
    item::{AccountName, Item},
    message::Message,
    rules,
};
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use super::{
    super::{
        Store, StoreError, events, items,
        row::{At, Json, Text, all, one, run},
        sources,
    },
    Claimed, Delivery, OwnMessage,
    after_run::{self, end_status},
    thread,
};
use crate::api::MootReason;

/// What happened longer ago than this is late: many late events for one channel are posted in one message.
const LATE: Duration = Duration::from_secs(30 * 60);
/// What is late already when it is recorded waits this long for more from the same time: after a night, accounts are read
/// one after the other.
pub(super) const GATHER: Duration = Duration::from_secs(5);
/// How many that wait are looked at in one go.
const LOOKED_AT: u32 = 500;

/// True for what happened so long before that its message is late.
pub(super) fn is_late(at: Timestamp, now: Timestamp) -> bool {
    Duration::try_from(now.duration_since(at)).is_ok_and(|age| age > LATE)
}

/// An event that waits to be posted, with its present state.
#[derive(Debug, Clone, PartialEq)]
pub struct QueuedEvent {
    /// Its delivery.
    pub key: DeliveryKey,
    /// The event with its present state, or why it is moot.
    pub what: Result<CurrentEvent, MootReason>,
    /// A line to be shown below it.
    pub note: Option<String>,
    /// True where the delivery that is being sent reports it already.
    pub digested: bool,
}

/// What happened, and to what.
#[derive(Debug, Clone, PartialEq)]
pub struct CurrentEvent {
    /// What happened.
    pub event: Event,
    /// The item as it is now.
    pub item: Item,
    /// Who its account acts as.
    pub me: Identity,
    /// True where more has happened to the item since, but for what comes after the end of an episode: that is no part of
    /// what ended it.
    pub is_overtaken: bool,
    /// What has ended its episode since, where something has: what came after that belongs to another one.
    pub end: Option<Event>,
    /// The event before it, in a line, of which it is not known whether it was posted in the channel, where it may stand there
    /// as it was: nothing that was posted after its episode has named it.
    pub unsure: Option<String>,
}

impl CurrentEvent {
    /// How the item stands by now, where more has happened since: at the end of the episode, where that is over.
    pub fn status_since(&self) -> Option<&'static str> {
        let now = || self.end.as_ref().map_or_else(|| self.item.status(), |end| end_status(end.name));
        self.is_overtaken.then(now)
    }

    /// The state in which what it reports has come to its end, where it has, though the same may have begun again since.
    pub fn over(&self) -> Option<&'static str> {
        let end = self.end.as_ref()?.name;
        let is_of_this = rules::ends(end).is_some_and(|it| it.what.contains(&self.event.name));
        is_of_this.then(|| end_status(end))
    }

    /// True where it happened so long before `now` that its message is late.
    pub fn is_late(&self, now: Timestamp) -> bool {
        is_late(self.event.at, now)
    }
}

/// The content of a delivery that is being sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PreparedDelivery {
    /// The message; `None`: the one that it has.
    pub message: Option<Message>,
    /// What a run says itself, where the message says besides what has become of its item since.
    pub own: Option<OwnMessage>,
    /// Those that the message reports as well: they are not sent on their own.
    pub digested: Vec<DeliveryKey>,
    /// Those that wait and are moot. An end goes with the beginning that it answers: what is left is to be read anew.
    pub moot: Vec<(DeliveryKey, MootReason)>,
}

/// Reads what has become of events.
struct Reader<'c> {
    conn: &'c Connection,
    now: Timestamp,
    identities: BTreeMap<AccountName, Identity>,
}

impl Reader<'_> {
    /// What is to be posted of an event in a channel.
    fn current(
        &mut self,
        event: Option<i64>,
        to: &Address,
    ) -> rusqlite::Result<Result<CurrentEvent, MootReason>> {
        let Self { conn, now, .. } = *self;
        let event = event.map_or(Ok(None), |id| events::by_ids(conn, &[id]).map(|mut found| found.pop()))?;
        let Some(event) = event else { return Ok(Err(MootReason::Forgotten)) };
        let stored = items::load(conn, &event.item)?.and_then(|known| Some((known.n, known.state?)));
        let Some((n, stored)) = stored else { return Ok(Err(MootReason::Forgotten)) };
        // An event that reports an end is posted, whether or not its item is still there.
        if stored.gone.is_some() && rules::can_be_over(event.name, event.item.kind) {
            return Ok(Err(MootReason::Gone));
        }
        if let Some(ends) = rules::ends(event.name)
            && self.is_orphaned(n, event.id, ends, to)?
        {
            return Ok(Err(MootReason::Orphaned));
        }
        let account = &event.item.account;
        if !self.identities.contains_key(account) {
            let me = sources::state(conn, account, now)?.me;
            self.identities.insert(account.clone(), me);
        }
        let me = self.identities.get(account).cloned().unwrap_or_default();
        let (is_overtaken, end) = match rules::ends_thread(event.name, event.item.kind) {
            true => (false, None),
            false => (is_overtaken(conn, n, &event)?, end(conn, n, &event)?),
        };
        let unsure = self.unsure(n, &event, to)?;
        Ok(Ok(CurrentEvent { event, item: stored.item, me, is_overtaken, end, unsure }))
    }

    /// The latest event before this one of which it is not known whether it was posted in this channel. What is posted in its
    /// episode names it, and so does the first message after that, which may be one of the next episode: an end that does not
    /// hold any more is not posted, and what cannot be edited would stand there for good. An end leaves nothing to put right.
    fn unsure(&self, n: i64, event: &Event, to: &Address) -> rusqlite::Result<Option<String>> {
        let ends = events::sql_list(&rules::matter_ends(event.item.kind));
        let sql = format!(
            "SELECT e.summary FROM events e JOIN deliveries d ON d.event = e.id LEFT JOIN deliveries g ON g.id = d.digest
             WHERE e.item = ?1 AND e.id < ?2 AND e.name NOT IN ({ends})
             AND d.address = ?3 AND coalesce(g.state, d.state) = 'unknown'
             AND NOT EXISTS (SELECT 1 FROM events x JOIN deliveries p ON p.event = x.id
                 LEFT JOIN deliveries h ON h.id = p.digest
                 WHERE x.item = ?1 AND x.id > e.id AND x.id < ?2 AND p.address = ?3 AND p.at_send = 1
                 AND coalesce(h.posted, p.posted) IS NOT NULL
                 AND EXISTS (SELECT 1 FROM events y
                     WHERE y.item = ?1 AND y.name IN ({ends}) AND y.id > e.id AND y.id <= x.id))
             ORDER BY e.id DESC LIMIT 1"
        );
        one(self.conn, &sql, params![n, event.id, Text(to)], |row| row.get(0))
    }

    /// True where what an event answers was to be posted in this channel as well, and none of it was.
    fn is_orphaned(&self, n: i64, event: i64, ends: rules::Ends, to: &Address) -> rusqlite::Result<bool> {
        let (what, over) = (events::sql_list(ends.what), events::sql_list(ends.over));
        let sql = format!(
            "SELECT count(*) > 0 AND min(d.state = 'moot') FROM events e JOIN deliveries d ON d.event = e.id
             WHERE e.item = ?1 AND e.name IN ({what}) AND e.id < ?2 AND d.address = ?3 AND e.id >
                 (SELECT coalesce(max(id), 0) FROM events WHERE item = ?1 AND name IN ({over}) AND id < ?2)"
        );
        let row = params![n, event, Text(to)];
        Ok(one(self.conn, &sql, row, |row| row.get::<_, Option<bool>>(0))?.flatten().unwrap_or(false))
    }
}

/// True where more was seen of an item after an event: what was seen with it is reported beside it.
fn is_overtaken(conn: &Connection, n: i64, event: &Event) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM events WHERE item = ?1 AND id > ?2 AND seen_at > ?3 LIMIT 1";
    one(conn, sql, params![n, event.id, At(event.seen_at)], |_| Ok(())).map(|found| found.is_some())
}

/// What has ended the episode of an event since.
fn end(conn: &Connection, n: i64, event: &Event) -> rusqlite::Result<Option<Event>> {
    let ends = events::sql_list(&rules::matter_ends(event.item.kind));
    let sql =
        format!("SELECT id FROM events WHERE item = ?1 AND id > ?2 AND name IN ({ends}) ORDER BY id LIMIT 1");
    let id = one(conn, &sql, params![n, event.id], |row| row.get(0))?;
    id.map_or(Ok(None), |id| events::by_ids(conn, &[id]).map(|mut found| found.pop()))
}

/// The columns that [`read`] reads.
const COLUMNS: &str = "id, event, note, digest IS NOT NULL";

struct Waiting {
    key: DeliveryKey,
    event: Option<i64>,
    note: Option<String>,
    digested: bool,
}

fn read(row: &Row<'_>) -> rusqlite::Result<Waiting> {
    let key = DeliveryKey(row.get(0)?);
    Ok(Waiting { key, event: row.get(1)?, note: row.get(2)?, digested: row.get(3)? })
}

fn news(conn: &Connection, delivery: &Delivery, now: Timestamp) -> rusqlite::Result<Vec<QueuedEvent>> {
    let mut reader = Reader { conn, now, identities: BTreeMap::new() };
    let mut complete = |Waiting { key, event, note, digested }: Waiting| {
        let what = reader.current(event, &delivery.to)?;
        Ok::<_, rusqlite::Error>(QueuedEvent { key, what, note, digested })
    };
    let own = format!("SELECT {COLUMNS} FROM deliveries WHERE id = ?1");
    let Some(own) = one(conn, &own, [&delivery.key.0], read)? else { return Ok(Vec::new()) };
    let own = complete(own)?;
    // What has been posted already is edited on its own, and what has just happened is posted on its own.
    let is_late = own.what.as_ref().is_ok_and(|it| it.is_late(now));
    let digested =
        format!("SELECT {COLUMNS} FROM deliveries WHERE digest = ?1 AND state = 'digested' ORDER BY n");
    let mut others = all(conn, &digested, [&delivery.key.0], read)?;
    if delivery.posted.is_none() && (is_late || !others.is_empty()) {
        // Up to the next message of a person or of a run: the channel reads in order.
        let behind = format!(
            "SELECT {COLUMNS} FROM deliveries WHERE state IN ('pending', 'sending') AND state = 'pending' AND address = ?1
             AND at_send = 1 AND posted IS NULL AND id <> ?2
             AND n < coalesce((SELECT min(n) FROM deliveries WHERE state IN ('pending', 'sending') AND address = ?1
                 AND at_send = 0 AND posted IS NULL), 9223372036854775807) ORDER BY n LIMIT ?3"
        );
        others.extend(all(conn, &behind, params![Text(&delivery.to), delivery.key.0, LOOKED_AT], read)?);
    }
    let others: rusqlite::Result<Vec<_>> = others.into_iter().map(&mut complete).collect();
    Ok(std::iter::once(own).chain(others?).collect())
}

/// Marks what waits and is moot.
fn mark_moot(conn: &Connection, moot: &[(DeliveryKey, MootReason)], now: Timestamp) -> rusqlite::Result<()> {
    for (key, reason) in moot {
        let sql = "UPDATE deliveries SET state = 'moot', moot = ?2, changed_at = ?3, digest = NULL
                   WHERE id = ?1 AND state IN ('pending', 'digested') AND posted IS NULL";
        run(conn, sql, params![key.0, Json(reason), At(now)])?;
    }
    Ok(())
}

/// Has what a digest was to report wait for itself again.
fn release(conn: &Connection, digest: &DeliveryKey, now: Timestamp) -> rusqlite::Result<usize> {
    let sql = "UPDATE deliveries SET state = 'pending', digest = NULL, next_at = ?2, changed_at = ?2
               WHERE digest = ?1 AND state = 'digested'";
    run(conn, sql, params![digest.0, At(now)])
}

fn prepare(
    conn: &Connection,
    delivery: &Delivery,
    prepared: &PreparedDelivery,
    now: Timestamp,
) -> rusqlite::Result<Delivery> {
    let key = &delivery.key;
    mark_moot(conn, &prepared.moot, now)?;
    for other in &prepared.digested {
        let sql = "UPDATE deliveries SET state = 'digested', digest = ?2, changed_at = ?3
                   WHERE id = ?1 AND state = 'pending' AND posted IS NULL";
        run(conn, sql, params![other.0, key.0, At(now)])?;
    }
    let mut ready = delivery.clone();
    if !prepared.digested.is_empty() {
        // It is about many items now, in the thread and the root of none. What has happened since it was claimed is no
        // reason to edit it: that would put its own event alone in the place of the digest.
        let sql = "UPDATE deliveries SET root = NULL, under = NULL, item = NULL, revision = sent_revision WHERE id = ?1";
        run(conn, sql, [&key.0])?;
        ready.root = None;
        ready.under = None;
    }
    if let Some(message) = &prepared.message {
        // What stands there stays on the record until the edit has arrived.
        let column = if delivery.is_editable() { "sending" } else { "message" };
        match &prepared.own {
            Some(own) => after_run::keep(conn, key, column, message, own)?,
            None => {
                let sql = format!("UPDATE deliveries SET {column} = ?2 WHERE id = ?1");
                run(conn, &sql, params![key.0, Json(message)])?;
            }
        }
        ready.message.clone_from(message);
        ready.own.clone_from(&prepared.own);
    }
    if let (Some(root), None) = (&ready.root, &ready.posted) {
        ready.under = thread::under(conn, key, root)?;
        let under = ready.under.as_ref().map(Json);
        run(conn, "UPDATE deliveries SET under = ?2 WHERE id = ?1", params![key.0, under])?;
    }
    Ok(ready)
}

impl Store {
    /// What a claimed delivery is to report, to be rendered: its own event first; where that is late, or it reports
    /// others already, those, and then what waits behind it, as far as the channel reads in order.
    pub async fn news(&self, claimed: &Claimed, now: Timestamp) -> Result<Vec<QueuedEvent>, StoreError> {
        let delivery = Delivery::clone(claimed);
        self.read(move |conn| news(conn, &delivery, now)).await
    }

    /// Records the text of a claimed delivery, and under which message it goes, before it is sent. Gives it as
    /// it is to be sent.
    pub async fn prepare(
        &self,
        claimed: Claimed,
        prepared: PreparedDelivery,
        now: Timestamp,
    ) -> Result<Claimed, StoreError> {
        let delivery = Delivery::clone(&claimed);
        let ready = self.write(move |conn| prepare(conn, &delivery, &prepared, now)).await?;
        Ok(claimed.ready(ready))
    }

    /// Records that a claimed delivery is not sent, because its own event is moot: those that are moot with it, and that what
    /// it was to report besides waits again, to be posted by itself or in another digest.
    pub async fn release(
        &self,
        claimed: Claimed,
        moot: Vec<(DeliveryKey, MootReason)>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let key = claimed.key.clone();
        self.write(move |conn| {
            mark_moot(conn, &moot, now)?;
            release(conn, &key, now).map(drop)
        })
        .await
    }
}
