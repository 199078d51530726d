//! Commands to the tray app that runs on a data folder, from its own second launch and from the command line.
//!
//! A command is one line, which the app acknowledges: its name, and after a space the permission to take the focus that the
//! desktop gave to whoever sends it, where it gave one.

use std::{io, path::Path, time::Duration};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};

use crate::system::local::{self, LocalListener};

const NAME: &str = "callboard-tray.sock";
/// How long either side may take.
const ANSWER_TIME: Duration = Duration::from_secs(2);
/// The longest line that is read, in bytes.
const COMMAND_LIMIT: u64 = 16 + TOKEN_LIMIT;
/// The longest token, in bytes: those of desktops are names and numbers.
const TOKEN_LIMIT: u64 = 256;
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

/// The permission to take the focus that the desktop gave this process as it started it (XDG activation; startup
/// notification on X11). It is good for one use.
pub fn token_of_start() -> Option<String> {
    let names = ["XDG_ACTIVATION_TOKEN", "DESKTOP_STARTUP_ID"];
    names.iter().find_map(|name| std::env::var(name).ok().and_then(|token| checked(&token)))
}

/// A token that can stand on the line.
fn checked(token: &str) -> Option<String> {
    let fits = u64::try_from(token.len()).is_ok_and(|length| length <= TOKEN_LIMIT);
    (fits && !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())).then(|| token.to_owned())
}

/// Sends a command to the app that runs on this data folder, with the desktop's permission to take the focus.
///
/// # Errors
/// Where none runs, or it does not acknowledge the command within two seconds.
pub async fn send(data: &Path, command: AppCommand, token: Option<&str>) -> io::Result<()> {
    if let Some(token) = token.and_then(checked) {
        match send_line(data, &format!("{} {token}\n", command.name())).await {
            // An app of an older version knows commands without a token alone.
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {}
            sent => return sent,
        }
    }
    send_line(data, &format!("{}\n", command.name())).await
}

async fn send_line(data: &Path, line: &str) -> io::Result<()> {
    let mut stream = local::connect(&data.join(NAME)).await?;
    let mut answer = [0; ACK.len()];
    let exchange = async {
        stream.write_all(line.as_bytes()).await?;
        stream.read_exact(&mut answer).await
    };
    match tokio::time::timeout(ANSWER_TIME, exchange).await {
        Ok(Ok(_)) if answer == ACK => Ok(()),
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "the tray app does not answer; see its log")),
    }
}

/// Listens for commands to the app of this data folder, and calls `on_command` with each and its token, for as long as it is
/// polled. The caller holds a lock of its own in the folder.
///
/// # Errors
/// Where the socket cannot be listened on.
pub async fn listen(data: &Path, on_command: impl Fn(AppCommand, Option<String>)) -> io::Result<()> {
    let mut listener = LocalListener::bind(&data.join(NAME))?;
    loop {
        let mut stream = listener.accept().await;
        let command = tokio::time::timeout(ANSWER_TIME, read_command(&mut stream)).await;
        if let Ok(Ok(Some((command, token)))) = command {
            on_command(command, token);
            // The client may be gone already; its command was accepted all the same.
            let _ = stream.write_all(&ACK).await;
        }
    }
}

async fn read_command(
    stream: &mut (impl AsyncRead + Unpin),
) -> io::Result<Option<(AppCommand, Option<String>)>> {
    let mut line = String::new();
    BufReader::new(stream.take(COMMAND_LIMIT)).read_line(&mut line).await?;
    let (name, token) = match line.trim_end().split_once(' ') {
        Some((name, token)) => match checked(token) {
            Some(token) => (name.to_owned(), Some(token)),
            None => return Ok(None),
        },
        None => (line.trim_end().to_owned(), None),
    };
    Ok(AppCommand::named(&name).map(|command| (command, token)))
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
        assert_eq!(
            send(folder.path(), AppCommand::Open, None).await.unwrap_err().kind(),
            io::ErrorKind::NotFound
        );
        for (answer, expected) in [("ok\n", true), ("no\n", false), ("", false)] {
            let listener = UnixListener::bind(socket(folder.path())).unwrap();
            let app = std::thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let mut line = String::new();
                BufReader::new(&stream).read_line(&mut line).unwrap();
                stream.write_all(answer.as_bytes()).unwrap();
                line
            });
            let sent = send(folder.path(), AppCommand::Toggle, None).await.is_ok();
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
            async move { listen(&data, move |command, token| commands.send((command, token)).unwrap()).await }
        });
        for (command, token, expected) in [
            (AppCommand::Open, None, None),
            (
                AppCommand::Toggle,
                Some("gnome-shell/Callboard/4242-1-host_TIME77"),
                Some("gnome-shell/Callboard/4242-1-host_TIME77"),
            ),
            // No token of a desktop: it is left out.
            (AppCommand::Settings, Some("a b\nquit"), None),
        ] {
            // It listens as soon as its socket answers.
            while send(&data, command, token).await.is_err() {
                tokio::task::yield_now().await;
            }
            assert_eq!(received.recv().unwrap(), (command, expected.map(str::to_owned)));
        }
        let mode = std::fs::metadata(socket(&data)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        listening.abort();
        listening.await.unwrap_err();
        assert!(!socket(&data).exists());
    }

    #[tokio::test]
    async fn app_of_an_older_version_is_sent_the_command_without_a_token() {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(socket(folder.path())).unwrap();
        let app = std::thread::spawn(move || {
            let mut lines = Vec::new();
            for answer in ["", "ok\n"] {
                let (mut stream, _) = listener.accept().unwrap();
                let mut line = String::new();
                BufReader::new(&stream).read_line(&mut line).unwrap();
                stream.write_all(answer.as_bytes()).unwrap();
                lines.push(line);
            }
            lines
        });
        send(folder.path(), AppCommand::Open, Some("t")).await.unwrap();
        assert_eq!(app.join().unwrap(), ["open t\n", "open\n"]);
    }

    #[tokio::test]
    async fn a_line_that_is_no_command_is_ignored() {
        let long = format!("open {}\n", "t".repeat(257));
        for (line, expected) in [
            ("open\n", Some((AppCommand::Open, None))),
            ("open t_1\n", Some((AppCommand::Open, Some("t_1".to_owned())))),
            ("quit\n", None),
            ("quit t\n", None),
            ("\n", None),
            ("open \n", Some((AppCommand::Open, None))),
            ("open open open open open\n", None),
            ("open t\u{e9}\n", None),
            (&long, None),
        ] {
            let (mut one, mut other) = UnixStream::pair().unwrap();
            one.write_all(line.as_bytes()).await.unwrap();
            drop(one);
            assert_eq!(read_command(&mut other).await.unwrap(), expected, "{line:?}");
        }
    }
}
