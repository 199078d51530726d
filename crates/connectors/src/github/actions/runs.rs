//! What is done with runs: run them again, read why they failed.

use std::sync::Arc;

use async_trait::async_trait;
use callboard_domain::{
    action::{Action, Progress, Step},
    command::{ArgError, ArgSpec, Args, CommandSpec, Role},
    error::ServiceError,
    item::{Detail, Item, Kind},
    message::Block,
    run::Outcome,
};
use jiff::Timestamp;
use reqwest::{Method, StatusCode};
use url::Url;

use super::{
    excerpt::{excerpt, without_times},
    reference::rejected,
};
use crate::{
    github::{
        account::Account,
        client::{Calls, in_repo, send},
        details, normalise,
        watch::is_repo,
        wire,
    },
    http::{Answer, Request},
    lenient::folded,
};

/// How many failed jobs' logs are read.
const LOGS: usize = 3;

/// A run as an argument names it: the latest one of a build on the board, or a number and its repository.
#[derive(Debug, Clone, PartialEq, Eq)]
struct RunRef {
    repo: String,
    id: u64,
    name: String,
    link: Option<Url>,
}

impl RunRef {
    fn of(spec: &CommandSpec, args: &Args) -> Result<Self, ArgError> {
        let expected = "a build on the board, or a run's number with repo=OWNER/NAME";
        if let Some(Item { key, url, detail: Detail::Build(build), .. }) = args.item("run") {
            let invalid = || ArgError::invalid("run", "a build with a run", &key.id);
            let run = build.latest().ok_or_else(invalid)?;
            return Ok(Self {
                repo: build.repo.clone(),
                id: run.id.parse().map_err(|_| invalid())?,
                name: format!("{} run {}", key.id, run.number),
                link: run.url.clone().or_else(|| url.clone()),
            });
        }
        let text = args.needed(spec, "run")?;
        let id = text.parse().map_err(|_| ArgError::invalid("run", expected, text))?;
        let repo = args.needed(spec, "repo")?;
        if !is_repo(repo) {
            return Err(ArgError::invalid("repo", "a repository such as acme/web", repo));
        }
        Ok(Self { repo: repo.to_owned(), id, name: format!("{repo} run {id}"), link: None })
    }

    fn request(&self, method: Method, rest: &[&str]) -> Request {
        let id = self.id.to_string();
        let segments: Vec<_> = ["actions", "runs", &id].into_iter().chain(rest.iter().copied()).collect();
        in_repo(method, &self.repo, &segments)
    }
}

fn run_args(spec: CommandSpec) -> CommandSpec {
    spec.arg(ArgSpec::item("run", Kind::Build, "the build, or a run's number"))
        .arg(ArgSpec::text("repo", "the repository, where the run is given by number").optional())
}

/// `run rerun`.
pub(super) struct Rerun {
    spec: CommandSpec,
    account: Arc<Account>,
}

impl Rerun {
    pub(super) fn new(account: &Arc<Account>) -> Self {
        let spec = CommandSpec::new("run rerun", "Run a workflow run again, or only its failed jobs")
            .usage("run rerun <run>")
            .role(Role::Again)
            .alias("rerun");
        let spec = run_args(spec)
            .arg(ArgSpec::flag("failed-only", "only the jobs that failed, and those that depend on them"))
            .example("run rerun acme/web/ci@main")
            .example("run rerun acme/web/ci@main --failed-only");
        Self { spec, account: account.clone() }
    }

    fn request(run: &RunRef, args: &Args) -> Request {
        run.request(Method::POST, &[if args.flag("failed-only") { "rerun-failed-jobs" } else { "rerun" }])
    }

    /// True where the run is under way (again).
    async fn is_under_way(&self, run: &RunRef) -> Result<bool, ServiceError> {
        let run: wire::Run = send(&self.account.http, run.request(Method::GET, &[])).await?.json()?;
        // One that is completed without a conclusion yet is the attempt before.
        let is_completed = run.status.as_deref().and_then(folded).as_deref() == Some("completed");
        Ok(!is_completed && !normalise::run_status(&run).is_over())
    }
}

#[async_trait]
impl Action for Rerun {
    fn spec(&self) -> &CommandSpec {
        &self.spec
    }

    fn scopes(&self) -> &'static [&'static str] {
        &["repo", "workflow"]
    }

    fn preview(&self, args: &Args, _now: Timestamp) -> Result<Vec<Step>, ArgError> {
        let run = RunRef::of(&self.spec, args)?;
        let what = if args.flag("failed-only") { "Run the failed jobs again" } else { "Run again" };
        Ok(vec![self.account.http.step(format!("{what}: {}", run.name), &Self::request(&run, args))])
    }

    async fn run(
        &self,
        args: &Args,
        _now: Timestamp,
        progress: &dyn Progress,
    ) -> Result<Outcome, ServiceError> {
        let run = RunRef::of(&self.spec, args).map_err(rejected)?;
        let done = Outcome::ok(format!("{} runs again", run.name)).with_link(run.link.clone());
        let sent = send(&self.account.http, Self::request(&run, args)).await;
        match sent.and_then(|answer| begun(&answer)) {
            Ok(()) => Ok(done),
            Err(lost @ ServiceError::Unknown { .. }) => {
                progress.status("no clear answer: looking whether it runs");
                match self.is_under_way(&run).await {
                    Ok(true) => Ok(done),
                    _ => Err(lost),
                }
            }
            Err(error) => Err(refused(&run, error)),
        }
    }
}

/// GitHub answers 201 with an empty object, other servers with the run that has begun: anything else, such as a page of
/// something in between, does not show that one has.
pub(super) fn begun(answer: &Answer) -> Result<(), ServiceError> {
    let fields = answer.fields()?;
    match answer.status == StatusCode::CREATED && (fields.is_empty() || fields.contains_key("id")) {
        true => Ok(()),
        false => Err(ServiceError::unknown("GitHub answered with something else than that it runs again")),
    }
}

/// GitHub answers 403 both where the token may not run it again and where the run cannot be: the message distinguishes them.
fn refused(run: &RunRef, error: ServiceError) -> ServiceError {
    const CANNOT: [&str; 4] =
        ["already running", "cannot be rerun", "cannot be retried", "created over a month ago"];
    match error {
        ServiceError::Auth { why, .. }
            if CANNOT.iter().any(|words| why.to_ascii_lowercase().contains(words)) =>
        {
            ServiceError::rejected(format!("{} cannot be run again: {why}", run.name))
        }
        ServiceError::Auth { why, missing_scopes, signed_in } => {
            let why = format!("{} cannot be run again: {why}", run.name);
            ServiceError::Auth { why, missing_scopes, signed_in }
        }
        error => error,
    }
}

/// `run log`.
pub(super) struct Log {
    spec: CommandSpec,
    account: Arc<Account>,
}

impl Log {
    pub(super) fn new(account: &Arc<Account>) -> Self {
        let spec =
            CommandSpec::new("run log", "Show why a run failed: its failed jobs' logs from the first error")
                .usage("run log <run>")
                .role(Role::Log)
                .alias("log");
        let spec = run_args(spec)
            .arg(ArgSpec::flag("whole", "the whole logs, and of all jobs where none failed"))
            .example("run log acme/web/ci@main")
            .example("run log acme/web/ci@main --whole")
            .reads();
        Self { spec, account: account.clone() }
    }

    /// GitHub answers with a redirect to a store of its own, which gets no credential.
    fn log_of(repo: &str, job: &str) -> Request {
        in_repo(Method::GET, repo, &["actions", "jobs", job, "logs"]).elsewhere().tail()
    }
}

#[async_trait]
impl Action for Log {
    fn spec(&self) -> &CommandSpec {
        &self.spec
    }

    fn preview(&self, args: &Args, _now: Timestamp) -> Result<Vec<Step>, ArgError> {
        let run = RunRef::of(&self.spec, args)?;
        let http = &self.account.http;
        Ok(vec![
            http.step(format!("List the jobs of {}", run.name), &details::jobs_of(&run.repo, run.id)),
            http.step("Download the log of each job that failed", &Self::log_of(&run.repo, "JOB")),
        ])
    }

    async fn run(
        &self,
        args: &Args,
        _now: Timestamp,
        progress: &dyn Progress,
    ) -> Result<Outcome, ServiceError> {
        let run = RunRef::of(&self.spec, args).map_err(rejected)?;
        let calls = Calls::new(&self.account.http);
        let details::RunJobs { rows: jobs, incomplete } = details::jobs(&calls, &run.repo, run.id).await?;
        let incomplete =
            incomplete.map(|why| Block::Text(format!("Not all of its jobs could be read: {why}")));
        let none = match &incomplete {
            None => format!("No job of {} has failed", run.name),
            Some(_) => format!("No job of {} has failed, of those that could be read", run.name),
        };
        let whole = args.flag("whole");
        let mut failed: Vec<_> = jobs.iter().filter(|job| normalise::job_failed(job)).collect();
        let none_failed = failed.is_empty();
        if none_failed && whole {
            failed = jobs.iter().collect();
        }
        if failed.is_empty() {
            let outcome = Outcome::ok(none).with_link(run.link);
            return Ok(incomplete.into_iter().fold(outcome, Outcome::with_block));
        }
        let names: Vec<_> = failed.iter().map(|job| normalise::name(&job.name)).collect();
        let summary = match none_failed {
            true => none,
            false => format!("{}: {} failed", run.name, names.join(", ")),
        };
        let outcome = Outcome::ok(summary).with_link(run.link);
        let mut outcome = incomplete.into_iter().fold(outcome, Outcome::with_block);
        for (job, name) in failed.iter().zip(&names).take(LOGS) {
            progress.status(&format!("reading the log of {name}"));
            let log = match calls.send(Self::log_of(&run.repo, &job.id.to_string())).await {
                Ok(answer) => {
                    let log = answer.text();
                    if whole {
                        progress.output(&format!("{name}\n{}\n", without_times(&log)));
                    }
                    excerpt(&log)
                }
                // Logs are deleted after some time, and those of running jobs are not there yet.
                Err(ServiceError::Rejected { why }) => format!("The log of {name} cannot be read: {why}"),
                Err(error) => return Err(error),
            };
            if !whole {
                progress.output(&format!("{name}\n{log}\n"));
            }
            outcome = outcome.with_block(Block::Text(name.clone())).with_block(Block::Code(log));
        }
        Ok(outcome)
    }
}
