//! The webhooks that the forge sends.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{
    Forge, WEBHOOK_SECRET, wire,
    world::{ENVIRONMENT, Phase, World, hex},
};
use crate::service::Webhook;

impl Forge {
    pub(super) fn send_pull(&self, world: &mut World, repo: &str, number: u64, action: &str) {
        let Some(pull) = world.repos.get(repo).and_then(|repo| repo.pulls.get(&number)) else { return };
        let sender = pull.merged.as_ref().map_or(&pull.author, |(_, by)| by);
        let body = json!({
            "action": action,
            "number": number,
            "pull_request": wire::pull(&self.0.url, repo, pull, wire::Form::Whole),
            "repository": self.repo_json(repo),
            "sender": wire::user(&self.0.url, sender),
        });
        self.send(world, "pull_request", &body);
    }

    pub(super) fn send_run(&self, world: &mut World, repo: &str, id: u64) {
        let runs = world.repos.get(repo).map(|repo| &repo.runs);
        let Some(run) = runs.and_then(|runs| runs.iter().find(|run| run.id == id)) else { return };
        let action = match run.phase {
            Phase::Waiting | Phase::Queued => "requested",
            Phase::Running => "in_progress",
            Phase::Unapproved | Phase::Ended => "completed",
        };
        let body = json!({
            "action": action,
            "workflow_run": wire::run(&self.0.url, repo, run),
            "repository": self.repo_json(repo),
            "sender": wire::user(&self.0.url, &run.actor),
        });
        self.send(world, "workflow_run", &body);
    }

    /// A reviewer's answer to a deployment, or that one is asked for.
    pub(super) fn send_gate(&self, world: &mut World, name: &str, id: u64, action: &str) {
        let Some(repo) = world.repos.get(name) else { return };
        let Some(run) = repo.runs.iter().find(|run| run.id == id) else { return };
        let (url, asker) = (&self.0.url, run.again_by.as_ref().unwrap_or(&run.actor));
        let mut job = json!({
            "environment": ENVIRONMENT,
            "name": ENVIRONMENT,
            "created_at": run.started_at,
            "updated_at": run.updated_at,
        });
        if let Some(own) = wire::jobs(url, name, run).first() {
            for field in ["id", "status", "conclusion", "html_url"] {
                job[field] = own[field].clone();
            }
        }
        let mut body = json!({
            "action": action,
            "since": run.started_at,
            "workflow_run": wire::run(url, name, run),
            "workflow_job_run": job,
            "reviewers": wire::reviewers(url, repo),
            "repository": self.repo_json(name),
        });
        let sender = match run.answers.last().filter(|answer| answer.attempt == run.attempt) {
            Some(answer) => {
                body["workflow_job_runs"] = json!([job]);
                body["approver"] = wire::user(url, &answer.by);
                body["comment"] = json!(answer.comment);
                &answer.by
            }
            None => {
                body["environment"] = json!(ENVIRONMENT);
                body["requestor"] = wire::user(url, asker);
                asker
            }
        };
        body["sender"] = wire::user(url, sender);
        self.send(world, "deployment_review", &body);
    }

    /// Sends a webhook, signed: <https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries>.
    pub(super) fn send(&self, world: &mut World, event: &str, body: &Value) {
        let body = body.to_string();
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(WEBHOOK_SECRET.as_bytes()) else { return };
        mac.update(body.as_bytes());
        let signature = hex(&mac.finalize().into_bytes());
        let delivery = format!("00000000-0000-4000-8000-{:012}", world.count());
        let headers = vec![
            ("x-github-event", event.to_owned()),
            ("x-github-delivery", delivery),
            ("x-hub-signature-256", format!("sha256={signature}")),
        ];
        self.0.webhooks.send(Webhook { headers, body });
    }
}
