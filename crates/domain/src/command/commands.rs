//! The commands that a line can name, and which of them it names.

use std::collections::BTreeMap;

use super::{
    ArgError, ArgSpec, Args, Command, CommandSpec,
    arg_error::MOST_CANDIDATES,
    parse_args::ParsedArgs,
    token::{Token, scan, tokens},
    value::{names, same},
};
use crate::nearest::edit_distance;

/// The commands that a line can name.
#[derive(Debug, Clone, Default)]
pub struct Commands {
    pub(super) list: Vec<Command>,
    /// By name and alias in lower case, the places in the list.
    names: BTreeMap<String, Vec<usize>>,
    /// The number of words of the longest name.
    longest: usize,
}

impl FromIterator<Command> for Commands {
    fn from_iter<I: IntoIterator<Item = Command>>(commands: I) -> Self {
        let mut all = Self { list: commands.into_iter().collect(), ..Self::default() };
        for (place, command) in all.list.iter().enumerate() {
            for name in std::iter::once(&command.spec().name).chain(&command.spec().aliases) {
                let words: Vec<_> = name.split_whitespace().map(str::to_lowercase).collect();
                all.longest = all.longest.max(words.len());
                let places = all.names.entry(words.join(" ")).or_default();
                if !places.contains(&place) {
                    places.push(place);
                }
            }
        }
        all
    }
}

/// What a line means. It may still lack arguments.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed<'c> {
    /// The command that it names.
    pub spec: &'c CommandSpec,
    /// That command's place among the commands.
    pub place: usize,
    /// What is given, and the defaults. Items are not looked up yet.
    pub args: Args,
    /// What is still to be asked for, in the order of the spec: required arguments that are not given, and others that
    /// the line calls for (`for` at its end).
    pub missing: Vec<&'c ArgSpec>,
    /// What the line itself gives, in the order of the spec; the other arguments have their default or nothing.
    pub given: Vec<&'c ArgSpec>,
    /// The word of the line that calls for the first of `missing`, where one does.
    pub asked_by: Option<String>,
}

impl Parsed<'_> {
    /// The first argument to ask for, as the error that it is where nobody can be asked.
    pub fn first_missing(&self) -> Option<ArgError> {
        self.missing.first().map(|arg| ArgError::Missing {
            command: self.spec.name.clone(),
            arg: arg.name.clone(),
            summary: arg.summary.clone(),
            asked_by: self.asked_by.clone(),
        })
    }
}

impl Command {
    /// The word that calls for an argument without giving it: its name, or, of one that may be left out, a word of the usage.
    fn word_that_asks(&self, words: &[Token], arg: &ArgSpec) -> Option<String> {
        let bare = || words.iter().rev().filter(|word| !word.is_quoted());
        let by_name = bare().find(|word| names(word.text.trim_start_matches("--"), &arg.name));
        let is_own = |word: &&Token| self.usage.words.iter().any(|own| same(own, &word.text));
        let asks = by_name.or_else(|| bare().find(is_own).filter(|_| !arg.required));
        asks.map(|word| word.text.clone())
    }
}

impl Commands {
    /// Every command, in the order in which they were given.
    pub fn iter(&self) -> impl Iterator<Item = &Command> {
        self.list.iter()
    }

    /// The command of that name or alias, in any case; `None` where there is none or more than one.
    pub fn get(&self, name: &str) -> Option<&Command> {
        match self.names.get(&name.to_lowercase())?.as_slice() {
            [place] => self.list.get(*place),
            _ => None,
        }
    }

    /// What a line means. The longest command name or alias wins, in any case; the rest of the line is read by the
    /// command's usage first, then as `name=value`, `--name value`, `--name=value`, `--flag` and `name value`, mixed
    /// with the usage in any order that leaves no doubt. `--` ends options: what follows is only positions and pairs.
    ///
    /// A command's own words (its arguments' names and its usage's literals) are values only where they are quoted, where
    /// they are one of the choices, inside an argument that takes all the words left, or where nothing else makes sense.
    ///
    /// # Errors
    /// Any [`ArgError`] but [`ArgError::Missing`].
    pub fn parse(&self, line: &str) -> Result<Parsed<'_>, ArgError> {
        let tokens = tokens(line)?;
        let (place, name) = self.find(&tokens)?;
        let command = &self.list[place];
        let words = &tokens[name..];
        let ParsedArgs { args, missing, given } = command.read(words)?;
        let asked_by = missing.first().and_then(|arg| command.word_that_asks(words, arg));
        Ok(Parsed { spec: command.spec(), place, args, missing, given, asked_by })
    }

    /// The place of the command that a line begins with, whether or not the rest of it makes sense.
    pub fn named(&self, line: &str) -> Option<usize> {
        let (tokens, _) = scan(line);
        self.find(&tokens).ok().map(|(place, _)| place)
    }

    /// The command that the line names, and how many words that took.
    pub(super) fn find(&self, tokens: &[Token]) -> Result<(usize, usize), ArgError> {
        let typed = self.leading(tokens);
        let named =
            typed.iter().enumerate().rev().find_map(|(at, name)| Some((at + 1, self.names.get(name)?)));
        match named {
            Some((words, places)) => match places.as_slice() {
                [place] => Ok((*place, words)),
                _ => Err(ArgError::Ambiguous {
                    arg: "command".to_owned(),
                    found: typed[words - 1].clone(),
                    candidates: places
                        .iter()
                        .take(MOST_CANDIDATES)
                        .map(|place| self.list[*place].spec().name.clone())
                        .collect(),
                }),
            },
            None => Err(self.not_found(tokens, &typed)),
        }
    }

    /// The first word, the first two and so on, in lower case, as far as a name may be long. A line begins with no value, so its
    /// first word may be quoted, and be a name of several words.
    fn leading(&self, tokens: &[Token]) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for (at, token) in tokens.iter().take(self.longest).enumerate() {
            let word = token.text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
            if token.is_quoted() && (at > 0 || word.is_empty()) {
                break;
            }
            names.push(names.last().map_or(word.clone(), |before| format!("{before} {word}")));
        }
        names
    }

    /// True where a longer name begins with these words in lower case, and a space or what the last word is so far.
    pub(super) fn begins_name(&self, start: &str) -> bool {
        self.names.range(start.to_owned()..).next().is_some_and(|(name, _)| name.starts_with(start))
    }

    fn not_found(&self, tokens: &[Token], typed: &[String]) -> ArgError {
        if let Some(whole) = typed.last().filter(|_| typed.len() == tokens.len()) {
            let start = format!("{whole} ");
            let longer =
                || self.names.range(start.clone()..).take_while(|(name, _)| name.starts_with(&start));
            if longer().nth(1).is_some() {
                return ArgError::Ambiguous {
                    arg: "command".to_owned(),
                    found: whole.clone(),
                    candidates: longer().take(MOST_CANDIDATES).map(|(name, _)| name.clone()).collect(),
                };
            }
        }
        let near = |(at, typed): (usize, &String)| {
            let words = typed.split(' ').count();
            self.names
                .keys()
                .filter(|name| name.split(' ').count() == words)
                .filter_map(|name| Some((edit_distance(typed, name)?, name, at + 1)))
                .min()
        };
        let nearest = typed.iter().enumerate().filter_map(near).min().map(|(_, name, count)| (name, count));
        let begins = || {
            let whole = typed.last()?;
            let mut names = self.names.keys().filter(|name| name.starts_with(whole.as_str()));
            names.next().filter(|_| names.next().is_none()).map(|name| (name, typed.len()))
        };
        let nearest = nearest.or_else(begins);
        let count = nearest.map_or(1, |(_, count)| count);
        let typed: Vec<_> = tokens.iter().take(count).map(|token| token.text.as_str()).collect();
        ArgError::NoCommand { typed: typed.join(" "), nearest: nearest.map(|(name, _)| name.clone()) }
    }
}
