//! Accounts added, changed and removed: whole, or not at all.

use callboard_domain::{error::ServiceError, origin::Origin};
use serde_json::{Value, json};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

use super::*;
use crate::{
    api::{
        AccountInfo, AccountsQuery, AddAccount, ApiError, EditAccount, Health, ItemQuery, PollNow,
        RemoveAccount, Secret, SetSecret, TestAccount,
    },
    store::Store,
};

const FILE: &str = "# Ours.\n[channels] # by name\nnews = \"room:news\"\n";

fn add(name: &str, service: &str, settings: Value, secrets: &[(&str, &str)]) -> AddAccount {
    AddAccount {
        name: name.into(),
        service: service.into(),
        settings: serde_json::from_value(settings).unwrap(),
        secrets: secrets
            .iter()
            .map(|(field, secret)| ((*field).to_owned(), Secret((*secret).into())))
            .collect(),
    }
}

async fn accounts(it: &Scene) -> Vec<AccountInfo> {
    it.call(AccountsQuery {}).await.unwrap()
}

async fn secret(it: &Scene, account: &str, field: &str) -> Option<String> {
    use callboard_domain::secret::ExposeSecret;
    let kept = it.engine.active().secrets.get(account, field).await.unwrap();
    kept.map(|secret| secret.expose_secret().to_owned())
}

#[tokio::test]
async fn an_account_is_added_changed_and_removed() {
    let it = Scene::open(FILE, Mode::Once, &[]).await;
    let settings = json!({ "watch": ["acme/web"], "every": "5m" });
    let added = it.call(add("forge", "github", settings, &[("token", " t1\n")])).await.unwrap();
    assert_eq!(
        (added.health, added.secrets_set, added.watched),
        (Health::New, vec!["token".to_owned()], true)
    );
    assert_eq!(added.settings["watch"], json!(["acme/web"]));
    assert_eq!(secret(&it, "forge", "token").await.as_deref(), Some("t1"), "without what surrounds it");
    let config = it.config();
    assert!(config.starts_with(FILE) && config.contains("[accounts.forge]"), "{config}");
    assert!(!config.contains("t1"));

    let settings = [("every".to_owned(), Value::Null), ("watch".to_owned(), json!(["acme/api"]))].into();
    let edited = it.call(EditAccount { account: "forge".into(), settings }).await.unwrap();
    assert_eq!(edited.settings["watch"], json!(["acme/api"]));
    assert!(!it.config().contains("every") && it.config().starts_with(FILE));

    let set = |secret: Option<&str>| SetSecret {
        account: "forge".into(),
        field: "token".into(),
        secret: secret.map(|secret| Secret(secret.into())),
    };
    let without = it.call(set(None)).await.unwrap();
    assert!(matches!(without.health, Health::Incomplete { .. }) && without.secrets_set.is_empty());
    let with = it.call(set(Some("t2"))).await.unwrap();
    assert_eq!((with.health, with.secrets_set.len()), (Health::New, 1));

    it.call(RemoveAccount { account: "forge".into() }).await.unwrap();
    assert!(accounts(&it).await.is_empty());
    assert_eq!(secret(&it, "forge", "token").await, None);
    assert!(it.config().starts_with(FILE) && !it.config().contains("forge"));
    it.engine.stop().await;
}

#[tokio::test]
async fn account_says_which_secrets_it_lacks_and_whether_it_signs_in() {
    let it = Scene::open("", Mode::Once, &[]).await;
    let pager = json!({ "url": "http://127.0.0.1:1" });
    let ci = json!({ "url": "http://127.0.0.1:1", "user": "ana" });
    // service, settings, secrets -> the secrets of which one is missing, whether it signs in
    type Given<'s> = &'s [(&'s str, &'s str)];
    let cases: [(&str, Value, Given<'_>, &[&str], bool); 8] = [
        ("slack", json!({}), &[], &["token", "webhook_url"], false),
        ("slack", json!({}), &[("token", "xoxb-1")], &[], true),
        ("slack", json!({}), &[("webhook_url", "https://hooks.example/1")], &[], true),
        ("jenkins", ci.clone(), &[], &["token", "password"], false),
        ("jenkins", ci, &[("password", "p")], &[], true),
        ("jenkins", pager.clone(), &[], &[], false),
        // That one only checks what comes in.
        ("alertmanager", pager.clone(), &[("webhook_secret", "w")], &[], false),
        ("alertmanager", pager, &[("token", "t")], &[], true),
    ];
    for (n, (service, settings, secrets, missing, signs_in)) in cases.into_iter().enumerate() {
        let name = format!("a{n}");
        let added = it.call(add(&name, service, settings, secrets)).await.unwrap();
        assert_eq!(added.missing_secrets, missing, "{name} {service}");
        assert_eq!(added.has_credential, Some(signs_in), "{name} {service}");
    }
    it.engine.stop().await;
}

#[tokio::test]
async fn failed_test_of_a_new_account_is_its_health() {
    // A port at which nobody listens any more.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let config =
        format!("{FILE}[accounts.pager]\nservice = \"alertmanager\"\nurl = \"http://127.0.0.1:{port}\"\n");
    let it = Scene::open(&config, Mode::Once, &[]).await;
    let health = async || accounts(&it).await.remove(0).health;
    assert_eq!(health().await, Health::New);
    let refused = it.call(TestAccount { account: "pager".into() }).await.unwrap_err();
    let ApiError::Service { error: refusal, .. } = refused else { panic!("{refused:?}") };
    let found = health().await;
    assert!(
        matches!(&found, Health::Trouble { error, .. } if *error == refusal),
        "{found:?}, not {refusal:?}"
    );
    // Once it answers, that is over.
    it.engine.store().first_answered(&"pager".into()).await.unwrap();
    assert_eq!(health().await, Health::New);
    it.engine.stop().await;
}

/// What the service answers when the account is polled, and again when it is tested: it is well after that.
#[tokio::test]
async fn account_that_was_in_trouble_is_read_as_soon_as_its_test_succeeds() {
    for status in [503, 401, 403, 429] {
        let server = MockServer::start().await;
        let config = format!("[accounts.pager]\nservice = \"alertmanager\"\nurl = \"{}\"\n", server.uri());
        let it = Scene::open(&config, Mode::Once, &[]).await;
        let health = async || accounts(&it).await.remove(0).health;
        changed::lists(&server, &[]).await;
        it.call(PollNow::default()).await.unwrap();
        assert_eq!(health().await, Health::Ok, "{status}");
        server.reset().await;
        Mock::given(any()).respond_with(ResponseTemplate::new(status)).mount(&server).await;
        it.call(PollNow::default()).await.unwrap();
        assert!(matches!(health().await, Health::Trouble { .. }), "{status}");
        changed::lists(&server, &[]).await;
        let tested = it.call(TestAccount { account: "pager".into() }).await;
        assert_eq!(health().await, Health::Ok, "{status}: {tested:?}");
        it.engine.stop().await;
    }
}

#[tokio::test]
async fn account_that_was_told_to_wait_is_left_alone_after_a_restart_until_its_test_succeeds() {
    let server = MockServer::start().await;
    changed::lists(&server, &[]).await;
    let asked = async || server.received_requests().await.unwrap().len();
    let config =
        format!("[accounts.pager]\nservice = \"alertmanager\"\nurl = \"{}\"\nevery = \"1s\"\n", server.uri());
    let Scene { engine, folder, .. } = Scene::open(&config, Mode::Once, &[]).await;
    let (now, retry_after) = (Timestamp::now(), Duration::from_secs(3_000));
    let limited = ServiceError::RateLimited { why: "slow down".into(), retry_after };
    engine.store().poll_failed(&"pager".into(), limited, now).await.unwrap();
    engine.stop().await;
    drop(engine);
    let file = folder.path().join("data/callboard.db");
    until("the store is free", async || Store::open(&file, Timestamp::now()).is_ok()).await;

    let it = Scene::open_in(folder, &config, Mode::Serve, &[]).await;
    let is_told = |account: &AccountInfo| {
        let Health::Trouble { next_try: Some(at), .. } = &account.health else { return false };
        at.duration_since(now).as_secs() > 2_000
    };
    until("its next poll is known", async || accounts(&it).await.iter().any(is_told)).await;
    assert_eq!(asked().await, 0);

    it.call(TestAccount { account: "pager".into() }).await.unwrap();
    assert_eq!(accounts(&it).await.remove(0).health, Health::Ok);
    let before = asked().await;
    until("it is polled at its usual pace", async || asked().await > before).await;
    it.engine.stop().await;
}

#[tokio::test]
async fn refused_account_change_leaves_nothing_behind() {
    let it = Scene::open(
        &format!("{FILE}team = \"chat:#team\"\n[accounts.chat]\nservice = \"slack\"\n"),
        Mode::Once,
        &[("chat", "token", "xoxb-1")],
    )
    .await;
    let before = it.config();
    let refusals = [
        (add("forge", "githup", json!({}), &[]), "did you mean `github`"),
        (add("forge", "github", json!({ "wach": [] }), &[("token", "t")]), "did you mean `watch`"),
        (add("forge", "github", json!({ "url": "https://github.com" }), &[("token", "t")]), "its API is"),
        (add("forge", "github", json!({}), &[("tokn", "t")]), "did you mean `token`"),
        (add("chat", "github", json!({}), &[("token", "t")]), "already"),
        (add("a b", "github", json!({}), &[("token", "t")]), "letters, digits"),
        (add("forge", "jenkins", json!({}), &[]), "url"),
        (
            add("pager", "alertmanager", json!({ "url": "http://127.0.0.1:1/x?y=1" }), &[]),
            "without anything after ?",
        ),
        (
            add("pager", "alertmanager", json!({ "url": "http://127.0.0.1:1/x#y" }), &[]),
            "without anything after ? or #",
        ),
    ];
    for (add, why) in refusals {
        let (name, service) = (add.name.clone(), add.service.clone());
        let refused = it.call(add).await.unwrap_err().to_string();
        assert!(refused.contains(why), "{service}: {refused}");
        assert_eq!(it.config(), before);
        let kept = secret(&it, name.as_str(), "token").await;
        assert_eq!(kept, (name.as_str() == "chat").then(|| "xoxb-1".to_owned()), "{service}");
    }
    // A channel still names it.
    let removed = it.call(RemoveAccount { account: "chat".into() }).await;
    assert!(matches!(removed, Err(ApiError::Config { .. })), "{removed:?}");
    assert_eq!(secret(&it, "chat", "token").await.as_deref(), Some("xoxb-1"));
    let unknown = it.call(RemoveAccount { account: "caht".into() }).await.unwrap_err();
    assert!(unknown.to_string().contains("did you mean `chat`"), "{unknown}");
    assert_eq!(accounts(&it).await.len(), 1);
    it.engine.stop().await;
}

#[tokio::test]
async fn where_the_last_step_fails_the_first_ones_are_undone() {
    let it = Scene::open("", Mode::Once, &[]).await;
    // The file would be good; the store is not, so that nothing can be applied.
    it.engine.store().close().await;
    let before = it.config();
    let refused = it.call(add("forge", "github", json!({}), &[("token", "t")])).await;
    assert!(matches!(refused, Err(ApiError::Internal { .. })), "{refused:?}");
    assert_eq!((it.config(), secret(&it, "forge", "token").await), (before, None));
    assert!(it.engine.active().accounts.is_empty());
    it.engine.stop().await;
}

#[tokio::test]
async fn one_bad_command_file_leaves_out_its_own_commands_only() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("ops")).unwrap();
    let command = |name: &str, more: &str| {
        format!(
            "[[command]]\nname = {name:?}\nsummary = \"Do it\"\nusage = {name:?}\n{more}run.exec.argv = [\"true\"]\n"
        )
    };
    let write =
        |file: &str, text: String| std::fs::write(folder.path().join("ops").join(file), text).unwrap();
    write("good.toml", command("fine", ""));
    write("bad.toml", command("broken", "colour = \"red\"\n") + &command("beside", ""));
    let it = Scene::open_in(folder, "[commands]\ndirs = [\"ops\"]\n", Mode::Once, &[]).await;
    let names: Vec<String> =
        it.engine.active().registry.entries().iter().map(|it| it.spec.name.clone()).collect();
    assert_eq!(names, ["fine"]);
    let status = it.call(crate::api::StatusQuery {}).await.unwrap();
    let [error] = &status.errors[..] else { panic!("{:?}", status.errors) };
    assert!(error.file.ends_with("ops/bad.toml") && error.what.contains("colour"), "{error:?}");
    let checks = it.call(crate::api::Doctor {}).await.unwrap();
    assert!(checks.iter().any(|check| check.name == "command files" && check.found.contains("bad.toml")));
    let prepare = crate::api::PlanQuery { line: "broken".into(), ..Default::default() };
    let refused = it.call(prepare).await.unwrap_err();
    assert!(refused.to_string().contains("bad.toml"), "{refused}");
    it.engine.stop().await;
}

#[tokio::test]
async fn origin_key_does_not_depend_on_the_account_name() {
    let on = async |account: &str, url: &str| {
        let config = format!("[accounts.{account}]\nservice = \"alertmanager\"\nurl = \"{url}\"\n");
        let it = Scene::open(&config, Mode::Once, &[]).await;
        assert_eq!(accounts(&it).await.remove(0).origin, None, "it was never read");
        let mut item = incident("db1", IncidentStatus::Triggered, 1);
        item.key.account = account.into();
        let key = item.key.clone();
        it.report([item]).await;
        let me = Identity::default();
        let origin = it.engine.active().accounts[&key.account].config.origin(Some(&me));
        let store = it.engine.store();
        store.identified(&key.account, me, origin.clone(), Timestamp::now()).await.unwrap();
        let detail = it.call(ItemQuery::of(key.to_string())).await.unwrap();
        assert_eq!((&detail.origin, accounts(&it).await.remove(0).origin), (&origin, origin.clone()));
        it.engine.stop().await;
        detail.origin.expect("an origin").key(&key)
    };
    let here = on("pager", "http://127.0.0.1:1/alerts/").await;
    assert_eq!(here.origin.to_string(), "alertmanager:http://127.0.0.1:1/alerts");
    assert_eq!(on("alerts", "HTTP://127.1:1/alerts").await, here);
    assert_ne!(on("pager", "http://127.0.0.1:2/alerts").await, here);
}

#[tokio::test]
async fn an_item_comes_from_where_it_was_read() {
    let here = "http://127.0.0.1:1";
    let config = format!("[accounts.pager]\nservice = \"alertmanager\"\nurl = \"{here}\"\n");
    let origin = |url: &str, tenant| Origin::new("alertmanager", &url.parse().unwrap(), tenant);
    // Where the account was found to be. Where its table says is where it is read next.
    let cases = [
        None,
        Some(origin(here, None)),
        Some(origin(here, Some("acme"))),
        Some(origin("http://127.0.0.1:2", None)),
    ];
    for found in cases {
        let it = Scene::open(&config, Mode::Once, &[]).await;
        let item = incident("db1", IncidentStatus::Triggered, 1);
        let key = item.key.clone();
        it.report([item]).await;
        let (store, me) = (it.engine.store(), Identity::default());
        store.identified(&key.account, me, found.clone(), Timestamp::now()).await.unwrap();
        let shown = async || {
            let detail = it.call(ItemQuery::of(key.to_string())).await.unwrap();
            (detail.origin, accounts(&it).await.remove(0).origin)
        };
        assert_eq!(shown().await, (found.clone(), found.clone()));
        // Pointed elsewhere, it was not read there yet.
        let settings = [("url".to_owned(), json!("http://127.0.0.1:3"))].into();
        it.call(EditAccount { account: "pager".into(), settings }).await.unwrap();
        assert_eq!(shown().await, (found.clone(), found), "pointed elsewhere");
        it.engine.stop().await;
    }
}
