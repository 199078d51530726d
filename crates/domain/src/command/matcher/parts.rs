//! The parts of a usage against the words from one place on: which comes next, and what may be left out.

use super::{Found, MOST_STEPS, Matcher, Word, segment_set::SegmentSet};
use crate::{
    command::{ArgSpec, ArgType, usage::Element, value::names},
    duration::Span,
    until::{LEADS, looks_like_time},
};

/// So many words of a text are looked at for a time that it begins with.
const MOST_WORDS: usize = 9;

/// What is still to be matched.
pub(super) enum Todo<'t, 'u> {
    Segments(SegmentSet),
    Elements(&'u [Element], &'t Todo<'t, 'u>),
}

impl<'a> Matcher<'a> {
    // What walks on, here and in `word`, returns true once no further reading is wanted.

    pub(super) fn go_on(&mut self, todo: &Todo<'_, 'a>, at: usize) -> bool {
        match todo {
            Todo::Segments(left) => self.segments(*left, at),
            Todo::Elements(elements, then) => self.elements(elements, then, at, false),
        }
    }

    pub(super) fn segments(&mut self, left: SegmentSet, at: usize) -> bool {
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
                // What only its place identifies cannot replace what is missing.
                after.0 &= self.led.0;
            }
            return self.may_be_absent(next, at) && self.segments(after, at);
        }
        // What a literal leads can move; values that only their place identifies keep their order.
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
    fn named(&mut self, left: SegmentSet, at: usize) -> bool {
        let Some(arg) = self.arg_named(at) else { return false };
        let value = match self.usage.is_rest(arg) {
            true => at + 1..self.words.len(),
            false => at + 1..self.time_end(arg, at + 1).unwrap_or(at + 2),
        };
        if value.start == self.words.len() {
            if self.reading.complete {
                return false;
            }
            self.so_far.asked.push(arg);
            let done = self.segments(left, at + 1);
            self.so_far.asked.pop();
            return done;
        }
        // "silence Alert 2h" silences what is called Alert: nothing is called "2h".
        let first = self.words[value.start].token;
        let is_length = !first.is_quoted() && first.text.parse::<Span>().is_ok();
        if is_length && matches!(self.spec.args[arg].ty, ArgType::Item(_)) {
            return false;
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

    /// `duration 3h`, which is not the beginning of a text.
    fn is_a_time_by_name(&self, at: usize) -> bool {
        let is_named = |arg: &ArgSpec| arg.ty.is_time() && names(&self.words[at].token.text, &arg.name);
        self.spec.args.iter().position(is_named).is_some_and(|arg| {
            let is_next = |next: &Word<'_>| self.spec.args[arg].ty.accepts(&next.token.text);
            self.time_end(arg, at + 1).is_some() || self.words.get(at + 1).is_some_and(is_next)
        })
    }

    /// Matches these elements, then what is to follow. `led`: a literal was right before.
    pub(super) fn elements(
        &mut self,
        elements: &'a [Element],
        then: &Todo<'_, 'a>,
        at: usize,
        led: bool,
    ) -> bool {
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
                Some(literal) => {
                    (self.is_literal(literal, at) && self.elements(others, then, at + 1, true))
                        || (self.reading.unled
                            && self.are_recognisable(others)
                            && self.elements(others, then, at, false))
                }
                None => self.value(pieces, others, then, at),
            },
        }
    }

    /// The words have come to an end inside a segment.
    fn cut_off(&mut self, first: &'a Element, others: &'a [Element], then: &Todo<'_, 'a>, led: bool) -> bool {
        let end = self.words.len();
        let over = self.typing || matches!(first, Element::Group(_)) || (led && self.has_all_args(first));
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

    /// True for a word that leads a time elsewhere, where one is given and nothing like one follows: `2h until it is fixed`.
    fn leads_text(&self, at: usize) -> bool {
        let others = self.words[at + 1..].iter().take(MOST_WORDS).map(|word| word.token.text.as_str());
        LEADS.iter().any(|lead| names(&self.words[at].token.text, lead))
            && at + 1 < self.words.len()
            && self.has_time()
            && !looks_like_time(&others.collect::<Vec<_>>().join(" "))
    }

    fn rest(&mut self, arg: usize, then: &Todo<'_, 'a>, at: usize) -> bool {
        let head = &self.words[at];
        let own_word = head.may_name
            && !head.token.is_quoted()
            && (names(&head.token.text, &self.spec.args[arg].name)
                || (self.is_any_literal(&head.token.text) && !self.leads_text(at))
                || self.is_a_time_by_name(at));
        if own_word && !self.reading.own_words && !self.is_typed(at) {
            self.stick(at, None);
            return false;
        }
        let end = self.words.len();
        self.with(Found { arg, words: at..end, part: None }, |matcher| matcher.go_on(then, end))
    }
}
