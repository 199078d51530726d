//! The grammar of a typed line, compiled from a spec's usage text.

use super::{ArgType, CommandSpec};
use crate::nearest::{did_you_mean, nearest};

/// The longest usage text, in characters.
const LONGEST: usize = 500;
/// How deep groups may be nested.
const DEEPEST: usize = 8;
/// The most parts that a usage may have at its top level.
pub(super) const MOST_SEGMENTS: usize = 32;

/// A usage text, compiled: `deploy <app>[/<ref>] to <env>`.
///
/// | written | stands for |
/// | --- | --- |
/// | `to` | the word itself, in any case |
/// | `<app>` | a value of the argument `app`, one word (a length of time may be several) |
/// | `<app>[/<ref>]` | glued together: parts of one word |
/// | `[for <duration>]` | all of it or nothing; may be nested |
/// | `[message]` | `[<message>]` |
/// | `<comment...>`, `[comment...]` | all the words that are left; only at the end |
/// | `[param=value...]` | any `name=value`, for the [`ArgType::Pairs`] argument; only there for the reader |
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
        let mut parser = Parser { spec, chars: &chars, at: name, depth: 0, used: Vec::new(), rest: false };
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

struct Parser<'a> {
    spec: &'a CommandSpec,
    chars: &'a [char],
    at: usize,
    depth: usize,
    /// The arguments seen so far.
    used: Vec<usize>,
    /// True once an argument has taken the rest of the line.
    rest: bool,
}

impl Parser<'_> {
    fn fault(&self, what: impl Into<String>) -> UsageError {
        UsageError { column: self.at + 1, what: what.into() }
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    /// Up to the end or the bracket that closes the group.
    fn elements(&mut self) -> Result<Vec<Element>, UsageError> {
        let mut elements = Vec::new();
        loop {
            while self.peek().is_some_and(char::is_whitespace) {
                self.at += 1;
            }
            match self.peek() {
                None | Some(']') => return Ok(elements),
                Some(_) => elements.extend(self.element()?),
            }
        }
    }

    /// Up to the next white space outside of brackets. Nothing comes of `[param=value...]`.
    fn element(&mut self) -> Result<Option<Element>, UsageError> {
        let start = self.at;
        let after_rest = self.rest;
        let mut pieces = Vec::new();
        loop {
            let at = self.at;
            match self.peek() {
                Some('<') => match self.arg('<', '>')? {
                    (arg, false) => pieces.push(Piece::Arg(arg)),
                    (arg, true) => return self.rest(arg, start, at).map(Some),
                },
                Some('[') if self.are_pairs() => return self.pairs(start, at),
                Some('[') if self.is_option() => return self.option(start, at),
                Some('[') => match self.group()? {
                    group if at == start && self.ends_here() => {
                        return self.refuse_after(after_rest, start).map(|()| Some(Element::Group(group)));
                    }
                    group => match <[Element; 1]>::try_from(group) {
                        Ok([Element::Word(inner)]) => pieces.push(Piece::Optional(inner)),
                        _ => {
                            self.at = at;
                            return Err(self.fault("what is glued to a word is one word without \"...\""));
                        }
                    },
                },
                Some(c) if !c.is_whitespace() && c != ']' => pieces.push(Piece::Text(self.text()?)),
                _ => break,
            }
        }
        self.refuse_after(after_rest, start)?;
        if !told_apart(&pieces) {
            self.at = start;
            return Err(self.fault("two arguments need something between them to tell them apart"));
        }
        Ok(Some(Element::Word(pieces)))
    }

    fn refuse_after(&mut self, rest: bool, start: usize) -> Result<(), UsageError> {
        if rest {
            self.at = start;
            return Err(self.fault("nothing can follow an argument that takes all the words left"));
        }
        Ok(())
    }

    fn rest(&mut self, arg: usize, start: usize, at: usize) -> Result<Element, UsageError> {
        if at != start || !self.ends_here() {
            self.at = at;
            return Err(self.fault("an argument that takes all the words left stands by itself"));
        }
        self.refuse_after(self.rest, start)?;
        self.rest = true;
        Ok(Element::Rest(arg))
    }

    /// True where an element may end.
    fn ends_here(&self) -> bool {
        self.peek().is_none_or(|c| c.is_whitespace() || c == ']')
    }

    /// What stands in square brackets.
    fn group(&mut self) -> Result<Vec<Element>, UsageError> {
        if self.depth == DEEPEST {
            return Err(self.fault(format!("groups are nested at most {DEEPEST} deep")));
        }
        let open = self.at;
        if self.is_bare_arg() {
            return match self.arg('[', ']')? {
                (arg, false) => Ok(vec![Element::Word(vec![Piece::Arg(arg)])]),
                (arg, true) => {
                    self.refuse_after(self.rest, open)?;
                    self.rest = true;
                    Ok(vec![Element::Rest(arg)])
                }
            };
        }
        self.depth += 1;
        self.at += 1;
        let elements = self.elements()?;
        self.depth -= 1;
        if self.peek() != Some(']') {
            self.at = open;
            return Err(self.fault("this bracket is not closed"));
        }
        if elements.is_empty() {
            self.at = open;
            return Err(self.fault("these brackets hold nothing"));
        }
        self.at += 1;
        Ok(elements)
    }

    /// What stands in the brackets that open here, where no further bracket is inside.
    fn inside(&self) -> Option<&[char]> {
        let inside = self.chars.get(self.at + 1..)?;
        let end = inside.iter().position(|c| "[]<>".contains(*c))?;
        (inside[end] == ']').then_some(&inside[..end])
    }

    fn is_bare_arg(&self) -> bool {
        self.inside().is_some_and(|inside| {
            let name = inside.strip_suffix(&['.', '.', '.']).unwrap_or(inside);
            name.first().is_some_and(char::is_ascii_alphabetic) && name.iter().all(|c| is_name_char(*c))
        })
    }

    fn are_pairs(&self) -> bool {
        self.inside().is_some_and(|inside| inside.contains(&'=') && inside.ends_with(&['.', '.', '.']))
    }

    /// True where what the brackets hold begins like `--name` or `name=`.
    fn is_option(&self) -> bool {
        let inside = &self.chars[self.at + 1..];
        let name = inside.iter().position(|c| !is_name_char(*c)).unwrap_or(inside.len());
        inside.starts_with(&['-', '-']) || (name > 0 && inside.get(name) == Some(&'='))
    }

    fn option(&mut self, start: usize, at: usize) -> Result<Option<Element>, UsageError> {
        let inside = &self.chars[at + 1..];
        let length = inside.iter().position(|c| *c == ']').unwrap_or(inside.len());
        let written: String = inside[..length].iter().collect();
        let dashed = written.starts_with("--");
        let end = written.find(['=', ' ']).unwrap_or(written.len());
        let (name, value) = written.split_at(end);
        let name = name.trim_start_matches("--");
        let value = value.get(1..).unwrap_or_default().trim();
        let is_value = value.len() > 2 && value.starts_with('<') && value.ends_with('>');
        if at != start || length == inside.len() || !(is_value || (dashed && value.is_empty())) {
            return Err(
                self.fault("expected [--name], [--name <value>] or [name=<value>], standing by itself")
            );
        }
        let arg = self.find(name)?;
        self.take(arg, at)?;
        self.at = at + length + 2;
        Ok(None)
    }

    fn pairs(&mut self, start: usize, at: usize) -> Result<Option<Element>, UsageError> {
        let Some(arg) = self.spec.args.iter().position(|arg| arg.ty == ArgType::Pairs) else {
            return Err(self.fault("no argument is declared that takes any name=value"));
        };
        self.at += self.inside().map_or(0, <[char]>::len) + 2;
        if at != start || !self.ends_here() {
            self.at = at;
            return Err(self.fault("this stands by itself"));
        }
        self.take(arg, at)?;
        Ok(None)
    }

    /// The argument in these brackets, and whether it takes all the words left.
    fn arg(&mut self, open: char, close: char) -> Result<(usize, bool), UsageError> {
        let start = self.at;
        let inside = &self.chars[start + 1..];
        let length = inside.iter().position(|c| !is_name_char(*c) && *c != '.').unwrap_or(inside.len());
        if inside.get(length) != Some(&close) {
            return Err(self.fault(format!("expected {open}name{close} or {open}name...{close}")));
        }
        let written: String = inside[..length].iter().collect();
        let name = written.strip_suffix("...").unwrap_or(&written);
        let arg = self.find(name)?;
        self.take(arg, start)?;
        self.at = start + length + 2;
        Ok((arg, name.len() < written.len()))
    }

    fn find(&self, name: &str) -> Result<usize, UsageError> {
        let Some(arg) = self.spec.args.iter().position(|arg| arg.name == name) else {
            let near = nearest(name, self.spec.args.iter().map(|arg| arg.name.as_str()));
            let hint = did_you_mean(&near.map(str::to_owned));
            return Err(self.fault(format!("there is no argument {name:?}{hint}")));
        };
        if self.spec.args[arg].ty == ArgType::Pairs {
            return Err(self.fault("any name=value is written [name=value...]"));
        }
        Ok(arg)
    }

    fn take(&mut self, arg: usize, at: usize) -> Result<(), UsageError> {
        if self.used.contains(&arg) {
            self.at = at;
            return Err(self.fault(format!("{:?} is there twice", self.spec.args[arg].name)));
        }
        self.used.push(arg);
        Ok(())
    }

    fn text(&mut self) -> Result<String, UsageError> {
        let rest = &self.chars[self.at..];
        let end = rest.iter().position(|c| c.is_whitespace() || "[]<>".contains(*c)).unwrap_or(rest.len());
        let text: String = rest[..end].iter().collect();
        let what = match text.as_str() {
            "" => Some("this bracket closes nothing"),
            text if text.contains(['"', '\'', '=']) => Some("quotes and = have no place in a usage"),
            text if text.contains('|') => Some("alternatives are an argument with choices"),
            text if text.starts_with("--") => Some("options stand in brackets"),
            _ => None,
        };
        if let Some(what) = what {
            return Err(self.fault(what));
        }
        self.at += end;
        Ok(text)
    }
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

/// True where every two arguments of a word have a text between them, whatever is left out.
fn told_apart(pieces: &[Piece]) -> bool {
    /// Whether an argument may come last so far; `None` where two of them touch.
    fn walk(pieces: &[Piece], mut open: bool) -> Option<bool> {
        for piece in pieces {
            open = match piece {
                Piece::Text(_) => false,
                Piece::Arg(_) if open => return None,
                Piece::Arg(_) => true,
                Piece::Optional(inner) => walk(inner, open)? || open,
            };
        }
        Some(open)
    }
    walk(pieces, false).is_some()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::command::ArgSpec;

    fn compile(usage: &str) -> Result<Usage, UsageError> {
        let name = usage.split([' ', '[', '<']).next().unwrap_or_default();
        let args = ["app", "ref", "env", "message", "count"].map(|name| ArgSpec::text(name, ""));
        let spec = args.into_iter().fold(CommandSpec::new(name, "").usage(usage), CommandSpec::arg);
        Usage::compile(&spec.arg(ArgSpec::pairs("params", "")))
    }

    #[test]
    fn usages_that_say_what_they_mean() {
        for usage in [
            "deploy",
            "deploy now",
            "deploy <app>[/<ref>] to <env>",
            "deploy [<app>/]<ref>",
            "deploy <app>[@<ref>[:<env>]]",
            "deploy v<count>",
            "deploy [message]",
            "deploy [message...] [param=value...]",
            "deploy <app> [to <env> [at <ref>]] <message...>",
            "deploy [because <message...>]",
            "deploy [#]<count>",
            "deploy <app> [--ref] [--env <env>] [message=<message>] [param=value...]",
        ] {
            assert!(compile(usage).is_ok(), "{usage}: {:?}", compile(usage));
        }
    }

    #[test]
    fn usages_that_say_nothing_are_told_where() {
        let cases = [
            ("deploy <ap>", 8, "there is no argument \"ap\"; did you mean \"app\"?"),
            ("deploy [colour]", 8, "there is no argument \"colour\""),
            ("deploy <app", 8, "expected <name> or <name...>"),
            ("deploy <a b>", 8, "expected <name> or <name...>"),
            ("deploy <>", 8, "there is no argument \"\""),
            ("deploy app>", 11, "this bracket closes nothing"),
            ("deploy <app>]", 13, "this bracket closes nothing"),
            ("deploy [to <app>", 8, "this bracket is not closed"),
            ("deploy []", 8, "these brackets hold nothing"),
            ("deploy <app> <app>", 14, "\"app\" is there twice"),
            ("deploy <app><ref>", 8, "two arguments need something between them to tell them apart"),
            ("deploy <app>[/<ref>]<env>", 8, "two arguments need something between them to tell them apart"),
            ("deploy <app>[/ <ref>]", 13, "what is glued to a word is one word without \"...\""),
            ("deploy <app>[message...]", 13, "what is glued to a word is one word without \"...\""),
            ("deploy <message...> to", 21, "nothing can follow an argument that takes all the words left"),
            ("deploy [message...] [app]", 21, "nothing can follow an argument that takes all the words left"),
            (
                "deploy [message...] <app...>",
                21,
                "nothing can follow an argument that takes all the words left",
            ),
            ("deploy x<message...>", 9, "an argument that takes all the words left stands by itself"),
            ("deploy <params>", 8, "any name=value is written [name=value...]"),
            ("deploy --ref", 8, "options stand in brackets"),
            ("deploy [--yes]", 8, "there is no argument \"yes\""),
            ("deploy [--ref] <ref>", 16, "\"ref\" is there twice"),
            (
                "deploy [ref=x]",
                8,
                "expected [--name], [--name <value>] or [name=<value>], standing by itself",
            ),
            ("deploy [on|off]", 9, "alternatives are an argument with choices"),
            ("deploy a=b", 8, "quotes and = have no place in a usage"),
        ];
        for (usage, column, what) in cases {
            assert_eq!(compile(usage), Err(UsageError { column, what: what.into() }), "{usage}");
        }
        let spec = CommandSpec::new("deploy", "");
        let wrong = UsageError { column: 1, what: "expected it to start with \"deploy\"".into() };
        for usage in ["ship <app>", "deployed", "", "deploy[x]"] {
            assert_eq!(Usage::compile(&spec.clone().usage(usage)), Err(wrong.clone()), "{usage}");
        }
        assert!(Usage::compile(&spec.clone().usage("deploy [name=value...]")).is_err());
    }

    #[test]
    fn depth_and_length_have_limits() {
        let deep = |depth: usize| format!("deploy {}x{}", "[y ".repeat(depth), "]".repeat(depth));
        assert!(compile(&deep(DEEPEST)).is_ok());
        assert!(compile(&deep(DEEPEST + 1)).is_err());
        assert!(compile(&format!("deploy {}", "x".repeat(LONGEST))).is_err());
        assert!(compile(&format!("deploy{}", " [x y]".repeat(MOST_SEGMENTS + 1))).is_err());
    }

    proptest! {
        #[test]
        fn compiling_never_panics(usage in "(deploy)?( |<app>|<ref>|\\[|\\]|<|>|\\.\\.\\.|=|/|to|é|message){0,12}") {
            let _ = compile(&usage);
        }
    }
}
