//! What has become of the items of a run since that began: the message of the run says so, where it is the root of a
//! thread.

use callboard_domain::{
    chat::DeliveryKey,
    event::EventName,
    item::{BuildStatus, Item, ItemKey, Kind},
    message::Message,
    rules,
    run::RunState,
};
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use super::{
    super::{
        Store, StoreError, items,
        row::{At, Clock, EnumText, Json, Text, all, is_unreadable, one, run},
        run_items,
    },
    About, COLUMNS, Delivery, OwnMessage, read,
};

/// In SQL, true for an event `e` that was the doing of the run whose delivery is `d`: its message has said that.
const IS_OWN: &str = "(e.id IN (SELECT value FROM json_each(iif(json_valid(d.did), d.did, '[]'))))";

/// A run that has ended, and its items as they are by now.
#[derive(Debug, Clone, PartialEq)]
pub struct AfterRun {
    /// How the run ended.
    pub state: RunState,
    /// When it ended.
    pub ended_at: Timestamp,
    /// How many items it was on.
    pub total: usize,
    /// Those that are still there: at least one.
    pub items: Vec<ItemAfterRun>,
}

/// An item of a run that has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemAfterRun {
    /// The item as it is now.
    pub item: Item,
    /// What has become of it.
    pub since: SinceRun,
}

/// What has become of an item of a run since the run began, besides what the run did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SinceRun {
    /// Nothing: what the run says holds.
    Nothing,
    /// More has happened, and its episode goes on.
    Changed,
    /// Its episode has ended: what came after that belongs to another one.
    Ended {
        /// The state in which that left it.
        status: &'static str,
        /// When.
        at: Timestamp,
    },
    /// The run has ended its episode, and something of another one has happened.
    EndedByRun,
}

/// The state in which the end of an episode has left an item, as [`Item::status`] says it.
pub(super) fn end_status(end: EventName) -> &'static str {
    match end {
        EventName::Fixed => BuildStatus::Passed.name(),
        // The others are called by the state that they lead to.
        end => end.name(),
    }
}

/// What is read of a run that has ended.
struct Ended {
    run: String,
    first: ItemKey,
    ended_at: Timestamp,
    state: RunState,
}

fn read_ended(row: &Row<'_>) -> rusqlite::Result<Ended> {
    Ok(Ended {
        run: row.get(0)?,
        first: row.get::<_, Text<_>>(1)?.0,
        ended_at: row.get::<_, Clock>(2)?.0,
        state: row.get::<_, Json<_>>(3)?.0,
    })
}

fn after_run(conn: &Connection, key: &DeliveryKey) -> rusqlite::Result<Option<AfterRun>> {
    let sql = "SELECT r.id, d.item, r.ended_at, r.state FROM deliveries d JOIN runs r ON r.id = d.run
               WHERE d.id = ?1 AND d.root IS NULL AND d.item IS NOT NULL AND r.ended_at IS NOT NULL";
    let ended = match one(conn, sql, [&key.0], read_ended) {
        // Its message says what it said.
        Err(error) if is_unreadable(&error) => None,
        ended => ended?,
    };
    let Some(Ended { run, first, ended_at, state }) = ended else { return Ok(None) };
    // One whose key cannot be read is one of them all the same.
    let others = run_items::others_of(conn, &run)?;
    let total = 1 + others.len();
    let mut there = Vec::new();
    for item in std::iter::once(first).chain(others.into_iter().flatten()) {
        let stored = items::load(conn, &item)?.and_then(|known| Some((known.n, known.state?)));
        // How it stood when it was there is no news.
        let Some((n, stored)) = stored.filter(|(_, stored)| stored.gone.is_none()) else { continue };
        there.push(ItemAfterRun { item: stored.item, since: since(conn, key, n, item.kind)? });
    }
    Ok((!there.is_empty()).then_some(AfterRun { state, ended_at, total, items: there }))
}

/// An event that was seen since a run began.
struct Seen {
    is_own: bool,
    /// What happened, and when. `None` where that cannot be read: something has happened all the same.
    what: Option<(EventName, Timestamp)>,
}

fn read_seen(row: &Row<'_>) -> rusqlite::Result<Seen> {
    let (name, at) = (row.get::<_, EnumText<EventName>>(1).ok(), row.get::<_, At>(2).ok());
    let what = name.zip(at).map(|(EnumText(name), At(at))| (name, at));
    Ok(Seen { is_own: row.get(0)?, what })
}

/// What has become of item number `n` since the run of a delivery began.
fn since(conn: &Connection, delivery: &DeliveryKey, n: i64, kind: Kind) -> rusqlite::Result<SinceRun> {
    let sql = format!(
        "SELECT {IS_OWN}, e.name, e.at FROM deliveries d JOIN runs r ON r.id = d.run
             JOIN events e ON e.item = ?2 AND e.seen_at > r.started_at
         WHERE d.id = ?1 ORDER BY e.id"
    );
    let seen = all(conn, &sql, params![delivery.0, n], read_seen)?;
    let ends = rules::matter_ends(kind);
    let mut after = seen.iter();
    let end = after.find_map(|it| {
        let (name, at) = it.what.filter(|(name, _)| ends.contains(name))?;
        Some((it.is_own, name, at))
    });
    Ok(match end {
        Some((false, name, at)) => SinceRun::Ended { status: end_status(name), at },
        Some(_) if after.any(|it| !it.is_own) => SinceRun::EndedByRun,
        None if seen.iter().any(|it| !it.is_own) => SinceRun::Changed,
        Some(_) | None => SinceRun::Nothing,
    })
}

/// Records the text of a run's message as it is sent, in that column, unless the run has said more since that was read: then
/// that is to be sent yet.
pub(super) fn keep(
    conn: &Connection,
    key: &DeliveryKey,
    column: &str,
    message: &Message,
    own: &OwnMessage,
) -> rusqlite::Result<()> {
    let stands = one(conn, &format!("SELECT {COLUMNS} FROM deliveries WHERE id = ?1"), [&key.0], read)?;
    if stands.is_some_and(|it| *it.own_message() == own.message) {
        let sql = format!("UPDATE deliveries SET {column} = ?2, own = ?3 WHERE id = ?1");
        run(conn, &sql, params![key.0, Json(message), Json(&own.message)])?;
    }
    Ok(())
}

impl Store {
    /// What has become of the items of a run whose message is the root of a thread. `None` for any other delivery,
    /// before the run has ended, and where none of the items is there any more.
    pub async fn after_run(&self, delivery: &Delivery) -> Result<Option<AfterRun>, StoreError> {
        match delivery.about {
            About::Run(_) => {}
            About::Event(_) | About::Nothing => return Ok(None),
        }
        let key = delivery.key.clone();
        self.read(move |conn| after_run(conn, &key)).await
    }
}
