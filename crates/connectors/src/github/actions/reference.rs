//! What arguments refer to: a pull request, a repository.

use callboard_domain::{
    command::{ArgError, Args, CommandSpec},
    error::ServiceError,
    item::{Detail, Item},
};

use crate::github::watch::is_repo;

/// A pull request as an argument names it: `acme/web#479`, or its address on the web.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PullRef {
    pub(super) repo: String,
    pub(super) number: u64,
    /// The newest commit that the person has seen, where it is on the board.
    pub(super) head: Option<String>,
}

impl std::fmt::Display for PullRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
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

/// Arguments have passed the preview when a run begins; this is for those that have not.
pub(super) fn rejected(error: ArgError) -> ServiceError {
    ServiceError::rejected(error.to_string())
}
