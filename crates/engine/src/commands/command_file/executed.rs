//! What came of a request or a program, before the command judges it.

use serde_json::{Map, Value};

/// What was done, as the service or the program reported it.
#[derive(Debug)]
pub(super) struct Executed {
    /// Whether it went well, where the command does not judge itself.
    pub(super) ok: bool,
    /// A line that reports a good end.
    pub(super) good: String,
    /// A line that reports a bad one.
    pub(super) bad: String,
    /// The answer or output, for people.
    pub(super) shown: String,
    /// The same, as data.
    pub(super) data: Value,
    /// What templates and expressions can name of it.
    pub(super) facts: Map<String, Value>,
}
