//! A PagerDuty that is strict about what it takes, with state: the media type, the key, in whose name, and what may follow
//! what. Its answers have the shape of those in "API Reference".

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use wiremock::{Mock, Request, ResponseTemplate, matchers::any};

use crate::contract::SECRET;

pub(super) const ANA: &str = "PANA001";
pub(super) const BO: &str = "PXPGF42";
pub(super) const FROM: &str = "ana@acme.example";
pub(super) const SERVICE: &str = "PIJ90N7";

/// What it holds.
#[derive(Clone, Default)]
pub(super) struct Server(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    incidents: Vec<Value>,
    log: Vec<Value>,
    notes: Vec<Value>,
    /// Changes the incidents after each page of them that was given.
    between_pages: Option<fn(&mut Vec<Value>)>,
}

pub(super) fn user(id: &str) -> Value {
    let name = if id == ANA { "Ana" } else { "Bo" };
    json!({ "id": id, "type": "user_reference", "summary": name, "html_url": format!("https://acme.pagerduty.com/users/{id}") })
}

/// An open incident of that id, begun at 11:00, assigned to Bo.
pub(super) fn incident(id: &str) -> Value {
    json!({
        "id": id, "type": "incident", "summary": format!("[#1234] {id} is slow"), "title": format!("{id} is slow"),
        "incident_number": 1234, "html_url": format!("https://acme.pagerduty.com/incidents/{id}"),
        "created_at": "2026-11-22T11:00:00Z", "updated_at": "2026-11-22T11:00:00Z", "status": "triggered",
        "urgency": "high", "priority": null, "incident_key": format!("key-{id}"),
        "service": { "id": SERVICE, "type": "service_reference", "summary": "Checkout" },
        "assignments": [{ "at": "2026-11-22T11:00:00Z", "assignee": user(BO) }], "assigned_via": "escalation_policy",
        "acknowledgements": [], "pending_actions": [], "last_status_change_at": "2026-11-22T11:00:00Z",
        "last_status_change_by": { "id": SERVICE, "type": "service_reference", "summary": "Checkout" },
        "escalation_policy": { "id": "PPOLICY1", "type": "escalation_policy_reference", "summary": "Checkout team" },
        "teams": [{ "id": "PTEAM01", "type": "team_reference", "summary": "Checkout" }],
    })
}

/// The same, acknowledged by Bo at 11:10, until 13:00.
pub(super) fn acknowledged(id: &str) -> Value {
    with(
        incident(id),
        json!({
            "status": "acknowledged", "last_status_change_at": "2026-11-22T11:10:00Z",
            "last_status_change_by": user(BO),
            "acknowledgements": [{ "at": "2026-11-22T11:10:00Z", "acknowledger": user(BO) }],
            "pending_actions": [{ "type": "unacknowledge", "at": "2026-11-22T13:00:00Z" }],
        }),
    )
}

/// The same, resolved by Bo at 11:20.
pub(super) fn resolved(id: &str) -> Value {
    with(
        incident(id),
        json!({
            "status": "resolved", "last_status_change_at": "2026-11-22T11:20:00Z", "last_status_change_by": user(BO),
            "assignments": [],
        }),
    )
}

/// `base` with the fields of `change` put over it.
pub(super) fn with(mut base: Value, change: Value) -> Value {
    for (field, value) in change.as_object().unwrap() {
        base[field] = value.clone();
    }
    base
}

impl Server {
    pub(super) fn holding(incidents: impl IntoIterator<Item = Value>) -> Self {
        let server = Self::default();
        server.0.lock().unwrap().incidents = incidents.into_iter().collect();
        server
    }

    pub(super) fn set(&self, incident: Value) {
        let incidents = &mut self.0.lock().unwrap().incidents;
        match incidents.iter_mut().find(|known| known["id"] == incident["id"]) {
            Some(known) => *known = incident,
            None => incidents.push(incident),
        }
    }

    pub(super) fn forget(&self, id: &str) {
        self.0.lock().unwrap().incidents.retain(|incident| incident["id"] != id);
    }

    pub(super) fn get(&self, id: &str) -> Value {
        self.0.lock().unwrap().incidents.iter().find(|incident| incident["id"] == id).unwrap().clone()
    }

    /// By `agent`; by null where the log does not name one.
    pub(super) fn escalated(&self, id: &str, at: &str, agent: Value) {
        let entry = json!({
            "id": format!("R{}", self.0.lock().unwrap().log.len()), "type": "escalate_log_entry", "created_at": at,
            "incident": { "id": id, "type": "incident_reference", "summary": "" }, "agent": agent,
        });
        self.0.lock().unwrap().log.push(entry);
    }

    pub(super) fn notes(&self) -> Vec<Value> {
        self.0.lock().unwrap().notes.clone()
    }

    pub(super) fn between_pages(&self, change: fn(&mut Vec<Value>)) {
        self.0.lock().unwrap().between_pages = Some(change);
    }

    pub(super) fn mock(&self) -> Mock {
        let server = self.clone();
        Mock::given(any()).respond_with(move |request: &Request| match server.answer(request) {
            Ok((status, body)) => ResponseTemplate::new(status)
                .insert_header("ratelimit-limit", "960")
                .insert_header("ratelimit-remaining", "950")
                .insert_header("ratelimit-reset", "45")
                .set_body_json(body),
            Err((status, what)) => ResponseTemplate::new(status).set_body_json(json!({
                "error": { "message": "Invalid Input Provided", "code": 2001, "errors": [what] }
            })),
        })
    }

    fn answer(&self, request: &Request) -> Result<(u16, Value), (u16, String)> {
        let header =
            |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if header("authorization") != format!("Token token={SECRET}") {
            return Err((401, "Authentication failed".to_owned()));
        }
        if header("accept") != "application/vnd.pagerduty+json;version=2" {
            return Err((406, "Accept".to_owned()));
        }
        let is_write = request.method != "GET";
        if is_write && header("from") != FROM {
            return Err((400, "Requester User Not Found".to_owned()));
        }
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let path: Vec<&str> = request.url.path().split('/').skip(1).collect();
        let query = |name: &str| -> Vec<String> {
            let pairs = request.url.query_pairs();
            pairs.filter(|(key, _)| key == name).map(|(_, value)| value.into_owned()).collect()
        };
        let mut state = self.0.lock().unwrap();
        let page = |name: &str, rows: Vec<Value>| {
            let number = |key: &str, or: usize| query(key).first().map_or(or, |text| text.parse().unwrap());
            let (limit, offset) = (number("limit", 25), number("offset", 0));
            assert!((1..=100).contains(&limit), "the most rows of a page are 100");
            let more = offset + limit < rows.len();
            let rows: Vec<_> = rows.into_iter().skip(offset).take(limit).collect();
            json!({ name: rows, "limit": limit, "offset": offset, "more": more, "total": null })
        };
        let users = || [(ANA, "Ana", FROM), (BO, "Bo", "bo@acme.example")];
        let full = |(id, name, email): (&str, &str, &str)| json!({ "id": id, "name": name, "email": email, "html_url": format!("https://acme.pagerduty.com/users/{id}") });
        match (request.method.as_str(), path.as_slice()) {
            ("GET", ["users", "me"]) => Err((400, "The key is an account's".to_owned())),
            ("GET", ["users"]) => {
                let wanted = query("query").concat().to_lowercase();
                let has = |user: &(&str, &str, &str)| {
                    user.1.to_lowercase().contains(&wanted) || user.2.contains(&wanted)
                };
                Ok((200, page("users", users().into_iter().filter(has).map(full).collect())))
            }
            ("GET", ["users", id]) => {
                let found = users().into_iter().find(|user| user.0 == *id).map(full);
                found.map(|it| (200, json!({ "user": it }))).ok_or((404, "Not Found".to_owned()))
            }
            ("GET", ["services", SERVICE]) => {
                Ok((200, json!({ "service": { "id": SERVICE, "name": "Checkout", "status": "active" } })))
            }
            ("GET", ["services"]) => Ok((
                200,
                page("services", vec![json!({ "id": SERVICE, "name": "Checkout", "status": "active" })]),
            )),
            ("GET", ["oncalls"]) => Ok((
                200,
                page(
                    "oncalls",
                    vec![json!({
                        "user": user(BO), "escalation_level": 1, "start": null, "end": null, "schedule": null,
                        "escalation_policy": { "id": "PPOLICY1", "type": "escalation_policy_reference", "summary": "Checkout team" },
                    })],
                ),
            )),
            ("GET", ["log_entries"]) => {
                assert!(!query("since").is_empty() && !query("until").is_empty());
                Ok((200, page("log_entries", state.log.clone())))
            }
            ("GET", ["incidents"]) => {
                let (statuses, services) = (query("statuses[]"), query("service_ids[]"));
                let teams = query("team_ids[]");
                let fits = |incident: &&Value| {
                    let text = |value: &Value| value.as_str().unwrap().to_owned();
                    statuses.contains(&text(&incident["status"]))
                        && (services.is_empty() || services.contains(&text(&incident["service"]["id"])))
                        && (teams.is_empty() || teams.contains(&text(&incident["teams"][0]["id"])))
                };
                let answer = page("incidents", state.incidents.iter().filter(fits).cloned().collect());
                if let Some(change) = state.between_pages {
                    change(&mut state.incidents);
                }
                Ok((200, answer))
            }
            ("GET", ["incidents", id]) => {
                let found = state.incidents.iter().find(|incident| incident["id"] == *id);
                found.map(|it| (200, json!({ "incident": it }))).ok_or((404, "Not Found".to_owned()))
            }
            ("POST", ["incidents"]) => {
                let wanted = &body["incident"];
                let good = wanted["type"] == "incident"
                    && wanted["service"] == json!({ "id": SERVICE, "type": "service_reference" })
                    && wanted["title"].as_str().is_some_and(|title| !title.is_empty());
                if !good {
                    return Err((400, format!("no incident: {body}")));
                }
                if state.incidents.iter().any(|known| known["incident_key"] == wanted["incident_key"]) {
                    return Err((400, "Open incident already exists with that key".to_owned()));
                }
                let made = with(
                    incident("QNEW001"),
                    json!({
                        "title": wanted["title"], "incident_key": wanted["incident_key"],
                    }),
                );
                state.incidents.push(made.clone());
                Ok((201, json!({ "incident": made })))
            }
            ("POST", ["incidents", id, "notes"]) => {
                let note = &body["note"]["content"];
                if note.as_str().is_none_or(str::is_empty) {
                    return Err((400, "Content cannot be empty".to_owned()));
                }
                state.notes.push(json!([id, note]));
                Ok((201, json!({ "note": { "id": "N1", "content": note } })))
            }
            ("PUT", ["incidents", id]) => {
                let change = body["incident"].clone();
                if change["type"] != "incident_reference" {
                    return Err((400, format!("no incident: {body}")));
                }
                let found = state.incidents.iter_mut().find(|incident| incident["id"] == *id);
                let incident = found.ok_or((404, "Not Found".to_owned()))?;
                if incident["status"] == "resolved" {
                    return Err((400, "Incident Already Resolved".to_owned()));
                }
                let at = "2026-11-22T12:00:00Z";
                if let Some(status) = change["status"].as_str() {
                    incident["status"] = status.into();
                    (incident["last_status_change_at"], incident["last_status_change_by"]) =
                        (at.into(), user(ANA));
                    if status == "acknowledged" {
                        incident["acknowledgements"] = json!([{ "at": at, "acknowledger": user(ANA) }]);
                    }
                }
                if let Some(to) = change["assignments"].as_array() {
                    let to: Vec<_> = to
                        .iter()
                        .map(|to| json!({ "at": at, "assignee": user(to["assignee"]["id"].as_str().unwrap()) }))
                        .collect();
                    incident["assignments"] = to.into();
                }
                Ok((200, json!({ "incident": incident })))
            }
            (method, path) => Err((404, format!("there is no {method} {path:?}"))),
        }
    }
}
