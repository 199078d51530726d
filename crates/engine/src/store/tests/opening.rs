mod earlier;

use callboard_domain::{identity::Identity, origin::Origin};
use rusqlite::ffi;

use super::*;
use crate::store::{
    open::{FORMATS, NEWEST, fingerprint, parts_of},
    row,
};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// Everything in the folder but the lock.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .filter(|file| file.extension().is_some_and(|it| it != "lock"))
        .map(|file| (file.clone(), fs::read(&file).unwrap()))
        .collect()
}

/// Opens a database that should be refused, and checks that it was left as it was.
fn refused(file: &Path) -> StoreError {
    let before = contents(file.parent().unwrap());
    let error = Store::open(file, at(0)).err().expect("it should be refused");
    assert_eq!(contents(file.parent().unwrap()), before);
    assert!(error.to_string().contains(&file.display().to_string()), "{error}");
    error
}

/// A closed store with something in it.
async fn closed(file: &Path) {
    let store = Store::open(file, at(0)).unwrap();
    store.watch(&pager(), at(0)).await.unwrap();
    store.close().await;
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_user_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let file = folder.path().join("new/callboard.db");
    let store = Store::open(&file, at(0)).unwrap();
    store.watch(&pager(), at(0)).await.unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(file.parent().unwrap()), 0o700);
    for suffix in ["", "-wal", "-shm", ".lock"] {
        let file = PathBuf::from(format!("{}{suffix}", file.display()));
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[cfg(unix)]
#[test]
fn path_that_is_no_file_is_refused_at_once() {
    use std::os::unix::net::UnixListener;
    for name in
        ["callboard.db", "callboard.db.lock", "callboard.db-wal", "callboard.db-shm", "callboard.db-journal"]
    {
        for what in ["a folder", "a socket", "a pipe"] {
            let folder = folder();
            let (file, there) = (folder.path().join("callboard.db"), folder.path().join(name));
            let made = match what {
                "a folder" => fs::create_dir(&there).is_ok(),
                "a socket" => UnixListener::bind(&there).is_ok(),
                _ => std::process::Command::new("mkfifo").arg(&there).status().is_ok_and(|it| it.success()),
            };
            if !made {
                continue;
            }
            let error = Store::open(&file, at(0)).err().expect("it is refused").to_string();
            let expected = format!("{}: expected a file, and this is {what}. ", there.display());
            assert!(error.starts_with(&expected), "{name} is {what}: {error}");
        }
    }
    let folder = folder();
    fs::write(folder.path().join("data"), "").unwrap();
    let error = Store::open(&folder.path().join("data/callboard.db"), at(0)).err().unwrap().to_string();
    assert!(error.contains("data is a file, not a folder"), "{error}");
}

#[tokio::test]
async fn one_owner_at_a_time() {
    let folder = folder();
    let file = folder.path().join("callboard.db");
    let store = Store::open(&file, at(0)).unwrap();
    assert_eq!(Store::open(&file, at(0)).err(), Some(StoreError::InUse { file: file.clone() }));
    drop(store);
    Store::open(&file, at(0)).unwrap();
}

#[tokio::test]
async fn closed_store_is_complete_and_refuses_calls() {
    let folder = folder();
    let file = folder.path().join("callboard.db");
    let store = Store::open(&file, at(0)).unwrap();
    store.watch(&pager(), at(7)).await.unwrap();
    store.close().await;
    assert_eq!(store.watch(&pager(), at(0)).await, Err(StoreError::Closed));
    assert_eq!(store.open_items().await, Err(StoreError::Closed));
    drop(store);
    let left: Vec<_> = contents(folder.path()).into_keys().collect();
    assert_eq!(left, std::slice::from_ref(&file));
    let source = Store::open(&file, at(0)).unwrap().source(&pager()).await.unwrap().unwrap();
    assert_eq!(source.baseline_at, Some(at(7)));
}

#[tokio::test]
async fn a_newer_format_is_refused() {
    let folder = folder();
    let file = folder.path().join("callboard.db");
    closed(&file).await;
    let newer = u32::try_from(FORMATS.len()).unwrap() + 1;
    Connection::open(&file).unwrap().pragma_update(None, "user_version", newer).unwrap();
    assert!(matches!(refused(&file), StoreError::Newer { found, .. } if found == newer));
}

/// The formats of the last program that did not know approvals.
const BEFORE_APPROVALS: usize = 10;

#[tokio::test]
async fn store_with_approvals_is_refused_by_an_older_version() {
    let folder = folder();
    let file = folder.path().join("callboard.db");
    drop(open::writer(&file, &FORMATS[..BEFORE_APPROVALS]).unwrap());
    let asked = Item {
        key: ItemKey::new(&pager(), Kind::Approval, "acme/web/7"),
        title: "Deploy web".to_owned(),
        url: None,
        detail: Detail::Approval(Approval::new("acme/web", at(100))),
    };
    let store = Store::open(&file, at(0)).unwrap();
    store.ingest(&pager(), poll(120, vec![asked.clone()]), at(121), everything()).await.unwrap();
    assert_eq!(store.item(&asked.key).await.unwrap().map(|it| it.item), Some(asked));
    store.close().await;
    drop(store);
    // It would take their rows for damaged ones.
    let refused = open::writer(&file, &FORMATS[..BEFORE_APPROVALS]).err();
    assert!(matches!(refused, Some(StoreError::Newer { known: 10, .. })), "{refused:?}");
}

#[tokio::test]
async fn foreign_or_damaged_file_is_refused() {
    let folder = folder();
    let text = folder.path().join("text.db");
    fs::write(&text, "Dear diary, this is not a database at all.").unwrap();
    assert!(matches!(refused(&text), StoreError::Foreign { .. }));

    let other = folder.path().join("other.db");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE songs (title TEXT)").unwrap();
    assert!(matches!(refused(&other), StoreError::Foreign { .. }));

    let damaged = folder.path().join("damaged.db");
    closed(&damaged).await;
    let mut bytes = fs::read(&damaged).unwrap();
    bytes[100..3000].fill(0xee);
    fs::write(&damaged, bytes).unwrap();
    assert!(matches!(refused(&damaged), StoreError::Corrupt { .. }));
}

#[tokio::test]
async fn a_file_whose_tables_are_not_those_of_its_format_is_refused_and_left_as_it_is() {
    // what was done to a store of ours -> the error
    let cases = [
        (
            "PRAGMA user_version = 0",
            "holds Callboard's tables, but not the number of their format (it says 0)",
        ),
        ("PRAGMA user_version = 5", "it says that it has format 5, and has audit of a later one"),
        ("PRAGMA user_version = -1", "was written by a newer Callboard"),
        ("PRAGMA application_id = 0", "is not a Callboard database"),
        ("PRAGMA user_version = 9", "it says that it has format 9, and has audit.hash of a later one"),
        ("PRAGMA user_version = 9; DROP TABLE hooks", "hooks of format 9 is missing in it"),
    ];
    for (done, expected) in cases {
        let folder = folder();
        let file = folder.path().join("callboard.db");
        closed(&file).await;
        Connection::open(&file).unwrap().execute_batch(done).unwrap();
        let error = refused(&file).to_string();
        assert!(error.contains(expected), "{done}: {error}");
        assert!(!error.contains("already exists"), "{done}: {error}");
    }
    // Another program's tables under our mark.
    let folder = folder();
    let file = folder.path().join("callboard.db");
    let songs = format!("PRAGMA application_id = {}; CREATE TABLE songs (title TEXT)", 0x4341_4c4c);
    Connection::open(&file).unwrap().execute_batch(&songs).unwrap();
    assert!(matches!(refused(&file), StoreError::Foreign { .. }));
    // A start that was broken off before there were any goes on.
    let file = folder.path().join("empty.db");
    Connection::open(&file).unwrap().execute_batch("PRAGMA application_id = 1128352844").unwrap();
    drop(Store::open(&file, at(0)).unwrap());
}

#[tokio::test]
async fn file_of_the_newest_format_with_a_missing_part_is_refused_and_left_alone() {
    // what was done to a store of ours -> what the error names as missing
    let cases = [
        ("ALTER TABLE items DROP COLUMN title", "items.title"),
        ("ALTER TABLE items DROP COLUMN reported", "items.reported"),
        ("ALTER TABLE deliveries DROP COLUMN unknown_since", "deliveries.unknown_since"),
        ("ALTER TABLE deliveries DROP COLUMN own_arrived", "deliveries.own_arrived"),
        ("ALTER TABLE deliveries DROP COLUMN sending", "deliveries.sending"),
        ("ALTER TABLE runs DROP COLUMN actor", "runs.actor"),
        ("DROP INDEX runs_in_doubt", "runs_in_doubt"),
        ("ALTER TABLE runs RENAME COLUMN state TO status", "runs.state"),
        ("DROP TABLE deliveries", "deliveries"),
        ("DROP TABLE sources", "sources"),
        ("DROP TABLE events", "events"),
        ("ALTER TABLE events RENAME TO happened", "events"),
        ("DROP TABLE item_search", "item_search"),
        ("DROP INDEX events_counted", "events_counted"),
        (
            "PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'run_search_data'",
            "run_search_data",
        ),
    ];
    for (done, missing) in cases {
        let folder = folder();
        let file = folder.path().join("callboard.db");
        closed(&file).await;
        Connection::open(&file).unwrap().execute_batch(done).unwrap();
        let error = refused(&file);
        let expected = format!("{missing} of format {} is missing in it", FORMATS.len());
        assert!(matches!(&error, StoreError::Corrupt { why, .. } if *why == expected), "{done}: {error}");
    }
    // Every table and every index, one at a time.
    let whole = folder();
    let file = whole.path().join("callboard.db");
    closed(&file).await;
    let objects: Vec<(String, String)> = {
        let sql =
            "SELECT type, name FROM sqlite_schema WHERE sql IS NOT NULL AND substr(name, 1, 7) <> 'sqlite_'";
        let conn = Connection::open(&file).unwrap();
        row::all(&conn, sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
    };
    for (what, name) in objects {
        let folder = folder();
        let copy = folder.path().join("callboard.db");
        fs::copy(&file, &copy).unwrap();
        // Not what a search index keeps its data in.
        if Connection::open(&copy).unwrap().execute_batch(&format!("DROP {what} {name}")).is_ok() {
            assert!(matches!(refused(&copy), StoreError::Corrupt { .. }), "{what} {name}");
        }
    }
    // An additional table does no harm.
    Connection::open(&file).unwrap().execute_batch("CREATE TABLE songs (title TEXT)").unwrap();
    Store::open(&file, at(0)).unwrap();
}

/// Where it does not, all is still found out, and every start takes longer.
#[test]
fn the_newest_formats_fingerprint_is_that_of_its_tables() {
    let found = fingerprint(&parts_of(FORMATS).unwrap());
    assert_eq!(NEWEST, found, "store/open.rs: NEWEST is to be {found:#018x}");
}

#[test]
fn path_that_is_no_folder_is_reported() {
    let folder = folder();
    let in_the_way = folder.path().join("file");
    fs::write(&in_the_way, "").unwrap();
    let error = Store::open(&in_the_way.join("callboard.db"), at(0)).err();
    assert!(matches!(error, Some(StoreError::NotOurs { .. })), "{error:?}");
}

#[cfg(unix)]
#[test]
fn read_only_folder_is_reported() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o500)).unwrap();
    if fs::write(folder.path().join("probe"), "").is_ok() {
        return; // the superuser may write anywhere
    }
    let error = Store::open(&folder.path().join("callboard.db"), at(0)).err();
    assert!(matches!(error, Some(StoreError::NotWritable { .. })), "{error:?}");
}

#[test]
fn sqlite_error_maps_to_store_error() {
    let cases = [
        (ffi::SQLITE_FULL, "the disk with d.db is full"),
        (ffi::SQLITE_NOTADB, "d.db is not a Callboard database"),
        (ffi::SQLITE_CORRUPT, "d.db is damaged"),
        (ffi::SQLITE_READONLY, "d.db cannot be written"),
        (ffi::SQLITE_CANTOPEN, "d.db cannot be written"),
        (ffi::SQLITE_PERM, "d.db cannot be written"),
        (ffi::SQLITE_BUSY, "d.db is in use"),
        (ffi::SQLITE_IOERR, "d.db could not be read or written"),
        (ffi::SQLITE_MISUSE, "a step failed inside Callboard"),
    ];
    for (code, expected) in cases {
        let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
        let message = StoreError::sqlite(Path::new("d.db"), &error).to_string();
        assert!(message.starts_with(expected), "{code}: {message}");
    }
}

const ONE: &[&str] = &["CREATE TABLE a (n INTEGER) STRICT; INSERT INTO a VALUES (7);"];
const TWO: &[&str] = &["ALTER TABLE a ADD COLUMN m INTEGER;", "UPDATE a SET m = n + 1;"];
const BROKEN: &[&str] = &["CREATE TABLE b (n INTEGER) STRICT;", "this is not SQL"];

fn version(conn: &Connection) -> i64 {
    conn.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap()
}

#[test]
fn formats_are_added_one_after_the_other() {
    let folder = folder();
    let file = folder.path().join("callboard.db");
    assert_eq!(version(&open::writer(&file, &[ONE]).unwrap()), 1);
    let conn = open::writer(&file, &[ONE, TWO]).unwrap();
    assert_eq!(version(&conn), 2);
    let row: (i64, i64) =
        conn.query_row("SELECT n, m FROM a", [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert_eq!(row, (7, 8));
}

#[test]
fn a_format_is_added_whole_or_not_at_all() {
    let folder = folder();
    let file = folder.path().join("callboard.db");
    drop(open::writer(&file, &[ONE]).unwrap());
    assert!(open::writer(&file, &[ONE, TWO, BROKEN]).is_err());
    let conn = open::writer(&file, &[ONE, TWO]).unwrap();
    assert_eq!(version(&conn), 2);
    let tables: Vec<String> =
        row::all(&conn, "SELECT name FROM sqlite_schema", [], |row| row.get(0)).unwrap();
    assert_eq!(tables, ["a"]);
}

#[tokio::test]
async fn a_sound_file_passes_the_check() {
    assert_eq!(watching().await.check().await.unwrap(), Vec::<String>::new());
}
