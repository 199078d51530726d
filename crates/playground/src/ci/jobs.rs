//! The jobs, their builds and the queue, as they are by now, and as JSON.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::input::{Answer, Input, ROLL_OUT, Step};
use crate::{Pace, service::lock};

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
pub(super) struct Jobs {
    jobs: Vec<Job>,
    pub(super) queue: Vec<Waiting>,
}

#[derive(Debug)]
pub(super) struct Job {
    /// Its folders and its name: `web/e2e`.
    name: &'static str,
    pub(super) parameters: &'static [Parameter],
    /// What each build of a pipeline asks as it begins.
    asks: Option<&'static Step>,
    pub(super) builds: Vec<Build>,
    next: u64,
}

#[derive(Debug)]
pub(super) struct Parameter {
    name: &'static str,
    choices: &'static [&'static str],
    default: &'static str,
}

/// What somebody asked to be built.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) by: String,
    pub(super) parameters: BTreeMap<String, String>,
    pub(super) fails: bool,
}

#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) id: u64,
    job: &'static str,
    since: Timestamp,
    begins: Timestamp,
    wanted: Wanted,
    pub(super) cancelled: bool,
    /// The build that it became.
    pub(super) number: Option<u64>,
}

#[derive(Debug)]
pub(super) struct Build {
    pub(super) number: u64,
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

    pub(super) fn job(&self, name: &str) -> Option<&Job> {
        self.jobs.iter().find(|job| job.name == name)
    }

    pub(super) fn build_mut(&mut self, job: &str, number: &str) -> Option<&mut Build> {
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

    pub(super) fn building(&self, now: Timestamp) -> bool {
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
    pub(super) fn log(&self, job: &str, now: Timestamp) -> String {
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

    pub(super) fn json(&self, url: &str, job: &str, now: Timestamp) -> Value {
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
    pub(super) fn new(url: String, pace: Pace) -> Self {
        let state = Mutex::new(Jobs::as_the_day_begins(Timestamp::now()));
        Self(Arc::new(Inner { url, pace, state }))
    }

    /// Its URL, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// The jobs as they are by now.
    pub(super) fn jobs(&self, now: Timestamp) -> MutexGuard<'_, Jobs> {
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

    pub(super) fn queue(
        &self,
        jobs: &mut Jobs,
        job: &str,
        mut wanted: Wanted,
        now: Timestamp,
    ) -> Option<u64> {
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

    pub(super) fn job_json(&self, jobs: &Jobs, job: &Job, now: Timestamp) -> Value {
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
    pub(super) fn folder_json(&self, jobs: &Jobs, folder: &str, now: Timestamp) -> Vec<Value> {
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
    pub(super) fn json(&self, url: &str) -> Value {
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
pub(super) fn page(url: &str, job: &str) -> String {
    let parts = job.split('/').map(|part| format!("job/{part}/"));
    format!("{url}/{}", parts.collect::<String>())
}

impl Build {
    /// The input step that it waits at.
    pub(super) fn open_input(&mut self) -> Option<&mut Input> {
        self.input.as_mut().filter(|input| input.answer.is_none() && self.ends.is_none())
    }

    /// The build goes on with these values, or ends without them.
    pub(super) fn answer(&mut self, by: &str, values: Option<BTreeMap<String, Value>>, now: Timestamp) {
        let Some(input) = self.open_input() else { return };
        let goes_on = values.is_some();
        input.answer = Some(Answer { by: by.to_owned(), values });
        self.stopped = !goes_on;
        let length = if goes_on { self.length } else { SignedDuration::ZERO };
        self.ends = Some(now.checked_add(length).unwrap_or(now));
    }

    /// Somebody stops it, where it has not ended.
    pub(super) fn stop(&mut self, now: Timestamp) {
        if self.building(now) {
            self.ends = Some(now);
            self.stopped = true;
        }
    }

    /// What is pending of it; `None` where it is no build of a pipeline.
    pub(super) fn pending(&self, job: &str) -> Option<Value> {
        let input = self.input.as_ref()?;
        let is_open = input.answer.is_none() && self.ends.is_none();
        let place = format!("{}{}/", page("", job), self.number);
        Some(is_open.then(|| input.step.json(&place)).into_iter().collect())
    }
}

impl Ci {
    /// Somebody answers the builds of a job that wait for input, a yes with what is asked for by default; where none waits,
    /// nothing happens.
    pub fn answer(&self, job: &str, by: &str, yes: bool) {
        let now = Timestamp::now();
        let mut jobs = self.jobs(now);
        let builds = jobs.jobs.iter_mut().filter(|other| other.name == job).flat_map(|job| &mut job.builds);
        for build in builds {
            let values = build.open_input().map(|input| input.step.defaults()).filter(|_| yes);
            build.answer(by, values, now);
        }
    }

    /// What became of the input steps of a job's builds since the day began.
    #[cfg(test)]
    pub(crate) fn inputs(&self, job: &str) -> Vec<&'static str> {
        let jobs = self.jobs(Timestamp::now());
        let outcome = |input: &Input| match &input.answer {
            None => "waiting",
            Some(Answer { values: Some(_), .. }) => "approved",
            Some(Answer { values: None, .. }) => "denied",
        };
        let builds = jobs.job(job).into_iter().flat_map(|job| &job.builds);
        builds.filter_map(|build| build.input.as_ref()).map(outcome).collect()
    }
}
