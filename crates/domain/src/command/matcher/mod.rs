//! Which words of a line go to which argument: a usage matched against words, one reading after another.

mod parts;
mod segment_set;
mod word;

use std::ops::Range;

use self::segment_set::SegmentSet;
use super::{
    ArgType, CommandSpec,
    token::{Token, quote},
    usage::{Element, Usage},
    value::same,
};

/// How many steps one reading may take: ends what would take exponential time. Lines that people type take under 100.
const MOST_STEPS: u32 = 2_000;
/// How many readings of an ambiguous line are found.
const MOST_READINGS: usize = 10;

/// A word that no option took.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word<'t> {
    pub(super) token: &'t Token,
    /// True before `--`: it may name an argument, as in `name value`.
    pub(super) may_name: bool,
}

/// How freely a line is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct ParseMode {
    /// Every required argument must be there.
    pub(super) complete: bool,
    /// Every value must be of its argument's type.
    pub(super) typed: bool,
    /// `name value` is read.
    pub(super) names: bool,
    /// The parts of the usage may come in any order; then every reading is found, not only the first.
    pub(super) free: bool,
    /// The command's own words (`to`, `env`) can be values too.
    pub(super) own_words: bool,
    /// So can the word that names the argument whose place it is in, where no value follows it: `restart service`.
    pub(super) own_name: bool,
    /// An argument can be given again.
    pub(super) again: bool,
    /// A word of the usage that leads an argument (`to`, `for`) may be left out, where place and type identify the argument.
    pub(super) unled: bool,
}

impl ParseMode {
    /// As the usage says.
    pub(super) const EXACT: Self = Self {
        complete: true,
        typed: true,
        names: false,
        free: false,
        own_words: false,
        own_name: false,
        again: false,
        unled: false,
    };
}

/// What a reading found for an argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// The argument's place in the spec.
    pub(super) arg: usize,
    /// The words that it took.
    pub(super) words: Range<usize>,
    /// The part of the word's text, where it took a part of one.
    pub(super) part: Option<Range<usize>>,
}

/// One way to read the words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Solution {
    pub(super) found: Vec<Found>,
    /// Arguments that are called for (`to` at the end of the line) but have no value.
    pub(super) asked: Vec<usize>,
}

/// Matches words against a usage.
pub(super) struct Matcher<'a> {
    spec: &'a CommandSpec,
    usage: &'a Usage,
    words: &'a [Word<'a>],
    /// The arguments that options gave.
    given: &'a [usize],
    /// The segments that a literal leads.
    led: SegmentSet,
    /// True where the last word is still being typed: it fits everywhere, and nothing needs to follow it.
    typing: bool,
    reading: ParseMode,
    so_far: Solution,
    solutions: Vec<Solution>,
    steps: u32,
    /// The furthest word that fitted nowhere, and a word that would have.
    pub(super) stuck: (usize, Option<&'a str>),
    /// Literals that may be typed at the place of the last word.
    pub(super) literals: Vec<&'a str>,
}

impl<'a> Matcher<'a> {
    pub(super) fn new(
        spec: &'a CommandSpec,
        usage: &'a Usage,
        words: &'a [Word<'a>],
        given: &'a [usize],
        typing: bool,
    ) -> Self {
        let led = (0..usage.segments.len()).filter(|segment| usage.segments[*segment].is_led());
        Self {
            spec,
            usage,
            words,
            given,
            led: SegmentSet(led.fold(0, |bits, segment| bits | 1 << segment)),
            typing,
            reading: ParseMode::EXACT,
            so_far: Solution::default(),
            solutions: Vec::new(),
            steps: 0,
            stuck: (0, None),
            literals: Vec::new(),
        }
    }

    /// The ways to read the words: none, one, or with [`ParseMode::free`] several that differ.
    pub(super) fn read(&mut self, reading: ParseMode) -> Vec<Solution> {
        self.reading = reading;
        self.so_far = Solution::default();
        self.steps = 0;
        self.stuck = (0, None);
        self.literals.clear();
        self.segments(SegmentSet::all(self.usage.segments.len()), 0);
        let solutions = std::mem::take(&mut self.solutions);
        // A search that was cut short may have missed a second way.
        if self.steps > MOST_STEPS { Vec::new() } else { solutions }
    }

    /// The text that was found for an argument.
    pub(super) fn text(&self, found: &Found) -> String {
        let words = &self.words[found.words.clone()];
        match (&found.part, words) {
            (Some(part), [word]) => word.token.text[part.clone()].to_owned(),
            // Of several items, what is one word stays one.
            _ if self.usage.takes_several(self.spec, found.arg) => {
                words.iter().map(|word| quote(&word.token.text)).collect::<Vec<_>>().join(" ")
            }
            _ => words.iter().map(|word| word.token.text.as_str()).collect::<Vec<_>>().join(" "),
        }
    }

    /// True where an argument may have this text.
    fn takes(&self, arg: usize, text: &str, at: usize) -> bool {
        let typed = !self.reading.typed || self.is_typed(at) || self.spec.args[arg].ty.accepts(text);
        typed && (self.reading.again || !self.is_given(arg))
    }

    /// Goes on with this found; true once no further reading is wanted.
    fn with(&mut self, found: Found, then: impl FnOnce(&mut Self) -> bool) -> bool {
        let text = self.text(&found);
        if !self.takes(found.arg, &text, found.words.end - 1) {
            return false;
        }
        let mark = self.so_far.found.len();
        self.so_far.found.push(found);
        let done = then(self);
        self.so_far.found.truncate(mark);
        done
    }

    /// Keeps what was found as a reading; true once no further one is wanted.
    fn accept(&mut self) -> bool {
        let texts = |matcher: &Self, solution: &Solution| {
            let mut texts: Vec<_> =
                solution.found.iter().map(|found| (found.arg, matcher.text(found))).collect();
            texts.sort();
            texts
        };
        let new = texts(self, &self.so_far);
        if self.solutions.iter().all(|known| texts(self, known) != new) {
            self.solutions.push(self.so_far.clone());
        }
        !self.reading.free || self.solutions.len() == MOST_READINGS
    }

    fn may_be_absent(&self, segment: usize, at: usize) -> bool {
        !self.reading.complete || (self.typing && at == self.words.len()) || self.is_dispensable(segment)
    }

    /// True where the command runs without this segment.
    fn is_dispensable(&self, segment: usize) -> bool {
        let segment = &self.usage.segments[segment];
        let mut args = segment.elements.iter().flat_map(Element::args).peekable();
        let may_be_left_out = |arg| self.is_given(arg) || !self.spec.args[arg].required;
        segment.optional || (args.peek().is_some() && args.all(may_be_left_out))
    }

    fn is_given(&self, arg: usize) -> bool {
        self.given.contains(&arg) || self.so_far.found.iter().any(|found| found.arg == arg)
    }

    /// True where these elements are recognised without the literal before them: what is required, or has a form of its own. A
    /// text that may be left out takes any words, also those that were meant for something else, and once a time is given
    /// what follows is no second one.
    fn are_recognisable(&self, elements: &[Element]) -> bool {
        let mut args = elements.first().into_iter().flat_map(Element::args).peekable();
        let is_recognisable = |arg: usize| {
            let arg = &self.spec.args[arg];
            let is_second_time = arg.ty.is_time() && self.has_time();
            arg.required
                || !(is_second_time || matches!(arg.ty, ArgType::Text | ArgType::Bool | ArgType::Pairs))
        };
        args.peek().is_some() && args.all(is_recognisable)
    }

    /// True where every argument that the element holds is given some other way.
    fn has_all_args(&self, element: &Element) -> bool {
        let mut args = element.args().peekable();
        args.peek().is_some() && args.all(|arg| self.is_given(arg))
    }

    /// True where a time or a length of time is given.
    fn has_time(&self) -> bool {
        self.spec.args.iter().enumerate().any(|(place, arg)| arg.ty.is_time() && self.is_given(place))
    }

    fn is_typed(&self, at: usize) -> bool {
        self.typing && at + 1 == self.words.len()
    }

    fn is_any_literal(&self, text: &str) -> bool {
        self.usage.words.iter().any(|literal| same(literal, text))
    }

    fn stick(&mut self, at: usize, wanted: Option<&'a str>) {
        if at > self.stuck.0 {
            self.stuck = (at, wanted);
        } else if at == self.stuck.0 && self.stuck.1.is_none() {
            self.stuck.1 = wanted;
        }
    }
}
