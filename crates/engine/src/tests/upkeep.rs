//! Settings, and starting where something is wrong.

use std::sync::atomic::Ordering;

use callboard_domain::{
    message::{Message, Tone},
    run::{Run, RunState},
};
use serde_json::{Value, json};

use super::*;
use crate::{
    OpenError,
    accounts::Account,
    api::{
        ActivityQuery, BoardQuery, CheckVerdict, Configure, Doctor, EventsQuery, Hello, ItemQuery,
        RulesExplain, SettingsQuery, StatusQuery,
    },
    store::Store,
};

fn configure(path: &[&str], value: Value) -> Configure {
    Configure {
        path: path.iter().map(|it| (*it).to_owned()).collect(),
        value: Some(value).filter(|it| !it.is_null()),
    }
}

#[tokio::test]
async fn setting_is_written_and_applied() {
    let file =
        "# Ours.\n[desktop]\ntheme = \"dark\" # at night\n\n[[rules]]\nname = \"a\"\nwhen = \"true\" # all\n";
    let it = Scene::open(file, Mode::Once, &[]).await;
    let settings = it.call(SettingsQuery {}).await.unwrap();
    let desktop = json!({ "hotkey": "Alt+Space", "theme": "dark", "tray": "colour", "unload_after": "5m" });
    assert_eq!(settings.settings["desktop"], desktop);
    assert_eq!(settings.settings["default_channel"], "room:general");

    let changes = [
        (configure(&["desktop", "theme"], json!("light")), "theme = \"light\" # at night\n"),
        (configure(&["desktop", "hotkey"], json!("Ctrl+Alt+Space")), "hotkey = \"Ctrl+Alt+Space\"\n"),
        (
            configure(&["notifications", "quiet_hours"], json!(["22:00", "07:00"])),
            "quiet_hours = [\"22:00\", \"07:00\"]",
        ),
        (configure(&["rules", "0", "do"], json!("important")), "when = \"true\" # all\ndo = \"important\""),
        (configure(&["channels", "news"], json!("room:news")), "news = \"room:news\""),
        (configure(&["desktop", "hotkey"], Value::Null), "# at night\n"),
    ];
    for (change, expected) in changes {
        it.call(change.clone()).await.unwrap_or_else(|error| panic!("{change:?}: {error}"));
        let text = it.config();
        assert!(text.starts_with("# Ours.\n") && text.contains(expected), "{change:?}\n{text}");
    }
    assert!(!it.config().contains("hotkey"));
    let settings = it.call(SettingsQuery {}).await.unwrap().settings;
    assert_eq!(
        (&settings["desktop"]["theme"], &settings["rules"][0]["do"]),
        (&json!("light"), &json!("important"))
    );

    let before = it.config();
    let refusals = [
        (configure(&["desktop", "theme"], json!("drak")), "did you mean `dark`"),
        (configure(&["desktop", "hotky"], json!("x")), "did you mean `hotkey`"),
        (configure(&["desktop", "hotkey"], json!("Space")), "taken from typing"),
        (configure(&["rules", "7", "do"], json!("show")), "below 1"),
        (configure(&["accounts", "forge", "service"], json!("github")), "accounts"),
        (configure(&[], json!(1)), "which setting"),
        (configure(&["default_channel"], json!("nowhere")), "there is no channel"),
    ];
    for (change, why) in refusals {
        let refused = it.call(change).await.unwrap_err().to_string();
        assert!(refused.contains(why), "{refused}");
        assert_eq!(it.config(), before);
    }
    it.call(configure(&["rules", "0"], Value::Null)).await.unwrap();
    let rules = json!([{ "name": "b", "when": "true", "do": "show" }]);
    it.call(configure(&["rules"], rules)).await.unwrap();
    assert!(it.config().contains("[[rules]]\nname = \"b\""), "{}", it.config());
    it.engine.stop().await;
}

async fn open(folder: &TempDir, at_start: OnConfigError) -> Result<Engine, OpenError> {
    Engine::open(Options {
        paths: Paths::within(folder.path()),
        passphrase: None,
        secrets: Some(Secrets::in_memory([])),
        host: Arc::new(Notes::default()),
        mode: Mode::Serve,
        at_start,
    })
    .await
}

#[tokio::test]
async fn invalid_file_is_followed_until_it_is_valid() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("callboard.toml");
    std::fs::write(&file, "[desktop]\ntheme = \"drak\"\n").unwrap();
    assert!(matches!(open(&folder, OnConfigError::Refuse).await, Err(OpenError::Config(_))));
    let engine = open(&folder, OnConfigError::Continue).await.unwrap();
    let errors = async || engine.call(StatusQuery {}).await.unwrap().errors;
    assert!(errors().await[0].what.contains("did you mean `dark`"));
    std::fs::write(&file, "[desktop]\ntheme = \"dark\"\n").unwrap();
    until("it is in force", async || errors().await.is_empty()).await;
    let settings = engine.call(SettingsQuery {}).await.unwrap().settings;
    assert_eq!(settings["desktop"]["theme"], "dark");
    engine.stop().await;
}

#[tokio::test]
async fn run_that_was_interrupted_is_unknown_in_its_message_whether_or_not_the_next_start_is_refused() {
    // the configuration that the next start finds -> whether that is refused
    for (config, is_refused) in [("", false), ("[desktop]\ntheme = \"drak\"\n", true)] {
        let folder = tempfile::tempdir().unwrap();
        let Paths { config: file, data } = Paths::within(folder.path());
        let store = Store::open(&data.join("callboard.db"), at(0)).unwrap();
        let run = Run { post: "room:ops".parse().ok(), ..running("r1") };
        let post = run.post.clone().map(|to| (to, Message::new(Tone::Running, "act")));
        store.begin_run(run, post, at(0)).await.unwrap();
        drop(store);

        std::fs::write(&file, config).unwrap();
        if is_refused {
            assert!(matches!(open(&folder, OnConfigError::Refuse).await, Err(OpenError::Config(_))));
            std::fs::write(&file, "").unwrap();
        }
        let engine = open(&folder, OnConfigError::Refuse).await.unwrap();
        let run = engine.store().run("r1").await.unwrap().unwrap();
        assert!(matches!(run.state, RunState::Unknown { .. }), "{:?}", run.state);
        let posted = engine.store().deliveries_of_run("r1").await.unwrap().remove(0);
        let title = "We do not know whether act ran. It will not be run again by itself";
        assert_eq!((posted.message.tone, posted.message.title.as_str()), (Tone::Unknown, title), "{config}");
        engine.stop().await;
    }
}

#[tokio::test]
async fn a_file_that_changes_before_its_folder_is_watched_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("callboard.toml");
    std::fs::write(&file, "[desktop]\ntheme = \"light\"\n").unwrap();
    let engine = open(&folder, OnConfigError::Refuse).await.unwrap();
    // Nothing that was spawned has run yet: there is one thread, and it is this one's turn.
    std::fs::write(&file, "[desktop]\ntheme = \"dark\"\n").unwrap();
    let theme = async || engine.call(SettingsQuery {}).await.unwrap().settings["desktop"]["theme"].clone();
    until("it is in force", async || theme().await == "dark").await;
    engine.stop().await;
}

#[tokio::test]
async fn taken_port_is_reported_and_free_one_is_listened_on() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("callboard.toml");
    std::fs::write(&file, format!("[receive]\nlisten = \"{address}\"\n")).unwrap();
    assert!(matches!(open(&folder, OnConfigError::Refuse).await, Err(OpenError::Listen { .. })));
    let engine = open(&folder, OnConfigError::Continue).await.unwrap();
    assert_eq!(engine.call(Hello {}).await.unwrap().webhook_addr, None);
    let webhooks_check = async || {
        let checks = engine.call(Doctor {}).await.unwrap();
        checks.into_iter().find(|check| check.name == "webhooks").unwrap()
    };
    until("doctor reports it", async || webhooks_check().await.found.contains("cannot be listened on")).await;
    assert!(webhooks_check().await.remedy.is_some_and(|remedy| remedy.contains("receive.listen")));
    std::fs::write(&file, "[receive]\nlisten = \"127.0.0.1:0\"\n").unwrap();
    until("it listens", async || engine.call(Hello {}).await.unwrap().webhook_addr.is_some()).await;
    assert!(webhooks_check().await.found.starts_with("received at"));
    engine.stop().await;
}

/// A pull request's account, which nothing answers for.
async fn with_forge() -> Scene {
    let config =
        "[accounts.forge]\nservice = \"github\"\nurl = \"http://127.0.0.1:1\"\nwatch = [\"acme/web\"]\n";
    Scene::open(config, Mode::Once, &[("forge", "token", "t0ken")]).await
}

fn forge(it: &Scene) -> Arc<Account> {
    Arc::clone(&it.engine.active().accounts[&AccountName::from("forge")])
}

fn is_suspect(it: &Scene) -> bool {
    forge(it).suspect.load(Ordering::Relaxed)
}

#[tokio::test]
async fn store_is_checked_at_start_by_maintenance_and_again_after_a_failure() {
    let it = with_forge().await;
    assert!(!is_suspect(&it), "it was looked through at the start");
    it.engine.inner.live.reload().await.unwrap();
    assert!(!is_suspect(&it), "nothing of the account has changed");
    it.engine.inner.live.check_store_for_damage().await.unwrap();
    assert!(is_suspect(&it));

    let rename = |from: &str, to: &str| {
        let conn = rusqlite::Connection::open(it.data().join("callboard.db")).unwrap();
        conn.execute_batch(&format!("ALTER TABLE {from} RENAME TO {to}")).unwrap();
    };
    rename("item_counts", "away");
    forge(&it).rebuild_unreadable(it.engine.store(), at(0)).await.unwrap_err();
    assert!(is_suspect(&it), "it is still to be done");
    rename("away", "item_counts");
    forge(&it).rebuild_unreadable(it.engine.store(), at(0)).await.unwrap();
    assert!(!is_suspect(&it));
    it.engine.stop().await;
}

/// Rows of the store that somebody, or a failing disk, has changed to nonsense.
#[tokio::test]
async fn unreadable_store_is_never_calm() {
    let damages = [
        (
            "UPDATE items SET detail = '{}' WHERE id = 'acme/web#1'",
            "item forge:pull_request:acme/web#1 (detail)",
        ),
        ("UPDATE items SET kind = 'robot' WHERE id = 'acme/web#1'", "item forge:robot:acme/web#1 (kind)"),
        ("UPDATE sources SET identity = 'x'", "account forge (identity)"),
        ("UPDATE sources SET problems = '7'", "account forge (problems)"),
        ("UPDATE sources SET last_ok_at = 9223372036854775807", "account forge (last_ok_at)"),
    ];
    for (damage, name) in damages {
        let it = with_forge().await;
        it.report([pull(1, "Try it", &["ana"]), pull(2, "Try more", &["bo"])]).await;
        // The board is not looked at before: it remembers where each row stood.
        let doctor = async || {
            let checks = it.call(Doctor {}).await.unwrap();
            checks.into_iter().find(|check| check.name == "stored rows")
        };
        assert!(doctor().await.is_none(), "{damage}");

        rusqlite::Connection::open(it.data().join("callboard.db")).unwrap().execute(damage, []).unwrap();
        let board = it.call(BoardQuery::default()).await.unwrap();
        assert!(
            board.not_seen.iter().any(|it| it.account.as_str() == "forge"),
            "{damage}: {:?}",
            board.not_seen
        );
        let status = it.call(StatusQuery {}).await.unwrap();
        assert!(status.summary.contains("Not seen: forge"), "{damage}: {}", status.summary);
        let detail = it.call(ItemQuery::of("acme/web#2")).await.unwrap();
        assert!(detail.not_seen.iter().any(|it| it.account.as_str() == "forge"), "{damage}: {detail:?}");
        let check = doctor().await.unwrap();
        assert!(!is_suspect(&it), "{damage}: doctor changes nothing");
        assert!(check.verdict == CheckVerdict::Warning && check.found.contains(name), "{damage}: {check:?}");
        it.engine.stop().await;
    }
}

/// A list of which nothing can be read is no empty list.
#[tokio::test]
async fn lists_name_their_unreadable_entries() {
    let it = with_forge().await;
    it.report([pull(1, "Try it", &["ana"])]).await;
    let query = EventsQuery { after: None, before: None, since: None, limit: 10 };
    let known = it.call(query.clone()).await.unwrap();
    assert!(!known.events.is_empty() && known.unreadable.is_empty(), "{known:?}");

    let now = Timestamp::now().as_microsecond();
    let damage = format!("UPDATE events SET name = 'danced ' || id, at = {now}");
    rusqlite::Connection::open(it.data().join("callboard.db")).unwrap().execute(&damage, []).unwrap();
    let found = it.call(query).await.unwrap();
    let numbers: Vec<i64> = known.events.iter().map(|event| event.id).collect();
    assert_eq!((found.events, &found.unreadable), (vec![], &numbers));
    let detail = it.call(ItemQuery::of("acme/web#1")).await.unwrap();
    let history = detail.not_seen.iter().find(|it| it.part == "history").unwrap().to_string();
    assert!(history.contains("cannot be read; see: callboard doctor"), "{history}");
    let activity = it.call(ActivityQuery { days: 14, zone: None }).await.unwrap();
    assert_eq!(usize::try_from(activity.unreadable).unwrap(), numbers.len());
    let error = it.call(RulesExplain { event: numbers[0] }).await.unwrap_err().to_string();
    assert!(error.contains("cannot be read"), "{error}");

    let checks = it.call(Doctor {}).await.unwrap();
    let rows = checks.into_iter().find(|check| check.name == "stored rows").unwrap();
    assert!(rows.found.contains(&format!("event {} (name)", numbers[0])), "{rows:?}");
    let remedy = rows.remedy.unwrap();
    assert!(remedy.starts_with("Lists say which") && !remedy.contains("read anew"), "{remedy}");
    it.engine.stop().await;
}

/// No secret that could be set would help where the table is missing a key.
#[tokio::test]
async fn doctor_asks_for_no_secret_where_a_setting_is_missing() {
    let config = "[accounts.pager]\nservice = \"alertmanager\"\nurl = \"http://127.0.0.1:1\"\n";
    let it = Scene::open(config, Mode::Once, &[("pager", "password", "hush")]).await;
    let checks = it.call(Doctor {}).await.unwrap();
    let pager = checks.into_iter().find(|check| check.name == "account pager").unwrap();
    assert!(pager.found.contains("say whose it is"), "{pager:?}");
    assert_eq!(pager.remedy, None);
    it.engine.stop().await;
}
