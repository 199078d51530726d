//! The messages of the built-in room.

use callboard_domain::{
    chat::DeliveryKey,
    item::{EARLIEST, LATEST},
    message::Message,
};
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use super::{
    Store, StoreError,
    row::{At, Clock, Json, Lenient, SafeMessage, all, one, run},
    unreadable_row::unreadable_message,
};

pub(super) const V1: &str = "
CREATE TABLE room (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    channel   TEXT NOT NULL,
    thread    INTEGER REFERENCES room (id) ON DELETE CASCADE,
    key       TEXT NOT NULL UNIQUE,
    message   TEXT NOT NULL,
    at        INTEGER NOT NULL,
    edited_at INTEGER
) STRICT;
CREATE INDEX room_channel ON room (channel, id);
CREATE INDEX room_thread ON room (thread) WHERE thread IS NOT NULL;
";

/// A message in the built-in room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltinRoomMessage {
    /// Later messages have higher numbers.
    pub id: i64,
    /// The channel.
    pub channel: String,
    /// The message that it answers in a thread.
    pub thread: Option<i64>,
    /// The delivery that it came with.
    pub key: DeliveryKey,
    /// The message.
    pub message: Message,
    /// When it was posted.
    pub at: Timestamp,
    /// When it was last edited.
    pub edited_at: Option<Timestamp>,
}

pub(super) const COLUMNS: &str = "id, channel, thread, key, message, at, edited_at";

/// Reads a message from the columns [`COLUMNS`]. One that cannot be read in part is shown all the same, with a note.
fn read(row: &Row<'_>) -> rusqlite::Result<BuiltinRoomMessage> {
    read_noting(row).map(|(message, _)| message)
}

/// The same, with the names of the columns that are damaged.
pub(super) fn read_noting(row: &Row<'_>) -> rusqlite::Result<(BuiltinRoomMessage, Vec<String>)> {
    let mut row = Lenient::new(row);
    let message = BuiltinRoomMessage {
        id: row.get(0)?.unwrap_or_default(),
        channel: row.get(1)?.unwrap_or_default(),
        thread: row.get::<Option<i64>>(2)?.flatten(),
        key: DeliveryKey(row.get(3)?.unwrap_or_default()),
        message: row.get::<SafeMessage>(4)?.map_or_else(unreadable_message, |it| it.0),
        at: row.get::<Clock>(5)?.map_or(Timestamp::UNIX_EPOCH, |at| at.0),
        edited_at: row.get::<Option<Clock>>(6)?.flatten().map(|at| at.0),
    };
    Ok((message, row.into_unreadable()))
}

fn by_key(conn: &Connection, key: &DeliveryKey) -> rusqlite::Result<Option<BuiltinRoomMessage>> {
    one(conn, &format!("SELECT {COLUMNS} FROM room WHERE key = ?1"), [&key.0], read)
}

/// Deletes up to `limit` from before `before`, except those with a newer answer.
pub(super) fn prune(conn: &Connection, before: Timestamp, limit: u32) -> rusqlite::Result<usize> {
    let sql = "DELETE FROM room WHERE id IN (SELECT id FROM room WHERE at < ?1 AND NOT EXISTS (
                   SELECT 1 FROM room reply WHERE reply.thread = room.id AND reply.at >= ?1) LIMIT ?2)";
    run(conn, sql, params![At(before), limit])
}

impl Store {
    /// Posts in the room; gives the message's number. A key that is there already gives that message's number.
    /// A reply to a message that is gone begins a thread.
    pub async fn post_in_room(
        &self,
        channel: &str,
        thread: Option<i64>,
        key: &DeliveryKey,
        message: Message,
        now: Timestamp,
    ) -> Result<i64, StoreError> {
        let (channel, key) = (channel.to_owned(), key.clone());
        self.write(move |conn| {
            if let Some(found) = by_key(conn, &key)? {
                return Ok(found.id);
            }
            let sql = "INSERT INTO room (channel, thread, key, message, at) 
                       VALUES (?1, (SELECT id FROM room WHERE id = ?2), ?3, ?4, ?5)";
            run(conn, sql, params![channel, thread, key.0, Json(&message), At(now)])?;
            Ok(conn.last_insert_rowid())
        })
        .await
    }

    /// Replaces a message in the room. False where it is not there.
    pub async fn edit_in_room(&self, id: i64, message: Message, now: Timestamp) -> Result<bool, StoreError> {
        self.write(move |conn| {
            let sql = "UPDATE room SET message = ?2, edited_at = ?3 WHERE id = ?1";
            run(conn, sql, params![id, Json(&message), At(now)]).map(|rows| rows == 1)
        })
        .await
    }

    /// The message that came with a key.
    pub async fn find_in_room(&self, key: &DeliveryKey) -> Result<Option<BuiltinRoomMessage>, StoreError> {
        let key = key.clone();
        self.read(move |conn| by_key(conn, &key)).await
    }

    /// The latest messages of a channel, replies among them, oldest first, at most `limit`.
    pub async fn room(&self, channel: &str, limit: u32) -> Result<Vec<BuiltinRoomMessage>, StoreError> {
        self.room_before(channel, i64::MAX, limit).await
    }

    /// Those of them with numbers below `before`.
    pub async fn room_before(
        &self,
        channel: &str,
        before: i64,
        limit: u32,
    ) -> Result<Vec<BuiltinRoomMessage>, StoreError> {
        let channel = channel.to_owned();
        self.read(move |conn| {
            let sql = format!(
                "SELECT {COLUMNS} FROM room WHERE channel = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3"
            );
            let mut found = all(conn, &sql, params![channel, before, limit], read)?;
            found.reverse();
            Ok(found)
        })
        .await
    }

    /// The room's channels that have messages, by name, with when the latest message was posted.
    pub async fn room_channels(&self) -> Result<Vec<(String, Timestamp)>, StoreError> {
        self.read(|conn| {
            // A time that is damaged does not hide its channel.
            let sql = "SELECT channel, coalesce(max(at) FILTER (WHERE at BETWEEN ?1 AND ?2), 0) FROM room
                       GROUP BY channel ORDER BY channel";
            all(conn, sql, [At(EARLIEST), At(LATEST)], |row| Ok((row.get(0)?, row.get::<_, At>(1)?.0)))
        })
        .await
    }
}
