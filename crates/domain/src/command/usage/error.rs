//! What is wrong with a usage.

/// What is wrong with a usage text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("character {column} of the usage: {what}")]
pub struct UsageError {
    /// The character of the usage text, counted from 1.
    pub column: usize,
    /// What is wrong and what would be right.
    pub what: String,
}
