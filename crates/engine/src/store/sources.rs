//! What is watched: where each account left off, and how it fares.

use callboard_domain::{
    error::ServiceError,
    identity::Identity,
    item::AccountName,
    origin::Origin,
    source::{Batch, Cursor, Problem, ProblemKind, Progress, RateLimit},
    text,
};
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, Row, params};
use serde::{Deserialize, Serialize};

use super::{
    Store, StoreError, UnreadableRow, items,
    notes::{self, LastNote, Notes},
    row::{At, Clock, Json, Lenient, Text, all, one, run},
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

pub(super) const V3: &str = "
ALTER TABLE sources ADD COLUMN origin TEXT; -- Origin, once known: where what is stored of the account comes from
";

pub(super) const V4: &str = "
ALTER TABLE sources ADD COLUMN meanwhile_at INTEGER; -- since when it is watched by a clock that is behind baseline_at
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
    /// Why the last poll failed, and since when they fail in this way.
    pub error: Option<(ServiceError, Timestamp)>,
    /// Parts that the last poll could not read.
    pub problems: Vec<StoredProblem>,
    /// How far it is, while it is read in parts.
    pub reading: Option<Progress>,
    /// What was left of the service's rate limit.
    pub rate_limit: Option<RateLimit>,
    /// Who the account acts as.
    pub identity: Option<Identity>,
    /// Where its items come from; `None` where that is not known (yet).
    pub origin: Option<Origin>,
    /// The columns of its row that cannot be read; one of its problems says so.
    pub unreadable: Vec<String>,
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
    /// When its part was last read: by the last poll before that one. `None` where there was none, or it is not on record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Timestamp>,
}

/// A problem as any version has stored it: 0.1.0 wrote a sentence alone, which is kept until the next poll.
#[derive(Deserialize)]
#[serde(untagged)]
enum AnyProblem {
    Problem {
        #[serde(flatten)]
        problem: Problem,
        #[serde(default)]
        since: Option<Timestamp>,
        #[serde(default)]
        read_at: Option<Timestamp>,
    },
    Sentence(String),
}

impl From<AnyProblem> for StoredProblem {
    fn from(stored: AnyProblem) -> Self {
        match stored {
            AnyProblem::Problem { problem, since, read_at } => Self { problem, since, read_at },
            AnyProblem::Sentence(why) => {
                Self { problem: Problem::new(ProblemKind::NotSeen, "", why), since: None, read_at: None }
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
    let (before, last_read) = match problems {
        [] => (Vec::new(), None),
        _ => {
            let sql = "SELECT problems, last_ok_at FROM sources WHERE account = ?1";
            // What cannot be read any more had no time.
            let found = one(conn, sql, [account.as_str()], |row| {
                let mut row = Lenient::new(row);
                Ok((row.get::<Json<Vec<StoredProblem>>>(0)?, row.get::<Option<Clock>>(1)?.flatten()))
            })?;
            let (before, last_read) = found.unwrap_or_default();
            (before.map(|it| it.0).unwrap_or_default(), last_read.map(|at| at.0))
        }
    };
    let with_since = |problem: &Problem| {
        let Problem { part, kind, of, .. } = problem;
        let same = |it: &&StoredProblem| {
            it.problem.part == *part && it.problem.kind == *kind && it.problem.of == *of
        };
        let known = before.iter().find(same);
        let (since, read_at) = known.map_or((Some(began_at), last_read), |it| (it.since, it.read_at));
        StoredProblem { problem: problem.clone(), since, read_at }
    };
    Ok(problems.iter().map(with_since).collect())
}

/// What taking in a report needs to know of its source.
#[derive(Default)]
pub(super) struct SourceState {
    pub(super) baseline_at: Option<Timestamp>,
    pub(super) polled: bool,
    /// True where a poll has left a cursor.
    pub(super) has_cursor: bool,
    pub(super) me: Identity,
}

/// How far a clock may have been set back. What is recorded for later is no time at which something was done.
const CLOCK: SignedDuration = SignedDuration::from_hours(24);

/// The state of an account's source; of one that is not watched, that of a new one.
pub(super) fn state(
    conn: &Connection,
    account: &AccountName,
    now: Timestamp,
) -> rusqlite::Result<SourceState> {
    // By its type: a cursor may have megabytes, which `IS NOT NULL` would read.
    let sql = "SELECT baseline_at, last_ok_at IS NOT NULL, identity, meanwhile_at, typeof(cursor) = 'text'
               FROM sources WHERE account = ?1";
    let found = one(conn, sql, [account.as_str()], |row| {
        let mut row = Lenient::new(row);
        let (first, meanwhile) = (baseline(&mut row, 0)?, baseline(&mut row, 3)?);
        Ok(SourceState {
            baseline_at: [first, meanwhile].into_iter().flatten().find(|at| !is_ahead(*at, now)),
            polled: row.get(1)?.unwrap_or_default(),
            has_cursor: row.get(4)?.unwrap_or_default(),
            me: row.get::<Option<Json<_>>>(2)?.flatten().map(|it| it.0).unwrap_or_default(),
        })
    })?;
    Ok(found.unwrap_or_default())
}

/// A time since when an account is watched; `None` where it is not, or cannot be read.
fn baseline(row: &mut Lenient<'_, '_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<Option<Clock>>(column)?.flatten().map(|at| at.0))
}

/// True for a time that the clock is behind by more than it may have been set back: it is wrong, or was. Taken for when an
/// account began to be watched, it would keep all news back.
fn is_ahead(at: Timestamp, now: Timestamp) -> bool {
    at.duration_since(now) >= CLOCK
}

/// Begins to watch an account, where it is not watched yet.
///
/// Where the clock is behind the time at which that began, only time tells which of the two was wrong. Until the clock gets
/// there, what happens from now on is news; the first beginning is kept, and holds again from then on.
pub(super) fn begin(conn: &Connection, account: &AccountName, now: Timestamp) -> rusqlite::Result<()> {
    let sql = "SELECT baseline_at, meanwhile_at FROM sources WHERE account = ?1";
    let found = one(conn, sql, [account.as_str()], |row| {
        let mut row = Lenient::new(row);
        Ok((baseline(&mut row, 0)?, baseline(&mut row, 1)?))
    })?;
    let sql = match found.unwrap_or_default() {
        (Some(first), None) if !is_ahead(first, now) => return Ok(()),
        (Some(first), Some(_)) if !is_ahead(first, now) => {
            return run(
                conn,
                "UPDATE sources SET meanwhile_at = NULL WHERE account = ?1",
                [account.as_str()],
            )
            .map(drop);
        }
        (Some(_), Some(meanwhile)) if !is_ahead(meanwhile, now) => return Ok(()),
        (Some(_), _) => "UPDATE sources SET meanwhile_at = ?2 WHERE account = ?1",
        (None, _) => {
            "INSERT INTO sources (account, baseline_at) VALUES (?1, ?2)
             ON CONFLICT (account) DO UPDATE SET baseline_at = ?2"
        }
    };
    run(conn, sql, params![account.as_str(), At(now)]).map(drop)
}

/// Ends watching an account.
fn end(conn: &Connection, account: &AccountName, now: Timestamp) -> rusqlite::Result<()> {
    items::mark_all_gone(conn, account, now)?;
    notes::forget(conn, account)?;
    run(conn, "DELETE FROM sources WHERE account = ?1", [account.as_str()]).map(drop)
}

/// Records a poll that succeeded, of the whole or of a part. Its cursor replaces the notes that it began with.
pub(super) fn polled(
    conn: &Connection,
    account: &AccountName,
    batch: &Batch,
    began_at: Timestamp,
    last_note: LastNote,
) -> rusqlite::Result<()> {
    let sql = "UPDATE sources SET cursor = coalesce(?2, cursor), last_ok_at = coalesce(?3, last_ok_at), problems = ?4,
               budget = coalesce(?5, budget), reading = ?6, error = NULL, error_since = NULL WHERE account = ?1";
    let Batch { cursor, partial, rate_limit, problems, .. } = batch;
    let cursor = cursor.as_ref().map(|cursor| &cursor.0);
    let whole_at = partial.is_none().then_some(At(began_at));
    let problems = Json(since(conn, account, problems, began_at)?);
    let row = params![account.as_str(), cursor, whole_at, problems, rate_limit.map(Json), partial.map(Json)];
    run(conn, sql, row)?;
    match cursor {
        Some(_) => notes::forget_taken(conn, account, last_note),
        None => Ok(()),
    }
}

/// Reads a source from the columns of [`SELECT`]. One that cannot be read in part says so among its problems.
pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<StoredSource> {
    let account = AccountName(row.get(0)?);
    let mut row = Lenient::new(row);
    let at = |at: Option<Option<Clock>>| at.flatten().map(|at| at.0);
    let (baseline_at, last_ok_at) = (at(row.get(2)?), at(row.get(3)?));
    let error = row.get::<Option<Json<_>>>(4)?.flatten().map(|it| it.0);
    let since = at(row.get(5)?).or(last_ok_at).unwrap_or(Timestamp::UNIX_EPOCH);
    let mut source = StoredSource {
        account,
        cursor: row.get::<Option<String>>(1)?.flatten().map(Cursor),
        baseline_at,
        last_ok_at,
        error: error.map(|error| (error, since)),
        problems: row.get::<Json<Vec<StoredProblem>>>(6)?.map(|it| it.0).unwrap_or_default(),
        rate_limit: row.get::<Option<Json<_>>>(7)?.flatten().map(|it| it.0),
        identity: row.get::<Option<Json<_>>>(8)?.flatten().map(|it| it.0),
        reading: row.get::<Option<Json<_>>>(9)?.flatten().map(|it| it.0),
        origin: row.get::<Option<Text<_>>>(10)?.flatten().map(|it| it.0),
        unreadable: row.into_unreadable(),
    };
    if !source.unreadable.is_empty() {
        let damage = AccountDamage { columns: source.unreadable.clone(), ..AccountDamage::default() };
        source.problems.push(StoredProblem { problem: damage.problem(), since: None, read_at: None });
    }
    Ok(source)
}

/// How many damaged items are named; the others are counted.
const NAMED: usize = 3;

/// What is damaged of what is stored of an account.
#[derive(Debug, Default)]
struct AccountDamage {
    /// Columns of its own row.
    columns: Vec<String>,
    /// Its items' rows, by their numbers.
    items: Vec<(i64, UnreadableRow)>,
    /// How many rows of items are missing; fewer than none where there are too many.
    missing: i64,
    /// True where a note of a webhook cannot be read.
    notes: bool,
}

impl AccountDamage {
    fn of(conn: &Connection, account: &AccountName, all: bool) -> rusqlite::Result<Self> {
        let source = load(conn, account)?;
        Ok(Self {
            columns: source.map(|source| source.unreadable).unwrap_or_default(),
            items: items::unreadable(conn, account, all)?,
            missing: items::uncounted(conn, account)?,
            notes: notes::has_damaged(conn, account)?,
        })
    }

    fn is_none(&self) -> bool {
        self.columns.is_empty() && self.items.is_empty() && self.missing == 0 && !self.notes
    }

    /// What it means for the account.
    fn problem(&self) -> Problem {
        let columns = (!self.columns.is_empty()).then(|| format!("its {}", self.columns.join(", ")));
        let items = self.items.iter().take(NAMED).map(|(_, row)| row.to_string());
        let more = self.items.len().saturating_sub(NAMED);
        let more = (more > 0).then(|| text::count(more, "more item"));
        let missing = (self.missing != 0).then(|| items::missing(self.missing));
        let notes = self.notes.then(|| "what webhooks noted for its next poll".to_owned());
        let what = columns.into_iter().chain(items).chain(more).chain(missing).chain(notes);
        let what: Vec<String> = what.collect();
        let why = format!(
            "what was stored of it is damaged ({}); everything is read anew by the next poll",
            what.join("; ")
        );
        Problem::new(ProblemKind::Incomplete, "", why)
    }
}

/// Clears what is damaged of an account and its items (of the open ones, or of `all` that are there), and forgets where
/// its polls left off, with what webhooks noted since: the next one reads everything, and what it finds is joined with
/// what happened before. Until then the account has a problem that says so. False, and nothing done, where nothing is
/// damaged.
fn rebuild(conn: &Connection, account: &AccountName, all: bool, now: Timestamp) -> rusqlite::Result<bool> {
    let damage = AccountDamage::of(conn, account, all)?;
    if damage.is_none() {
        return Ok(false);
    }
    let AccountDamage { columns, items, missing, notes } = &damage;
    tracing::warn!(
        %account, ?columns, items = items.len(), missing, notes,
        "stored rows are damaged; everything is read anew"
    );
    for column in columns.iter().filter(|column| *column != "problems") {
        run(conn, &format!("UPDATE sources SET {column} = NULL WHERE account = ?1"), [account.as_str()])?;
    }
    items.iter().try_for_each(|(n, _)| items::take_off_board(conn, *n, now))?;
    if *missing != 0 {
        items::forget_dangling(conn, account)?;
    }
    notes::forget(conn, account)?;
    // What happened up to the last poll is known, and not news again, though it is on no record any more.
    let sql = "UPDATE sources SET cursor = NULL, reading = NULL, problems = ?2,
               baseline_at = coalesce(iif(?4, last_ok_at, baseline_at), baseline_at, last_ok_at, ?3) WHERE account = ?1";
    let problem = StoredProblem { problem: damage.problem(), since: Some(now), read_at: None };
    run(conn, sql, params![account.as_str(), Json([problem]), At(now), *missing > 0])?;
    Ok(true)
}

fn load(conn: &Connection, account: &AccountName) -> rusqlite::Result<Option<StoredSource>> {
    one(conn, &format!("{SELECT} WHERE account = ?1"), [account.as_str()], read)
}

pub(super) const SELECT: &str =
    "SELECT account, cursor, baseline_at, last_ok_at, error, error_since, problems, budget, identity, reading,
                      origin FROM sources";

impl Store {
    /// Begins to watch an account: from now on what happens there is news. Does nothing where it is watched already.
    pub async fn watch(&self, account: &AccountName, now: Timestamp) -> Result<(), StoreError> {
        let account = account.clone();
        self.write(move |conn| begin(conn, &account, now)).await
    }

    /// Ends watching an account: its items leave the board, and watching it again starts over.
    pub async fn unwatch(&self, account: &AccountName, now: Timestamp) -> Result<(), StoreError> {
        let account = account.clone();
        self.write(move |conn| end(conn, &account, now)).await
    }

    /// Records who an account acts as, and where its items come from, where that is known. An account that is found to be
    /// elsewhere than before starts over: what is stored of it is of the other place, and says nothing of this one.
    pub async fn identified(
        &self,
        account: &AccountName,
        identity: Identity,
        origin: Option<Origin>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let account = account.clone();
        self.write(move |conn| {
            let sql = "SELECT origin FROM sources WHERE account = ?1";
            let before =
                one(conn, sql, [account.as_str()], |row| Lenient::new(row).get::<Option<Text<Origin>>>(0))?;
            let before = before.flatten().flatten().map(|Text(origin)| origin);
            if let (Some(before), Some(origin)) = (&before, &origin)
                && before != origin
            {
                tracing::warn!(%account, %before, %origin, "the account is elsewhere now; watching it begins anew");
                end(conn, &account, now)?;
            }
            let sql = "INSERT INTO sources (account, identity, origin) VALUES (?1, ?2, ?3)
                       ON CONFLICT (account) DO UPDATE SET identity = ?2, origin = coalesce(?3, origin)
                       WHERE identity IS NOT ?2 OR origin IS NOT coalesce(?3, origin)";
            let origin = origin.as_ref().map(ToString::to_string);
            run(conn, sql, params![account.as_str(), Json(&identity), origin]).map(drop)
        })
        .await
    }

    /// Records a poll that failed. The time of the first failure in a row stays, as long as they are of one kind; a wait that the
    /// service asks for is counted from it.
    pub async fn poll_failed(
        &self,
        account: &AccountName,
        error: ServiceError,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let account = account.clone();
        self.write(move |conn| {
            let sql = "SELECT error, error_since FROM sources WHERE account = ?1";
            let before = one(conn, sql, [account.as_str()], |row| {
                let mut row = Lenient::new(row);
                let known = row.get::<Option<Json<ServiceError>>>(0)?.flatten();
                Ok(known.zip(row.get::<Option<Clock>>(1)?.flatten()))
            })?;
            let lasting = before.flatten().filter(|(Json(known), _)| known.is_same_kind(&error));
            let since = lasting.map_or(now, |(_, Clock(since))| since);
            let error = error.counted_from(since, now);
            let sql = "INSERT INTO sources (account, error, error_since) VALUES (?1, ?2, ?3)
                       ON CONFLICT (account) DO UPDATE SET error = ?2, error_since = ?3";
            run(conn, sql, params![account.as_str(), Json(&error), At(since)]).map(drop)
        })
        .await
    }

    /// Clears the error of an account that was never read and answers now. For an account that was read before, the next poll
    /// sets its state.
    pub async fn first_answered(&self, account: &AccountName) -> Result<(), StoreError> {
        let account = account.clone();
        self.write(move |conn| {
            let sql = "UPDATE sources SET error = NULL, error_since = NULL
                       WHERE account = ?1 AND last_ok_at IS NULL AND error IS NOT NULL";
            run(conn, sql, [account.as_str()]).map(drop)
        })
        .await
    }

    /// Has the damaged rows of an account read again. Call it before a poll.
    pub async fn rebuild_unreadable(
        &self,
        account: &AccountName,
        all: bool,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let name = account.clone();
        if self.read(move |conn| AccountDamage::of(conn, &name, all)).await?.is_none() {
            return Ok(false);
        }
        let account = account.clone();
        self.write(move |conn| rebuild(conn, &account, all, now)).await
    }

    /// How an account fares; `None` where it was never watched.
    pub async fn source(&self, account: &AccountName) -> Result<Option<StoredSource>, StoreError> {
        let account = account.clone();
        self.read(move |conn| load(conn, &account)).await
    }

    /// The same, with what webhooks have noted since the poll that left its cursor.
    pub async fn source_with_notes(
        &self,
        account: &AccountName,
    ) -> Result<(Option<StoredSource>, Notes), StoreError> {
        let account = account.clone();
        self.read(move |conn| Ok((load(conn, &account)?, notes::load(conn, &account)?))).await
    }

    /// Who an account acts as, as far as is known.
    pub async fn acts_as(&self, account: &AccountName) -> Result<Identity, StoreError> {
        Ok(self.source(account).await?.and_then(|source| source.identity).unwrap_or_default())
    }

    /// How every watched account fares, by name.
    pub async fn sources(&self) -> Result<Vec<StoredSource>, StoreError> {
        self.read(|conn| all(conn, &format!("{SELECT} ORDER BY account"), [], read)).await
    }
}
