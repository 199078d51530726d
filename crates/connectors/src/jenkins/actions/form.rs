//! What a yes to an input step says. Pure.

use callboard_domain::{
    action::Choice,
    command::ArgError,
    item::{Approval, Question, QuestionType},
    nearest::nearest,
    text,
};
use serde_json::{Value, json};
use url::Url;

use crate::{
    http::Request,
    jenkins::{
        client::below,
        inputs::{InputName, Pending},
    },
};

/// The answers to all that an input step asks, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Form(Vec<(String, Value)>);

impl Form {
    /// The answers that are given, and the defaults of the others.
    pub(super) fn fill(
        command: &str,
        questions: &[Question],
        given: &[(String, String)],
    ) -> Result<Self, ArgError> {
        let names = || questions.iter().map(|question| question.name.as_str());
        for (place, (name, value)) in given.iter().enumerate() {
            if !names().any(|known| known == name) {
                let nearest = nearest(name, names()).map(str::to_owned);
                return Err(ArgError::Unexpected {
                    command: command.to_owned(),
                    name: name.clone(),
                    nearest,
                });
            }
            if let Some((_, first)) = given.iter().take(place).find(|(other, _)| other == name) {
                let (arg, first, second) = (name.clone(), first.clone(), value.clone());
                return Err(ArgError::Twice { arg, first, second });
            }
        }
        let answer = |question: &Question| {
            let own = given.iter().find(|(name, _)| *name == question.name).map(|(_, value)| value);
            let value = own.or(question.default.as_ref()).ok_or_else(|| ArgError::Missing {
                command: command.to_owned(),
                arg: question.name.clone(),
                summary: asked(question),
                asked_by: None,
            })?;
            Ok((question.name.clone(), read(question, value)?))
        };
        questions.iter().map(answer).collect::<Result<_, _>>().map(Self)
    }

    /// The one request that says yes. Answers go into its form alone, never into an address.
    pub(super) fn request(&self, name: &InputName) -> Request {
        let number = name.number.to_string();
        if self.0.is_empty() {
            return Request::post(below(&name.job, &[&number, "input", name.id(), "proceedEmpty"]));
        }
        let answers: Vec<_> =
            self.0.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        Request::post(below(&name.job, &[&number, "wfapi", "inputSubmit"]))
            .query("inputId", name.id())
            .form(vec![("json".to_owned(), json!({ "parameter": answers }).to_string())])
    }

    /// The answers for people.
    pub(super) fn shown(&self) -> Vec<(String, String)> {
        let shown = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        self.0.iter().map(|(name, value)| (name.clone(), shown(value))).collect()
    }

    /// What is not offered any more, or never was: of more choices than are kept with an item, any text is taken at first.
    pub(super) fn not_offered(&self, pending: &Pending) -> Option<String> {
        self.0.iter().find_map(|(name, value)| {
            let choices = pending.choices(name)?;
            let value = value.as_str()?;
            let offered = text::line(&choices.join(", "), 300);
            (!choices.iter().any(|choice| choice == value))
                .then(|| format!("{name} is one of {offered}, not {value:?}"))
        })
    }
}

/// An answer as Jenkins takes it.
fn read(question: &Question, value: &str) -> Result<Value, ArgError> {
    let invalid = |expected: String, nearest: Option<&str>| ArgError::Invalid {
        arg: question.name.clone(),
        expected,
        found: value.to_owned(),
        nearest: nearest.map(str::to_owned),
    };
    match &question.ty {
        QuestionType::Text => Ok(json!(value)),
        QuestionType::Bool if value.eq_ignore_ascii_case("true") => Ok(json!(true)),
        QuestionType::Bool if value.eq_ignore_ascii_case("false") => Ok(json!(false)),
        QuestionType::Bool => Err(invalid("true or false".to_owned(), None)),
        QuestionType::Choice(choices) if choices.iter().any(|choice| choice == value) => Ok(json!(value)),
        QuestionType::Choice(choices) => {
            let near = nearest(value, choices.iter().map(String::as_str));
            Err(invalid(format!("one of {}", text::line(&choices.join(", "), 300)), near))
        }
        QuestionType::Elsewhere => Err(invalid("an answer in Jenkins itself".to_owned(), None)),
    }
}

/// What a question asks, with what can be answered.
fn asked(question: &Question) -> String {
    let summary = question.summary.clone().unwrap_or_else(|| "what the request asks".to_owned());
    match &question.ty {
        QuestionType::Choice(choices) => {
            format!("{summary} ({})", text::line(&choices.join(", "), 200))
        }
        QuestionType::Bool => format!("{summary} (true or false)"),
        QuestionType::Text | QuestionType::Elsewhere => summary,
    }
}

/// Why no yes can be said here to what asks that, where none can.
pub(super) fn refusal(approval: &Approval, page: Option<&Url>) -> Option<String> {
    let at = page.map_or_else(|| "in Jenkins".to_owned(), |page| format!("at {page}"));
    let Some(questions) = &approval.questions else {
        return Some(format!("Jenkins does not say what it asks: answer it {at}"));
    };
    let elsewhere = questions.iter().find(|question| question.ty == QuestionType::Elsewhere)?;
    Some(format!("{} cannot be answered here: answer it {at}", elsewhere.name))
}

/// What is asked now and was not shown so, in words; none where it is the same.
pub(super) fn difference(shown: &Approval, now: &Approval) -> Option<String> {
    let (Some(shown), Some(now)) = (&shown.questions, &now.questions) else {
        return (shown.questions != now.questions).then(|| "what it asks".to_owned());
    };
    let changed = now.iter().filter(|question| !shown.contains(question));
    let missing = shown.iter().filter(|question| now.iter().all(|other| other.name != question.name));
    let names: Vec<_> = changed.chain(missing).map(|question| question.name.as_str()).collect();
    match names.is_empty() {
        true => (shown != now).then(|| "the order of what it asks".to_owned()),
        false => Some(text::line(&names.join(", "), 200)),
    }
}

/// The values that an answer can begin with: `NAME=`.
pub(super) fn offered(approval: &Approval) -> Vec<Choice> {
    let questions = approval.questions.iter().flatten();
    let choice = |question: &Question| Choice {
        value: format!("{}=", question.name),
        note: Some(text::line(&asked(question), 200)),
    };
    questions.filter(|question| question.ty != QuestionType::Elsewhere).map(choice).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(name: &str, ty: QuestionType, default: Option<&str>) -> Question {
        Question { name: name.to_owned(), summary: None, ty, default: default.map(str::to_owned) }
    }

    fn questions() -> Vec<Question> {
        let targets = QuestionType::Choice(vec!["staging".to_owned(), "production".to_owned()]);
        vec![
            question("TARGET", targets, Some("staging")),
            question("DRY", QuestionType::Bool, Some("true")),
            question("NOTE", QuestionType::Text, None),
        ]
    }

    /// The answers that are given -> what is sent, or what is said of them.
    #[test]
    fn answers_are_checked_and_completed() {
        let hostile = "\"}],\"x\":[{\"name\":\"&json=..";
        type Case<'a> = (&'a [(&'a str, &'a str)], Result<Value, &'a str>);
        let cases: [Case<'_>; 9] = [
            (&[("NOTE", "")], Ok(json!(["staging", true, ""]))),
            (
                &[("NOTE", "x"), ("DRY", "False"), ("TARGET", "production")],
                Ok(json!(["production", false, "x"])),
            ),
            (&[("NOTE", hostile)], Ok(json!(["staging", true, hostile]))),
            (&[], Err("approve needs NOTE: what the request asks")),
            (
                &[("NOTE", "x"), ("TARGTE", "staging")],
                Err("approve takes no \"TARGTE\"; did you mean \"TARGET\"?"),
            ),
            (&[("NOTE", "x"), ("note", "y")], Err("approve takes no \"note\"; did you mean \"NOTE\"?")),
            (&[("NOTE", "x"), ("NOTE", "x")], Err("NOTE is given twice: \"x\" and \"x\"")),
            (
                &[("NOTE", "x"), ("TARGET", "prodction")],
                Err(
                    "TARGET: expected one of staging, production, found \"prodction\"; did you mean \"production\"?",
                ),
            ),
            (&[("NOTE", "x"), ("DRY", "yes")], Err("DRY: expected true or false, found \"yes\"")),
        ];
        let name: InputName = "web/deploy#12/Proceed".parse().unwrap();
        for (given, expected) in cases {
            let given: Vec<_> =
                given.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
            let form = Form::fill("approve", &questions(), &given);
            let values =
                form.as_ref().map(|form| json!(form.0.iter().map(|(_, value)| value).collect::<Vec<_>>()));
            match expected {
                Ok(expected) => assert_eq!(values, Ok(expected), "{given:?}"),
                Err(expected) => assert!(form.unwrap_err().to_string().starts_with(expected), "{given:?}"),
            }
        }
        assert_eq!(
            Form::fill("approve", &[], &[]).map(|form| form.request(&name).segments().join("/")),
            Ok("job/web/job/deploy/12/input/Proceed/proceedEmpty".to_owned())
        );
    }

    /// What was shown, what is asked now -> what has changed.
    #[test]
    fn change_of_what_is_asked_is_named() {
        let approval = |questions: Option<Vec<Question>>| Approval {
            questions,
            ..Approval::new("web", jiff::Timestamp::UNIX_EPOCH)
        };
        let all = || questions();
        let reversed = || all().into_iter().rev().collect::<Vec<_>>();
        let other_default = || {
            [
                vec![question("DRY", QuestionType::Bool, Some("false"))],
                all()[..1].to_vec(),
                all()[2..].to_vec(),
            ]
            .concat()
        };
        let cases = [
            (Some(all()), Some(all()), None),
            (Some(vec![]), Some(vec![]), None),
            (Some(all()), None, Some("what it asks")),
            (None, Some(all()), Some("what it asks")),
            (None, None, None),
            (Some(all()), Some(all()[1..].to_vec()), Some("TARGET")),
            (Some(all()[1..].to_vec()), Some(all()), Some("TARGET")),
            (Some(all()), Some(other_default()), Some("DRY")),
            (Some(all()), Some(reversed()), Some("the order of what it asks")),
        ];
        for (shown, now, expected) in cases {
            let got = difference(&approval(shown), &approval(now));
            assert_eq!(got.as_deref(), expected);
        }
    }
}
