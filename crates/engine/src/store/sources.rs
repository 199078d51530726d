//! What is watched: where each account left off, and how it fares.

use callboard_domain::{
    error::ServiceError,
    identity::Identity,
    item::AccountName,
    source::{Batch, Cursor, Problem, ProblemKind, Progress, RateLimit},
};
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};
use serde::{Deserialize, Serialize};

use super::{
    Store, StoreError, items,
    row::{At, Json, all, one, run},
};

pub(super) const V1: &str = "
CREATE TABLE sources (
    account     TEXT PRIMARY KEY,
    cursor      TEXT,
    baseline_at INTEGER,          -- since when it is watched: what happened before is old
    last_ok_at  INTEGER,          -- the last poll that succeeded
    error       TEXT,             -- ServiceError, where the last poll failed
    error_since INTEGER,
    problems    TEXT NOT NULL DEFAULT '[]',
    budget      TEXT,
    identity    TEXT
) STRICT, WITHOUT ROWID;
";

pub(super) const V2: &str = "
ALTER TABLE sources ADD COLUMN reading TEXT; -- Progress, while it is read in parts
";

/// How a watched account fares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSource {
    /// The account.
    pub account: AccountName,
    /// Where the next poll goes on.
    pub cursor: Option<Cursor>,
    /// Since when it is watched.
    pub baseline_at: Option<Timestamp>,
    /// When it was last read in full (the last part of it began, to be exact).
    pub last_ok_at: Option<Timestamp>,
    /// Why the last poll failed, and since when polls fail.
    pub error: Option<(ServiceError, Timestamp)>,
    /// Parts that the last poll could not read.
    pub problems: Vec<StoredProblem>,
    /// How far it is, while it is read in parts.
    pub reading: Option<Progress>,
    /// What was left of the service's rate limit.
    pub rate_limit: Option<RateLimit>,
    /// Who the account acts as.
    pub identity: Option<Identity>,
}

/// A problem, and since when each poll has had it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "AnyProblem")]
pub struct StoredProblem {
    /// The problem.
    #[serde(flatten)]
    pub problem: Problem,
    /// When a poll first had it; `None` where a version before this one did.
    pub since: Option<Timestamp>,
}

/// A problem as any version has stored it: 0.1.0 wrote a sentence alone, which stands until the next poll.
#[derive(Deserialize)]
#[serde(untagged)]
enum AnyProblem {
    Problem {
        #[serde(flatten)]
        problem: Problem,
        #[serde(default)]
        since: Option<Timestamp>,
    },
    Sentence(String),
}

impl From<AnyProblem> for StoredProblem {
    fn from(stored: AnyProblem) -> Self {
        match stored {
            AnyProblem::Problem { problem, since } => Self { problem, since },
            AnyProblem::Sentence(why) => {
                Self { problem: Problem::new(ProblemKind::NotSeen, "", why), since: None }
            }
        }
    }
}

/// The problems of a poll, each with the time of the first poll in a row that had one of its kind and part.
fn since(
    conn: &Connection,
    account: &AccountName,
    problems: &[Problem],
    began_at: Timestamp,
) -> rusqlite::Result<Vec<StoredProblem>> {
    let before = match problems {
        [] => Vec::new(),
        _ => {
            let sql = "SELECT problems FROM sources WHERE account = ?1";
            let found = one(conn, sql, [account.as_str()], |row| {
                // What cannot be read any more had no time.
                Ok(row.get::<_, Json<Vec<StoredProblem>>>(0).map(|it| it.0).unwrap_or_default())
            })?;
            found.unwrap_or_default()
        }
    };
    let with_since = |problem: &Problem| {
        let same = |it: &&StoredProblem| it.problem.part == problem.part && it.problem.kind == problem.kind;
        let since = before.iter().find(same).map_or(Some(began_at), |it| it.since);
        StoredProblem { problem: problem.clone(), since }
    };
    Ok(problems.iter().map(with_since).collect())
}

/// What taking in a report needs to know of its source.
#[derive(Default)]
pub(super) struct Standing {
    pub(super) baseline_at: Option<Timestamp>,
    pub(super) polled: bool,
    pub(super) me: Identity,
}

pub(super) fn standing(conn: &Connection, account: &AccountName) -> rusqlite::Result<Standing> {
    let sql = "SELECT baseline_at, last_ok_at IS NOT NULL, identity FROM sources WHERE account = ?1";
    let found = one(conn, sql, [account.as_str()], |row| {
        Ok(Standing {
            baseline_at: row.get::<_, Option<At>>(0)?.map(|at| at.0),
            polled: row.get(1)?,
            me: row.get::<_, Option<Json<_>>>(2)?.map(|it| it.0).unwrap_or_default(),
        })
    })?;
    Ok(found.unwrap_or_default())
}

/// Begins to watch an account, where it is not watched yet.
pub(super) fn begin(conn: &Connection, account: &AccountName, now: Timestamp) -> rusqlite::Result<()> {
    let sql = "INSERT INTO sources (account, baseline_at) VALUES (?1, ?2)
               ON CONFLICT (account) DO UPDATE SET baseline_at = ?2 WHERE baseline_at IS NULL";
    run(conn, sql, params![account.as_str(), At(now)]).map(drop)
}

/// Records a poll that succeeded, of the whole or of a part.
pub(super) fn polled(
    conn: &Connection,
    account: &AccountName,
    batch: &Batch,
    began_at: Timestamp,
) -> rusqlite::Result<()> {
    let sql = "UPDATE sources SET cursor = coalesce(?2, cursor), last_ok_at = coalesce(?3, last_ok_at), problems = ?4,
               budget = coalesce(?5, budget), reading = ?6, error = NULL, error_since = NULL WHERE account = ?1";
    let Batch { cursor, partial, rate_limit, problems, .. } = batch;
    let cursor = cursor.as_ref().map(|cursor| &cursor.0);
    let whole_at = partial.is_none().then_some(At(began_at));
    let problems = Json(since(conn, account, problems, began_at)?);
    let row = params![account.as_str(), cursor, whole_at, problems, rate_limit.map(Json), partial.map(Json)];
    run(conn, sql, row).map(drop)
}

fn read(row: &Row<'_>) -> rusqlite::Result<StoredSource> {
    let at = |column| row.get::<_, Option<At>>(column).map(|at| at.map(|at| at.0));
    let error = row.get::<_, Option<Json<_>>>(4)?.map(|it| it.0);
    Ok(StoredSource {
        account: AccountName(row.get(0)?),
        cursor: row.get::<_, Option<String>>(1)?.map(Cursor),
        baseline_at: at(2)?,
        last_ok_at: at(3)?,
        error: error.zip(at(5)?),
        problems: row.get::<_, Json<Vec<StoredProblem>>>(6)?.0,
        rate_limit: row.get::<_, Option<Json<_>>>(7)?.map(|it| it.0),
        identity: row.get::<_, Option<Json<_>>>(8)?.map(|it| it.0),
        reading: row.get::<_, Option<Json<_>>>(9)?.map(|it| it.0),
    })
}

const SELECT: &str =
    "SELECT account, cursor, baseline_at, last_ok_at, error, error_since, problems, budget, identity, reading
                      FROM sources";

impl Store {
    /// Begins to watch an account: from now on what happens there is news. Does nothing where it is watched already.
    pub async fn watch(&self, account: &AccountName, now: Timestamp) -> Result<(), StoreError> {
        let account = account.clone();
        self.write(move |conn| begin(conn, &account, now)).await
    }

    /// Ends watching an account: its items leave the board, and watching it again begins anew.
    pub async fn unwatch(&self, account: &AccountName, now: Timestamp) -> Result<(), StoreError> {
        let account = account.clone();
        self.write(move |conn| {
            items::leave_all(conn, &account, now)?;
            run(conn, "DELETE FROM sources WHERE account = ?1", [account.as_str()]).map(drop)
        })
        .await
    }

    /// Records who an account acts as.
    pub async fn identified(&self, account: &AccountName, identity: Identity) -> Result<(), StoreError> {
        let account = account.clone();
        self.write(move |conn| {
            let sql = "INSERT INTO sources (account, identity) VALUES (?1, ?2)
                       ON CONFLICT (account) DO UPDATE SET identity = ?2 WHERE identity IS NOT ?2";
            run(conn, sql, params![account.as_str(), Json(&identity)]).map(drop)
        })
        .await
    }

    /// Records a poll that failed. The time of the first failure in a row stays.
    pub async fn poll_failed(
        &self,
        account: &AccountName,
        error: ServiceError,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let account = account.clone();
        self.write(move |conn| {
            let sql = "INSERT INTO sources (account, error, error_since) VALUES (?1, ?2, ?3)
                       ON CONFLICT (account) DO UPDATE SET error = ?2, error_since = coalesce(error_since, ?3)";
            run(conn, sql, params![account.as_str(), Json(&error), At(now)]).map(drop)
        })
        .await
    }

    /// How an account fares; `None` where it was never watched.
    pub async fn source(&self, account: &AccountName) -> Result<Option<StoredSource>, StoreError> {
        let account = account.clone();
        self.read(move |conn| one(conn, &format!("{SELECT} WHERE account = ?1"), [account.as_str()], read))
            .await
    }

    /// How every watched account fares, by name.
    pub async fn sources(&self) -> Result<Vec<StoredSource>, StoreError> {
        self.read(|conn| all(conn, &format!("{SELECT} ORDER BY account"), [], read)).await
    }
}
