use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use async_trait::async_trait;
use callboard_domain::{
    action::{Action, Choice, Progress, Step},
    command::{ArgError, ArgSpec, Args, CommandSpec, Role},
    error::ServiceError,
    item::Kind,
    run::Outcome,
};
use jiff::Timestamp;
use serde_json::json;

use crate::{
    http::Request,
    jenkins::{
        client::{JOB, Jenkins, PollResult, below, job_arg, number_arg, refused},
        job::JobName,
        normalise,
        source::Jobs,
    },
};

/// How often a build is looked at until it ends, once it was asked to stop.
const LOOKS: u32 = 15;

/// `build stop web/api`: ends a build that runs, or takes it off the queue.
pub(super) struct StopBuild {
    jenkins: Jenkins,
    jobs: Arc<Jobs>,
    spec: CommandSpec,
}

impl StopBuild {
    pub(super) fn new(jenkins: Jenkins, jobs: Arc<Jobs>) -> Self {
        let spec = CommandSpec::new("build stop", "Stop a Jenkins build that runs or waits")
            .usage("build stop <job> [number]")
            .role(Role::Stop)
            .arg(ArgSpec::item("job", Kind::Build, JOB))
            .arg(ArgSpec::number("number", "which build; the newest where not given").optional())
            .example("build stop web/api@main")
            .example("build stop web/api 57");
        Self { jenkins, jobs, spec }
    }

    async fn stop(&self, job: &JobName, number: u64) -> Result<Outcome, ServiceError> {
        self.jenkins.write(stop(job, number)).await?;
        // Jenkins answers with a redirect whatever comes of it: only the build itself shows it.
        let looks = AtomicU32::new(0);
        let what = format!("{job} #{number} was asked to stop");
        let build = self.jenkins.follow(&what, || async {
            let build = self.jenkins.build(job, Some(number)).await?;
            let enough = looks.fetch_add(1, Ordering::Relaxed) >= LOOKS;
            Ok(if normalise::has_ended(&build) || enough {
                PollResult::There(build)
            } else {
                PollResult::NotYet
            })
        });
        let build = build.await?;
        let outcome = if build.building {
            Outcome::failed(format!("{job} #{number} was asked to stop, and is still running"))
        } else if !normalise::has_ended(&build) {
            Outcome::failed(format!("{job} #{number} was asked to stop; it has ended, and has no result yet"))
        } else if build.result.as_deref() == Some("ABORTED") {
            Outcome::ok(format!("{job} #{number} is stopped"))
        } else {
            Outcome::failed(format!("{job} #{number} ended by itself before it could be stopped"))
        };
        let data = json!({ "job": job.to_string(), "number": number, "result": build.result });
        Ok(outcome.with_link(self.jenkins.page(job, &build)).with_data(data))
    }

    async fn take_off_the_queue(&self, job: &JobName, id: u64) -> Result<Outcome, ServiceError> {
        self.jenkins.write(take_off(id)).await?;
        let what = format!("{job} was asked to leave the queue");
        let item = self.jenkins.follow(&what, || async {
            Ok(match self.jenkins.queue_item(id).await? {
                Some(item) if item.cancelled || item.executable.is_some() => PollResult::There(item),
                Some(_) => PollResult::NotYet,
                None => PollResult::Missing("Jenkins does not know its queue item"),
            })
        });
        Ok(match item.await?.executable.and_then(|built| built.number) {
            None => Outcome::ok(format!("{job} is taken off the queue")),
            Some(number) => Outcome::failed(format!("{job} had left the queue: #{number} runs")),
        })
    }
}

#[async_trait]
impl Action for StopBuild {
    fn spec(&self) -> &CommandSpec {
        &self.spec
    }

    fn preview(&self, args: &Args, _now: Timestamp) -> Result<Vec<Step>, ArgError> {
        let (job, number) = (job_arg(args)?, number_arg(args)?);
        let http = self.jenkins.http();
        let look = http.step(format!("Look which builds of {job} run or wait"), &Jenkins::job_request(&job));
        let mut end = http.step(format!("Stop it on {}", http.host()), &stop(&job, number.unwrap_or(0)));
        if number.is_none() {
            end.request = end.request.replace("/0/stop", "/NUMBER/stop");
            end.request.push_str("\n(queue/cancelItem?id=ID instead where it waits)");
        }
        Ok(vec![look, end])
    }

    async fn run(
        &self,
        args: &Args,
        _now: Timestamp,
        _progress: &dyn Progress,
    ) -> Result<Outcome, ServiceError> {
        let (job, number) = (job_arg(args).map_err(refused)?, number_arg(args).map_err(refused)?);
        if let Some(number) = number {
            return match self.jenkins.build(&job, Some(number)).await?.building {
                true => self.stop(&job, number).await,
                false => Err(ServiceError::rejected(format!("{job} #{number} has ended already"))),
            };
        }
        let known = self.jenkins.job(&job).await?;
        let waiting = known.queue_item.filter(|_| known.in_queue).and_then(|item| item.id);
        match (known.last_build.filter(|build| build.building), waiting) {
            (Some(build), _) => self.stop(&job, build.number).await,
            (None, Some(id)) => self.take_off_the_queue(&job, id).await,
            (None, None) => Err(ServiceError::rejected(format!("no build of {job} runs or waits"))),
        }
    }

    async fn choices(&self, arg: &str, _args: &Args) -> Result<Vec<Choice>, ServiceError> {
        if arg == "job" { self.jobs.choices().await } else { Ok(Vec::new()) }
    }
}

fn stop(job: &JobName, number: u64) -> Request {
    Request::post(below(job, &[&number.to_string(), "stop"]))
}

fn take_off(id: u64) -> Request {
    Request::post(["queue", "cancelItem"]).query("id", id.to_string())
}
