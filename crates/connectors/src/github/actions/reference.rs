//! What arguments refer to: a pull request, a request for a person's yes.

use std::fmt;

use callboard_domain::{
    command::{ArgError, Args, CommandSpec, verbs},
    error::ServiceError,
    item::{Approval, Detail, Item},
    text,
};
use jiff::Timestamp;
use reqwest::Method;
use url::Url;

use crate::{
    github::{client::in_repo, gate_id::GateId, watch::is_repo, wire},
    http::Request,
};

/// A pull request as an argument names it: `acme/web#479`, or its address on the web.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PullRef {
    pub(super) repo: String,
    pub(super) number: u64,
    /// The newest commit that the person has seen, where it is on the board.
    pub(super) head: Option<String>,
}

impl fmt::Display for PullRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.repo, self.number)
    }
}

impl PullRef {
    pub(super) fn of(spec: &CommandSpec, args: &Args) -> Result<Self, ArgError> {
        if let Some(Item { detail: Detail::PullRequest(pull), .. }) = args.item("pr") {
            let head = Some(pull.head.clone()).filter(|head| !head.is_empty());
            return Ok(Self { repo: pull.repo.clone(), number: pull.number, head });
        }
        let text = args.needed(spec, "pr")?;
        Self::parse(text).ok_or_else(|| ArgError::invalid("pr", "a pull request such as acme/web#479", text))
    }

    fn parse(text: &str) -> Option<Self> {
        let (repo, number) = match text.split_once('#') {
            Some((repo, number)) => (repo.to_owned(), number),
            None => {
                let mut parts = text.strip_prefix("https://")?.split('/').skip(1);
                let repo = format!("{}/{}", parts.next()?, parts.next()?);
                (parts.next()? == "pull").then_some((repo, parts.next()?))?
            }
        };
        is_repo(&repo).then_some(Self { repo, number: number.parse().ok()?, head: None })
    }
}

/// A request for a person's yes as an argument names it, with what the person has seen of it: nothing of one that was only
/// typed.
pub(super) struct GateRef {
    pub(super) id: GateId,
    pub(super) link: Option<Url>,
    commit: Option<String>,
    asked_at: Option<Timestamp>,
}

impl fmt::Display for GateRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id.fmt(f)
    }
}

impl GateRef {
    pub(super) fn of(spec: &CommandSpec, args: &Args) -> Result<Self, ArgError> {
        let expected = "an approval such as acme/web/runs/31/production";
        let parse = |text: &str| {
            text.parse::<GateId>().map_err(|()| ArgError::invalid(verbs::APPROVAL, expected, text))
        };
        if let Some(Item { key, url, detail: Detail::Approval(approval), .. }) = args.item(verbs::APPROVAL) {
            let Approval { commit, asked_at, .. } = approval;
            let (link, commit) = (url.clone(), commit.clone());
            return Ok(Self { id: parse(&key.id)?, link, commit, asked_at: *asked_at });
        }
        let id = parse(args.needed(spec, verbs::APPROVAL)?)?;
        Ok(Self { id, link: None, commit: None, asked_at: None })
    }

    pub(super) fn request(&self, method: Method, rest: &[&str]) -> Request {
        let run = self.id.run.to_string();
        let segments: Vec<_> = ["actions", "runs", &run].into_iter().chain(rest.iter().copied()).collect();
        in_repo(method, &self.id.repo, &segments)
    }

    pub(super) fn look(&self, rest: &[&str]) -> Request {
        self.request(Method::GET, rest)
    }

    pub(super) fn run_name(&self) -> String {
        format!("run {} of {}", self.id.run, self.id.repo)
    }

    /// The commit that was shown, in a few letters.
    pub(super) fn commit(&self) -> Option<String> {
        self.commit.as_deref().map(|commit| text::line(commit, 8))
    }

    /// An answer is for what was shown: a run that is of another commit by now, or runs again, may ask for something else.
    pub(super) fn check_as_shown(&self, run: &wire::Run) -> Result<(), ServiceError> {
        let name = self.run_name();
        let unread = |what: &str| {
            let why = format!("GitHub does not say {what}, so nothing was sent for {name}");
            Err(ServiceError::unavailable(why))
        };
        let changed = |how: String| {
            let why = format!("{name} {how} since it was shown; look at it, then answer again");
            Err(ServiceError::rejected(why))
        };
        match &self.commit {
            Some(_) if run.head_sha.is_empty() => return unread("which commit it is of"),
            Some(commit) if *commit != run.head_sha => {
                let (from, to) = (text::line(commit, 8), text::line(&run.head_sha, 8));
                return changed(format!("went from {from} to {to}"));
            }
            Some(_) | None => {}
        }
        match (self.asked_at, run.run_started_at) {
            (Some(_), None) => unread("when it began"),
            (Some(asked), Some(began)) if began > asked => match run.run_attempt {
                Some(attempt) => changed(format!("was run again (attempt {attempt})")),
                None => changed("was run again".to_owned()),
            },
            (Some(_) | None, _) => Ok(()),
        }
    }
}

/// Arguments have passed the preview when a run begins; this is for those that have not.
pub(super) fn rejected(error: ArgError) -> ServiceError {
    ServiceError::rejected(error.to_string())
}
