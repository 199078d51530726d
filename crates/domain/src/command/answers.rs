//! The answers that a yes gives to what is asked along with it.

use super::{ArgError, ArgType, CommandSpec, Role, value::names};
use crate::{
    item::{Approval, QUESTIONS_KEPT, Question, QuestionType},
    nearest::nearest,
};

/// Checks the answers of a command that approves, the `name=value` of its line, against what the request asks. Where that is
/// not known, the answers are left to the service.
///
/// # Errors
/// [`ArgError::Missing`] for the first question that has neither an answer nor a default, with the names of the others;
/// [`ArgError::Unexpected`] and [`ArgError::Invalid`] for an answer that is to no question, or does not fit.
pub fn check_answers(
    spec: &CommandSpec,
    approval: &Approval,
    given: &[(String, String)],
) -> Result<(), ArgError> {
    let takes_answers = spec.args.iter().any(|arg| arg.ty == ArgType::Pairs);
    let Some(questions) =
        approval.questions.as_ref().filter(|_| spec.role == Some(Role::Approve) && takes_answers)
    else {
        return Ok(());
    };
    for (name, answer) in given {
        match questions.iter().find(|question| question.name == *name) {
            Some(question) => check_answer(question, answer)?,
            // It may be to one that is not kept.
            None if questions.len() >= QUESTIONS_KEPT => {}
            None => {
                let names = questions.iter().map(|question| question.name.as_str());
                return Err(ArgError::Unexpected {
                    command: spec.name.clone(),
                    name: name.clone(),
                    nearest: nearest(name, names).map(str::to_owned),
                });
            }
        }
    }
    let is_open = |question: &&Question| {
        question.default.is_none() && given.iter().all(|(name, _)| *name != question.name)
    };
    let mut open = questions.iter().filter(is_open);
    // Nobody is asked for what they cannot give here.
    if let Some(elsewhere) = open.clone().find(|question| is_elsewhere(spec, question)) {
        return Err(ArgError::invalid(&elsewhere.name, expected(&QuestionType::Elsewhere), ""));
    }
    let Some(first) = open.next() else { return Ok(()) };
    let others: Vec<&str> = open.map(|question| question.name.as_str()).collect();
    Err(ArgError::Missing {
        command: spec.name.clone(),
        arg: first.name.clone(),
        summary: asked(first, &others),
        asked_by: None,
    })
}

/// True for a question that can be answered only on the page of the request: by what it takes, or by its name, which a line
/// could not tell from what the command itself takes.
pub fn is_elsewhere(spec: &CommandSpec, question: &Question) -> bool {
    let name = question.name.as_str();
    let mut own = spec.args.iter().map(|arg| arg.name.as_str()).chain(["account"]);
    question.ty == QuestionType::Elsewhere
        || name.is_empty()
        || name.contains('=')
        || own.any(|own| names(name, own))
}

fn check_answer(question: &Question, answer: &str) -> Result<(), ArgError> {
    let fits = match &question.ty {
        QuestionType::Text => true,
        QuestionType::Bool => matches!(answer, "true" | "false"),
        QuestionType::Choice(choices) => {
            choices.len() >= QUESTIONS_KEPT || choices.iter().any(|choice| choice == answer)
        }
        QuestionType::Elsewhere => false,
    };
    if fits {
        return Ok(());
    }
    let nearest = match &question.ty {
        QuestionType::Choice(choices) => nearest(answer, choices.iter().map(String::as_str)),
        _ => None,
    };
    Err(ArgError::Invalid {
        arg: question.name.clone(),
        expected: expected(&question.ty),
        found: answer.to_owned(),
        nearest: nearest.map(str::to_owned),
    })
}

fn expected(ty: &QuestionType) -> String {
    match ty {
        QuestionType::Text => "a text".to_owned(),
        QuestionType::Bool => "true or false".to_owned(),
        QuestionType::Choice(choices) => format!("one of {}", choices.join(", ")),
        QuestionType::Elsewhere => "an answer on the page of the request".to_owned(),
    }
}

/// "where to deploy, one of eu, us; REASON is asked, too".
fn asked(question: &Question, others: &[&str]) -> String {
    let summary = question.summary.iter().map(String::as_str);
    let expected = expected(&question.ty);
    let summary = summary.chain([expected.as_str()]).collect::<Vec<_>>().join(", ");
    match others {
        [] => summary,
        [one] => format!("{summary}; {one} is asked, too"),
        several => format!("{summary}; {} are asked, too", several.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::command::verbs;

    fn question(name: &str, ty: QuestionType, default: Option<&str>) -> Question {
        let summary = (name == "TARGET").then(|| "where to deploy".to_owned());
        Question { name: name.into(), summary, ty, default: default.map(str::to_owned) }
    }

    fn checked(spec: &CommandSpec, questions: Option<Vec<Question>>, given: &[(&str, &str)]) -> String {
        let approval = Approval { questions, ..Approval::new("web/deploy", Timestamp::UNIX_EPOCH) };
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let given: Vec<_> = given.iter().map(own).collect();
        check_answers(spec, &approval, &given).map_or_else(|error| error.to_string(), |()| "ok".to_owned())
    }

    #[test]
    fn answers_fit_what_is_asked() {
        let asks = || {
            let target = QuestionType::Choice(vec!["eu".into(), "us".into()]);
            vec![
                question("TARGET", target, None),
                question("REASON", QuestionType::Text, None),
                question("DRY", QuestionType::Bool, Some("true")),
            ]
        };
        // the answers -> what is wrong
        let cases: [(&[(&str, &str)], &str); 9] = [
            (&[("TARGET", "eu"), ("REASON", "")], "ok"),
            (&[("TARGET", "eu"), ("REASON", "x"), ("DRY", "false")], "ok"),
            (&[], "approve needs TARGET: where to deploy, one of eu, us; REASON is asked, too"),
            (&[("TARGET", "us")], "approve needs REASON: a text"),
            (&[("TARGET", "eux")], "TARGET: expected one of eu, us, found \"eux\"; did you mean \"eu\"?"),
            (&[("TARGET", "asia-south")], "TARGET: expected one of eu, us, found \"asia-south\""),
            (&[("DRY", "yes")], "DRY: expected true or false, found \"yes\""),
            (&[("TARGT", "eu")], "approve takes no \"TARGT\"; did you mean \"TARGET\"?"),
            // Names are what the service calls them.
            (&[("target", "eu")], "approve takes no \"target\"; did you mean \"TARGET\"?"),
        ];
        for (given, expected) in cases {
            assert_eq!(checked(&verbs::approve(), Some(asks()), given), expected, "{given:?}");
        }
    }

    #[test]
    fn all_that_is_open_is_named() {
        let asks = ["TARGET", "REASON", "VERSION"].map(|name| question(name, QuestionType::Text, None));
        let missing = "approve needs TARGET: where to deploy, a text; REASON, VERSION are asked, too";
        assert_eq!(checked(&verbs::approve(), Some(asks.to_vec()), &[]), missing);
    }

    #[test]
    fn what_is_not_known_is_left_to_the_service() {
        let file = || vec![question("FILE", QuestionType::Elsewhere, None)];
        let many: Vec<_> = (0..QUESTIONS_KEPT)
            .map(|number| question(&format!("Q{number}"), QuestionType::Text, Some("")))
            .collect();
        let choices: Vec<String> = (0..QUESTIONS_KEPT).map(|number| number.to_string()).collect();
        let choices = vec![question("BUILD", QuestionType::Choice(choices), None)];
        let (approve, deny) = (verbs::approve(), verbs::deny());
        let on_page = "an answer on the page of the request";
        // the command, what is asked, the answers -> what is wrong
        type Case<'a> = (&'a CommandSpec, Option<Vec<Question>>, &'a [(&'a str, &'a str)], String);
        let cases: [Case<'_>; 8] = [
            (&approve, None, &[("ANY", "thing")], "ok".to_owned()),
            (&approve, Some(Vec::new()), &[], "ok".to_owned()),
            (&approve, Some(Vec::new()), &[("ANY", "x")], "approve takes no \"ANY\"".to_owned()),
            (&approve, Some(many), &[("Q50", "x")], "ok".to_owned()),
            (&approve, Some(choices), &[("BUILD", "1000")], "ok".to_owned()),
            (&approve, Some(file()), &[], format!("FILE: expected {on_page}, found \"\"")),
            (&approve, Some(file()), &[("FILE", "x")], format!("FILE: expected {on_page}, found \"x\"")),
            // A no has nothing to answer.
            (&deny, Some(file()), &[], "ok".to_owned()),
        ];
        for (spec, questions, given, expected) in cases {
            let what = format!("{} {given:?} {questions:?}", spec.name);
            assert_eq!(checked(spec, questions, given), expected, "{what}");
        }
    }
}
