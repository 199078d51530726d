//! Which windows there are, and what each is made with.

/// One of the two windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Launcher,
    Settings,
}

impl Kind {
    /// Its label.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Launcher => "launcher",
            Self::Settings => "settings",
        }
    }

    /// The window of that label.
    pub(crate) fn of(label: &str) -> Option<Self> {
        [Self::Launcher, Self::Settings].into_iter().find(|kind| kind.label() == label)
    }

    /// The page that it shows, within `ui/dist`.
    pub(crate) fn page(self) -> &'static str {
        match self {
            Self::Launcher => "index.html",
            Self::Settings => "settings.html",
        }
    }

    /// Its title, where the desktop shows one.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Launcher => "Callboard",
            Self::Settings => "Callboard settings",
        }
    }

    /// Its size when it is made, in logical pixels: width and height.
    pub(crate) fn size(self) -> (f64, f64) {
        match self {
            Self::Launcher => (760.0, 520.0),
            Self::Settings => (900.0, 640.0),
        }
    }
}
