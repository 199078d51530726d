//! Notifications of macOS and Windows. A click opens nothing there yet: the tray and the hotkey do.

use callboard_domain::item::ItemKey;

use super::Notice;
use crate::act::Act;

/// Shows notifications, each from a thread: the system may be slow.
#[derive(Clone)]
pub(crate) struct Notifier;

impl Notifier {
    /// Nothing is pressed on them yet.
    pub(crate) fn start(_pressed: impl Fn(Act, Option<String>) + Send + 'static) -> Self {
        Self
    }

    /// Shows one.
    pub(crate) fn show(&self, notice: Notice) {
        tokio::task::spawn_blocking(move || {
            let mut shown = notify_rust::Notification::new();
            shown.appname("Callboard").summary(&notice.shown_title()).body(&notice.body);
            if let Err(error) = shown.show() {
                tracing::info!(title = %notice.title, %error, "a notification could not be shown");
            }
        });
    }

    /// The system's list keeps them.
    pub(crate) fn withdraw(&self, _items: Vec<ItemKey>) {}

    /// The system's list keeps them; each is marked as the playground's.
    pub(crate) fn withdraw_playground(&self) {}

    /// The service that shows them.
    pub(crate) fn service(&self) -> Result<String, String> {
        Ok("the system's".to_owned())
    }
}
