//! From text to a checked syntax tree, on a stack that is large enough for whatever the text is.

use std::{collections::HashMap, thread};

use cel::{IdedExpr, ParseErrors};
use regex::Regex;

use super::{
    budget,
    check::{self, Check},
    error::ExpressionError,
    functions::ENV,
    scope::{Name, Type},
    syntax,
};

/// The longest expression, in bytes.
pub const LONGEST: usize = 4096;

/// The parser and its tree are recursive: 4 KiB of `!` are 4,096 levels. Only what is used of it is ever backed by memory.
const STACK: usize = 64 << 20;

/// An expression that was read and found good.
pub(super) struct Checked {
    pub(super) ast: IdedExpr,
    pub(super) ty: Type,
    pub(super) names: Vec<String>,
    pub(super) patterns: HashMap<String, Regex>,
    pub(super) is_weighed: bool,
}

pub(super) fn read(text: &str, scope: &[Name<'_>]) -> Result<Checked, ExpressionError> {
    if text.len() > LONGEST {
        return Err(ExpressionError::new(text, LONGEST, format!("an expression is at most {LONGEST} bytes")));
    }
    if text.trim().is_empty() {
        return Err(ExpressionError::new(text, 0, "the expression is empty"));
    }
    let broken = |what: &str| ExpressionError::new(text, 0, what);
    thread::scope(|threads| {
        thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(threads, || read_here(text, scope))
            .map_err(|_| broken("there is no memory to read it"))?
            .join()
            .unwrap_or_else(|_| Err(broken("this cannot be read")))
    })
}

/// A tree that is refused is also dropped here, which is recursive too.
fn read_here(text: &str, scope: &[Name<'_>]) -> Result<Checked, ExpressionError> {
    let (mut ast, source) =
        ENV.parser().parse_with_source_info(text).map_err(|errors| first(text, &errors))?;
    let mut check = Check::new(text, &source, scope);
    let ty = check.whole(&mut ast)?;
    let is_weighed = check.is_costly();
    let (names, patterns) = check.found();
    if is_weighed {
        budget::weigh(&mut ast, &check::pattern_weight);
    }
    Ok(Checked { ast, ty, names, patterns, is_weighed })
}

/// The first of the parser's errors: the others mostly follow from it.
fn first(text: &str, errors: &ParseErrors) -> ExpressionError {
    let Some(error) = errors.errors.first() else {
        return ExpressionError::new(text, 0, "this cannot be read");
    };
    let place = |n| usize::try_from(n).unwrap_or(1).max(1);
    let at = offset(text, place(error.pos.0), place(error.pos.1));
    syntax::explain(text, at, error.msg.trim_start_matches("Syntax error: "))
}

/// Where a line and column, both from 1, are in a text, in bytes.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start = text.split_inclusive('\n').take(line - 1).map(str::len).sum::<usize>();
    let in_line = text[start..].char_indices().nth(column - 1);
    in_line.map_or(text.len(), |(at, _)| start + at)
}
