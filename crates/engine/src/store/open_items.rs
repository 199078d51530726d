//! The open items as ranking needs them: which there are and when each last changed, from the index alone.

use std::{collections::BTreeMap, ops::ControlFlow};

use callboard_domain::{
    board::Snoozed,
    item::{AccountName, Kind},
};
use jiff::Timestamp;
use rusqlite::{Row, params};

use super::{
    Store, StoreError,
    items::{self, OPEN, Snooze, StoredItem},
    row::{At, Clock, Flag, Text, all, each, is_unreadable, one, run},
};

/// `items_open` with all that [`Store::open_rows`] gives, so that no row of the table is read for it.
pub(super) const V2: &str = "
DROP INDEX items_open;
CREATE INDEX items_open ON items (kind, changed_at, silenced, snoozed) WHERE open;
CREATE INDEX items_snoozed ON items (snoozed) WHERE snoozed IS NOT NULL;
";

/// The other items by themselves: an index of all wrote each open one twice.
pub(super) const V3: &str = "
DROP INDEX items_changed;
CREATE INDEX items_changed ON items (kind, changed_at) WHERE NOT open;
";

/// An open item, without what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenRow {
    /// Its number in the store.
    pub n: i64,
    /// What it is.
    pub kind: Kind,
    /// When it last changed, by our clock.
    pub changed_at: Timestamp,
    /// True where a rule keeps it off the board until something happens to it.
    pub silenced: bool,
    /// Until when a person has snoozed it.
    pub snoozed: Option<Snooze>,
}

/// Items by their numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Numbered {
    /// Those that can be read.
    pub items: Vec<(i64, StoredItem)>,
    /// How many cannot, by account.
    pub unreadable: Unreadable,
}

/// How many items of each account are stored and cannot be read.
pub type Unreadable = BTreeMap<AccountName, usize>;

fn read(row: &Row<'_>) -> rusqlite::Result<OpenRow> {
    Ok(OpenRow {
        n: row.get(0)?,
        kind: row.get::<_, Text<_>>(1)?.0,
        changed_at: row.get::<_, Clock>(2)?.0,
        silenced: row.get::<_, Flag>(3)?.0,
        snoozed: row.get(4)?,
    })
}

impl OpenRow {
    /// How long it is off the board, where it is.
    pub fn off_board_until(&self, now: Timestamp) -> Option<Snoozed> {
        items::off_board_until(self.silenced, self.snoozed, now)
    }
}

impl Store {
    /// Every item that may need a person, in no order, snoozed ones among them; and the numbers of those of which even
    /// that cannot be read.
    pub async fn open_rows(&self) -> Result<(Vec<OpenRow>, Vec<i64>), StoreError> {
        self.read(|conn| {
            let sql = format!("SELECT n, kind, changed_at, silenced, snoozed FROM {OPEN}");
            let (mut open, mut unreadable) = (Vec::new(), Vec::new());
            each(conn, &sql, [], |row| {
                match read(row) {
                    Ok(row) => open.push(row),
                    Err(error) if is_unreadable(&error) => unreadable.push(row.get(0)?),
                    Err(error) => return Err(error),
                }
                Ok(ControlFlow::Continue(()))
            })?;
            Ok((open, unreadable))
        })
        .await
    }

    /// The items with these numbers, in this order; those that were deleted are left out.
    pub async fn items_by_number(&self, numbers: Vec<i64>) -> Result<Numbered, StoreError> {
        self.read(move |conn| {
            let sql = format!("SELECT {} FROM items WHERE n = ?1", items::COLUMNS);
            let mut found = Numbered::default();
            for n in numbers {
                // One that cannot be read does not hide the others.
                each(conn, &sql, [n], |row| {
                    match items::read(row) {
                        Ok(item) => found.items.push((n, item)),
                        Err(error) if is_unreadable(&error) => {
                            *found.unreadable.entry(AccountName(row.get(0)?)).or_default() += 1;
                        }
                        Err(error) => return Err(error),
                    }
                    Ok(ControlFlow::Continue(()))
                })?;
            }
            Ok(found)
        })
        .await
    }

    /// The builds of watched accounts that are neither red nor under way: how many there are, and the last changed
    /// ones, at most `limit`.
    pub async fn ended_builds(&self, limit: u32) -> Result<(u32, Vec<(i64, StoredItem)>), StoreError> {
        self.read(move |conn| {
            let ended =
                "items WHERE kind = 'build' AND NOT open AND gone IS NULL AND account IN (SELECT account FROM sources)";
            let count = one(conn, &format!("SELECT count(*) FROM {ended}"), [], |row| row.get(0))?;
            let sql = format!("SELECT {}, n FROM {ended} ORDER BY changed_at DESC LIMIT ?1", items::COLUMNS);
            let found = all(conn, &sql, [limit], |row| Ok((row.get(11)?, items::read(row)?)))?;
            Ok((count.unwrap_or(0), found))
        })
        .await
    }

    /// Ends what was snoozed until `now` or before. Gives when the next snooze ends.
    pub async fn wake(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let next = self.next_wake().await?;
        if next.is_none_or(|next| next > now) {
            return Ok(next);
        }
        self.write(move |conn| {
            let sql = "UPDATE items SET snoozed = NULL WHERE snoozed IS NOT NULL AND snoozed <= ?1";
            run(conn, sql, params![At(now)]).map(drop)
        })
        .await?;
        self.next_wake().await
    }

    async fn next_wake(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(|conn| {
            let sql = "SELECT min(snoozed) FROM items WHERE snoozed IS NOT NULL AND snoozed < ?1";
            let next = one(conn, sql, [Snooze::UntilChange], |row| row.get::<_, Option<At>>(0))?;
            Ok(next.flatten().map(|at| at.0))
        })
        .await
    }
}
