//! Arguments given by name, before the other words are read: `name=value`, `--name value`, `--name=value` and `--flag`.

use std::collections::BTreeMap;

use super::{ArgError, ArgType, Command, matcher::Word, token::Token, value::names};

/// The options of a line, and the words that are none.
#[derive(Default)]
pub(super) struct Options<'t> {
    /// By the argument's place in the spec.
    pub(super) values: BTreeMap<usize, String>,
    pub(super) pairs: Vec<(String, String)>,
    /// An option at the end of the line that has no value yet.
    pub(super) asked: Option<usize>,
    pub(super) words: Vec<Word<'t>>,
}

impl Command {
    /// Takes `name=value`, `--name value`, `--name=value` and `--flag` out of the words.
    pub(super) fn options<'t>(&self, tokens: &'t [Token]) -> Result<Options<'t>, ArgError> {
        let mut options = Options::default();
        let takes_pairs = self.spec().args.iter().any(|arg| arg.ty == ArgType::Pairs);
        let mut pairs = BTreeMap::new();
        let mut may_name = true;
        let mut tokens = tokens.iter().peekable();
        while let Some(token) = tokens.next() {
            let split = token.find_bare("=", 0).filter(|at| *at > 0);
            let (name, value) = match split {
                Some(at) => (&token.text[..at], Some(&token.text[at + 1..])),
                None => (token.text.as_str(), None),
            };
            let dashed = may_name && is_option(token);
            if dashed && token.text == "--" {
                may_name = false;
                continue;
            }
            let names_arg = may_name && (dashed || value.is_some()) && token.is_bare(0..name.len());
            let name = if dashed { &name[2..] } else { name };
            let arg = if !names_arg {
                None
            } else if takes_pairs && !dashed {
                // A job may well have a parameter JOB.
                self.spec().args.iter().position(|arg| arg.ty != ArgType::Pairs && arg.name == name)
            } else {
                self.named(name)
            };
            match (arg, value) {
                (Some(arg), Some("")) if !token.is_quoted() => return Err(self.no_value(arg, "")),
                (Some(arg), Some(value)) => self.give(&mut options, arg, value)?,
                (Some(arg), None) if self.spec().args[arg].ty == ArgType::Bool => {
                    self.give(&mut options, arg, "true")?;
                }
                (Some(arg), None) => match (tokens.next_if(|next| !is_option(next)), tokens.peek()) {
                    (Some(value), _) => self.give(&mut options, arg, &value.text)?,
                    (None, None) => options.asked = Some(arg),
                    (None, Some(next)) => return Err(self.no_value(arg, &next.text)),
                },
                (None, _) if dashed => return Err(self.unexpected(&token.text, None)),
                (None, Some(value)) if takes_pairs => {
                    if let Some(first) = pairs.insert(name, value) {
                        return Err(ArgError::Twice {
                            arg: name.to_owned(),
                            first: first.to_owned(),
                            second: value.to_owned(),
                        });
                    }
                    options.pairs.push((name.to_owned(), value.to_owned()));
                }
                (None, _) => options.words.push(Word { token, may_name }),
            }
        }
        Ok(options)
    }

    fn no_value(&self, arg: usize, found: &str) -> ArgError {
        let arg = &self.spec().args[arg];
        ArgError::Invalid {
            arg: arg.name.clone(),
            expected: arg.ty.expected(),
            found: found.to_owned(),
            nearest: None,
        }
    }

    /// The place of the argument of that name.
    pub(super) fn named(&self, name: &str) -> Option<usize> {
        self.spec().args.iter().position(|arg| arg.ty != ArgType::Pairs && names(name, &arg.name))
    }

    fn give(&self, options: &mut Options<'_>, arg: usize, value: &str) -> Result<(), ArgError> {
        match options.values.insert(arg, value.to_owned()) {
            Some(first) => Err(self.twice(arg, first, value.to_owned())),
            None => Ok(()),
        }
    }

    pub(super) fn twice(&self, arg: usize, first: String, second: String) -> ArgError {
        ArgError::Twice { arg: self.spec().args[arg].name.clone(), first, second }
    }
}

fn is_option(token: &Token) -> bool {
    token.text.starts_with("--") && token.is_bare(0..2)
}
