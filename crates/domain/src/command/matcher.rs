//! Which words of a line go to which argument: a usage matched against words, one reading after another.

use std::ops::Range;

use super::{
    ArgType, CommandSpec,
    token::Token,
    usage::{Element, Piece, Usage},
    value::{names, same},
};
use crate::duration::Span;

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
pub(super) struct Reading {
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
    /// An argument can be given again.
    pub(super) again: bool,
}

impl Reading {
    /// As the usage says.
    pub(super) const EXACT: Self =
        Self { complete: true, typed: true, names: false, free: false, own_words: false, again: false };
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
    led: Left,
    /// True where the last word is still being typed: it fits everywhere, and nothing needs to follow it.
    typing: bool,
    reading: Reading,
    so_far: Solution,
    solutions: Vec<Solution>,
    steps: u32,
    /// The furthest word that fitted nowhere, and a word that would have.
    pub(super) stuck: (usize, Option<&'a str>),
    /// Literals that may stand where the word being typed is.
    pub(super) literals: Vec<&'a str>,
}

/// What is still to be matched.
enum Todo<'t, 'u> {
    Segments(Left),
    Elements(&'u [Element], &'t Todo<'t, 'u>),
}

/// Segments, one bit each.
#[derive(Clone, Copy)]
struct Left(u32);

impl Left {
    fn all(count: usize) -> Self {
        Self(u32::MAX.checked_shr(u32::BITS - count as u32).unwrap_or(0))
    }

    fn without(self, segment: usize) -> Self {
        Self(self.0 & !(1 << segment))
    }

    fn iter(self) -> impl Iterator<Item = usize> {
        (0..u32::BITS as usize).filter(move |segment| self.0 & (1 << segment) != 0)
    }
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
            led: Left(led.fold(0, |bits, segment| bits | 1 << segment)),
            typing,
            reading: Reading::EXACT,
            so_far: Solution::default(),
            solutions: Vec::new(),
            steps: 0,
            stuck: (0, None),
            literals: Vec::new(),
        }
    }

    /// The ways to read the words: none, one, or with [`Reading::free`] several that differ.
    pub(super) fn read(&mut self, reading: Reading) -> Vec<Solution> {
        self.reading = reading;
        self.so_far = Solution::default();
        self.steps = 0;
        self.stuck = (0, None);
        self.literals.clear();
        self.segments(Left::all(self.usage.segments.len()), 0);
        let solutions = std::mem::take(&mut self.solutions);
        // A search that was cut short may have missed a second way.
        if self.steps > MOST_STEPS { Vec::new() } else { solutions }
    }

    /// The text that was found for an argument.
    pub(super) fn text(&self, found: &Found) -> String {
        let words = &self.words[found.words.clone()];
        match (&found.part, words) {
            (Some(part), [word]) => word.token.text[part.clone()].to_owned(),
            _ => words.iter().map(|word| word.token.text.as_str()).collect::<Vec<_>>().join(" "),
        }
    }

    // Each of the functions below returns true once no further reading is wanted.

    fn go_on(&mut self, todo: &Todo<'_, 'a>, at: usize) -> bool {
        match todo {
            Todo::Segments(left) => self.segments(*left, at),
            Todo::Elements(elements, then) => self.elements(elements, then, at, false),
        }
    }

    fn segments(&mut self, left: Left, at: usize) -> bool {
        self.steps += 1;
        if self.steps > MOST_STEPS {
            return true;
        }
        if at == self.words.len() {
            return left.iter().all(|segment| self.may_be_absent(segment, at)) && self.accept();
        }
        if self.reading.names && self.named(left, at) {
            return true;
        }
        let usage = self.usage;
        if !self.reading.free {
            let Some(next) = left.iter().next() else {
                self.stick(at, None);
                return false;
            };
            let mut after = left.without(next);
            if self.elements(&usage.segments[next].elements, &Todo::Segments(after), at, false) {
                return true;
            }
            if !self.is_dispensable(next) {
                // What only its place tells apart cannot stand in for what lacks.
                after.0 &= self.led.0;
            }
            return self.may_be_absent(next, at) && self.segments(after, at);
        }
        // What a literal leads can move; values that only their place tells apart keep their order.
        let mut others = left;
        let mut in_turn = true;
        for segment in left.iter() {
            let led = self.led.0 & (1 << segment) != 0;
            let then = Todo::Segments(others.without(segment));
            if (led || in_turn) && self.elements(&usage.segments[segment].elements, &then, at, false) {
                return true;
            }
            if !led && in_turn {
                in_turn = self.is_dispensable(segment);
                others = if in_turn { others.without(segment) } else { others };
            }
        }
        self.stick(at, None);
        false
    }

    /// `name value` at this place.
    fn named(&mut self, left: Left, at: usize) -> bool {
        let Some(arg) = self.arg_named(at) else { return false };
        let value = if self.takes_rest(arg) { at + 1..self.words.len() } else { at + 1..at + 2 };
        if value.start == self.words.len() {
            if self.reading.complete {
                return false;
            }
            self.so_far.asked.push(arg);
            let done = self.segments(left, at + 1);
            self.so_far.asked.pop();
            return done;
        }
        let end = value.end;
        self.with(Found { arg, words: value, part: None }, |matcher| matcher.segments(left, end))
    }

    fn arg_named(&self, at: usize) -> Option<usize> {
        let word = &self.words[at];
        if !word.may_name || word.token.is_quoted() || self.is_typed(at) {
            return None;
        }
        let arg = self
            .spec
            .args
            .iter()
            .position(|arg| arg.ty != ArgType::Pairs && names(&word.token.text, &arg.name))?;
        (!self.is_given(arg)).then_some(arg)
    }

    fn takes_rest(&self, arg: usize) -> bool {
        fn any(elements: &[Element], arg: usize) -> bool {
            elements.iter().any(|element| match element {
                Element::Rest(rest) => *rest == arg,
                Element::Group(inner) => any(inner, arg),
                Element::Word(_) => false,
            })
        }
        self.usage.segments.iter().any(|segment| any(&segment.elements, arg))
    }

    /// Matches these elements, then what is to follow. `led` says that a literal stood right before.
    fn elements(&mut self, elements: &'a [Element], then: &Todo<'_, 'a>, at: usize, led: bool) -> bool {
        self.steps += 1;
        if self.steps > MOST_STEPS {
            return true;
        }
        let Some((first, others)) = elements.split_first() else { return self.go_on(then, at) };
        if at == self.words.len() {
            return self.cut_off(first, others, then, led);
        }
        match first {
            Element::Group(inner) => {
                self.elements(inner, &Todo::Elements(others, then), at, false)
                    || self.elements(others, then, at, led)
            }
            Element::Rest(arg) => self.rest(*arg, then, at),
            Element::Word(pieces) => match first.literal() {
                Some(literal) => self.is_literal(literal, at) && self.elements(others, then, at + 1, true),
                None => self.value(pieces, others, then, at),
            },
        }
    }

    /// The words have come to an end inside a segment.
    fn cut_off(&mut self, first: &'a Element, others: &'a [Element], then: &Todo<'_, 'a>, led: bool) -> bool {
        let end = self.words.len();
        let over = self.typing || matches!(first, Element::Group(_)) || (led && self.is_settled(first));
        if over {
            return self.elements(others, then, end, led);
        }
        if self.reading.complete {
            return false;
        }
        let asked = self.so_far.asked.len();
        if led {
            let args: Vec<_> = first.args().filter(|arg| !self.is_given(*arg)).collect();
            self.so_far.asked.extend(args);
        }
        let done = self.elements(others, then, end, led && first.literal().is_some());
        self.so_far.asked.truncate(asked);
        done
    }

    fn rest(&mut self, arg: usize, then: &Todo<'_, 'a>, at: usize) -> bool {
        let head = &self.words[at];
        let own_word = head.may_name
            && !head.token.is_quoted()
            && (names(&head.token.text, &self.spec.args[arg].name) || self.is_any_literal(&head.token.text));
        if own_word && !self.reading.own_words && !self.is_typed(at) {
            self.stick(at, None);
            return false;
        }
        let end = self.words.len();
        self.with(Found { arg, words: at..end, part: None }, |matcher| matcher.go_on(then, end))
    }

    fn is_literal(&mut self, literal: &'a str, at: usize) -> bool {
        let token = self.words[at].token;
        if self.is_typed(at) {
            let begins = literal.to_lowercase().starts_with(&token.text.to_lowercase());
            if begins && !token.is_quoted() && !self.literals.contains(&literal) {
                self.literals.push(literal);
            }
            return false;
        }
        let fits = !token.is_quoted() && same(&token.text, literal);
        if !fits {
            self.stick(at, Some(literal));
        }
        fits
    }

    /// A word that holds one argument or several.
    fn value(&mut self, pieces: &'a [Piece], others: &'a [Element], then: &Todo<'_, 'a>, at: usize) -> bool {
        if let [Piece::Arg(arg)] = pieces
            && self.spec.args[*arg].ty == ArgType::Duration
        {
            for end in (at + 2..=self.duration_end(at)).rev() {
                let found = Found { arg: *arg, words: at..end, part: None };
                if self.with(found, |matcher| matcher.elements(others, then, end, false)) {
                    return true;
                }
            }
        }
        let mark = self.so_far.found.len();
        let fits = !self.is_own_word(pieces, at)
            && self.pieces(pieces, at, 0) == Some(self.words[at].token.text.len());
        if !fits {
            self.stick(at, None);
        }
        let done = fits && self.elements(others, then, at + 1, false);
        self.so_far.found.truncate(mark);
        done
    }

    /// How far the words from here on are one length of time, such as `1h 30m`.
    fn duration_end(&self, at: usize) -> usize {
        let mut end = at;
        // A day, an hour, a minute and a second.
        let last = at + 4;
        let is_span = |word: &Word<'_>| !word.token.is_quoted() && word.token.text.parse::<Span>().is_ok();
        while end < last && self.words.get(end).is_some_and(is_span) && !self.is_typed(end) {
            end += 1;
        }
        end
    }

    /// Matches parts of a word from a byte of its text on; says where they end.
    fn pieces(&mut self, pieces: &[Piece], at: usize, from: usize) -> Option<usize> {
        let Some((first, others)) = pieces.split_first() else { return Some(from) };
        let token = self.words[at].token;
        match first {
            Piece::Text(text) => {
                let end = from + text.len();
                (token.text[from..].starts_with(text.as_str()) && token.is_bare(from..end))
                    .then(|| self.pieces(others, at, end))?
            }
            Piece::Arg(arg) => {
                let end = separator(others, token, from);
                let whole = from == 0 && end == token.text.len();
                let empty = from == end && !(whole && token.is_quoted()) && !self.is_typed(at);
                let part = (!whole).then_some(from..end);
                if empty || !self.takes(*arg, &token.text[from..end], at) {
                    return None;
                }
                self.so_far.found.push(Found { arg: *arg, words: at..at + 1, part });
                self.pieces(others, at, end)
            }
            Piece::Optional(inner) => {
                let mark = self.so_far.found.len();
                let with = self.pieces(inner, at, from);
                if let Some(end) = with.and_then(|end| self.pieces(others, at, end)) {
                    return Some(end);
                }
                self.so_far.found.truncate(mark);
                self.pieces(others, at, from)
            }
        }
    }

    /// True where an argument may have this text.
    fn takes(&self, arg: usize, text: &str, at: usize) -> bool {
        let typed = !self.reading.typed || self.is_typed(at) || self.spec.args[arg].ty.accepts(text);
        typed && (self.reading.again || !self.is_given(arg))
    }

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
        let settled = |arg| self.is_given(arg) || !self.spec.args[arg].required;
        segment.optional || (args.peek().is_some() && args.all(settled))
    }

    fn is_given(&self, arg: usize) -> bool {
        self.given.contains(&arg) || self.so_far.found.iter().any(|found| found.arg == arg)
    }

    /// True where every argument that the element holds is given some other way.
    fn is_settled(&self, element: &Element) -> bool {
        let mut args = element.args().peekable();
        args.peek().is_some() && args.all(|arg| self.is_given(arg))
    }

    fn is_typed(&self, at: usize) -> bool {
        self.typing && at + 1 == self.words.len()
    }

    /// True where the word is one of the command's own, and no choice of the argument.
    fn is_own_word(&self, pieces: &[Piece], at: usize) -> bool {
        let word = &self.words[at];
        let text = &word.token.text;
        let is_choice = || match pieces {
            [Piece::Arg(arg)] => {
                let ty = &self.spec.args[*arg].ty;
                matches!(ty, ArgType::Choice(_)) && ty.accepts(text)
            }
            _ => false,
        };
        !self.reading.own_words
            && word.may_name
            && !word.token.is_quoted()
            && !self.is_typed(at)
            && (self.is_any_literal(text) || self.spec.args.iter().any(|arg| names(text, &arg.name)))
            && !is_choice()
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

/// Where a value that starts here ends: at the first text that may follow it, or with the word.
fn separator(following: &[Piece], token: &Token, from: usize) -> usize {
    let mut end = token.text.len();
    for piece in following {
        let (text, must) = match piece {
            Piece::Text(text) => (text.as_str(), true),
            Piece::Optional(inner) => match inner.first() {
                Some(Piece::Text(text)) => (text.as_str(), false),
                _ => continue,
            },
            Piece::Arg(_) => break,
        };
        end = token.find_bare(text, from).map_or(end, |at| at.min(end));
        if must {
            break;
        }
    }
    end
}
