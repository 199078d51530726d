//! Rows whose values make no sense: named, never left out in silence.

mod read_anew;

use callboard_domain::{activity::Day, chat::DeliveryKey, identity::Identity, run::Outcome};

use super::*;

/// Out of the range of times.
const NEVER: i64 = i64::MAX;

fn whole(began: i64, snapshots: Vec<Item>) -> Report {
    let complete = Kind::ALL.into_iter().map(Scope::all).collect();
    found(began, Batch { snapshots, complete, cursor: Some(Cursor("next".into())), ..Batch::default() })
}

/// With an account that was polled, open incidents, a run that ended, a message in the room and a secret.
async fn lived_in() -> Store {
    let store = watching().await;
    let identity = Identity { login: "ana".to_owned(), ..Identity::default() };
    store.identified(&pager(), identity, None, at(50)).await.unwrap();
    store.ingest(&pager(), whole(100, vec![firing("a"), firing("b")]), at(101), everything()).await.unwrap();
    store.begin_run(running("r1"), None, at(110)).await.unwrap();
    store.end_run("r1", RunState::Canceled { sent: true }, None, at(111)).await.unwrap();
    store.set_quiet_until(Some(at(500)), &ana(), at(112)).await.unwrap();
    store.post_in_room("general", None, &posted(), message("hello"), at(113)).await.unwrap();
    store.record_secret("keychain", &pager(), "token", Some("https://pager.example".into())).await.unwrap();
    store
}

/// The key of the message in the room.
fn posted() -> DeliveryKey {
    DeliveryKey("d1".to_owned())
}

/// An item made a build without runs.
const NO_RUNS: &str = "kind = 'build', detail = '{\"repo\":\"storage\",\"pipeline\":\"\",\"branch\":null,\
                       \"default_branch\":true,\"runs\":[]}'";

async fn names(store: &Store) -> Vec<String> {
    store.unreadable_rows().await.unwrap().iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn damaged_row_is_named_with_its_column() {
    let cases = [
        ("sources SET identity = 'nonsense'".to_owned(), "account pager (identity)"),
        ("sources SET problems = '{}', identity = '7'".to_owned(), "account pager (problems, identity)"),
        (format!("sources SET last_ok_at = {NEVER}"), "account pager (last_ok_at)"),
        (format!("sources SET baseline_at = -{NEVER}"), "account pager (baseline_at)"),
        ("sources SET error = 'no'".to_owned(), "account pager (error)"),
        ("items SET detail = '{}' WHERE id = 'a'".to_owned(), "item pager:incident:a (detail)"),
        ("items SET detail = '' WHERE id = 'a'".to_owned(), "item pager:incident:a (detail)"),
        ("items SET kind = 'robot' WHERE id = 'a'".to_owned(), "item pager:robot:a (kind)"),
        (format!("items SET changed_at = {NEVER} WHERE id = 'a'"), "item pager:incident:a (changed_at)"),
        (format!("items SET seen_at = {NEVER} WHERE id = 'a'"), "item pager:incident:a (seen_at)"),
        ("items SET changed_at = -5 WHERE id = 'a'".to_owned(), "item pager:incident:a (changed_at)"),
        ("items SET open = 0 WHERE id = 'a'".to_owned(), "item pager:incident:a (open)"),
        ("items SET open = 7 WHERE id = 'a'".to_owned(), "item pager:incident:a (open)"),
        ("items SET silenced = 9 WHERE id = 'a'".to_owned(), "item pager:incident:a (silenced)"),
        ("items SET reported = 9 WHERE id = 'a'".to_owned(), "item pager:incident:a (reported)"),
        ("items SET snoozed = -1 WHERE id = 'a'".to_owned(), "item pager:incident:a (snoozed)"),
        ("items SET snoozed_by = '{' WHERE id = 'a'".to_owned(), "item pager:incident:a (snoozed_by)"),
        ("items SET title = '' WHERE id = 'a'".to_owned(), "item pager:incident:a (title)"),
        ("items SET url = 'nowhere' WHERE id = 'a'".to_owned(), "item pager:incident:a (url)"),
        ("items SET repo = 'theirs' WHERE id = 'a'".to_owned(), "item pager:incident:a (repo)"),
        ("items SET gone_at = 5 WHERE id = 'a'".to_owned(), "item pager:incident:a (gone_at)"),
        (
            "items SET gone = '{\"reason\":\"deleted\"}' WHERE id = 'a'".to_owned(),
            "item pager:incident:a (gone_at, open)",
        ),
        (
            "items SET detail = json_set(detail, '$.status', 'resolved') WHERE id = 'a'".to_owned(),
            "item pager:incident:a (open)",
        ),
        (format!("items SET {NO_RUNS} WHERE id = 'a'"), "item pager:build:a (detail, open)"),
        ("sources SET last_ok_at = -1".to_owned(), "account pager (last_ok_at)"),
        ("runs SET ended_at = NULL".to_owned(), "run r1 (ended_at)"),
        ("runs SET state = '{\"state\":\"running\"}'".to_owned(), "run r1 (ended_at)"),
        ("runs SET started_at = -1".to_owned(), "run r1 (started_at)"),
        ("runs SET line = '', actor = '{'".to_owned(), "run r1 (line, actor)"),
        ("runs SET line = CAST(x'ff' AS TEXT), args = '['".to_owned(), "run r1 (line, args)"),
        ("sources SET origin = 'nowhere'".to_owned(), "account pager (origin)"),
        ("events SET old = 2 WHERE id = 1".to_owned(), "event 1 (old)"),
        ("events SET of_whom = '[' WHERE id = 1".to_owned(), "event 1 (of_whom)"),
        ("events SET asked_before = '7' WHERE id = 1".to_owned(), "event 1 (asked_before)"),
        ("decisions SET important = 5 WHERE event = 1".to_owned(), "decision about event 1 (important)"),
        ("decisions SET notice = 'shown' WHERE event = 1".to_owned(), "decision about event 1 (notice)"),
        (
            "decisions SET notice = CAST(x'ff' AS TEXT) WHERE event = 1".to_owned(),
            "decision about event 1 (notice)",
        ),
        ("decisions SET told_at = -1 WHERE event = 1".to_owned(), "decision about event 1 (told_at)"),
        ("audit SET actor = 'x' WHERE n = 1".to_owned(), "audit entry 1 (actor)"),
        ("audit SET what = '{}', actor = '' WHERE n = 1".to_owned(), "audit entry 1 (what, actor)"),
        ("room SET message = '{'".to_owned(), "message in the room 1 (message)"),
        ("room SET message = '[]', at = -1".to_owned(), "message in the room 1 (message, at)"),
        ("room SET channel = CAST(x'ff' AS TEXT)".to_owned(), "message in the room 1 (channel)"),
        (
            "secret_records SET origin = CAST(x'ff' AS TEXT)".to_owned(),
            "record of a secret keychain:pager:token (origin)",
        ),
        ("items SET url = 'javascript:alert(1)' WHERE id = 'a'".to_owned(), "item pager:incident:a (url)"),
        // Nothing is named by nothing, nor by what could steer a terminal.
        ("runs SET id = ''".to_owned(), "run (empty) (id)"),
        ("runs SET id = char(27) || '[31mr1', args = '['".to_owned(), "run r1 (args)"),
        ("settings SET value = -1 WHERE name = 'quiet_until'".to_owned(), "setting quiet_until (value)"),
        (
            "settings SET name = 'loud_until' WHERE name = 'quiet_until'".to_owned(),
            "setting loud_until (name)",
        ),
        (
            "settings SET name = CAST(x'ff' AS TEXT) WHERE name = 'quiet_until'".to_owned(),
            "setting \u{fffd} (name)",
        ),
        ("item_counts SET count = 5".to_owned(), "account pager (3 items are missing)"),
        ("items SET title = CAST(x'ff' AS TEXT) WHERE id = 'a'".to_owned(), "item pager:incident:a (title)"),
        ("runs SET state = '{\"state\":\"dancing\"}'".to_owned(), "run r1 (state)"),
        ("runs SET args = '[', state = ''".to_owned(), "run r1 (args, state)"),
        ("events SET name = 'danced' WHERE id = 1".to_owned(), "event 1 (name)"),
        ("decisions SET decision = '{' WHERE event = 1".to_owned(), "decision about event 1 (decision)"),
    ];
    for (change, expected) in cases {
        let store = lived_in().await;
        assert_eq!(names(&store).await, [""; 0]);
        damage(&store, &format!("UPDATE {change}"));
        let found = names(&store).await;
        // What happened to an item of no kind cannot be read either.
        let (first, others) = found.split_first().unwrap();
        assert!(first == expected && others.iter().all(|it| it.starts_with("event")), "{change}: {found:?}");
    }
}

#[tokio::test]
async fn rows_of_an_account_that_nobody_watches_leave_the_board() {
    let store = lived_in().await;
    let sql = "INSERT INTO items (account, kind, id, title, repo, detail, open, changed_at, seen_at)
               SELECT 'ghost', kind, id, title, repo, detail, open, changed_at, seen_at FROM items WHERE id = 'a'";
    damage(&store, sql);
    let found = names(&store).await;
    let name = "item of an account that is not configured: ghost:incident:a (account)";
    assert!(found.iter().any(|it| it == name), "{found:?}");
    store.leave_unknown(at(150)).await.unwrap();
    assert_eq!(store.open_items().await.unwrap().len(), 2);
    assert!(!names(&store).await.iter().any(|it| it == name));
}

#[tokio::test]
async fn damaged_actor_of_a_run_is_unreadable_not_absent() {
    let store = lived_in().await;
    damage(&store, "UPDATE runs SET actor = '{'");
    let run = store.run("r1").await.unwrap().unwrap();
    assert_eq!(run.actor, Some(Actor::unreadable()));
    damage(&store, "UPDATE runs SET actor = NULL");
    assert_eq!(store.run("r1").await.unwrap().unwrap().actor, None, "of before that was recorded");
}

#[tokio::test]
async fn webhook_is_taken_in_though_what_is_stored_is_damaged() {
    for change in [
        format!("items SET seen_at = {NEVER}"),
        "items SET detail = ''".to_owned(),
        format!("sources SET baseline_at = {NEVER}, identity = ''"),
    ] {
        let store = lived_in().await;
        damage(&store, &format!("UPDATE {change}"));
        store.ingest(&pager(), hook("1", vec![resolved("a", 190)]), at(191), everything()).await.unwrap();
        let item = store.item(&key("a")).await.unwrap().unwrap().item;
        assert_eq!(item, resolved("a", 190), "{change}");
    }
}

#[tokio::test]
async fn run_with_unreadable_state_is_unknown_until_resolved() {
    for state in ["", "{", "{\"state\":\"dancing\"}", "{\"state\":\"done\"}", "7"] {
        for ended_at in ["ended_at", "NULL", "9223372036854775807"] {
            let store = lived_in().await;
            damage(&store, &format!("UPDATE runs SET state = '{state}', ended_at = {ended_at}"));
            // As if it had been under way.
            let store = after_crash(&store, 150);
            let run = store.run("r1").await.unwrap().unwrap();
            assert!(matches!(run.state, RunState::Unknown { .. }), "{state}: {run:?}");
            assert!(run.ended_at.is_some(), "{state}");
            assert_eq!(store.runs(10).await.unwrap(), [run]);
            let known = RunState::Resolved { ran: true, by: "ana".into(), at: at(160), why: "no".into() };
            let taken = store.resolve_run("r1", known.clone(), message("it did"), &ana(), at(160)).await;
            assert!(taken.unwrap(), "{state}");
            assert_eq!(store.run("r1").await.unwrap().unwrap().state, known);
        }
    }
}

#[tokio::test]
async fn unreadable_event_delays_no_other_notification() {
    let store = lived_in().await;
    damage(&store, "UPDATE events SET name = 'danced' WHERE id = 1");
    let pending = store.pending_notices().await.unwrap();
    let events = store.events_by_ids(pending.iter().map(|it| it.event).collect()).await.unwrap();
    assert_eq!(events.iter().map(|event| event.id).collect::<Vec<_>>(), [2]);
}

#[tokio::test]
async fn unreadable_item_is_reported_as_an_error() {
    let store = lived_in().await;
    damage(&store, "UPDATE items SET detail = '{}' WHERE id = 'a'");
    let error = store.item(&key("a")).await.unwrap_err();
    assert!(matches!(error, StoreError::Unreadable { .. }), "{error}");
    assert_eq!(store.items_by_key(vec![key("a"), key("b")]).await.unwrap(), [firing("b")]);
}

#[tokio::test]
async fn list_of_events_names_the_unreadable_ones() {
    let damages = [
        "name = 'danced'".to_owned(),
        "name = CAST(x'ff' AS TEXT)".to_owned(),
        "summary = CAST(x'ff' AS TEXT)".to_owned(),
        "old = 7".to_owned(),
        format!("seen_at = {NEVER}"),
        "seen_at = -5".to_owned(),
    ];
    for change in damages {
        let store = lived_in().await;
        damage(&store, &format!("UPDATE events SET {change} WHERE id = 2"));
        let lists: [(Result<Events, StoreError>, &[i64]); 6] = [
            (store.events_after(0, 10).await, &[1]),
            (store.events_after(1, 1).await, &[]),
            (store.events_before(None, 10).await, &[1]),
            (store.events_before(Some(3), 1).await, &[]),
            (store.events_since(at(100), None, 10).await, &[1]),
            (store.events_of(&key("b"), 10).await, &[]),
        ];
        for (place, (found, readable)) in lists.into_iter().enumerate() {
            let Events { events, unreadable } = found.unwrap();
            let numbers: Vec<_> = events.iter().map(|event| event.id).collect();
            assert_eq!((numbers.as_slice(), unreadable), (readable, vec![2]), "{change}: {place}");
        }
        let error = store.event(2).await.unwrap_err();
        assert!(matches!(error, StoreError::Unreadable { .. }), "{change}: {error}");
    }
    // One that is known to be from before is not among those since then.
    let store = lived_in().await;
    damage(&store, "UPDATE events SET name = 'danced'");
    assert_eq!(store.events_since(at(102), None, 10).await.unwrap(), Events::default());
}

#[tokio::test]
async fn activity_reports_how_much_cannot_be_counted() {
    let whole = Day { date: jiff::civil::date(2026, 9, 21), from: at(0), to: at(1_000) };
    let later = Day { date: jiff::civil::date(2026, 9, 22), from: at(1_000), to: at(2_000) };
    // Change, day -> runs that are counted, how many events and runs cannot be.
    let cases = [
        ("events SET old = 0".to_owned(), whole, 2, 0),
        ("events SET name = 'danced' WHERE id = 1".to_owned(), whole, 2, 1),
        ("events SET name = CAST(x'ff' AS TEXT)".to_owned(), whole, 2, 2),
        ("events SET name = 'danced'".to_owned(), later, 0, 0),
        (format!("events SET at = {NEVER} WHERE id = 1"), later, 0, 1),
        (format!("events SET at = -{NEVER}, name = 'danced'"), later, 0, 2),
        // The latest one does not hide the others.
        ("runs SET started_at = -1 WHERE id = 'r2'".to_owned(), whole, 1, 1),
        (format!("runs SET started_at = {NEVER}"), whole, 0, 2),
    ];
    for (change, day, runs, unreadable) in cases {
        let store = lived_in().await;
        store.begin_run(running("r2"), None, at(120)).await.unwrap();
        damage(&store, &format!("UPDATE {change}"));
        let counted = store.activity(vec![day]).await.unwrap();
        assert_eq!((counted.days[0].1.runs, counted.unreadable), (runs, unreadable), "{change}");
    }
}

#[tokio::test]
async fn unreadable_room_message_is_shown_as_unreadable() {
    let cases = [
        ("message = '{'".to_owned(), "This message cannot be read"),
        ("message = '[]'".to_owned(), "This message cannot be read"),
        ("message = CAST(x'ff' AS TEXT)".to_owned(), "This message cannot be read"),
        (format!("at = {NEVER}"), "hello"),
        ("edited_at = -1, thread = NULL".to_owned(), "hello"),
    ];
    for (change, title) in cases {
        let store = lived_in().await;
        damage(&store, &format!("UPDATE room SET {change}"));
        let stands = store.room("general", 10).await.unwrap();
        assert_eq!(stands.iter().map(|it| it.message.title.as_str()).collect::<Vec<_>>(), [title]);
        assert_eq!(store.find_in_room(&posted()).await.unwrap().as_ref(), stands.first(), "{change}");
        let channels = store.room_channels().await.unwrap();
        assert_eq!(channels.iter().map(|it| it.0.as_str()).collect::<Vec<_>>(), ["general"], "{change}");
        // It is not posted a second time.
        let again = store.post_in_room("general", None, &posted(), message("hello"), at(114)).await;
        assert_eq!(again, Ok(stands[0].id), "{change}");
    }
}

#[tokio::test]
async fn what_a_run_says_itself_is_damaged_where_it_would_be_read() {
    // what was done to the message of a run -> the column that is damaged
    let cases = [
        ("own = message, own_arrived = 1", None),
        ("own = '{'", Some("own")),
        ("own = 'null'", Some("own")),
        ("own = ''", Some("own")),
        // It is no run's any more.
        ("own = '{', run = NULL", None),
    ];
    for (change, column) in cases {
        let store = lived_in().await;
        let post = Some((deploys(), message("deploying")));
        let sent = store.begin_run(running("r2"), post, at(120)).await.unwrap().unwrap();
        damage(&store, &format!("UPDATE deliveries SET {change} WHERE id = '{}'", sent.0));
        let expected: Vec<_> = column.map(|it| format!("message {} ({it})", sent.0)).into_iter().collect();
        assert_eq!(names(&store).await, expected, "{change}");
        let shown = store.delivery(&sent).await.unwrap().unwrap();
        assert_eq!(shown.message, message("deploying"), "{change}");
        assert_eq!(shown.error.is_some(), column.is_some(), "{change}");
    }
}

#[tokio::test]
async fn audit_entry_that_cannot_be_read_is_listed() {
    for what in ["{", "{}", "{\"change\":\"danced\"}"] {
        let store = lived_in().await;
        damage(&store, &format!("UPDATE audit SET what = '{what}' WHERE n = 3"));
        let entries = store.audit(None, 1).await.unwrap();
        let found: Vec<_> = entries.iter().map(|entry| (&entry.actor, &entry.what)).collect();
        assert_eq!(found, [(&ana(), &AuditedChange::Unreadable)], "{what}");
    }
}

#[tokio::test]
async fn secret_whose_record_cannot_be_read_is_kept_all_the_same() {
    let store = lived_in().await;
    assert!(store.secret_records("keychain").await.unwrap().complete);
    damage(&store, "UPDATE secret_records SET origin = CAST(x'ff' AS TEXT)");
    let records = store.secret_records("keychain").await.unwrap();
    assert!(!records.complete && records.origins.is_empty(), "{records:?}");
    damage(&store, "DELETE FROM secret_records; INSERT INTO settings VALUES ('secrets_unrecorded', 1)");
    assert!(!store.secret_records("keychain").await.unwrap().complete);
    assert_eq!(names(&store).await, [""; 0], "that is known of every store of before it was recorded");
}

#[tokio::test]
async fn stored_items_are_cleaned_like_reported_ones() {
    let cases = [
        ("https://pager.example/a", Some("https://pager.example/a")),
        ("https://ana:secret@pager.example/a", Some("https://pager.example/a")),
        ("javascript:alert(1)", None),
        ("data:text/html,<b>", None),
        ("file:///etc/passwd", None),
    ];
    for (link, expected) in cases {
        let store = lived_in().await;
        let outcome = Outcome::ok("it is there");
        store.begin_run(running("r2"), Some((deploys(), message("deploying"))), at(120)).await.unwrap();
        store.end_run("r2", RunState::Done { outcome }, None, at(121)).await.unwrap();
        let changes = format!(
            "UPDATE items SET url = '{link}', title = 'disk' || char(27) || '[31m' WHERE id = 'a';
             UPDATE runs SET state = json_set(state, '$.outcome.link', '{link}') WHERE id = 'r2';
             UPDATE room SET message = json_set(message, '$.link', '{link}');
             UPDATE deliveries SET message = json_set(message, '$.link', '{link}'),
                 own = json_set(message, '$.link', '{link}')"
        );
        damage(&store, &changes);
        let item = store.item(&key("a")).await.unwrap().unwrap().item;
        assert_eq!(item.title, "disk", "{link}");
        let RunState::Done { outcome } = store.run("r2").await.unwrap().unwrap().state else {
            unreachable!()
        };
        let room = store.room("general", 1).await.unwrap().remove(0).message;
        let sent = store.deliveries_of_run("r2").await.unwrap().remove(0);
        let links = [item.url, outcome.link, room.link, sent.message.link, sent.own.unwrap().message.link];
        assert_eq!(links.each_ref().map(|link| link.as_ref().map(url::Url::as_str)), [expected; 5], "{link}");
    }
}

#[tokio::test]
async fn run_that_ended_before_it_began_did_end() {
    let store = lived_in().await;
    damage(&store, "UPDATE runs SET ended_at = started_at - 5000000");
    let store = after_crash(&store, 150);
    assert!(store.interrupted().is_empty());
    let run = store.run("r1").await.unwrap().unwrap();
    assert_eq!(run.state, RunState::Canceled { sent: true });
    assert!(run.ended_at.is_some_and(|ended_at| ended_at < run.started_at));
    assert_eq!(run.took(), None);
    assert_eq!(names(&store).await, [""; 0], "a clock may have been set back");
    store.prune(at(100 * 24 * 60 * 60), Retention::default()).await.unwrap();
}
