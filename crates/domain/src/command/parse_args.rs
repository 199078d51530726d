//! What the words after a command's name mean: options first, then the usage, one parse mode after another.

use std::collections::BTreeMap;

use super::{
    ArgError, ArgSpec, ArgType, Args, Command,
    matcher::{Matcher, ParseMode, Solution, Word},
    options::Options,
    token::{Token, quote},
    usage::{Element, Piece},
    value::{names, same},
};
use crate::{
    duration::Span,
    nearest::nearest,
    until::{is_time, on_other_layout},
};

/// How a line is read: the first of these that makes sense of every word counts.
const PARSE_MODES: [ParseMode; 12] = {
    let exact = ParseMode::EXACT;
    let named = ParseMode { names: true, ..exact };
    let begun = ParseMode { complete: false, ..exact };
    [
        exact,
        ParseMode { own_name: true, ..exact },
        named,
        ParseMode { free: true, ..named },
        // Complete, but wrong: better an error than to take a word for something else.
        ParseMode { typed: false, ..exact },
        ParseMode { again: true, ..exact },
        // Not complete.
        begun,
        ParseMode { names: true, ..begun },
        ParseMode { names: true, free: true, ..begun },
        MOST_FORGIVING,
        ParseMode { again: true, ..MOST_FORGIVING },
        // And last, a word of the command's own that can only be a value.
        ParseMode { own_words: true, ..exact },
    ]
};

/// The most words in the name of an item that is not quoted.
const MOST_NAME_WORDS: usize = 24;

/// The reading that gets furthest in a line that makes no sense.
const MOST_FORGIVING: ParseMode =
    ParseMode { complete: false, typed: false, names: true, ..ParseMode::EXACT };

/// What the words after a command's name mean.
#[derive(Default)]
pub(super) struct ParsedArgs<'c> {
    pub(super) args: Args,
    pub(super) missing: Vec<&'c ArgSpec>,
    pub(super) given: Vec<&'c ArgSpec>,
}

impl Command {
    /// What the words after the name mean.
    pub(super) fn read(&self, tokens: &[Token]) -> Result<ParsedArgs<'_>, ArgError> {
        let options = self.options(tokens)?;
        self.read_words(&options).or_else(|error| match error {
            ArgError::Unexpected { .. } | ArgError::Invalid { .. } => {
                let by_place = || self.read_by_place(&options);
                let left_as_one = || self.read_left_as_one(tokens);
                // A slip of the fingers is no part of a name.
                let is_slip = matches!(
                    error,
                    ArgError::Unexpected { nearest: Some(_), .. }
                        | ArgError::Invalid { nearest: Some(_), .. }
                );
                let item_as_one = || if is_slip { None } else { self.read_item_as_one(&options) };
                by_place().or_else(left_as_one).or_else(item_as_one).ok_or(error)
            }
            error => Err(error),
        })
    }

    /// What words mean by their place alone: `reassign Q2R8T zoe`, `silence DiskFull 2h deploying`.
    pub(super) fn read_by_place(&self, options: &Options<'_>) -> Option<ParsedArgs<'_>> {
        let given: Vec<usize> = options.values.keys().copied().chain(options.asked).collect();
        let mut matcher = Matcher::new(self.spec(), &self.usage, &options.words, &given, false);
        // `silence Alert 2h`: an alert is called Alert, and none is called 2h.
        let own_words = match options.words.as_slice() {
            [name, length, ..] => {
                let is_item =
                    |arg: &ArgSpec| matches!(arg.ty, ArgType::Item(_)) && names(&name.token.text, &arg.name);
                self.spec().args.iter().any(is_item) && length.token.text.parse::<Span>().is_ok()
            }
            _ => false,
        };
        let mode = ParseMode { unled: true, own_words, ..ParseMode::EXACT };
        let solution = matcher.read(mode).pop()?;
        self.build_args(options, &matcher, &solution).ok()
    }

    /// The first words as the name of the item that the usage begins with, as few of them as leave only words that have their
    /// place: `ack Checkout is slow`, `snooze Queue is full 2h`. Only where no text that takes any words may follow.
    fn read_item_as_one(&self, options: &Options<'_>) -> Option<ParsedArgs<'_>> {
        let first = self.usage.segments.first()?.elements.first()?;
        let Element::Word(pieces) = first else { return None };
        let [Piece::Arg(item)] = pieces.as_slice() else { return None };
        let is_item = matches!(self.spec().args[*item].ty, ArgType::Item(_));
        if !is_item || self.spec().args.iter().any(|arg| arg.ty == ArgType::Text) {
            return None;
        }
        // A number, a reference and a page are one word.
        let may_go_on = |word: &Word<'_>| {
            let text = &word.token.text;
            word.may_name
                && !word.token.is_quoted()
                && !text.contains(['#', '/', '@', ':'])
                && text.parse::<u64>().is_err()
        };
        if !options.words.first().is_some_and(may_go_on) {
            return None;
        }
        let plain = |word: &&Word<'_>| !word.token.is_quoted();
        let most = options.words.iter().take(MOST_NAME_WORDS).take_while(plain).count();
        // As few as can be: what is a time or a choice after them is no part of the name.
        (2..=most).find_map(|count| {
            let (name, others) = options.words.split_at(count);
            // A time with the word that leads it is no part of a name, also where it is refused.
            let leads_time = |pair: &[Word<'_>]| match pair {
                [lead, time] => {
                    let time = &time.token.text;
                    self.time_forms().any(|(own, _)| same(own, &lead.token.text))
                        && (is_time(time) || on_other_layout(time).is_some())
                }
                _ => false,
            };
            if options.words.windows(2).take(count).any(leads_time) {
                return None;
            }
            let name: Vec<&str> = name.iter().map(|word| word.token.text.as_str()).collect();
            let name = Token::of(&name.join(" "));
            let mut words = vec![Word { token: &name, may_name: false }];
            words.extend_from_slice(others);
            let options = Options {
                values: options.values.clone(),
                pairs: options.pairs.clone(),
                asked: options.asked,
                words,
            };
            self.read_exactly(&options).or_else(|| self.read_by_place(&options))
        })
    }

    /// What words mean exactly as the usage says.
    pub(super) fn read_exactly(&self, options: &Options<'_>) -> Option<ParsedArgs<'_>> {
        let given: Vec<usize> = options.values.keys().copied().chain(options.asked).collect();
        let mut matcher = Matcher::new(self.spec(), &self.usage, &options.words, &given, false);
        let solution = matcher.read(ParseMode::EXACT).pop()?;
        self.build_args(options, &matcher, &solution).ok()
    }

    /// The words that no place takes, as the value of the argument that comes next, where it can be that:
    /// `reassign Q2R8T Ana Lima`.
    fn read_left_as_one(&self, tokens: &[Token]) -> Option<ParsedArgs<'_>> {
        let begun = self.begun(tokens);
        let [(arg, text)] = begun.texts.as_slice() else { return None };
        let may_be_several = matches!(arg.ty, ArgType::Live | ArgType::Item(_));
        let words: Vec<&str> = text.split_whitespace().collect();
        let is_own = |word: &&str| {
            self.usage.words.iter().any(|literal| same(literal, word)) || self.named(word).is_some()
        };
        // What follows a text of any words is more of that text, and a time is known by its place.
        let is_text = |given: &&ArgSpec| self.named(&given.name).is_some_and(|at| self.usage.is_rest(at));
        let follows_text = arg.ty.is_time() || begun.given.iter().any(is_text);
        let is_several = words.len() > 1 && !may_be_several;
        if !begun.left.is_empty() || words.iter().any(is_own) || is_several || follows_text {
            return None;
        }
        let value = arg.read(text).ok()?;
        let (mut args, mut given) = (begun.args, begun.given);
        // One that was named, and has no value yet, is asked for.
        let is_asked = |it: &ArgSpec| it.default.is_some() && !args.values.contains_key(&it.name);
        if self.spec().args.iter().any(|it| it.name != arg.name && is_asked(it)) {
            return None;
        }
        args.values.insert(arg.name.clone(), value);
        given.push(*arg);
        let is_missing = |arg: &&ArgSpec| match arg.ty {
            ArgType::Pairs => args.pairs.is_empty(),
            _ => !args.values.contains_key(&arg.name),
        };
        let missing = self.spec().args.iter().filter(|arg| arg.required).filter(is_missing).collect();
        Some(ParsedArgs { args, missing, given })
    }

    /// What options mean, with the words beside them.
    pub(super) fn read_words(&self, options: &Options<'_>) -> Result<ParsedArgs<'_>, ArgError> {
        let given: Vec<usize> = options.values.keys().copied().chain(options.asked).collect();
        let mut matcher = Matcher::new(self.spec(), &self.usage, &options.words, &given, false);
        for reading in PARSE_MODES {
            let solutions = matcher.read(reading);
            match solutions.as_slice() {
                [] => {}
                [only] => return self.build_args(options, &matcher, only),
                several => return Err(self.ambiguous(options, &matcher, several)),
            }
        }
        matcher.read(MOST_FORGIVING);
        let (at, wanted) = matcher.stuck;
        let wanted = wanted.filter(|wanted| self.reads_with(&options.words, &given, at, wanted));
        Err(self.unexpected(options.words.get(at).map_or("", |word| &word.token.text), wanted))
    }

    /// True where the words would make sense with this one before the one at `at`.
    fn reads_with(&self, words: &[Word<'_>], given: &[usize], at: usize, wanted: &str) -> bool {
        let lacking = Token::of(wanted);
        let mut words = words.to_vec();
        words.insert(at, Word { token: &lacking, may_name: true });
        !Matcher::new(self.spec(), &self.usage, &words, given, false).read(ParseMode::EXACT).is_empty()
    }

    fn build_args(
        &self,
        options: &Options<'_>,
        matcher: &Matcher<'_>,
        solution: &Solution,
    ) -> Result<ParsedArgs<'_>, ArgError> {
        let mut texts = options.values.clone();
        for found in &solution.found {
            let second = matcher.text(found);
            if let Some(first) = texts.insert(found.arg, second.clone()) {
                return Err(self.twice(found.arg, first, second));
            }
        }
        self.check_no_time_is_swallowed(options, solution, &texts)?;
        let mut args = Args { pairs: options.pairs.clone(), ..Args::default() };
        let mut missing = Vec::new();
        for (place, arg) in self.spec().args.iter().enumerate() {
            let given = match texts.get(&place) {
                Some(text) => Some(arg.read(text).map_err(|error| self.or_text(arg, error))?),
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
        let is_given = |(place, arg): &(usize, &ArgSpec)| match arg.ty {
            ArgType::Pairs => !args.pairs.is_empty(),
            _ => texts.contains_key(place),
        };
        let given = self.spec().args.iter().enumerate().filter(is_given).map(|(_, arg)| arg).collect();
        Ok(ParsedArgs { args, missing, given })
    }

    /// True for a text that takes all the words that are left, or one that may be left out: nothing says what is meant for it.
    pub(super) fn is_free_text(&self, arg: usize) -> bool {
        let spec = &self.spec().args[arg];
        self.usage.is_rest(arg) || (spec.ty == ArgType::Text && !spec.required)
    }

    fn ambiguous(&self, options: &Options<'_>, matcher: &Matcher<'_>, solutions: &[Solution]) -> ArgError {
        let words: Vec<_> = options.words.iter().map(|word| word.token.text.as_str()).collect();
        let mut candidates: Vec<_> = solutions
            .iter()
            .map(|solution| {
                let found = solution.found.iter().map(|found| (found.arg, matcher.text(found)));
                let texts: BTreeMap<_, _> = found.collect();
                let pairs = texts
                    .iter()
                    .map(|(arg, text)| format!("{}={}", self.spec().args[*arg].name, quote(text)));
                pairs.collect::<Vec<_>>().join(" ")
            })
            .collect();
        candidates.sort();
        ArgError::Ambiguous { arg: self.spec().name.clone(), found: words.join(" "), candidates }
    }

    /// `wanted` is a word that would make sense before it.
    pub(super) fn unexpected(&self, word: &str, wanted: Option<&str>) -> ArgError {
        let name = word.split_once('=').map_or(word, |(name, _)| name);
        let near = if name == word && !word.starts_with("--") {
            nearest(word, self.usage.words.iter().map(String::as_str).filter(|literal| !same(literal, word)))
        } else {
            nearest(name.trim_start_matches("--"), self.spec().args.iter().map(|arg| arg.name.as_str()))
        };
        let led = || wanted.map(|wanted| format!("{wanted} {word}"));
        ArgError::Unexpected {
            command: self.spec().name.clone(),
            name: word.to_owned(),
            nearest: near.map(str::to_owned).or_else(led),
        }
    }
}
