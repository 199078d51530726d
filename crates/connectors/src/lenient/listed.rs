//! A list within an object, which may leave it out.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::{Entries, first_and_more};

/// A list within an object. A list that is missing, or cannot be read, is not an empty one.
#[derive(Debug, Clone, Default)]
pub(crate) enum Listed<T> {
    /// It is missing (the field has to be `default`).
    #[default]
    Absent,
    /// It is `null`, or no list.
    Unreadable,
    /// What could be read of it, and what could not.
    Read(Entries<T>),
}

impl<T> Listed<T> {
    /// What could be read.
    pub(crate) fn good(&self) -> &[T] {
        match self {
            Self::Read(entries) => &entries.good,
            Self::Absent | Self::Unreadable => &[],
        }
    }

    /// True where all of it could be read.
    pub(crate) fn is_read(&self) -> bool {
        matches!(self, Self::Read(entries) if entries.odd.is_empty())
    }

    /// What cannot be read of it, as text; `name` is what the service calls it. None where all of it can, or it is left out.
    pub(crate) fn error(&self, name: &str) -> Option<String> {
        match self {
            Self::Absent => None,
            Self::Unreadable => Some(format!("{name} is no list")),
            Self::Read(entries) => first_and_more(&entries.odd).map(|odd| format!("{name}, {odd}")),
        }
    }

    /// The same of a list that the service always has: where it is left out, nothing of it is known.
    pub(crate) fn unknown(&self, name: &str) -> Option<String> {
        match self {
            Self::Absent => Some(format!("{name} is missing")),
            Self::Unreadable | Self::Read(_) => self.error(name),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Listed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&'de RawValue>::deserialize(deserializer)?;
        Ok(serde_json::from_str(raw.get()).map_or(Self::Unreadable, Self::Read))
    }
}
