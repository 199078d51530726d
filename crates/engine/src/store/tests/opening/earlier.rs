//! What earlier formats recorded.

use callboard_domain::run::Outcome;

use super::*;

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
async fn records_from_before_actors_open_without_one() {
    let folder = folder();
    let file = folder.path().join("callboard.db");
    drop(without_actors(&file));
    let store = Store::open(&file, at(0)).unwrap();
    let run = store.run("old").await.unwrap().unwrap();
    assert_eq!((run.by.as_str(), run.actor), ("kim", None));
    let delivery = store.deliveries_of_run("old").await.unwrap().remove(0);
    assert_eq!((delivery.message.title.as_str(), delivery.actor, delivery.own), ("done", None, None));
    assert_eq!(store.audit(None, 10).await.unwrap(), []);
    store.begin_run(running("new"), None, at(1)).await.unwrap();
    assert_eq!(store.run("new").await.unwrap().unwrap().actor, Some(ana()));
}

/// The format before events were rendered when they are sent.
const RENDERED: usize = 9;

#[tokio::test]
async fn event_messages_rendered_by_an_earlier_version_are_sent_unchanged() {
    let folder = folder();
    let file = folder.path().join("callboard.db");
    let conn = open::writer(&file, &FORMATS[..RENDERED]).unwrap();
    let json = serde_json::to_string(&message("web failed at noon")).unwrap();
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
    conn.execute(sql, rusqlite::params!["event", Some(1), None::<&str>, json]).unwrap();
    conn.execute(sql, rusqlite::params!["answer", None::<i64>, Some(under), json]).unwrap();
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

/// The formats before what webhooks note was kept apart from the cursor.
const WITHOUT_NOTES: usize = 13;

#[tokio::test]
async fn account_of_an_earlier_version_goes_on_from_its_cursor_and_takes_notes() {
    let folder = folder();
    let file = folder.path().join("callboard.db");
    let conn = open::writer(&file, &FORMATS[..WITHOUT_NOTES]).unwrap();
    conn.execute("INSERT INTO sources (account, baseline_at, cursor) VALUES ('pager', 0, '7')", []).unwrap();
    drop(conn);
    let store = Store::open(&file, at(0)).unwrap();
    let noted = Report::Hook(Received { note: Some("a".to_owned()), ..Received::default() });
    store.ingest(&pager(), noted, at(1), everything()).await.unwrap();
    let (source, notes) = store.source_with_notes(&pager()).await.unwrap();
    assert_eq!((source.unwrap().cursor, notes.texts), (Some(Cursor("7".to_owned())), vec!["a".to_owned()]));
}

/// Before all that a run did was kept, its message named the latest.
#[tokio::test]
async fn event_that_a_run_of_an_earlier_version_did_stays_its_doing() {
    // the event that the run's message names -> what is recorded that the run did, and what has become of the item since
    let cases = [(Some(1), Some("[1]"), SinceRun::Nothing), (None, None, SinceRun::Changed)];
    for (event, did, since) in cases {
        let folder = folder();
        let file = folder.path().join("callboard.db");
        let conn = open::writer(&file, &FORMATS[..WITHOUT_NOTES]).unwrap();
        let item = alert("a", IncidentStatus::Acknowledged, 120);
        let (detail, args) = (serde_json::to_string(&item.detail), serde_json::to_string(&Args::default()));
        let state = serde_json::to_string(&RunState::Done { outcome: Outcome::ok("acknowledged") });
        let said = serde_json::to_string(&message("acknowledged")).unwrap();
        let (item, began, ended) = (item.key.to_string(), at(110).as_microsecond(), at(130).as_microsecond());
        let happened = at(120).as_microsecond();
        let sql = "INSERT INTO items (n, account, kind, id, title, repo, detail, open, changed_at, seen_at)
                   VALUES (1, 'pager', 'incident', 'a', 'a', 'storage', ?1, 1, ?2, ?2)";
        conn.execute(sql, (detail.unwrap(), happened)).unwrap();
        let sql = "INSERT INTO events (id, item, name, distinct_by, at, seen_at, old, summary)
                   VALUES (1, 1, 'acknowledged', '1', ?1, ?1, 0, 'it was acknowledged')";
        conn.execute(sql, [happened]).unwrap();
        let sql = "INSERT INTO runs (id, command, line, args, asked_by, item, started_at, ended_at, state)
                   VALUES ('r1', 'ack', 'ack a', ?1, 'kim', ?2, ?3, ?4, ?5)";
        conn.execute(sql, (args.unwrap(), &item, began, ended, state.unwrap())).unwrap();
        let sql = "INSERT INTO deliveries (id, event, run, address, message, item, state, next_at, created_at, changed_at)
                   VALUES (?1, ?2, ?3, 'room:deploys', ?4, ?5, 'posted', ?6, ?6, ?6)";
        for (id, event, run) in [("of the run", event, Some("r1")), ("of the event", Some(1_i64), None)] {
            conn.execute(sql, (id, event, run, &said, &item, ended)).unwrap();
        }
        drop(conn);

        let store = Store::open(&file, at(140)).unwrap();
        let conn = Connection::open(&file).unwrap();
        let sql = "SELECT did FROM deliveries ORDER BY n";
        let recorded = row::all(&conn, sql, [], |row| row.get::<_, Option<String>>(0)).unwrap();
        assert_eq!(recorded, [did.map(str::to_owned), None], "{event:?}");
        let delivery = store.deliveries_of_run("r1").await.unwrap().remove(0);
        let after = store.after_run(&delivery).await.unwrap().expect("the run has ended");
        let found: Vec<_> = after.items.iter().map(|it| it.since).collect();
        assert_eq!(found, [since], "{event:?}");
    }
}

/// Before the items of a run were kept by themselves, only its arguments named those after the first.
#[tokio::test]
async fn run_of_an_earlier_version_is_on_all_of_its_items() {
    let args = |ids: &[&str]| {
        let items = ids.iter().map(|id| ((*id).to_owned(), firing(id))).collect();
        serde_json::to_string(&Args { items, ..Args::default() }).unwrap()
    };
    // the arguments as they are stored -> what the run is on besides its first item
    let cases = [
        (args(&["a", "b", "c"]), vec![key("b"), key("c")]),
        (args(&["a"]), vec![]),
        (args(&[]), vec![]),
        (r#"{"items":{"a":"b","c":{}}}"#.to_owned(), vec![]),
        ("nonsense".to_owned(), vec![]),
    ];
    for (args, others) in cases {
        let folder = folder();
        let file = folder.path().join("callboard.db");
        let conn = open::writer(&file, &FORMATS[..WITHOUT_NOTES]).unwrap();
        let sql = "INSERT INTO runs (id, command, line, args, asked_by, item, started_at, ended_at, state)
                   VALUES ('r1', 'ack', 'ack a', ?1, 'kim', ?2, 0, 1, '{}')";
        conn.execute(sql, (&args, key("a").to_string())).unwrap();
        drop(conn);
        let _store = Store::open(&file, at(140)).unwrap();
        let conn = Connection::open(&file).unwrap();
        let sql = "SELECT item FROM run_items WHERE run = 'r1' ORDER BY item";
        let found = row::all(&conn, sql, [], |row| row.get::<_, String>(0)).unwrap();
        assert_eq!(found, others.iter().map(ToString::to_string).collect::<Vec<_>>(), "{args}");
    }
}

#[tokio::test]
async fn user_of_a_change_is_stored_by_id_and_read_from_a_name() {
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
async fn users_of_an_event_are_stored() {
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
    // who the account acts as, as stored -> whether the request is known again where all is read again
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
        // What is stored is damaged, and all is read again.
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
async fn account_with_another_origin_starts_over() {
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

/// The format before texts of the index began with their titles.
const OTHERWISE_INDEXED: usize = 14;

#[tokio::test]
async fn what_an_earlier_version_indexed_is_indexed_anew() {
    let folder = folder();
    let file = folder.path().join("callboard.db");
    let conn = open::writer(&file, &FORMATS[..OTHERWISE_INDEXED]).unwrap();
    let Detail::Incident(incident) = firing("a").detail else { unreachable!("an incident") };
    let sql =
        "INSERT INTO items (account, kind, id, title, repo, detail, open, changed_at, seen_at, searched)
               VALUES ('pager', 'incident', 'a', 'Disk is full', 'storage', ?1, 0, 0, 0, 1)";
    conn.execute(sql, [serde_json::to_string(&incident).unwrap()]).unwrap();
    let sql = "INSERT INTO runs (id, command, line, args, asked_by, started_at, ended_at, state, searched)
               VALUES ('old', 'deploy', 'deploy  Api', ?1, 'kim', 0, 1, '{\"state\":\"running\"}', 1)";
    conn.execute(sql, [serde_json::to_string(&Args::default()).unwrap()]).unwrap();
    conn.execute_batch(
        "INSERT INTO item_search (rowid, text) VALUES (1, 'a' || char(10) || 'Disk is full');
         INSERT INTO run_search (rowid, text) VALUES (1, 'deploy  Api' || char(10) || 'kim');",
    )
    .unwrap();
    drop(conn);
    let store = Store::open(&file, at(0)).unwrap();
    while store.write(crate::store::search::index_step).await.unwrap() {}
    for (index, begins) in [("item_search", "disk is"), ("run_search", "deploy api")] {
        let sql = format!("SELECT count(*) FROM {index} WHERE text MATCH '^ \"{begins}\"'");
        let found = store.read(move |conn| conn.query_row(&sql, [], |row| row.get::<_, i64>(0))).await;
        assert_eq!(found.unwrap(), 1, "{index}");
    }
}
