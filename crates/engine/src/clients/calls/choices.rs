//! What a word of a line can be, while it is typed.

use std::collections::{BTreeMap, BTreeSet};

use callboard_domain::{
    action::Choice,
    command::{self, ArgError, ArgSpec, ArgType, Args, is_over},
    identity::Identity,
    item::{AccountName, Detail, Item, Kind, Question, QuestionType},
};
use jiff::Timestamp;

use super::{board::identities, line::ACCOUNT};
use crate::{
    Engine,
    act::run::account_of,
    active_config::ActiveConfig,
    api::{ApiError, ChoicesQuery, FoundChoice, TextSpan},
    clients::{choice_cache::ChoicesKey, find::fuzzy::FuzzyQuery},
    commands::registry::Entry,
};

/// How many choices one answer gives; nobody reads more.
const MOST: usize = 200;
/// How many labels tell alerts of one name apart, at most.
const TELLING: usize = 2;

impl Engine {
    /// Of an argument that takes several, the last word is looked for, and the words before it are kept.
    pub(crate) async fn choices(&self, query: ChoicesQuery) -> Result<Vec<FoundChoice>, ApiError> {
        let active = self.active();
        let (line, asked) = account_of(&query.line).unwrap_or_else(|_| (query.line.clone(), None));
        let (entry, mut args) = so_far(&active, &line)?;
        let spec = &entry.spec;
        let arg = match spec.find_arg(&query.arg) {
            Some(arg) => arg,
            None if query.arg == ACCOUNT => {
                let accounts = entry.accounts().map(|account| plain(account.as_str())).collect();
                return Ok(ranked(accounts, &query.typed));
            }
            None => {
                self.inner.runner.resolve_items(entry, asked.as_ref(), &mut args).await?;
                if let Some(question) = question(&args, &query.arg) {
                    return Ok(ranked(answers(&question.ty), &query.typed));
                }
                let (command, name) = (spec.name.clone(), query.arg.clone());
                return Err(ArgError::Unexpected { command, name, nearest: None }.into());
            }
        };
        // What it is now must not keep it from being something else.
        args.values.remove(&arg.name);
        if !command::takes_several(spec, arg) {
            let found = self.choices_of(&active, entry, arg, args, asked, &query.typed).await?;
            return Ok(ranked(found, &query.typed));
        }
        let (before, typed) = last_word(&query.typed);
        let found = self.choices_of(&active, entry, arg, args, asked, &typed).await?;
        let mut found = ranked(found, &typed);
        for choice in &mut found {
            let value = command::quote(&choice.value);
            choice.value = if before.is_empty() { value } else { format!("{before} {value}") };
        }
        Ok(found)
    }

    /// What an argument can be of which that much is typed.
    async fn choices_of(
        &self,
        active: &ActiveConfig,
        entry: &Entry,
        arg: &ArgSpec,
        args: Args,
        asked: Option<AccountName>,
        typed: &str,
    ) -> Result<Vec<Choice>, ApiError> {
        match &arg.ty {
            ArgType::Choice(values) => Ok(values.iter().map(|value| plain(value)).collect()),
            ArgType::Bool => Ok(vec![plain("true"), plain("false")]),
            ArgType::Item(kind) => {
                let items = self.inner.runner.items_of(*kind, typed).await.map_err(ApiError::internal)?;
                let sources = self.store().sources().await.map_err(ApiError::internal)?;
                let (identities, nobody, now) = (identities(&sources), Identity::default(), Timestamp::now());
                let me = |item: &Item| identities.get(&item.key.account).unwrap_or(&nobody);
                let lacking = self.lacking(active, entry, asked.as_ref(), &items).await?;
                // Of what the account asked for has itself, the copies of others of its origin are not offered beside it.
                let is_own = |item: &Item| asked.as_ref() == Some(&item.key.account);
                let own: BTreeSet<&str> = items.iter().filter(|it| is_own(it)).map(Item::reference).collect();
                let is_had = |item: &Item| {
                    !lacking.contains(&item.key.account) && (is_own(item) || !own.contains(item.reference()))
                };
                let known: Vec<&Item> = items.iter().filter(|item| !is_over(item) && is_had(item)).collect();
                let items: Vec<&Item> =
                    known.iter().copied().filter(|item| entry.is_for(item, me(item), now)).collect();
                match items.is_empty() {
                    false => Ok(item_choices(&items, &known)),
                    // What can be run need not be on the board: the service may know it.
                    true => self.live_choices(active, entry, arg, args, asked).await,
                }
            }
            _ if let Some(listing) = entry.listing(&arg.name) => {
                let mut items = Vec::new();
                for kind in Kind::ALL {
                    items.extend(self.inner.runner.items_of(kind, "").await.map_err(ApiError::internal)?);
                }
                Ok(listing.choices(&items))
            }
            _ => self.live_choices(active, entry, arg, args, asked).await,
        }
    }

    /// The accounts of items that the account asked for does not have: nothing can be run on those by it.
    async fn lacking(
        &self,
        active: &ActiveConfig,
        entry: &Entry,
        asked: Option<&AccountName>,
        items: &[Item],
    ) -> Result<BTreeSet<AccountName>, ApiError> {
        let Some(asked) = asked else { return Ok(BTreeSet::new()) };
        let acting = entry.runner(Some(asked)).ok().and_then(|(account, _)| account);
        let acting = acting.unwrap_or_else(|| asked.clone());
        let mut lacking: BTreeSet<AccountName> = items.iter().map(|item| item.key.account.clone()).collect();
        for of in lacking.clone() {
            if self.inner.runner.has(active, &acting, &of).await.map_err(ApiError::internal)? {
                lacking.remove(&of);
            }
        }
        Ok(lacking)
    }

    /// What the service lists, asked once for all letters that are typed of it.
    async fn live_choices(
        &self,
        active: &ActiveConfig,
        entry: &Entry,
        arg: &ArgSpec,
        mut args: Args,
        asked: Option<AccountName>,
    ) -> Result<Vec<Choice>, ApiError> {
        // An argument before it that means nothing yet is left as it is typed.
        let _ = self.inner.runner.resolve_items(entry, asked.as_ref(), &mut args).await;
        let of_item = args.items.values().next().map(|item| item.key.account.clone());
        let (account, action) = entry.runner(asked.as_ref().or(of_item.as_ref()))?;
        let key = ChoicesKey { command: entry.spec.name.clone(), account, arg: arg.name.clone(), args };
        if let Some(known) = self.inner.choice_cache.get(&key, active) {
            return Ok(known);
        }
        let found = action.choices(&key.arg, &key.args).await.map_err(|error| ApiError::Service {
            account: key.account.as_ref().map_or_else(|| key.command.clone(), ToString::to_string),
            error,
        })?;
        self.inner.choice_cache.keep(key, &found, active);
        Ok(found)
    }
}

/// What the approvals that a line is about ask by that name.
fn question<'a>(args: &'a Args, name: &str) -> Option<&'a Question> {
    let approvals = args.all_items().filter_map(|(_, item)| match &item.detail {
        Detail::Approval(approval) => Some(approval),
        Detail::Build(_) | Detail::PullRequest(_) | Detail::Incident(_) => None,
    });
    approvals.flat_map(|approval| approval.questions.iter().flatten()).find(|question| question.name == name)
}

/// What the answer to a question can be, where that can be listed.
fn answers(ty: &QuestionType) -> Vec<Choice> {
    match ty {
        QuestionType::Choice(choices) => choices.iter().map(|choice| plain(choice)).collect(),
        QuestionType::Bool => vec![plain("true"), plain("false")],
        QuestionType::Text | QuestionType::Elsewhere => Vec::new(),
    }
}

/// The command of a line and the arguments that make sense so far.
fn so_far<'l>(active: &'l ActiveConfig, line: &str) -> Result<(&'l Entry, Args), ApiError> {
    let error = match active.registry.parse(line) {
        Ok((entry, parsed)) => return Ok((entry, parsed.args)),
        Err(error) => error,
    };
    match active.registry.named(line).zip(active.registry.begun(line)) {
        Some((entry, begun)) => Ok((entry, begun.args)),
        None => Err(error.into()),
    }
}

/// The words before the last one, as they are typed, and the last one, where it is still being typed.
fn last_word(typed: &str) -> (&str, String) {
    let (mut words, _) = command::scan(typed);
    match words.pop().filter(|last| last.end == typed.len()) {
        Some(last) => (typed.get(..last.start).unwrap_or_default().trim(), last.text),
        None => (typed.trim(), String::new()),
    }
}

/// Items as choices, each by what it is called; those of one name also by what is not the same of them. Where several of those
/// that are `known` have one reference, as an alert of two accounts may, only the whole key means one of them, and the account
/// is named.
fn item_choices(items: &[&Item], known: &[&Item]) -> Vec<Choice> {
    let mut by_name: BTreeMap<String, Vec<&Item>> = BTreeMap::new();
    for item in items {
        by_name.entry(item.called()).or_default().push(item);
    }
    let mut by_reference: BTreeMap<&str, usize> = BTreeMap::new();
    for item in known {
        *by_reference.entry(item.reference()).or_default() += 1;
    }
    let choice = |item: &&Item| {
        let called = item.called();
        let is_shared = by_reference.get(item.reference()).is_some_and(|count| *count > 1);
        let telling = by_name.get(&called).map(|same| telling_labels(item, same)).unwrap_or_default();
        let account = if is_shared { item.key.account.as_str() } else { "" };
        let note = [called.as_str(), telling.as_str(), account];
        let note: Vec<&str> = note.into_iter().filter(|part| !part.is_empty()).collect();
        let value = if is_shared { item.key.to_string() } else { item.reference().to_owned() };
        Choice { value, note: Some(note.join(", ")) }
    };
    items.iter().map(choice).collect()
}

/// The labels of an alert that tell it from others of its name, those of the most values first: "instance a:9100".
fn telling_labels(item: &Item, same: &[&Item]) -> String {
    let labels = |item: &Item| match &item.detail {
        Detail::Incident(incident) => incident.labels.clone(),
        Detail::Build(_) | Detail::PullRequest(_) | Detail::Approval(_) => BTreeMap::new(),
    };
    let all: Vec<BTreeMap<String, String>> = same.iter().map(|item| labels(item)).collect();
    let mut telling: Vec<(usize, String, String)> = labels(item)
        .into_iter()
        .filter_map(|(name, value)| {
            let values: BTreeSet<Option<&String>> = all.iter().map(|labels| labels.get(&name)).collect();
            (values.len() > 1).then_some((values.len(), name, value))
        })
        .collect();
    telling.sort_by(|one, other| (other.0, &one.1).cmp(&(one.0, &other.1)));
    let telling = telling.into_iter().take(TELLING).map(|(_, name, value)| format!("{name} {value}"));
    telling.collect::<Vec<_>>().join(", ")
}

fn plain(value: &str) -> Choice {
    Choice { value: value.to_owned(), note: None }
}

/// Those that what is typed can mean, the best first; all in their order where nothing is typed.
fn ranked(choices: Vec<Choice>, typed: &str) -> Vec<FoundChoice> {
    let unmarked = |choice: Choice| FoundChoice {
        title: vec![TextSpan { text: choice.value.clone(), matched: false }],
        value: choice.value,
        note: choice.note,
    };
    let Some(mut wanted) = FuzzyQuery::new(typed) else {
        return choices.into_iter().take(MOST).map(unmarked).collect();
    };
    let lower = typed.trim().to_lowercase();
    let mut found: Vec<(bool, u32, FoundChoice)> = Vec::new();
    for choice in choices {
        let begins = choice.value.to_lowercase().starts_with(&lower);
        if let Some(quality) = wanted.quality_of(&choice.value) {
            let title = wanted.marked(&choice.value);
            let choice = FoundChoice { title, value: choice.value, note: choice.note };
            found.push((begins, quality, choice));
        } else if let Some(quality) = choice.note.as_deref().and_then(|note| wanted.quality_of(note)) {
            // Meant by what it is called, not by its name: after all that are named.
            found.push((false, quality / 4, unmarked(choice)));
        }
    }
    // The sort is stable: what fits as well stays in the order of its service.
    found.sort_by_key(|(begins, quality, _)| std::cmp::Reverse((*begins, *quality)));
    found.into_iter().take(MOST).map(|(_, _, choice)| choice).collect()
}

#[cfg(test)]
mod tests {
    use callboard_domain::item::{ApprovalState, IncidentStatus, PullRequestState};

    use super::*;
    use crate::clients::find::fuzzy::shown;

    #[test]
    fn last_word_is_what_is_being_typed() {
        // what is typed -> the words before the last one, the last one
        let cases = [
            ("", ("", "")),
            ("a1", ("", "a1")),
            ("a1 ", ("a1", "")),
            ("a1  b2", ("a1", "b2")),
            ("\"w x\" b2", ("\"w x\"", "b2")),
            ("a1 \"w x\"", ("a1", "w x")),
            // A quote that is open goes to the end, whatever is in it.
            ("a1 \"", ("a1", "")),
            ("a1 \"w ", ("a1", "w ")),
            ("a1 \"Queue's ful", ("a1", "Queue's ful")),
            ("a1 'the \"big", ("a1", "the \"big")),
        ];
        for (typed, (before, last)) in cases {
            assert_eq!(last_word(typed), (before, last.to_owned()), "{typed}");
        }
    }

    #[test]
    fn choices_with_one_name_are_distinguished_by_labels() {
        let alert = |id: &str, title: &str, labels: &[(&str, &str)]| {
            let mut item = crate::tests::incident(id, IncidentStatus::Triggered, 1);
            item.title = title.into();
            if let Detail::Incident(incident) = &mut item.detail {
                let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
                incident.labels = labels.iter().map(own).collect();
            }
            item
        };
        let items = [
            alert("a1", "Slow", &[("zone", "eu"), ("instance", "x:1"), ("team", "web")]),
            alert("a2", "Slow", &[("zone", "eu"), ("instance", "x:2"), ("team", "web")]),
            alert("a3", "Slow", &[("zone", "us"), ("instance", "x:3"), ("team", "web")]),
            alert("b1", "Down", &[("instance", "x:1")]),
        ];
        let items: Vec<&Item> = items.iter().collect();
        let found = item_choices(&items, &items);
        let found: Vec<_> = found.iter().map(|it| (it.value.as_str(), it.note.as_deref().unwrap())).collect();
        let expected = [
            ("a1", "Slow in storage, instance x:1, zone eu"),
            ("a2", "Slow in storage, instance x:2, zone eu"),
            ("a3", "Slow in storage, instance x:3, zone us"),
            ("b1", "Down in storage"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn choices_with_one_reference_are_whole_keys_and_name_their_accounts() {
        let alert = |account: &str, id: &str| {
            let mut item = crate::tests::incident(id, IncidentStatus::Triggered, 1);
            item.title = "Slow".into();
            item.key.account = account.into();
            item
        };
        let (one, other) = (alert("pager", "a1"), alert("pager2", "a1"));
        let (alone, pull) = (alert("pager2", "b1"), crate::tests::pull(1, "Try it", &[]));
        // items -> their values and notes
        type Case<'a> = (&'a [&'a Item], &'a [(&'a str, &'a str)]);
        let cases: [Case<'_>; 4] = [
            (
                &[&one, &other, &alone],
                &[
                    ("pager/incident/a1", "Slow in storage, pager"),
                    ("pager2/incident/a1", "Slow in storage, pager2"),
                    ("b1", "Slow in storage"),
                ],
            ),
            (&[&one, &alone], &[("a1", "Slow in storage"), ("b1", "Slow in storage")]),
            (&[&pull], &[("acme/web#1", "Try it")]),
            (&[], &[]),
        ];
        for (items, expected) in cases {
            let found = item_choices(items, items);
            let found: Vec<_> =
                found.iter().map(|it| (it.value.as_str(), it.note.as_deref().unwrap())).collect();
            assert_eq!(found, expected);
            for (item, (value, _)) in items.iter().zip(expected) {
                let meant = command::resolve_item(value, items.iter().copied(), item.key.kind);
                assert_eq!(meant, command::Resolution::Exact(item), "{value}");
            }
        }
    }

    #[test]
    fn ended_item_is_no_choice() {
        let pull = |state| {
            let mut item = crate::tests::pull(1, "Try it", &[]);
            if let Detail::PullRequest(pull_request) = &mut item.detail {
                pull_request.state = state;
            }
            item
        };
        let incident = |status| crate::tests::incident("a", status, 1);
        let build = crate::tests::build("acme/web", &[callboard_domain::item::BuildStatus::Passed]);
        let cases = [
            (incident(IncidentStatus::Triggered), false),
            (incident(IncidentStatus::Acknowledged), false),
            (incident(IncidentStatus::Resolved), true),
            (crate::tests::approval("web", ApprovalState::Waiting), false),
            (crate::tests::approval("web", ApprovalState::Expired), true),
            (pull(PullRequestState::Open), false),
            (pull(PullRequestState::Merged), true),
            (pull(PullRequestState::Closed), true),
            (build, false),
        ];
        for (item, over) in cases {
            assert_eq!(is_over(&item), over, "{item:?}");
        }
    }

    #[test]
    fn choices_are_ranked_by_what_is_typed() {
        let choice = |value: &str, note: &str| Choice {
            value: value.into(),
            note: Some(note.to_owned()).filter(|note| !note.is_empty()),
        };
        let choices = || {
            vec![
                choice("production", ""),
                choice("staging", "what comes next"),
                choice("acme/web#479", "Stage the cart"),
                choice("pre-staging", ""),
            ]
        };
        let cases: [(&str, &[&str]); 5] = [
            ("", &["production", "staging", "acme/web#479", "pre-staging"]),
            ("stag", &["[stag]ing", "pre-[stag]ing", "acme/web#479"]),
            ("PROD", &["[prod]uction"]),
            ("web479", &["acme/[web]#[479]"]),
            ("zebra", &[]),
        ];
        for (typed, expected) in cases {
            let found: Vec<String> = ranked(choices(), typed).iter().map(|it| shown(&it.title)).collect();
            assert_eq!(found, expected, "{typed:?}");
        }
    }
}
