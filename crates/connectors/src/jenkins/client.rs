use std::{future::Future, time::Duration};

use callboard_domain::{
    command::{ArgError, Args},
    error::ServiceError,
    text,
};
use reqwest::StatusCode;
use url::Url;

use super::{job::JobName, wire};
use crate::{
    http::{Answer, Http, Request},
    lenient::{Entries, web_url},
};

/// The pause between two looks at something that is under way.
pub(super) const PAUSE: Duration = Duration::from_secs(2);
/// How many looks in a row may fail before following ends: a restart of Jenkins takes minutes.
const PATIENCE: u32 = 150;
/// How many looks in a row may not find what surely was there, or soon will be: a minute in all, as the pauses grow.
const MISSES: u32 = 10;

/// What a look at something that is under way finds.
pub(super) enum PollResult<T> {
    /// Its end.
    There(T),
    /// It goes on.
    NotYet,
    /// Something expected is missing: Jenkins is slow, or has lost it. The text names it.
    Missing(&'static str),
}

/// Jenkins's API.
#[derive(Clone)]
pub(super) struct Jenkins {
    http: Http,
    crumbs: bool,
}

/// Part of a build's log.
pub(super) struct LogPart {
    pub(super) text: String,
    /// Where the next part starts.
    pub(super) next: u64,
    /// True while the build may write more.
    pub(super) more: bool,
}

impl Jenkins {
    /// `crumbs`: whether writes need one.
    pub(super) fn new(http: Http, crumbs: bool) -> Self {
        Self { http, crumbs }
    }

    pub(super) fn http(&self) -> &Http {
        &self.http
    }

    /// Who it takes us for, and what it calls itself.
    pub(super) async fn who_am_i(&self) -> Result<(wire::WhoAmI, Option<String>), ServiceError> {
        let request = Request::get(["whoAmI", "api", "json"]).query("tree", "name,anonymous");
        let answer = self.http.send(request).await?;
        let server = answer.header("x-jenkins").map(|version| format!("Jenkins {}", text::line(version, 40)));
        let who: wire::WhoAmI = answer.json()?;
        if who.name.is_empty() && !who.anonymous {
            let why = "Jenkins does not say who asks; is it Jenkins that answers?";
            return Err(ServiceError::unavailable(why));
        }
        Ok((who, server))
    }

    /// The jobs in a folder. Where Jenkins does not list them, nothing of what was asked for is read.
    pub(super) async fn jobs(
        &self,
        folders: &[String],
        tree: &str,
    ) -> Result<Entries<wire::Job>, ServiceError> {
        let path = folders.iter().flat_map(|folder| ["job", folder]).chain(["api", "json"]);
        let folder: wire::Folder = self.http.send(Request::get(path).query("tree", tree)).await?.json()?;
        folder.jobs.ok_or_else(|| {
            let place = if folders.is_empty() { String::new() } else { format!(" in {}", folders.join("/")) };
            ServiceError::unavailable(format!("Jenkins does not say which jobs there are{place}"))
        })
    }

    /// What a job takes and how it is.
    pub(super) async fn job(&self, name: &JobName) -> Result<wire::Job, ServiceError> {
        let answer = self.http.exchange(Self::job_request(name)).await?;
        self.found(answer, || format!("Jenkins has no job {name}, or hides it from this account"))?.json()
    }

    pub(super) fn job_request(name: &JobName) -> Request {
        Request::get(below(name, &["api", "json"])).query("tree", wire::JOB)
    }

    /// A build of a job; the newest where no number is given.
    pub(super) async fn build(
        &self,
        name: &JobName,
        number: Option<u64>,
    ) -> Result<wire::Build, ServiceError> {
        let missing = || match number {
            Some(number) => format!("Jenkins has no build {number} of {name}, or hides it from this account"),
            None => {
                format!("Jenkins has no job {name}, or it was never built, or it is hidden from this account")
            }
        };
        self.find_build(name, number).await?.ok_or_else(|| ServiceError::rejected(missing()))
    }

    /// The same; none where Jenkins does not have it, or hides it.
    pub(super) async fn find_build(
        &self,
        name: &JobName,
        number: Option<u64>,
    ) -> Result<Option<wire::Build>, ServiceError> {
        let answer = self.http.exchange(Self::build_request(name, number)).await?;
        if answer.status == StatusCode::NOT_FOUND { Ok(None) } else { self.good(answer)?.json().map(Some) }
    }

    pub(super) fn build_request(name: &JobName, number: Option<u64>) -> Request {
        let number = number.map_or("lastBuild".to_owned(), |number| number.to_string());
        Request::get(below(name, &[&number, "api", "json"])).query("tree", wire::BUILD)
    }

    /// The state of a request to build. None where Jenkins does not know it: not yet, or some minutes after the build
    /// began not any more.
    pub(super) async fn queue_item(&self, id: u64) -> Result<Option<wire::QueueItem>, ServiceError> {
        let request = Request::get(["queue", "item", &id.to_string(), "api", "json"]);
        let answer = self.http.exchange(request.query("tree", wire::QUEUE_ITEM)).await?;
        if answer.status == StatusCode::NOT_FOUND { Ok(None) } else { self.good(answer)?.json().map(Some) }
    }

    /// The build that a queue item became, of those that a job built last.
    pub(super) async fn built_from(&self, name: &JobName, id: u64) -> Result<Option<u64>, ServiceError> {
        let request = Request::get(below(name, &["api", "json"])).query("tree", wire::QUEUE_IDS);
        let job: wire::Job = self.http.send(request).await?.json()?;
        Ok(job.builds().iter().find(|build| build.queue_id == Some(id)).map(|build| build.number))
    }

    /// A build's log from a byte on (`X-Text-Size` and `X-More-Data` of progressiveText).
    pub(super) async fn log(&self, name: &JobName, number: u64, start: u64) -> Result<LogPart, ServiceError> {
        let answer = self.http.send(Self::log_request(name, number, start)).await?;
        let next = answer.header("x-text-size").and_then(|size| size.parse().ok()).ok_or_else(|| {
            ServiceError::unavailable(
                "Jenkins answered with something else than a log; is a proxy in the way?",
            )
        })?;
        let more = answer.header("x-more-data").is_some_and(|more| more.eq_ignore_ascii_case("true"));
        Ok(LogPart { text: answer.text(), next, more })
    }

    pub(super) fn log_request(name: &JobName, number: u64, start: u64) -> Request {
        let number = number.to_string();
        Request::get(below(name, &[&number, "logText", "progressiveText"]))
            .query("start", start.to_string())
            .tail()
    }

    /// Sends a write, once, with a crumb where one is needed. A redirect comes back as the answer, but for those of somebody
    /// in front of Jenkins, which mean that it is to be done elsewhere: Jenkins itself answers a write with 302 or 303.
    pub(super) async fn write(&self, request: Request) -> Result<Answer, ServiceError> {
        let answer = self.post(request).await?;
        if answer.status.is_success() || answer.status.is_redirection() {
            Ok(answer)
        } else {
            Err(self.http.service_error(&answer))
        }
    }

    /// The same, whatever the status of the answer.
    pub(super) async fn post(&self, request: Request) -> Result<Answer, ServiceError> {
        let request = if self.crumbs { self.with_crumb(request).await? } else { request };
        let answer = self.http.exchange(request.unfollowed()).await?;
        if answer.status == StatusCode::MOVED_PERMANENTLY {
            let to = text::line(answer.header("location").unwrap_or("another address"), 200);
            let why = format!("Jenkins has moved to {to}: nothing was done; make that the account's url");
            return Err(ServiceError::rejected(why));
        }
        // Jenkins answers a write with nothing (which a plugin writes as JSON) or a redirect; a text is somebody else's, a
        // proxy's sign-in perhaps.
        if answer.status.is_success() && !matches!(answer.body.trim_ascii(), b"" | b"null") {
            let why = "Jenkins answered with a text where it has none; is a proxy in the way?";
            return Err(ServiceError::unknown(why));
        }
        Ok(answer)
    }

    /// A crumb counts only in the session that it was issued in (Jenkins 2.176.2 and later): its cookies go along.
    async fn with_crumb(&self, request: Request) -> Result<Request, ServiceError> {
        let answer = self.http.exchange(Request::get(["crumbIssuer", "api", "json"])).await?;
        if answer.status == StatusCode::NOT_FOUND {
            // The protection is switched off.
            return Ok(request);
        }
        let cookies: Vec<_> = answer
            .headers
            .get_all("set-cookie")
            .iter()
            .filter_map(|cookie| cookie.to_str().ok()?.split(';').next())
            .map(str::to_owned)
            .collect();
        let issued: wire::Crumb = self.good(answer)?.json()?;
        let field = ["Jenkins-Crumb", ".crumb"]
            .into_iter()
            .find(|known| known.eq_ignore_ascii_case(&issued.crumb_request_field));
        let field = field.ok_or_else(|| {
            ServiceError::rejected(
                "Jenkins expects its CSRF crumb in an unusual header; an API token needs no crumb",
            )
        })?;
        let request = request.header(field, issued.crumb);
        Ok(if cookies.is_empty() { request } else { request.header("cookie", cookies.join("; ")) })
    }

    /// Looks at something again and again until `look` finds an end.
    ///
    /// For what follows a write that was accepted: passing errors are waited out, what is missing is looked for again a few
    /// times, and anything else is [`ServiceError::Unknown`], as it does not show the result of the write. `what` names what was
    /// accepted.
    pub(super) async fn follow<T, F>(&self, what: &str, look: impl Fn() -> F) -> Result<T, ServiceError>
    where
        F: Future<Output = Result<PollResult<T>, ServiceError>>,
    {
        let (mut failed, mut missed) = (0, 0);
        loop {
            let pause = match look().await {
                Ok(PollResult::There(end)) => return Ok(end),
                Ok(PollResult::NotYet) => {
                    (failed, missed) = (0, 0);
                    PAUSE
                }
                Ok(PollResult::Missing(_)) if missed < MISSES => {
                    missed += 1;
                    PAUSE * missed.div_ceil(2)
                }
                Ok(PollResult::Missing(why)) => {
                    return Err(ServiceError::unknown(format!("{what}, but then {why}")));
                }
                Err(error) if error.may_retry() && failed < PATIENCE => {
                    failed += 1;
                    match error {
                        ServiceError::RateLimited { retry_after, .. } => retry_after.max(PAUSE),
                        _ => PAUSE,
                    }
                }
                Err(error) => {
                    return Err(ServiceError::unknown(format!(
                        "{what}, but then it could not be followed: {error}"
                    )));
                }
            };
            self.http.pause(pause).await;
        }
    }

    /// Where a build can be seen: by its URL from Jenkins, else below the account's URL.
    pub(super) fn page(&self, name: &JobName, build: &wire::Build) -> Option<Url> {
        build.url.as_deref().and_then(web_url).or_else(|| {
            let mut url = self.http.base().clone();
            let number = build.number.to_string();
            url.path_segments_mut().ok()?.pop_if_empty().extend(below(name, &[&number, ""]));
            Some(url)
        })
    }

    pub(super) fn good(&self, answer: Answer) -> Result<Answer, ServiceError> {
        if answer.status.is_success() { Ok(answer) } else { Err(self.http.service_error(&answer)) }
    }

    fn found(&self, answer: Answer, missing: impl Fn() -> String) -> Result<Answer, ServiceError> {
        if answer.status == StatusCode::NOT_FOUND {
            return Err(ServiceError::rejected(missing()));
        }
        self.good(answer)
    }
}

/// A path below a job.
pub(super) fn below(name: &JobName, rest: &[&str]) -> Vec<String> {
    name.segments().into_iter().chain(rest.iter().map(|part| (*part).to_owned())).collect()
}

/// What the `job` argument of a command is.
pub(super) const JOB: &str = "the job, with @branch for one branch of a multibranch project";

/// The `job` argument of a command.
pub(super) fn job_arg(args: &Args) -> Result<JobName, ArgError> {
    let found = args.text("job");
    found.parse().map_err(|expected: String| ArgError::invalid("job", expected, found))
}

/// The `number` argument of a command, where it is given.
pub(super) fn number_arg(args: &Args) -> Result<Option<u64>, ArgError> {
    let Some(found) = args.get("number") else { return Ok(None) };
    found
        .trim_start_matches('#')
        .parse()
        .map(Some)
        .map_err(|_| ArgError::invalid("number", "a build's number", found))
}

/// Arguments that have passed the preview cannot be wrong; should they be, nothing was done.
pub(super) fn refused(error: ArgError) -> ServiceError {
    ServiceError::rejected(error.to_string())
}
