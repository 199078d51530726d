//! The process of the windows: its pipes, and its end.

use std::{
    ffi::OsString,
    io::{self, Write as _},
    path::Path,
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use callboard_engine::log::Plain;
use callboard_window_link::message::{self, FromWindow, ToWindow};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::mpsc,
    task::JoinHandle,
};

/// The longest message that is read, in bytes: calls of pages are short.
const LINE: u64 = 4 << 20;
/// The longest line of its log that is passed on whole.
const LOG_LINE: u64 = 8 << 10;
/// How long it may take to end.
const GOODBYE: Duration = Duration::from_secs(2);
/// How long its last lines may take to arrive after its end.
const LAST_LINE: Duration = Duration::from_millis(300);
/// How much of what it printed last is quoted, in characters.
const QUOTED: usize = 200;

/// What happens with a process.
pub(super) enum Event {
    /// It sent a message.
    Message(FromWindow),
    /// It has ended, and how.
    Exited(String),
}

/// A running process.
pub(super) struct Process {
    child: Child,
    sender: Sender,
    output: BufReader<ChildStdout>,
    /// A message that has been read in part.
    line: Vec<u8>,
    log: Log,
}

/// Sends messages to a process.
#[derive(Clone)]
pub(super) struct Sender(mpsc::UnboundedSender<Option<String>>);

impl Sender {
    pub(super) fn send(&self, message: &ToWindow) {
        match message::line(message) {
            // A process that has ended takes none.
            Ok(line) => drop(self.0.send(Some(line))),
            Err(error) => tracing::error!(%error, "a message to the windows cannot be written"),
        }
    }
}

impl Process {
    /// Starts the program. Within the runtime.
    pub(super) fn start(program: &Path) -> io::Result<Self> {
        let mut command = Command::new(program);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        for name in std::env::vars_os().map(|(name, _)| name).filter(is_kept_back) {
            command.env_remove(name);
        }
        let mut child = command.spawn()?;
        let (Some(input), Some(output), Some(log)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(io::Error::other("it has no pipes"));
        };
        let (lines, to_write) = mpsc::unbounded_channel();
        tokio::spawn(write(input, to_write));
        let last = Arc::default();
        let log = Log { passing_on: tokio::spawn(pass_on(log, Arc::clone(&last))), last };
        Ok(Self { child, sender: Sender(lines), output: BufReader::new(output), line: Vec::new(), log })
    }

    pub(super) fn sender(&self) -> Sender {
        self.sender.clone()
    }

    pub(super) fn send(&self, message: &ToWindow) {
        self.sender.send(message);
    }

    /// Its next message, or its end. May be canceled without a loss.
    pub(super) async fn next_event(&mut self) -> Event {
        loop {
            let room = LINE.saturating_sub(u64::try_from(self.line.len()).unwrap_or(LINE));
            let mut limited = (&mut self.output).take(room);
            let read = tokio::select! {
                // What it sent before its end comes first.
                biased;
                read = limited.read_until(b'\n', &mut self.line) => read,
                // Its own children may hold its output open.
                status = self.child.wait() => {
                    return Event::Exited(self.log.explain(status.map_or_else(|it| it.to_string(), |it| it.to_string())).await);
                }
            };
            let why = match read {
                Ok(_) if self.line.ends_with(b"\n") => {
                    let line = std::mem::take(&mut self.line);
                    match message::read(&String::from_utf8_lossy(&line)) {
                        Ok(message) => return Event::Message(message),
                        Err(error) => tracing::warn!(%error, "a message of the windows is not understood"),
                    }
                    continue;
                }
                Ok(0) if room > 0 => match tokio::time::timeout(GOODBYE, self.child.wait()).await {
                    Ok(status) => status.map_or_else(|it| it.to_string(), |it| it.to_string()),
                    Err(_) => "its output closed, though it did not end".to_owned(),
                },
                Ok(_) if room > 0 => continue,
                Ok(_) => format!("a message of more than {LINE} bytes"),
                Err(error) => format!("an output that cannot be read ({error})"),
            };
            // It fails where the process has just ended.
            let _ = self.child.kill().await;
            return Event::Exited(self.log.explain(why).await);
        }
    }

    /// Lets it end by itself, and ends it where it does not.
    pub(super) async fn close(self) {
        let Self { mut child, sender, output, .. } = self;
        // The end of its input is how it learns; nobody reads what it still has to report.
        let _ = sender.0.send(None);
        drop(output);
        if tokio::time::timeout(GOODBYE, child.wait()).await.is_err() {
            tracing::warn!("the process of the windows did not end by itself");
            // It fails where the process has just ended.
            let _ = child.kill().await;
        }
    }

    /// Ends it at once.
    pub(super) async fn kill(mut self) {
        // It fails where the process has just ended.
        let _ = self.child.kill().await;
    }
}

/// What a process prints.
struct Log {
    passing_on: JoinHandle<()>,
    /// The last line.
    last: Arc<Mutex<String>>,
}

impl Log {
    /// Adds to how a process ended what it printed last.
    async fn explain(&mut self, how: String) -> String {
        // Its own children may hold its log open.
        let _ = tokio::time::timeout(LAST_LINE, &mut self.passing_on).await;
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_empty() { how } else { format!("{how}: {last}") }
    }
}

/// Of how we were started: a token comes with each order, and a socket is for one client.
const OF_OUR_START: [&str; 3] = ["DESKTOP_STARTUP_ID", "XDG_ACTIVATION_TOKEN", "WAYLAND_SOCKET"];

/// The windows need none of our own variables either, and some hold secrets.
fn is_kept_back(name: &OsString) -> bool {
    let name = name.to_string_lossy().to_uppercase();
    name.starts_with("CALLBOARD_") || OF_OUR_START.contains(&name.as_str())
}

/// Writes messages until the one that is none, which ends the input.
async fn write(mut input: ChildStdin, mut lines: mpsc::UnboundedReceiver<Option<String>>) {
    while let Some(Some(line)) = lines.recv().await {
        if let Err(error) = input.write_all(line.as_bytes()).await {
            tracing::debug!(%error, "the windows take no more messages");
            return;
        }
    }
}

/// Writes what it prints to our own log, and keeps the last of it.
async fn pass_on(log: impl AsyncRead + Unpin, last: Arc<Mutex<String>>) {
    let mut log = BufReader::new(log);
    loop {
        let mut line = Vec::new();
        match (&mut log).take(LOG_LINE).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        // A log that cannot be written is nobody's.
        let _ = Plain::new(io::stderr(), false).write_all(&line);
        let text = String::from_utf8_lossy(&line);
        let text = callboard_domain::text::line(text.trim(), QUOTED);
        if !text.is_empty() {
            *last.lock().unwrap_or_else(PoisonError::into_inner) = text;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_get_none_of_our_variables() {
        let cases = [
            ("CALLBOARD_PASSPHRASE", true),
            ("CALLBOARD_SECRET_FORGE_TOKEN", true),
            ("callboard_data", true),
            ("XDG_ACTIVATION_TOKEN", true),
            ("WAYLAND_SOCKET", true),
            ("WAYLAND_DISPLAY", false),
            ("DISPLAY", false),
            ("PATH", false),
            ("MY_CALLBOARD_X", false),
        ];
        for (name, expected) in cases {
            assert_eq!(is_kept_back(&name.into()), expected, "{name}");
        }
    }
}
