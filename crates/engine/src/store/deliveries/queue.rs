//! What is due, what is being sent, and how that went.

use std::{collections::BTreeMap, ops::Deref, time::Duration};

use callboard_domain::{
    actor::Actor,
    chat::{Address, DeliveryKey},
    error::ServiceError,
    item::AccountName,
};
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{
    super::{
        Store, StoreError, audit,
        row::{At, EnumText, Json, Text, all, is_unreadable, one, run},
    },
    Attempt, COLUMNS, Delivery, DeliveryState, Edits,
    posted_message::{EDITABLE, PostedMessage},
    read, thread,
    unreadable::{mark_failed, unreadable},
};
use crate::api::AuditedChange;

/// The longest wait between two tries, but for a service that asks for a longer one.
pub const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);
/// The wait before a message that got no answer is looked for: it may still be under way.
pub const LOOK_AFTER: Duration = Duration::from_secs(10);
/// How long messages that may have arrived keep one that is behind them in its channel waiting, however many they are, to be
/// looked up a few times first: so the channel reads in order, and an end is not posted where its beginning may be missing.
const HOLDS: Duration = Duration::from_secs(2 * 60);
/// How long at least a delivery waits after a failed try, whatever else arrives: a channel that is out of order by itself is not
/// tried with each message of another.
const SHORTEST_WAIT: Duration = Duration::from_secs(2);
/// A record that was changed more than this in the future was changed while the clock was wrong.
const CLOCK_MARGIN: Duration = Duration::from_secs(60);

/// True for a delivery whose time has come at `?1`. One that is due further off than any wait, or that was changed in
/// the future, was recorded while the clock was ahead: it is due.
pub(super) fn due() -> String {
    let longest = LONGEST_WAIT.as_micros();
    let margin = CLOCK_MARGIN.as_micros();
    format!(
        "(next_at <= ?1 OR changed_at > ?1 + {margin} OR next_at > ?1 + {margin} + max({longest},
            1000000 * CASE WHEN json_valid(error) THEN coalesce(json_extract(error, '$.retry_after.secs'), 0) ELSE 0 END))"
    )
}

/// True for what a person posts by hand: it stands in a line of its own, and neither waits for what is posted of events and
/// runs nor keeps that waiting. `of` is the name of the table.
pub(super) fn by_hand(of: &str) -> String {
    format!("({of}.at_send = 0 AND {of}.event IS NULL AND {of}.run IS NULL)")
}

/// True where the delivery `a` is in the line of `b`, before it.
fn is_ahead(a: &str, b: &str) -> String {
    let (line_of_a, line_of_b) = (by_hand(a), by_hand(b));
    format!("({a}.address = {b}.address AND {a}.n < {b}.n AND {line_of_a} = {line_of_b})")
}

/// True at `?1` where what has begun then lasts still, [`HOLDS`] long. What began in the future began while the clock was ahead.
fn lasts(begin: &str) -> String {
    let (holds, margin) = (HOLDS.as_micros(), CLOCK_MARGIN.as_micros());
    format!("({begin} <= ?1 + {margin} AND {begin} + {holds} > ?1)")
}

/// True at `?1` for a delivery that what is behind it waits for: it is looked up soon, and not without success for long.
fn is_waited_for(of: &str) -> String {
    let (holds, is_looked_up) = (HOLDS.as_micros(), lasts(&format!("{of}.unknown_since")));
    format!("({of}.state = 'unknown' AND {is_looked_up} AND {of}.next_at < {of}.unknown_since + {holds})")
}

/// Since when a delivery that becomes unknown at `now` is unknown. One that was sent for the first time had only waited until
/// then; one that was sent again has kept others waiting before.
fn unknown_from(now: &str) -> String {
    format!("iif(attempts = 1 AND error IS NULL, {now}, coalesce(unknown_since, {now}))")
}

/// True at `?1` for an edit that is to be tried again later: nothing waits for it, as its message stands in its place already.
fn is_edited_later() -> String {
    format!("(state = 'pending' AND posted IS NOT NULL AND {EDITABLE} AND NOT {})", due())
}

/// The oldest live delivery of each line of each address at `?1` (a walk over the index from address to address), but for edits
/// that are tried later ([`is_edited_later`]), and where an older one has to be looked up before. It waits for that no longer than
/// [`HOLDS`] in all, and not for one that will not be looked up by then, or was without success for so long. So what is held
/// goes once the last of them is looked up (`looked_up_at`), and at `until` whatever becomes of that.
pub(super) fn heads() -> String {
    let (holds, is_edited_later) = (HOLDS.as_micros(), is_edited_later());
    let (line, is_waited_for, waits) = (by_hand("deliveries"), is_waited_for("deliveries"), lasts("since"));
    let oldest = |by_hand: u8| {
        format!(
            "SELECT queue.address, {by_hand}, (SELECT n FROM deliveries
                 WHERE state IN ('pending', 'sending') AND address = queue.address AND {line} = {by_hand}
                 AND NOT {is_edited_later} ORDER BY n LIMIT 1)
             FROM queue WHERE queue.address IS NOT NULL"
        )
    };
    let (news, by_hand) = (oldest(0), oldest(1));
    format!(
        "WITH RECURSIVE queue (address) AS (
            SELECT min(address) FROM deliveries WHERE state IN ('pending', 'sending')
            UNION ALL
            SELECT (SELECT min(d.address) FROM deliveries d WHERE d.state IN ('pending', 'sending') AND d.address > queue.address)
            FROM queue WHERE queue.address IS NOT NULL
        ), oldest (address, by_hand, n) AS MATERIALIZED (
            {news} UNION ALL {by_hand}
        ), waiting (address, by_hand, n, since) AS (
            SELECT oldest.address, oldest.by_hand, oldest.n, coalesce(d.unknown_since, d.created_at)
            FROM oldest JOIN deliveries d ON d.n = oldest.n
        ), looked_up (address, by_hand, n, next_at, unknown_since) AS MATERIALIZED (
            SELECT address, {line}, n, next_at, unknown_since FROM deliveries WHERE {is_waited_for}
        ), held (n, until, looked_up_at) AS (
            SELECT w.n, min(w.since + {holds}, max(l.unknown_since) + {holds}), max(l.next_at)
            FROM waiting w JOIN looked_up l ON l.address = w.address AND l.by_hand = w.by_hand AND l.n < w.n
            WHERE {waits} AND l.next_at < w.since + {holds} GROUP BY w.n
        ), heads (n) AS (
            SELECT n FROM waiting WHERE n NOT IN (SELECT n FROM held)
        )"
    )
}

/// The time at which the next delivery is to be claimed or looked up, where `due_too` also one that is due at `now`. What is
/// held back goes on by itself, however long the look-up takes that it waits for.
fn next_at(
    conn: &Connection,
    now: Timestamp,
    but_for: &[AccountName],
    due_too: bool,
) -> rusqlite::Result<Option<Timestamp>> {
    let (heads, due, is_edited_later) = (heads(), due(), is_edited_later());
    let counts = "substr(address, 1, instr(address, ':') - 1) NOT IN (SELECT value FROM json_each(?2))";
    let sql = format!(
        "{heads} SELECT min(at) FROM (
             SELECT iif({due}, min(next_at, ?1), next_at) AS at
             FROM heads JOIN deliveries USING (n) WHERE state = 'pending' AND {counts}
             UNION ALL SELECT iif({due}, min(next_at, ?1), next_at) FROM deliveries
             WHERE state = 'unknown' AND {counts}
             UNION ALL SELECT next_at FROM deliveries
             WHERE {is_edited_later} AND {counts}
             UNION ALL SELECT max(until, next_at) FROM held JOIN deliveries USING (n)
             WHERE state = 'pending' AND {counts})
         WHERE ?3 OR at > ?1"
    );
    let row = params![At(now), Json(but_for), due_too];
    Ok(one(conn, &sql, row, |row| row.get::<_, Option<At>>(0))?.flatten().map(|at| at.0))
}

/// Claims what is due, at most `each` of an account; `out` are those that are being sent already.
fn claim(
    conn: &Connection,
    now: Timestamp,
    each: u32,
    mut out: BTreeMap<AccountName, u32>,
) -> rusqlite::Result<Vec<Claimed>> {
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
                // What may have arrived is looked for as it was last sent.
                let sql = "UPDATE deliveries SET state = 'sending', sending = NULL, sent_revision = iif(?3, sent_revision, revision),
                           attempts = attempts + 1, changed_at = ?2 WHERE n = ?1 RETURNING sent_revision";
                let row = params![n, At(now), delivery.may_have_arrived()];
                let sent_revision = one(conn, sql, row, |row| row.get(0))?.unwrap_or(delivery.sent_revision);
                *out += 1;
                claimed.push(Claimed(Delivery {
                    state: DeliveryState::Sending,
                    attempts: delivery.attempts + 1,
                    sent_revision,
                    ..delivery
                }));
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

/// Notes of what waits behind a delivery that is being sent since when it waits for that to be looked up, where it does not
/// wait for another already.
fn begin_waiting(conn: &Connection, key: &DeliveryKey, now: Timestamp) -> rusqlite::Result<usize> {
    let is_ahead = is_ahead("d", "deliveries");
    let sql = format!(
        "UPDATE deliveries SET unknown_since = ?2
         WHERE state IN ('pending', 'sending') AND state = 'pending' AND unknown_since IS NULL
         AND address = (SELECT address FROM deliveries WHERE id = ?1)
         AND EXISTS (SELECT 1 FROM deliveries d WHERE d.id = ?1 AND d.state = 'sending' AND {is_ahead})"
    );
    run(conn, &sql, params![key.0, At(now)])
}

/// Notes that a new delivery waits from its beginning, where one ahead of it is being looked up: the next one that becomes
/// unknown does not begin its wait anew. Few are unknown: without a word about the index SQLite reads all that were ever sent.
pub(super) fn begin_behind(conn: &Connection, key: &DeliveryKey, now: Timestamp) -> rusqlite::Result<usize> {
    let (is_ahead, is_waited_for) = (is_ahead("d", "deliveries"), is_waited_for("d"));
    let sql = format!(
        "UPDATE deliveries SET unknown_since = ?1
         WHERE id = ?2 AND EXISTS (SELECT 1 FROM deliveries d INDEXED BY deliveries_unknown WHERE {is_waited_for} AND {is_ahead})"
    );
    run(conn, &sql, params![At(now), key.0])
}

/// What may have been sent when the program ended: posts are to be looked up once they are no longer under way, edits are safe
/// to repeat.
pub(in crate::store) fn recover(conn: &Connection, now: Timestamp) -> rusqlite::Result<usize> {
    let error = ServiceError::unknown("Callboard ended while the message was being sent");
    // What is behind them waits from now on.
    let is_ahead = is_ahead("d", "deliveries");
    let sql = format!(
        "UPDATE deliveries SET unknown_since = ?1
         WHERE state IN ('pending', 'sending') AND state = 'pending' AND unknown_since IS NULL
         AND address IN (SELECT s.address FROM deliveries s WHERE s.state IN ('pending', 'sending') AND s.state = 'sending')
         AND EXISTS (SELECT 1 FROM deliveries d
             WHERE d.state IN ('pending', 'sending') AND d.state = 'sending' AND {is_ahead})"
    );
    run(conn, &sql, params![At(now)])?;
    let unknown_from = unknown_from("?1");
    let sql = format!(
        "UPDATE deliveries SET state = iif({EDITABLE}, 'pending', 'unknown'), next_at = iif({EDITABLE}, ?1, ?3), error = ?2,
         unknown_since = {unknown_from}
         WHERE state IN ('pending', 'sending') AND state = 'sending'"
    );
    let looked_up_at = now.checked_add(LOOK_AFTER).unwrap_or(now);
    run(conn, &sql, params![At(now), Json(&error), At(looked_up_at)])
}

/// Makes due what waits for another try because its account could not be reached: it has just answered. What its service has
/// asked to wait for waits for that. What may have arrived is looked up when it was to be.
fn retry_unavailable(conn: &Connection, account: &AccountName, now: Timestamp) -> rusqlite::Result<usize> {
    let soonest = format!("max(?3, changed_at + {})", SHORTEST_WAIT.as_micros());
    // From the account's first address to the one after its last: ';' comes after ':'.
    let sql = format!(
        "UPDATE deliveries SET next_at = {soonest}
         WHERE state IN ('pending', 'sending') AND state = 'pending' AND address > ?1 AND address < ?2
         AND next_at > {soonest}
         AND CASE WHEN json_valid(error) THEN json_extract(error, '$.error') IN ('unavailable', 'unknown') ELSE 0 END"
    );
    run(conn, &sql, params![format!("{account}:"), format!("{account};"), At(now)])
}

fn attempted(
    conn: &Connection,
    key: &DeliveryKey,
    attempt: &Attempt,
    now: Timestamp,
) -> rusqlite::Result<bool> {
    let after = |state: &str, next_at: Timestamp, error: Option<&ServiceError>| {
        let unknown_from = unknown_from("?5");
        let sql = format!(
            "UPDATE deliveries SET state = iif(?2 = 'unknown' AND {EDITABLE}, 'pending', ?2),
                   next_at = ?3, error = ?4, changed_at = ?5,
                   unknown_since = CASE ?2 WHEN 'unknown' THEN {unknown_from} WHEN 'pending' THEN unknown_since END
                   WHERE id = ?1 AND state IN ('sending', 'unknown')"
        );
        run(conn, &sql, params![key.0, state, At(next_at), error.map(Json), At(now)])
    };
    let rows = match attempt {
        Attempt::Skipped => {
            let sql = "UPDATE deliveries SET state = iif(revision > sent_revision, 'pending', 'posted'),
                       next_at = ?2, changed_at = ?2, attempts = 0, error = NULL, unknown_since = NULL
                       WHERE id = ?1 AND state = 'sending'";
            run(conn, sql, params![key.0, At(now)])
        }
        Attempt::Closed(edits) => {
            let sql = "UPDATE deliveries SET state = 'pending', next_at = ?3, changed_at = ?3, error = NULL,
                       posted = json_set(posted, '$.edits', ?2) WHERE id = ?1 AND state = 'sending'";
            run(conn, sql, params![key.0, EnumText(edits), At(now)])
        }
        Attempt::Refused { edits, why } => {
            let sql = "UPDATE deliveries SET state = 'pending', next_at = ?3, changed_at = ?3, error = NULL,
                       posted = json_set(posted, '$.edits', ?2, '$.refused', ?4) WHERE id = ?1 AND state = 'sending'";
            run(conn, sql, params![key.0, EnumText(edits), At(now), why])
        }
        Attempt::NoThread => {
            thread::make_root(conn, key)?;
            after("pending", now, None)
        }
        Attempt::Moot(reason) => {
            let sql =
                "UPDATE deliveries SET state = 'moot', moot = ?2, next_at = ?3, changed_at = ?3, error = NULL, unknown_since = NULL
                       WHERE id = ?1 AND state = 'sending'";
            run(conn, sql, params![key.0, Json(reason), At(now)])
        }
        Attempt::Posted(posted) => {
            let posted = PostedMessage { posted: posted.clone(), edits: Edits::Open, refused: None };
            // What an edit was to say stands there now. What a run says itself has arrived with it.
            let sql = "UPDATE deliveries SET state = iif(revision > sent_revision, 'pending', 'posted'), posted = ?2,
                       next_at = ?3, changed_at = ?3, attempts = 0, error = NULL, unknown_since = NULL,
                       message = coalesce(sending, message), sending = NULL,
                       own_arrived = coalesce(own_arrived, iif(own IS NULL, NULL, sent_revision))
                       WHERE id = ?1 AND state IN ('sending', 'unknown')";
            run(conn, sql, params![key.0, Json(&posted), At(now)])
        }
        Attempt::Later(at, error) => after("pending", *at, Some(error)),
        Attempt::Unknown(at, error) => {
            begin_waiting(conn, key, now)?;
            after("unknown", *at, Some(error))
        }
        Attempt::Failed(error) => after("failed", now, Some(error)),
        Attempt::Absent => after("pending", now, None),
    }?;
    // Its account has taken a message, or was searched for one to the end.
    if rows == 1 && matches!(attempt, Attempt::Posted(_) | Attempt::Absent) {
        let sql = "SELECT address FROM deliveries WHERE id = ?1";
        match one(conn, sql, [&key.0], |row| row.get::<_, Text<Address>>(0)) {
            Err(error) if !is_unreadable(&error) => return Err(error),
            Ok(Some(Text(to))) => retry_unavailable(conn, &to.account, now).map(drop)?,
            Ok(None) | Err(_) => {}
        }
    }
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
    /// to wait, or to be looked up soon, holds back those behind it, while failed ones do not, nor an edit that waits, nor
    /// what cannot be looked up within minutes. What a person posts by hand is in order for itself, and waits for nothing
    /// else. At most `each` of an account are out at a time; `out` says how many are already, so that an account that does
    /// not answer holds up no other.
    pub async fn claim(
        &self,
        now: Timestamp,
        each: u32,
        out: BTreeMap<AccountName, u32>,
    ) -> Result<Vec<Claimed>, StoreError> {
        self.write(move |conn| claim(conn, now, each, out.clone())).await
    }

    /// Notes that a claimed delivery that may have arrived is sent again without having been looked for, as it is now.
    pub async fn send_anyway(&self, claimed: Claimed) -> Result<Claimed, StoreError> {
        let delivery = Delivery::clone(&claimed);
        let ready = self.write(move |conn| {
            let sql = "UPDATE deliveries SET sent_revision = revision WHERE id = ?1 RETURNING sent_revision";
            let revision = one(conn, sql, [&delivery.key.0], |row| row.get(0))?;
            let sent_revision = revision.unwrap_or(delivery.sent_revision);
            Ok(Delivery { sent_revision, ..delivery.clone() })
        });
        Ok(claimed.ready(ready.await?))
    }

    /// When the next delivery is to be claimed or looked up, as seen at `now`; `None` while nothing waits (or all of
    /// it is being sent). What is for an account in `but_for` is passed over.
    pub async fn next_delivery_at(
        &self,
        now: Timestamp,
        but_for: Vec<AccountName>,
    ) -> Result<Option<Timestamp>, StoreError> {
        self.read(move |conn| next_at(conn, now, &but_for, true)).await
    }

    /// The same, but for what is due at `now`: that has been started, or waits for something that ends to be.
    pub async fn next_delivery_after(
        &self,
        now: Timestamp,
        but_for: Vec<AccountName>,
    ) -> Result<Option<Timestamp>, StoreError> {
        self.read(move |conn| next_at(conn, now, &but_for, false)).await
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

    /// Makes due what waits for these accounts after a failed try: they can be reached again.
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

    /// Makes due what waits for another try because this account could not be reached: it has just answered well, such as who it
    /// acts as. A message that arrives, and a search that is complete, do the same.
    pub async fn account_answered(&self, account: &AccountName, now: Timestamp) -> Result<usize, StoreError> {
        let account = account.clone();
        self.write(move |conn| retry_unavailable(conn, &account, now)).await
    }

    /// Sends a failed or unknown delivery again, because a person asked for it, or one that waits for another try: what may
    /// have arrived is looked for first ([`Delivery::may_have_arrived`]). False where it is none of these.
    pub async fn retry(&self, key: &DeliveryKey, actor: &Actor, now: Timestamp) -> Result<bool, StoreError> {
        let (key, actor) = (key.clone(), actor.clone());
        self.write(move |conn| {
            // Its channel has waited for it already.
            let sql = "UPDATE deliveries SET state = 'pending', next_at = ?2, changed_at = ?2, attempts = 0,
                       unknown_since = iif(state = 'failed', NULL, unknown_since),
                       error = iif(state = 'unknown' AND NOT iif(json_valid(error),
                           coalesce(json_extract(error, '$.error'), '') = 'unknown', 0), ?3, error)
                       WHERE id = ?1 AND (state IN ('failed', 'unknown')
                           OR state = 'pending' AND error IS NOT NULL AND next_at > ?2)";
            // Why it could not be looked up is not what there is to be known of it.
            let error = ServiceError::unknown("whether it arrived could not be looked up");
            let retried = run(conn, sql, params![key.0, At(now), Json(&error)])? == 1;
            if retried {
                let what = AuditedChange::DeliveryRetried { delivery: key.0.clone() };
                audit::insert(conn, &actor, &what, now)?;
            }
            Ok(retried)
        })
        .await
    }
}
