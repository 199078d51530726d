//! The notifications of the session: a service of our own that shows nothing, and gives with a click the permission to take
//! the focus, as desktops on Wayland do (freedesktop.org, Desktop Notifications 1.2).

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Result;
use zbus::{blocking, zvariant::OwnedValue};

use super::DesktopSession;
use crate::{PATIENCE, wait_until};

const NAME: &str = "org.freedesktop.Notifications";
const OBJECT: &str = "/org/freedesktop/Notifications";

/// The first lines, the latest last. The number of a notification is its place, counted from 1.
type Summaries = Arc<Mutex<Vec<String>>>;

/// The service that programs hand their notifications to; gone from the bus when dropped.
pub struct NotificationService {
    connection: blocking::Connection,
    summaries: Summaries,
}

impl fmt::Debug for NotificationService {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("NotificationService").field("summaries", &self.summaries).finish()
    }
}

struct Service {
    summaries: Summaries,
}

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Service {
    #[expect(clippy::too_many_arguments, reason = "the interface has them")]
    fn notify(
        &self,
        _app_name: &str,
        _replaces: u32,
        _icon: &str,
        summary: String,
        _body: &str,
        _actions: Vec<String>,
        _hints: HashMap<String, OwnedValue>,
        _expires: i32,
    ) -> zbus::fdo::Result<u32> {
        let mut summaries = self.summaries.lock().unwrap_or_else(PoisonError::into_inner);
        summaries.push(summary);
        u32::try_from(summaries.len()).map_err(|error| zbus::fdo::Error::Failed(error.to_string()))
    }

    fn close_notification(&self, _id: u32) {}

    fn get_capabilities(&self) -> Vec<String> {
        vec!["actions".to_owned(), "body".to_owned()]
    }

    fn get_server_information(&self) -> (String, String, String, String) {
        ["callboard-tests", "callboard-tests", "0", "1.2"].map(str::to_owned).into()
    }
}

impl NotificationService {
    /// Starts it on the bus of this session.
    pub fn start(session: &DesktopSession) -> Result<NotificationService> {
        let summaries = Summaries::default();
        let connection = blocking::connection::Builder::address(session.bus_address().as_str())?
            .serve_at(OBJECT, Service { summaries: Arc::clone(&summaries) })?
            .name(NAME)?
            .build()?;
        Ok(NotificationService { connection, summaries })
    }

    /// The number of the first notification with this in its first line; waits for one.
    pub fn shown(&self, text: &str) -> Result<u32> {
        wait_until(&format!("a notification of {text:?}"), PATIENCE, || {
            let summaries = self.summaries.lock().unwrap_or_else(PoisonError::into_inner);
            summaries.iter().zip(1..).find(|(summary, _)| summary.contains(text)).map(|(_, id)| id)
        })
    }

    /// Clicks a notification, which gives this permission to take the focus ([`DesktopSession::activation_token`]).
    pub fn click(&self, id: u32, token: &str) -> Result<()> {
        let send = |signal, argument| {
            self.connection.emit_signal(None::<&str>, OBJECT, NAME, signal, &(id, argument))
        };
        send("ActivationToken", token)?;
        Ok(send("ActionInvoked", "default")?)
    }
}

impl Drop for NotificationService {
    fn drop(&mut self) {
        let _ = self.connection.release_name(NAME);
    }
}
