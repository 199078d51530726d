//! The CI server: a Jenkins. Its remote access API as far as connectors use it: the tree of jobs with their builds, the
//! queue, builds with parameters, logs that grow (`progressiveText`), stopping.
//!
//! Nothing runs in the background: the progress of a build follows from the time of the request. `tree=` is not
//! evaluated: every answer has everything.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, MutexGuard},
};

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
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::{
    ME, Pace,
    service::{Life, credential, listen, lock},
};

/// The person's API token.
pub(crate) const TOKEN: &str = "playground-ci-token";
/// How many builds of a job are listed.
const LISTED: usize = 20;

/// The CI server, running. A clone is the same one.
#[derive(Debug, Clone)]
pub struct Ci(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    url: String,
    pace: Pace,
    state: Mutex<Jobs>,
}

#[derive(Debug)]
struct Jobs {
    jobs: Vec<Job>,
    queue: Vec<Waiting>,
}

#[derive(Debug)]
struct Job {
    /// Its folders and its name: `web/e2e`.
    name: &'static str,
    parameters: &'static [Parameter],
    builds: Vec<Build>,
    next: u64,
}

#[derive(Debug)]
struct Parameter {
    name: &'static str,
    choices: &'static [&'static str],
    default: &'static str,
}

/// What somebody asked to be built.
#[derive(Debug, Clone)]
struct Wanted {
    by: String,
    parameters: BTreeMap<String, String>,
    fails: bool,
}

#[derive(Debug)]
struct Waiting {
    id: u64,
    job: &'static str,
    since: Timestamp,
    begins: Timestamp,
    wanted: Wanted,
    cancelled: bool,
    /// The build that it became.
    number: Option<u64>,
}

#[derive(Debug)]
struct Build {
    number: u64,
    wanted: Wanted,
    began: Timestamp,
    ends: Timestamp,
    stopped: bool,
}

const DEPLOY: &[Parameter] = &[
    Parameter { name: "REF", choices: &[], default: "main" },
    Parameter { name: "ENV", choices: &["staging", "production"], default: "staging" },
];

impl Jobs {
    fn as_the_day_begins(now: Timestamp) -> Self {
        let job = |name, parameters, last: u64, hours: i64, by: &str| {
            let began = now.checked_sub(SignedDuration::from_hours(hours)).unwrap_or(now);
            let ends = began.checked_add(SignedDuration::from_secs(190)).unwrap_or(began);
            let wanted = Wanted { by: by.to_owned(), parameters: defaults(parameters), fails: false };
            let build = Build { number: last, wanted, began, ends, stopped: false };
            Job { name, parameters, builds: vec![build], next: last + 1 }
        };
        let jobs = vec![
            job("deploy", DEPLOY, 40, 18, "dora"),
            job("web/e2e", &[], 118, 5, "bo"),
            job("web/nightly", &[], 302, 9, "timer"),
        ];
        Self { jobs, queue: Vec::new() }
    }

    /// Begins what has waited long enough.
    fn advance(&mut self, now: Timestamp, length: SignedDuration) {
        let due = self.queue.iter_mut().filter(|it| !it.cancelled && it.number.is_none() && it.begins <= now);
        for waiting in due {
            let Some(job) = self.jobs.iter_mut().find(|job| job.name == waiting.job) else { continue };
            let began = waiting.begins;
            let ends = began.checked_add(length).unwrap_or(began);
            waiting.number = Some(job.next);
            let wanted = waiting.wanted.clone();
            job.builds.push(Build { number: job.next, wanted, began, ends, stopped: false });
            job.next += 1;
        }
    }

    fn job(&self, name: &str) -> Option<&Job> {
        self.jobs.iter().find(|job| job.name == name)
    }
}

impl Build {
    fn building(&self, now: Timestamp) -> bool {
        now < self.ends
    }

    fn result(&self, now: Timestamp) -> Option<&'static str> {
        match self {
            _ if self.building(now) => None,
            Self { stopped: true, .. } => Some("ABORTED"),
            Self { wanted: Wanted { fails: true, .. }, .. } => Some("FAILURE"),
            _ => Some("SUCCESS"),
        }
    }

    /// The log so far: its lines come evenly while it runs.
    fn log(&self, job: &str, now: Timestamp) -> String {
        let mut lines = vec![
            format!("Started by user {}", self.wanted.by),
            "Running on agent-2".to_owned(),
            format!("+ ./{}", job.replace('/', "-")),
        ];
        lines.extend(self.wanted.parameters.iter().map(|(name, value)| format!("  {name}={value}")));
        lines.extend(["Fetching", "Preparing", "Working"].map(|step| format!("{step} ... done")));
        if self.wanted.fails {
            lines.push("ERROR: the page did not answer within 30 s".to_owned());
        }
        match self.result(now) {
            Some(result) => lines.push(format!("Finished: {result}")),
            None => {
                let ran = now.duration_since(self.began).as_millis().max(0);
                let whole = self.ends.duration_since(self.began).as_millis().max(1);
                let shown = i128::try_from(lines.len()).unwrap_or_default() * ran / whole;
                lines.truncate(usize::try_from(shown).unwrap_or_default().max(1));
            }
        }
        lines.iter().map(|line| format!("{line}\n")).collect()
    }

    fn json(&self, url: &str, job: &str, now: Timestamp) -> Value {
        let length = self.ends.duration_since(self.began).as_millis();
        let parameters: Vec<_> = self
            .wanted
            .parameters
            .iter()
            .map(|(name, value)| json!({ "name": name, "value": value }))
            .collect();
        json!({
            "_class": "hudson.model.FreeStyleBuild",
            "number": self.number,
            "url": format!("{}{}/", page(url, job), self.number),
            "building": self.building(now),
            "result": self.result(now),
            "timestamp": self.began.as_millisecond(),
            "duration": if self.building(now) { 0 } else { length },
            "estimatedDuration": length,
            "actions": [
                { "_class": "hudson.model.CauseAction",
                  "causes": [{ "userId": self.wanted.by, "userName": self.wanted.by }] },
                { "_class": "hudson.model.ParametersAction", "parameters": parameters },
                {},
            ],
            "changeSet": { "items": [] },
        })
    }
}

impl Ci {
    pub(crate) async fn start(life: &Life, pace: Pace) -> io::Result<Self> {
        let (listener, url) = listen().await?;
        let state = Mutex::new(Jobs::as_the_day_begins(Timestamp::now()));
        let ci = Self(Arc::new(Inner { url, pace, state }));
        let router = Router::new()
            .route("/{*path}", get(look).post(act))
            .layer(middleware::from_fn(guard))
            .with_state(ci.clone());
        life.serve(listener, router);
        Ok(ci)
    }

    /// Its URL, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// The jobs as they are by now.
    fn jobs(&self, now: Timestamp) -> MutexGuard<'_, Jobs> {
        let mut jobs = lock(&self.0.state);
        jobs.advance(now, SignedDuration::try_from(self.0.pace.build).unwrap_or_default());
        jobs
    }

    /// Builds a job for a person, with the defaults of its parameters except for these.
    pub fn build(&self, job: &str, by: &str, parameters: &[(&str, &str)], fails: bool) {
        let mut given = BTreeMap::new();
        given.extend(parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let now = Timestamp::now();
        let mut jobs = self.jobs(now);
        self.queue(&mut jobs, job, Wanted { by: by.to_owned(), parameters: given, fails }, now);
    }

    /// The result of a job's newest ended build.
    pub fn last_result(&self, job: &str) -> Option<&'static str> {
        let now = Timestamp::now();
        let jobs = self.jobs(now);
        jobs.job(job)?.builds.iter().rev().find_map(|build| build.result(now))
    }

    fn queue(&self, jobs: &mut Jobs, job: &str, mut wanted: Wanted, now: Timestamp) -> Option<u64> {
        let id = u64::try_from(jobs.queue.len()).unwrap_or_default() + 81;
        let job = jobs.job(job)?;
        let mut parameters = defaults(job.parameters);
        parameters.append(&mut wanted.parameters);
        wanted.parameters = parameters;
        let begins = now.checked_add(self.0.pace.queue).unwrap_or(now);
        let job = job.name;
        jobs.queue.push(Waiting { id, job, since: now, begins, wanted, cancelled: false, number: None });
        Some(id)
    }

    fn job_json(&self, jobs: &Jobs, job: &Job, now: Timestamp) -> Value {
        let url = self.url();
        let builds: Vec<_> =
            job.builds.iter().rev().take(LISTED).map(|it| it.json(url, job.name, now)).collect();
        let waiting = jobs.queue.iter().find(|it| it.job == job.name && !it.cancelled && it.number.is_none());
        let definition = |parameter: &Parameter| {
            let kind = if parameter.choices.is_empty() { "String" } else { "Choice" };
            let mut json = json!({
                "_class": format!("hudson.model.{kind}ParameterDefinition"),
                "type": format!("{kind}ParameterDefinition"),
                "name": parameter.name,
                "defaultParameterValue": { "name": parameter.name, "value": parameter.default },
            });
            if !parameter.choices.is_empty() {
                json["choices"] = json!(parameter.choices);
            }
            json
        };
        let definitions: Vec<_> = job.parameters.iter().map(definition).collect();
        json!({
            "_class": "hudson.model.FreeStyleProject",
            "name": job.name.rsplit('/').next(),
            "url": page(url, job.name),
            "buildable": true,
            "inQueue": waiting.is_some(),
            "queueItem": waiting.map(|it| it.json(url)),
            "nextBuildNumber": job.next,
            "actions": [{}],
            "property": if definitions.is_empty() { json!([]) } else { json!([{ "parameterDefinitions": definitions }]) },
            "lastBuild": builds.first(),
            "builds": builds,
        })
    }

    /// What is in a folder, folders with all that is in them.
    fn folder_json(&self, jobs: &Jobs, folder: &str, now: Timestamp) -> Vec<Value> {
        let mut found: BTreeMap<&str, Value> = BTreeMap::new();
        for job in &jobs.jobs {
            let Some(rest) = job.name.strip_prefix(folder) else { continue };
            match rest.split_once('/') {
                None => drop(found.insert(rest, self.job_json(jobs, job, now))),
                Some((name, _)) => {
                    let inside = format!("{folder}{name}/");
                    found.entry(name).or_insert_with(|| {
                        json!({
                            "_class": "com.cloudbees.hudson.plugins.folder.Folder",
                            "name": name,
                            "url": page(self.url(), inside.trim_end_matches('/')),
                            "jobs": self.folder_json(jobs, &inside, now),
                        })
                    });
                }
            }
        }
        found.into_values().collect()
    }
}

impl Waiting {
    fn json(&self, url: &str) -> Value {
        let waits = !self.cancelled && self.number.is_none();
        json!({
            "_class": if waits { "hudson.model.Queue$WaitingItem" } else { "hudson.model.Queue$LeftItem" },
            "id": self.id,
            "why": waits.then_some("In the quiet period"),
            "cancelled": self.cancelled,
            "inQueueSince": self.since.as_millisecond(),
            "executable": self.number.map(|number| {
                json!({ "number": number, "url": format!("{}{number}/", page(url, self.job)) })
            }),
        })
    }
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
            let job = jobs.jobs.iter_mut().find(|job| job.name == name);
            let build = job.and_then(|job| job.builds.iter_mut().find(|it| it.number.to_string() == number));
            let Some(build) = build else { return missing() };
            if build.building(now) {
                build.ends = now;
                build.stopped = true;
            }
            (StatusCode::FOUND, [(header::LOCATION, page(ci.url(), &name))]).into_response()
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

fn defaults(parameters: &[Parameter]) -> BTreeMap<String, String> {
    parameters.iter().map(|it| (it.name.to_owned(), it.default.to_owned())).collect()
}

/// Where a job is seen, with a slash at the end.
fn page(url: &str, job: &str) -> String {
    let parts = job.split('/').map(|part| format!("job/{part}/"));
    format!("{url}/{}", parts.collect::<String>())
}
