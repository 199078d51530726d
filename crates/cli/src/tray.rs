//! `callboard open` and `callboard toggle`: a word to the tray app that runs on the same data folder.

use std::{io::ErrorKind, path::Path};

use anyhow::Result;
use callboard_engine::tray_app::{self, AppCommand};

use crate::exit::{Exit, NoSuchItem};

/// Says the word to the app.
pub(crate) async fn send(data: &Path, command: AppCommand) -> Result<Exit> {
    match tray_app::send(data, command).await {
        Ok(()) => Ok(Exit::Done),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => {
            let why = format!("no tray app runs on {} ({error}); start callboard-tray first", data.display());
            Err(NoSuchItem(why).into())
        }
        Err(error) => Err(NoSuchItem(error.to_string()).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit;

    #[tokio::test]
    async fn an_app_that_does_not_run_is_not_reached() {
        let folder = tempfile::tempdir().unwrap();
        let missed = send(folder.path(), AppCommand::Open).await.unwrap_err();
        assert_eq!(exit::of(&missed), Exit::Unreachable);
        assert!(missed.to_string().contains("start callboard-tray first"), "{missed}");
    }
}
