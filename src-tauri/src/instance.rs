//! One app for each data folder: a second start sends its command to the first, and ends.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use callboard_engine::{
    private,
    tray_app::{self, AppCommand},
};
use tokio_util::sync::CancellationToken;

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
}

/// Becomes the first of this folder, or sends the command to the one that is there.
pub(crate) async fn enter(data: &Path, command: AppCommand) -> io::Result<Found> {
    let lock = open_lock(data)?;
    match lock.try_lock() {
        Ok(()) => Ok(Found::First(First { _lock: lock, data: data.to_owned() })),
        Err(fs::TryLockError::WouldBlock) => tray_app::send(data, command).await.map(|()| Found::Forwarded),
        Err(fs::TryLockError::Error(error)) => Err(error),
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
    pub(crate) async fn listen(self, received: impl Fn(AppCommand), stop: CancellationToken) {
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

    use super::*;

    #[tokio::test]
    async fn second_instance_forwards_its_command_to_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let Found::First(first) = enter(folder.path(), AppCommand::Open).await.unwrap() else {
            panic!("nobody was there")
        };
        let (sender, commands) = mpsc::channel();
        let stop = CancellationToken::new();
        let listening =
            tokio::spawn(first.listen(move |command| sender.send(command).unwrap(), stop.clone()));
        // It listens as soon as it answers.
        let second = loop {
            match enter(folder.path(), AppCommand::Settings).await {
                Ok(found) => break found,
                Err(_) => tokio::task::yield_now().await,
            }
        };
        assert!(matches!(second, Found::Forwarded));
        assert_eq!(commands.recv().unwrap(), AppCommand::Settings);
        stop.cancel();
        listening.await.unwrap();
        assert!(matches!(enter(folder.path(), AppCommand::Open).await.unwrap(), Found::First(_)));
    }
}
