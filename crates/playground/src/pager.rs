//! The pager: an Alertmanager. Its API v2 as far as alerts, silences and status go
//! (<https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml>), and its webhooks of version 4.
//!
//! It asks for no credential, as Alertmanager does. What it leaves out: filters of the list, expressions in silences,
//! groups, inhibition.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Json, Router,
    extract::{Path, RawQuery, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::service::{Life, Webhook, Webhooks, listen, lock};

/// The bearer token of its webhooks.
pub(crate) const WEBHOOK_SECRET: &str = "playground-pager-webhooks";

/// An alert as its rule makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alert {
    /// The rule's name.
    pub name: &'static str,
    /// The service that it is about.
    pub service: &'static str,
    /// `critical`, `warning`, `info`.
    pub severity: &'static str,
    /// One line for people.
    pub summary: &'static str,
    /// More.
    pub description: &'static str,
}

impl Alert {
    fn labels(&self) -> BTreeMap<&'static str, &'static str> {
        [("alertname", self.name), ("service", self.service), ("severity", self.severity)].into()
    }

    /// Its id at Alertmanager: a hash of its labels.
    pub fn fingerprint(&self) -> String {
        let labels = self.labels();
        let hash = Sha256::digest(json!(labels).to_string());
        hash[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// The pager, running. A clone is the same one.
#[derive(Debug, Clone)]
pub struct Pager(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    url: String,
    webhooks: Webhooks,
    state: Mutex<PagerState>,
}

#[derive(Debug, Default)]
struct PagerState {
    firing: Vec<(Alert, Timestamp)>,
    silences: Vec<Silence>,
}

#[derive(Debug)]
struct Silence {
    id: String,
    wanted: Wanted,
    updated_at: Timestamp,
}

/// A silence as it is asked for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    matchers: Vec<Matcher>,
    starts_at: Timestamp,
    ends_at: Timestamp,
    created_by: String,
    comment: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Matcher {
    name: String,
    value: String,
    is_regex: bool,
    #[serde(default = "yes")]
    is_equal: bool,
}

fn yes() -> bool {
    true
}

impl Silence {
    fn state(&self, now: Timestamp) -> &'static str {
        match self {
            _ if now >= self.wanted.ends_at => "expired",
            _ if now < self.wanted.starts_at => "pending",
            _ => "active",
        }
    }

    fn covers(&self, alert: &Alert, now: Timestamp) -> bool {
        let labels = alert.labels();
        let matches = |matcher: &Matcher| {
            let value = labels.get(matcher.name.as_str()).copied().unwrap_or_default();
            (value == matcher.value) == matcher.is_equal
        };
        self.state(now) == "active" && self.wanted.matchers.iter().all(matches)
    }

    fn json(&self, now: Timestamp) -> Value {
        let matcher = |matcher: &Matcher| json!({ "name": matcher.name, "value": matcher.value, "isRegex": false, "isEqual": matcher.is_equal });
        json!({
            "id": self.id,
            "status": { "state": self.state(now) },
            "updatedAt": self.updated_at,
            "startsAt": self.wanted.starts_at,
            "endsAt": self.wanted.ends_at,
            "createdBy": self.wanted.created_by,
            "comment": self.wanted.comment,
            "matchers": self.wanted.matchers.iter().map(matcher).collect::<Vec<_>>(),
        })
    }
}

impl PagerState {
    fn silenced_by(&self, alert: &Alert, now: Timestamp) -> Vec<&str> {
        let silences = self.silences.iter().filter(|silence| silence.covers(alert, now));
        silences.map(|silence| silence.id.as_str()).collect()
    }
}

impl Pager {
    pub(crate) async fn start(life: &Life) -> io::Result<Self> {
        let (listener, url) = listen().await?;
        let pager = Self(Arc::new(Inner { url, webhooks: Webhooks::new(life), state: Mutex::default() }));
        let router = Router::new()
            .route("/api/v2/status", get(status))
            .route("/api/v2/alerts", get(alerts))
            .route("/api/v2/silences", get(silences).post(new_silence))
            .route("/api/v2/silence/{id}", get(silence).delete(end_silence))
            .with_state(pager.clone());
        life.serve(listener, router);
        Ok(pager)
    }

    /// Its URL, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.0.url
    }

    pub(crate) fn webhooks(&self) -> &Webhooks {
        &self.0.webhooks
    }

    fn state(&self) -> MutexGuard<'_, PagerState> {
        lock(&self.0.state)
    }

    /// An alert fires, unless it does already.
    pub fn fire(&self, alert: Alert) {
        let now = Timestamp::now();
        let mut state = self.state();
        if state.firing.iter().any(|(other, _)| *other == alert) {
            return;
        }
        state.firing.push((alert, now));
        self.send_webhook(&state, &alert, now, None);
    }

    /// An alert is over: it leaves the list at once.
    pub fn resolve(&self, alert: Alert) {
        let mut state = self.state();
        if let Some(place) = state.firing.iter().position(|(other, _)| *other == alert) {
            let (_, began) = state.firing.remove(place);
            self.send_webhook(&state, &alert, began, Some(Timestamp::now()));
        }
    }

    /// True while the alert fires and no silence covers it.
    pub fn is_active(&self, alert: Alert) -> bool {
        let state = self.state();
        let fires = state.firing.iter().any(|(other, _)| *other == alert);
        fires && state.silenced_by(&alert, Timestamp::now()).is_empty()
    }

    /// Sends the webhook, unless the alert is silenced.
    fn send_webhook(&self, state: &PagerState, alert: &Alert, began: Timestamp, ended: Option<Timestamp>) {
        if !state.silenced_by(alert, Timestamp::now()).is_empty() {
            return;
        }
        let status = if ended.is_some() { "resolved" } else { "firing" };
        let mut row = self.json(alert, began);
        row["status"] = json!(status);
        row["endsAt"] = ended.map_or_else(|| json!("0001-01-01T00:00:00Z"), |at| json!(at));
        let group = json!({ "alertname": alert.name });
        let body = json!({
            "receiver": "callboard",
            "status": status,
            "alerts": [row],
            "groupLabels": group,
            "commonLabels": row["labels"],
            "commonAnnotations": row["annotations"],
            "externalURL": self.0.url,
            "version": "4",
            "groupKey": format!("{{}}:{{alertname={:?}}}", alert.name),
            "truncatedAlerts": 0,
        });
        self.0.webhooks.send(Webhook {
            headers: vec![(header::AUTHORIZATION.as_str(), format!("Bearer {WEBHOOK_SECRET}"))],
            body: body.to_string(),
        });
    }

    fn json(&self, alert: &Alert, began: Timestamp) -> Value {
        json!({
            "fingerprint": alert.fingerprint(),
            "labels": alert.labels(),
            "annotations": { "summary": alert.summary, "description": alert.description },
            "startsAt": began,
            "generatorURL": format!("{}/graph?g0.expr={}", self.0.url, alert.name),
        })
    }
}

async fn status(State(pager): State<Pager>) -> Json<Value> {
    Json(json!({
        "cluster": { "status": "disabled" },
        "versionInfo": { "version": "0.28.1", "branch": "playground" },
        "config": { "original": "" },
        "uptime": pager.state().firing.first().map_or_else(Timestamp::now, |(_, at)| *at),
    }))
}

async fn alerts(State(pager): State<Pager>, RawQuery(query): RawQuery) -> Response {
    if query.is_some_and(|query| query.split('&').any(|pair| pair.starts_with("filter="))) {
        return (StatusCode::BAD_REQUEST, Json("the playground's pager knows no filters")).into_response();
    }
    let (known, now) = (pager.state(), Timestamp::now());
    let row = |(alert, began): &(Alert, Timestamp)| {
        let silenced_by = known.silenced_by(alert, now);
        let state = if silenced_by.is_empty() { "active" } else { "suppressed" };
        let mut row = pager.json(alert, *began);
        row["endsAt"] = json!(now + std::time::Duration::from_secs(300));
        row["updatedAt"] = json!(began);
        row["receivers"] = json!([{ "name": "callboard" }]);
        row["status"] = json!({ "state": state, "silencedBy": silenced_by, "inhibitedBy": [] });
        row
    };
    Json(known.firing.iter().map(row).collect::<Vec<_>>()).into_response()
}

async fn silences(State(pager): State<Pager>) -> Json<Vec<Value>> {
    let now = Timestamp::now();
    Json(pager.state().silences.iter().map(|silence| silence.json(now)).collect())
}

async fn silence(State(pager): State<Pager>, Path(id): Path<String>) -> Response {
    let state = pager.state();
    match state.silences.iter().find(|silence| silence.id == id) {
        Some(silence) => Json(silence.json(Timestamp::now())).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn new_silence(State(pager): State<Pager>, Json(wanted): Json<Wanted>) -> Response {
    let refuse = |why: &str| (StatusCode::BAD_REQUEST, Json(why.to_owned())).into_response();
    let now = Timestamp::now();
    if wanted.ends_at <= now || wanted.ends_at <= wanted.starts_at {
        return refuse("end time must be after start time and in the future");
    }
    if wanted.matchers.is_empty() || wanted.matchers.iter().any(|matcher| matcher.is_regex) {
        return refuse("at least one matcher, and none with an expression");
    }
    let mut state = pager.state();
    let id = format!("00000000-0000-4000-8000-{:012}", state.silences.len() + 1);
    state.silences.push(Silence { id: id.clone(), wanted, updated_at: now });
    Json(json!({ "silenceID": id })).into_response()
}

async fn end_silence(State(pager): State<Pager>, Path(id): Path<String>) -> StatusCode {
    let now = Timestamp::now();
    match pager.state().silences.iter_mut().find(|silence| silence.id == id) {
        Some(silence) => {
            silence.wanted.ends_at = silence.wanted.ends_at.min(now);
            silence.updated_at = now;
            StatusCode::OK
        }
        None => StatusCode::NOT_FOUND,
    }
}
