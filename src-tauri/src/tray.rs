//! The tray, which started this process: its messages come on the standard input, and ours go to the standard output.

use std::{
    collections::HashMap,
    io::{self, BufRead, Write},
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::{Context, Result, bail};
use callboard_window_link::{
    message::{self, Failure, FromWindow, Look, Request, ToWindow, VERSION},
    window::Kind,
};
use serde_json::Value;
use tokio::sync::oneshot;

type Answer = Result<Value, Failure>;

/// What the tray began with.
pub(crate) struct Begun {
    pub tray: Arc<Tray>,
    /// What it sends from now on, until it ends this process.
    pub messages: Messages,
    /// Where pages keep what they keep.
    pub pages: Option<PathBuf>,
    pub look: Look,
}

/// Reports who this is, and waits for the first message.
pub(crate) fn begin() -> Result<Begun> {
    let tray = Arc::new(Tray::default());
    tray.send(&FromWindow::Begun { version: VERSION.to_owned() });
    let mut first = String::new();
    io::stdin().lock().read_line(&mut first).context("its first message cannot be read")?;
    match message::read(&first).context("what comes on the standard input is no message of its")? {
        ToWindow::Begin { pages, look } => Ok(Begun { tray, messages: Messages, pages, look }),
        _ => bail!("it began with another message"),
    }
}

/// The messages of the tray. Waits for each; the end of them is the end of the tray, or its wish.
pub(crate) struct Messages;

impl Iterator for Messages {
    type Item = ToWindow;

    fn next(&mut self) -> Option<ToWindow> {
        loop {
            let mut line = String::new();
            if io::stdin().lock().read_line(&mut line).is_ok_and(|read| read > 0) {
                match message::read(&line) {
                    Ok(message) => return Some(message),
                    Err(error) => tracing::error!(%error, "a message of the tray is not understood"),
                }
            } else {
                return None;
            }
        }
    }
}

/// The way to the tray.
#[derive(Default)]
pub(crate) struct Tray {
    calls: AtomicU64,
    waiting: Mutex<HashMap<u64, oneshot::Sender<Answer>>>,
}

impl Tray {
    fn waiting(&self) -> MutexGuard<'_, HashMap<u64, oneshot::Sender<Answer>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a message. Where the tray is gone, so is this process in a moment.
    pub(crate) fn send(&self, message: &FromWindow) {
        let sent = message::line(message).map_err(io::Error::from).and_then(|line| {
            let mut output = io::stdout().lock();
            output.write_all(line.as_bytes())?;
            output.flush()
        });
        if let Err(error) = sent {
            tracing::warn!(%error, "the tray takes no message");
        }
    }

    /// Makes a call of a page.
    pub(crate) async fn call(&self, window: Kind, request: Request) -> Answer {
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        let (answer, answered) = oneshot::channel();
        self.waiting().insert(number, answer);
        self.send(&FromWindow::Call { number, window, request });
        answered.await.unwrap_or_else(|_| Err(Failure::internal("Callboard is stopping")))
    }

    /// Passes the answer to a call on to the page.
    pub(crate) fn answered(&self, number: u64, answer: Answer) {
        if let Some(waiting) = self.waiting().remove(&number) {
            // A page that is gone waits no more.
            let _ = waiting.send(answer);
        }
    }
}
