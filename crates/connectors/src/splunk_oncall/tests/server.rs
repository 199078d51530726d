//! A Splunk On-Call that is strict about what it takes, with state: its headers, who may do something, what may follow what.
//! Its answers have the shape of those in its public API's description.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use wiremock::{Mock, Request, ResponseTemplate, matchers::any};

use crate::contract::SECRET;

pub(super) const ANA: &str = "ana";
pub(super) const BO: &str = "bo";
pub(super) const POLICY: &str = "pol-7QkX1Zb2";
pub(super) const TEAM: &str = "team-KXK4L1qPrbLWwa6w";

/// What it holds.
#[derive(Clone, Default)]
pub(super) struct Server(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    incidents: Vec<Value>,
    /// Who is on call for [`POLICY`].
    on_call: Vec<String>,
    chat: Vec<Value>,
    /// What is answered to writes instead of what became of them.
    answer: Option<Value>,
    /// True where it has no call for one incident.
    is_old: bool,
}

/// An open incident of that number, begun at 11:00, which pages Bo.
pub(super) fn incident(number: &str) -> Value {
    json!({
        "incidentNumber": number, "startTime": "2026-11-22T11:00:00Z", "currentPhase": "UNACKED", "alertCount": 1,
        "entityId": format!("checkout/latency-{number}"), "entityDisplayName": format!("Checkout is slow ({number})"),
        "entityType": "SERVICE", "entityState": "CRITICAL", "host": "web-1", "service": "checkout",
        "routingKey": "checkout", "lastAlertId": "b522e157", "lastAlertTime": "2026-11-22T11:00:00Z",
        "incidentLink": format!("https://portal.victorops.com/client/acme/popoutIncident?incidentName={number}"),
        "pagedUsers": [BO], "pagedTeams": [TEAM],
        "pagedPolicies": [{
            "policy": { "name": "Primary", "slug": POLICY }, "team": { "name": "Checkout", "slug": TEAM },
        }],
        "transitions": [{
            "name": "triggered", "at": "2026-11-22T11:00:00Z", "message": "p99 is 4 s", "manually": false,
        }],
    })
}

/// The same after these further steps: phase, when, by whom. The newest comes first.
pub(super) fn after(number: &str, steps: &[(&str, &str, &str)]) -> Value {
    let mut incident = incident(number);
    for (phase, at, by) in steps {
        incident["currentPhase"] = (*phase).into();
        let step = json!({ "name": phase, "at": at, "by": by, "manually": true });
        incident["transitions"].as_array_mut().unwrap().insert(0, step);
    }
    incident
}

/// Acknowledged by Bo at 11:10.
pub(super) fn acked(number: &str) -> Value {
    after(number, &[("ACKED", "2026-11-22T11:10:00Z", BO)])
}

/// Resolved by Bo at 11:20.
pub(super) fn resolved(number: &str) -> Value {
    after(number, &[("RESOLVED", "2026-11-22T11:20:00Z", BO)])
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
        let mut state = server.0.lock().unwrap();
        state.incidents = incidents.into_iter().collect();
        state.on_call = vec![BO.to_owned()];
        drop(state);
        server
    }

    pub(super) fn set(&self, incident: Value) {
        let incidents = &mut self.0.lock().unwrap().incidents;
        match incidents.iter_mut().find(|known| known["incidentNumber"] == incident["incidentNumber"]) {
            Some(known) => *known = incident,
            None => incidents.push(incident),
        }
    }

    pub(super) fn forget(&self, number: &str) {
        self.0.lock().unwrap().incidents.retain(|incident| incident["incidentNumber"] != number);
    }

    pub(super) fn get(&self, number: &str) -> Value {
        let incidents = &self.0.lock().unwrap().incidents;
        incidents.iter().find(|incident| incident["incidentNumber"] == number).unwrap().clone()
    }

    pub(super) fn chat(&self) -> Vec<Value> {
        self.0.lock().unwrap().chat.clone()
    }

    pub(super) fn on_call(&self) -> Vec<String> {
        self.0.lock().unwrap().on_call.clone()
    }

    pub(super) fn answer_with(&self, answer: Value) {
        self.0.lock().unwrap().answer = Some(answer);
    }

    pub(super) fn is_old(&self) {
        self.0.lock().unwrap().is_old = true;
    }

    pub(super) fn mock(&self) -> Mock {
        let server = self.clone();
        Mock::given(any()).respond_with(move |request: &Request| {
            let (status, body) =
                server.answer(request).unwrap_or_else(|(status, what)| (status, json!({ "message": what })));
            ResponseTemplate::new(status).set_body_json(body)
        })
    }

    fn answer(&self, request: &Request) -> Result<(u16, Value), (u16, String)> {
        let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok());
        for name in ["x-vo-api-id", "x-vo-api-key"] {
            match header(name) {
                None => return Err((401, "Authentication parameters missing".to_owned())),
                Some(value) if value != SECRET => return Err((403, "Authentication failed".to_owned())),
                Some(_) => {}
            }
        }
        let is_write = request.method != "GET";
        if is_write && header("content-type") != Some("application/json") {
            return Err((400, "Content-Type".to_owned()));
        }
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let path: Vec<&str> = request.url.path().split('/').skip(1).collect();
        let [api, version, path @ ..] = path.as_slice() else {
            return Err((404, "Path not found".to_owned()));
        };
        if (*api, *version) != ("api-public", "v1") {
            return Err((404, "Path not found".to_owned()));
        }
        let user = |field: &str| match body[field].as_str() {
            Some(name) if [ANA, BO].contains(&name) => Ok(name.to_owned()),
            _ => Err((404, format!("User not found: {}", body[field]))),
        };
        let mut state = self.0.lock().unwrap();
        let answer = match (request.method.as_str(), path) {
            ("GET", ["user", name @ ("ana" | "bo")]) => {
                return Ok((200, json!({ "username": name, "firstName": "Ana", "lastName": "Alvarez" })));
            }
            ("GET", ["incidents"]) => return Ok((200, json!({ "incidents": state.incidents }))),
            ("GET", ["incidents", number]) if !state.is_old => {
                let found = state.incidents.iter().find(|incident| incident["incidentNumber"] == **number);
                return found.map(|it| (200, it.clone())).ok_or((404, "Incident not found".to_owned()));
            }
            ("GET", ["oncall", "current"]) => {
                let users: Vec<_> =
                    state.on_call.iter().map(|name| json!({ "onCalluser": { "username": name } })).collect();
                let policy = json!({ "name": "Primary", "slug": POLICY });
                let team = json!({ "name": "Checkout", "slug": TEAM });
                let now = json!([{ "escalationPolicy": policy, "users": users }]);
                let empty = json!({ "team": { "name": "Search", "slug": "team-search" }, "oncallNow": [] });
                return Ok((200, json!({ "teamsOnCall": [empty, { "team": team, "oncallNow": now }] })));
            }
            ("PATCH", ["incidents", call @ ("ack" | "resolve")]) => {
                let by = user("userName")?;
                let names = body["incidentNames"].as_array().ok_or((400, "incidentNames".to_owned()))?;
                let results: Vec<Value> =
                    names.iter().map(|name| change(&mut state.incidents, call, name, &by)).collect();
                json!({ "results": results })
            }
            ("POST", ["incidents", "reroute"]) => {
                user("userName")?;
                let reroutes = body["reroutes"].as_array().ok_or((400, "reroutes".to_owned()))?;
                let statuses: Vec<Value> =
                    reroutes.iter().map(|it| reroute(&mut state.incidents, it)).collect();
                json!({ "statuses": statuses })
            }
            ("POST", ["chat"]) => {
                user("username")?;
                if body["text"].as_str().is_none_or(str::is_empty) || !body["monitoringTool"].is_string() {
                    return Err((400, "text and monitoringTool".to_owned()));
                }
                state.chat.push(body.clone());
                json!({})
            }
            ("PATCH", ["policies", POLICY, "oncall", "user"]) => {
                let (from, to) = (user("fromUser")?, user("toUser")?);
                let Some(own) = state.on_call.iter_mut().find(|name| **name == from) else {
                    return Err((400, format!("{from} is not on call")));
                };
                *own = to;
                json!({ "result": "success" })
            }
            (method, path) => return Err((404, format!("there is no {method} {path:?}"))),
        };
        Ok((200, state.answer.clone().unwrap_or(answer)))
    }
}

/// What becomes of one incident that is acknowledged or resolved.
fn change(incidents: &mut [Value], call: &str, name: &Value, by: &str) -> Value {
    let refused = |why: &str| json!({ "incidentNumber": name, "cmdAccepted": false, "message": why });
    let Some(incident) = incidents.iter_mut().find(|incident| incident["incidentNumber"] == *name) else {
        return refused("Incident not found");
    };
    if incident["currentPhase"] == "RESOLVED" {
        return refused("Already resolved");
    }
    let phase = if call == "ack" { "ACKED" } else { "RESOLVED" };
    incident["currentPhase"] = phase.into();
    let step = json!({ "name": phase, "at": "2026-11-22T12:00:00Z", "by": by, "manually": true });
    incident["transitions"].as_array_mut().unwrap().push(step);
    json!({ "incidentNumber": name, "entityId": incident["entityId"], "cmdAccepted": true, "message": "" })
}

fn reroute(incidents: &mut [Value], wanted: &Value) -> Value {
    let number = &wanted["incidentNumber"];
    let found = incidents.iter_mut().find(|incident| incident["incidentNumber"] == *number);
    let targets = wanted["targets"].as_array().cloned().unwrap_or_default();
    let good = |target: &Value| {
        let slug = target["slug"].as_str().unwrap_or_default();
        match target["type"].as_str() {
            Some("User") => [ANA, BO].contains(&slug),
            Some("EscalationPolicy") => slug == POLICY,
            _ => false,
        }
    };
    let all = found.is_some() && !targets.is_empty() && targets.iter().all(good);
    if let Some(incident) = found.filter(|_| all) {
        let users = targets.iter().filter(|target| target["type"] == "User");
        incident["pagedUsers"] = users.map(|target| target["slug"].clone()).collect();
    }
    let status = |target: &Value| {
        let message = if good(target) { "" } else { "No such target" };
        json!({ "slug": target["slug"], "success": good(target), "message": message })
    };
    let targets: Vec<_> = targets.iter().map(status).collect();
    json!({ "incidentNumber": number, "success": all, "message": "", "targetStatus": targets })
}
