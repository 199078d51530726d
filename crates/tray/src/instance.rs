//! One app for each data folder: a second start sends its command, where it has one, to the first, and ends.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use callboard_engine::{
    paths, private,
    tray_app::{self, AppCommand},
};
use tokio_util::sync::CancellationToken;

/// The pause between two attempts, and how many more there are: one that starts has the lock before it listens.
const MOMENT: Duration = Duration::from_millis(100);
const PATIENCE: u32 = 50;

/// Proof that this process is the first of its data folder; it ends with the process.
pub(crate) struct First {
    /// Held locked.
    _lock: File,
    data: PathBuf,
}

/// What a start found.
pub(crate) enum Found {
    /// No other: this one is the first.
    First(First),
    /// Another one, which has the command.
    Forwarded,
    /// Another one, to which there was nothing to send.
    Running,
    /// Another one, which takes no command, and why.
    Silent(io::Error),
    /// The data folder of a playground, which no app shows: it plays in a terminal, or has ended.
    Playground(PathBuf),
}

/// Becomes the first of this folder, or sends the command, where there is one, to the one that is there.
pub(crate) async fn enter(data: &Path, command: Option<AppCommand>) -> io::Result<Found> {
    let playground = paths::playground_data(data);
    let data = playground.as_deref().unwrap_or(data);
    let lock = open_lock(data)?;
    match (lock.try_lock(), &playground) {
        // What it shows would look like a person's own.
        (Ok(()), Some(playground)) => Ok(Found::Playground(playground.clone())),
        (Ok(()), None) => Ok(Found::First(First { _lock: lock, data: data.to_owned() })),
        (Err(fs::TryLockError::WouldBlock), _) => Ok(match command {
            Some(command) => forward(data, command).await,
            None => Found::Running,
        }),
        (Err(fs::TryLockError::Error(error)), _) => Err(error),
    }
}

/// Sends the command to the one that has the lock.
async fn forward(data: &Path, command: AppCommand) -> Found {
    let is_starting =
        |why: &io::Error| matches!(why.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused);
    let mut left = PATIENCE;
    loop {
        match tray_app::send(data, command, tray_app::token_of_start().as_deref()).await {
            Ok(()) => return Found::Forwarded,
            Err(why) if left > 0 && is_starting(&why) => {
                left -= 1;
                tokio::time::sleep(MOMENT).await;
            }
            Err(why) => return Found::Silent(why),
        }
    }
}

/// Opens the file that the first one holds locked, in a folder that only its user can enter, as the store makes it.
fn open_lock(data: &Path) -> io::Result<File> {
    let mut folder = fs::DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        folder.mode(0o700);
    }
    if !data.exists() {
        folder.recursive(true).create(data)?;
    }
    private::check_folder(data)?;
    let lock = data.join("callboard-tray.lock");
    private::open(File::options().create(true).append(true), &lock)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", lock.display())))
}

impl First {
    /// Receives commands until `stop`.
    pub(crate) async fn listen(self, received: impl Fn(AppCommand, Option<String>), stop: CancellationToken) {
        let why = tokio::select! {
            () = stop.cancelled() => return,
            Err(why) = tray_app::listen(&self.data, received) => why,
        };
        tracing::warn!(%why, data = %self.data.display(), "a second start will not reach this one");
        stop.cancelled().await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use callboard_engine::paths::Paths;

    use super::*;

    #[tokio::test]
    async fn second_instance_forwards_its_command_to_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let Found::First(first) = enter(folder.path(), Some(AppCommand::Open)).await.unwrap() else {
            panic!("nobody was there")
        };
        // Before it listens, too: without a command there is nothing to wait for.
        assert!(matches!(enter(folder.path(), None).await.unwrap(), Found::Running));
        let (sender, commands) = mpsc::channel();
        let stop = CancellationToken::new();
        let listening =
            tokio::spawn(first.listen(move |command, _| sender.send(command).unwrap(), stop.clone()));
        // Also where it has the lock and does not listen yet.
        let second = enter(folder.path(), Some(AppCommand::Settings)).await.unwrap();
        assert!(matches!(second, Found::Forwarded));
        assert_eq!(commands.recv().unwrap(), AppCommand::Settings);
        assert!(matches!(enter(folder.path(), None).await.unwrap(), Found::Running));
        assert!(commands.try_recv().is_err(), "it was sent nothing more");
        stop.cancel();
        listening.await.unwrap();
        assert!(matches!(enter(folder.path(), None).await.unwrap(), Found::First(_)));
    }

    #[tokio::test]
    async fn no_app_starts_on_a_playground_that_none_shows() {
        let folder = tempfile::tempdir().unwrap();
        let data = Paths::within(folder.path()).data;
        // A folder of that name alone makes no playground.
        drop(open_lock(&data).unwrap());
        let Found::First(first) = enter(folder.path(), Some(AppCommand::Open)).await.unwrap() else {
            panic!("nobody was there")
        };
        assert_eq!(first.data, folder.path());
        drop(first);
        paths::mark_playground(&data).unwrap();
        for asked in [data.as_path(), folder.path()] {
            for command in [Some(AppCommand::Open), None] {
                let found = enter(asked, command).await.unwrap();
                assert!(matches!(found, Found::Playground(found) if found == data));
            }
        }
    }
}
