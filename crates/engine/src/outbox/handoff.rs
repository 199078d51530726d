//! Notifications handed over to a client that waits for them; where none does, the host shows them. Each goes to one of
//! them, once: one whose client goes away before it has taken it comes back to the host.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Notify, oneshot},
    time::{Instant, timeout, timeout_at},
};

use crate::{api::PendingNotifications, host::Host};

/// A client that has just had an answer asks again within this time; until then it counts as waiting.
const COMES_BACK: Duration = Duration::from_secs(3);

/// Where clients wait for notifications.
#[derive(Default)]
pub(crate) struct NotificationHandoff {
    state: Mutex<State>,
    came: Notify,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<oneshot::Sender<Handed>>,
    /// Until when a client that had an answer is awaited again.
    awaited: Option<Instant>,
}

/// A notification that is being handed to a client. The host shows it where this is dropped before it was taken.
struct Handed {
    due: Option<PendingNotifications>,
    host: Arc<dyn Host>,
}

impl Drop for Handed {
    fn drop(&mut self) {
        if let Some(due) = self.due.take() {
            show(&*self.host, &due);
        }
    }
}

/// Has the host do what a client would.
pub(crate) fn show(host: &dyn Host, due: &PendingNotifications) {
    due.show.iter().for_each(|notification| host.notify(notification));
    if !due.moot.is_empty() {
        host.withdraw(&due.moot);
    }
}

impl NotificationHandoff {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many clients wait.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> usize {
        self.state().waiting.iter().filter(|client| !client.is_closed()).count()
    }

    /// True where a client waits, or is about to ask again: it shows what comes, not the host.
    pub(crate) fn has_client(&self) -> bool {
        let state = self.state();
        state.waiting.iter().any(|client| !client.is_closed())
            || state.awaited.is_some_and(|until| until > Instant::now())
    }

    /// Waits as a client for what is to be shown, at most that long.
    pub(crate) async fn wait(&self, longest: Duration) -> PendingNotifications {
        let (client, mut answer) = oneshot::channel();
        {
            let mut state = self.state();
            state.waiting.retain(|client| !client.is_closed());
            state.waiting.push_back(client);
        }
        self.came.notify_one();
        let handed = match timeout(longest, &mut answer).await {
            Ok(handed) => handed.ok(),
            Err(_) => {
                // What was handed over in this moment is taken all the same.
                answer.close();
                answer.try_recv().ok()
            }
        };
        self.state().awaited = Some(Instant::now() + COMES_BACK);
        handed.and_then(|mut handed| handed.due.take()).unwrap_or_default()
    }

    /// Hands it to a client that waits, or is about to; where there is none, the host shows it.
    pub(crate) async fn hand_over(&self, due: PendingNotifications, host: &Arc<dyn Host>) {
        let mut handed = Handed { due: Some(due), host: Arc::clone(host) };
        loop {
            let (client, awaited) = {
                let mut state = self.state();
                (state.waiting.pop_front(), state.awaited)
            };
            match (client, awaited) {
                (Some(client), _) => match client.send(handed) {
                    Ok(()) => return,
                    // It has gone away.
                    Err(back) => handed = back,
                },
                (None, Some(until)) => {
                    if timeout_at(until, self.came.notified()).await.is_err() {
                        self.state().awaited = None;
                    }
                }
                (None, None) => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use callboard_domain::rules::Notification;

    use super::*;

    #[derive(Default)]
    struct Shown(Mutex<Vec<String>>);

    impl Host for Shown {
        fn notify(&self, notification: &Notification) {
            self.0.lock().unwrap().push(notification.title.clone());
        }
    }

    fn due(title: &str) -> PendingNotifications {
        let title = title.to_owned();
        let one = Notification {
            title,
            body: String::new(),
            items: Vec::new(),
            important: false,
            parts: Vec::new(),
        };
        PendingNotifications { show: vec![one], moot: Vec::new() }
    }

    struct Scene {
        handoff: Arc<NotificationHandoff>,
        shown: Arc<Shown>,
        host: Arc<dyn Host>,
    }

    impl Scene {
        fn new() -> Self {
            let shown = Arc::new(Shown::default());
            Self { handoff: Arc::default(), host: shown.clone(), shown }
        }

        fn shown(&self) -> Vec<String> {
            self.shown.0.lock().unwrap().clone()
        }
    }

    const LONG: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    async fn notification_without_a_waiting_client_goes_to_the_host() {
        let it = Scene::new();
        it.handoff.hand_over(due("a"), &it.host).await;
        assert_eq!(it.shown(), ["a"]);
        assert_eq!(
            it.handoff.wait(LONG).await,
            PendingNotifications::default(),
            "what was shown does not come again"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_client_receives_a_notification_once() {
        let it = Scene::new();
        let (first, ()) = tokio::join!(it.handoff.wait(LONG), it.handoff.hand_over(due("a"), &it.host));
        assert_eq!(first, due("a"));
        // Between two calls a client is awaited.
        let later = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            it.handoff.wait(LONG).await
        };
        let (second, ()) = tokio::join!(later, it.handoff.hand_over(due("b"), &it.host));
        assert_eq!(second, due("b"));
        assert!(it.shown().is_empty() && it.handoff.has_client());
        // One that does not come back is not.
        it.handoff.hand_over(due("c"), &it.host).await;
        assert!(!it.handoff.has_client());
        it.handoff.hand_over(due("d"), &it.host).await;
        assert_eq!(it.shown(), ["c", "d"]);
    }

    #[tokio::test(start_paused = true)]
    async fn notification_not_taken_by_a_client_falls_back_to_the_host() {
        let it = Scene::new();
        let gone = tokio::time::timeout(Duration::from_secs(1), it.handoff.wait(LONG)).await;
        assert!(gone.is_err());
        it.handoff.hand_over(due("a"), &it.host).await;
        assert_eq!(it.shown(), ["a"], "gone before it was handed over");

        let mut waiting = Box::pin(it.handoff.wait(LONG));
        assert!(futures::poll!(waiting.as_mut()).is_pending());
        it.handoff.hand_over(due("b"), &it.host).await;
        assert_eq!(it.shown(), ["a"]);
        drop(waiting);
        assert_eq!(it.shown(), ["a", "b"], "gone after it was handed over, before it was taken");
    }
}
