//! `callboard open` and `callboard toggle`: a command to the tray app that runs on the same data folder.

use std::{io::ErrorKind, path::Path};

use anyhow::Result;
use callboard_domain::command::quote;
use callboard_engine::{
    paths::{self, Paths},
    tray_app::{self, AppCommand},
};

use crate::exit::{Exit, NotRunning};

/// Sends the command to the app: of a playground, to the one that shows it.
pub(crate) async fn send(data: &Path, command: AppCommand) -> Result<Exit> {
    let playground = paths::playground_data(data);
    let data = playground.as_deref().unwrap_or(data);
    match tray_app::send(data, command, tray_app::token_of_start().as_deref()).await {
        Ok(()) => Ok(Exit::Done),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => {
            let remedy = match &playground {
                Some(data) => paths::playground_remedy(data),
                None => format!("start {} first", start_on(data)),
            };
            Err(NotRunning(format!("no tray app runs on {} ({error}); {remedy}", data.display())).into())
        }
        Err(error) => Err(NotRunning(error.to_string()).into()),
    }
}

/// What starts the app on a data folder: the usual one needs no name.
fn start_on(data: &Path) -> String {
    match Paths::new(None, None) {
        Ok(usual) if usual.data == data => "callboard-tray".to_owned(),
        _ => format!("callboard-tray --data {}", quote(&data.display().to_string())),
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
        let started = format!("start callboard-tray --data {} first", folder.path().display());
        assert!(error.to_string().ends_with(&started), "{error}");
        if let Ok(usual) = Paths::new(None, None) {
            assert_eq!(start_on(&usual.data), "callboard-tray");
        }
        assert_eq!(start_on(Path::new("/a b")), "callboard-tray --data \"/a b\"");
    }

    #[tokio::test]
    async fn a_start_that_is_refused_is_not_proposed() {
        let folder = tempfile::tempdir().unwrap();
        let data = Paths::within(folder.path()).data;
        std::fs::create_dir(&data).unwrap();
        paths::mark_playground(&data).unwrap();
        let board = format!("`callboard board --data {}`", data.display());
        for asked in [data.as_path(), folder.path()] {
            let error = send(asked, AppCommand::Open).await.unwrap_err();
            assert_eq!(exit::of(&error), Exit::Unreachable);
            let error = error.to_string();
            assert!(error.contains(&board) && !error.contains("start callboard-tray"), "{error}");
            // Not on this folder, which the app refuses.
            assert!(!error.contains("callboard-tray --data"), "{error}");
        }
    }
}
