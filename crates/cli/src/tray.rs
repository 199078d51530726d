//! `callboard open` and `callboard toggle`: a command to the tray app that runs on the same data folder.

use std::{io::ErrorKind, path::Path};

use anyhow::Result;
use callboard_engine::tray_app::{self, AppCommand};

use crate::exit::{Exit, NotRunning};

/// Sends the command to the app.
pub(crate) async fn send(data: &Path, command: AppCommand) -> Result<Exit> {
    match tray_app::send(data, command).await {
        Ok(()) => Ok(Exit::Done),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => {
            let why = format!("no tray app runs on {} ({error}); start callboard-tray first", data.display());
            Err(NotRunning(why).into())
        }
        Err(error) => Err(NotRunning(error.to_string()).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit;

    #[tokio::test]
    async fn tray_app_that_is_not_running_is_unreachable() {
        let folder = tempfile::tempdir().unwrap();
        let error = send(folder.path(), AppCommand::Open).await.unwrap_err();
        assert_eq!(exit::of(&error), Exit::Unreachable);
        assert!(error.to_string().contains("start callboard-tray first"), "{error}");
    }
}
