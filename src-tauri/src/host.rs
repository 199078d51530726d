//! What the desktop does for the engine.

use std::sync::{Arc, OnceLock, Weak};

use callboard_domain::rules::Notification;
use callboard_engine::{api::Check, host::Host};

use crate::shell::Shell;

/// The engine's host: passes everything on to the [`Shell`], which is made after it.
#[derive(Default)]
pub(crate) struct DesktopHost {
    shell: OnceLock<Weak<Shell>>,
}

impl DesktopHost {
    /// Says who does it.
    pub(crate) fn set(&self, shell: &Arc<Shell>) {
        // Set once, by the one who makes the shell.
        let _ = self.shell.set(Arc::downgrade(shell));
    }

    fn shell(&self) -> Option<Arc<Shell>> {
        self.shell.get()?.upgrade()
    }
}

impl Host for DesktopHost {
    fn notify(&self, notification: &Notification) {
        if let Some(shell) = self.shell() {
            shell.show_notification(notification.clone());
        }
    }

    fn checks(&self) -> Vec<Check> {
        self.shell().map(|shell| shell.checks()).unwrap_or_default()
    }
}
