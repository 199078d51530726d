//! Which windows there are, what each is made with, and why it is shown.

use serde::{Deserialize, Serialize};

/// One of the two windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// What the hotkey opens.
    Launcher,
    /// The settings.
    Settings,
}

/// Why a window is shown, as its page gets it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// The key of the item to open.
    pub item: Option<String>,
    /// A line to open with what it would do, on that item.
    pub line: Option<String>,
    /// The settings' view to open.
    pub view: Option<String>,
}

impl Kind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Launcher, Self::Settings];

    /// Its label.
    pub fn label(self) -> &'static str {
        match self {
            Self::Launcher => "launcher",
            Self::Settings => "settings",
        }
    }

    /// The window of that label.
    pub fn of(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.label() == label)
    }

    /// The page that it shows, within `ui/dist`.
    pub fn page(self) -> &'static str {
        match self {
            Self::Launcher => "index.html",
            Self::Settings => "settings.html",
        }
    }

    /// Its title, where the desktop shows one.
    pub fn title(self) -> &'static str {
        match self {
            Self::Launcher => "Callboard",
            Self::Settings => "Callboard settings",
        }
    }

    /// Its size when it is made, in logical pixels: width and height.
    pub fn size(self) -> (f64, f64) {
        match self {
            Self::Launcher => (760.0, 520.0),
            Self::Settings => (900.0, 640.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_name_windows() {
        for kind in Kind::ALL {
            assert_eq!(Kind::of(kind.label()), Some(kind));
        }
        assert_eq!(Kind::of("other"), None);
    }
}
