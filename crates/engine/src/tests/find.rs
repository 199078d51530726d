//! The launcher's search, from the store and the registry as they are now.

use super::*;
use crate::{
    api::{Find, Found},
    clients::find::fuzzy::shown,
};

const DEPLOY: &str = r#"
[[command]]
name = "deploy"
summary = "Deploy an app"
usage = "deploy <app> to <env>"
[command.args.app]
summary = "what"
[command.args.ref]
summary = "which"
default = "main"
[command.args.env]
summary = "where"
choices = ["staging", "production"]
[command.run.exec]
argv = ["echo", "{{ app }}", "{{ ref }}", "{{ env }}"]
"#;

/// A command on a build, with what else its table says.
fn on_build(usage: &str, summary: &str, more: &str) -> String {
    let name = usage.split(' ').next().unwrap();
    format!(
        "[[command]]\nname = {name:?}\nsummary = {summary:?}\nusage = {usage:?}\nargs.job.type = \"build\"\n{more}\n"
    )
}

fn commands() -> String {
    let log = r#"role = "log"
effect = "reads"
run.exec.argv = ["printf", "compiling {{ job }}\\nerror: no such thing\\nended\\n"]"#;
    let again = r#"role = "again"
run.exec.argv = ["true", "{{ job }}"]"#;
    let blame = r#"args.who = {}
run.exec.argv = ["true", "{{ job }}", "{{ who }}"]"#;
    [
        DEPLOY.to_owned(),
        on_build("why <job>", "Why a build failed", log),
        on_build("again <job>", "Build it again", again),
        on_build("blame <job> <who>", "Say whose it is", blame),
    ]
    .concat()
}

/// A scene with the commands above.
pub(super) async fn with_commands() -> Scene {
    Scene::with_commands(&commands(), Mode::Serve).await
}

async fn find(it: &Scene, text: &str) -> Found {
    it.call(Find { text: text.into(), limit: 5 }).await.unwrap()
}

#[tokio::test]
async fn stored_items_are_found_by_a_few_letters() {
    let it = with_commands().await;
    assert_eq!(find(&it, "").await, Found::default());
    let found = find(&it, "dep").await;
    assert_eq!(
        (shown(&found.commands[0].title).as_str(), found.completion.as_deref()),
        ("[dep]loy", Some("deploy"))
    );
    assert_eq!(found.commands[0].takes, "app, env, [ref]");
    assert_eq!(find(&it, "deploy api to st").await.completion.as_deref(), Some("deploy api to staging"));

    it.report([build("acme/web", &[BuildStatus::Failed]), pull(479, "Cache the cart", &["ana"])]).await;
    until("the new items are found", async || !find(&it, "wm").await.items.is_empty()).await;
    let found = find(&it, "cart").await;
    assert_eq!(shown(&found.items[0].title), "Cache the [cart]");
    assert_eq!(found.items[0].row.turn.as_ref().map(|turn| turn.what.as_str()), Some("your review"));

    let run = crate::api::StartRun {
        what: crate::api::PlanQuery { line: "deploy api to staging".into(), ..Default::default() },
        ..Default::default()
    };
    it.call(run).await.unwrap();
    until("the line is found again", async || {
        find(&it, "api stag").await.runs.first().is_some_and(|run| run.line == "deploy api to staging")
    })
    .await;
    it.engine.stop().await;
}

#[tokio::test]
async fn text_that_no_row_shows_is_found() {
    let it = Scene::serving().await;
    let mut alert = incident("db1", IncidentStatus::Triggered, 1);
    if let Detail::Incident(incident) = &mut alert.detail {
        incident.labels.insert("alertname".into(), "VolumeAlmostGone".into());
    }
    it.report([alert]).await;
    let mut found = Found::default();
    until("it is found", async || {
        found = find(&it, "volumealmost").await;
        !found.items.is_empty()
    })
    .await;
    assert_eq!(shown(&found.items[0].title), "Disk of db1 is full", "nothing of the title is what was typed");
    assert_eq!(found.items_total, Some(1));
    it.engine.stop().await;
}

#[tokio::test]
async fn a_title_is_found_however_long_it_is() {
    let it = Scene::serving().await;
    let title = "volume is almost gone ".repeat(12).trim().to_owned();
    it.report([Item { title: title.clone(), ..incident("db1", IncidentStatus::Triggered, 1) }]).await;
    until("it is found", async || find(&it, &title).await.items.len() == 1).await;
    it.engine.stop().await;
}

#[tokio::test]
async fn an_old_item_is_found_before_what_only_shares_letters_and_counted_only_where_all_are() {
    let it = Scene::serving().await;
    let titled = |id: &str, title: String, status| Item { title, ..incident(id, status, 1) };
    let old = titled("old", "Load is <@here> quiz".into(), IncidentStatus::Resolved);
    it.report([old]).await;
    // More than are looked through in memory, and stored later.
    let newer =
        |n: usize| titled(&format!("n{n}"), format!("Alert {n}: late on a disk"), IncidentStatus::Triggered);
    let batch = Batch { snapshots: (0..60).map(newer).collect(), ..Batch::default() };
    let (watcher, now) = (&it.engine.inner.watcher, Timestamp::now());
    watcher.ingest(&"pager".into(), batch, Watched::all(), now, Default::default()).await.unwrap();
    // typed -> the first one, whether the items come before the commands, and what is said of how many there are
    let cases = [
        ("Load is", Some("old"), true, None),
        ("<@here> quiz", Some("old"), true, Some(Some(1))),
        ("Alert 57", Some("n57"), true, None),
        ("late on a disk", None, true, Some(None)),
        ("zebra crossing", None, false, Some(Some(0))),
    ];
    for (typed, first, items_first, total) in cases {
        until(typed, async || {
            let found = find(&it, typed).await;
            let id = found.items.first().map(|it| it.row.key.id.as_str());
            (first.is_none() || id == first)
                && found.items_first == items_first
                && total.is_none_or(|total| found.items_total == total)
        })
        .await;
    }
    it.engine.stop().await;
}
