//! What is wrong with an expression, and why it has no value.

use cel::ExecutionError;

use crate::{nearest::did_you_mean, position::position, text};

/// What is wrong with an expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {what}{}", did_you_mean(nearest))]
pub struct ExpressionError {
    /// The line in the expression, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong, in plain words.
    pub what: String,
    /// The nearest right name, where a name is wrong.
    pub nearest: Option<String>,
}

impl ExpressionError {
    pub(super) fn new(text: &str, at: usize, what: impl Into<String>) -> Self {
        let place = position(text, at);
        Self { line: place.line, column: place.column, what: what.into(), nearest: None }
    }
}

/// Why an expression has no value for what it was given, in plain words: a label that is not there, say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct EvalError(pub String);

impl From<ExecutionError> for EvalError {
    fn from(error: ExecutionError) -> Self {
        Self(match error {
            ExecutionError::NoSuchKey(key) => format!("there is no `{}`", text::line(&key, 60)),
            ExecutionError::UndeclaredReference(name) => {
                format!("`{}` is not known", text::line(&name, 60))
            }
            // May hold values of any length.
            other => text::line(&other.to_string(), 200),
        })
    }
}
