//! What on the board an argument can be: live choices without asking a service.

use std::collections::BTreeMap;

use callboard_domain::{
    action::Choice,
    item::{AccountName, Detail, Item},
};
use schemars::JsonSchema;
use serde::Deserialize;

/// `choices_from`: an account, and what of its items is listed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Listing {
    /// The account.
    #[schemars(with = "String")]
    pub(crate) account: AccountName,
    /// What of its items.
    pub(crate) list: List,
}

/// What of an account's items is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum List {
    /// Repositories, projects, services.
    Repos,
    /// Branches of builds and pull requests.
    Branches,
    /// Pipelines of builds.
    Pipelines,
    /// The items themselves, by their references.
    Items,
}

impl Listing {
    /// The choices that these items give, sorted; those of other accounts give none.
    pub(crate) fn choices<'i>(&self, items: impl IntoIterator<Item = &'i Item>) -> Vec<Choice> {
        let own = items.into_iter().filter(|item| item.key.account == self.account);
        // By value, with a title where the items themselves are listed.
        let mut choices: BTreeMap<&str, Option<&str>> = BTreeMap::new();
        for item in own {
            let (value, note) = match (self.list, &item.detail) {
                (List::Repos, _) => (Some(item.repo()), None),
                (List::Branches, Detail::Build(build)) => (build.branch.as_deref(), None),
                (List::Branches, Detail::PullRequest(pull_request)) => (Some(&*pull_request.branch), None),
                (List::Pipelines, Detail::Build(build)) => (Some(&*build.pipeline), None),
                (List::Items, _) => (Some(item.reference()), Some(&*item.title)),
                (List::Branches | List::Pipelines, _) => (None, None),
            };
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                choices.insert(value, note);
            }
        }
        let choice = |(value, note): (&str, Option<&str>)| Choice {
            value: value.to_owned(),
            note: note.map(str::to_owned),
        };
        choices.into_iter().map(choice).collect()
    }
}
