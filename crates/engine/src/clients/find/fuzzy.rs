//! Whether a text is what somebody means by a few letters, how well, and which of its letters those are.

use nucleo_matcher::{
    Config, Matcher, Utf32Str,
    pattern::{AtomKind, CaseMatching, Normalization, Pattern},
};
use unicode_segmentation::UnicodeSegmentation;

use crate::api::{HighlightedText, TextSpan};

/// What a letter must count for on average (a letter in a row or at the start of a word is worth 16 and more, one after a
/// gap loses 3 and 1 for each letter left out): letters scattered anywhere in a text mean nothing.
const WORTH: u32 = 13;
/// A word up to this long may be meant by letters with gaps even where other texts hold it as it stands. The time that
/// gaps cost grows with the length of the word, and nobody abbreviates with so many letters.
const ABBREVIATED: usize = 6;

/// What somebody typed: words in any order, each with its letters in their order.
pub(crate) struct FuzzyQuery {
    pattern: Pattern,
    /// Each word as it stands.
    whole: Pattern,
    letters: u32,
    abbreviates: bool,
    matcher: Matcher,
}

impl FuzzyQuery {
    /// `None` where nothing is typed.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let letters = text.split_whitespace().flat_map(|word| word.graphemes(true)).count();
        let letters = u32::try_from(letters).ok().filter(|count| (1..=200).contains(count))?;
        let mut config = Config::DEFAULT;
        config.prefer_prefix = true;
        let pattern = |kind| Pattern::new(text, CaseMatching::Ignore, Normalization::Smart, kind);
        Some(Self {
            pattern: pattern(AtomKind::Fuzzy),
            whole: pattern(AtomKind::Substring),
            abbreviates: text.split_whitespace().all(|word| word.chars().count() <= ABBREVIATED),
            letters,
            matcher: Matcher::new(config),
        })
    }

    /// What a letter counts for on average, where the text is meant.
    pub(crate) fn quality(&mut self, text: Utf32Str<'_>) -> Option<u32> {
        let score = self.pattern.score(text, &mut self.matcher)?;
        Some(score / self.letters).filter(|quality| *quality >= WORTH)
    }

    /// The same where the text holds every word as it stands: found much faster.
    pub(crate) fn quality_whole(&mut self, text: Utf32Str<'_>) -> Option<u32> {
        Some(self.whole.score(text, &mut self.matcher)? / self.letters)
    }

    /// A rough score, found in one pass over the text: to choose which texts to look at closely.
    pub(crate) fn quality_at_a_glance(&mut self, text: Utf32Str<'_>) -> Option<u32> {
        let mut score = 0;
        for word in &self.pattern.atoms {
            score += u32::from(self.matcher.fuzzy_match_greedy(text, word.needle_text())?);
        }
        Some(score / self.letters)
    }

    /// True where letters with gaps are worth looking for after this many texts contain the words as typed.
    pub(crate) fn is_worth_more(&self, found: usize, limit: usize) -> bool {
        found == 0 || (found < limit && self.abbreviates)
    }

    /// As [`Self::quality`] for a text that is not at hand in that form.
    pub(crate) fn quality_of(&mut self, text: &str) -> Option<u32> {
        self.quality(Utf32Str::new(text, &mut Vec::new()))
    }

    /// The places of the letters in a text, in order.
    fn places(&mut self, text: Utf32Str<'_>) -> Vec<u32> {
        let mut places = Vec::new();
        self.pattern.indices(text, &mut self.matcher, &mut places);
        places.sort_unstable();
        places.dedup();
        places
    }

    /// A text with the letters marked that were found in a whole that begins with it.
    pub(crate) fn mark(&mut self, whole: Utf32Str<'_>, beginning: &str) -> HighlightedText {
        pieces(beginning, &self.places(whole))
    }

    /// A text with its letters marked.
    pub(crate) fn marked(&mut self, text: &str) -> HighlightedText {
        self.mark(Utf32Str::new(text, &mut Vec::new()), text)
    }
}

/// A text in pieces: the letters at these places, and the others.
fn pieces(text: &str, places: &[u32]) -> HighlightedText {
    let mut pieces: HighlightedText = Vec::new();
    for (at, letter) in (0_u32..).zip(text.graphemes(true)) {
        let matched = places.binary_search(&at).is_ok();
        match pieces.last_mut() {
            Some(last) if last.matched == matched => last.text.push_str(letter),
            _ => pieces.push(TextSpan { text: letter.to_owned(), matched }),
        }
    }
    pieces
}

/// A text in which each of these words is marked as it stands.
pub(crate) fn with_words(text: &str, words: &str) -> HighlightedText {
    let lower: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
    let letters: Vec<String> = text.graphemes(true).map(str::to_lowercase).collect();
    let mut places = Vec::new();
    for word in &lower {
        let length = word.graphemes(true).count();
        for (at, window) in letters.windows(length.max(1)).enumerate() {
            if window.concat() == *word {
                places.extend((at..at + length).filter_map(|at| u32::try_from(at).ok()));
            }
        }
    }
    places.sort_unstable();
    places.dedup();
    pieces(text, &places)
}

/// The same as a person sees it: what is marked stands in brackets.
#[cfg(test)]
pub(crate) fn shown(marked: &HighlightedText) -> String {
    let piece =
        |piece: &TextSpan| if piece.matched { format!("[{}]", piece.text) } else { piece.text.clone() };
    marked.iter().map(piece).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_letters_mean_a_text() {
        // typed, text, as it is marked
        let cases = [
            ("dep", "deploy", Some("[dep]loy")),
            ("DEP", "deploy", Some("[dep]loy")),
            ("dpl", "deploy", Some("[d]e[pl]oy")),
            ("pra", "pr approve", Some("[pr] [a]pprove")),
            ("approve pr", "pr approve", Some("[pr] [approve]")),
            ("web479", "acme/web#479", Some("acme/[web]#[479]")),
            ("zuerich", "Zürich", None),
            ("zurich", "Zürich", Some("[Zürich]")),
            ("fam", "👨‍👩‍👧 family", Some("👨‍👩‍👧 [fam]ily")),
            ("deploy", "xdxxxxexxxxpxxxxlxxxxoxxxxy", None),
            ("xyz", "deploy", None),
            ("a\\", "a\\b", Some("[a\\]b")),
            ("^d", "deploy", None),
        ];
        for (typed, text, expected) in cases {
            let mut wanted = FuzzyQuery::new(typed).unwrap();
            let found = wanted.quality_of(text).map(|_| shown(&wanted.marked(text)));
            assert_eq!(found.as_deref(), expected, "{typed:?} in {text:?}");
        }
        for nothing in ["", "  "] {
            assert!(FuzzyQuery::new(nothing).is_none());
        }
    }

    #[test]
    fn better_matches_are_worth_more() {
        let mut wanted = FuzzyQuery::new("deploy").unwrap();
        let mut of = |text: &str| wanted.quality_of(text).unwrap_or(0);
        let worth = [of("deploy"), of("redeploy"), of("model repo lofty")];
        assert!(worth.is_sorted_by(|one, other| one > other), "{worth:?}");
    }

    #[test]
    fn only_the_beginning_is_marked() {
        let mut wanted = FuzzyQuery::new("web unit").unwrap();
        let mut buffer = Vec::new();
        let whole = Utf32Str::new("web main unit tests failed", &mut buffer);
        assert_eq!(shown(&wanted.mark(whole, "web main")), "[web] main");
    }

    #[test]
    fn words_are_marked_as_they_stand() {
        let cases = [
            ("Fix the Cache", "cache fix", "[Fix] the [Cache]"),
            ("nothing", "else", "nothing"),
            ("aaa", "aa", "[aaa]"),
            ("", "x", ""),
        ];
        for (text, words, expected) in cases {
            assert_eq!(shown(&with_words(text, words)), expected);
        }
    }
}
