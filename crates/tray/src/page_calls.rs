//! What pages call for, answered here: the process of the windows has no engine of its own.

use std::sync::Weak;

use callboard_domain::actor::LocalVia;
use callboard_engine::api::{Access, ApiError, access};
use callboard_window_link::{
    message::{Failure, Request},
    window::Kind,
};
use serde::Serialize;
use serde_json::Value;

use crate::{links, shell::Shell};

/// Answers a call from a page in this window.
pub(crate) async fn answer(shell: Weak<Shell>, window: Kind, request: Request) -> Result<Value, Failure> {
    let Some(shell) = shell.upgrade() else { return Err(Failure::internal("Callboard is stopping")) };
    check(window, &request).map_err(failure)?;
    match request {
        Request::Engine { name, params } => {
            shell.owner().call_named(LocalVia::Launcher, &name, params).await.map_err(failure)
        }
        Request::Desktop => json(shell.desktop().await),
        Request::OpenLink { url } => json(links::open(&url).map_err(usage)?),
        Request::SetHotkey { keys } => json(shell.set_hotkey(&keys).await.map_err(failure)?),
        Request::SetAutostart { on } => json(shell.set_autostart(on).await.map_err(failure)?),
        Request::Playground { on } => json(shell.playground(on).await.map_err(failure)?),
        Request::TestNotification => json(shell.test_notification().map_err(usage)?),
        Request::Quit => {
            shell.quit();
            Ok(Value::Null)
        }
    }
}

fn json(answer: impl Serialize) -> Result<Value, Failure> {
    serde_json::to_value(answer).map_err(Failure::internal)
}

fn failure(error: ApiError) -> Failure {
    let message = error.to_string();
    match serde_json::to_value(error) {
        Ok(error) => Failure { message, error },
        Err(unwritten) => Failure::internal(unwritten),
    }
}

fn usage(message: String) -> Failure {
    failure(ApiError::usage(message))
}

/// Refuses a call that is not for this window: the launcher shows what services wrote, and changes no account, secret or
/// setting.
fn check(window: Kind, request: &Request) -> Result<(), ApiError> {
    let (what, needed) = match request {
        Request::Engine { name, .. } => {
            let needed = access(name).ok_or_else(|| ApiError::usage(format!("there is no call {name:?}")))?;
            (name.as_str(), needed)
        }
        Request::SetHotkey { .. } => ("set_hotkey", Access::Configures),
        Request::SetAutostart { .. } => ("set_autostart", Access::Configures),
        Request::TestNotification => ("test_notification", Access::Configures),
        Request::Desktop | Request::OpenLink { .. } | Request::Playground { .. } | Request::Quit => {
            return Ok(());
        }
    };
    let allowed = match window {
        Kind::Settings => Access::Configures,
        Kind::Launcher => Access::Acts,
    };
    if needed <= allowed {
        return Ok(());
    }
    Err(ApiError::usage(format!("{what} changes settings: only the settings window can make this call")))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use callboard_engine::api::CALLS;

    use super::*;

    fn allows(window: Kind, name: &str) -> bool {
        check(window, &Request::Engine { name: name.to_owned(), params: Value::Null }).is_ok()
    }

    #[test]
    fn only_the_settings_window_changes_settings() {
        for (name, access) in CALLS {
            assert!(allows(Kind::Settings, name), "{name}");
            assert_eq!(allows(Kind::Launcher, name), *access != Access::Configures, "{name}");
        }
        let refused: BTreeSet<_> =
            CALLS.iter().map(|(name, _)| *name).filter(|name| !allows(Kind::Launcher, name)).collect();
        let settings = [
            "add_account",
            "configure",
            "edit_account",
            "reload",
            "remove_account",
            "secret_changed",
            "set_secret",
            "test_account",
        ];
        assert_eq!(refused, settings.into());
        assert!(!allows(Kind::Settings, "no_such_call"));
        for (request, launcher) in [
            (Request::Desktop, true),
            (Request::OpenLink { url: "https://acme.example".into() }, true),
            (Request::Playground { on: true }, true),
            (Request::Quit, true),
            (Request::SetHotkey { keys: "Alt+Space".into() }, false),
            (Request::SetAutostart { on: true }, false),
            (Request::TestNotification, false),
        ] {
            assert_eq!(check(Kind::Launcher, &request).is_ok(), launcher, "{request:?}");
            assert!(check(Kind::Settings, &request).is_ok(), "{request:?}");
        }
    }
}
