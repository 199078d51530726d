//! The harness of the whole-product tests: real servers, a real desktop session and the built program, each started
//! for one test on ports and in folders of its own, and gone when the value is dropped.
//!
//! Nothing here waits for a fixed time: readiness is probed, within a deadline.

mod alertmanager;
mod callboard;
mod desktop;
mod emulator;
pub mod http;
pub mod paths;
mod server;
mod stand_in;
pub mod webhook;

pub use alertmanager::Alertmanager;
pub use callboard::{Callboard, Output, Serving};
pub use desktop::{
    App, DesktopSession, Keyring, MenuEntry, Notification, NotificationService, Page, Picture, TrayHost,
    TrayIcon, Window,
};
pub use emulator::Emulator;
pub use server::{Server, signal};
pub use stand_in::{Answer, Request, StandIn};

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

/// How long a server may take to be ready, and a command to end, on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Calls `probe` until it returns a value; fails with `what` was awaited if that takes longer than `within`.
///
/// ```
/// # use callboard_tests::{wait_until, PATIENCE};
/// let answer = wait_until("an answer", PATIENCE, || Some(42))?;
/// assert_eq!(answer, 42);
/// # anyhow::Ok(())
/// ```
pub fn wait_until<T>(
    what: &str,
    within: Duration,
    mut probe: impl FnMut() -> Option<T>,
) -> anyhow::Result<T> {
    let deadline = Instant::now() + within;
    loop {
        if let Some(value) = probe() {
            return Ok(value);
        }
        anyhow::ensure!(Instant::now() < deadline, "waited {within:?} for {what}");
        sleep(Duration::from_millis(10));
    }
}
