//! Opening the file: who owns it, whether it is ours and sound, and bringing its tables up to date.

use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions, TryLockError},
    io::Read,
    path::{Path, PathBuf},
    time::Duration,
};

use callboard_domain::run::Run;
use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, config::DbConfig, params};
use sha2::{Digest, Sha256};

use super::{
    StoreError, activity, audit, audit_chain, builtin_room, decisions, deliveries, events, hooks, items,
    notes, open_items,
    row::{one, run},
    run_items, run_output, runs, search, secret_records, settings, sources,
};
use crate::{secrets::KeychainService, system::private};

/// What each format adds, table by table. A format that has been released is never edited: a change is a new entry.
pub(super) const FORMATS: &[&[&str]] = &[
    &[
        sources::V1,
        hooks::V1,
        items::V1,
        events::V1,
        decisions::V1,
        runs::V1,
        run_output::V1,
        deliveries::V1,
        builtin_room::V1,
        search::V1,
        settings::V1,
    ],
    &[sources::V2, items::V2, events::V2],
    &[run_output::V1_STEPS],
    &[secret_records::V1],
    &[open_items::V2, activity::V2],
    &[audit::V1, runs::V2, deliveries::V2, items::V3],
    &[events::V3],
    &[items::V4],
    &[events::V4, sources::V3],
    &[deliveries::V3],
    // Approvals are items like others. A program that does not know the kind would take their rows for damaged ones.
    &[],
    &[deliveries::V4, events::V5],
    &[sources::V4],
    &[notes::V1, deliveries::V5, run_items::V1],
    &[items::V5, runs::V3],
    &[activity::V3, open_items::V3],
    &[audit_chain::V1],
];

/// The [`fingerprint`] of what a file of all [`FORMATS`] holds. A new format changes it: a test says to what.
pub(super) const NEWEST: u64 = 0xa059_7375_e3cd_52ca;

/// Marks a SQLite file as ours (`CALL`), for `file` and the like.
const APPLICATION_ID: i32 = 0x4341_4c4c;

/// The first bytes of every SQLite database (sqlite.org/fileformat2.html, 1.3.1).
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// The ends of the names of what SQLite keeps beside its file, and opens by itself (sqlite.org/tempfiles.html).
const SQLITE_FILES: [&str; 3] = ["-wal", "-shm", "-journal"];

/// How many statements each connection keeps prepared; there are fewer in all.
const STATEMENTS: usize = 128;

/// Creates the folder (0700) where it is missing, and takes the store for this process until the file is dropped.
pub(super) fn own(file: &Path) -> Result<File, StoreError> {
    let fault = |error| StoreError::io(file, &error);
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        if !folder.exists() {
            create_folder(folder).map_err(fault)?;
        }
        private::check_folder(folder).map_err(|error| StoreError::NotOurs { why: error.to_string() })?;
    }
    let lock_file = beside(file, ".lock");
    let lock = private::open(OpenOptions::new().create(true).write(true).truncate(false), &lock_file)
        .map_err(|error| StoreError::io(&lock_file, &error))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse { file: file.to_owned() }),
        Err(TryLockError::Error(error)) => Err(fault(error)),
    }
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Opens the connection that writes: creates the file (0600) where it is missing, and brings it up to `formats`.
pub(super) fn writer(file: &Path, formats: &[&[&str]]) -> Result<Connection, StoreError> {
    let fault = |error: rusqlite::Error| StoreError::sqlite(file, &error);
    prepare(file, formats)?;
    let conn = read_and_write(file).map_err(fault)?;
    tune(&conn).map_err(fault)?;
    migrate(&conn, formats).map_err(fault)?;
    Ok(conn)
}

/// Creates the file, or checks that the one that is there is ours, and closes it to others. Nothing of it is open afterwards: a
/// process that closes any descriptor of a file loses all its locks on it, those of SQLite among them
/// (sqlite.org/howtocorrupt.html, 2.2), and another program would take the log away.
fn prepare(file: &Path, formats: &[&[&str]]) -> Result<(), StoreError> {
    let (opened, created) = create_or_check(file)?;
    if !created {
        let fault = |error: rusqlite::Error| StoreError::sqlite(file, &error);
        let conn = read_and_write(file).map_err(fault)?;
        check_ours(&conn, file, formats)?;
    }
    // Not before it is known to be ours: another program's file stays as it is.
    make_private(&opened).map_err(|error| StoreError::io(file, &error))
}

fn read_and_write(file: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(file, flags)?;
    conn.busy_timeout(Duration::from_secs(5))?;
    Ok(conn)
}

/// Opens a connection that only reads.
pub(super) fn reader(file: &Path) -> Result<Connection, StoreError> {
    let open = || -> rusqlite::Result<Connection> {
        let conn = Connection::open_with_flags(
            file,
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        conn.busy_timeout(Duration::from_secs(5))?;
        keep_statements(&conn)?;
        conn.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -4096; PRAGMA temp_store = MEMORY;")?;
        Ok(conn)
    };
    open().map_err(|error| StoreError::sqlite(file, &error))
}

/// Creates the file, or looks at the one that is there before SQLite does. True where it is empty.
fn create_or_check(file: &Path) -> Result<(File, bool), StoreError> {
    let fault = |error| StoreError::io(file, &error);
    for own in SQLITE_FILES.map(|ending| beside(file, ending)) {
        private::check_place(&own).map_err(|error| StoreError::io(&own, &error))?;
    }
    let mut opened =
        private::open(OpenOptions::new().create(true).read(true).write(true).truncate(false), file)
            .map_err(fault)?;
    let mut head = Vec::with_capacity(MAGIC.len());
    opened.by_ref().take(MAGIC.len() as u64).read_to_end(&mut head).map_err(fault)?;
    match head.as_slice() {
        [] => Ok((opened, true)),
        head if head == MAGIC => Ok((opened, false)),
        _ => Err(StoreError::Foreign { file: file.to_owned() }),
    }
}

/// Refuses, before anything is written, a file that is damaged, another program's, or of a newer format.
fn check_ours(conn: &Connection, file: &Path, formats: &[&[&str]]) -> Result<(), StoreError> {
    let fault = |error: rusqlite::Error| StoreError::sqlite(file, &error);
    let number = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(fault);
    let found = number("PRAGMA user_version")?;
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    if tables > 0 && number("PRAGMA application_id")? != i64::from(APPLICATION_ID) {
        return Err(StoreError::Foreign { file: file.to_owned() });
    }
    let known = u32::try_from(formats.len()).unwrap_or(u32::MAX);
    let found = u32::try_from(found).unwrap_or(u32::MAX);
    if found > known {
        return Err(StoreError::Newer { file: file.to_owned(), found, known });
    }
    check_tables(conn, file, found, formats)
}

/// Refuses a file whose tables are not those of the format that it says it has, before formats are added to it or anything is
/// read from it: what is missing in it, or there already, would end in an error of SQL.
fn check_tables(conn: &Connection, file: &Path, found: u32, formats: &[&[&str]]) -> Result<(), StoreError> {
    let fault = |error: rusqlite::Error| StoreError::sqlite(file, &error);
    let found = usize::try_from(found).unwrap_or(usize::MAX);
    let Some(known) = formats.get(..found) else { return Ok(()) };
    let there = parts(conn).map_err(fault)?;
    if there.is_empty() && known.is_empty() {
        return Ok(());
    }
    // Nearly every start: to make tables to compare with would take longer than all else of it.
    if known == FORMATS && fingerprint(&there) == NEWEST {
        return Ok(());
    }
    let due = parts_of(known).map_err(fault)?;
    let all = if known == formats { due.clone() } else { parts_of(formats).map_err(fault)? };
    let later: Vec<&String> = there.intersection(&all).filter(|part| !due.contains(*part)).collect();
    if known.is_empty() {
        return Err(match later.is_empty() {
            true => StoreError::Foreign { file: file.to_owned() },
            false => StoreError::NoFormat { file: file.to_owned() },
        });
    }
    let missing: Vec<&String> = due.difference(&there).collect();
    let why = match (missing.first(), later.first()) {
        (None, None) => return Ok(()),
        (Some(part), _) => format!("{part} of format {found} is missing in it"),
        (None, Some(part)) => format!("it says that it has format {found}, and has {part} of a later one"),
    };
    Err(StoreError::Corrupt { file: file.to_owned(), why })
}

/// What files of these formats hold: see [`parts`].
pub(super) fn parts_of(formats: &[&[&str]]) -> rusqlite::Result<BTreeSet<String>> {
    let conn = Connection::open_in_memory()?;
    migrate(&conn, formats)?;
    parts(&conn)
}

/// The names of the tables and indexes in a file, but for those that SQLite keeps for itself, and of their columns:
/// `events`, `events.name`. The columns of virtual tables, and of the tables in which these keep their data
/// (`item_search_data`), are the business of SQLite's version.
fn parts(conn: &Connection) -> rusqlite::Result<BTreeSet<String>> {
    let sql = "WITH named AS (
                   SELECT type, name, type = 'table' AND sql LIKE 'CREATE VIRTUAL %' AS is_virtual
                   FROM sqlite_schema WHERE substr(name, 1, 7) <> 'sqlite_'
               ), own AS (
                   SELECT name FROM named t WHERE type = 'table' AND NOT is_virtual AND NOT EXISTS (
                       SELECT 1 FROM named v WHERE v.is_virtual AND substr(t.name, 1, length(v.name) + 1) = v.name || '_'
                   )
               )
               SELECT name FROM named
               UNION SELECT t.name || '.' || c.name FROM own t JOIN pragma_table_info(t.name) c";
    conn.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
}

/// Stands for what a file holds: another name among it, or one less, makes another number.
pub(super) fn fingerprint(parts: &BTreeSet<String>) -> u64 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
        hash.update("\n");
    }
    hash.finalize().iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

/// Keeps statements prepared, whatever they are given. Otherwise SQLite prepares a statement anew with each parameter that it has
/// compared with the condition of a partial index (sqlite.org/c3ref/c_dbconfig_defensive.html, ENABLE_QPSG).
fn keep_statements(conn: &Connection) -> rusqlite::Result<()> {
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop)
}

/// Durable to the last commit: the write-ahead log is synced with each one (sqlite.org/pragma.html#pragma_synchronous).
/// The writer puts the log into the file itself.
fn tune(conn: &Connection) -> rusqlite::Result<()> {
    keep_statements(conn)?;
    conn.execute_batch(&format!(
        "PRAGMA application_id = {APPLICATION_ID};
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA cache_size = -16384;
         PRAGMA temp_store = MEMORY;
         PRAGMA wal_autocheckpoint = 0;
         PRAGMA journal_size_limit = 67108864;"
    ))
}

/// Applies the formats that the file does not have yet, each in a transaction of its own.
fn migrate(conn: &Connection, formats: &[&[&str]]) -> rusqlite::Result<()> {
    let found: u32 = conn.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    for (version, tables) in (1_u32..).zip(formats).filter(|(version, _)| *version > found) {
        let step = conn.unchecked_transaction()?;
        for sql in *tables {
            step.execute_batch(sql)?;
        }
        step.pragma_update(None, "user_version", version)?;
        step.commit()?;
    }
    Ok(())
}

/// Marks what was under way when the program last ended, in one step.
pub(super) fn recover(conn: &Connection, now: Timestamp) -> rusqlite::Result<Vec<Run>> {
    let step = conn.unchecked_transaction()?;
    deliveries::recover(conn, now)?;
    let interrupted = runs::recover(conn, now)?;
    step.commit()?;
    Ok(interrupted)
}

/// Under what name the secrets of this store's data folder are kept in a keychain. It is settled when a version that has
/// such names first opens the store, and so is whether the store is from before them: a new one has no accounts yet.
pub(super) fn keychain_service(conn: &Connection, data: &Path) -> rusqlite::Result<KeychainService> {
    let stored =
        one(conn, "SELECT value FROM settings WHERE name = ?1", [secret_records::SERVICE], |row| row.get(0))?;
    if let Some(number) = stored {
        return Ok(KeychainService::of_number(number));
    }
    let service = KeychainService::of(data);
    let step = conn.unchecked_transaction()?;
    let sql = "INSERT INTO settings (name, value) VALUES (?1, ?2)";
    run(conn, sql, params![secret_records::SERVICE, service.number()])?;
    let sql = "INSERT OR IGNORE INTO settings (name, value) SELECT ?1, 1
               WHERE EXISTS (SELECT 1 FROM sources) OR EXISTS (SELECT 1 FROM secret_records)";
    run(conn, sql, [secret_records::SHARED])?;
    step.commit()?;
    Ok(service)
}

#[cfg(unix)]
fn create_folder(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Narrows a file that was copied here with wider rights. SQLite gives its log the rights of the file.
#[cfg(unix)]
fn make_private(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn create_folder(folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)
}

/// The user's own folders are already closed to others.
#[cfg(not(unix))]
fn make_private(_file: &File) -> std::io::Result<()> {
    Ok(())
}
