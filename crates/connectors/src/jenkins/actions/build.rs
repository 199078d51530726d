use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use callboard_domain::{
    action::{Action, Choice, Progress, Step},
    command::{ArgError, ArgSpec, Args, CommandSpec, Role},
    duration::Span,
    error::ServiceError,
    item::{BuildStatus, Kind},
    message::Block,
    run::Outcome,
    text,
};
use jiff::Timestamp;
use serde_json::json;
use tokio::{sync::Mutex, time::Instant};

use super::{
    log,
    outcome::{length, outcome},
};
use crate::{
    http::{Answer, Request},
    jenkins::{
        client::{JOB, Jenkins, PAUSE, PollResult, below, job_arg, refused},
        job::JobName,
        normalise,
        source::Jobs,
        wire,
    },
};

/// How long a build may take until following it ends.
const LONGEST: Duration = Duration::from_secs(6 * 3_600);

/// How many polls show whether a request to build was accepted, where the answer does not show it.
const LOOKS: u32 = 4;

/// `build web/api REF=main`: starts a job and follows it to its end.
pub(super) struct BuildJob {
    jenkins: Jenkins,
    jobs: Arc<Jobs>,
    spec: CommandSpec,
}

impl BuildJob {
    pub(super) fn new(jenkins: Jenkins, jobs: Arc<Jobs>) -> Self {
        let spec = CommandSpec::new("build", "Build a Jenkins job, and say how it ended")
            .usage("build <job> [param=value...]")
            .role(Role::Again)
            .arg(ArgSpec::item("job", Kind::Build, JOB))
            .arg(ArgSpec::text("branch", "the branch, of a multibranch project").optional())
            .arg(ArgSpec::pairs("parameters", "the job's parameters"))
            .example("build web/api")
            .example("build web/api@main")
            .example("build web/api branch=main")
            .example("build deploy REF=v2 ENV=staging")
            .timeout(LONGEST);
        Self { jenkins, jobs, spec }
    }

    /// How it ended, once it has ended. What it writes on its console is put out as it comes.
    async fn ended(
        &self,
        job: &JobName,
        number: u64,
        progress: &dyn Progress,
    ) -> Result<wire::Build, ServiceError> {
        let began = Instant::now();
        let what = format!("{job} #{number} was started");
        let read = Mutex::new(Read { next: 0, lines: log::Lines::new(self.jenkins.http().parts()) });
        let console = Console { jenkins: &self.jenkins, job, number, read };
        self.jenkins
            .follow(&what, || async {
                let build = self.jenkins.build(job, Some(number)).await?;
                let ended = normalise::has_ended(&build);
                console.forward_output(progress, ended).await;
                if ended {
                    return Ok(PollResult::There(build));
                }
                if !build.building {
                    return Ok(PollResult::Missing("it ended without a result"));
                }
                let about = length(build.estimated_duration).map(|about| format!(" of about {about}"));
                let so_far = Span(Duration::from_secs(began.elapsed().as_secs()));
                progress.status(&format!("#{number} runs, {so_far}{}", about.unwrap_or_default()));
                Ok(PollResult::NotYet)
            })
            .await
    }

    /// The queue item that a request to build made.
    async fn queued(&self, job: &JobName, before: &wire::Job, answer: &Answer) -> Result<u64, ServiceError> {
        if let Some(id) = answer.header("location").and_then(queue_id) {
            return Ok(id);
        }
        let location = answer.header("location").unwrap_or_default();
        if answer.status.is_redirection() && location.contains("login") {
            return Err(ServiceError::auth("Jenkins requires signing in to build"));
        }
        // It points to the job's page where the queue did not take it; old versions do so where it did. So the job shows it,
        // as far as nobody else began it at the same time.
        let waited = before.queue_item.as_ref().filter(|_| before.in_queue).and_then(|item| item.id);
        for look in 1..=LOOKS {
            let now = self.jenkins.job(job).await.map_err(|error| {
                ServiceError::unknown(format!("Jenkins did not say whether it queued {job}: {error}"))
            })?;
            let waits = now.queue_item.as_ref().filter(|_| now.in_queue).and_then(|item| item.id);
            if let Some(id) = waits.filter(|id| waited != Some(*id)) {
                return Ok(id);
            }
            let newest = |job: &wire::Job| job.last_build.as_ref().map_or(0, |build| build.number);
            if newest(&now) > newest(before) {
                return Err(ServiceError::unknown(format!(
                    "Jenkins did not say where it queued {job}; #{} has begun since",
                    newest(&now)
                )));
            }
            if look < LOOKS {
                self.jenkins.http().pause(PAUSE).await;
            }
        }
        Err(match answer.status.is_redirection() {
            true => ServiceError::rejected(format!(
                "Jenkins did not queue {job}: a plugin refused it, or it shuts down"
            )),
            false => ServiceError::unknown(format!(
                "Jenkins took the request to build {job}, but did not say where it queued it"
            )),
        })
    }
}

/// A build's console while the build is followed.
struct Console<'a> {
    jenkins: &'a Jenkins,
    job: &'a JobName,
    number: u64,
    read: Mutex<Read>,
}

/// How far a console was read.
struct Read {
    /// Where the part begins that was not read yet, in bytes.
    next: u64,
    lines: log::Lines,
}

impl Console<'_> {
    /// Puts out what was written since the last time. It is welcome, but no part of what was asked: where it cannot be
    /// read, the next time is tried.
    async fn forward_output(&self, progress: &dyn Progress, ended: bool) {
        let mut read = self.read.lock().await;
        let part = self.jenkins.log(self.job, self.number, read.next).await.ok();
        let more = !ended && part.as_ref().is_none_or(|part| part.more);
        let new = part.filter(|part| part.next > read.next && !part.text.is_empty());
        // A part that was cut at its beginning still ends where the next one starts.
        read.next = new.as_ref().map_or(read.next, |part| part.next);
        let text = read.lines.next(new.as_ref().map_or("", |part| &part.text), more);
        if !text.is_empty() {
            progress.output(&text::block(log::end(&text, log::SHOWN), usize::MAX));
        }
    }
}

#[async_trait]
impl Action for BuildJob {
    fn spec(&self) -> &CommandSpec {
        &self.spec
    }

    fn preview(&self, args: &Args, _now: Timestamp) -> Result<Vec<Step>, ArgError> {
        let job = job_arg(args)?;
        let http = self.jenkins.http();
        let look = http.step(format!("Look what {job} takes"), &Jenkins::job_request(&job));
        let (of_branch, pairs) = of_branch(&job, args);
        let target = of_branch.as_ref().unwrap_or(&job);
        let mut begin =
            http.step(format!("Start {target} on {}", http.host()), &start(target, &args.pairs, false));
        // Which request it is depends on the answer to the first.
        let defaults = args.pairs.is_empty().then(|| ("it has parameters", start(target, &[], true)));
        let parameter = of_branch.is_some().then(|| ("branch is a parameter", start(&job, &pairs, true)));
        for (when, request) in defaults.into_iter().chain(parameter) {
            begin.request.push_str(&format!("\nor, where {when}:\n{}", http.step("", &request).request));
        }
        Ok(vec![look, begin, Step { what: "Follow it to its end".to_owned(), request: String::new() }])
    }

    async fn run(
        &self,
        args: &Args,
        _now: Timestamp,
        progress: &dyn Progress,
    ) -> Result<Outcome, ServiceError> {
        let mut job = job_arg(args).map_err(refused)?;
        let mut known = self.jenkins.job(&job).await?;
        let (of_branch, mut pairs) = of_branch(&job, args);
        if let Some(of_branch) = of_branch.filter(|_| known.is_multibranch()) {
            job = of_branch;
            known = self.jenkins.job(&job).await?;
            pairs = args.pairs.clone();
        }
        let definitions = parameters(&known);
        check(&job, &known, &definitions, &pairs)?;
        let request = start(&job, &pairs, !definitions.is_empty());
        let answer = self.jenkins.write(request).await?;
        let id = self.queued(&job, &known, &answer).await?;
        progress.step("queued");

        let what = format!("{job} was queued");
        let number = self.jenkins.follow(&what, || async {
            let Some(item) = self.jenkins.queue_item(id).await? else {
                // Not there yet, or already forgotten: then the build names its item.
                let built = self.jenkins.built_from(&job, id).await?;
                let missing = PollResult::Missing("Jenkins does not know its queue item");
                return Ok(built.map_or(missing, |number| PollResult::There(Some(number))));
            };
            if let Some(number) = item.executable.and_then(|built| built.number) {
                return Ok(PollResult::There(Some(number)));
            }
            if item.cancelled {
                return Ok(PollResult::There(None));
            }
            let why = item.why.as_deref().map(|why| format!(": {}", text::line(why, 150)));
            progress.status(&format!("queued{}", why.unwrap_or_default()));
            Ok(PollResult::NotYet)
        });
        let Some(number) = number.await? else {
            let outcome = Outcome::failed(format!("{job} was taken off the queue before it began"));
            return Ok(outcome.with_data(json!({ "job": job.to_string(), "result": "canceled" })));
        };
        progress.step(&format!("#{number} runs"));
        let build = self.ended(&job, number, progress).await?;
        let mut outcome = outcome(&job, &build).with_link(self.jenkins.page(&job, &build));
        if normalise::status(&build) == BuildStatus::Failed {
            // Welcome, but no part of what was asked: without it the outcome is as true.
            if let Ok(part) = self.jenkins.log(&job, number, 0).await {
                outcome = outcome.with_block(Block::Code(log::excerpt(&part.text, true)));
            }
        }
        Ok(outcome)
    }

    async fn choices(&self, arg: &str, args: &Args) -> Result<Vec<Choice>, ServiceError> {
        match arg {
            "job" => self.jobs.choices().await,
            "parameters" => {
                let job = self.jenkins.job(&job_arg(args).map_err(refused)?).await?;
                let choice = |definition: &wire::ParameterDefinition| Choice {
                    value: format!("{}=", text::line(&definition.name, 100)),
                    note: definition.choices.as_ref().map(|choices| text::line(&choices.join(", "), 200)),
                };
                Ok(parameters(&job).into_iter().map(choice).collect())
            }
            _ => Ok(Vec::new()),
        }
    }
}

/// What `branch` means: the branch of a multibranch project, or a parameter like any other.
fn of_branch(job: &JobName, args: &Args) -> (Option<JobName>, Vec<(String, String)>) {
    let branch = args.get("branch").map(|branch| ("branch".to_owned(), branch.to_owned()));
    let of_branch = branch.as_ref().and_then(|(_, branch)| job.with_branch(branch));
    (of_branch, branch.into_iter().chain(args.pairs.iter().cloned()).collect())
}

/// The request that starts a build. A job without parameters takes only `build`, one with parameters only
/// `buildWithParameters`, which fills in their defaults.
fn start(job: &JobName, pairs: &[(String, String)], parameterised: bool) -> Request {
    if pairs.is_empty() && !parameterised {
        Request::post(below(job, &["build"]))
    } else {
        Request::post(below(job, &["buildWithParameters"])).form(pairs.to_vec())
    }
}

fn parameters(job: &wire::Job) -> Vec<&wire::ParameterDefinition> {
    job.property.iter().flat_map(|property| &property.parameter_definitions).collect()
}

/// Refuses what Jenkins would refuse without saying why, or silently leave out.
fn check(
    name: &JobName,
    job: &wire::Job,
    definitions: &[&wire::ParameterDefinition],
    pairs: &[(String, String)],
) -> Result<(), ServiceError> {
    let no = |why: String| Err(ServiceError::rejected(why));
    let holds_jobs = job.is_folder() || job.is_multibranch() || job.jobs.is_some();
    if job.buildable == Some(false) || (job.buildable.is_none() && holds_jobs) {
        return no(format!("{name} cannot be built: it is disabled in Jenkins, or it is a folder"));
    }
    for (given, value) in pairs {
        let Some(definition) = definitions.iter().find(|definition| definition.name == *given) else {
            let known: Vec<_> = definitions.iter().map(|definition| definition.name.as_str()).collect();
            return no(match known.is_empty() {
                true => format!("{name} takes no parameters, so no {given}"),
                false => {
                    format!("{name} has no parameter {given}; it has {}", text::line(&known.join(", "), 300))
                }
            });
        };
        if let Some(choices) = &definition.choices
            && !choices.contains(value)
        {
            let choices = text::line(&choices.join(", "), 300);
            return no(format!("{given} of {name} is one of {choices}, not {value:?}"));
        }
    }
    let given = |name: &str| pairs.iter().any(|(given, _)| given == name);
    let missing: Vec<_> = definitions
        .iter()
        .filter(|definition| definition.default_parameter_value.is_none() && !given(&definition.name))
        .map(|definition| match &definition.kind {
            Some(kind) => format!("{} ({})", definition.name, kind.trim_end_matches("ParameterDefinition")),
            None => definition.name.clone(),
        })
        .collect();
    if missing.is_empty() {
        Ok(())
    } else {
        no(format!("{name} needs {}", text::line(&missing.join(", "), 300)))
    }
}

/// The queue item that a `Location` names. Only its number is taken: a Jenkins behind a proxy may name another host.
fn queue_id(location: &str) -> Option<u64> {
    let (_, after) = location.split_once("/queue/item/")?;
    after.split('/').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_number_of_a_queue_item_is_used() {
        let cases = [
            ("https://ci.example/queue/item/82/", Some(82)),
            ("http://jenkins.internal:8080/ci/queue/item/82", Some(82)),
            ("/queue/item/82/?x=1", Some(82)),
            ("https://ci.example/job/web/", None),
            ("/queue/item//", None),
            ("/queue/item/../../x", None),
            ("/queue/item/99999999999999999999999/", None),
            ("", None),
        ];
        for (location, expected) in cases {
            assert_eq!(queue_id(location), expected, "{location}");
        }
    }

    #[test]
    fn parameter_that_jenkins_would_ignore_is_refused() {
        let job = |json: serde_json::Value| -> wire::Job { serde_json::from_str(&json.to_string()).unwrap() };
        let plain = job(json!({ "buildable": true }));
        let disabled = job(json!({ "buildable": false }));
        let job = job(json!({
            "buildable": true,
            "property": [{}, null, { "parameterDefinitions": [
                { "name": "REF", "type": "StringParameterDefinition", "defaultParameterValue": { "name": "REF" } },
                { "name": "ENV", "type": "ChoiceParameterDefinition", "choices": ["staging", "production"],
                  "defaultParameterValue": { "name": "ENV" } },
                { "name": "PLAN", "type": "FileParameterDefinition", "defaultParameterValue": null },
            ]}],
        }));
        type Pairs = [(&'static str, &'static str)];
        let cases: [(&wire::Job, &Pairs, Option<&str>); 8] = [
            (&job, &[("PLAN", "x")], None),
            (&job, &[("PLAN", "x"), ("ENV", "staging"), ("REF", "")], None),
            (&job, &[("PLAN", "x"), ("ENV", "moon")], Some("staging, production")),
            (&job, &[("PLAN", "x"), ("REFF", "v1")], Some("it has REF, ENV, PLAN")),
            (&job, &[], Some("needs PLAN (File)")),
            (&plain, &[], None),
            (&plain, &[("REF", "v1")], Some("takes no parameters")),
            (&disabled, &[], Some("disabled")),
        ];
        let name: JobName = "web/api".parse().unwrap();
        for (job, pairs, expected) in cases {
            let pairs: Vec<_> = pairs.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect();
            let got = check(&name, job, &parameters(job), &pairs);
            match expected {
                None => assert_eq!(got, Ok(()), "{pairs:?}"),
                Some(why) => assert!(got.unwrap_err().to_string().contains(why), "{pairs:?}"),
            }
        }
    }
}
