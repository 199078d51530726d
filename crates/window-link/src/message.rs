//! The messages, and how they stand on a line.

use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::window::{Kind, Shown};

/// The version of these messages. Both sides are to have the same: they are installed together.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What the tray sends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "message", rename_all = "snake_case")]
pub enum ToWindow {
    /// The first message.
    Init {
        /// Where pages keep what they keep; nowhere but in memory where there is none.
        pages: Option<PathBuf>,
        /// How windows look and how long they are kept.
        settings: WindowSettings,
    },
    /// Windows look otherwise or are kept for another time from now on.
    Settings {
        /// How, and how long.
        settings: WindowSettings,
    },
    /// Something that a person wants of the windows, carried out in the order of the ids.
    Order {
        /// Counts orders, from 1.
        id: u64,
        /// What.
        order: Order,
    },
    /// An event for the pages.
    Event {
        /// Its name.
        name: String,
        /// What comes with it.
        payload: Value,
    },
    /// The answer to a call.
    Answer {
        /// The call's id.
        id: u64,
        /// The answer, or why there is none.
        answer: Result<Value, Failure>,
    },
}

/// What a person wants of the windows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "snake_case")]
pub enum Order {
    /// Show a window and give it the focus.
    Show {
        /// Which.
        window: Kind,
        /// Why.
        shown: Shown,
        /// The desktop's permission to take the focus (XDG activation).
        token: Option<String>,
    },
    /// The hotkey is down: show the launcher, unless it has the focus.
    Press {
        /// The desktop's permission to take the focus.
        token: Option<String>,
    },
    /// The hotkey is up: hide the launcher where it had the focus as the key went down.
    Release,
}

/// What of the configuration the windows follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowSettings {
    /// Light or dark.
    pub theme: Theme,
    /// How long a hidden window is kept.
    pub unload_after: Duration,
}

impl Default for WindowSettings {
    /// Those in force until the configuration has been read.
    fn default() -> Self {
        Self { theme: Theme::System, unload_after: Duration::from_secs(300) }
    }
}

/// Light or dark.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// As the system is.
    #[default]
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// What the window process sends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "message", rename_all = "snake_case")]
pub enum FromWindow {
    /// The first message, and the only one that is the same in every version.
    Hello {
        /// The version of the window process: with a tray of another one it has no other message in common.
        version: String,
    },
    /// An order has been carried out, or has failed.
    Done {
        /// The order's id.
        id: u64,
        /// Why it failed.
        error: Option<String>,
    },
    /// Other windows are on the screen than before.
    OnScreen {
        /// Which are now.
        windows: Vec<Kind>,
    },
    /// No window has been needed for as long as hidden ones are kept: the process may be ended, unless it has been sent a
    /// later order.
    Unused {
        /// The id of the last order that it has received.
        id: u64,
    },
    /// A page's call. It is answered.
    Call {
        /// Counts calls.
        id: u64,
        /// The window that it comes from.
        window: Kind,
        /// What is called.
        request: Request,
    },
}

/// What a page may call for outside its window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case")]
pub enum Request {
    /// A call of the engine.
    Engine {
        /// The call's name.
        name: String,
        /// Its parameters.
        params: Value,
    },
    /// The desktop around the windows.
    Desktop,
    /// Open a link in the browser.
    OpenLink {
        /// The link.
        url: String,
    },
    /// Take other keys for the hotkey.
    SetHotkey {
        /// The keys, as people write them.
        keys: String,
    },
    /// Start the app at login, or do not.
    SetAutostart {
        /// Whether to.
        on: bool,
    },
    /// Enter the playground, or leave it.
    Playground {
        /// Whether to be in it.
        on: bool,
    },
    /// Show a notification to see whether it comes.
    TestNotification,
    /// End the app.
    Quit,
}

/// Why a call failed, as pages read it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// The text for a person.
    pub message: String,
    /// The engine's error.
    pub error: Value,
}

impl Failure {
    /// A failure of this program or of what it depends on.
    pub fn internal(message: impl ToString) -> Self {
        let message = message.to_string();
        Self { error: serde_json::json!({ "kind": "internal", "message": message }), message }
    }
}

/// A message as a line, with its end.
///
/// # Errors
/// Where it cannot be written as JSON: none of these messages.
pub fn line(message: &impl Serialize) -> serde_json::Result<String> {
    let mut line = serde_json::to_string(message)?;
    line.push('\n');
    Ok(line)
}

/// The message on a line.
///
/// # Errors
/// Where there is none: something else writes to the pipe, or the other side is of another version.
pub fn read<M: DeserializeOwned>(line: &str) -> serde_json::Result<M> {
    serde_json::from_str(line)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn message_is_one_line_and_read_as_it_was() {
        let shown = Shown { item: Some("ci/build/web\n@main".into()), ..Shown::default() };
        let messages = [
            ToWindow::Init { pages: Some("/a b".into()), settings: WindowSettings::default() },
            ToWindow::Order {
                id: 1,
                order: Order::Show { window: Kind::Launcher, shown, token: Some("t".into()) },
            },
            ToWindow::Order { id: 2, order: Order::Release },
            ToWindow::Event { name: "desktop".into(), payload: json!({ "a": "\u{2028}\n" }) },
            ToWindow::Answer { id: 3, answer: Ok(json!(null)) },
            ToWindow::Answer { id: 4, answer: Err(Failure::internal("no\nengine")) },
        ];
        for message in messages {
            let line = line(&message).unwrap();
            assert_eq!(line.matches('\n').count(), 1, "{line}");
            assert_eq!(read::<ToWindow>(&line).unwrap(), message);
        }
        let call = FromWindow::Call {
            id: 1,
            window: Kind::Settings,
            request: Request::Engine { name: "doctor".into(), params: json!({}) },
        };
        assert_eq!(read::<FromWindow>(&line(&call).unwrap()).unwrap(), call);
    }

    #[test]
    fn what_is_no_message_is_an_error() {
        for line in
            ["", "\n", "{}", "Gtk-WARNING", "{\"message\":\"dance\"}", "{\"message\":\"done\"}", "[1]"]
        {
            assert!(read::<FromWindow>(line).is_err(), "{line:?}");
        }
    }

    #[test]
    fn first_message_is_read_in_every_version() {
        let hello = r#"{"message":"hello","version":"9.9","x":1}"#;
        assert!(matches!(read(hello), Ok(FromWindow::Hello { version }) if version == "9.9"));
    }
}
