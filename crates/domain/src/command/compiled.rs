//! A command that lines can be read by.

use super::{CommandSpec, Usage, UsageError};

/// A command with its usage compiled.
#[derive(Debug, Clone)]
pub struct Command {
    spec: CommandSpec,
    pub(super) usage: Usage,
}

impl Command {
    /// Compiles a spec.
    ///
    /// # Errors
    /// Those of [`Usage::compile`].
    pub fn new(spec: CommandSpec) -> Result<Self, UsageError> {
        Ok(Self { usage: Usage::compile(&spec)?, spec })
    }

    /// What it is called and takes.
    pub fn spec(&self) -> &CommandSpec {
        &self.spec
    }
}
