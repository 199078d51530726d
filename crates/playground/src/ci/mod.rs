//! The CI server: a Jenkins. Its remote access API as far as connectors use it: the tree of jobs with their builds, the
//! queue, builds with parameters, logs that grow (`progressiveText`), stopping; pipelines that ask a person are in
//! [`input`], what is asked and answered over HTTP in [`rest`].
//!
//! Nothing runs in the background: the progress of a build follows from the time of the request. `tree=` is not
//! evaluated: every answer has everything.

mod input;
mod rest;

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, MutexGuard},
};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use self::input::{Input, ROLL_OUT, Step};
use crate::{
    Pace,
    service::{Life, listen, lock},
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
    /// What each build of a pipeline asks as it begins.
    asks: Option<&'static Step>,
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
    /// How long it runs.
    length: SignedDuration,
    /// When it has ended, or will; `None` while it waits for input.
    ends: Option<Timestamp>,
    stopped: bool,
    input: Option<Input>,
}

const DEPLOY: &[Parameter] = &[
    Parameter { name: "REF", choices: &[], default: "main" },
    Parameter { name: "ENV", choices: &["staging", "production"], default: "staging" },
];

impl Jobs {
    fn as_the_day_begins(now: Timestamp) -> Self {
        let job = |name, parameters, last: u64, hours: i64, by: &str| {
            let began = now.checked_sub(SignedDuration::from_hours(hours)).unwrap_or(now);
            let wanted = Wanted { by: by.to_owned(), parameters: defaults(parameters), fails: false };
            let build = Build::new(last, wanted, began, SignedDuration::from_secs(190), None);
            Job { name, parameters, asks: None, builds: vec![build], next: last + 1 }
        };
        let mut roll_out = job("web/deploy", &[], 11, 20, "dora");
        roll_out.asks = Some(&ROLL_OUT);
        let jobs = vec![
            job("deploy", DEPLOY, 40, 18, "dora"),
            roll_out,
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
            waiting.number = Some(job.next);
            job.builds.push(Build::new(job.next, waiting.wanted.clone(), waiting.begins, length, job.asks));
            job.next += 1;
        }
    }

    fn job(&self, name: &str) -> Option<&Job> {
        self.jobs.iter().find(|job| job.name == name)
    }

    fn build_mut(&mut self, job: &str, number: &str) -> Option<&mut Build> {
        let job = self.jobs.iter_mut().find(|other| other.name == job)?;
        job.builds.iter_mut().find(|build| build.number.to_string() == number)
    }
}

impl Build {
    fn new(
        number: u64,
        wanted: Wanted,
        began: Timestamp,
        length: SignedDuration,
        asks: Option<&'static Step>,
    ) -> Self {
        let input = asks.map(Input::new);
        let ends = input.is_none().then(|| began.checked_add(length).unwrap_or(began));
        Self { number, wanted, began, length, ends, stopped: false, input }
    }

    fn building(&self, now: Timestamp) -> bool {
        self.ends.is_none_or(|ends| now < ends)
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
        let mut log = Vec::new();
        if let Some(input) = &self.input {
            log.append(&mut lines);
            log.extend(input.question());
            lines.extend(input.answer_lines());
        }
        lines.extend(["Fetching", "Preparing", "Working"].map(|step| format!("{step} ... done")));
        if self.wanted.fails {
            lines.push("ERROR: the page did not answer within 30 s".to_owned());
        }
        match (self.result(now), self.ends) {
            (Some(result), _) => lines.push(format!("Finished: {result}")),
            (None, None) => lines.clear(),
            (None, Some(ends)) => {
                let whole = self.length.as_millis().max(1);
                let ran = (whole - ends.duration_since(now).as_millis()).max(0);
                let shown = i128::try_from(lines.len()).unwrap_or_default() * ran / whole;
                lines.truncate(usize::try_from(shown).unwrap_or_default().max(1));
            }
        }
        log.append(&mut lines);
        log.iter().map(|line| format!("{line}\n")).collect()
    }

    fn json(&self, url: &str, job: &str, now: Timestamp) -> Value {
        let duration =
            self.ends.filter(|_| !self.building(now)).unwrap_or(self.began).duration_since(self.began);
        let parameters: Vec<_> = self
            .wanted
            .parameters
            .iter()
            .map(|(name, value)| json!({ "name": name, "value": value }))
            .collect();
        let mut actions = vec![
            json!({
                "_class": "hudson.model.CauseAction",
                "causes": [{ "userId": self.wanted.by, "userName": self.wanted.by }],
            }),
            json!({ "_class": "hudson.model.ParametersAction", "parameters": parameters }),
            json!({}),
        ];
        actions.extend(self.input.iter().flat_map(Input::actions));
        let class = match self.input {
            Some(_) => "org.jenkinsci.plugins.workflow.job.WorkflowRun",
            None => "hudson.model.FreeStyleBuild",
        };
        json!({
            "_class": class,
            "number": self.number,
            "url": format!("{}{}/", page(url, job), self.number),
            "building": self.building(now),
            "result": self.result(now),
            "timestamp": self.began.as_millisecond(),
            "duration": duration.as_millis(),
            "estimatedDuration": self.length.as_millis(),
            "actions": actions,
            "changeSet": { "items": [] },
        })
    }
}

impl Ci {
    pub(crate) async fn start(life: &Life, pace: Pace) -> io::Result<Self> {
        let (listener, url) = listen().await?;
        let state = Mutex::new(Jobs::as_the_day_begins(Timestamp::now()));
        let ci = Self(Arc::new(Inner { url, pace, state }));
        life.serve(listener, rest::router(ci.clone()));
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
        let class = match job.asks {
            Some(_) => "org.jenkinsci.plugins.workflow.job.WorkflowJob",
            None => "hudson.model.FreeStyleProject",
        };
        json!({
            "_class": class,
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

fn defaults(parameters: &[Parameter]) -> BTreeMap<String, String> {
    parameters.iter().map(|it| (it.name.to_owned(), it.default.to_owned())).collect()
}

/// Where a job is seen, with a slash at the end.
fn page(url: &str, job: &str) -> String {
    let parts = job.split('/').map(|part| format!("job/{part}/"));
    format!("{url}/{}", parts.collect::<String>())
}
