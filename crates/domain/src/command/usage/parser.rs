//! Reads a usage text: brackets, arguments, words.

use super::{
    element::{Element, Piece},
    error::UsageError,
};
use crate::{
    command::{ArgType, CommandSpec},
    nearest::{did_you_mean, nearest},
};

/// How deep groups may be nested.
pub(super) const DEEPEST: usize = 8;

/// Reads on from where it is; faults name the place.
pub(super) struct Parser<'a> {
    spec: &'a CommandSpec,
    chars: &'a [char],
    /// The character that is read next.
    pub(super) at: usize,
    depth: usize,
    /// The arguments seen so far.
    used: Vec<usize>,
    /// True once an argument has taken the rest of the line.
    rest: bool,
}

impl<'a> Parser<'a> {
    pub(super) fn new(spec: &'a CommandSpec, chars: &'a [char], at: usize) -> Self {
        Self { spec, chars, at, depth: 0, used: Vec::new(), rest: false }
    }

    pub(super) fn fault(&self, what: impl Into<String>) -> UsageError {
        UsageError { column: self.at + 1, what: what.into() }
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    /// Up to the end or the bracket that closes the group.
    pub(super) fn elements(&mut self) -> Result<Vec<Element>, UsageError> {
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
        if !is_unambiguous(&pieces) {
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

    /// What is in square brackets.
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

    /// What is in the brackets that open here, where no further bracket is inside.
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
fn is_unambiguous(pieces: &[Piece]) -> bool {
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
