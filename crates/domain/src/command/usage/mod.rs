//! The grammar of a typed line, compiled from a spec's usage text.

mod element;
mod error;
mod parser;
#[cfg(test)]
mod tests;

use super::{ArgType, CommandSpec};
use parser::Parser;

pub(super) use element::{Element, Piece, Segment};
pub use error::UsageError;

/// The longest usage text, in characters.
const LONGEST: usize = 500;
/// The most parts that a usage may have at its top level.
pub(super) const MOST_SEGMENTS: usize = 32;

/// A usage text, compiled: `deploy <app>[/<ref>] to <env>`.
///
/// | written | stands for |
/// | --- | --- |
/// | `to` | the word itself, in any case |
/// | `<app>` | a value of the argument `app`, one word (a time, or a length of time, may be several) |
/// | `<app>[/<ref>]` | glued together: parts of one word |
/// | `[for <duration>]` | all of it or nothing; may be nested |
/// | `[message]` | `[<message>]` |
/// | `<comment...>`, `[comment...]` | all the words that are left, of an item each word one of its own; only at the end |
/// | `[param=value...]` | any `name=value`, for the [`ArgType::Pairs`](super::ArgType::Pairs) argument; only there for the reader |
/// | `[--yes]`, `[--ref <ref>]`, `[ref=<ref>]` | an option; only there for the reader, for every argument can be one |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    pub(super) segments: Vec<Segment>,
    /// Its literal words.
    pub(super) words: Vec<String>,
}

impl Usage {
    /// Compiles the usage of a command.
    ///
    /// # Errors
    /// Where it does not start with the name, names an argument that is not declared or names one twice, leaves two
    /// arguments indistinguishable, or is no usage at all.
    pub fn compile(spec: &CommandSpec) -> Result<Self, UsageError> {
        let chars: Vec<char> = spec.usage.chars().collect();
        if chars.len() > LONGEST {
            return Err(UsageError {
                column: LONGEST,
                what: format!("a usage has at most {LONGEST} characters"),
            });
        }
        let name = spec.name.chars().count();
        if !spec.usage.starts_with(&spec.name) || chars.get(name).is_some_and(|c| !c.is_whitespace()) {
            return Err(UsageError { column: 1, what: format!("expected it to start with {:?}", spec.name) });
        }
        let mut parser = Parser::new(spec, &chars, name);
        let elements = parser.elements()?;
        if parser.at < chars.len() {
            return Err(parser.fault("this bracket closes nothing"));
        }
        let mut words = Vec::new();
        literals(&elements, &mut words);
        let segments = segments(elements);
        if segments.len() > MOST_SEGMENTS {
            return Err(parser.fault(format!("a usage has at most {MOST_SEGMENTS} parts")));
        }
        Ok(Self { segments, words })
    }

    /// See [`takes_several`](super::takes_several).
    pub(super) fn takes_several(&self, spec: &CommandSpec, arg: usize) -> bool {
        spec.args.get(arg).is_some_and(|it| matches!(it.ty, ArgType::Item(_))) && self.is_rest(arg)
    }

    /// True where the argument takes all the words that are left.
    pub(super) fn is_rest(&self, arg: usize) -> bool {
        self.segments.iter().any(|segment| segment.elements.iter().any(|it| it.is_rest(arg)))
    }
}

fn literals(elements: &[Element], into: &mut Vec<String>) {
    for element in elements {
        match element {
            Element::Group(inner) => literals(inner, into),
            element => into.extend(element.literal().map(str::to_owned)),
        }
    }
}

/// Puts literals together with what follows them.
fn segments(elements: Vec<Element>) -> Vec<Segment> {
    let mut segments = Vec::new();
    let mut led: Vec<Element> = Vec::new();
    for element in elements {
        match element {
            Element::Group(elements) => {
                if !led.is_empty() {
                    segments.push(Segment { elements: std::mem::take(&mut led), optional: false });
                }
                segments.push(Segment { elements, optional: true });
            }
            element => {
                let leads = element.literal().is_some();
                led.push(element);
                if !leads {
                    segments.push(Segment { elements: std::mem::take(&mut led), optional: false });
                }
            }
        }
    }
    if !led.is_empty() {
        segments.push(Segment { elements: led, optional: false });
    }
    segments
}
