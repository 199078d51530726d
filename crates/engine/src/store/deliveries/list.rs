//! Deliveries as they are shown: one, those of a run or a channel, and pages of them.

use std::collections::{BTreeMap, BTreeSet};

use callboard_domain::{
    chat::{Address, DeliveryKey},
    error::ServiceError,
    item::{AccountName, EARLIEST, LATEST},
};
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{
    super::{
        Store, StoreError,
        row::{At, Json, Text, all, one},
    },
    COLUMNS, Delivery,
    queue::due,
    unreadable::read_shown,
};

/// The longest rate limit that messages of an account wait for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateLimitWait {
    /// When its service said so.
    pub since: Timestamp,
    /// When the message that met it is tried again.
    pub next_at: Timestamp,
    /// In its words.
    pub error: ServiceError,
}

/// The numbers of what has not arrived. Each part has an index of its own.
const NOT_POSTED: &str = "SELECT n FROM deliveries WHERE state IN ('pending', 'sending')
    UNION ALL SELECT n FROM deliveries WHERE state = 'unknown'
    UNION ALL SELECT n FROM deliveries WHERE state IN ('posted', 'failed') AND state = 'failed'";

impl Store {
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

    /// The latest messages that are posted in a channel or are to be, oldest first, at most `limit`.
    pub async fn deliveries_to(&self, address: &Address, limit: u32) -> Result<Vec<Delivery>, StoreError> {
        let address = address.clone();
        self.read(move |conn| {
            let sql = format!("SELECT {COLUMNS} FROM deliveries WHERE address = ?1 AND state NOT IN ('moot', 'digested') ORDER BY n DESC LIMIT ?2");
            let mut found = all(conn, &sql, params![Text(&address), limit], read_shown)?;
            found.reverse();
            Ok(found)
        })
        .await
    }

    /// Every channel that something was or is to be posted in, with when the latest was recorded.
    pub async fn posted_to(&self) -> Result<Vec<(Address, Timestamp)>, StoreError> {
        self.read(|conn| {
            // A time that is damaged does not hide its channel.
            let sql =
                "SELECT address, coalesce(max(created_at) FILTER (WHERE created_at BETWEEN ?1 AND ?2), 0)
                       FROM deliveries GROUP BY address ORDER BY address";
            all(conn, sql, [At(EARLIEST), At(LATEST)], |row| {
                Ok((row.get::<_, Text<_>>(0)?.0, row.get::<_, At>(1)?.0))
            })
        })
        .await
    }

    /// When a message that met an error is tried again, the next of each account.
    pub async fn next_tries(&self) -> Result<BTreeMap<AccountName, Timestamp>, StoreError> {
        self.read(|conn| {
            let sql = "SELECT substr(address, 1, instr(address, ':') - 1), min(next_at) FROM deliveries
                       WHERE state IN ('pending', 'sending') AND state = 'pending' AND error IS NOT NULL GROUP BY 1";
            // A row that is damaged hides no other.
            let tries = all(conn, sql, [], |row| {
                Ok(row.get::<_, String>(0).ok().zip(row.get::<_, At>(1).ok()))
            })?;
            Ok(tries.into_iter().flatten().map(|(account, At(at))| (AccountName(account), at)).collect())
        })
        .await
    }

    /// The rate limits that messages wait for at `now`, by account.
    pub async fn rate_limit_waits(
        &self,
        now: Timestamp,
    ) -> Result<BTreeMap<AccountName, RateLimitWait>, StoreError> {
        self.read(move |conn| {
            // SQLite takes the other columns from the row with the latest time (sqlite.org/lang_select.html, 2.5).
            let sql = format!(
                "SELECT substr(address, 1, instr(address, ':') - 1), changed_at, error, max(next_at)
                 FROM deliveries WHERE state IN ('pending', 'sending') AND state = 'pending' AND NOT {}
                 AND CASE WHEN json_valid(error) THEN json_extract(error, '$.error') = 'rate_limited' ELSE 0 END
                 GROUP BY 1",
                due()
            );
            // A row that is damaged hides no other.
            let waits = all(conn, &sql, [At(now)], |row| {
                let times = row.get::<_, At>(1).ok().zip(row.get::<_, At>(3).ok());
                let wait = times.zip(row.get::<_, Json<ServiceError>>(2).ok());
                let wait = wait.map(|((At(since), At(next_at)), Json(error))| RateLimitWait { since, next_at, error });
                Ok(row.get::<_, String>(0).ok().map(AccountName).zip(wait))
            })?;
            Ok(waits.into_iter().flatten().collect())
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

    /// How many have not arrived and will not by themselves, or are late: failed, unknown, tried before, or for an account
    /// in `waiting`, which cannot be posted through now.
    pub async fn undelivered(&self, waiting: Vec<AccountName>) -> Result<u32, StoreError> {
        self.read(move |conn| {
            let sql = "SELECT (SELECT count(*) FROM deliveries WHERE state IN ('pending', 'sending') AND (error IS NOT NULL
                                OR substr(address, 1, instr(address, ':') - 1) IN (SELECT value FROM json_each(?1))))
                            + (SELECT count(*) FROM deliveries WHERE state = 'unknown')
                            + (SELECT count(*) FROM deliveries WHERE state IN ('posted', 'failed') AND state = 'failed')";
            Ok(one(conn, sql, [Json(&waiting)], |row| row.get(0))?.unwrap_or(0))
        })
        .await
    }

    /// What has not arrived: waiting, being sent, unknown or failed, oldest first, at most `limit`.
    pub async fn deliveries_not_posted(&self, limit: u32) -> Result<Vec<Delivery>, StoreError> {
        self.read(move |conn| not_posted(conn, limit)).await
    }
}

/// Those of these deliveries that are on the record, oldest first.
pub(super) fn of_keys(conn: &Connection, keys: &[DeliveryKey]) -> rusqlite::Result<Vec<Delivery>> {
    let sql =
        format!("SELECT {COLUMNS} FROM deliveries WHERE id IN (SELECT value FROM json_each(?1)) ORDER BY n");
    all(conn, &sql, [Json(keys)], read_shown)
}

pub(super) fn not_posted(conn: &Connection, limit: u32) -> rusqlite::Result<Vec<Delivery>> {
    let sql = format!("SELECT {COLUMNS} FROM deliveries WHERE n IN ({NOT_POSTED}) ORDER BY n LIMIT ?1");
    all(conn, &sql, [limit], read_shown)
}
