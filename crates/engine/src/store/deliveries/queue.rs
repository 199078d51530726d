//! What is due, what is being sent, and how that went.

use std::{collections::BTreeMap, ops::Deref, time::Duration};

use callboard_domain::{actor::Actor, chat::DeliveryKey, error::ServiceError, item::AccountName};
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{
    super::{
        Store, StoreError, audit,
        row::{At, EnumText, Json, all, is_unreadable, one, run},
    },
    Attempt, COLUMNS, Delivery, DeliveryState, Edits,
    posted_message::{EDITABLE, PostedMessage},
    read, thread,
    unreadable::{mark_failed, unreadable},
};
use crate::api::AuditedChange;

/// The longest wait between two tries, but for a service that asks for a longer one.
pub const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);
/// How long a message that may have arrived keeps what is behind it in its channel waiting, to be looked up a few times first:
/// so the channel reads in order, and an end is not posted where its beginning may be missing.
const HOLDS: Duration = Duration::from_secs(2 * 60);
/// A record that was changed more than this in the future was changed while the clock was wrong.
const CLOCK_MARGIN: Duration = Duration::from_secs(60);

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

/// True at `?1` for an unknown delivery that what is behind it in its channel waits for: it is about to be looked up. One that
/// cannot be looked up within [`HOLDS`], or was not in vain, holds back nothing.
fn holds() -> String {
    let (holds, margin) = (HOLDS.as_micros(), CLOCK_MARGIN.as_micros());
    format!(
        "(unknown_since <= ?1 + {margin} AND unknown_since + {holds} > ?1 AND next_at < unknown_since + {holds})"
    )
}

/// The oldest live delivery of each address at `?1` (a walk over the index from address to address, however long the queues),
/// but where an older one has to be looked up before.
fn heads() -> String {
    let holds = holds();
    format!(
        "WITH RECURSIVE queue (address) AS (
            SELECT min(address) FROM deliveries WHERE state IN ('pending', 'sending')
            UNION ALL
            SELECT (SELECT min(d.address) FROM deliveries d WHERE d.state IN ('pending', 'sending') AND d.address > queue.address)
            FROM queue WHERE queue.address IS NOT NULL
        ), oldest (address, n) AS (
            SELECT queue.address, (SELECT min(d.n) FROM deliveries d
                WHERE d.state IN ('pending', 'sending') AND d.address = queue.address)
            FROM queue WHERE queue.address IS NOT NULL
        ), held (address, n) AS MATERIALIZED (
            SELECT address, min(n) FROM deliveries WHERE state = 'unknown' AND {holds} GROUP BY address
        ), heads (n) AS (
            SELECT oldest.n FROM oldest
            WHERE NOT EXISTS (SELECT 1 FROM held WHERE held.address = oldest.address AND held.n < oldest.n)
        )"
    )
}

/// Claims what is due, at most `each` of an account; `out` are those that are being sent already.
fn claim(
    conn: &Connection,
    now: Timestamp,
    each: u32,
    mut out: BTreeMap<AccountName, u32>,
) -> rusqlite::Result<Vec<Delivery>> {
    let (heads, due) = (heads(), due());
    let sql = format!(
        "{heads} SELECT n, address FROM heads JOIN deliveries USING (n) WHERE state = 'pending' AND {due} ORDER BY n"
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
                tracing::error!(%error, address, "a message cannot be read and is marked as failed");
                mark_failed(conn, n, &ServiceError::rejected(unreadable(&error)), now)?;
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
            "UPDATE deliveries SET state = iif(?2 = 'unknown' AND {EDITABLE}, 'pending', ?2),
                   next_at = ?3, error = ?4, changed_at = ?5,
                   unknown_since = CASE ?2 WHEN 'unknown' THEN coalesce(unknown_since, ?5) WHEN 'pending' THEN unknown_since END
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
            run(conn, sql, params![key.0, EnumText(edits), At(now)])
        }
        Attempt::NoThread => {
            thread::leave(conn, key)?;
            after("pending", now, None)
        }
        Attempt::Moot(reason) => {
            let sql =
                "UPDATE deliveries SET state = 'moot', moot = ?2, next_at = ?3, changed_at = ?3, error = NULL, unknown_since = NULL
                       WHERE id = ?1 AND state = 'sending'";
            run(conn, sql, params![key.0, Json(reason), At(now)])
        }
        Attempt::Posted(posted) => {
            let posted = PostedMessage { posted: posted.clone(), edits: Edits::Open };
            let sql = "UPDATE deliveries SET state = iif(revision > sent_revision, 'pending', 'posted'), posted = ?2,
                       next_at = ?3, changed_at = ?3, attempts = 0, error = NULL, unknown_since = NULL
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

/// A delivery that is marked as being sent: only [`Store::claim`] makes one, and nothing is posted without.
#[derive(Debug, PartialEq)]
pub struct Claimed(Delivery);

impl Claimed {
    /// The same claim, of the delivery as it is to be sent.
    pub(super) fn ready(self, delivery: Delivery) -> Self {
        debug_assert_eq!(self.0.key, delivery.key, "a claim is of one delivery");
        Self(delivery)
    }
}

impl Deref for Claimed {
    type Target = Delivery;

    fn deref(&self) -> &Delivery {
        &self.0
    }
}

impl Store {
    /// Takes deliveries that are due, and marks them as being sent before it returns. Each must be reported with
    /// [`Store::attempted`].
    ///
    /// At most one of each address is out at a time, the oldest first, so that a channel reads in order: one that has
    /// to wait, or to be looked up soon, holds back those behind it, while failed ones do not, nor what cannot be looked up
    /// within minutes. At most `each` of an account are out at
    /// a time; `out` says how many are already, so that an account that does not answer holds up no other.
    pub async fn claim(
        &self,
        now: Timestamp,
        each: u32,
        out: BTreeMap<AccountName, u32>,
    ) -> Result<Vec<Claimed>, StoreError> {
        let claimed = self.write(move |conn| claim(conn, now, each, out.clone())).await?;
        Ok(claimed.into_iter().map(Claimed).collect())
    }

    /// When the next delivery is to be claimed or looked up, as seen at `now`; `None` while nothing waits (or all of
    /// it is being sent). What is for an account in `but_for` is passed over.
    pub async fn next_delivery_at(
        &self,
        now: Timestamp,
        but_for: Vec<AccountName>,
    ) -> Result<Option<Timestamp>, StoreError> {
        self.read(move |conn| {
            let (heads, due) = (heads(), due());
            let counts =
                "substr(address, 1, instr(address, ':') - 1) NOT IN (SELECT value FROM json_each(?2))";
            let sql = format!(
                "{heads} SELECT min(at) FROM (
                     SELECT min(iif({due}, min(next_at, ?1), next_at)) AS at
                     FROM heads JOIN deliveries USING (n) WHERE state = 'pending' AND {counts}
                     UNION ALL SELECT min(iif({due}, min(next_at, ?1), next_at)) FROM deliveries
                     WHERE state = 'unknown' AND {counts})"
            );
            let at = one(conn, &sql, params![At(now), Json(&but_for)], |row| row.get::<_, Option<At>>(0))?;
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
                Err(error) if is_unreadable(&error) => Ok(Err((row.get("n")?, error.to_string()))),
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
                let mark_failed = |(n, why): &(i64, String)| {
                    mark_failed(conn, *n, &ServiceError::unknown(unreadable(why)), now)
                };
                others.iter().try_for_each(mark_failed)
            })
            .await?;
        }
        Ok(readable)
    }

    /// Makes due what waits for these accounts after a try in vain: they can be reached again.
    pub async fn retry_waiting_deliveries(
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

    /// Sends a failed or unknown delivery again, because a person asked for it. False where it is neither.
    pub async fn retry(&self, key: &DeliveryKey, actor: &Actor, now: Timestamp) -> Result<bool, StoreError> {
        let (key, actor) = (key.clone(), actor.clone());
        self.write(move |conn| {
            let sql = "UPDATE deliveries SET state = 'pending', next_at = ?2, changed_at = ?2, attempts = 0, unknown_since = NULL
                       WHERE id = ?1 AND state IN ('failed', 'unknown')";
            let retried = run(conn, sql, params![key.0, At(now)])? == 1;
            if retried {
                let what = AuditedChange::DeliveryRetried { delivery: key.0.clone() };
                audit::insert(conn, &actor, &what, now)?;
            }
            Ok(retried)
        })
        .await
    }
}
