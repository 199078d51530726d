//! What an expression may name, and what its values are.

use std::fmt;

/// A name that an expression may use, dotted where it is a field of something: `event`, `item.branch`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name<'a> {
    /// The name.
    pub name: &'a str,
    /// What it is.
    pub ty: Type,
    /// Everything that it can be, where that is a closed set of texts.
    pub values: &'a [&'a str],
    /// What it means, in a line.
    pub meaning: &'a str,
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum Type {
    /// Not known before it is there, such as a service's answer.
    Any,
    /// Text.
    Text,
    /// True or false.
    Bool,
    /// A number.
    Number,
    /// A list.
    List,
    /// Values by name.
    Map,
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "any value",
            Self::Text => "text",
            Self::Bool => "true or false",
            Self::Number => "a number",
            Self::List => "a list",
            Self::Map => "a map",
        })
    }
}
