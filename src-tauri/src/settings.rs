//! `[desktop]` of `callboard.toml`: what of it is the shell's.

use std::time::Duration;

use callboard_domain::duration::Span;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{hotkey, tray::Ink, windows};

/// The shell's settings.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    pub hotkey: String,
    pub theme: Theme,
    pub tray: Ink,
    put_away: Span,
}

/// The theme: the system's, or one of ours whatever the system says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            hotkey: hotkey::DEFAULT.to_owned(),
            theme: Theme::default(),
            tray: Ink::default(),
            put_away: Span(windows::PUT_AWAY),
        }
    }
}

impl Settings {
    /// Those in force, out of the whole configuration. The engine has checked them.
    pub(crate) fn of(configuration: &Value) -> Self {
        configuration.get("desktop").map_or_else(Self::default, |desktop| {
            Self::deserialize(desktop)
                .inspect_err(|error| tracing::warn!(%error, "[desktop] is not understood"))
                .unwrap_or_default()
        })
    }

    /// How long a hidden window is kept.
    pub(crate) fn put_away(&self) -> Duration {
        self.put_away.0
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_said_has_its_default() {
        let (light, seconds) = (Theme::Light, |s| Span(Duration::from_secs(s)));
        let cases = [
            (json!({}), Settings::default()),
            (json!({ "desktop": {} }), Settings::default()),
            (json!({ "desktop": { "theme": "light" } }), Settings { theme: light, ..Settings::default() }),
            (
                json!({ "desktop": { "hotkey": "F9", "tray": "ink", "put_away": "1m", "theme": "system" } }),
                Settings {
                    hotkey: "F9".into(),
                    tray: Ink::Ink,
                    put_away: seconds(60),
                    ..Settings::default()
                },
            ),
        ];
        for (configuration, expected) in cases {
            assert_eq!(Settings::of(&configuration), expected, "{configuration}");
        }
    }
}
