//! What has become of the item of a run since that has ended: the message of the run says so, where it is the root of the
//! item's thread.

use callboard_domain::{
    chat::DeliveryKey,
    command::Args,
    event::{Event, EventName},
    item::{BuildStatus, Item, ItemKey},
    message::Message,
    rules,
    run::RunState,
};
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use super::{
    super::{
        Store, StoreError, events, items,
        row::{At, Clock, Json, Text, is_unreadable, one, run},
    },
    About, COLUMNS, Delivery, OwnMessage, read,
};

/// In SQL, what happened to item number `item` after the run of the delivery `of` had ended. What happened while it ran, and
/// what it did itself, it has said, whenever that was seen.
pub(super) fn since(of: &str, item: &str) -> String {
    format!(
        "SELECT 1 FROM runs r JOIN events e ON e.item = {item}
         WHERE r.id = {of}.run AND r.ended_at IS NOT NULL AND e.seen_at > r.ended_at AND e.id > coalesce({of}.event, 0)
         AND NOT (e.at BETWEEN r.started_at AND r.ended_at)"
    )
}

/// A run that has ended, and its item as it is by now.
#[derive(Debug, Clone, PartialEq)]
pub struct AfterRun {
    /// How the run ended.
    pub state: RunState,
    /// When it ended.
    pub ended_at: Timestamp,
    /// True where it was on other items as well.
    pub is_on_several: bool,
    /// The item as it is now.
    pub item: Item,
    /// True where more has happened to the item since, but for what comes after the end of an episode.
    pub is_overtaken: bool,
    /// What has ended the item's episode since the run began, where something has: what came after that belongs to another one.
    pub end: Option<Event>,
}

impl AfterRun {
    /// How the item stands by now, where more has happened since: at the end of the episode, where that is over.
    pub fn status_since(&self) -> Option<&'static str> {
        let now = || self.end.as_ref().map_or_else(|| self.item.status(), |end| end_status(end.name));
        self.is_overtaken.then(now)
    }
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
    item: ItemKey,
    started_at: Timestamp,
    ended_at: Timestamp,
    state: RunState,
    is_on_several: bool,
}

fn read_ended(row: &Row<'_>) -> rusqlite::Result<Ended> {
    Ok(Ended {
        item: row.get::<_, Text<_>>(0)?.0,
        started_at: row.get::<_, Clock>(1)?.0,
        ended_at: row.get::<_, Clock>(2)?.0,
        state: row.get::<_, Json<_>>(3)?.0,
        is_on_several: row.get::<_, Json<Args>>(4)?.0.items.len() > 1,
    })
}

fn after_run(conn: &Connection, key: &DeliveryKey) -> rusqlite::Result<Option<AfterRun>> {
    let sql = "SELECT d.item, r.started_at, r.ended_at, r.state, r.args FROM deliveries d JOIN runs r ON r.id = d.run
               WHERE d.id = ?1 AND d.root IS NULL AND d.item IS NOT NULL AND r.ended_at IS NOT NULL";
    let ended = match one(conn, sql, [&key.0], read_ended) {
        // Its message says what it said.
        Err(error) if is_unreadable(&error) => None,
        ended => ended?,
    };
    let Some(Ended { item, started_at, ended_at, state, is_on_several }) = ended else { return Ok(None) };
    let stored = items::load(conn, &item)?.and_then(|known| Some((known.n, known.state?)));
    // How it stood when it was there is no news.
    let Some((n, stored)) = stored.filter(|(_, stored)| stored.gone.is_none()) else { return Ok(None) };
    let ends = events::sql_list(&rules::matter_ends(item.kind));
    let sql = format!(
        "SELECT id FROM events WHERE item = ?1 AND name IN ({ends}) AND seen_at > ?2 ORDER BY id LIMIT 1"
    );
    let end: Option<i64> = one(conn, &sql, params![n, At(started_at)], |row| row.get(0))?;
    let sql =
        format!("SELECT EXISTS ({} AND e.id <= ?3) FROM deliveries d WHERE d.id = ?1", since("d", "?2"));
    let row = params![key.0, n, end.unwrap_or(i64::MAX)];
    let is_overtaken = one(conn, &sql, row, |row| row.get(0))?.unwrap_or(false);
    let end = match end {
        Some(id) => events::by_ids(conn, &[id])?.pop(),
        None => None,
    };
    Ok(Some(AfterRun { state, ended_at, is_on_several, item: stored.item, is_overtaken, end }))
}

/// Records the text of a run's message as it is sent, unless the run has said more since that was read: then that is to be
/// sent yet.
pub(super) fn keep(
    conn: &Connection,
    key: &DeliveryKey,
    message: &Message,
    own: &OwnMessage,
) -> rusqlite::Result<()> {
    let stands = one(conn, &format!("SELECT {COLUMNS} FROM deliveries WHERE id = ?1"), [&key.0], read)?;
    if stands.is_some_and(|it| *it.own_message() == own.message) {
        let sql = "UPDATE deliveries SET message = ?2, own = ?3, own_arrived = ?4 WHERE id = ?1";
        run(conn, sql, params![key.0, Json(message), Json(&own.message), own.arrived])?;
    }
    Ok(())
}

impl Store {
    /// What has become of the item of a run whose message is the root of the item's thread. `None` for any other delivery,
    /// before the run has ended, and where the item is not there any more.
    pub async fn after_run(&self, delivery: &Delivery) -> Result<Option<AfterRun>, StoreError> {
        match delivery.about {
            About::Run(_) => {}
            About::Event(_) | About::Nothing => return Ok(None),
        }
        let key = delivery.key.clone();
        self.read(move |conn| after_run(conn, &key)).await
    }
}
