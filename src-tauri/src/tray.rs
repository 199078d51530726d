//! The tray, which started this process: its messages come on the standard input, and ours go to the standard output.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, BufRead, BufReader, Write},
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::{Context, Result, bail};
use callboard_window_link::{
    message::{self, Failure, FromWindow, Request, ToWindow, VERSION, WindowSettings},
    window::Kind,
};
use serde_json::Value;
use tokio::sync::oneshot;

type Answer = Result<Value, Failure>;

/// What the tray sent first.
pub(crate) struct Init {
    pub tray: Arc<Tray>,
    /// What it sends from now on, until it ends this process.
    pub messages: Messages,
    /// Where pages keep what they keep.
    pub pages: Option<PathBuf>,
    pub settings: WindowSettings,
}

/// Takes the pipes to the tray, reports who this is, and waits for the first message. Before anything else is started:
/// processes that are started later do not get the pipes, for one of them runs what services wrote.
pub(crate) fn connect() -> Result<Init> {
    let (input, output) = take_pipes().context("its pipes cannot be taken")?;
    let tray =
        Arc::new(Tray { output: Mutex::new(output), calls: AtomicU64::new(0), waiting: Mutex::default() });
    let mut messages = Messages(BufReader::new(input));
    let mut first = String::new();
    messages.0.read_line(&mut first).context("its first message cannot be read")?;
    if first.is_empty() {
        bail!("nothing comes on the standard input");
    }
    // Before the message is understood: one of another version may not be.
    tray.send(&FromWindow::Hello { version: VERSION.to_owned() });
    match message::read(&first).context("what comes on the standard input is no message of its")? {
        ToWindow::Init { pages, settings } => Ok(Init { tray, messages, pages, settings }),
        _ => bail!("it began with another message"),
    }
}

/// The standard input and output, which are from now on empty and the log.
#[cfg(unix)]
fn take_pipes() -> io::Result<(File, File)> {
    use std::os::fd::AsFd;
    // Copies are closed in processes that are started later.
    let input = io::stdin().as_fd().try_clone_to_owned()?;
    let output = io::stdout().as_fd().try_clone_to_owned()?;
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    rustix::stdio::dup2_stdout(io::stderr())?;
    Ok((input.into(), output.into()))
}

/// The standard input and output.
#[cfg(windows)]
fn take_pipes() -> io::Result<(File, File)> {
    use std::os::windows::io::AsHandle;
    let input = io::stdin().as_handle().try_clone_to_owned()?;
    let output = io::stdout().as_handle().try_clone_to_owned()?;
    Ok((input.into(), output.into()))
}

/// The messages of the tray. Waits for each; the end of them is the end of the tray, or its wish.
pub(crate) struct Messages(BufReader<File>);

impl Iterator for Messages {
    type Item = ToWindow;

    fn next(&mut self) -> Option<ToWindow> {
        loop {
            let mut line = String::new();
            if !self.0.read_line(&mut line).is_ok_and(|read| read > 0) {
                return None;
            }
            match message::read(&line) {
                Ok(message) => return Some(message),
                Err(error) => tracing::error!(%error, "a message of the tray is not understood"),
            }
        }
    }
}

/// The way to the tray.
pub(crate) struct Tray {
    output: Mutex<File>,
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
            self.output.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes())
        });
        if let Err(error) = sent {
            tracing::warn!(%error, "the tray takes no message");
        }
    }

    /// Makes a call of a page.
    pub(crate) async fn call(&self, window: Kind, request: Request) -> Answer {
        let id = self.calls.fetch_add(1, Ordering::Relaxed);
        let (answer, answered) = oneshot::channel();
        self.waiting().insert(id, answer);
        self.send(&FromWindow::Call { id, window, request });
        answered.await.unwrap_or_else(|_| Err(Failure::internal("Callboard is stopping")))
    }

    /// Passes the answer to a call on to the page.
    pub(crate) fn answered(&self, id: u64, answer: Answer) {
        if let Some(waiting) = self.waiting().remove(&id) {
            // A page that is gone waits no more.
            let _ = waiting.send(answer);
        }
    }
}
