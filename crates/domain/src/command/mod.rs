//! Commands: what can be run, what it takes, and what a typed line means.

mod answers;
mod arg_error;
mod args;
mod check;
mod commands;
mod compiled;
mod complete;
mod confirm;
mod fitting;
mod matcher;
mod named;
mod options;
mod parse_args;
mod parse_times;
mod partial;
mod resolve;
mod spec;
#[cfg(test)]
mod tests;
mod token;
mod usage;
mod value;
pub mod verbs;
mod write_line;

pub use answers::{check_answers, is_elsewhere};
pub use arg_error::ArgError;
pub use args::Args;
pub use check::{Problem, check, check_all};
pub use commands::{Commands, Parsed};
pub use compiled::Command;
pub use complete::{Completion, What};
pub use confirm::Confirm;
pub use fitting::{Relevance, can_work, fits, is_effect_of_role};
pub use named::{Lookup, Named};
pub use partial::PartialParse;
pub use resolve::{
    Resolution, applies_to, is_over, item_names, item_value, prefill, resolve_item, takes_several,
};
pub use spec::{ArgSpec, ArgType, CommandSpec, Effect, Policy, Role, USUAL_TIMEOUT};
pub use token::{Token, line_from, quote, scan, tokens};
pub use usage::{Usage, UsageError};
pub use write_line::{answer, canonical_line, named_line};
