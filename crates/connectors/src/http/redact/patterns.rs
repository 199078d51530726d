//! What is searched for at once in one way to see a text.

use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::{
    forms::{Edges, Form, LONG, SHORT, WIDEST},
    view::{Place, View},
};

/// Forms of secrets that are searched for at once.
pub(super) struct Patterns {
    /// Of the beginnings of all forms: where none is, no form is, and it is small enough to be quick.
    beginnings: AhoCorasick,
    automaton: AhoCorasick,
    /// A text may end in the middle of one.
    pub(super) forms: Vec<Form>,
}

impl Patterns {
    pub(super) fn new(mut forms: Vec<Form>) -> Self {
        forms.retain(|(form, _)| form.len() >= LONG);
        forms.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        forms.dedup_by(|(one, _), (other, _)| one == other);
        let automaton = AhoCorasick::builder()
            .build(forms.iter().map(|(form, _)| form))
            .expect("a few short patterns make a small automaton");
        let mut beginnings: Vec<&[u8]> = forms.iter().map(|(form, _)| &form[..LONG]).collect();
        beginnings.dedup();
        let beginnings = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::DFA))
            .prefilter(false)
            .build(beginnings)
            .expect("a few short patterns make a small automaton");
        Self { beginnings, automaton, forms }
    }

    pub(super) fn is_in(&self, bytes: &[u8]) -> bool {
        !self.forms.is_empty() && self.beginnings.is_match(bytes) && self.automaton.is_match(bytes)
    }

    pub(super) fn find(&self, text: &str, view: &View<Vec<Place>>, found: &mut Vec<Range<usize>>) {
        if self.forms.is_empty() {
            return;
        }
        for hit in self.automaton.find_overlapping_iter(&view.bytes) {
            let edges = self.forms[hit.pattern()].1;
            found.push(with_unseen(text, view, widened(view, hit.range(), edges), edges));
        }
    }

    /// Where in the text a form begins that the view ends in the middle of. Too few bytes say nothing of a secret.
    pub(super) fn begins(&self, text: &str, view: &View<Vec<Place>>) -> Option<usize> {
        let bytes = &view.bytes;
        let longest = self.forms.iter().map(|(form, _)| form.len()).max()?;
        // A shorter end of the view that begins one, too, stands further on.
        (bytes.len().saturating_sub(longest)..=bytes.len().checked_sub(SHORT)?).find_map(|start| {
            let end = &bytes[start..];
            // They are in order: those that begin so are next to one another.
            let first = self.forms.partition_point(|(form, _)| form.as_slice() < end);
            let begun = self.forms[first..].iter().take_while(|(form, _)| form.starts_with(end));
            // Letters that a view leaves out may come after the whole of it.
            let may_go_on = begun.filter(|(form, edges)| end.len() < form.len() || edges.unseen_after > 0);
            may_go_on.map(|(_, edges)| with_unseen(text, view, start..bytes.len(), *edges).start).min()
        })
    }
}

/// With the neighbouring characters of base64 that hold bits of the secret, and its padding. What stands apart is no neighbour.
fn widened(view: &View<Vec<Place>>, range: Range<usize>, edges: Edges) -> Range<usize> {
    let bytes = &view.bytes;
    let is_base64 = |at: &usize| bytes[*at].is_ascii_alphanumeric() || b"+/-_".contains(&bytes[*at]);
    let is_next = |at: &usize| view.is_next_to_last(*at);
    let more = (0..range.start)
        .rev()
        .take(edges.before)
        .take_while(|at| is_base64(at) && is_next(&(at + 1)))
        .count();
    let ahead = |end: usize| (end..bytes.len()).take_while(is_next);
    let mut end = range.end + ahead(range.end).take(edges.after).take_while(is_base64).count();
    if edges.after > 0 {
        end += ahead(end).take(2).take_while(|at| bytes[*at] == b'=').count();
    }
    range.start - more..end
}

/// Where a part of a view stands in the text, with the letters right before and after it that the view leaves out.
fn with_unseen(text: &str, view: &View<Vec<Place>>, part: Range<usize>, edges: Edges) -> Range<usize> {
    let span = view.span(part.clone());
    let (mut start, mut end) = (text.floor_char_boundary(span.start), text.ceil_char_boundary(span.end));
    let (before, after) = view.left_out(&part, text.len());
    if edges.unseen_before > 0 {
        let from = before.start.max(start.saturating_sub(edges.unseen_before * WIDEST));
        let left_out = &text[text.ceil_char_boundary(from).min(start)..start];
        start -= left_out.rsplit(char::is_whitespace).next().map_or(0, str::len);
    }
    if edges.unseen_after > 0 {
        let to = after.end.min(end + edges.unseen_after * WIDEST);
        let left_out = &text[end..text.floor_char_boundary(to).max(end)];
        end += left_out.split(char::is_whitespace).next().map_or(0, str::len);
    }
    start..end
}
