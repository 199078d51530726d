//! What webhooks note for the next poll.

use callboard_domain::{error::ServiceError, identity::Identity, origin::Origin, source::LONGEST_NOTE};

use super::*;
use crate::store::notes::KEPT;

fn noted(note: &str) -> Report {
    Report::Hook(Received { note: Some(note.to_owned()), ..Received::default() })
}

/// A poll that began with the notes up to that one.
fn polled(cursor: Option<&str>, partial: Option<Progress>, last_note: LastNote) -> Report {
    let cursor = cursor.map(|cursor| Cursor(cursor.to_owned()));
    let batch = Batch { cursor, partial, ..Batch::default() };
    Report::Poll { batch, began_at: at(120), watched: Watched::all(), last_note }
}

async fn take(store: &Store, account: &AccountName, report: Report) {
    store.ingest(account, report, at(130), everything()).await.unwrap();
}

/// What the next poll begins with, in order.
async fn notes_of(store: &Store, account: &AccountName) -> Notes {
    let mut notes = store.source_with_notes(account).await.unwrap().1;
    notes.texts.sort();
    notes
}

/// An account that a poll has left a cursor of, and a webhook has noted this of.
async fn with_note(store: &Store, account: &AccountName, note: &str) {
    store.watch(account, at(50)).await.unwrap();
    take(store, account, polled(Some("7"), None, LastNote::default())).await;
    take(store, account, noted(note)).await;
}

#[tokio::test]
async fn note_is_kept_until_a_poll_that_began_with_it_leaves_a_cursor() {
    let part = Some(Progress { done: 1, total: 2 });
    /// The cursor that a poll leaves, and how far it is; none where it fails.
    type Came = Option<(Option<&'static str>, Option<Progress>)>;
    // What is noted while a poll is under way that began with "a", and what comes of it -> what the next one begins with.
    let cases: [(&[&str], Came, &[&str]); 10] = [
        (&[], Some((Some("8"), None)), &[]),
        (&[], Some((Some("8"), part)), &[]),
        (&[], Some((None, None)), &["a"]),
        (&[], Some((None, part)), &["a"]),
        (&[], None, &["a"]),
        (&["b"], Some((Some("8"), None)), &["b"]),
        (&["a"], Some((Some("8"), None)), &["a"]),
        (&["a", "a"], Some((Some("8"), None)), &["a"]),
        (&["b", "a"], Some((Some("8"), part)), &["a", "b"]),
        (&["b"], None, &["a", "b"]),
    ];
    for (meanwhile, came, expected) in cases {
        let case = format!("{meanwhile:?} {came:?}");
        let store = watching().await;
        with_note(&store, &pager(), "a").await;
        let began = notes_of(&store, &pager()).await;
        assert_eq!(began.texts, ["a"], "{case}");
        assert_eq!(notes_of(&after_crash(&store, 140), &pager()).await, began, "{case}");
        for note in meanwhile {
            take(&store, &pager(), noted(note)).await;
        }
        match came {
            Some((cursor, partial)) => take(&store, &pager(), polled(cursor, partial, began.last)).await,
            None => {
                let down = ServiceError::unavailable("it is down");
                store.poll_failed(&pager(), down, at(130)).await.unwrap();
            }
        }
        let store = after_crash(&store, 140);
        assert_eq!(notes_of(&store, &pager()).await.texts, expected, "{case}");
        // The cursor is the polls' alone.
        let cursor = store.source(&pager()).await.unwrap().unwrap().cursor.map(|cursor| cursor.0);
        assert_eq!(cursor.as_deref(), came.and_then(|(cursor, _)| cursor).or(Some("7")), "{case}");
    }
}

#[tokio::test]
async fn nothing_is_noted_before_a_poll_leaves_a_cursor() {
    let store = watching().await;
    take(&store, &pager(), noted("a")).await;
    assert_eq!(notes_of(&store, &pager()).await, Notes::default());
    let cases: [(Option<&str>, &[&str]); 2] = [(None, &[]), (Some("7"), &["a"])];
    for (cursor, expected) in cases {
        take(&store, &pager(), polled(cursor, None, LastNote::default())).await;
        take(&store, &pager(), noted("a")).await;
        assert_eq!(notes_of(&store, &pager()).await.texts, expected, "{cursor:?}");
    }
}

#[tokio::test]
async fn delivery_that_comes_twice_is_noted_once() {
    let delivered = |delivery: &str| {
        let (delivery, note) = (Some(delivery.to_owned()), Some("a".to_owned()));
        Report::Hook(Received { delivery, note, ..Received::default() })
    };
    let store = watching().await;
    take(&store, &pager(), polled(Some("7"), None, LastNote::default())).await;
    take(&store, &pager(), delivered("1")).await;
    let first = notes_of(&store, &pager()).await;
    for (delivery, is_new) in [("1", false), ("2", true), ("1", false)] {
        let before = notes_of(&store, &pager()).await;
        take(&store, &pager(), delivered(delivery)).await;
        let after = notes_of(&store, &pager()).await;
        assert_eq!((after.last > before.last, &after.texts), (is_new, &first.texts), "{delivery}");
    }
}

#[tokio::test]
async fn notes_go_with_the_cursor_that_they_are_for() {
    let other = AccountName::from("other");
    let origin = |host: &str| Some(format!("pager:https://{host}.example").parse::<Origin>().unwrap());
    // what happens -> whether the cursor and the notes stay
    let cases = [
        ("nothing", true),
        ("known again", true),
        ("elsewhere", false),
        ("unwatched", false),
        ("damaged", false),
    ];
    for (what, stay) in cases {
        let store = watching().await;
        store.identified(&pager(), Identity::default(), origin("here"), at(60)).await.unwrap();
        with_note(&store, &pager(), "a").await;
        with_note(&store, &other, "b").await;
        let place = if what == "elsewhere" { origin("there") } else { origin("here") };
        match what {
            "unwatched" => store.unwatch(&pager(), at(140)).await.unwrap(),
            "known again" | "elsewhere" => {
                store.identified(&pager(), Identity::default(), place, at(140)).await.unwrap();
            }
            "damaged" => damage(&store, "UPDATE sources SET problems = '{' WHERE account = 'pager'"),
            _ => {}
        }
        let rebuilt = store.rebuild_unreadable(&pager(), true, at(150)).await.unwrap();
        assert_eq!(rebuilt, what == "damaged", "{what}");
        let cursor = store.source(&pager()).await.unwrap().and_then(|source| source.cursor);
        let left = notes_of(&store, &pager()).await.texts;
        assert_eq!((cursor.is_some(), left.is_empty()), (stay, !stay), "{what}");
        assert_eq!(notes_of(&store, &other).await.texts, ["b"], "{what}: of another account");
    }
}

#[tokio::test]
async fn note_that_cannot_be_read_has_everything_read_anew() {
    let names = async |store: &Store| {
        let rows = store.unreadable_rows().await.unwrap();
        rows.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let store = watching().await;
    with_note(&store, &pager(), "a").await;
    take(&store, &pager(), noted("b")).await;
    damage(&store, "UPDATE notes SET note = CAST(x'ff' AS TEXT) WHERE note = 'b'");
    assert_eq!(names(&store).await, ["account pager (note)"]);
    let read = notes_of(&store, &pager()).await;
    assert_eq!(read.texts, ["a"], "it hides no other");
    assert!(store.rebuild_unreadable(&pager(), false, at(150)).await.unwrap());
    let source = store.source(&pager()).await.unwrap().unwrap();
    assert!(source.cursor.is_none() && source.problems[0].problem.hides(), "{source:?}");
    assert_eq!(notes_of(&store, &pager()).await, Notes::default());
    assert_eq!(names(&store).await, [""; 0]);

    // A poll that was under way takes it along.
    let store = watching().await;
    with_note(&store, &pager(), "a").await;
    damage(&store, "UPDATE notes SET note = CAST(x'ff' AS TEXT)");
    let Notes { texts, last } = notes_of(&store, &pager()).await;
    take(&store, &pager(), polled(Some("8"), None, last)).await;
    assert_eq!((texts, names(&store).await), (vec![], vec![]));
    assert!(!store.rebuild_unreadable(&pager(), true, at(150)).await.unwrap());
}

#[tokio::test]
async fn note_of_no_account_is_deleted() {
    let store = watching().await;
    with_note(&store, &pager(), "a").await;
    assert_eq!(store.prune(at(140), Retention::default()).await, Ok(Pruned::default()));
    assert_eq!(notes_of(&store, &pager()).await.texts, ["a"]);
    for account in ["'ghost'", "CAST(x'ff' AS TEXT)"] {
        damage(&store, &format!("INSERT INTO notes (account, note) VALUES ({account}, 'b')"));
        let pruned = store.prune(at(140), Retention::default()).await;
        assert_eq!(pruned, Ok(Pruned { dangling: 1, ..Pruned::default() }), "{account}");
    }
    assert_eq!(notes_of(&store, &pager()).await.texts, ["a"]);
}

#[tokio::test]
async fn the_newest_notes_of_an_account_are_kept() {
    let other = AccountName::from("other");
    let store = watching().await;
    with_note(&store, &other, "b").await;
    with_note(&store, &pager(), "a").await;
    let many = format!(
        "WITH RECURSIVE made (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM made WHERE n < {KEPT})
         INSERT INTO notes (account, note) SELECT 'pager', 'n' || n FROM made"
    );
    damage(&store, &many);
    // made -> the oldest of the others that is there
    for (note, oldest) in [("last", "n2"), ("last", "n2"), ("more", "n3"), ("n3", "n4")] {
        take(&store, &pager(), noted(note)).await;
        let texts = notes_of(&store, &pager()).await.texts;
        assert!(texts.len() <= usize::try_from(KEPT).unwrap(), "{note}: {}", texts.len());
        assert!(texts.iter().any(|it| it == note), "{note}");
        let numbers = texts.iter().filter_map(|it| it.strip_prefix('n')?.parse::<u32>().ok());
        let found = numbers.filter(|number| note != format!("n{number}")).min();
        assert_eq!(found.map(|number| format!("n{number}")).as_deref(), Some(oldest), "{note}");
    }
    assert_eq!(notes_of(&store, &other).await.texts, ["b"], "those of another account are older");
}

#[tokio::test]
async fn note_that_is_too_long_is_not_kept() {
    let store = watching().await;
    with_note(&store, &pager(), "a").await;
    for (more, kept) in [(1, 1), (0, 2)] {
        take(&store, &pager(), noted(&"x".repeat(LONGEST_NOTE + more))).await;
        assert_eq!(notes_of(&store, &pager()).await.texts.len(), kept, "{more}");
    }
}
