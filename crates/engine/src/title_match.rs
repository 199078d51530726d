//! How much of a title somebody has typed: who types all of it means that one, however many others hold the same words.

/// How a title answers to what was typed; the better the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TitleMatch {
    /// Its words are in another order, or stand elsewhere than in the title.
    Other,
    /// Every word of it is there, in order, maybe inside of other words.
    InOrder,
    /// Each of them begins a word of it, in order.
    Words,
    /// It begins with it.
    Begins,
    /// It is that.
    Exact,
}

/// What was typed, made ready for many titles. Case and the width of blanks make no difference.
#[derive(Debug)]
pub(crate) struct TypedTitle {
    whole: String,
}

impl TypedTitle {
    pub(crate) fn new(typed: &str) -> Self {
        Self { whole: folded(typed) }
    }

    /// What was typed, [`folded`].
    pub(crate) fn text(&self) -> &str {
        &self.whole
    }

    /// How a title that was [`folded`] answers to it.
    pub(crate) fn of(&self, title: &str) -> TitleMatch {
        if self.whole.is_empty() {
            return TitleMatch::Other;
        }
        match title.strip_prefix(&self.whole) {
            Some("") => return TitleMatch::Exact,
            Some(_) => return TitleMatch::Begins,
            None => {}
        }
        let mut rest = title;
        let is_in_order = self.whole.split(' ').all(|word| {
            let Some((_, after)) = rest.split_once(word) else { return false };
            rest = after;
            true
        });
        match is_in_order {
            true if self.is_word_by_word(title) => TitleMatch::Words,
            true => TitleMatch::InOrder,
            false => TitleMatch::Other,
        }
    }

    /// True where each word that was typed begins a word of a title, in order.
    fn is_word_by_word(&self, title: &str) -> bool {
        let mut from = 0;
        self.whole.split(' ').all(|word| {
            let begins = |(at, _): &(usize, &str)| {
                let before = title.get(..from + at).unwrap_or_default();
                !word.starts_with(char::is_alphanumeric) || !before.ends_with(char::is_alphanumeric)
            };
            let rest = title.get(from..).unwrap_or_default();
            let Some((at, _)) = rest.match_indices(word).find(begins) else { return false };
            from += at + word.len();
            true
        })
    }
}

/// A title as it is compared: in lower case, with one blank between its words.
pub(crate) fn folded(title: &str) -> String {
    let mut folded = String::with_capacity(title.len());
    for word in title.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.push_str(&word.to_lowercase());
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_typed_in_full_is_the_best_match() {
        use TitleMatch::{Begins, Exact, InOrder, Other, Words};
        // typed, title
        let cases = [
            ("number 5 is high", "number 5 is high", Exact),
            (" Number  5 IS high ", "number 5 is\thigh", Exact),
            ("ÜBER", "über", Exact),
            ("number 5", "number 5 is high", Begins),
            ("number 5", "number 50 is high", Begins),
            ("5 high", "number 5 is high", Words),
            ("num high", "number 5 is high", Words),
            ("is here", "Load is <@here> high", Words),
            ("@here hi", "Load is <@here> high", Words),
            // Not at its first place, but at a later one.
            ("is", "This is it", Words),
            (": high", "load: high", Words),
            ("rr", "Error rate", InOrder),
            ("load is", "Download history", InOrder),
            ("number igh", "number 5 is high", InOrder),
            ("high number", "number 5 is high", Other),
            ("5 5", "number 5 is high", Other),
            ("number 5 is high now", "number 5 is high", Other),
            ("disk", "number 5 is high", Other),
            ("", "number 5 is high", Other),
            ("", "", Other),
        ];
        for (typed, title, expected) in cases {
            assert_eq!(TypedTitle::new(typed).of(&folded(title)), expected, "{typed:?} {title:?}");
        }
    }
}
