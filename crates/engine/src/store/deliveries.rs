//! The outbox: every message for a chat channel, from the moment it is decided until it stands there.
//!
//! A delivery is marked as being sent before the call to the service, so that after a crash it is known which ones may
//! have arrived. Its state changes like this:
//!
//! ```text
//! pending -> sending -> posted            revised: pending again, and then it is an edit
//!    ^          |-----> pending           it surely did not happen: later
//!    |          |-----> failed            given up, until a person tries again
//!    |          '-----> unknown           it may have happened: looked up before it is sent again
//!    '---------------------'              looked up, and absent
//! ```
//!
//! A record that cannot be read is set aside as failed with the reason, so that it does not hold up its channel.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use callboard_domain::{
    chat::{Address, DeliveryKey, Posted},
    error::ServiceError,
    item::AccountName,
    message::{Message, Tone},
};
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Store, StoreError,
    row::{At, Json, Text, Word, all, is_unreadable, one, run},
};

/// The longest wait between two tries, but for a service that asks for a longer one.
pub const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);
/// A record that was changed more than this in the future was changed while the clock was wrong.
const CLOCK_MARGIN: Duration = Duration::from_secs(60);

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

/// What a delivery tells of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// The event with this number.
    Event(i64),
    /// The run with this id.
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
}

/// A message for a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery {
    /// What it tells of.
    pub about: About,
    /// Where it goes.
    pub to: Address,
    /// The message that it answers in a thread.
    pub under: Option<Posted>,
    /// What it says.
    pub message: Message,
}

/// Whether a message that stands in its channel can be edited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edits {
    /// As far as is known: the next revision is an edit.
    #[default]
    Open,
    /// The service refused for good: the next revision is posted anew, under it.
    Closed,
    /// The message is not there any more: the next revision is posted anew.
    Gone,
}

/// What the column `posted` holds. Records of before this was kept have no `edits`.
#[derive(Serialize, Deserialize)]
struct Standing {
    #[serde(flatten)]
    posted: Posted,
    #[serde(default)]
    edits: Edits,
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
    /// The message that it answers in a thread.
    pub under: Option<Posted>,
    /// What it says in its latest revision.
    pub message: Message,
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
    /// When it was decided.
    pub created_at: Timestamp,
}

impl Delivery {
    /// What its message is looked up by. One that is posted anew has a key of its own: that of the delivery names the
    /// message that stands there already.
    pub fn message_key(&self) -> DeliveryKey {
        match self.posted {
            Some(_) => DeliveryKey(format!("{}.{}", self.key.0, self.sent_revision)),
            None => self.key.clone(),
        }
    }
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
    /// It surely did not happen: send it at this time.
    Later(Timestamp, ServiceError),
    /// It may have happened: look it up at this time. An edit is safe to repeat and is: it becomes pending.
    Unknown(Timestamp, ServiceError),
    /// It did not happen, and trying again would not help.
    Failed(ServiceError),
    /// Looked up, and it is not there: send it.
    Absent,
}

/// Writes a delivery into the outbox, due at once. It may outlive what it tells of.
pub(super) fn insert(conn: &Connection, new: &NewDelivery, now: Timestamp) -> rusqlite::Result<DeliveryKey> {
    let key = DeliveryKey(Uuid::now_v7().to_string());
    let (event, of_run) = match &new.about {
        About::Event(id) => (Some(*id), None),
        About::Run(id) => (None, Some(id)),
        About::Nothing => (None, None),
    };
    let sql = "INSERT INTO deliveries (id, event, run, address, under, message, next_at, created_at, changed_at)
               VALUES (?1, (SELECT id FROM events WHERE id = ?2), (SELECT id FROM runs WHERE id = ?3), ?4, ?5, ?6, ?7, ?7, ?7)";
    let under = new.under.as_ref().map(Json);
    run(conn, sql, params![key.0, event, of_run, Text(&new.to), under, Json(&new.message), At(now)])?;
    Ok(key)
}

/// True for a delivery that stands where it can be edited: its sending is an edit, safe to repeat. What is not JSON
/// would make the whole statement fail.
const STANDS: &str = "(CASE WHEN json_valid(posted) THEN json_extract(posted, '$.id') <> ''
    AND coalesce(json_extract(posted, '$.edits'), 'open') = 'open' ELSE 0 END)";

/// True for a delivery whose time has come at `?1`. One that is due further off than any wait, or that was changed in
/// the future, was recorded while the clock was ahead: it is due.
fn due() -> String {
    let longest = LONGEST_WAIT.as_micros();
    let margin = CLOCK_MARGIN.as_micros();
    format!(
        "(next_at <= ?1 OR changed_at > ?1 + {margin} OR next_at > ?1 + {margin} + max({longest},
            1000000 * CASE WHEN json_valid(error) THEN coalesce(json_extract(error, '$.retry_after.secs'), 0) ELSE 0 END))"
    )
}

/// What may have been sent when the program ended: posts are to be looked up, edits are safe to repeat.
pub(super) fn recover(conn: &Connection, now: Timestamp) -> rusqlite::Result<usize> {
    let error = ServiceError::unknown("Callboard ended while the message was being sent");
    let sql = format!(
        "UPDATE deliveries SET state = iif({STANDS}, 'pending', 'unknown'), next_at = ?1, error = ?2
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

/// One that is being sent, unknown or failed stays so; its next sending takes the new message.
const REVISE: &str = "UPDATE deliveries SET message = ?2, revision = revision + 1, changed_at = ?3,
                      next_at = iif(state = 'posted', ?3, next_at), state = iif(state = 'posted', 'pending', state)";

/// Deletes up to `limit` that have been over since before `before`.
pub(super) fn prune(conn: &Connection, before: Timestamp, limit: u32) -> rusqlite::Result<usize> {
    let sql = "DELETE FROM deliveries WHERE n IN (SELECT n FROM deliveries
               WHERE state IN ('posted', 'failed') AND changed_at < ?1 LIMIT ?2)";
    run(conn, sql, params![At(before), limit])
}

const COLUMNS: &str = "id, event, run, address, under, message, state, attempts, next_at, posted, error, created_at, sent_revision";

fn read(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    let about = match (row.get(1)?, row.get(2)?) {
        (Some(event), _) => About::Event(event),
        (None, Some(run)) => About::Run(run),
        (None, None) => About::Nothing,
    };
    let standing = row.get::<_, Option<Json<Standing>>>(9)?.map(|it| it.0);
    Ok(Delivery {
        key: DeliveryKey(row.get(0)?),
        about,
        to: row.get::<_, Text<_>>(3)?.0,
        under: row.get::<_, Option<Json<_>>>(4)?.map(|it| it.0),
        message: row.get::<_, Json<_>>(5)?.0,
        state: row.get::<_, Word<_>>(6)?.0,
        attempts: row.get(7)?,
        next_at: row.get::<_, At>(8)?.0,
        edits: standing.as_ref().map(|it| it.edits).unwrap_or_default(),
        posted: standing.map(|it| it.posted),
        error: row.get::<_, Option<Json<_>>>(10)?.map(|it| it.0),
        created_at: row.get::<_, At>(11)?.0,
        sent_revision: row.get(12)?,
    })
}

/// Reads a delivery to be shown: of one that cannot be read, what can be, and why.
fn read_shown(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    let why = match read(row) {
        Err(error) if is_unreadable(&error) => ServiceError::rejected(unreadable(&error)),
        result => return result,
    };
    let text = |column: usize| -> rusqlite::Result<String> {
        Ok(String::from_utf8_lossy(row.get_ref(column)?.as_bytes().unwrap_or_default()).into_owned())
    };
    let address = text(3)?;
    let time = |column: usize| row.get::<_, At>(column).map_or(Timestamp::UNIX_EPOCH, |at| at.0);
    Ok(Delivery {
        key: DeliveryKey(text(0)?),
        about: row.get::<_, Option<String>>(2)?.map_or(About::Nothing, About::Run),
        to: address
            .parse()
            .unwrap_or_else(|_| Address { account: AccountName("unknown".into()), channel: address }),
        under: None,
        message: row
            .get::<_, Json<_>>(5)
            .map_or_else(|_| Message::new(Tone::Unknown, "This message cannot be read"), |it| it.0),
        state: row.get::<_, Word<_>>(6).map_or(DeliveryState::Failed, |it| it.0),
        attempts: row.get(7)?,
        next_at: time(8),
        posted: None,
        edits: Edits::default(),
        error: Some(why),
        created_at: time(11),
        sent_revision: row.get(12)?,
    })
}

fn unreadable(why: impl std::fmt::Display) -> String {
    format!(
        "its record cannot be read ({why}): it is damaged, or was written by a newer Callboard; it was set aside"
    )
}

/// The oldest live delivery of each address (a walk over the index from address to address, however long the queues).
const HEADS: &str = "WITH RECURSIVE queue (address) AS (
        SELECT min(address) FROM deliveries WHERE state IN ('pending', 'sending')
        UNION ALL
        SELECT (SELECT min(d.address) FROM deliveries d WHERE d.state IN ('pending', 'sending') AND d.address > queue.address)
        FROM queue WHERE queue.address IS NOT NULL
    ), heads AS (
        SELECT (SELECT min(d.n) FROM deliveries d WHERE d.state IN ('pending', 'sending') AND d.address = queue.address) AS n
        FROM queue WHERE queue.address IS NOT NULL
    )";

/// Claims what is due, at most `each` of an account; `out` are those that are being sent already.
fn claim(
    conn: &Connection,
    now: Timestamp,
    each: u32,
    mut out: BTreeMap<AccountName, u32>,
) -> rusqlite::Result<Vec<Delivery>> {
    let due = due();
    let sql = format!(
        "{HEADS} SELECT n, address FROM heads JOIN deliveries USING (n) WHERE state = 'pending' AND {due} ORDER BY n"
    );
    let heads: Vec<(i64, String)> = all(conn, &sql, params![At(now)], |row| {
        Ok((row.get(0)?, String::from_utf8_lossy(row.get_ref(1)?.as_bytes()?).into_owned()))
    })?;
    let mut claimed = Vec::new();
    for (n, address) in heads {
        let account = address.split(':').next().unwrap_or_default();
        let out = out.entry(account.into()).or_default();
        if *out >= each {
            continue;
        }
        match one(conn, &format!("SELECT {COLUMNS} FROM deliveries WHERE n = ?1"), [n], read) {
            Ok(None) => {}
            Ok(Some(delivery)) => {
                let sql = "UPDATE deliveries SET state = 'sending', sent_revision = revision, attempts = attempts + 1,
                           changed_at = ?2 WHERE n = ?1 RETURNING sent_revision";
                let sent_revision =
                    one(conn, sql, params![n, At(now)], |row| row.get(0))?.unwrap_or(delivery.sent_revision);
                *out += 1;
                claimed.push(Delivery {
                    state: DeliveryState::Sending,
                    attempts: delivery.attempts + 1,
                    sent_revision,
                    ..delivery
                });
            }
            Err(error) if is_unreadable(&error) => {
                tracing::error!(%error, address, "a message cannot be read and is set aside");
                let sql = "UPDATE deliveries SET state = 'failed', error = ?2, changed_at = ?3 WHERE n = ?1";
                let error = ServiceError::rejected(unreadable(&error));
                run(conn, sql, params![n, Json(&error), At(now)])?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(claimed)
}

fn attempted(
    conn: &Connection,
    key: &DeliveryKey,
    attempt: &Attempt,
    now: Timestamp,
) -> rusqlite::Result<bool> {
    let after = |state: &str, next_at: Timestamp, error: Option<&ServiceError>| {
        let sql = format!(
            "UPDATE deliveries SET state = iif(?2 = 'unknown' AND {STANDS}, 'pending', ?2),
                   next_at = ?3, error = ?4, changed_at = ?5
                   WHERE id = ?1 AND state IN ('sending', 'unknown')"
        );
        run(conn, &sql, params![key.0, state, At(next_at), error.map(Json), At(now)])
    };
    let rows = match attempt {
        Attempt::Skipped => {
            let sql = "UPDATE deliveries SET state = iif(revision > sent_revision, 'pending', 'posted'),
                       next_at = ?2, changed_at = ?2, attempts = 0, error = NULL
                       WHERE id = ?1 AND state = 'sending'";
            run(conn, sql, params![key.0, At(now)])
        }
        Attempt::Closed(edits) => {
            let sql = "UPDATE deliveries SET state = 'pending', next_at = ?3, changed_at = ?3,
                       posted = json_set(posted, '$.edits', ?2) WHERE id = ?1 AND state = 'sending'";
            run(conn, sql, params![key.0, Word(edits), At(now)])
        }
        Attempt::Posted(posted) => {
            let posted = Standing { posted: posted.clone(), edits: Edits::Open };
            let sql = "UPDATE deliveries SET state = iif(revision > sent_revision, 'pending', 'posted'), posted = ?2,
                       next_at = ?3, changed_at = ?3, attempts = 0, error = NULL
                       WHERE id = ?1 AND state IN ('sending', 'unknown')";
            run(conn, sql, params![key.0, Json(&posted), At(now)])
        }
        Attempt::Later(at, error) => after("pending", *at, Some(error)),
        Attempt::Unknown(at, error) => after("unknown", *at, Some(error)),
        Attempt::Failed(error) => after("failed", now, Some(error)),
        Attempt::Absent => after("pending", now, None),
    }?;
    Ok(rows == 1)
}

/// The numbers of what has not arrived. Each part has an index that knows its rows.
const NOT_POSTED: &str = "SELECT n FROM deliveries WHERE state IN ('pending', 'sending')
    UNION ALL SELECT n FROM deliveries WHERE state = 'unknown'
    UNION ALL SELECT n FROM deliveries WHERE state IN ('posted', 'failed') AND state = 'failed'";

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

    /// Takes deliveries that are due, and marks them as being sent before it returns. Each must be reported with
    /// [`Store::attempted`].
    ///
    /// At most one of each address is out at a time, the oldest first, so that a channel reads in order: one that has
    /// to wait holds back those behind it, while failed and unknown ones do not. At most `each` of an account are out at
    /// a time; `out` says how many are already, so that an account that does not answer holds up no other.
    pub async fn claim(
        &self,
        now: Timestamp,
        each: u32,
        out: BTreeMap<AccountName, u32>,
    ) -> Result<Vec<Delivery>, StoreError> {
        self.write(move |conn| claim(conn, now, each, out.clone())).await
    }

    /// When the next delivery is to be claimed or looked up, as it stands at `now`; `None` while nothing waits (or all of
    /// it is being sent).
    pub async fn next_delivery_at(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        self.read(move |conn| {
            let due = due();
            let sql = format!(
                "{HEADS} SELECT min(at) FROM (
                     SELECT min(iif({due}, min(next_at, ?1), next_at)) AS at
                     FROM heads JOIN deliveries USING (n) WHERE state = 'pending'
                     UNION ALL SELECT min(iif({due}, min(next_at, ?1), next_at)) FROM deliveries WHERE state = 'unknown')"
            );
            let at = one(conn, &sql, params![At(now)], |row| row.get::<_, Option<At>>(0))?;
            Ok(at.flatten().map(|at| at.0))
        })
        .await
    }

    /// Records how an attempt went. False where the delivery was not being sent or looked up.
    pub async fn attempted(
        &self,
        key: &DeliveryKey,
        attempt: Attempt,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let key = key.clone();
        self.write(move |conn| attempted(conn, &key, &attempt, now)).await
    }

    /// The deliveries that may have arrived and are to be looked up by now, at most `each` of an account.
    pub async fn unknown_deliveries(&self, now: Timestamp, each: u32) -> Result<Vec<Delivery>, StoreError> {
        let found = self.read(move |conn| {
            let due = due();
            let sql = format!(
                "SELECT {COLUMNS}, n FROM (SELECT *, row_number() OVER (
                     PARTITION BY substr(address, 1, instr(address, ':')) ORDER BY next_at) AS place
                 FROM deliveries WHERE state = 'unknown' AND {due}) WHERE place <= ?2 ORDER BY next_at"
            );
            all(conn, &sql, params![At(now), each], |row| match read(row) {
                Err(error) if is_unreadable(&error) => Ok(Err((row.get(13)?, error.to_string()))),
                delivery => delivery.map(Ok),
            })
        });
        let (mut readable, mut others) = (Vec::new(), Vec::<(i64, String)>::new());
        for found in found.await? {
            match found {
                Ok(delivery) => readable.push(delivery),
                Err(other) => others.push(other),
            }
        }
        if !others.is_empty() {
            // It may have arrived, and there is nothing left to look it up by.
            self.write(move |conn| {
                let sql = "UPDATE deliveries SET state = 'failed', error = ?2, changed_at = ?3 WHERE n = ?1";
                others.iter().try_for_each(|(n, why)| {
                    let error = ServiceError::unknown(unreadable(why));
                    run(conn, sql, params![n, Json(&error), At(now)]).map(drop)
                })
            })
            .await?;
        }
        Ok(readable)
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

    /// Makes due what waits for these accounts after a try in vain: they can be reached again.
    pub async fn hasten_deliveries(
        &self,
        accounts: Vec<AccountName>,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        self.write(move |conn| {
            let sql = "UPDATE deliveries SET next_at = ?2 WHERE state IN ('pending', 'sending') AND state = 'pending'
                       AND error IS NOT NULL AND substr(address, 1, instr(address, ':')) = ?1";
            accounts.iter().map(|account| run(conn, sql, params![format!("{account}:"), At(now)])).sum()
        })
        .await
    }

    /// Sends a failed or unknown delivery again, because a person said so. False where it is neither.
    pub async fn retry(&self, key: &DeliveryKey, now: Timestamp) -> Result<bool, StoreError> {
        let key = key.clone();
        self.write(move |conn| {
            let sql = "UPDATE deliveries SET state = 'pending', next_at = ?2, changed_at = ?2, attempts = 0
                       WHERE id = ?1 AND state IN ('failed', 'unknown')";
            run(conn, sql, params![key.0, At(now)]).map(|rows| rows == 1)
        })
        .await
    }

    /// A delivery, where it is on the record.
    pub async fn delivery(&self, key: &DeliveryKey) -> Result<Option<Delivery>, StoreError> {
        let key = key.clone();
        self.read(move |conn| {
            one(conn, &format!("SELECT {COLUMNS} FROM deliveries WHERE id = ?1"), [&key.0], read_shown)
        })
        .await
    }

    /// The deliveries about a run, oldest first.
    pub async fn deliveries_of_run(&self, run: &str) -> Result<Vec<Delivery>, StoreError> {
        let run = run.to_owned();
        self.read(move |conn| {
            all(
                conn,
                &format!("SELECT {COLUMNS} FROM deliveries WHERE run = ?1 ORDER BY n"),
                [run],
                read_shown,
            )
        })
        .await
    }

    /// The latest deliveries, newest first, at most `limit`.
    pub async fn deliveries(&self, limit: u32) -> Result<Vec<Delivery>, StoreError> {
        self.read(move |conn| {
            all(
                conn,
                &format!("SELECT {COLUMNS} FROM deliveries ORDER BY n DESC LIMIT ?1"),
                [limit],
                read_shown,
            )
        })
        .await
    }

    /// The latest deliveries to a channel, oldest first, at most `limit`.
    pub async fn deliveries_to(&self, address: &Address, limit: u32) -> Result<Vec<Delivery>, StoreError> {
        let address = address.clone();
        self.read(move |conn| {
            let sql = format!("SELECT {COLUMNS} FROM deliveries WHERE address = ?1 ORDER BY n DESC LIMIT ?2");
            let mut found = all(conn, &sql, params![Text(&address), limit], read)?;
            found.reverse();
            Ok(found)
        })
        .await
    }

    /// Every channel that something was or is to be posted in, with when the latest was recorded.
    pub async fn posted_to(&self) -> Result<Vec<(Address, Timestamp)>, StoreError> {
        self.read(|conn| {
            let sql = "SELECT address, max(created_at) FROM deliveries GROUP BY address ORDER BY address";
            all(conn, sql, [], |row| Ok((row.get::<_, Text<_>>(0)?.0, row.get::<_, At>(1)?.0)))
        })
        .await
    }

    /// The accounts through which a message was posted.
    pub async fn posted_through(&self) -> Result<BTreeSet<AccountName>, StoreError> {
        self.read(|conn| {
            let sql = "SELECT DISTINCT address FROM deliveries WHERE posted IS NOT NULL";
            let addresses = all(conn, sql, [], |row| Ok(row.get::<_, Text<Address>>(0)?.0))?;
            Ok(addresses.into_iter().map(|address| address.account).collect())
        })
        .await
    }

    /// A page of the deliveries, newest first, at most `limit`: those recorded before `before` (`None`: the latest), where
    /// `pending` only what has not arrived.
    pub async fn deliveries_page(
        &self,
        before: Option<DeliveryKey>,
        pending: bool,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        self.read(move |conn| {
            let before = match &before {
                None => Some(i64::MAX),
                Some(key) => one(conn, "SELECT n FROM deliveries WHERE id = ?1", [&key.0], |row| row.get(0))?,
            };
            let which = if pending { NOT_POSTED } else { "SELECT n FROM deliveries" };
            let sql = format!(
                "SELECT {COLUMNS} FROM deliveries WHERE n IN ({which}) AND n < ?1 ORDER BY n DESC LIMIT ?2"
            );
            all(conn, &sql, params![before, limit], read_shown)
        })
        .await
    }

    /// How many have not arrived and will not by themselves, or are late: failed, unknown, or tried in vain.
    pub async fn undelivered(&self) -> Result<u32, StoreError> {
        self.read(|conn| {
            let sql = "SELECT (SELECT count(*) FROM deliveries WHERE state IN ('pending', 'sending') AND error IS NOT NULL)
                            + (SELECT count(*) FROM deliveries WHERE state = 'unknown')
                            + (SELECT count(*) FROM deliveries WHERE state IN ('posted', 'failed') AND state = 'failed')";
            Ok(one(conn, sql, [], |row| row.get(0))?.unwrap_or(0))
        })
        .await
    }

    /// What has not arrived: waiting, being sent, unknown or failed, oldest first, at most `limit`.
    pub async fn deliveries_not_posted(&self, limit: u32) -> Result<Vec<Delivery>, StoreError> {
        self.read(move |conn| {
            let sql =
                format!("SELECT {COLUMNS} FROM deliveries WHERE n IN ({NOT_POSTED}) ORDER BY n LIMIT ?1");
            all(conn, &sql, [limit], read_shown)
        })
        .await
    }
}
