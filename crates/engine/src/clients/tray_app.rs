//! Commands to the tray app that runs on a data folder, from its own second launch and from the command line.
//!
//! A command is one line, which the app acknowledges.

use std::{io, path::Path, time::Duration};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};

use crate::system::local::{self, LocalListener};

const NAME: &str = "callboard-tray.sock";
/// How long either side may take.
const ANSWER_TIME: Duration = Duration::from_secs(2);
/// The longest line that is read, in bytes.
const COMMAND_LIMIT: u64 = 16;
/// What the app answers to a command that it has accepted.
const ACK: [u8; 3] = *b"ok\n";

/// A command that the running tray app accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppCommand {
    /// Show the launcher.
    Open,
    /// Show the launcher, or put it away where it is shown.
    Toggle,
    /// Show the settings.
    Settings,
}

impl AppCommand {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Open, Self::Toggle, Self::Settings];

    /// The one of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|command| command.name() == name)
    }

    /// Its name, as it is sent.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Toggle => "toggle",
            Self::Settings => "settings",
        }
    }
}

/// Sends a command to the app that runs on this data folder.
///
/// # Errors
/// Where none runs, or it does not acknowledge the command within two seconds.
pub async fn send(data: &Path, command: AppCommand) -> io::Result<()> {
    let mut stream = local::connect(&data.join(NAME)).await?;
    let mut answer = [0; ACK.len()];
    let exchange = async {
        stream.write_all(format!("{}\n", command.name()).as_bytes()).await?;
        stream.read_exact(&mut answer).await
    };
    match tokio::time::timeout(ANSWER_TIME, exchange).await {
        Ok(Ok(_)) if answer == ACK => Ok(()),
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "the tray app does not answer; see its log")),
    }
}

/// Listens for commands to the app of this data folder, and calls `on_command` with each, for as long as it is polled. The
/// caller holds a lock of its own in the folder.
///
/// # Errors
/// Where the socket cannot be listened on.
pub async fn listen(data: &Path, on_command: impl Fn(AppCommand)) -> io::Result<()> {
    let mut listener = LocalListener::bind(&data.join(NAME))?;
    loop {
        let mut stream = listener.accept().await;
        let command = tokio::time::timeout(ANSWER_TIME, read_command(&mut stream)).await;
        if let Ok(Ok(Some(command))) = command {
            on_command(command);
            // The client may be gone already; its command was accepted all the same.
            let _ = stream.write_all(&ACK).await;
        }
    }
}

async fn read_command(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<AppCommand>> {
    let mut line = String::new();
    BufReader::new(stream.take(COMMAND_LIMIT)).read_line(&mut line).await?;
    Ok(AppCommand::named(line.trim_end()))
}

#[cfg(all(test, unix))]
mod tests {
    use std::{
        io::{BufRead, BufReader, Write},
        os::unix::{fs::PermissionsExt, net::UnixListener},
        path::PathBuf,
        sync::mpsc,
    };

    use tokio::net::UnixStream;

    use super::*;

    fn socket(data: &Path) -> PathBuf {
        data.join(NAME)
    }

    #[tokio::test]
    async fn a_command_succeeds_only_where_the_app_acknowledges_it() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(send(folder.path(), AppCommand::Open).await.unwrap_err().kind(), io::ErrorKind::NotFound);
        for (answer, expected) in [("ok\n", true), ("no\n", false), ("", false)] {
            let listener = UnixListener::bind(socket(folder.path())).unwrap();
            let app = std::thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let mut line = String::new();
                BufReader::new(&stream).read_line(&mut line).unwrap();
                stream.write_all(answer.as_bytes()).unwrap();
                line
            });
            let sent = send(folder.path(), AppCommand::Toggle).await.is_ok();
            assert_eq!((app.join().unwrap().as_str(), sent), ("toggle\n", expected));
            std::fs::remove_file(socket(folder.path())).unwrap();
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn commands_reach_the_app_over_a_socket_of_its_user_alone() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().to_owned();
        // What a process that was killed left behind is in nobody's way.
        drop(UnixListener::bind(socket(&data)).unwrap());
        let (commands, received) = mpsc::channel();
        let listening = tokio::spawn({
            let data = data.clone();
            async move { listen(&data, move |command| commands.send(command).unwrap()).await }
        });
        for command in AppCommand::ALL {
            // It listens as soon as its socket answers.
            while send(&data, command).await.is_err() {
                tokio::task::yield_now().await;
            }
            assert_eq!(received.recv().unwrap(), command);
        }
        let mode = std::fs::metadata(socket(&data)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        listening.abort();
        listening.await.unwrap_err();
        assert!(!socket(&data).exists());
    }

    #[tokio::test]
    async fn a_line_that_is_no_command_is_ignored() {
        for (line, expected) in [
            ("open\n", Some(AppCommand::Open)),
            ("quit\n", None),
            ("\n", None),
            ("open open open open open\n", None),
        ] {
            let (mut one, mut other) = UnixStream::pair().unwrap();
            one.write_all(line.as_bytes()).await.unwrap();
            drop(one);
            assert_eq!(read_command(&mut other).await.unwrap(), expected, "{line:?}");
        }
    }
}
