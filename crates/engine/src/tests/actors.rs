//! Who asked, and through what: kept with whatever a call changes.

use callboard_domain::{
    actor::{Actor, PersonId, Principal, Via},
    command::Args,
    run::{Run, RunState},
};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use super::*;
use crate::{
    api::{
        Access, AccountsQuery, AuditQuery, AuditedChange, BoardQuery, CALLS, Configure, DeliveriesQuery,
        Delivery, DeliveryState, Find, ItemQuery, RunsQuery, Search, SearchHit, Snooze,
    },
    clients::socket::Client,
};

const CONFIG: &str = "[accounts.forge]\nservice = \"github\"\nurl = \"http://127.0.0.1:9/api/v3\"\n\
                      [commands]\ndirs = [\"ops\"]\n";
const COMMANDS: &str = "[[command]]\nname = \"act\"\nsummary = \"Act\"\n[command.run.exec]\nargv = [\"true\"]\n\
                        [[command]]\nname = \"wait\"\nsummary = \"Wait\"\n[command.run.exec]\nargv = [\"sleep\", \"60\"]\n";
const PULL: &str = "forge/pull_request/acme/web#1";

/// An account that nothing answers for, a pull request, and commands of a file.
async fn scene() -> Scene {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("ops")).unwrap();
    std::fs::write(folder.path().join("ops/act.toml"), COMMANDS).unwrap();
    let it = Scene::open_in(folder, CONFIG, Mode::Once, &[("forge", "token", "t")]).await;
    it.report([pull(1, "Try it", &["ana"])]).await;
    it
}

/// Where a call leaves who made it.
enum Kept {
    /// With the run that it answers with.
    Run,
    /// With the delivery that it answers with.
    Delivery,
    /// In the audit log, as this.
    Audit(AuditedChange),
}

/// Parameters with which a call changes something, and where it keeps who did. What the call needs is prepared.
async fn sample(it: &Scene, name: &str) -> (Value, Kept) {
    use AuditedChange as C;
    let account = || AccountName::from("forge");
    let item = || PULL.parse::<ItemKey>().unwrap();
    let audit = |params: Value, change: C| (params, Kept::Audit(change));
    match name {
        "reload" => audit(json!({}), C::Reloaded),
        "configure" => audit(
            json!({ "path": ["desktop", "theme"], "value": "dark" }),
            C::Configured { path: vec!["desktop".into(), "theme".into()], removed: false },
        ),
        "snooze" => audit(json!({ "item": PULL }), C::Snoozed { item: item(), until: None }),
        "unsnooze" => audit(json!({ "item": PULL }), C::Unsnoozed { item: item() }),
        "quiet" => audit(json!({ "until": at(1_000_000_000) }), C::Quiet { until: Some(at(1_000_000_000)) }),
        "run" => (json!({ "what": { "line": "act", "private": true } }), Kept::Run),
        "cancel" => {
            let what = crate::api::PlanQuery { line: "wait".into(), channel: None, private: true };
            let run = it.call(crate::api::StartRun { what, ..Default::default() }).await.unwrap();
            audit(json!({ "id": run.id }), C::RunCanceled { run: run.id })
        }
        "resolve_run" => {
            it.engine.store().begin_run(running("lost"), None, at(0)).await.unwrap();
            let lost = RunState::Unknown { why: "no answer".into() };
            it.engine.store().end_run("lost", lost, None, at(1)).await.unwrap();
            audit(json!({ "id": "lost", "ran": true }), C::RunResolved { run: "lost".into(), ran: true })
        }
        "post" => (json!({ "channel": "room:general", "text": "hello" }), Kept::Delivery),
        "retry" => {
            // A forge has no channels.
            let what = crate::api::Post { channel: "forge:#ops".into(), text: "hello".into(), item: None };
            let id = it.call(what).await.unwrap().id;
            let failed = async || {
                let query = DeliveriesQuery { pending: true, limit: 10, before: None };
                let found = it.engine.call(query).await.unwrap();
                found.iter().any(|it| it.id == id && matches!(it.state, DeliveryState::Failed { .. }))
            };
            until("it has failed", failed).await;
            audit(json!({ "id": id.clone() }), C::DeliveryRetried { delivery: id })
        }
        "add_account" => audit(
            json!({ "name": "ci", "service": "jenkins", "settings": { "url": "http://127.0.0.1:9" }, "secrets": {} }),
            C::AccountAdded { account: "ci".into(), service: "jenkins".into() },
        ),
        "edit_account" => audit(
            json!({ "account": "forge", "settings": { "every": "5m" } }),
            C::AccountEdited { account: account(), settings: vec!["every".into()] },
        ),
        "set_secret" => audit(
            json!({ "account": "forge", "field": "token", "secret": "s3cr3t" }),
            C::SecretSet { account: account(), field: "token".into() },
        ),
        "remove_account" => audit(json!({ "account": "ci" }), C::AccountRemoved { account: "ci".into() }),
        "test_account" => audit(json!({ "account": "forge" }), C::AccountTested { account: account() }),
        "secret_changed" => audit(json!({ "account": "forge" }), C::SecretsRead { account: account() }),
        other => panic!("say here where {other} keeps who made it"),
    }
}

#[tokio::test]
async fn call_that_changes_something_keeps_who_made_it_and_through_what() {
    let it = scene().await;
    let mut client = Client::connect(&it.data()).await.unwrap();
    let expected = Actor { principal: it.engine.owner(), via: Via::Tray };
    for (name, _) in CALLS.iter().filter(|(_, access)| *access != Access::Reads) {
        let (params, kept) = sample(&it, name).await;
        let answer = client.call_named(LocalVia::Tray, name, params).await;
        match kept {
            Kept::Run => {
                let run: Run = serde_json::from_value(answer.unwrap()).unwrap();
                let runs = it.engine.call(RunsQuery { limit: 1, before: None }).await.unwrap();
                assert_eq!((&runs[0].id, &runs[0].actor), (&run.id, &Some(expected.clone())), "{name}");
            }
            Kept::Delivery => {
                let delivery: Delivery = serde_json::from_value(answer.unwrap()).unwrap();
                let query = DeliveriesQuery { pending: false, limit: 1, before: None };
                let found = it.engine.call(query).await.unwrap();
                assert_eq!(
                    (&found[0].id, &found[0].actor),
                    (&delivery.id, &Some(expected.clone())),
                    "{name}"
                );
            }
            Kept::Audit(change) => {
                // Nothing answers for the account that is tested; that it was asked is kept.
                assert!(answer.is_ok() || *name == "test_account", "{name}: {answer:?}");
                // The end of a run that was stopped may be on record by now.
                let latest = it.engine.store().audit(None, 2).await.unwrap();
                let found = latest.iter().any(|it| it.actor == expected && it.what == change);
                assert!(found, "{name}: {latest:?}");
            }
        }
    }
    let whole = it.engine.store().audit(None, 100).await.unwrap();
    assert!(!format!("{whole:?}").contains("s3cr3t"), "a secret's value is nowhere");
    it.engine.stop().await;
}

#[tokio::test]
async fn alerts_go_by_their_names_in_the_audit_log_and_in_what_a_search_finds() {
    let it = scene().await;
    it.report([incident("3f2a", IncidentStatus::Triggered, 1)]).await;
    let alert = "pager/incident/3f2a";
    for item in [PULL, alert] {
        it.call(Snooze { item: item.into(), until: None }).await.unwrap();
    }
    // The one before them is the configuration's.
    let audit = async || it.call(AuditQuery { limit: 2, before: None }).await.unwrap();
    let named = "snoozed Disk of 3f2a is full in storage until it changes";
    let keyed = format!("snoozed {PULL} until it changes");
    let words: Vec<String> = audit().await.iter().map(|entry| entry.describe(|at| at.to_string())).collect();
    assert_eq!(words, [named, keyed.as_str()]);
    // The whole key is there as well.
    assert_eq!(audit().await[0].what.item().map(ToString::to_string).as_deref(), Some(alert));

    let stored = it.engine.store().item(&alert.parse().unwrap()).await.unwrap().unwrap().item;
    // the line of a run, whether it is about the alert -> the line as people read it, where that is another
    let cases = [
        ("silence 3f2a 2h", true, Some("silence Disk of 3f2a is full in storage 2h")),
        ("silence everything 2h", false, None),
    ];
    for (n, (line, is_about, expected)) in cases.into_iter().enumerate() {
        let items = is_about.then(|| ("alert".to_owned(), stored.clone())).into_iter().collect();
        let (line_of_run, args) = (line.into(), Args { items, ..Args::default() });
        let run = Run { line: line_of_run, args, ..running(&format!("run-{n}")) };
        it.engine.store().begin_run(run, None, at(0)).await.unwrap();
        let found = async || it.call(Search { text: line.into(), limit: 5, skip: 0 }).await.unwrap();
        until("it is in the index", async || !found().await.is_empty()).await;
        let hit = found().await.remove(0);
        let SearchHit::Run { line: found, named_line, .. } = hit else { panic!("{hit:?}") };
        assert_eq!((found.as_str(), named_line.as_deref()), (line, expected));
    }
    it.engine.stop().await;
}

#[tokio::test]
async fn local_client_can_only_claim_a_local_via() {
    let it = scene().await;
    let stream = tokio::net::UnixStream::connect(it.data().join("callboard.sock")).await.unwrap();
    let mut stream = BufReader::new(stream);
    // what a client sends -> what is recorded; nothing where it is refused
    let cases = [
        (None, Some(Via::Cli)),
        (Some("cli"), Some(Via::Cli)),
        (Some("launcher"), Some(Via::Launcher)),
        (Some("tray"), Some(Via::Tray)),
        (Some("notification"), Some(Via::Notification)),
        (Some("rule"), None),
        (Some("chat"), None),
        (Some("Launcher"), None),
    ];
    for (via_sent, expected) in cases {
        let before = it.engine.store().audit(None, 100).await.unwrap().len();
        let mut request = json!({ "call": "snooze", "params": { "item": PULL } });
        if let Some(sent) = via_sent {
            request["via"] = sent.into();
        }
        stream.write_all(format!("{request}\n").as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_line(&mut answer).await.unwrap();
        let audit = it.engine.store().audit(None, 100).await.unwrap();
        match expected {
            Some(via) => {
                assert!(answer.contains("ok"), "{via_sent:?}: {answer}");
                assert_eq!(audit[0].actor, Actor { principal: it.engine.owner(), via }, "{via_sent:?}");
            }
            None => {
                assert!(answer.contains("expected one of `launcher`"), "{via_sent:?}: {answer}");
                assert_eq!(audit.len(), before, "{via_sent:?}: nothing is done");
            }
        }
    }
    it.engine.stop().await;
}

#[tokio::test]
async fn snoozed_item_names_who_snoozed_it() {
    let it = scene().await;
    let detail = async || it.engine.call(ItemQuery::of(PULL)).await.unwrap();
    assert_eq!(detail().await.snoozed_by, None);
    it.engine.call_as(LocalVia::Launcher, Snooze { item: PULL.into(), until: None }).await.unwrap();
    let by = Some(Actor { principal: it.engine.owner(), via: Via::Launcher });
    let (snoozed, row) = (detail().await, detail().await.row.unwrap());
    assert_eq!((snoozed.snoozed, snoozed.snoozed_by), (row.snoozed, row.snoozed_by.clone()));
    assert_eq!((row.snoozed.is_some(), &row.snoozed_by), (true, &by));
    let board = BoardQuery { snoozed: true, ..BoardQuery::default() };
    let on_board = it.engine.call(board).await.unwrap().sections.into_iter().flat_map(|section| section.rows);
    let on_board: Vec<_> = on_board.filter(|row| row.key.to_string() == PULL).collect();
    assert_eq!(on_board, [row], "the board and the item show the same row");
    let found = it.engine.call(Find { text: "try it".into(), limit: 5 }).await.unwrap().items;
    assert_eq!(
        found.iter().map(|it| it.row.snoozed_by.clone()).collect::<Vec<_>>(),
        [by],
        "so does the launcher"
    );
    let over = crate::store::Snooze::Until(at(0));
    let actor = it.engine.actor(LocalVia::Launcher);
    it.engine.store().snooze(&PULL.parse().unwrap(), Some(over), &actor, at(0)).await.unwrap();
    assert_eq!((detail().await.snoozed, detail().await.snoozed_by), (None, None), "it is over");
    assert_eq!(detail().await.row.unwrap().snoozed_by, None);
    it.engine.stop().await;
}

#[tokio::test]
async fn delivery_actor_is_the_rule_or_the_actor_of_the_run() {
    let rule = "[[rules]]\nname = \"to the room\"\nwhen = \"true\"\npost = [\"room:news\"]\n";
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("ops")).unwrap();
    std::fs::write(folder.path().join("ops/act.toml"), COMMANDS).unwrap();
    let it = Scene::open_in(folder, &format!("{CONFIG}{rule}"), Mode::Serve, &[]).await;
    it.report([incident("db1", IncidentStatus::Triggered, 1)]).await;
    let posts = async || {
        let query = DeliveriesQuery { pending: false, limit: 10, before: None };
        it.engine.call(query).await.unwrap()
    };
    assert_eq!(posts().await[0].actor, Some(Actor::rule("to the room")));
    let what = crate::api::PlanQuery { line: "act".into(), ..Default::default() };
    let start = crate::api::StartRun { what, ..Default::default() };
    let run = it.engine.call_as(LocalVia::Launcher, start).await.unwrap();
    let of_run = posts().await.into_iter().find(|it| it.run.as_ref() == Some(&run.id)).unwrap();
    assert_eq!(of_run.actor, run.actor);
    assert!(matches!(run.actor, Some(Actor { principal: Principal::Unlisted { account: None, .. }, .. })));
    it.engine.stop().await;
}

#[tokio::test]
async fn person_of_the_configuration_is_known_as_soon_as_it_is_applied() {
    let it = scene().await;
    let Principal::Unlisted { account: None, id, .. } = it.engine.owner() else { panic!("nobody is listed") };
    let number: u32 = id.parse().unwrap();
    let person = async || it.engine.call(AccountsQuery {}).await.unwrap().remove(0).person;
    assert_eq!(person().await, None);
    let change = Configure {
        path: vec!["people".into(), "kim".into()],
        value: Some(json!({ "local": number, "forge": "Ana" })),
    };
    it.call(change).await.unwrap();
    let kim = PersonId("kim".into());
    assert_eq!(it.engine.owner(), Principal::Person { id: kim.clone() });
    assert_eq!(person().await, Some(kim), "the forge says that it acts as ana");
    it.engine.stop().await;
}
