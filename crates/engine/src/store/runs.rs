//! Runs of commands. A run is on the record before its effect, so that after a crash it is known to be unknown.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use callboard_domain::{
    actor::Actor,
    chat::{Address, DeliveryKey},
    item::{self, ItemKey},
    message::{self, Message},
    run::{Run, RunState},
};
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use super::{
    Store, StoreError, audit,
    deliveries::{self, Content, LIVE, NewDelivery},
    row::{At, Clock, Json, Lenient, Text, all, one, run as execute},
    run_items,
};
use crate::{api::AuditedChange, title_match::folded};

pub(super) const V1: &str = "
CREATE TABLE runs (
    n          INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    command    TEXT NOT NULL,
    line       TEXT NOT NULL,
    args       TEXT NOT NULL,
    account    TEXT,
    item       TEXT,
    asked_by   TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at   INTEGER,
    state      TEXT NOT NULL,                -- RunState as JSON: with its outcome or error
    post       TEXT,
    searched   INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX runs_under_way ON runs (n) WHERE ended_at IS NULL;
CREATE INDEX runs_ended ON runs (ended_at);
CREATE INDEX runs_item ON runs (item) WHERE item IS NOT NULL;
CREATE INDEX runs_unsearched ON runs (searched) WHERE searched = 0;
";

/// Who asked for it, and through what. What was recorded before has only `asked_by`, a text for people.
pub(super) const V2: &str = "
ALTER TABLE runs ADD COLUMN actor TEXT;      -- Actor as JSON
";

/// Holds for a run that may be in doubt: its state names that, or is no JSON.
pub(super) const IN_DOUBT: &str = "instr(state, '\"unknown\"') > 0 OR NOT json_valid(state)";

/// The few that are in doubt are looked for at each look at the board. What was indexed before has no text that is folded.
pub(super) const V3: &str = "
CREATE INDEX runs_in_doubt ON runs (n) WHERE instr(state, '\"unknown\"') > 0 OR NOT json_valid(state);
UPDATE runs SET searched = 0;
";

pub(super) const COLUMNS: &str =
    "id, command, line, args, account, item, asked_by, started_at, ended_at, state, post, actor";

/// Reads a run from the columns [`COLUMNS`]. One that cannot be read in part is there all the same: without its state it is
/// unknown how it went.
pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Run> {
    read_noting(row).map(|(run, _)| run)
}

/// The same, with the names of the columns that are damaged.
pub(super) fn read_noting(row: &Row<'_>) -> rusqlite::Result<(Run, Vec<String>)> {
    let actor = audit::read_actor(row, 11)?;
    let mut row = Lenient::new(row);
    let started_at = row.get::<Clock>(7)?.map_or(Timestamp::UNIX_EPOCH, |at| at.0);
    let mut run = Run {
        id: row.get(0)?.unwrap_or_default(),
        command: row.get(1)?.unwrap_or_default(),
        line: row.get(2)?.unwrap_or_default(),
        args: row.get::<Json<_>>(3)?.map(|it| it.0).unwrap_or_default(),
        account: row.get(4)?.flatten(),
        item: row.get::<Option<Text<_>>>(5)?.flatten().map(|it| it.0),
        by: row.get(6)?.unwrap_or_default(),
        started_at,
        // It did end, whenever that was.
        ended_at: row.get::<Option<Clock>>(8)?.unwrap_or(Some(Clock(started_at))).map(|at| at.0),
        state: match row.get::<Json<RunState>>(9)? {
            Some(Json(state)) => with_safe_links(state),
            None => RunState::Unknown { why: UNREADABLE.to_owned() },
        },
        post: row.get::<Option<Text<_>>>(10)?.flatten().map(|it| it.0),
        actor,
    };
    let mut damaged = row.into_unreadable();
    let is_under_way = matches!(run.state, RunState::Pending { .. } | RunState::Running);
    if is_under_way == run.ended_at.is_some() && damaged.is_empty() {
        // Its columns contradict each other: it has ended, and it has not.
        run.state = RunState::Unknown { why: UNREADABLE.to_owned() };
        run.ended_at.get_or_insert(started_at);
        damaged.push("ended_at".to_owned());
    }
    let empty = [("id", &run.id), ("command", &run.command), ("line", &run.line)];
    // What cannot be read is empty too.
    let newly: Vec<String> = empty
        .into_iter()
        .filter(|(column, text)| text.is_empty() && !damaged.iter().any(|it| it == column))
        .map(|(column, _)| column.to_owned())
        .collect();
    damaged.extend(newly);
    if audit::is_damaged(run.actor.as_ref()) {
        damaged.push("actor".to_owned());
    }
    Ok((run, damaged))
}

/// The same with the links of its outcome only where they are safe to follow.
fn with_safe_links(mut state: RunState) -> RunState {
    if let RunState::Done { outcome } = &mut state {
        item::keep_safe_link(&mut outcome.link);
        message::clean_links(&mut outcome.blocks);
    }
    state
}

/// Why a run whose state cannot be read is unknown.
const UNREADABLE: &str = "its record cannot be read: it is damaged, or was written by a newer Callboard; look at the service before running it again";

fn insert(conn: &Connection, run: &Run) -> rusqlite::Result<()> {
    let sql = "INSERT INTO runs (id, command, line, args, account, item, asked_by, started_at, ended_at, state, post, actor)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    let Run { id, command, line, args, account, item, by, actor, started_at, ended_at, state, post } = run;
    let others = args.all_items().map(|(_, other)| &other.key).filter(|other| item.as_ref() != Some(*other));
    let (item, post) = (item.as_ref().map(Text), post.as_ref().map(Text));
    let (started_at, ended_at) = (At(*started_at), ended_at.map(At));
    let actor = actor.as_ref().map(Json);
    let row = params![
        id,
        command,
        line,
        Json(args),
        account,
        item,
        by,
        started_at,
        ended_at,
        Json(state),
        post,
        actor
    ];
    execute(conn, sql, row)?;
    run_items::insert(conn, id, others)
}

/// Begins a run that could be taken back until now. False where it has ended (or is not on the record).
fn launch(conn: &Connection, id: &str) -> rusqlite::Result<bool> {
    let sql = "UPDATE runs SET state = ?2 WHERE id = ?1 AND ended_at IS NULL";
    execute(conn, sql, params![id, Json(&RunState::Running)]).map(|rows| rows == 1)
}

/// Ends a run. False where it had ended already (or is not on the record). What it began is its item from now on, where it was
/// run on none.
fn end(conn: &Connection, id: &str, state: &RunState, now: Timestamp) -> rusqlite::Result<bool> {
    let began = if let RunState::Done { outcome } = state { outcome.began.as_ref() } else { None };
    // The line and the result are searched, so the index takes it again.
    let sql = "UPDATE runs SET state = ?2, ended_at = ?3, item = coalesce(item, ?4), searched = 0
               WHERE id = ?1 AND ended_at IS NULL";
    let ended = execute(conn, sql, params![id, Json(state), At(now), began.map(Text)])? == 1;
    if ended {
        let sql = "SELECT actor FROM runs WHERE id = ?1";
        let actor = one(conn, sql, [id], |row| audit::read_actor(row, 0))?.flatten();
        let what = AuditedChange::RunEnded { run: id.to_owned(), state: state.name().to_owned() };
        audit::insert(conn, &actor.unwrap_or_else(Actor::unreadable), &what, now)?;
    }
    if let Some(item) = began.filter(|_| ended) {
        deliveries::begin_thread(conn, id, item)?;
    }
    Ok(ended)
}

/// Puts a person's word on a run that is not known. False where it is known, or not on the record.
fn resolve(conn: &Connection, id: &str, state: &RunState, now: Timestamp) -> rusqlite::Result<bool> {
    let found = one(conn, &format!("SELECT {COLUMNS} FROM runs WHERE id = ?1"), [id], read)?;
    if !found.is_some_and(|run| matches!(run.state, RunState::Unknown { .. })) {
        return Ok(false);
    }
    let sql = "UPDATE runs SET state = ?2, searched = 0, ended_at = coalesce(ended_at, ?3) WHERE id = ?1";
    execute(conn, sql, params![id, Json(state), At(now)]).map(|rows| rows == 1)
}

/// Puts what was run on one item on the record of another.
pub(super) fn move_to(conn: &Connection, from: &ItemKey, to: &ItemKey) -> rusqlite::Result<()> {
    execute(conn, "UPDATE runs SET item = ?2 WHERE item = ?1", params![Text(from), Text(to)])?;
    run_items::move_to(conn, from, to)
}

/// The runs on an item that began since then, the latest first, and at most a few.
/// A run on several items names only known ones: none of those is on an item that `is_new`.
pub(super) fn lately_on(
    conn: &Connection,
    item: &ItemKey,
    since: Timestamp,
    is_new: bool,
) -> rusqlite::Result<Vec<Run>> {
    let latest = "started_at >= ?2 ORDER BY n DESC LIMIT 10";
    // Apart: most items have no run, and one statement for both would make a table for each event of theirs.
    let own = format!("SELECT {COLUMNS} FROM runs WHERE item = ?1 AND {latest}");
    let among_others = format!(
        "SELECT {COLUMNS} FROM runs WHERE id IN (SELECT run FROM run_items WHERE run_items.item = ?1) AND {latest}"
    );
    let mut found = all(conn, &own, params![Text(item), At(since)], read)?;
    if !is_new && run_items::is_among_others(conn, item)? {
        found.extend(all(conn, &among_others, params![Text(item), At(since)], read)?);
        found.sort_by_key(|run: &Run| Reverse(run.started_at));
        found.dedup_by(|later, earlier| later.id == earlier.id);
        found.truncate(10);
    }
    Ok(found)
}

/// What a run is found by: what was typed on the first line, as it is compared with what is typed then.
pub(super) fn search_text(run: &Run) -> String {
    let ended = match &run.state {
        RunState::Done { outcome } => outcome.summary.clone(),
        RunState::Unknown { why } => why.clone(),
        RunState::Resolved { .. } => run.state.resolution_text().unwrap_or_default(),
        RunState::Failed { .. }
        | RunState::Pending { .. }
        | RunState::Running
        | RunState::Canceled { .. } => String::new(),
    };
    format!("{}\n{}\n{ended}", folded(&run.line), run.by)
}

/// Marks the runs that were under way when the program ended as unknown, and returns them. Runs that could still be
/// taken back are known to have sent nothing.
pub(super) fn recover(conn: &Connection, now: Timestamp) -> rusqlite::Result<Vec<Run>> {
    let sql = format!("SELECT {COLUMNS} FROM runs WHERE ended_at IS NULL ORDER BY n");
    let why = "Callboard ended while it was under way; look at the service before running it again";
    all(conn, &sql, [], read)?
        .into_iter()
        .map(|run| {
            let state = match run.state {
                RunState::Pending { .. } => RunState::Canceled { sent: false },
                _ => RunState::Unknown { why: why.to_owned() },
            };
            end(conn, &run.id, &state, now)?;
            Ok(Run { state, ended_at: Some(now), ..run })
        })
        .collect()
}

/// Deletes up to `limit` that ended before `before` and whose messages have all been delivered or given up.
pub(super) fn prune(conn: &Connection, before: Timestamp, limit: u32) -> rusqlite::Result<usize> {
    let sql = format!(
        "SELECT n FROM runs WHERE ended_at < ?1 AND NOT EXISTS (SELECT 1 FROM deliveries
         WHERE run = runs.id AND state IN {LIVE}) LIMIT ?2"
    );
    let gone: Vec<i64> = all(conn, &sql, params![At(before), limit], |row| row.get(0))?;
    for n in &gone {
        execute(conn, "DELETE FROM run_search WHERE rowid = ?1", [n])?;
        execute(conn, "DELETE FROM runs WHERE n = ?1", [n])?;
    }
    Ok(gone.len())
}

impl Store {
    /// Puts a run on the record, and with it the message that says so. Comes before the run's effect.
    pub async fn begin_run(
        &self,
        run: Run,
        post: Option<(Address, Message)>,
        now: Timestamp,
    ) -> Result<Option<DeliveryKey>, StoreError> {
        let new = post.map(|(to, message)| NewDelivery {
            content: Content::Run { id: run.id.clone(), message },
            to,
            actor: None,
        });
        self.write(move |conn| {
            insert(conn, &run)?;
            let what = AuditedChange::RunStarted { run: run.id.clone(), line: run.line.clone() };
            audit::insert(conn, &run.actor.clone().unwrap_or_else(Actor::unreadable), &what, now)?;
            new.as_ref().map(|new| deliveries::insert(conn, new, now)).transpose()
        })
        .await
    }

    /// Records that a run begins that could be taken back until now, and with it the message that says so.
    pub async fn launch_run(
        &self,
        id: &str,
        post: Option<(Address, Message)>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let id = id.to_owned();
        let new = post.map(|(to, message)| NewDelivery {
            content: Content::Run { id: id.clone(), message },
            to,
            actor: None,
        });
        self.write(move |conn| {
            let begun = launch(conn, &id)?;
            if let Some(new) = new.as_ref().filter(|_| begun) {
                deliveries::insert(conn, new, now)?;
            }
            Ok(begun)
        })
        .await
    }

    /// Records how a run ended, and revises its messages in the same step. False, and nothing done, where it has
    /// ended before: the first end counts.
    pub async fn end_run(
        &self,
        id: &str,
        state: RunState,
        message: Option<Message>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let id = id.to_owned();
        self.write(move |conn| {
            let ended = end(conn, &id, &state, now)?;
            if let Some(message) = message.as_ref().filter(|_| ended) {
                deliveries::revise_run(conn, &id, message, now)?;
            }
            Ok(ended)
        })
        .await
    }

    /// Records how a run that is not known went, as a person found out, and revises its messages in the same step. False,
    /// and nothing done, where it is known: how it ended, or the first answer, counts.
    pub async fn resolve_run(
        &self,
        id: &str,
        state: RunState,
        message: Message,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (id, actor) = (id.to_owned(), actor.clone());
        let ran = matches!(state, RunState::Resolved { ran: true, .. });
        self.write(move |conn| {
            let resolved = resolve(conn, &id, &state, now)?;
            if resolved {
                deliveries::revise_run(conn, &id, &message, now)?;
                audit::insert(conn, &actor, &AuditedChange::RunResolved { run: id.clone(), ran }, now)?;
            }
            Ok(resolved)
        })
        .await
    }

    /// Gives the messages about a run their next text: its progress, or how it ended.
    pub async fn revise_run(&self, id: &str, message: Message, now: Timestamp) -> Result<(), StoreError> {
        let id = id.to_owned();
        self.write(move |conn| deliveries::revise_run(conn, &id, &message, now).map(drop)).await
    }

    /// A run, where it is on the record.
    pub async fn run(&self, id: &str) -> Result<Option<Run>, StoreError> {
        let id = id.to_owned();
        self.read(move |conn| one(conn, &format!("SELECT {COLUMNS} FROM runs WHERE id = ?1"), [id], read))
            .await
    }

    /// The latest runs, newest first, at most `limit`.
    pub async fn runs(&self, limit: u32) -> Result<Vec<Run>, StoreError> {
        self.read(move |conn| {
            all(conn, &format!("SELECT {COLUMNS} FROM runs ORDER BY n DESC LIMIT ?1"), [limit], read)
        })
        .await
    }

    /// The runs that began before this one, newest first, at most `limit`.
    pub async fn runs_before(&self, id: &str, limit: u32) -> Result<Vec<Run>, StoreError> {
        let id = id.to_owned();
        self.read(move |conn| {
            let sql = format!(
                "SELECT {COLUMNS} FROM runs WHERE n < (SELECT n FROM runs WHERE id = ?1) ORDER BY n DESC LIMIT ?2"
            );
            all(conn, &sql, params![id, limit], read)
        })
        .await
    }

    /// The runs of which nobody knows whether they ran, by each item that they are on, newest first.
    pub async fn runs_in_doubt(&self) -> Result<BTreeMap<ItemKey, Vec<Run>>, StoreError> {
        self.read(move |conn| {
            let mut in_doubt: BTreeMap<ItemKey, Vec<Run>> = BTreeMap::new();
            let sql = format!("SELECT {COLUMNS} FROM runs WHERE {IN_DOUBT} ORDER BY n DESC");
            for run in all(conn, &sql, [], read)? {
                if !matches!(run.state, RunState::Unknown { .. }) {
                    continue;
                }
                let others = run_items::others_of(conn, &run.id)?.into_iter().flatten();
                let items: BTreeSet<ItemKey> = run.item.clone().into_iter().chain(others).collect();
                for item in items {
                    in_doubt.entry(item).or_default().push(run.clone());
                }
            }
            Ok(in_doubt)
        })
        .await
    }

    /// What was run on an item, newest first, at most `limit`.
    pub async fn runs_of(&self, item: &ItemKey, limit: u32) -> Result<Vec<Run>, StoreError> {
        let item = item.clone();
        self.read(move |conn| {
            let sql = format!("SELECT {COLUMNS} FROM runs WHERE item = ?1 ORDER BY n DESC LIMIT ?2");
            all(conn, &sql, params![Text(&item), limit], read)
        })
        .await
    }
}
