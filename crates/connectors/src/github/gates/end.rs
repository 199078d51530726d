//! How a gate ended. Pure.

use callboard_domain::item::{Answer, ApprovalDecision, User};

use super::{
    waiting_run::{Gate, RunState},
    wire::DeploymentAnswer,
};
use crate::{
    github::normalise,
    lenient::{Entries, folded},
};

/// How a gate ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// People have said yes.
    Approved(Vec<Answer>),
    /// Somebody has said no.
    Denied(Vec<Answer>),
    /// Nobody has answered, and nobody needs to any more, for this reason.
    Superseded(&'static str),
    /// Nothing shows how.
    Unknown,
}

/// The answers that a run has had.
#[derive(Debug, Clone, Default)]
pub(in crate::github) struct History {
    rows: Vec<DeploymentAnswer>,
    /// True where these are all, and all of them can be read.
    whole: bool,
}

impl History {
    /// From the list of them. `whole`: there are no more.
    pub(super) fn new(list: Entries<DeploymentAnswer>, whole: bool) -> Self {
        let is_read = |row: &DeploymentAnswer| {
            row.environments.is_read()
                && matches!(folded(&row.state).as_deref(), Some("approved" | "rejected" | "pending"))
        };
        let whole = whole && list.odd.is_empty() && list.good.iter().all(is_read);
        Self { rows: list.good, whole }
    }

    /// The answers for an environment.
    fn of(&self, environment: &str) -> Vec<Answer> {
        let concerns = |row: &&DeploymentAnswer| {
            row.environments.good().iter().any(|it| it.name.eq_ignore_ascii_case(environment))
        };
        self.rows.iter().filter(concerns).filter_map(answer).collect()
    }

    /// The answers for an environment, as they are kept to tell later ones apart.
    pub(super) fn kept(&self, environment: &str) -> Vec<String> {
        self.of(environment).iter().map(kept).collect()
    }

    /// The answers for an environment that are not among `before`.
    pub(super) fn since(&self, environment: &str, before: &[String]) -> Vec<Answer> {
        let mut before = before.to_vec();
        let mut answers = self.of(environment);
        answers.retain(|answer| match before.iter().position(|known| *known == kept(answer)) {
            Some(place) => {
                before.swap_remove(place);
                false
            }
            None => true,
        });
        answers
    }
}

fn answer(row: &DeploymentAnswer) -> Option<Answer> {
    let decision = match folded(&row.state).as_deref() {
        Some("approved") => ApprovalDecision::Approved,
        Some("rejected") => ApprovalDecision::Denied,
        _ => return None,
    };
    let by = row.user.as_ref().map(|user| normalise::login(user.as_ref())).unwrap_or_default();
    Some(Answer { at: None, decision, by: User::named(by), why: comment(row.comment.as_deref()) })
}

/// A comment, where there is one.
pub(super) fn comment(text: Option<&str>) -> Option<String> {
    text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn kept(answer: &Answer) -> String {
    let decision = if answer.decision == ApprovalDecision::Approved { "approved" } else { "rejected" };
    format!("{decision} {}", answer.by.id)
}

/// How the gate of an environment ended that is not among those that wait. `state` is the run's, as far as it is known now;
/// `attempt` the one that the gate is of, and whether a later one has begun.
pub(super) fn end(
    environment: &str,
    gate: &Gate,
    (attempt, is_run_again): (u32, bool),
    state: RunState,
    history: Option<&History>,
) -> End {
    let Some(history) = history else { return End::Unknown };
    // What was answered before the first attempt was nothing.
    let none = Vec::new();
    let Some(before) = gate.answered.as_ref().or((attempt <= 1 && !is_run_again).then_some(&none)) else {
        return End::Unknown;
    };
    let (approved, denied): (Vec<_>, Vec<_>) = history
        .since(environment, before)
        .into_iter()
        .partition(|answer| answer.decision == ApprovalDecision::Approved);
    match (approved.is_empty(), denied.is_empty()) {
        (false, true) if history.whole => End::Approved(approved),
        (true, false) => End::Denied(denied),
        (true, true) if history.whole => match state {
            _ if is_run_again => End::Superseded("it was run again"),
            // It may have been answered before it was first seen.
            RunState::Canceled | RunState::Over if attempt <= 1 && !before.is_empty() => End::Unknown,
            RunState::Canceled => End::Superseded("the run was canceled"),
            RunState::Over => End::Superseded("the run ended without an answer"),
            _ => End::Unknown,
        },
        // The list has no times: which of two answers came last is not known.
        _ => End::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn row(state: &str, by: Value, environment: &str) -> Value {
        json!({ "state": state, "comment": "", "environments": [{ "id": 1, "name": environment }], "user": by })
    }

    fn history(rows: &[Value]) -> History {
        let list = serde_json::from_str(&Value::from(rows).to_string()).unwrap();
        History::new(list, true)
    }

    /// The history, the answers before the gate opened, its attempt, whether the run was run again, the run's state -> the end.
    #[test]
    fn end_follows_from_the_history_and_else_from_the_run() {
        use RunState::{Canceled, Deployment, Over, UnderWay};
        let (ana, bo) = (json!({ "login": "ana" }), json!({ "login": "bo" }));
        let yes = row("approved", bo.clone(), "production");
        let no = row("rejected", ana.clone(), "Production");
        let other = row("approved", bo.clone(), "staging");
        let talk = row("pending", bo.clone(), "production");
        let ghost = row("approved", json!(null), "production");
        let odd = json!({ "state": "approved", "environments": null, "user": bo });
        let words = row("postponed", bo.clone(), "production");
        let (none, by_bo): (Option<&[&str]>, Option<&[&str]>) = (Some(&[]), Some(&["approved bo"]));
        type Case<'a> = (&'a [&'a Value], Option<&'a [&'a str]>, u32, bool, RunState, &'a str);
        let cases: [Case<'_>; 22] = [
            (&[&yes], none, 1, false, UnderWay, "approved by bo"),
            (&[&yes], None, 1, false, UnderWay, "approved by bo"),
            (&[&yes, &other, &talk], none, 1, false, Canceled, "approved by bo"),
            (&[&ghost], none, 1, false, UnderWay, "approved by ghost"),
            (&[&no], none, 1, false, Over, "denied by ana"),
            (&[&yes, &no], none, 1, false, UnderWay, "unknown"),
            // What was answered before is no answer now.
            (&[&yes], by_bo, 2, false, Canceled, "the run was canceled"),
            // In the first attempt it may be one to this.
            (&[&yes], by_bo, 1, false, Canceled, "unknown"),
            (&[&yes], by_bo, 2, false, UnderWay, "unknown"),
            (&[&yes, &yes], by_bo, 2, false, UnderWay, "approved by bo"),
            (&[&yes, &no], by_bo, 2, false, Over, "denied by ana"),
            (&[&yes], None, 2, false, UnderWay, "unknown"),
            (&[&yes], None, 1, true, UnderWay, "unknown"),
            (&[], none, 1, true, Deployment, "it was run again"),
            (&[&other], none, 1, false, Canceled, "the run was canceled"),
            (&[], none, 1, false, Over, "the run ended without an answer"),
            (&[], none, 1, false, Deployment, "unknown"),
            (&[&talk], none, 1, false, UnderWay, "unknown"),
            // An entry that cannot be read may be any answer.
            (&[&odd], none, 1, false, Canceled, "unknown"),
            (&[&yes, &odd], none, 1, false, UnderWay, "unknown"),
            (&[&words], none, 1, false, Canceled, "unknown"),
            (&[&no, &odd], none, 1, false, Over, "denied by ana"),
        ];
        for (rows, before, attempt, is_run_again, state, expected) in cases {
            let rows: Vec<Value> = rows.iter().map(|row| (*row).clone()).collect();
            let answered = before.map(|it| it.iter().map(|it| (*it).to_owned()).collect());
            let gate = Gate { answered, ..Gate::default() };
            let found = end("production", &gate, (attempt, is_run_again), state, Some(&history(&rows)));
            let by =
                |answers: &[Answer]| answers.iter().map(|it| it.by.id.as_str()).collect::<Vec<_>>().join(" ");
            let found = match &found {
                End::Approved(answers) => format!("approved by {}", by(answers)),
                End::Denied(answers) => format!("denied by {}", by(answers)),
                End::Superseded(why) => (*why).to_owned(),
                End::Unknown => "unknown".to_owned(),
            };
            assert_eq!(found, expected, "{rows:?} {before:?} {attempt} {is_run_again} {state:?}");
        }
        assert_eq!(end("production", &Gate::default(), (1, false), Canceled, None), End::Unknown);
    }
}
