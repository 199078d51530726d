//! Webhooks as services send them, for tests that must choose every byte or every moment of one.

use std::fmt::Write;

use anyhow::{Context, Result};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::http::{self, Response};

/// What GitHub puts into `X-Hub-Signature-256`.
pub fn signature(secret: &str, body: &str) -> Result<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).context("any text is a key")?;
    mac.update(body.as_bytes());
    let mut text = "sha256=".to_owned();
    for byte in mac.finalize().into_bytes() {
        write!(text, "{byte:02x}")?;
    }
    Ok(text)
}

/// Sends one as GitHub does, to the URL of an account's hooks.
pub fn github(url: &str, secret: &str, event: &str, delivery: &str, body: &Value) -> Result<Response> {
    let signature = signature(secret, &body.to_string())?;
    let headers =
        [("X-GitHub-Event", event), ("X-GitHub-Delivery", delivery), ("X-Hub-Signature-256", &signature)];
    http::send("POST", url, &headers, Some(body))
}

/// Sends one as Alertmanager does.
pub fn alertmanager(url: &str, token: &str, body: &Value) -> Result<Response> {
    http::send("POST", url, &[("Authorization", &format!("Bearer {token}"))], Some(body))
}

/// GitHub's delivery that octocat has just opened a pull request.
pub fn opened(repo: &str, number: u64, title: &str) -> Value {
    let now = jiff::Timestamp::now().to_string();
    json!({
        "action": "opened",
        "pull_request": {
            "number": number,
            "title": title,
            "state": "open",
            "draft": false,
            "html_url": format!("https://github.com/{repo}/pull/{number}"),
            "user": { "login": "octocat" },
            "head": { "ref": format!("branch-{number}"), "sha": format!("{number:040x}") },
            "base": { "ref": "main", "sha": format!("{:040x}", 0) },
            "created_at": now,
            "updated_at": now,
            "requested_reviewers": [],
            "requested_teams": [],
        },
        "repository": { "full_name": repo, "default_branch": "main" },
        "sender": { "login": "octocat" },
    })
}

/// Alertmanager's webhook about alerts, each named, firing since now, of severity `critical`.
pub fn firing(names: &[&str]) -> Value {
    firing_since(jiff::Timestamp::now(), names)
}

/// The same, firing since that time: sent again, it is the same occurrence.
pub fn firing_since(since: jiff::Timestamp, names: &[&str]) -> Value {
    let now = since.to_string();
    let alert = |name: &&str| {
        json!({
            "status": "firing",
            "labels": { "alertname": name, "severity": "critical" },
            "annotations": {},
            "startsAt": now,
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "",
            "fingerprint": format!("{:016x}", name.bytes().fold(7_u64, |sum, byte| sum * 31 + u64::from(byte))),
        })
    };
    json!({
        "version": "4",
        "groupKey": "{}:{}",
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "callboard",
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://127.0.0.1:9093",
        "alerts": names.iter().map(alert).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_as_github_documents() {
        // The example of docs.github.com, "Validating webhook deliveries".
        let expected = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        assert_eq!(signature("It's a Secret to Everybody", "Hello, World!").unwrap(), expected);
    }
}
