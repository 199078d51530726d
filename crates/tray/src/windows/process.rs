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
};

/// The longest message that is read, in bytes: calls of pages are short.
const LINE: u64 = 4 << 20;
/// The longest line of its log that is passed on whole.
const LOG_LINE: u64 = 8 << 10;
/// How long it may take to end.
const GOODBYE: Duration = Duration::from_secs(2);
/// How much of what it printed last is quoted, in characters.
const QUOTED: usize = 200;

/// What a process has to report.
pub(super) enum Heard {
    Message(FromWindow),
    /// It has ended, and how.
    Ended(String),
}

/// A running process.
pub(super) struct Process {
    child: Child,
    sender: Sender,
    output: BufReader<ChildStdout>,
    /// A message that has been read in part.
    line: Vec<u8>,
    /// The last line of its log.
    printed: Arc<Mutex<String>>,
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
        for name in std::env::vars_os().map(|(name, _)| name).filter(is_ours) {
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
        let printed = Arc::default();
        tokio::spawn(pass_on(log, Arc::clone(&printed)));
        Ok(Self { child, sender: Sender(lines), output: BufReader::new(output), line: Vec::new(), printed })
    }

    pub(super) fn sender(&self) -> Sender {
        self.sender.clone()
    }

    pub(super) fn send(&self, message: &ToWindow) {
        self.sender.send(message);
    }

    /// Its next message, or its end. May be canceled without a loss.
    pub(super) async fn hear(&mut self) -> Heard {
        loop {
            let room = LINE.saturating_sub(u64::try_from(self.line.len()).unwrap_or(LINE));
            let read = (&mut self.output).take(room).read_until(b'\n', &mut self.line).await;
            let whole = self.line.ends_with(b"\n");
            match read {
                Ok(_) if whole => {
                    let line = std::mem::take(&mut self.line);
                    match message::read(&String::from_utf8_lossy(&line)) {
                        Ok(message) => return Heard::Message(message),
                        // A library that prints.
                        Err(error) => {
                            tracing::debug!(%error, "the windows sent something that is no message")
                        }
                    }
                }
                Ok(0) if room > 0 => return Heard::Ended(self.how_it_ended().await),
                Ok(_) if room > 0 => {}
                Ok(_) => {
                    self.kill().await;
                    return Heard::Ended(format!("it sent a message of more than {LINE} bytes"));
                }
                Err(error) => {
                    self.kill().await;
                    return Heard::Ended(format!("it cannot be read: {error}"));
                }
            }
        }
    }

    async fn how_it_ended(&mut self) -> String {
        let status = match tokio::time::timeout(GOODBYE, self.child.wait()).await {
            Ok(Ok(status)) => status.to_string(),
            Ok(Err(error)) => error.to_string(),
            Err(_) => {
                self.kill().await;
                "it closed its output and did not end".to_owned()
            }
        };
        let printed = self.printed.lock().unwrap_or_else(PoisonError::into_inner);
        if printed.is_empty() { status } else { format!("{status}: {printed}") }
    }

    /// Lets it end by itself, and ends it where it does not.
    pub(super) async fn end(self) {
        let Self { mut child, sender, output, .. } = self;
        // The end of its input is how it learns; nobody reads what it still has to say.
        let _ = sender.0.send(None);
        drop(output);
        if tokio::time::timeout(GOODBYE, child.wait()).await.is_err() {
            tracing::warn!("the process of the windows did not end by itself");
            // It fails where the process has just ended.
            let _ = child.kill().await;
        }
    }

    pub(super) async fn kill(&mut self) {
        // It fails where the process has just ended.
        let _ = self.child.kill().await;
    }
}

/// The windows need none of our variables, and some hold secrets.
fn is_ours(name: &OsString) -> bool {
    name.to_string_lossy().to_uppercase().starts_with("CALLBOARD_")
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
async fn pass_on(log: impl AsyncRead + Unpin, printed: Arc<Mutex<String>>) {
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
            *printed.lock().unwrap_or_else(PoisonError::into_inner) = text;
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
            ("DISPLAY", false),
            ("PATH", false),
            ("MY_CALLBOARD_X", false),
        ];
        for (name, expected) in cases {
            assert_eq!(is_ours(&name.into()), expected, "{name}");
        }
    }
}
