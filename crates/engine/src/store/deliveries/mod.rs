//! The outbox: every message for a chat channel, from the decision to post it until it is in its channel.
//!
//! The delivery of an event records the event and the channel; the message is rendered when it is sent (`news`). Messages
//! about one item share a thread (`thread`). What a run says is recorded as it says it; where its message is the root of a
//! thread, what has become of its items since is added when it is sent (`after_run`).
//!
//! A delivery is marked as being sent before the call to the service, so that after a crash it is known which ones may
//! have arrived. Its state changes like this:
//!
//! ```text
//! pending -> sending -> posted            revised: pending again, and then it is an edit
//!    ^          |-----> pending           it surely did not happen: later, or once its account answers (`queue`)
//!    |          |-----> failed            given up, until a person tries again
//!    |          |-----> moot              it no longer matters by the time that it could be sent
//!    |          '-----> unknown           it may have happened: looked up before it is sent again, and before what is behind
//!    |                     |              it in its channel is sent, for as long as that may take (`queue`)
//!    '---------------------'              looked up, and absent
//!
//! failed, unknown -> pending              a person tries again: what may have arrived is looked for first. One that
//!                                         waits for another try is due at once
//!
//! pending -> digested                     listed in the digest that another delivery has become
//!    ^          |
//!    '----------'                         that is not sent: its own event is moot, and a digest reports the event that carries it
//! ```
//!
//! A record that cannot be read is marked as failed with the reason, so that it does not block its channel.

mod after_run;
mod delivery;
mod list;
mod news;
mod posted_message;
mod queue;
mod soonest;
mod thread;
mod unreadable;

use callboard_domain::{
    chat::{Address, DeliveryKey},
    message::Message,
    run::Run,
};
use jiff::Timestamp;
use rusqlite::{Connection, params};
use uuid::Uuid;

use super::{
    Store, StoreError,
    row::{At, Json, Text, all, one, run},
};

pub use self::{
    after_run::{AfterRun, ItemAfterRun, SinceRun},
    delivery::{About, Attempt, Content, Delivery, DeliveryState, NewDelivery, OwnMessage},
    list::RateLimitWait,
    news::{CurrentEvent, PreparedDelivery, QueuedEvent},
    posted_message::Edits,
    queue::{Claimed, LONGEST_WAIT, LOOK_AFTER},
    soonest::FirstOfLine,
};
pub(super) use self::{
    delivery::{COLUMNS, LIVE, damaged, read},
    queue::recover,
    thread::{begin_thread, move_to, renew_all},
};

pub(super) const V1: &str = "
CREATE TABLE deliveries (
    n             INTEGER PRIMARY KEY AUTOINCREMENT,
    id            TEXT NOT NULL UNIQUE,          -- the DeliveryKey
    event         INTEGER REFERENCES events (id) ON DELETE SET NULL,
    run           TEXT REFERENCES runs (id) ON DELETE SET NULL,
    address       TEXT NOT NULL,
    under         TEXT,                          -- Posted: the message that it answers
    message       TEXT NOT NULL,
    revision      INTEGER NOT NULL DEFAULT 1,    -- of the message that is wanted
    sent_revision INTEGER NOT NULL DEFAULT 0,    -- of the message that was last sent
    state         TEXT NOT NULL DEFAULT 'pending',
    attempts      INTEGER NOT NULL DEFAULT 0,
    next_at       INTEGER NOT NULL,
    posted        TEXT,                          -- Posted, once it stands there
    error         TEXT,                          -- ServiceError of the last attempt
    created_at    INTEGER NOT NULL,
    changed_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX deliveries_live ON deliveries (address, n) WHERE state IN ('pending', 'sending');
CREATE INDEX deliveries_unknown ON deliveries (next_at) WHERE state = 'unknown';
CREATE INDEX deliveries_over ON deliveries (changed_at) WHERE state IN ('posted', 'failed');
CREATE INDEX deliveries_event ON deliveries (event) WHERE event IS NOT NULL;
CREATE INDEX deliveries_run ON deliveries (run) WHERE run IS NOT NULL;
";

/// Who has it posted, and through what.
pub(super) const V2: &str = "
ALTER TABLE deliveries ADD COLUMN actor TEXT;    -- Actor as JSON
";

/// What is rendered when it is sent, whose thread it is in, and why it was not sent on its own.
pub(super) const V3: &str = "
ALTER TABLE deliveries ADD COLUMN at_send INTEGER NOT NULL DEFAULT 0; -- 1: rendered when it is sent; message is 'null' before
ALTER TABLE deliveries ADD COLUMN note TEXT;     -- what stands below an event
ALTER TABLE deliveries ADD COLUMN item TEXT;     -- the ItemKey in whose thread of this channel it stands
ALTER TABLE deliveries ADD COLUMN root TEXT;     -- the DeliveryKey that it stands under; NULL: it begins a thread
ALTER TABLE deliveries ADD COLUMN moot TEXT;     -- MootReason, where the state is moot
ALTER TABLE deliveries ADD COLUMN digest TEXT;   -- the DeliveryKey that tells of it, where the state is digested
CREATE INDEX deliveries_thread ON deliveries (address, item, n) WHERE item IS NOT NULL;
CREATE INDEX deliveries_digest ON deliveries (digest) WHERE digest IS NOT NULL;
CREATE INDEX deliveries_untold ON deliveries (changed_at) WHERE state IN ('moot', 'digested');
";

/// Since when a delivery is unknown, and the roots of an item. For a delivery behind an unknown one, the column has the time
/// since when it waits: see `queue`.
pub(super) const V4: &str = "
ALTER TABLE deliveries ADD COLUMN unknown_since INTEGER; -- since when it may have arrived; NULL: that is known
CREATE INDEX deliveries_roots ON deliveries (item) WHERE item IS NOT NULL AND root IS NULL;
";

/// What a run says itself, kept beside its message, and what it did; what an edit is to say, and which edits wait.
pub(super) const V5: &str = "
ALTER TABLE deliveries ADD COLUMN own TEXT;      -- Message, where `message` says besides what has become of its item since
ALTER TABLE deliveries ADD COLUMN own_arrived INTEGER; -- the revision in which that first arrived; NULL: it has not
ALTER TABLE deliveries ADD COLUMN did TEXT;      -- numbers of the events that were the run's doing, as JSON; the latest is event
ALTER TABLE deliveries ADD COLUMN sending TEXT;  -- Message of an edit that has not arrived; message is what stands there
CREATE INDEX deliveries_edits ON deliveries (next_at) WHERE state = 'pending' AND posted IS NOT NULL;
UPDATE deliveries SET did = json_array(event) WHERE run IS NOT NULL AND event IS NOT NULL;
";

/// Writes a delivery into the outbox, due at once; an event of long ago waits a moment for others of its time, to be posted
/// with them. A delivery may outlive what it is about.
pub(super) fn insert(conn: &Connection, new: &NewDelivery, now: Timestamp) -> rusqlite::Result<DeliveryKey> {
    let key = DeliveryKey(Uuid::now_v7().to_string());
    let (event, of_run, message, note) = match &new.content {
        Content::Event { id, note } => (Some(*id), None, None, note.as_ref()),
        Content::Run { id, message } => (None, Some(id), Some(message), None),
        Content::Message(message) => (None, None, Some(message), None),
    };
    let subject = thread::subject(conn, &new.content)?;
    let root = match &subject {
        Some(subject) => thread::root(conn, &new.to, subject, now)?,
        None => None,
    };
    let due_at = match subject.as_ref().and_then(|subject| subject.event) {
        Some((_, at)) if news::is_late(at, now) => now + news::GATHER,
        _ => now,
    };
    let sql = "INSERT INTO deliveries
                   (id, event, run, address, message, next_at, created_at, changed_at, actor, at_send, note, item, root)
               VALUES (?1, (SELECT id FROM events WHERE id = ?2), (SELECT id FROM runs WHERE id = ?3), ?4, ?5, ?6, ?7, ?7,
                       coalesce(?8, (SELECT actor FROM runs WHERE id = ?3)), ?9, ?10, ?11, ?12)";
    let (actor, root_key) = (new.actor.as_ref().map(Json), root.as_ref().map(|root| &root.0));
    let (item, at_send) = (subject.map(|subject| Text(subject.item)), event.is_some());
    let (to, message) = (Text(&new.to), Json(&message));
    let times = (At(due_at), At(now));
    let row =
        params![key.0, event, of_run, to, message, times.0, times.1, actor, at_send, note, item, root_key];
    run(conn, sql, row)?;
    queue::begin_behind(conn, &key, now)?;
    if let (Some(root), Some(_)) = (root, event) {
        thread::renew(conn, &root, now)?;
    }
    Ok(key)
}

/// Gives the messages about a run their next revision.
pub(super) fn revise_run(
    conn: &Connection,
    run_id: &str,
    message: &Message,
    now: Timestamp,
) -> rusqlite::Result<usize> {
    let sql = format!("{REVISE} WHERE run = ?1");
    run(conn, &sql, params![run_id, Json(message), At(now)])
}

/// Lets the messages about these runs report an event too, where they can arrive: it was their doing. Gives their channels:
/// there the event needs no message of its own.
pub(super) fn join_runs(conn: &Connection, runs: &[&Run], event: i64) -> rusqlite::Result<Vec<Address>> {
    let sql =
        "UPDATE deliveries SET event = ?2, did = json_insert(iif(json_valid(did), did, '[]'), '$[#]', ?2)
               WHERE run = ?1 AND state <> 'failed' RETURNING address";
    let mut channels = Vec::new();
    for of in runs {
        channels.extend(all(conn, sql, params![of.id, event], |row| Ok(row.get::<_, Text<Address>>(0)?.0))?);
    }
    Ok(channels)
}

/// One that is being sent, unknown or failed stays so; its next sending takes the new message. What a run says anew has not
/// arrived.
const REVISE: &str = "UPDATE deliveries SET message = ?2, sending = NULL, own = NULL, own_arrived = NULL,
                      revision = revision + 1, changed_at = ?3,
                      next_at = iif(state = 'posted', ?3, next_at), state = iif(state = 'posted', 'pending', state)";

/// Deletes up to `limit` that have been over since before `before`.
pub(super) fn prune(conn: &Connection, before: Timestamp, limit: u32) -> rusqlite::Result<usize> {
    // Each part has an index of its own.
    let sql = "DELETE FROM deliveries WHERE n IN (SELECT n FROM deliveries
               WHERE state IN ('posted', 'failed') AND changed_at < ?1
               UNION ALL SELECT n FROM deliveries WHERE state IN ('moot', 'digested') AND changed_at < ?1 LIMIT ?2)";
    run(conn, sql, params![At(before), limit])
}

impl Store {
    /// Puts a message into the outbox, due at once.
    pub async fn enqueue(&self, new: NewDelivery, now: Timestamp) -> Result<DeliveryKey, StoreError> {
        self.write(move |conn| insert(conn, &new, now)).await
    }

    /// Gives a delivery a new text: where it has been posted already, it is edited there.
    pub async fn revise(
        &self,
        key: &DeliveryKey,
        message: Message,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let key = key.clone();
        self.write(move |conn| {
            let sql = format!("{REVISE} WHERE id = ?1");
            run(conn, &sql, params![key.0, Json(&message), At(now)]).map(|rows| rows == 1)
        })
        .await
    }

    /// The latest that a run did, in a line, as its service reported it.
    pub async fn reported_of_run(&self, run: &str) -> Result<Option<String>, StoreError> {
        let run = run.to_owned();
        self.read(move |conn| {
            let sql =
                "SELECT summary FROM events WHERE id = (SELECT max(event) FROM deliveries WHERE run = ?1)";
            one(conn, sql, [run], |row| row.get(0))
        })
        .await
    }

    /// True for a run that has not ended: a message about it reports progress, not an outcome.
    pub async fn is_under_way(&self, run: &str) -> Result<bool, StoreError> {
        let run = run.to_owned();
        self.read(move |conn| {
            one(conn, "SELECT 1 FROM runs WHERE id = ?1 AND ended_at IS NULL", [run], |_| Ok(()))
                .map(|found| found.is_some())
        })
        .await
    }
}
