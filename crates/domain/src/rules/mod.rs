//! Rules: which events are shown, notified and posted, and why.
//!
//! The rules are looked at in order, a person's own first and then the built-in ones. The first that matches decides,
//! unless it says `continue`: then the ones below it are looked at too, until one matches that does not.
//!
//! - What to **do** is what the first matching rule with a `do` says; `show` where none has one.
//! - **Posts** add up: the event goes to the channels of every matching rule, to each once.
//! - The **group** is that of the first matching rule with a `group_by`, else the item's repository.
//! - A condition that has no value (a label that is not there) does not match, and says why in the explanation.
//! - A rule that is **switched off** is checked like any other, and never matches.
//! - An **old** event, from before the account was watched, is at most shown, and posted nowhere. So is a **moot** one,
//!   which was over by the time it was seen.
//! - What asks **others** alone, for a review by bo, is seen only by rules that read its recipients (`of`, `of_me`).

mod audience;
mod builtin;
mod condition;
mod config;
mod fields;
mod moot;
mod notification;

use serde::{Deserialize, Serialize};

pub use audience::{concerns_me, concerns_others_only};
pub use condition::Condition;
pub use config::{NotifyLevel, RuleConfig};
pub use fields::FIELDS;
pub use moot::{Ends, can_be_over, ends, ends_thread, is_moot, is_over, matter_ends, moot_cause};
pub use notification::{NotifiableEvent, Notification, NotificationPart, notification};

use crate::{
    event::{Event, EventName},
    expression::{Expression, ExpressionError, to_json},
    identity::Identity,
    item::{Detail, Item},
    nearest::did_you_mean,
    template::{Escape, Template, TemplateError},
};
use fields::{View, pairs};

/// What is wrong with a rule, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("rule {name:?}, {key}, line {line}, column {column}: {what}{}", did_you_mean(nearest))]
pub struct RuleError {
    /// Which rule, counted from 0.
    pub rule: usize,
    /// Its name.
    pub name: String,
    /// Which of its keys: `name`, `when`, `post`, `group_by`.
    pub key: &'static str,
    /// Which entry of a key that is a list, counted from 0.
    pub entry: Option<usize>,
    /// The line in that key's text, from 1.
    pub line: usize,
    /// The column in that key's text, from 1.
    pub column: usize,
    /// What is wrong, in plain words.
    pub what: String,
    /// The nearest right name, where a name is wrong.
    pub nearest: Option<String>,
}

/// What becomes of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Decision {
    /// What to do on this desktop.
    #[serde(rename = "do")]
    pub action: NotifyLevel,
    /// Channels to post it in, as written in the rules (names or addresses), each once.
    pub post: Vec<String>,
    /// The name of the rule that posts it in each of them. Empty for a decision that is read back.
    #[serde(skip)]
    pub posted_by: Vec<String>,
    /// Events of the same group make one notification.
    pub group: String,
    /// The rules that mattered, in order; from [`Rules::explain`], every rule.
    pub reasons: Vec<Reason>,
}

impl Decision {
    /// True where both have the same effect, whatever the reasons.
    pub fn same_effect(&self, other: &Self) -> bool {
        (self.action, &self.post, &self.group) == (other.action, &other.post, &other.group)
    }
}

/// How one rule came out, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Reason {
    /// The rule's name.
    pub rule: String,
    /// True for one of the rules that come with Callboard.
    pub builtin: bool,
    /// How it came out.
    pub outcome: Outcome,
    /// Why, in plain words.
    pub why: String,
}

/// How a rule came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename = "RuleOutcome")]
pub enum Outcome {
    /// Its condition is true.
    Matched,
    /// Its condition is false, or it is switched off.
    NotMatched,
    /// It reads something that is not there: its condition has no value and does not match, or it matched and a channel
    /// or group of it has none.
    Failed,
    /// A rule above it had decided.
    NotReached,
}

/// Rules, ready to decide.
#[derive(Debug)]
pub struct Rules(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    name: String,
    builtin: bool,
    when: Condition,
    action: Option<NotifyLevel>,
    post: Vec<Template>,
    group_by: Vec<Expression>,
    go_on: bool,
    enabled: bool,
}

impl Rules {
    /// Reads the rules of a configuration; `with_builtin` adds the built-in ones below. All errors are reported at once.
    pub fn compile(configs: &[RuleConfig], with_builtin: bool) -> Result<Self, Vec<RuleError>> {
        let mut rules = Vec::new();
        let mut errors = Vec::new();
        for (index, config) in configs.iter().enumerate() {
            if config.name.trim().is_empty() {
                errors.push(RuleError::plain(index, config, "name", None, "a rule needs a name"));
            } else if configs[..index].iter().any(|other| other.name == config.name) {
                let what = "another rule has that name: which of them decided cannot be determined";
                errors.push(RuleError::plain(index, config, "name", None, what));
            }
            rules.extend(Rule::compile(index, config, false, &mut errors));
        }
        if with_builtin {
            for (index, config) in builtin::rules().iter().enumerate() {
                rules.extend(Rule::compile(configs.len() + index, config, true, &mut errors));
            }
        }
        if errors.is_empty() { Ok(Self(rules)) } else { Err(errors) }
    }

    /// The rules that come with Callboard, in their order.
    pub fn builtin() -> Vec<RuleConfig> {
        builtin::rules()
    }

    /// What becomes of an event of an item, as it is after the event. `me` is who the item's account acts as.
    ///
    /// It is decided as of when the event was seen, and so the same whenever it is asked.
    pub fn decide(&self, event: &Event, item: &Item, me: &Identity) -> Decision {
        self.walk(&View::new(event, item, me), false)
    }

    /// The same, with every rule in the reasons, and why it did or did not match.
    pub fn explain(&self, event: &Event, item: &Item, me: &Identity) -> Decision {
        self.walk(&View::new(event, item, me), true)
    }

    /// The channels that the rules route an item to, for the outcome of a command that was run on it.
    ///
    /// A command is not an event, and rules ask for events. So this asks where the event would go that the item's state
    /// stands for (a red build: `failed`), and if nowhere, the other events of its kind, the ones that need a person
    /// first. The first that goes anywhere decides.
    pub fn route(&self, item: &Item, me: &Identity) -> Vec<String> {
        let mut events: Vec<_> =
            pairs().filter(|(_, kind)| *kind == item.key.kind).map(|(event, _)| event).collect();
        events.sort_by_key(|event| (!stands_for(item, *event), notification::urgency(*event)));
        let posts = events.into_iter().map(|event| self.walk(&View::supposed(event, item, me), false).post);
        posts.into_iter().find(|posts| !posts.is_empty()).unwrap_or_default()
    }

    /// Every channel that the active rules name without a template, with the rule that names it: to be checked against
    /// what exists.
    pub fn channels(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter(|rule| rule.enabled).flat_map(|rule| {
            let literal = rule.post.iter().filter(|post| post.is_literal());
            literal.map(|post| (rule.name.as_str(), post.text()))
        })
    }

    fn walk(&self, view: &View<'_>, explain: bool) -> Decision {
        let (mut action, mut group, mut decided) = (None, None, false);
        let (mut post, mut posted_by, mut reasons) = (Vec::new(), Vec::new(), Vec::new());
        for rule in &self.0 {
            if !rule.enabled {
                if explain {
                    reasons.push(rule.reason(Outcome::NotMatched, "it is switched off"));
                }
                continue;
            }
            if decided {
                reasons.push(rule.reason(Outcome::NotReached, "a rule above decided"));
                continue;
            }
            match rule.when.matches_view(view) {
                Ok(false) if !explain => {}
                Ok(false) => reasons.push(rule.reason(Outcome::NotMatched, rule.when.why_not(view))),
                Err(_) if explain => reasons.push(rule.reason(Outcome::Failed, rule.when.why_not(view))),
                Err(why) => reasons.push(rule.reason(Outcome::Failed, why.0)),
                Ok(true) => {
                    reasons.push(rule.reason(Outcome::Matched, format!("`{}` is true", rule.when.text())));
                    action = action.or(rule.action);
                    rule.add_posts(view, &mut post, &mut reasons);
                    posted_by.resize(post.len(), rule.name.clone());
                    if group.is_none() && !rule.group_by.is_empty() {
                        group = Some(rule.group(view, &mut reasons));
                    }
                    decided = !rule.go_on;
                    if decided && !explain {
                        break;
                    }
                }
            }
        }
        if view.of_others && action.is_none() && post.is_empty() {
            reasons.push(Reason {
                rule: "what asks others".to_owned(),
                builtin: true,
                outcome: Outcome::Matched,
                why: "it asks others for something, and no rule that reads of whom it is matches: it is recorded, and \
                      changes nothing"
                    .to_owned(),
            });
        }
        let mut action = action.unwrap_or(NotifyLevel::Show);
        let no_news = [
            (view.old, "old events", "it happened before the account was watched"),
            (view.moot, "what is over", "it was over, or acknowledged, by the time it was seen"),
        ];
        for (_, rule, why) in no_news.into_iter().filter(|(is_so, ..)| *is_so) {
            action = action.min(NotifyLevel::Show);
            post.clear();
            posted_by.clear();
            reasons.push(Reason {
                rule: rule.to_owned(),
                builtin: true,
                outcome: Outcome::Matched,
                why: format!("{why}: at most shown, and not posted"),
            });
        }
        Decision {
            action,
            post,
            posted_by,
            group: group.unwrap_or_else(|| view.item.repo().to_owned()),
            reasons,
        }
    }
}

/// True for the event that an item's state is the result of.
fn stands_for(item: &Item, event: EventName) -> bool {
    match (&item.detail, event) {
        (Detail::Build(build), EventName::Failed) => build.is_red(),
        // One that waits for a person is queued or under way all the same.
        (Detail::Build(build), other) => other.name() == build.status().name(),
        (Detail::Approval(approval), EventName::Requested) => approval.waits(),
        (_, EventName::Failed) => false,
        (_, other) => other.name() == item.status(),
    }
}

impl Rule {
    fn compile(
        index: usize,
        config: &RuleConfig,
        builtin: bool,
        errors: &mut Vec<RuleError>,
    ) -> Option<Self> {
        let known: Vec<_> = FIELDS.iter().map(|field| field.name).collect();
        let before = errors.len();
        let when = Condition::compile(&config.when)
            .map_err(|error| errors.push(RuleError::expression(index, config, "when", None, error)));
        let mut post = Vec::new();
        for (entry, text) in config.post.iter().enumerate() {
            if text.trim().is_empty() {
                errors.push(RuleError::plain(index, config, "post", Some(entry), "a channel needs a name"));
            }
            match Template::compile(text).and_then(|template| template.check(&known).map(|()| template)) {
                Ok(template) => post.push(template),
                Err(error) => errors.push(RuleError::template(index, config, entry, error)),
            }
        }
        let mut group_by = Vec::new();
        for (entry, text) in config.group_by.iter().enumerate() {
            match Expression::compile(text, FIELDS) {
                Ok(expression) => group_by.push(expression),
                Err(error) => {
                    errors.push(RuleError::expression(index, config, "group_by", Some(entry), error));
                }
            }
        }
        let when = when.ok().filter(|_| errors.len() == before)?;
        let RuleConfig { action, go_on, enabled, .. } = *config;
        // A rule that ends the search and does not say what to do still decides.
        let action = action.or((!go_on).then_some(NotifyLevel::Show));
        Some(Self { name: config.name.clone(), builtin, when, action, post, group_by, go_on, enabled })
    }

    fn reason(&self, outcome: Outcome, why: impl Into<String>) -> Reason {
        Reason { rule: self.name.clone(), builtin: self.builtin, outcome, why: why.into() }
    }

    fn add_posts(&self, view: &View<'_>, posts: &mut Vec<String>, reasons: &mut Vec<Reason>) {
        // Built only where a channel is a template.
        let mut context = None;
        for template in &self.post {
            let channel = match template.is_literal() {
                true => Ok(template.text().to_owned()),
                // A channel is one line of text, like an argument.
                false => template.render(context.get_or_insert_with(|| view.json()), Escape::Argument),
            };
            match channel.as_deref().map(str::trim) {
                Ok("") => {}
                Ok(channel) if posts.iter().any(|post| post == channel) => {}
                Ok(channel) => posts.push(channel.to_owned()),
                Err(error) => {
                    let why = format!("not posted to `{}`: {}", template.text(), error.what);
                    reasons.push(self.reason(Outcome::Failed, why));
                }
            }
        }
    }

    fn group(&self, view: &View<'_>, reasons: &mut Vec<Reason>) -> String {
        let values = self.group_by.iter().map(|expression| match expression.resolve(view, to_json) {
            Ok(serde_json::Value::String(text)) => text,
            Ok(value) => value.to_string(),
            Err(why) => {
                let why = format!("not grouped by `{}`: {why}", expression.text());
                reasons.push(self.reason(Outcome::Failed, why));
                String::new()
            }
        });
        // A character that no name holds, so that "a b" + "c" and "a" + "b c" stay apart.
        values.collect::<Vec<_>>().join("\u{1f}")
    }
}

impl RuleError {
    /// What is wrong and what was probably meant, without the place.
    pub fn message(&self) -> String {
        format!("{}{}", self.what, did_you_mean(&self.nearest))
    }

    fn plain(rule: usize, config: &RuleConfig, key: &'static str, entry: Option<usize>, what: &str) -> Self {
        let name = config.name.clone();
        Self { rule, name, key, entry, line: 1, column: 1, what: what.to_owned(), nearest: None }
    }

    fn expression(
        rule: usize,
        config: &RuleConfig,
        key: &'static str,
        entry: Option<usize>,
        error: ExpressionError,
    ) -> Self {
        let ExpressionError { line, column, what, nearest } = error;
        Self { line, column, nearest, ..Self::plain(rule, config, key, entry, &what) }
    }

    fn template(rule: usize, config: &RuleConfig, entry: usize, error: TemplateError) -> Self {
        let TemplateError { line, column, what, nearest } = error;
        Self { line, column, nearest, ..Self::plain(rule, config, "post", Some(entry), &what) }
    }
}

#[cfg(test)]
mod tests;
