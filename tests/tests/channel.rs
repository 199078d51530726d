//! What is posted in a channel: one thread for each item, nothing that is over by the time it can be posted, and one digest
//! for a night offline. With a Slack that can be down, and a pager played by the test.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use anyhow::{Context, Result};
use callboard_tests::{Answer, Callboard, PATIENCE, Request, Serving, StandIn, wait_until, webhook};
use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;
use serde_json::{Value, json};

const PAGER_TOKEN: &str = "hush-pager";

/// How the chat answers a post.
#[derive(Default)]
struct Behaviour {
    /// It refuses the post, and asks for another try after a second.
    limited: AtomicBool,
    /// It closes the connection without an answer.
    silent: AtomicBool,
}

/// A team's pager and chat, and the program between them.
struct Scene {
    chat: StandIn,
    behaviour: Arc<Behaviour>,
    /// What Alertmanager lists.
    alerts: Arc<Mutex<Vec<Value>>>,
    callboard: Callboard,
}

impl Scene {
    fn new() -> Result<Scene> {
        let behaviour = Arc::new(Behaviour::default());
        let chat = slack(Arc::clone(&behaviour))?;
        let alerts = Arc::new(Mutex::new(Vec::new()));
        let listed = Arc::clone(&alerts);
        let pager = StandIn::start(move |request| match request.path.contains("/alerts") {
            true => Answer::json(
                200,
                &Value::Array(listed.lock().unwrap_or_else(PoisonError::into_inner).clone()),
            ),
            false => Answer::json(200, &json!({ "versionInfo": { "version": "0.28.0" } })),
        })?;
        let config = format!(
            "[accounts.chat]\nservice = \"slack\"\nurl = \"{}/api\"\n\
             [accounts.pager]\nservice = \"alertmanager\"\nurl = \"{}\"\nevery = \"24h\"\n\
             [receive]\nlisten = \"127.0.0.1:0\"\n[secrets]\nstore = \"env\"\n\
             [[rules]]\nname = \"all\"\nwhen = 'item.kind == \"incident\"'\ndo = \"show\"\npost = [\"chat:#ops\"]\n",
            chat.url(),
            pager.url()
        );
        let callboard = Callboard::new(&config)?.env([
            ("CALLBOARD_SECRET_CHAT_TOKEN", "xoxb-1-of-the-tests"),
            ("CALLBOARD_SECRET_PAGER_WEBHOOK_SECRET", PAGER_TOKEN),
        ]);
        Ok(Scene { chat, behaviour, alerts, callboard })
    }

    /// Serves, once the pager has been read.
    fn serve(&self) -> Result<Serving> {
        let started = Timestamp::now();
        let serving = self.callboard.serve()?;
        wait_until("the first poll", PATIENCE, || {
            let polled: Timestamp =
                self.callboard.account("pager").ok()?["last_ok"].as_str()?.parse().ok()?;
            (polled >= started).then_some(())
        })?;
        Ok(serving)
    }

    /// Alertmanager's webhook: these alerts fire, or are over.
    fn webhook(&self, serving: &Serving, names: &[&str], since: Timestamp, over: bool) -> Result<()> {
        let mut body = webhook::firing_since(since, names);
        if over {
            body["status"] = json!("resolved");
            for alert in body["alerts"].as_array_mut().context("alerts")? {
                alert["status"] = json!("resolved");
                alert["endsAt"] = json!(Timestamp::now().to_string());
            }
        }
        let answer = webhook::alertmanager(&format!("{}/hooks/pager", serving.url()), PAGER_TOKEN, &body)?;
        assert_eq!(answer.status, 200, "{answer:?}");
        Ok(())
    }

    /// The deliveries, the oldest first.
    fn deliveries(&self) -> Result<Vec<Value>> {
        let mut printed = self.callboard.json(&["deliveries", "--limit", "100"])?;
        let mut all: Vec<Value> = printed[0].as_array_mut().context("a list")?.drain(..).collect();
        all.reverse();
        Ok(all)
    }

    /// Waits until so many deliveries are recorded and none is pending, and returns them.
    fn finished(&self, count: usize) -> Result<Vec<Value>> {
        wait_until(&format!("{count} deliveries"), PATIENCE, || {
            let all = self.deliveries().ok()?;
            let is_pending =
                |it: &&Value| ["pending", "sending"].map(Value::from).contains(&it["state"]["state"]);
            (all.len() == count && !all.iter().any(|it| is_pending(&it))).then_some(all)
        })
    }

    fn bodies(&self, method: &str) -> Vec<Value> {
        let sent = |request: &Request| -> Option<Value> {
            request.path.ends_with(method).then(|| serde_json::from_str(&request.body).ok())?
        };
        self.chat.requests().iter().filter_map(sent).collect()
    }
}

fn slack(behaviour: Arc<Behaviour>) -> Result<StandIn> {
    let posts = AtomicUsize::new(1);
    StandIn::start(move |request| match request.path.rsplit('/').next() {
        Some("auth.test") => Answer::json(
            200,
            &json!({ "ok": true, "url": "https://acme.slack.com/", "team": "Acme", "user": "bell", "bot_id": "B1" }),
        ),
        Some("chat.postMessage") if behaviour.limited.load(Ordering::SeqCst) => {
            Answer::new(429, &[("Retry-After", "1")], "")
        }
        Some("chat.postMessage") if behaviour.silent.load(Ordering::SeqCst) => Answer::nothing(),
        Some("chat.postMessage") => {
            let ts = format!("1700000000.{:06}", posts.fetch_add(1, Ordering::SeqCst));
            Answer::json(200, &json!({ "ok": true, "channel": "C012345678", "ts": ts }))
        }
        Some("chat.update") => {
            Answer::json(200, &json!({ "ok": true, "channel": "C012345678", "ts": "1700000000.000001" }))
        }
        // The token may post, but not read the history.
        _ => {
            Answer::json(200, &json!({ "ok": false, "error": "missing_scope", "needed": "channels:history" }))
        }
    })
}

/// An alert as Alertmanager lists it, firing since then.
fn alert(name: &str, since: Timestamp) -> Value {
    let mut alert = webhook::firing_since(since, &[name])["alerts"][0].take();
    alert["status"] = json!({ "state": "active", "silencedBy": [], "inhibitedBy": [] });
    alert["updatedAt"] = json!(Timestamp::now().to_string());
    alert["receivers"] = json!([{ "name": "team" }]);
    alert
}

fn state(delivery: &Value) -> &str {
    delivery["state"]["state"].as_str().unwrap_or_default()
}

fn text(message: &Value) -> &str {
    message["text"].as_str().unwrap_or_default()
}

#[test]
fn night_offline_is_posted_as_one_digest() -> Result<()> {
    let it = Scene::new()?;
    assert!(it.serve()?.stop()?.success());
    // As if the account had been watched since yesterday.
    let file = it.callboard.data().join("callboard.db");
    let day = 86_400_000_000_i64;
    Connection::open(&file)?.execute("UPDATE sources SET baseline_at = baseline_at - ?1", [day])?;
    let ago = |minutes| Timestamp::now() - SignedDuration::from_mins(minutes);
    *it.alerts.lock().unwrap() =
        (1..=14).map(|number| alert(&format!("Night{number:02}"), ago(40 + 30 * number))).collect();
    let serving = it.serve()?;
    // Somebody writes in another channel meanwhile, and is not kept waiting.
    assert_eq!(it.callboard.cmd(&["post", "chat:#talk", "good morning"])?.code, Some(0));

    let all = it.finished(15)?;
    let posts = it.bodies("chat.postMessage");
    let ops: Vec<&Value> = posts.iter().filter(|post| post["channel"] == "ops").collect();
    let [digest] = &ops[..] else { panic!("one message: {ops:#?}") };
    let digest_text = text(digest);
    assert!(digest_text.contains("14 events, posted late (from "), "{digest_text}");
    assert!(digest_text.contains("Night01") && digest_text.contains("Night14"), "{digest_text}");
    let digested: Vec<&Value> = all.iter().filter(|it| state(it) == "digested").collect();
    let root =
        all.iter().find(|it| state(it) == "posted" && it["address"] == "chat:#ops").context("the digest")?;
    assert_eq!(digested.len(), 13);
    assert!(digested.iter().all(|it| it["state"]["into"] == root["id"]), "{digested:#?}");
    let shown = it.callboard.cmd(&["deliveries"])?.stdout;
    assert!(shown.contains(&format!("in the digest {}", root["id"].as_str().unwrap_or_default())), "{shown}");

    // Nothing is posted again, now or after another start.
    assert!(serving.stop()?.success());
    let serving = it.serve()?;
    assert_eq!(it.deliveries()?.len(), 15);
    assert!(serving.stop()?.success());
    Ok(())
}

#[test]
fn moot_event_is_not_posted() -> Result<()> {
    let it = Scene::new()?;
    let serving = it.serve()?;
    let since = Timestamp::now();
    it.behaviour.limited.store(true, Ordering::SeqCst);
    it.webhook(&serving, &["Brief"], since, false)?;
    wait_until("a try", PATIENCE, || (!it.bodies("chat.postMessage").is_empty()).then_some(()))?;
    it.webhook(&serving, &["Lasting"], since, false)?;
    it.webhook(&serving, &["Brief"], since, true)?;
    let tried = it.bodies("chat.postMessage").len();
    it.behaviour.limited.store(false, Ordering::SeqCst);

    let all = it.finished(3)?;
    let reasons: Vec<_> =
        all.iter().map(|it| (state(it).to_owned(), it["state"]["reason"].clone())).collect();
    let over = json!({ "why": "over", "status": "resolved" });
    assert_eq!(
        reasons,
        [
            ("moot".to_owned(), over),
            ("posted".to_owned(), Value::Null),
            ("moot".to_owned(), json!({ "why": "orphaned" }))
        ]
    );
    let posts = it.bodies("chat.postMessage").split_off(tried);
    assert!(posts.iter().any(|post| text(post).contains("Lasting")), "{posts:#?}");
    assert!(!posts.iter().skip(1).any(|post| text(post).contains("Brief")), "{posts:#?}");
    let shown = it.callboard.cmd(&["deliveries"])?.stdout;
    assert!(shown.contains("not posted: by then it was resolved"), "{shown}");
    let id = all[0]["id"].as_str().context("an id")?;
    let retried = it.callboard.cmd(&["retry", id])?;
    assert!(retried.code == Some(2) && retried.stderr.contains("by then it was resolved"), "{retried:?}");
    assert!(serving.stop()?.success());
    Ok(())
}

#[test]
fn events_of_an_item_are_posted_in_one_thread_in_order() -> Result<()> {
    let it = Scene::new()?;
    let serving = it.serve()?;
    let since = Timestamp::now();
    it.webhook(&serving, &["Disk"], since, false)?;
    it.finished(1)?;
    it.webhook(&serving, &["Disk"], since, true)?;
    let all = it.finished(2)?;
    assert_eq!(all[1]["under"], all[0]["id"]);
    let posts = it.bodies("chat.postMessage");
    assert_eq!(posts[0].get("thread_ts"), None);
    assert_eq!(posts[1]["thread_ts"], "1700000000.000001");
    // The first message shows the present state.
    let edits = it.bodies("chat.update");
    assert_eq!(edits.len(), 1, "{edits:#?}");
    assert_eq!(edits[0]["ts"], "1700000000.000001");
    assert!(
        text(&edits[0]).contains("triggered (critical)") && text(&edits[0]).contains("now: resolved"),
        "{edits:#?}"
    );
    // A new occurrence begins a new thread.
    it.webhook(&serving, &["Disk"], Timestamp::now(), false)?;
    let all = it.finished(3)?;
    assert_eq!(all[2].get("under").cloned().unwrap_or_default(), Value::Null);
    assert_eq!(it.bodies("chat.postMessage")[2].get("thread_ts"), None);
    assert!(serving.stop()?.success());
    Ok(())
}

#[test]
fn reply_whose_root_is_uncertain_is_posted_on_its_own() -> Result<()> {
    let it = Scene::new()?;
    let serving = it.serve()?;
    let since = Timestamp::now();
    it.behaviour.silent.store(true, Ordering::SeqCst);
    it.webhook(&serving, &["Disk"], since, false)?;
    let unknown = || it.deliveries().ok().filter(|all| all.len() == 1 && state(&all[0]) == "unknown");
    wait_until("the root to be unknown", PATIENCE, unknown)?;
    it.behaviour.silent.store(false, Ordering::SeqCst);
    it.webhook(&serving, &["Disk"], since, true)?;
    let all = it.finished(2)?;
    assert_eq!((state(&all[0]), state(&all[1])), ("unknown", "posted"), "{all:#?}");
    let posts = it.bodies("chat.postMessage");
    assert_eq!(posts.len(), 2, "what is unknown is not sent again: {posts:#?}");
    assert_eq!(posts[1].get("thread_ts"), None);
    assert!(text(&posts[1]).contains("resolved"), "{posts:#?}");
    assert!(text(&posts[1]).contains("It is not known whether this was posted before: "), "{posts:#?}");
    assert!(serving.stop()?.success());
    Ok(())
}
