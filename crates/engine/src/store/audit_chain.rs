//! The chain of the audit log: each entry has a hash over itself and the hash of the entry before it, so that an entry that is
//! changed, taken out or put in between is found.
//!
//! What it cannot find is a log that was rewritten as a whole, with every hash from the change on: that takes a hash that was
//! noted elsewhere ([`AuditVerify::head`](crate::api::AuditVerify::head)).

use std::ops::ControlFlow;

use callboard_domain::text::hexadecimal;
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};
use sha2::{Digest, Sha256};

use super::{
    Store, StoreError,
    row::{At, all, each, one, run},
};
use crate::api::{AuditCheckpoint, AuditDamage, AuditExport, AuditRecord, AuditVerification};

/// What was recorded before there was a chain is not in it.
pub(super) const V1: &str = "
ALTER TABLE audit ADD COLUMN hash BLOB;      -- see `Link`
CREATE TABLE audit_checkpoint (              -- one row: where the chain begins
    one  INTEGER PRIMARY KEY CHECK (one = 1),
    n    INTEGER NOT NULL,                   -- the last entry before it, which is pruned, or older than the chain
    hash BLOB NOT NULL                       -- that entry's
) STRICT;
INSERT INTO audit_checkpoint (one, n, hash)
SELECT 1, coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'audit'), 0), zeroblob(32);
";

/// SHA-256.
type Hash = [u8; 32];

/// A place in the chain: an entry, and the hash over it and all before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Link {
    n: i64,
    hash: Hash,
}

impl Link {
    /// The hash of the entry after this one, over the JSON text `["HASH",N,AT,"ACTOR","WHAT"]`: this one's hash in hexadecimal
    /// digits, the entry's number, its time in microseconds since 1970, and its texts as they are stored.
    fn next(&self, n: i64, at: i64, actor: &str, what: &str) -> Self {
        let text = serde_json::to_vec(&(hexadecimal(&self.hash), n, at, actor, what));
        // Numbers and texts can be written as JSON; and if not, the entry would not verify.
        Self { n, hash: Sha256::digest(text.unwrap_or_default()).into() }
    }
}

/// The checkpoint. Without one (its row was deleted, or holds no hash) nothing follows from anything.
fn checkpoint(conn: &Connection) -> rusqlite::Result<Option<Link>> {
    let found = one(conn, "SELECT n, hash FROM audit_checkpoint", [], |row| {
        let n = row.get(0)?;
        Ok(row.get::<_, Hash>(1).ok().map(|hash| Link { n, hash }))
    })?;
    Ok(found.flatten())
}

/// Holds for an entry at or before the checkpoint that does not belong there: once anything was pruned nothing is left before it,
/// and what is older than the chain has no hash.
const MISPLACED: &str = "n <= ?1 AND (n < 1 OR hash IS NOT NULL OR ?2)";

/// The first of those.
fn misplaced(conn: &Connection, begin: &Link) -> rusqlite::Result<Option<i64>> {
    let sql = format!("SELECT min(n) FROM audit WHERE {MISPLACED}");
    Ok(one(conn, &sql, params![begin.n, begin.hash != Hash::default()], |row| row.get(0))?.flatten())
}

/// The greatest number that an entry ever had.
fn last_number(conn: &Connection) -> rusqlite::Result<i64> {
    let sql = "SELECT seq FROM sqlite_sequence WHERE name = 'audit'";
    Ok(one(conn, sql, [], |row| row.get(0))?.unwrap_or_default())
}

/// Adds an entry to the chain.
pub(super) fn append(conn: &Connection, at: Timestamp, actor: &str, what: &str) -> rusqlite::Result<()> {
    let sql = "SELECT n, hash FROM audit ORDER BY n DESC LIMIT 1";
    let last = one(conn, sql, [], |row| {
        // Whatever another program wrote there, the log goes on; it is found when the chain is verified.
        let hash = row.get::<_, Option<Hash>>(1).ok().flatten();
        Ok(hash.map(|hash| (row.get(0), hash)))
    })?;
    let last = match last.flatten() {
        Some((n, hash)) => Some(Link { n: n?, hash }),
        None => None,
    };
    let before = match last {
        Some(last) => last,
        None => checkpoint(conn)?.unwrap_or(Link { n: 0, hash: Hash::default() }),
    };
    let n = last_number(conn)?.max(before.n).saturating_add(1);
    let link = before.next(n, at.as_microsecond(), actor, what);
    let sql = "INSERT INTO audit (n, at, actor, what, hash) VALUES (?1, ?2, ?3, ?4, ?5)";
    run(conn, sql, params![n, At(at), actor, what, link.hash]).map(drop)
}

/// Deletes up to `limit` entries of before `before`, from the beginning: what is left follows from the checkpoint. An entry
/// that does not follow stays, and so do those after it: they are evidence.
pub(super) fn prune(conn: &Connection, before: Timestamp, limit: u32) -> rusqlite::Result<usize> {
    let Some(begin) = checkpoint(conn)? else { return Ok(0) };
    if misplaced(conn, &begin)?.is_some() {
        return Ok(0);
    }
    let mut last = begin;
    let mut older = None;
    each(conn, &format!("SELECT {COLUMNS} FROM audit ORDER BY n LIMIT ?1"), [limit], |row| {
        let stored = read(row)?;
        if stored.at >= before.as_microsecond() {
            return Ok(ControlFlow::Break(()));
        }
        if stored.n <= begin.n {
            older = Some(stored.n);
            return Ok(ControlFlow::Continue(()));
        }
        match stored.follows(&last) {
            Ok(link) => last = link,
            Err(_) => return Ok(ControlFlow::Break(())),
        }
        Ok(ControlFlow::Continue(()))
    })?;
    if last != begin {
        run(conn, "UPDATE audit_checkpoint SET n = ?1, hash = ?2", params![last.n, last.hash])?;
        older = Some(last.n);
    }
    match older {
        Some(n) => run(conn, "DELETE FROM audit WHERE n <= ?1", [n]),
        None => Ok(0),
    }
}

/// An entry as it is stored.
struct Stored {
    n: i64,
    at: i64,
    actor: String,
    what: String,
    hash: Option<Hash>,
}

impl Stored {
    /// Its link, where it follows from the one before; else what is wrong.
    fn follows(&self, last: &Link) -> Result<Link, AuditDamage> {
        let next = last.next(self.n, self.at, &self.actor, &self.what);
        match self.hash {
            _ if self.n != last.n + 1 => Err(AuditDamage::Missing { first: last.n + 1, last: self.n - 1 }),
            None => Err(AuditDamage::NotChained { id: self.n }),
            Some(hash) if hash != next.hash => Err(AuditDamage::Changed { id: self.n }),
            Some(_) => Ok(next),
        }
    }
}

const COLUMNS: &str = "n, at, actor, what, hash";

/// Text that is no UTF-8, and a hash of another length, were not written by us: what is put in their place does not verify.
fn read(row: &Row<'_>) -> rusqlite::Result<Stored> {
    let text = |column| -> rusqlite::Result<String> {
        Ok(String::from_utf8_lossy(row.get_ref(column)?.as_bytes()?).into_owned())
    };
    Ok(Stored {
        n: row.get(0)?,
        at: row.get(1)?,
        actor: text(2)?,
        what: text(3)?,
        hash: row.get::<_, Option<Hash>>(4).ok().flatten(),
    })
}

/// Follows the chain from its beginning to its end, or to the first entry that does not follow.
fn verify(conn: &Connection, head: Option<&str>) -> rusqlite::Result<AuditVerification> {
    let Some(begin) = checkpoint(conn)? else {
        return Ok(AuditVerification {
            damage: Some(AuditDamage::NoCheckpoint),
            ..AuditVerification::default()
        });
    };
    if let Some(id) = misplaced(conn, &begin)? {
        let damage = Some(AuditDamage::BeforeBeginning { id });
        return Ok(AuditVerification { damage, ..AuditVerification::default() });
    }
    let older: i64 =
        conn.query_row("SELECT count(*) FROM audit WHERE n <= ?1", [begin.n], |row| row.get(0))?;
    let mut found = AuditVerification {
        unchained: u64::try_from(older).unwrap_or_default(),
        ..AuditVerification::default()
    };
    let mut has_head = head.is_some_and(|head| head == hexadecimal(&begin.hash));
    let mut last = begin;
    each(conn, &format!("SELECT {COLUMNS} FROM audit WHERE n > ?1 ORDER BY n"), [begin.n], |row| {
        match read(row)?.follows(&last) {
            Ok(next) => last = next,
            Err(damage) => {
                found.damage = Some(damage);
                return Ok(ControlFlow::Break(()));
            }
        }
        found.first.get_or_insert(last.n);
        found.entries += 1;
        has_head |= head.is_some_and(|head| head == hexadecimal(&last.hash));
        Ok(ControlFlow::Continue(()))
    })?;
    let newest = last_number(conn)?;
    if found.damage.is_none() && newest > last.n {
        found.damage = Some(AuditDamage::Missing { first: last.n + 1, last: newest });
    }
    if found.damage.is_none() && head.is_some() && !has_head {
        found.damage = Some(AuditDamage::OtherHead);
    }
    found.last = Some(last.n).filter(|_| found.entries > 0);
    found.head = hexadecimal(&last.hash);
    Ok(found)
}

fn record(stored: Stored) -> AuditRecord {
    AuditRecord {
        n: stored.n,
        time: Timestamp::from_microsecond(stored.at).unwrap_or(Timestamp::UNIX_EPOCH),
        at: stored.at,
        actor: stored.actor,
        what: stored.what,
        hash: stored.hash.map(|hash| hexadecimal(&hash)),
    }
}

impl Store {
    /// Verifies the whole chain of the audit log, and that a hash that was noted earlier is in it, where one is given.
    /// About a second for 1,000,000 entries.
    pub async fn verify_audit(&self, head: Option<String>) -> Result<AuditVerification, StoreError> {
        self.read(move |conn| verify(conn, head.as_deref())).await
    }

    /// The entries after a number, in their order, as they are stored, at most `limit`.
    pub async fn export_audit(&self, after: i64, limit: u32) -> Result<AuditExport, StoreError> {
        self.read(move |conn| {
            let sql = format!("SELECT {COLUMNS} FROM audit WHERE n > ?1 ORDER BY n LIMIT ?2");
            let entries = all(conn, &sql, params![after, limit], read)?.into_iter().map(record).collect();
            let begin = checkpoint(conn)?;
            let checkpoint = begin.map(|it| AuditCheckpoint { n: it.n, hash: hexadecimal(&it.hash) });
            Ok(AuditExport { checkpoint, entries })
        })
        .await
    }
}
