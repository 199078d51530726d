//! The CI server's remote access API: paths of jobs and their builds, with the user's token checked.

use std::collections::BTreeMap;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, Query, Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::jobs::{Ci, Wanted, page};
use crate::{ME, service::credential};

/// The person's API token.
pub(crate) const TOKEN: &str = "playground-ci-token";

pub(super) fn router(ci: Ci) -> Router {
    Router::new().route("/{*path}", get(look).post(act)).layer(middleware::from_fn(guard)).with_state(ci)
}

/// Checks the user and the token, and marks the answer as of a Jenkins.
async fn guard(request: Request, next: Next) -> Response {
    let expected = BASE64_STANDARD.encode(format!("{ME}:{TOKEN}"));
    let known = credential(request.headers(), &["basic"]) == Some(expected.as_str());
    let refused = StatusCode::UNAUTHORIZED;
    let mut response =
        if known { next.run(request).await } else { (refused, "Invalid password/token").into_response() };
    response.headers_mut().insert("x-jenkins", HeaderValue::from_static("2.528.1"));
    response
}

/// A path as its parts: the job's name, and what is asked of it.
fn parts(path: &str) -> (String, Vec<&str>) {
    let mut rest: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let mut name = Vec::new();
    while let ["job", part, ..] = rest[..] {
        name.push(part);
        rest.drain(..2);
    }
    (name.join("/"), rest)
}

fn missing() -> Response {
    (StatusCode::NOT_FOUND, "Not Found").into_response()
}

async fn look(
    State(ci): State<Ci>,
    Path(path): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    let now = Timestamp::now();
    let jobs = ci.jobs(now);
    let (name, rest) = parts(&path);
    let job = jobs.job(&name);
    let build = |number: &str| {
        let builds = &job?.builds;
        if number == "lastBuild" {
            return builds.last();
        }
        let number: u64 = number.parse().ok()?;
        builds.iter().find(|build| build.number == number)
    };
    let found = match rest[..] {
        ["whoAmI", "api", "json"] => Some(json!({ "name": ME, "anonymous": false })),
        ["queue", "item", id, "api", "json"] => {
            let waiting = jobs.queue.iter().find(|waiting| waiting.id.to_string() == id);
            waiting.map(|waiting| waiting.json(ci.url()))
        }
        ["api", "json"] => match job {
            Some(job) => Some(ci.job_json(&jobs, job, now)),
            None => {
                let folder = if name.is_empty() { String::new() } else { format!("{name}/") };
                let inside = ci.folder_json(&jobs, &folder, now);
                let class = "com.cloudbees.hudson.plugins.folder.Folder";
                (!inside.is_empty()).then(|| json!({ "_class": class, "jobs": inside }))
            }
        },
        [number, "api", "json"] => build(number).map(|build| build.json(ci.url(), &name, now)),
        [number, "wfapi", "pendingInputActions"] => build(number).and_then(|build| build.pending(&name)),
        [number, "logText", "progressiveText"] => {
            let Some(build) = build(number) else { return missing() };
            let start = query.get("start").and_then(|start| start.parse().ok()).unwrap_or(0);
            return log_part(&build.log(&name, now), start, build.building(now));
        }
        _ => None,
    };
    found.map_or_else(missing, |found| Json(found).into_response())
}

fn log_part(log: &str, start: usize, more: bool) -> Response {
    let part = log.get(start..).unwrap_or_default().to_owned();
    let mut response = ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], part).into_response();
    let headers = response.headers_mut();
    headers.insert("x-text-size", log.len().into());
    if more {
        headers.insert("x-more-data", HeaderValue::from_static("true"));
    }
    response
}

async fn act(
    State(ci): State<Ci>,
    Path(path): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
    body: Bytes,
) -> Response {
    let now = Timestamp::now();
    let mut jobs = ci.jobs(now);
    let (name, rest) = parts(&path);
    match rest[..] {
        [how @ ("build" | "buildWithParameters")] => {
            let Some(job) = jobs.job(&name) else { return missing() };
            if (how == "build") != job.parameters.is_empty() {
                return (StatusCode::BAD_REQUEST, "Nothing is submitted").into_response();
            }
            let parameters = form_urlencoded::parse(&body).into_owned().collect();
            let wanted = Wanted { by: ME.to_owned(), parameters, fails: false };
            match ci.queue(&mut jobs, &name, wanted, now) {
                Some(id) => {
                    let place = format!("{}/queue/item/{id}/", ci.url());
                    (StatusCode::CREATED, [(header::LOCATION, place)]).into_response()
                }
                None => missing(),
            }
        }
        [number, "stop"] => {
            let Some(build) = jobs.build_mut(&name, number) else { return missing() };
            build.stop(now);
            (StatusCode::FOUND, [(header::LOCATION, page(ci.url(), &name))]).into_response()
        }
        [number, "input", id, how @ ("proceedEmpty" | "abort")] => {
            let Some(build) = jobs.build_mut(&name, number) else { return missing() };
            // A step that was answered is not there any more.
            if build.open_input().is_none_or(|input| input.step.id != id) {
                return missing();
            }
            // A yes without values: what the step asks for is not set.
            build.answer(ME, (how == "proceedEmpty").then(BTreeMap::new), now);
            StatusCode::OK.into_response()
        }
        [number, "wfapi", "inputSubmit"] => {
            let Some(build) = jobs.build_mut(&name, number) else { return missing() };
            let id = query.get("inputId").map(String::as_str).unwrap_or_default();
            let field = form_urlencoded::parse(&body).find(|(name, _)| name == "json");
            let form: Value =
                field.and_then(|(_, text)| serde_json::from_str(&text).ok()).unwrap_or_default();
            let input = build.open_input().filter(|input| input.step.id == id);
            // As in Jenkins, what cannot be taken is an error of the server.
            let Some(values) = input.and_then(|input| input.step.read(&form)) else {
                let failed = "Error processing Input Submit request.";
                return (StatusCode::INTERNAL_SERVER_ERROR, failed).into_response();
            };
            build.answer(ME, Some(values), now);
            Json(Value::Null).into_response()
        }
        ["queue", "cancelItem"] => {
            let id = query.get("id").map(String::as_str).unwrap_or_default();
            let waiting = jobs.queue.iter_mut().find(|it| it.id.to_string() == id && it.number.is_none());
            match waiting {
                Some(waiting) => {
                    waiting.cancelled = true;
                    StatusCode::NO_CONTENT.into_response()
                }
                None => missing(),
            }
        }
        _ => missing(),
    }
}
