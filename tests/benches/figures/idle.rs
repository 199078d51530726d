//! `callboard serve` with three accounts and nothing to do.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use callboard_tests::Callboard;
use serde_json::json;

use crate::{
    Args, data,
    figure::{Figure, Goal, Samples},
    machine, stub,
};

pub(crate) fn measure(args: &Args) -> Result<Vec<Figure>> {
    let during = Duration::from_secs(if args.quick { 10 } else { 60 });
    data::runtime()?.block_on(async {
        let github = stub::serve(async |request: stub::StubRequest| match request.head.uri.path() {
            "/user" => stub::json(&json!({ "login": "ana" })),
            "/repos/acme/web" => stub::json(&json!({ "full_name": "acme/web", "default_branch": "main" })),
            "/repos/acme/web/actions/runs" => stub::json(&json!({ "total_count": 0, "workflow_runs": [] })),
            _ => stub::json(&json!([])),
        });
        let alerts = stub::serve(async |request: stub::StubRequest| match request.head.uri.path() {
            "/api/v2/status" => stub::json(&json!({ "versionInfo": { "version": "0.28.1" } })),
            _ => stub::json(&json!([])),
        });
        let chat = stub::serve(async |_| stub::json(&json!({ "ok": true, "url": "https://acme.slack.example/", "team": "acme", "user": "callboard" })));
        let config = format!(
            "[receive]\nlisten = \"127.0.0.1:0\"\n[secrets]\nstore = \"env\"\n\
             [accounts.forge]\nservice = \"github\"\nurl = \"{}\"\nwatch = [\"acme/web\"]\n\
             [accounts.alerts]\nservice = \"alertmanager\"\nurl = \"{}\"\n[accounts.chat]\nservice = \"slack\"\nurl = \"{}\"\n",
            github.await?,
            alerts.await?,
            chat.await?
        );
        let secrets = [("CALLBOARD_SECRET_FORGE_TOKEN", "bench"), ("CALLBOARD_SECRET_CHAT_TOKEN", "xoxb-bench")];
        let callboard = Arc::new(Callboard::new(&config)?.env(secrets));
        let starting = Arc::clone(&callboard);
        let serving = tokio::task::spawn_blocking(move || starting.serve()).await??;
        // The first polls, the first pruning and the index are behind it then.
        tokio::time::sleep(Duration::from_secs(5)).await;
        let (time, wakes) = (machine::processor_time(serving.id())?, machine::wake_ups(serving.id())?);
        tokio::time::sleep(during).await;
        let (rss, pss) = machine::memory(serving.id())?;
        let seconds = during.as_secs_f64();
        let used = (machine::processor_time(serving.id())? - time) / seconds * 100.0;
        let woken = machine::wake_ups_since(&wakes, &machine::wake_ups(serving.id())?) as f64 / seconds;
        let on = format!("`callboard serve` with GitHub, Alertmanager (polled every minute) and Slack, over {seconds:.0} s, 5 s after its start");
        let one = |name: &str, unit, value| Figure::new(name, unit, Samples::one(value), on.clone());
        Ok(vec![
            one("idle: processor", "% of a core", used).goal(Goal::AtMost(0.1)),
            one("idle: wake-ups, all threads", "1/s", woken),
            one("idle: memory, resident", "MB", rss),
            one("idle: memory, proportional share", "MB", pss).goal(Goal::AtMost(50.0)),
        ])
    })
}
