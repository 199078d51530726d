//! Evaluating expressions and templates over what a service or a program answered: apart from the threads that everything
//! else runs on, and no longer than a moment.

use std::time::Duration;

use callboard_domain::expression::{Budget, EvalError};

/// How long evaluating an answer may take.
const TIME: Duration = Duration::from_secs(5);

/// Ends an evaluation whose result nobody waits for any more.
struct StopsWhenDropped(Budget);

impl Drop for StopsWhenDropped {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// Does `work` on a thread of its own.
///
/// # Errors
/// Where it takes longer than [`TIME`], or panics: its result is not known.
pub(super) async fn apart<T: Send + 'static>(
    work: impl FnOnce(&Budget) -> T + Send + 'static,
) -> Result<T, EvalError> {
    let budget = Budget::new(Budget::LARGE);
    let own = StopsWhenDropped(budget.clone());
    let working = tokio::task::spawn_blocking(move || work(&budget));
    let done = tokio::time::timeout(TIME, working).await;
    drop(own);
    match done {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(_)) => Err(EvalError("it could not be evaluated".to_owned())),
        Err(_) => Err(EvalError(format!("evaluating it takes longer than {} s", TIME.as_secs()))),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use callboard_domain::expression::Expression;
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn abandoned_evaluation_is_stopped_and_blocks_nobody() {
        let (ready, started) = tokio::sync::oneshot::channel();
        let (go, permission) = mpsc::channel();
        let (results, received) = mpsc::channel();
        let evaluating = tokio::spawn(apart(move |budget| {
            let condition = Expression::compile_untyped("body.all(a, a > 0)", ["body"]).unwrap();
            let answer = json!({ "body": [1, 2, 3] });
            let before = condition.eval_bool(answer.as_object().unwrap(), budget);
            let _ = ready.send(());
            // Blocked until the test lets it go on.
            let _ = permission.recv();
            let _ = results.send((before, condition.eval_bool(answer.as_object().unwrap(), budget)));
        }));
        // There is one worker here, and it is free.
        started.await.unwrap();
        evaluating.abort();
        assert!(evaluating.await.unwrap_err().is_cancelled());
        go.send(()).unwrap();
        let (before, after) = tokio::task::spawn_blocking(move || received.recv().unwrap()).await.unwrap();
        assert_eq!(before, Ok(true));
        assert!(after.unwrap_err().0.contains("too many steps"));
    }

    #[tokio::test]
    async fn a_panic_is_no_result() {
        assert!(apart(|_| panic!("no")).await.map(|(): ()| ()).is_err());
    }
}
