//! What is said to the tray app that runs on a data folder, by its own second start and by the command line.
//!
//! A word is one line, which the app answers once it has heard it.

use std::{io, path::Path, time::Duration};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};

use crate::system::local::{self, LocalListener};

const NAME: &str = "callboard-tray.sock";
/// How long either side may take.
const ANSWER_TIME: Duration = Duration::from_secs(2);
/// The longest word that is read.
const COMMAND_LIMIT: u64 = 16;
/// What the app answers to a word that it on_command.
const ACK: [u8; 3] = *b"ok\n";

/// What the app can be asked.
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

    /// The word, as it is said.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Toggle => "toggle",
            Self::Settings => "settings",
        }
    }
}

/// Says a word to the app that runs on this data folder.
///
/// # Errors
/// Where none runs, or it did not hear the word within two seconds.
pub async fn send(data: &Path, command: AppCommand) -> io::Result<()> {
    let mut stream = local::connect(&data.join(NAME)).await?;
    let mut answer = [0; ACK.len()];
    let said = async {
        stream.write_all(format!("{}\n", command.name()).as_bytes()).await?;
        stream.read_exact(&mut answer).await
    };
    match tokio::time::timeout(ANSWER_TIME, said).await {
        Ok(Ok(_)) if answer == ACK => Ok(()),
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "the tray app does not answer; see its log")),
    }
}

/// Hears words for the app of this data folder, and calls `heard` with each, for as long as it is polled. The caller holds
/// a lock of its own in the folder.
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
            // The other one may be gone already; it was heard all the same.
            let _ = stream.write_all(&ACK).await;
        }
    }
}

async fn read_command(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<AppCommand>> {
    let mut said = String::new();
    BufReader::new(stream.take(COMMAND_LIMIT)).read_line(&mut said).await?;
    Ok(AppCommand::named(said.trim_end()))
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
    async fn the_app_is_told_or_missed() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(send(folder.path(), AppCommand::Open).await.unwrap_err().kind(), io::ErrorKind::NotFound);
        for (answer, expected) in [("ok\n", true), ("no\n", false), ("", false)] {
            let listener = UnixListener::bind(socket(folder.path())).unwrap();
            let app = std::thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let mut said = String::new();
                BufReader::new(&stream).read_line(&mut said).unwrap();
                stream.write_all(answer.as_bytes()).unwrap();
                said
            });
            let told = send(folder.path(), AppCommand::Toggle).await.is_ok();
            assert_eq!((app.join().unwrap().as_str(), told), ("toggle\n", expected));
            std::fs::remove_file(socket(folder.path())).unwrap();
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn what_is_told_is_heard_by_nobody_but_its_user() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().to_owned();
        // What a process that was killed left behind is in nobody's way.
        drop(UnixListener::bind(socket(&data)).unwrap());
        let (hear, on_command) = mpsc::channel();
        let listening = tokio::spawn({
            let data = data.clone();
            async move { listen(&data, move |command| hear.send(command).unwrap()).await }
        });
        for command in AppCommand::ALL {
            // It listens as soon as its socket answers.
            while send(&data, command).await.is_err() {
                tokio::task::yield_now().await;
            }
            assert_eq!(on_command.recv().unwrap(), command);
        }
        let mode = std::fs::metadata(socket(&data)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        listening.abort();
        listening.await.unwrap_err();
        assert!(!socket(&data).exists());
    }

    #[tokio::test]
    async fn what_is_no_word_is_not_heard() {
        for (said, expected) in [
            ("open\n", Some(AppCommand::Open)),
            ("quit\n", None),
            ("\n", None),
            ("open open open open open\n", None),
        ] {
            let (mut one, mut other) = UnixStream::pair().unwrap();
            one.write_all(said.as_bytes()).await.unwrap();
            drop(one);
            assert_eq!(read_command(&mut other).await.unwrap(), expected, "{said:?}");
        }
    }
}
