//! The outbox: every message for a chat channel, from the moment it is decided until it stands there.
//!
//! Of an event, what is recorded is the event and the channel: it is put into words when it is sent (`news`). Messages about
//! one item stand in one thread (`thread`).
//!
//! A delivery is marked as being sent before the call to the service, so that after a crash it is known which ones may
//! have arrived. Its state changes like this:
//!
//! ```text
//! pending -> sending -> posted            revised: pending again, and then it is an edit
//!    ^          |-----> pending           it surely did not happen: later
//!    |          |-----> failed            given up, until a person tries again
//!    |          |-----> moot              no news any more by the time that it could be sent
//!    |          '-----> unknown           it may have happened: looked up before it is sent again, and before what is behind
//!    |                     |              it in its channel is sent, for as long as that may take (`queue`)
//!    '---------------------'              looked up, and absent
//!
//! pending -> digested                     told in the digest that another delivery has become
//! ```
//!
//! A record that cannot be read is set aside as failed with the reason, so that it does not hold up its channel.

mod list;
mod news;
mod posted_message;
mod queue;
mod thread;
mod unreadable;

use callboard_domain::{
    actor::Actor,
    chat::{Address, DeliveryKey, Posted},
    error::ServiceError,
    message::{Message, Tone},
    run::Run,
};
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use self::posted_message::{PostedMessage, STANDS};
use super::{
    Store, StoreError, audit,
    row::{At, Clock, EnumText, Flag, Json, SafeMessage, Text, one, run, safe_link, strict},
};
use crate::api::MootReason;

pub(super) use self::thread::{move_to, renew_all};
pub use self::{
    news::{CurrentEvent, PreparedDelivery, QueuedEvent},
    posted_message::Edits,
    queue::{Claimed, LONGEST_WAIT},
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

/// What is put into words when it is sent, in whose thread it stands, and why it was not sent by itself.
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

/// Since when it is not known whether one stands, and the roots of an item.
pub(super) const V4: &str = "
ALTER TABLE deliveries ADD COLUMN unknown_since INTEGER; -- since when it may have arrived; NULL: that is known
CREATE INDEX deliveries_roots ON deliveries (item) WHERE item IS NOT NULL AND root IS NULL;
";

/// What a delivery tells of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// The event with this number.
    Event(i64),
    /// The run with this id, and maybe an event that was its doing ([`Store::reported_of_run`]).
    Run(String),
    /// Neither: a person's message, a digest.
    Nothing,
}

/// How far a delivery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// To be sent (or edited) when its time comes.
    Pending,
    /// The call to the service is under way.
    Sending,
    /// Stands in the channel, as wanted.
    Posted,
    /// It may stand there: to be looked up.
    Unknown,
    /// Given up.
    Failed,
    /// Not sent: it was no news any more by the time that it could be.
    Moot,
    /// Not sent by itself: a digest tells of it.
    Digested,
}

/// What a message is to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// The event with this number, put into words when it is sent.
    Event {
        /// Its number.
        id: i64,
        /// A line that stands below it, such as why it is posted in this channel.
        note: Option<String>,
    },
    /// Just this, about a run.
    Run {
        /// The run's id.
        id: String,
        /// What it says.
        message: Message,
    },
    /// Just this, which a person posts.
    Message(Message),
}

/// A message for a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery {
    /// What it is to say. What is about an item goes in that item's thread of the channel.
    pub content: Content,
    /// Where it goes.
    pub to: Address,
    /// Who has it posted. `None` for a message about a run, which is always the run's.
    pub actor: Option<Actor>,
}

/// A delivery as recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its id, which goes along with the message where the service allows it.
    pub key: DeliveryKey,
    /// What it tells of; `Nothing` too where that has been deleted since.
    pub about: About,
    /// Where it goes.
    pub to: Address,
    /// The delivery in whose thread it is to stand.
    pub root: Option<DeliveryKey>,
    /// The message that it answers in a thread: that of `root`, found when it was last sent.
    pub under: Option<Posted>,
    /// What it says in its latest revision. Of what is put into words when it is sent, as it was sent; the event's own line
    /// before that.
    pub message: Message,
    /// True where it is put into words when it is sent.
    pub at_send: bool,
    /// How far it is.
    pub state: DeliveryState,
    /// How many times it has been tried since it last went well.
    pub attempts: u32,
    /// When it is to be tried (pending) or looked up (unknown) next.
    pub next_at: Timestamp,
    /// Where it stands. A delivery that is claimed and has this is to be edited, as far as `edits` allows.
    pub posted: Option<Posted>,
    /// Whether what stands can be edited.
    pub edits: Edits,
    /// The revision that was last sent, or is being sent.
    pub sent_revision: i64,
    /// Why the last attempt did not go well.
    pub error: Option<ServiceError>,
    /// Why it was not sent, where it is moot.
    pub moot: Option<MootReason>,
    /// The delivery that tells of it, where it is digested.
    pub digest: Option<DeliveryKey>,
    /// When it was decided.
    pub created_at: Timestamp,
    /// Who has it posted, and through what. `None` for what an older version recorded.
    pub actor: Option<Actor>,
}

/// How an attempt to send or to look up a delivery went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt {
    /// It stands there as it was when it was claimed. Revised since: it becomes pending, as an edit.
    Posted(Posted),
    /// This revision is not worth a message of its own: what stands there stays, until the next one.
    Skipped,
    /// What stands there cannot be edited any more: it becomes pending, and is posted anew.
    Closed(Edits),
    /// It cannot stand in that thread: it becomes pending, and is posted by itself.
    NoThread,
    /// It is no news any more, and was not sent.
    Moot(MootReason),
    /// It surely did not happen: send it at this time.
    Later(Timestamp, ServiceError),
    /// It may have happened: look it up at this time. An edit is safe to repeat and is: it becomes pending.
    Unknown(Timestamp, ServiceError),
    /// It did not happen, and trying again would not help.
    Failed(ServiceError),
    /// Looked up, and it is not there: send it.
    Absent,
}

/// Writes a delivery into the outbox, due at once; what happened long ago waits a moment for more of its time, to be told
/// with it. It may outlive what it tells of.
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
    if let Some(root) = root.filter(|_| at_send) {
        thread::renew(conn, &root, now)?;
    }
    Ok(key)
}

/// What may have been sent when the program ended: posts are to be looked up, edits are safe to repeat.
pub(super) fn recover(conn: &Connection, now: Timestamp) -> rusqlite::Result<usize> {
    let error = ServiceError::unknown("Callboard ended while the message was being sent");
    let sql = format!(
        "UPDATE deliveries SET state = iif({STANDS}, 'pending', 'unknown'), next_at = ?1, error = ?2,
               unknown_since = coalesce(unknown_since, ?1)
               WHERE state IN ('pending', 'sending') AND state = 'sending'"
    );
    run(conn, &sql, params![At(now), Json(&error)])
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

/// Lets the message about one of these runs tell of an event too, where one goes to that channel and can arrive there.
/// False where none does: then the event needs a message of its own.
pub(super) fn join_run(conn: &Connection, runs: &[&Run], event: i64, to: &Address) -> rusqlite::Result<bool> {
    let sql = "UPDATE deliveries SET event = ?2 WHERE run = ?1 AND address = ?3 AND state <> 'failed'";
    for of in runs {
        if run(conn, sql, params![of.id, event, Text(to)])? > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

/// One that is being sent, unknown or failed stays so; its next sending takes the new message.
const REVISE: &str = "UPDATE deliveries SET message = ?2, revision = revision + 1, changed_at = ?3,
                      next_at = iif(state = 'posted', ?3, next_at), state = iif(state = 'posted', 'pending', state)";

/// Deletes up to `limit` that have been over since before `before`.
pub(super) fn prune(conn: &Connection, before: Timestamp, limit: u32) -> rusqlite::Result<usize> {
    // Each part has an index that knows its rows.
    let sql = "DELETE FROM deliveries WHERE n IN (SELECT n FROM deliveries
               WHERE state IN ('posted', 'failed') AND changed_at < ?1
               UNION ALL SELECT n FROM deliveries WHERE state IN ('moot', 'digested') AND changed_at < ?1 LIMIT ?2)";
    run(conn, sql, params![At(before), limit])
}

/// In SQL, the states of what may still be sent: what that tells of is kept.
pub(super) const LIVE: &str = "('pending', 'sending', 'unknown')";

/// What [`read`] reads; the last is the event's own line.
pub(super) const COLUMNS: &str =
    "id, event, run, address, under, message, state, attempts, next_at, posted, error, created_at, sent_revision, actor,
     at_send, root, moot, digest, (SELECT summary FROM events WHERE events.id = event)";
/// Where that line is.
const SUMMARY: usize = 18;

pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    let about = match (row.get(1)?, row.get(2)?) {
        (_, Some(run)) => About::Run(run),
        (Some(event), None) => About::Event(event),
        (None, None) => About::Nothing,
    };
    let standing = row.get::<_, Option<Json<PostedMessage>>>(9)?.map(|it| it.0);
    let at_send = row.get::<_, Flag>(14)?.0;
    Ok(Delivery {
        key: DeliveryKey(row.get(0)?),
        about,
        to: row.get::<_, Text<_>>(3)?.0,
        root: row.get::<_, Option<String>>(15)?.map(DeliveryKey),
        under: row.get::<_, Option<Json<_>>>(4)?.map(|it| it.0),
        message: read_message(row, at_send)?,
        at_send,
        state: row.get::<_, EnumText<_>>(6)?.0,
        attempts: row.get(7)?,
        next_at: row.get::<_, Clock>(8)?.0,
        edits: standing.as_ref().map(|it| it.edits).unwrap_or_default(),
        posted: standing.map(|it| Posted { link: it.posted.link.and_then(safe_link), ..it.posted }),
        error: row.get::<_, Option<Json<_>>>(10)?.map(|it| it.0),
        moot: row.get::<_, Option<Json<_>>>(16)?.map(|it| it.0),
        digest: row.get::<_, Option<String>>(17)?.map(DeliveryKey),
        created_at: row.get::<_, Clock>(11)?.0,
        sent_revision: row.get(12)?,
        actor: audit::read_actor(row, 13)?,
    })
}

/// What a delivery says; what is not put into words yet, by its event.
fn read_message(row: &Row<'_>, at_send: bool) -> rusqlite::Result<Message> {
    if !at_send {
        return Ok(row.get::<_, SafeMessage>(5)?.0);
    }
    let mut rendered = row.get::<_, Json<Option<Message>>>(5)?.0;
    rendered.iter_mut().for_each(Message::clean_links);
    let summary = row.get::<_, Option<String>>(SUMMARY)?;
    let summary = summary.unwrap_or_else(|| "An event that is not on the record any more".to_owned());
    Ok(rendered.unwrap_or_else(|| Message::new(Tone::Neutral, summary)))
}

/// The columns of a delivery that are damaged.
pub(super) fn damaged(row: &Row<'_>) -> rusqlite::Result<Vec<String>> {
    match read(row) {
        Ok(delivery) if audit::is_damaged(delivery.actor.as_ref()) => Ok(vec!["actor".to_owned()]),
        read => strict(row, read.map(drop)),
    }
}

impl Store {
    /// Puts a message into the outbox, due at once.
    pub async fn enqueue(&self, new: NewDelivery, now: Timestamp) -> Result<DeliveryKey, StoreError> {
        self.write(move |conn| insert(conn, &new, now)).await
    }

    /// Gives a delivery a new text: where it stands in its channel already, it is edited there.
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

    /// What a service has reported of a run, in a line, where its message took the place of one about that.
    pub async fn reported_of_run(&self, run: &str) -> Result<Option<String>, StoreError> {
        let run = run.to_owned();
        self.read(move |conn| {
            let sql =
                "SELECT summary FROM events WHERE id = (SELECT max(event) FROM deliveries WHERE run = ?1)";
            one(conn, sql, [run], |row| row.get(0))
        })
        .await
    }

    /// True for a run that has not ended: a message about it tells of progress, not of an outcome.
    pub async fn is_under_way(&self, run: &str) -> Result<bool, StoreError> {
        let run = run.to_owned();
        self.read(move |conn| {
            one(conn, "SELECT 1 FROM runs WHERE id = ?1 AND ended_at IS NULL", [run], |_| Ok(()))
                .map(|found| found.is_some())
        })
        .await
    }
}
