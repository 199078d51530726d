//! What a typed line means: the command it names and the arguments it gives.

use std::collections::BTreeMap;

use super::{
    ArgError, ArgSpec, ArgType, Args, CommandSpec, Usage, UsageError,
    reading::{Matcher, Reading, Solution, Word},
    token::{Token, quote, tokens},
    value::names,
};
use crate::nearest::{nearest, slips};

/// How many candidates an error lists.
pub(super) const MOST_CANDIDATES: usize = 10;

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
            for name in std::iter::once(&command.spec.name).chain(&command.spec.aliases) {
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
    pub command: &'c CommandSpec,
    /// That command's place among the commands.
    pub place: usize,
    /// What is given, and the defaults. Items are not looked up yet.
    pub args: Args,
    /// What is still to be asked for, in the order of the spec: required arguments that are not given, and others that
    /// the line calls for (`for` at its end).
    pub missing: Vec<&'c ArgSpec>,
}

impl Parsed<'_> {
    /// The first argument to ask for, as the error that it is where nobody can be asked.
    pub fn first_missing(&self) -> Option<ArgError> {
        self.missing.first().map(|arg| ArgError::Missing {
            command: self.command.name.clone(),
            arg: arg.name.clone(),
            summary: arg.summary.clone(),
        })
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
    /// A command's own words (its arguments' names and its usage's literals) are values only where they are quoted, where they
    /// are one of the choices, inside an argument that takes all the words left, or where nothing else makes sense.
    ///
    /// # Errors
    /// Any [`ArgError`] but [`ArgError::Missing`].
    pub fn parse(&self, line: &str) -> Result<Parsed<'_>, ArgError> {
        let tokens = tokens(line)?;
        let (place, name) = self.find(&tokens)?;
        let command = &self.list[place];
        let (args, missing) = command.read(&tokens[name..])?;
        Ok(Parsed { command: &command.spec, place, args, missing })
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
                        .map(|place| self.list[*place].spec.name.clone())
                        .collect(),
                }),
            },
            None => Err(self.not_found(tokens, &typed)),
        }
    }

    /// The first word, the first two and so on, in lower case, as far as a name may be long.
    fn leading(&self, tokens: &[Token]) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for token in tokens.iter().take(self.longest).take_while(|token| !token.is_quoted()) {
            let word = token.text.to_lowercase();
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
        let near = |typed: &String| {
            let words = typed.split(' ').count();
            self.names
                .keys()
                .filter(|name| name.split(' ').count() == words)
                .filter_map(|name| Some((slips(typed, name)?, name)))
                .min()
        };
        let nearest = typed.iter().filter_map(near).min().map(|(_, name)| name.clone());
        let begins = || {
            let whole = typed.last()?;
            let mut names = self.names.keys().filter(|name| name.starts_with(whole.as_str()));
            names.next().filter(|_| names.next().is_none()).cloned()
        };
        let nearest = nearest.or_else(begins);
        let words = nearest.as_ref().map_or(1, |name| name.split(' ').count());
        let typed: Vec<_> = tokens.iter().take(words).map(|token| token.text.as_str()).collect();
        ArgError::NoCommand { typed: typed.join(" "), nearest }
    }
}

/// What the options of a line say, and the words that are none.
pub(super) struct Options<'t> {
    /// By the argument's place in the spec.
    pub(super) values: BTreeMap<usize, String>,
    pub(super) pairs: Vec<(String, String)>,
    /// An option at the end of the line that has no value yet.
    pub(super) asked: Option<usize>,
    pub(super) words: Vec<Word<'t>>,
}

/// How a line is read: the first of these that makes sense of every word counts.
const READINGS: [Reading; 8] = {
    let exact =
        Reading { complete: true, typed: true, names: false, free: false, own_words: false, again: false };
    let named = Reading { names: true, ..exact };
    [
        exact,
        named,
        Reading { free: true, ..named },
        // Not right in every value, but meant: better to say which value is wrong than to take it for something else.
        Reading { typed: false, ..exact },
        Reading { complete: false, ..exact },
        Reading { complete: false, ..named },
        Reading { complete: false, free: true, ..named },
        Reading { complete: false, typed: false, ..named },
    ]
};

/// Where none of them does: the same argument given by name and by position, which is said.
const GIVEN_AGAIN: Reading = Reading { again: true, ..READINGS[7] };

/// And last: a word of the command's own that can only be a value.
const OWN_WORDS: Reading = Reading { own_words: true, ..READINGS[0] };

impl Command {
    /// What the words after the name mean.
    pub(super) fn read(&self, tokens: &[Token]) -> Result<(Args, Vec<&ArgSpec>), ArgError> {
        let options = self.options(tokens)?;
        let given: Vec<usize> = options.values.keys().copied().chain(options.asked).collect();
        let mut matcher = Matcher::new(&self.spec, &self.usage, &options.words, &given, false);
        for reading in READINGS.into_iter().chain([GIVEN_AGAIN, OWN_WORDS]) {
            let solutions = matcher.read(reading);
            match solutions.as_slice() {
                [] => {}
                [only] => return self.settle(&options, &matcher, only),
                several => return Err(self.ambiguous(&options, &matcher, several)),
            }
        }
        // The most forgiving reading got furthest.
        matcher.read(READINGS[7]);
        let (at, wanted) = matcher.stuck;
        Err(self.unexpected(options.words.get(at).map_or("", |word| &word.token.text), wanted))
    }

    fn settle(
        &self,
        options: &Options<'_>,
        matcher: &Matcher<'_>,
        solution: &Solution,
    ) -> Result<(Args, Vec<&ArgSpec>), ArgError> {
        let mut texts = options.values.clone();
        for found in &solution.found {
            let second = matcher.text(found);
            if let Some(first) = texts.insert(found.arg, second.clone()) {
                return Err(self.twice(found.arg, first, second));
            }
        }
        let mut args = Args { pairs: options.pairs.clone(), ..Args::default() };
        let mut missing = Vec::new();
        for (place, arg) in self.spec.args.iter().enumerate() {
            let given = match texts.get(&place) {
                Some(text) => Some(arg.read(text)?),
                None => arg.default.clone(),
            };
            let asked = solution.asked.contains(&place) || options.asked == Some(place);
            let lacking = match arg.ty {
                ArgType::Pairs => args.pairs.is_empty(),
                _ => given.is_none(),
            };
            if asked || (arg.required && lacking) {
                missing.push(arg);
            } else if let Some(value) = given {
                args.values.insert(arg.name.clone(), value);
            }
        }
        Ok((args, missing))
    }

    fn ambiguous(&self, options: &Options<'_>, matcher: &Matcher<'_>, solutions: &[Solution]) -> ArgError {
        let words: Vec<_> = options.words.iter().map(|word| word.token.text.as_str()).collect();
        let mut candidates: Vec<_> = solutions
            .iter()
            .map(|solution| {
                let found = solution.found.iter().map(|found| (found.arg, matcher.text(found)));
                let texts: BTreeMap<_, _> = found.collect();
                let pairs =
                    texts.iter().map(|(arg, text)| format!("{}={}", self.spec.args[*arg].name, quote(text)));
                pairs.collect::<Vec<_>>().join(" ")
            })
            .collect();
        candidates.sort();
        ArgError::Ambiguous { arg: self.spec.name.clone(), found: words.join(" "), candidates }
    }

    fn twice(&self, arg: usize, first: String, second: String) -> ArgError {
        ArgError::Twice { arg: self.spec.args[arg].name.clone(), first, second }
    }

    /// `wanted` is a word of the usage that would have fitted there.
    fn unexpected(&self, word: &str, wanted: Option<&str>) -> ArgError {
        let name = word.split_once('=').map_or(word, |(name, _)| name).trim_start_matches("--");
        let known = self.spec.args.iter().map(|arg| arg.name.as_str());
        let near = nearest(name, known.chain(wanted)).map(str::to_owned);
        ArgError::Unexpected {
            command: self.spec.name.clone(),
            name: word.to_owned(),
            nearest: near.or_else(|| wanted.map(|wanted| format!("{wanted} {word}"))),
        }
    }

    /// Takes `name=value`, `--name value`, `--name=value` and `--flag` out of the words.
    pub(super) fn options<'t>(&self, tokens: &'t [Token]) -> Result<Options<'t>, ArgError> {
        let mut options =
            Options { values: BTreeMap::new(), pairs: Vec::new(), asked: None, words: Vec::new() };
        let takes_pairs = self.spec.args.iter().any(|arg| arg.ty == ArgType::Pairs);
        let mut may_name = true;
        let mut tokens = tokens.iter().peekable();
        while let Some(token) = tokens.next() {
            let split = token.find_bare("=", 0).filter(|at| *at > 0);
            let (name, value) = match split {
                Some(at) => (&token.text[..at], Some(&token.text[at + 1..])),
                None => (token.text.as_str(), None),
            };
            let dashed = may_name && name.starts_with("--") && token.is_bare(0..2);
            let name = if dashed { &name[2..] } else { name };
            if dashed && token.text == "--" {
                may_name = false;
                continue;
            }
            let arg = (may_name && (dashed || value.is_some()) && token.is_bare(0..name.len()))
                .then(|| self.named(name))
                .flatten();
            match (arg, value) {
                (Some(arg), Some(value)) if value.is_empty() && !token.is_quoted() => {
                    let arg = &self.spec.args[arg];
                    return Err(ArgError::Invalid {
                        arg: arg.name.clone(),
                        expected: arg.ty.expected(),
                        found: String::new(),
                        nearest: None,
                    });
                }
                (Some(arg), Some(value)) => self.give(&mut options, arg, value)?,
                (Some(arg), None) if self.spec.args[arg].ty == ArgType::Bool => {
                    self.give(&mut options, arg, "true")?;
                }
                (Some(arg), None) => {
                    match tokens.next_if(|next| !next.text.starts_with("--") || next.is_quoted()) {
                        Some(value) => self.give(&mut options, arg, &value.text)?,
                        None if tokens.peek().is_none() => options.asked = Some(arg),
                        None => {
                            let arg = &self.spec.args[arg];
                            return Err(ArgError::Invalid {
                                arg: arg.name.clone(),
                                expected: arg.ty.expected(),
                                found: tokens.next().map_or_else(String::new, |next| next.text.clone()),
                                nearest: None,
                            });
                        }
                    }
                }
                (None, _) if dashed => return Err(self.unexpected(&token.text, None)),
                (None, Some(value)) if takes_pairs => {
                    if let Some((_, first)) = options.pairs.iter().find(|(known, _)| known == name) {
                        return Err(ArgError::Twice {
                            arg: name.to_owned(),
                            first: first.clone(),
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

    /// The place of the argument of that name.
    pub(super) fn named(&self, name: &str) -> Option<usize> {
        self.spec.args.iter().position(|arg| arg.ty != ArgType::Pairs && names(name, &arg.name))
    }

    fn give(&self, options: &mut Options<'_>, arg: usize, value: &str) -> Result<(), ArgError> {
        match options.values.insert(arg, value.to_owned()) {
            Some(first) => Err(self.twice(arg, first, value.to_owned())),
            None => Ok(()),
        }
    }
}

/// The line that says all of a run's arguments by name: what [`Commands::parse`] makes the same arguments of.
pub fn canonical_line(spec: &CommandSpec, args: &Args) -> String {
    let mut line = spec.name.clone();
    for arg in &spec.args {
        if let Some(value) = args.get(&arg.name) {
            line.push_str(&format!(" {}={}", arg.name, quote(value)));
        }
    }
    let is_arg = |name: &str| spec.args.iter().any(|arg| names(name, &arg.name));
    if args.pairs.iter().any(|(name, _)| is_arg(name)) {
        line.push_str(" --");
    }
    for (name, value) in &args.pairs {
        line.push_str(&format!(" {}={}", quote(name), quote(value)));
    }
    line
}
