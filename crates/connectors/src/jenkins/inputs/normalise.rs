//! Input steps as items. Pure.

use callboard_domain::{
    item::{AccountName, Approval, AsOf, Detail, Item, QUESTIONS_KEPT, Question, QuestionType, User},
    text,
};
use jiff::Timestamp;
use serde_json::Value;
use url::Url;

use super::{
    InputName,
    wire::{Definition, Pending},
};
use crate::jenkins::{job::JobName, normalise::started_by, wire};

/// Jenkins has no version of an input step: what is read later counts.
const NO_VERSION: Timestamp = Timestamp::UNIX_EPOCH;

/// An input step that waits.
pub(in crate::jenkins) fn item(
    account: &AccountName,
    name: &InputName,
    pending: &Pending,
    build: &wire::Build,
    page: Option<Url>,
) -> Item {
    let message = pending.message.as_deref().map(|message| text::line(message, 300));
    let title = message.filter(|message| !message.is_empty());
    let mut item = Item {
        key: name.key(account),
        title: title.unwrap_or_else(|| format!("{} waits for input", name.build())),
        url: page.and_then(|page| page.join("input/").ok()),
        detail: Detail::Approval(Approval {
            asked_by: started_by(build).map(User::named),
            needed: Some(AsOf::new(NO_VERSION, 1)),
            questions: questions(pending),
            ..approval(&name.job)
        }),
    };
    // What is compared with what is stored has the form that is stored.
    item.clean();
    item
}

/// An input step of that job, of which nothing else is known.
pub(super) fn approval(job: &JobName) -> Approval {
    Approval::new(job.folder(), NO_VERSION)
}

/// The same of whether a build waits: what is read later counts.
pub(in crate::jenkins) fn waits(waits: bool) -> AsOf<bool> {
    AsOf::new(NO_VERSION, waits)
}

/// What a step asks; none where Jenkins does not say. A question that cannot be read, or has the name of another, is there, so
/// that no yes goes without its answer.
fn questions(pending: &Pending) -> Option<Vec<Question>> {
    let definitions = pending.inputs.as_ref()?;
    let mut questions: Vec<_> = definitions.good.iter().map(question).collect();
    let names: Vec<_> = questions.iter().map(|question| question.name.clone()).collect();
    for question in &mut questions {
        if names.iter().filter(|name| **name == question.name).count() > 1 {
            question.ty = QuestionType::Elsewhere;
        }
    }
    let unread = definitions.odd.iter().map(|odd| elsewhere(&odd.which));
    questions.extend(unread);
    let more = questions.len().saturating_sub(QUESTIONS_KEPT);
    if more > 0 {
        questions.truncate(QUESTIONS_KEPT - 1);
        questions.push(elsewhere(&text::count(more + 1, "more question")));
    }
    Some(questions)
}

fn question(definition: &Definition) -> Question {
    let given = definition.name.as_deref().filter(|name| !text::line(name, 100).is_empty());
    let Some(name) = given else { return elsewhere("a question without a name") };
    let default = definition.definition.default_val.as_ref().and_then(plain);
    let (ty, default) = match (definition.kind.as_deref().map(str::trim), offered(definition)) {
        (Some("ChoiceParameterDefinition"), Some(choices)) => {
            let default = default.filter(|default| choices.contains(default));
            (QuestionType::Choice(choices.to_vec()), default)
        }
        (Some("BooleanParameterDefinition"), _) => {
            let default = default.map(|default| default.to_ascii_lowercase());
            (QuestionType::Bool, default.filter(|default| matches!(&default[..], "true" | "false")))
        }
        (Some("StringParameterDefinition" | "TextParameterDefinition"), _) => (QuestionType::Text, default),
        _ => (QuestionType::Elsewhere, None),
    };
    Question { name: name.to_owned(), summary: definition.description.clone(), ty, default }
}

/// What a choice offers, where Jenkins says so.
fn offered(definition: &Definition) -> Option<&[String]> {
    definition.definition.choices.as_deref().filter(|choices| !choices.is_empty())
}

fn elsewhere(name: &str) -> Question {
    Question { name: name.to_owned(), summary: None, ty: QuestionType::Elsewhere, default: None }
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

impl Pending {
    /// The choices of a question, all of them.
    pub(in crate::jenkins) fn choices(&self, name: &str) -> Option<&[String]> {
        let definitions = self.inputs.iter().flat_map(|inputs| &inputs.good);
        definitions.filter(|definition| definition.name.as_deref() == Some(name)).find_map(offered)
    }
}
