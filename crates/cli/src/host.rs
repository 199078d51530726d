//! What a terminal does for the engine: notifications go to the desktop's service where there is one, else to the log.

use std::{sync::mpsc, time::Duration};

use callboard_domain::rules::Notification;
use callboard_engine::{
    api::{Check, CheckVerdict},
    host::Host,
};

/// How many notifications may wait for a slow notification service; further ones go to the log.
const WAITING: usize = 32;
/// How long the notification service may take to answer with its name.
const SERVICE_TIME: Duration = Duration::from_secs(2);

/// Shows notifications from a thread of its own: the service may be slow, or not there.
pub(crate) struct TerminalHost {
    waiting: mpsc::SyncSender<Notification>,
}

impl TerminalHost {
    /// Starts the thread. It ends with the host.
    pub(crate) fn start() -> std::io::Result<Self> {
        let (waiting, next) = mpsc::sync_channel::<Notification>(WAITING);
        std::thread::Builder::new().name("notifications".into()).spawn(move || {
            for notification in next {
                if let Err(why) = show(&notification) {
                    log(&notification, &why);
                }
            }
        })?;
        Ok(Self { waiting })
    }
}

impl Host for TerminalHost {
    fn notification_check(&self) -> Option<Check> {
        let name = "notifications".to_owned();
        Some(match Self::service() {
            Ok(found) => Check { name, verdict: CheckVerdict::Ok, found, remedy: None },
            Err(why) => Check {
                name,
                verdict: CheckVerdict::Warning,
                found: format!("they go to the log: {why}"),
                remedy: Some("start a notification service, such as dunst, in this session".into()),
            },
        })
    }

    fn notify(&self, notification: &Notification) {
        if self.waiting.try_send(notification.clone()).is_err() {
            log(notification, "the notification service is slow");
        }
    }
}

impl TerminalHost {
    /// Asks the notification service for its name. On a thread: a bus that hangs must not hold up the other checks.
    fn service() -> Result<String, String> {
        let (answer, answered) = mpsc::channel();
        let ask = move || {
            #[cfg(target_os = "linux")]
            let found = notify_rust::get_server_information()
                .map(|it| format!("{} {}", it.name, it.version))
                .map_err(|error| error.to_string());
            #[cfg(not(target_os = "linux"))]
            let found = Ok("the system's".to_owned());
            let _ = answer.send(found);
        };
        std::thread::Builder::new()
            .name("notifications".into())
            .spawn(ask)
            .map_err(|error| error.to_string())?;
        answered.recv_timeout(SERVICE_TIME).unwrap_or_else(|_| Err("it does not answer".into()))
    }
}

fn log(notification: &Notification, why: &str) {
    tracing::info!(title = %notification.title, body = %notification.body, %why, "notification");
}

#[cfg(any(target_os = "linux", target_os = "macos", target_os = "windows"))]
fn show(notification: &Notification) -> Result<(), String> {
    let mut shown = notify_rust::Notification::new();
    shown.appname("Callboard").icon("callboard").summary(&notification.title);
    // The body may hold markup (freedesktop.org, Desktop Notifications, "Markup"): what a service wrote is text.
    shown.body(&escape(&notification.body));
    #[cfg(target_os = "linux")]
    shown.urgency(if notification.important {
        notify_rust::Urgency::Critical
    } else {
        notify_rust::Urgency::Normal
    });
    shown.show().map(drop).map_err(|error| error.to_string())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
