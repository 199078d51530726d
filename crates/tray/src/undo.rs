//! A run that begins in a few seconds unless it is undone: a button of a notification starts it, a notification with Undo
//! announces it, and one with its outcome replaces that.

use std::sync::Arc;

use callboard_domain::{
    actor::LocalVia,
    item::ItemKey,
    run::{Run, RunState},
};
use callboard_engine::api::{ApiError, Cancel, FollowRun, PlanQuery, StartRun};

use crate::{act::Act, notices::Notice, owner::Owner, shell::Shell};

impl Shell {
    /// Begins a line that can be undone. One that needs a confirmation, or a permission that the credential does not have,
    /// is opened in the window.
    pub(crate) async fn begin(
        self: Arc<Self>,
        line: String,
        item: ItemKey,
        label: String,
        via: LocalVia,
        token: Option<String>,
    ) {
        let (owner, click, playground) = (self.owner(), Act::Show(Some(item.clone())), self.is_playing());
        let what = PlanQuery { line: line.clone(), channel: None, private: false };
        let refused = |title: String, error: &ApiError| {
            self.notifier.show(Notice::plain(title, error.to_string(), click.clone()));
        };
        let prepared = match owner.call(what.clone()).await {
            Ok(prepared) => prepared,
            Err(error) => return refused(format!("{label}: nothing was sent"), &error),
        };
        if prepared.confirm.is_some() || !prepared.missing_scopes.is_empty() {
            return self.act_on(Act::Prepare { line, item }, via, token);
        }
        let does: Vec<&str> = prepared.steps.iter().map(|step| step.what.as_str()).collect();
        let does = does.join(", then ");
        let start =
            StartRun { what, fingerprint: Some(prepared.fingerprint), undo: true, ..StartRun::default() };
        let run = match owner.call_as(via, start).await {
            Ok(run) => run,
            // Perhaps only the answer was lost.
            Err(error @ ApiError::Internal { .. }) => {
                return refused(
                    format!("{label}: it is not known whether it begins. See: callboard runs"),
                    &error,
                );
            }
            Err(error) => return refused(format!("{label}: nothing was sent"), &error),
        };
        self.notifier.show(Notice {
            buttons: vec![("Undo".to_owned(), Act::Undo { run: run.id.clone() })],
            run: Some(run.id.clone()),
            playground,
            ..Notice::plain(
                format!("{label}: sent in 5 seconds"),
                format!("{does}. Undo it here, or with: callboard cancel {}", run.id),
                click.clone(),
            )
        });
        let (title, body) = match follow(&owner, run.clone()).await {
            Ok(run) => ended(&label, &run.state),
            Err(why) => {
                (format!("{label}: how it ended is not known here"), format!("{why}. See: callboard runs"))
            }
        };
        // Nothing of the playground is shown once that has ended.
        if !playground || self.is_playing() {
            self.notifier.show(Notice { run: Some(run.id), playground, ..Notice::plain(title, body, click) });
        }
    }

    /// Takes a run back. Where it has begun meanwhile it is stopped; its follower shows how it ended.
    pub(crate) async fn undo(self: Arc<Self>, run: String, via: LocalVia) {
        if let Err(error) = self.owner().call_as(via, Cancel { id: run }).await {
            self.notifier.show(Notice::plain("It was not undone", error.to_string(), Act::Show(None)));
        }
    }
}

/// Follows a run to its end.
async fn follow(owner: &Owner, mut run: Run) -> Result<Run, String> {
    let mut seen = 0;
    while !run.state.is_final() {
        let follow = FollowRun { id: run.id.clone(), seen, status: String::new() };
        let progress = owner.call(follow).await.map_err(|error| error.to_string())?;
        (run, seen) = (progress.run, progress.seen);
    }
    Ok(run)
}

/// The title and the body of a notification about how a run ended. `label` is that of its button.
fn ended(label: &str, state: &RunState) -> (String, String) {
    match state {
        RunState::Done { outcome } if outcome.ok => (outcome.summary.clone(), String::new()),
        RunState::Done { outcome } => (format!("{label} failed"), outcome.summary.clone()),
        RunState::Failed { error } => (format!("{label} failed"), error.to_string()),
        RunState::Canceled { sent: false } => (format!("{label}: undone"), "Nothing was sent".to_owned()),
        RunState::Canceled { sent: true } => {
            (format!("{label}: stopped"), "What had been sent by then stays done".to_owned())
        }
        RunState::Unknown { why } => (
            format!("{label}: not known whether it happened"),
            format!("It will not be run again by itself. Why: {why}"),
        ),
        RunState::Resolved { .. } => (label.to_owned(), state.resolution_text().unwrap_or_default()),
        RunState::Pending { .. } | RunState::Running => (label.to_owned(), "It is under way".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use callboard_domain::{error::ServiceError, run::Outcome};

    use super::*;

    #[test]
    fn outcome_has_a_title_and_a_body() {
        let cases = [
            (RunState::Done { outcome: Outcome::ok("DiskFull is silenced") }, "DiskFull is silenced", ""),
            (RunState::Done { outcome: Outcome::failed("refused") }, "Silence failed", "refused"),
            (RunState::Failed { error: ServiceError::rejected("no") }, "Silence failed", "no"),
            (RunState::Canceled { sent: false }, "Silence: undone", "Nothing was sent"),
            (RunState::Canceled { sent: true }, "Silence: stopped", "stays done"),
            (RunState::Unknown { why: "lost".into() }, "Silence: not known", "Why: lost"),
        ];
        for (state, title, body) in cases {
            let (shown_title, shown_body) = ended("Silence", &state);
            assert!(
                shown_title.starts_with(title) && shown_body.contains(body),
                "{state:?}: {shown_title}: {shown_body}"
            );
        }
    }
}
