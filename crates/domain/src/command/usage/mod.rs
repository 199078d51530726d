//! The grammar of a typed line, compiled from a spec's usage text.

mod parser;
#[cfg(test)]
mod tests;

use super::CommandSpec;
use parser::Parser;

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
/// | `<comment...>`, `[comment...]` | all the words that are left; only at the end |
/// | `[param=value...]` | any `name=value`, for the [`ArgType::Pairs`](super::ArgType::Pairs) argument; only there for the reader |
/// | `[--yes]`, `[--ref <ref>]`, `[ref=<ref>]` | an option; only there for the reader, for every argument can be one |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    pub(super) segments: Vec<Segment>,
    /// Its literal words.
    pub(super) words: Vec<String>,
}

/// What is wrong with a usage text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("character {column} of the usage: {what}")]
pub struct UsageError {
    /// The character of the usage text, counted from 1.
    pub column: usize,
    /// What is wrong and what would be right.
    pub what: String,
}

/// A part of the usage that belongs together, such as `to <env>`: what moves as one where the order is free.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) elements: Vec<Element>,
    /// True for a group.
    pub(super) optional: bool,
}

/// Something that stands between white space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Element {
    /// One word of the line.
    Word(Vec<Piece>),
    /// An argument (by its place in the spec) that takes all the words left.
    Rest(usize),
    /// What may be left out.
    Group(Vec<Element>),
}

/// A part of one word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    /// An argument, by its place in the spec.
    Arg(usize),
    Optional(Vec<Piece>),
}

impl Segment {
    /// True where a literal tells it from the others.
    pub(super) fn is_led(&self) -> bool {
        self.elements.first().is_some_and(|element| element.literal().is_some())
    }
}

impl Element {
    /// The literal that this is, where it is one.
    pub(super) fn literal(&self) -> Option<&str> {
        match self {
            Self::Word(pieces) => match pieces.as_slice() {
                [Piece::Text(text)] => Some(text),
                _ => None,
            },
            _ => None,
        }
    }

    /// True where the argument takes all the words left in it.
    pub(super) fn is_rest(&self, arg: usize) -> bool {
        match self {
            Self::Rest(rest) => *rest == arg,
            Self::Group(inner) => inner.iter().any(|element| element.is_rest(arg)),
            Self::Word(_) => false,
        }
    }

    /// The arguments that it cannot stand without.
    pub(super) fn args(&self) -> impl Iterator<Item = usize> {
        let (pieces, rest) = match self {
            Self::Word(pieces) => (pieces.as_slice(), None),
            Self::Rest(arg) => (&[][..], Some(*arg)),
            Self::Group(_) => (&[][..], None),
        };
        let inside = pieces.iter().filter_map(|piece| match piece {
            Piece::Arg(arg) => Some(*arg),
            _ => None,
        });
        inside.chain(rest)
    }
}

impl Usage {
    /// Compiles the usage of a command.
    ///
    /// # Errors
    /// Where it does not start with the name, names an argument that is not declared or names one twice, leaves no
    /// way to tell two arguments apart, or is no usage at all.
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
