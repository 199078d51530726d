//! What begins in a few seconds unless it is undone: asked for by a button of a notification, shown as one with Undo on it,
//! and how it ended takes the place of that.

use std::sync::Arc;

use callboard_domain::{
    actor::LocalVia,
    item::ItemKey,
    run::{Run, RunState},
    text,
};
use callboard_engine::api::{ApiError, Cancel, FollowRun, PlanQuery, StartRun};

use crate::{act::Act, notices::Notice, owner::Owner, shell::Shell};

impl Shell {
    /// Begins a line that can be undone. What asks for a yes, or what the credential may not do, is looked at in the window.
    pub(crate) async fn begin(
        self: Arc<Self>,
        line: String,
        item: ItemKey,
        words: String,
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
            Err(error) => return refused(format!("{words}: nothing was sent"), &error),
        };
        if prepared.confirm.is_some() || !prepared.lacks.is_empty() {
            return self.act_on(Act::Prepare { line, item }, via, token);
        }
        let does: Vec<&str> = prepared.steps.iter().map(|step| step.what.as_str()).collect();
        let does = does.join(", then ");
        let start =
            StartRun { what, fingerprint: Some(prepared.fingerprint), undo: true, ..StartRun::default() };
        let run = match owner.call_as(via, start).await {
            Ok(run) => run,
            // The answer may be what was lost.
            Err(error @ ApiError::Internal { .. }) => {
                return refused(
                    format!("{words}: it is not known whether it begins. See: callboard runs"),
                    &error,
                );
            }
            Err(error) => return refused(format!("{words}: nothing was sent"), &error),
        };
        self.notifier.show(Notice {
            buttons: vec![("Undo".to_owned(), Act::Undo { run: run.id.clone() })],
            run: Some(run.id.clone()),
            playground,
            ..Notice::plain(
                format!("{words}: sent in 5 seconds"),
                format!("{does}. Undo it here, or with: callboard cancel {}", run.id),
                click.clone(),
            )
        });
        let (title, body) = match follow(&owner, run.clone()).await {
            Ok(run) => ended(&words, &run.state),
            Err(why) => {
                (format!("{words}: how it ended is not known here"), format!("{why}. See: callboard runs"))
            }
        };
        // Of the made-up team nothing is shown once that is gone.
        if !playground || self.is_playing() {
            self.notifier.show(Notice { run: Some(run.id), playground, ..Notice::plain(title, body, click) });
        }
    }

    /// Takes a run back. Where it has begun meanwhile it is stopped; how it ended is shown by whoever follows it.
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
        let follow = FollowRun { id: run.id.clone(), seen, said: String::new() };
        let progress = owner.call(follow).await.map_err(|error| error.to_string())?;
        (run, seen) = (progress.run, progress.seen);
    }
    Ok(run)
}

/// A title and a body that say how a run ended that was asked for with these words.
fn ended(words: &str, state: &RunState) -> (String, String) {
    match state {
        RunState::Done { outcome } if outcome.ok => (outcome.summary.clone(), String::new()),
        RunState::Done { outcome } => (format!("{words} failed"), outcome.summary.clone()),
        RunState::Failed { error } => (format!("{words} failed"), error.to_string()),
        RunState::Canceled { sent: false } => (format!("{words}: undone"), "Nothing was sent".to_owned()),
        RunState::Canceled { sent: true } => {
            (format!("{words}: stopped"), "What had been sent by then stays done".to_owned())
        }
        RunState::Unknown { why } => (
            format!("{words}: not known whether it happened"),
            format!("{}. It will not be run again by itself", text::sentence(why)),
        ),
        RunState::Resolved { .. } => (words.to_owned(), state.resolution_text().unwrap_or_default()),
        RunState::Pending { .. } | RunState::Running => (words.to_owned(), "It is under way".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use callboard_domain::{error::ServiceError, run::Outcome};

    use super::*;

    #[test]
    fn end_is_told_as_it_is_known() {
        let cases = [
            (RunState::Done { outcome: Outcome::ok("DiskFull is silenced") }, "DiskFull is silenced", ""),
            (RunState::Done { outcome: Outcome::failed("refused") }, "Silence failed", "refused"),
            (RunState::Failed { error: ServiceError::rejected("no") }, "Silence failed", "no"),
            (RunState::Canceled { sent: false }, "Silence: undone", "Nothing was sent"),
            (RunState::Canceled { sent: true }, "Silence: stopped", "stays done"),
            (RunState::Unknown { why: "lost".into() }, "Silence: not known", "Lost."),
        ];
        for (state, title, body) in cases {
            let (found, said) = ended("Silence", &state);
            assert!(found.starts_with(title) && said.contains(body), "{state:?}: {found}: {said}");
        }
    }
}
