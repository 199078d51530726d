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
fn what_is_no_file_is_refused_at_once_by_its_path() {
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
async fn after_close_everything_is_in_the_file_and_calls_say_so() {
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
async fn a_store_with_approvals_is_refused_by_who_does_not_know_them() {
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
async fn what_is_not_ours_or_damaged_is_refused() {
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
    // what was done to a store of ours -> what is said of it
    let cases = [
        (
            "PRAGMA user_version = 0",
            "holds Callboard's tables, but not the number of their format (it says 0)",
        ),
        ("PRAGMA user_version = 5", "it says that it has format 5, and has audit of a later one"),
        ("PRAGMA user_version = -1", "was written by a newer Callboard"),
        ("PRAGMA application_id = 0", "is not a Callboard database"),
        (
            "PRAGMA user_version = 9",
            "it says that it has format 9, and has deliveries.at_send of a later one",
        ),
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
async fn a_file_of_the_newest_format_that_lacks_a_part_of_it_is_refused_and_left_as_it_is() {
    // what was done to a store of ours -> what is said to be missing in it
    let cases = [
        ("ALTER TABLE items DROP COLUMN title", "items.title"),
        ("ALTER TABLE deliveries DROP COLUMN unknown_since", "deliveries.unknown_since"),
        ("ALTER TABLE runs DROP COLUMN state", "runs.state"),
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
    // What is there besides does no harm.
    Connection::open(&file).unwrap().execute_batch("CREATE TABLE notes (text TEXT)").unwrap();
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
        let told = StoreError::sqlite(Path::new("d.db"), &error).to_string();
        assert!(told.starts_with(expected), "{code}: {told}");
    }
}

/// A store as it was before actors were recorded, with a run and its message.
fn without_actors(file: &Path) -> Connection {
    let conn = open::writer(file, &FORMATS[..5]).unwrap();
    let (args, message) = (serde_json::to_string(&Args::default()), serde_json::to_string(&message("done")));
    let sql = "INSERT INTO runs (id, command, line, args, asked_by, started_at, ended_at, state)
               VALUES ('old', 'deploy', 'deploy api', ?1, 'kim', 0, 1, '{\"state\":\"running\"}')";
    conn.execute(sql, [args.unwrap()]).unwrap();
    let sql = "INSERT INTO deliveries (id, run, address, message, state, next_at, created_at, changed_at)
               VALUES ('d', 'old', 'room:deploys', ?1, 'posted', 0, 0, 0)";
    conn.execute(sql, [message.unwrap()]).unwrap();
    conn
}

#[tokio::test]
async fn what_was_recorded_before_actors_opens_whole_and_names_none() {
    let folder = folder();
    let file = folder.path().join("callboard.db");
    drop(without_actors(&file));
    let store = Store::open(&file, at(0)).unwrap();
    let run = store.run("old").await.unwrap().unwrap();
    assert_eq!((run.by.as_str(), run.actor), ("kim", None));
    let delivery = store.deliveries_of_run("old").await.unwrap().remove(0);
    assert_eq!((delivery.message.title.as_str(), delivery.actor), ("done", None));
    assert_eq!(store.audit(None, 10).await.unwrap(), []);
    store.begin_run(running("new"), None, at(1)).await.unwrap();
    assert_eq!(store.run("new").await.unwrap().unwrap().actor, Some(ana()));
}

/// The format before events were rendered when they are sent.
const RENDERED: usize = 9;

#[tokio::test]
async fn messages_of_events_that_were_put_into_words_before_are_sent_as_they_were() {
    let folder = folder();
    let file = folder.path().join("callboard.db");
    let conn = open::writer(&file, &FORMATS[..RENDERED]).unwrap();
    let said = serde_json::to_string(&message("web failed at noon")).unwrap();
    let under = r#"{"channel":"C1","id":"1.1","link":null}"#;
    conn.execute_batch(
        "INSERT INTO items (account, kind, id, title, repo, detail, open, changed_at, seen_at)
             VALUES ('pager', 'incident', 'a', 'a', 'storage', '{}', 0, 0, 0);
         INSERT INTO events (item, name, distinct_by, at, seen_at, old, summary)
             VALUES (1, 'triggered', '1', 0, 0, 0, 'it was triggered');",
    )
    .unwrap();
    let sql = "INSERT INTO deliveries (id, event, address, under, message, next_at, created_at, changed_at)
               VALUES (?1, ?2, 'room:deploys', ?3, ?4, 0, 0, 0)";
    conn.execute(sql, rusqlite::params!["event", Some(1), None::<&str>, said]).unwrap();
    conn.execute(sql, rusqlite::params!["answer", None::<i64>, Some(under), said]).unwrap();
    drop(conn);

    let store = Store::open(&file, at(0)).unwrap();
    for (id, about, under) in [("event", About::Event(1), None), ("answer", About::Nothing, Some("1.1"))] {
        let claimed = store.claim(at(1), 1, BTreeMap::new()).await.unwrap().remove(0);
        assert_eq!((claimed.key.0.as_str(), &claimed.about), (id, &about));
        assert_eq!((&claimed.message, claimed.at_send), (&message("web failed at noon"), false));
        assert_eq!(claimed.under.as_ref().map(|it| it.id.as_str()), under);
        let posted = callboard_domain::chat::Posted { channel: "C1".into(), id: "2".into(), link: None };
        store.attempted(&claimed.key, Attempt::Posted(posted), at(2)).await.unwrap();
    }
    let damaged = store.unreadable_rows().await.unwrap();
    assert!(damaged.iter().all(|row| row.kind != RowKind::Delivery), "{damaged:?}");
}

#[tokio::test]
async fn who_did_something_is_kept_by_id_and_was_known_by_name_alone() {
    let folder = folder();
    let file = folder.path().join("callboard.db");
    let ana = User { id: "PANA001".to_owned(), name: "Ana".to_owned() };
    let store = Store::open(&file, at(0)).unwrap();
    let mut taken = alert("a", IncidentStatus::Resolved, 110);
    let Detail::Incident(incident) = &mut taken.detail else { unreachable!() };
    incident.changed_by = Some(ana.clone());
    store.ingest(&pager(), poll(120, vec![taken]), at(121), everything()).await.unwrap();
    let by = async |store: &Store| store.events_of(&key("a"), 1).await.unwrap().events.remove(0).by;
    assert_eq!(by(&store).await, Some(ana));
    store.write(|conn| conn.execute("UPDATE events SET who_id = NULL", [])).await.unwrap();
    assert_eq!(by(&store).await, Some(User::named("Ana")));
}

/// A pull request whose review is asked of these as of that second.
fn asked(second: i64, who: &[&str]) -> Item {
    let mut item = gone::pull_request("web");
    let Detail::PullRequest(pull) = &mut item.detail else { unreachable!() };
    pull.requested = who.iter().copied().map(str::to_owned).collect();
    pull.updated_at = at(second);
    item
}

/// Whose review is asked for by the events of the pull request that are news, the latest first.
async fn requests(store: &Store) -> Vec<(Vec<User>, Vec<String>)> {
    let events = store.events_of(&asked(0, &[]).key, 20).await.unwrap().events.into_iter();
    let requests = events.filter(|event| event.name == EventName::ReviewRequested);
    requests.map(|event| (event.of, event.asked_before)).collect()
}

#[tokio::test]
async fn of_whom_an_event_is_is_kept() {
    let folder = folder();
    let file = folder.path().join("callboard.db");
    let store = Store::open(&file, at(0)).unwrap();
    for snapshot in [asked(110, &["bo"]), asked(120, &["bo", "team/acme/web"])] {
        store.ingest(&pager(), poll(130, vec![snapshot]), at(130), everything()).await.unwrap();
    }
    let team = User { id: "team/acme/web".to_owned(), name: "team/web".to_owned() };
    let expected = vec![(vec![team], vec!["bo".to_owned()]), (vec![User::named("bo")], Vec::new())];
    assert_eq!(requests(&store).await, expected);
    let store = after_crash(&store, 140);
    assert_eq!(requests(&store).await, expected);
}

/// Before it was recorded of whom an event is, only requests for a review of the account's own user were.
#[tokio::test]
async fn review_requested_before_the_upgrade_is_not_reported_again() {
    // who the account acts as, as stored -> whether the request is known again where all is read anew
    let cases =
        [(r#"{"login":"kim","teams":[],"server":null,"missing_scopes":[]}"#, true), ("nonsense", false)];
    for (identity, known) in cases {
        let folder = folder();
        let file = folder.path().join("callboard.db");
        let conn = open::writer(&file, &FORMATS[..8]).unwrap();
        let item = asked(110, &["kim"]);
        let values = (pager().0, item.key.id.clone(), serde_json::to_string(&item.detail).unwrap());
        let sql =
            "INSERT INTO sources (account, baseline_at, last_ok_at, identity) VALUES ('pager', ?1, ?1, ?2)";
        conn.execute(sql, (at(50).as_microsecond(), identity)).unwrap();
        let sql = "INSERT INTO items (n, account, kind, id, title, repo, detail, open, changed_at, seen_at)
                   VALUES (1, ?1, 'pull_request', ?2, 'Add it', 'web', ?3, 1, ?4, ?4)";
        conn.execute(sql, (values.0, values.1, values.2, at(110).as_microsecond())).unwrap();
        let sql = "INSERT INTO events (item, name, distinct_by, at, seen_at, old, who, who_id, summary)
                   VALUES (1, 'review_requested', ?1, ?2, ?2, 0, 'ana', 'ana', 'ana asks for your review of web#1')";
        conn.execute(sql, (at(110).to_string(), at(110).as_microsecond())).unwrap();
        drop(conn);

        let store = Store::open(&file, at(120)).unwrap();
        assert_eq!(
            requests(&store).await,
            [(Vec::new(), Vec::new())],
            "{identity}: of me, and nobody else is named"
        );
        // What is stored is damaged, and all is read anew.
        damage(
            &store,
            "UPDATE items SET detail = '', open = 0, gone = '{\"reason\":\"not_listed\"}', gone_at = 0",
        );
        store.ingest(&pager(), poll(130, vec![item]), at(130), everything()).await.unwrap();
        let anew = requests(&store).await.into_iter().filter(|(of, _)| !of.is_empty()).count();
        assert_eq!(anew == 0, known, "{identity}");
        // What is asked of others is news of its own.
        let item = asked(140, &["bo", "kim"]);
        store.ingest(&pager(), poll(150, vec![item]), at(150), everything()).await.unwrap();
        assert_eq!(
            requests(&store).await[0],
            (vec![User::named("bo")], vec!["kim".to_owned()]),
            "{identity}"
        );
    }
}

#[tokio::test]
async fn an_account_that_is_elsewhere_begins_anew() {
    let origin = |text: &str| Some(text.parse::<Origin>().unwrap());
    let (here, there) = (origin("jenkins:https://a.example"), origin("jenkins:https://b.example"));
    // origins as they become known -> which is kept, and whether what is stored of the account is kept
    let cases = [
        (vec![None, here.clone()], here.clone(), true),
        (vec![here.clone(), here.clone()], here.clone(), true),
        // Not known this time.
        (vec![here.clone(), None], here.clone(), true),
        (vec![here.clone(), there.clone()], there.clone(), false),
        (vec![here, None, there.clone()], there, false),
    ];
    for (origins, expected, stands) in cases {
        let store = watching().await;
        let identity = Identity { login: "ana".to_owned(), ..Identity::default() };
        let (last, first) = origins.split_last().unwrap();
        for origin in first {
            store.identified(&pager(), identity.clone(), origin.clone(), at(60)).await.unwrap();
        }
        let cursor = Some(Cursor("7".to_owned()));
        let batch = Batch { snapshots: vec![firing("a")], cursor, ..Batch::default() };
        store.ingest(&pager(), found(110, batch), at(111), everything()).await.unwrap();
        store.identified(&pager(), identity.clone(), last.clone(), at(120)).await.unwrap();
        let source = store.source(&pager()).await.unwrap().unwrap();
        assert_eq!((&source.origin, &source.identity), (&expected, &Some(identity)), "{origins:?}");
        assert_eq!((source.cursor.is_some(), source.baseline_at.is_some()), (stands, stands), "{origins:?}");
        let item = store.item(&key("a")).await.unwrap().unwrap();
        // Nobody is notified that it is over.
        assert_eq!((item.item.status(), item.gone.is_none()), ("triggered", stands), "{origins:?}");
        assert_eq!(store.events_after(0, 10).await.unwrap().len(), 1, "{origins:?}");
        assert_eq!(after_crash(&store, 130).source(&pager()).await.unwrap(), Some(source));
    }
}

#[tokio::test]
async fn actor_that_cannot_be_read_hides_nothing_else() {
    let folder = folder();
    let file = folder.path().join("callboard.db");
    let store = Store::open(&file, at(0)).unwrap();
    for (id, actor) in [("later", r#"{"principal":{"kind":"robot"},"via":{"kind":"cli"}}"#), ("damaged", "{")]
    {
        store.begin_run(running(id), Some((deploys(), message(id))), at(1)).await.unwrap();
        store
            .write(move |conn| {
                conn.execute("UPDATE runs SET actor = ?1 WHERE id = ?2", [actor, id])?;
                conn.execute("UPDATE deliveries SET actor = ?1 WHERE run = ?2", [actor, id])
            })
            .await
            .unwrap();
        let run = store.run(id).await.unwrap().unwrap();
        assert_eq!((run.line, run.actor), (running(id).line, Some(Actor::unreadable())), "{id}");
        let delivery = store.deliveries_of_run(id).await.unwrap().remove(0);
        let found = (delivery.message, delivery.error, delivery.actor);
        assert_eq!(found, (message(id), None, Some(Actor::unreadable())), "{id}");
    }
    assert_eq!(store.runs(10).await.unwrap().len(), 2);
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
