//! Approvals, with what they ask and would ship.

use super::texts::{
    LABEL, LATEST, LONGEST_LINE, NAME, REQUESTED_KEPT, SHORT, clean_checks, clean_texts, clean_user,
    description, is_clean, keep_safe_link, line, lines, optional, optional_time, set, time, user,
};
use crate::item::{Approval, Approvers, AsOf, QUESTIONS_KEPT, Question, QuestionType, Shipment};

pub(super) fn clean_approval(approval: &mut Approval) {
    line(&mut approval.repo, NAME);
    optional(&mut approval.environment, NAME);
    user(&mut approval.asked_by);
    optional_time(&mut approval.asked_at);
    time(&mut approval.updated_at);
    user(&mut approval.ended_by);
    optional(&mut approval.ended_why, LONGEST_LINE);
    if let Some(needed) = &mut approval.needed {
        time(&mut needed.at);
    }
    // What waits for ever does not expire.
    approval.expires_at.take_if(|end| end.value >= LATEST);
    if let Some(end) = &mut approval.expires_at {
        time(&mut end.at);
        time(&mut end.value);
    }
    if let Some(AsOf { at, value: Approvers { names, complete } }) = &mut approval.approvers {
        time(at);
        *complete &= set(names, SHORT, REQUESTED_KEPT);
    }
    if let Some(may) = &mut approval.account_may {
        time(&mut may.at);
    }
    if let Some(answers) = &mut approval.answers {
        answers.retain_mut(|answer| {
            optional_time(&mut answer.at);
            optional(&mut answer.why, LONGEST_LINE);
            clean_user(&mut answer.by)
        });
    }
    optional(&mut approval.commit, SHORT);
    if let Some(arguments) = &mut approval.arguments {
        clean_texts(arguments);
    }
    if let Some(AsOf { at, value }) = &mut approval.conditions {
        time(at);
        lines(value);
    }
    if let Some(questions) = &mut approval.questions {
        questions.iter_mut().for_each(clean_question);
        questions.retain(|question| !question.name.is_empty());
        questions.truncate(QUESTIONS_KEPT);
    }
    if let Some(AsOf { at, value }) = &mut approval.ships {
        time(at);
        let Shipment { from, to, commits: _, changes, pull_requests, checks, url, unread } = value;
        optional(from, SHORT);
        optional(to, SHORT);
        [changes, pull_requests, unread].into_iter().for_each(lines);
        if let Some(checks) = checks {
            clean_checks(checks);
        }
        keep_safe_link(url);
    }
    description(&mut approval.description);
    approval.description = approval.description.take().filter(|text| !text.is_empty());
}

/// A name that was cut would be another parameter's, and a choice that was cut another one: neither can be answered here.
fn clean_question(question: &mut Question) {
    let Question { name, summary, ty, default } = question;
    let mut answerable = is_clean(name, SHORT);
    line(name, SHORT);
    optional(summary, LONGEST_LINE);
    if let QuestionType::Choice(choices) = ty {
        if choices.len() > QUESTIONS_KEPT {
            *ty = QuestionType::Text;
        } else {
            answerable &= choices.iter().all(|choice| is_clean(choice, LABEL));
        }
    }
    if default.as_ref().is_some_and(|default| !is_clean(default, LABEL)) {
        *default = None;
    }
    if !answerable {
        *ty = QuestionType::Elsewhere;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a question asks -> what its answer can be, once it is clean.
    #[test]
    fn question_that_was_cut_is_answered_elsewhere() {
        use QuestionType::{Bool, Choice, Elsewhere, Text};
        let choice = |choices: &[&str]| Choice(choices.iter().map(|choice| (*choice).to_owned()).collect());
        let long = "x".repeat(LABEL + 1);
        let cases = [
            ("REGION", choice(&["eu", "us"]), choice(&["eu", "us"])),
            ("REGION", choice(&["eu", "u\ns"]), Elsewhere),
            ("REGION", choice(&["eu", &long]), Elsewhere),
            ("RÉGION", choice(&["München", "", "東京"]), choice(&["München", "", "東京"])),
            ("REGION", Choice((0..=QUESTIONS_KEPT).map(|n| n.to_string()).collect()), Text),
            ("DRY", Bool, Bool),
            (&long, Text, Elsewhere),
            ("ZERO\u{200b}WIDTH", Text, Elsewhere),
        ];
        for (name, ty, expected) in cases {
            let mut question = Question {
                name: name.to_owned(),
                summary: Some("Where\nto?".to_owned()),
                ty: ty.clone(),
                default: Some(long.clone()),
            };
            clean_question(&mut question);
            assert_eq!(question.ty, expected, "{name} {ty:?}");
            assert_eq!((question.summary.as_deref(), question.default), (Some("Where to?"), None));
        }
    }
}
