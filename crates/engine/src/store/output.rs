//! The output of a run: its beginning and its end, and how much between them was left out.

use callboard_domain::text;

/// How much of the beginning is kept, in bytes.
pub(crate) const HEAD: usize = 64 << 10;
/// How much of the end is kept, in bytes.
pub(crate) const TAIL: usize = 960 << 10;

/// An output as far as it is kept. Places in it are bytes of the whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Output {
    /// Its beginning.
    pub head: String,
    /// How many bytes after the beginning were left out.
    pub left_out: u64,
    /// Its end; empty as long as all of it is in `head`.
    pub tail: String,
}

impl Output {
    /// Adds to the end. Terminal escapes and control characters are taken out.
    pub(crate) fn push(&mut self, piece: &str) {
        let piece = text::block(piece, usize::MAX);
        let mut rest = piece.as_str();
        if self.tail.is_empty() && self.left_out == 0 && self.head.len() < HEAD {
            let (first, after) = rest.split_at(rest.floor_char_boundary(HEAD - self.head.len()));
            self.head.push_str(first);
            rest = after;
        }
        self.tail.push_str(rest);
        // Rarely: every cut moves all that is kept.
        if self.tail.len() > 2 * TAIL {
            let cut = self.tail.ceil_char_boundary(self.tail.len() - TAIL);
            self.tail.drain(..cut);
            self.left_out += cut as u64;
        }
    }

    /// How long the whole is.
    pub fn total(&self) -> u64 {
        self.head.len() as u64 + self.left_out + self.tail.len() as u64
    }

    /// What comes after a place, in at most two pieces with the places where they begin: a gap is what was left out.
    pub(crate) fn pieces_since(&self, seen: u64) -> Vec<(u64, &str)> {
        let tail_at = self.head.len() as u64 + self.left_out;
        let pieces = [(0, self.head.as_str()), (tail_at, self.tail.as_str())];
        let unseen = |(begins, piece): (u64, &'_ str)| {
            let skip = usize::try_from(seen.saturating_sub(begins)).unwrap_or(usize::MAX);
            (begins, piece.ceil_char_boundary(skip.min(piece.len())))
        };
        let unseen = pieces.map(|piece| (unseen(piece), piece.1));
        unseen
            .into_iter()
            .filter(|((_, skip), piece)| *skip < piece.len())
            .map(|((begins, skip), piece)| (begins + skip as u64, &piece[skip..]))
            .collect()
    }

    /// What comes after a place, for people: a line says what was left out.
    pub fn since(&self, seen: u64) -> String {
        let mut text = String::new();
        let mut at = seen;
        for (begins, piece) in self.pieces_since(seen) {
            if begins > at {
                text.push_str(&note(begins - at));
            }
            text.push_str(piece);
            at = begins + piece.len() as u64;
        }
        text
    }
}

fn note(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("\n… {bytes} bytes left out …\n"),
        1_000..1_000_000 => format!("\n… {} kB left out …\n", bytes / 1_000),
        _ => format!("\n… {}.{} MB left out …\n", bytes / 1_000_000, bytes / 100_000 % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pieces: &[&str]) -> Output {
        let mut output = Output::default();
        pieces.iter().for_each(|piece| output.push(piece));
        output
    }

    #[test]
    fn short_output_is_whole_and_read_on_from_anywhere() {
        let output = of(&["one\n", "two\n", "\u{1b}[31mthree\n"]);
        let cases = [(0, "one\ntwo\nthree\n"), (4, "two\nthree\n"), (14, ""), (99, "")];
        for (seen, expected) in cases {
            assert_eq!(output.since(seen), expected, "{seen}");
        }
        assert_eq!(output.total(), 14);
    }

    #[test]
    fn beginning_and_end_of_a_long_output_are_kept_and_the_rest_is_counted() {
        let line = format!("{}é\n", "x".repeat(997));
        let mut output = of(&["first line\n"]);
        let mut whole = "first line\n".len();
        for _ in 0..10_000 {
            output.push(&line);
            whole += line.len();
            assert!(output.head.len() <= HEAD && output.tail.len() <= 2 * TAIL);
        }
        output.push("last line\n");
        whole += "last line\n".len();
        assert_eq!(output.total(), whole as u64);
        let text = output.since(0);
        assert!(text.starts_with("first line\nxxx") && text.ends_with("é\nlast line\n"));
        assert!(text.contains(" MB left out …\n"), "the gap is marked");
        assert!(text.len() >= HEAD + TAIL - 8, "{}", text.len());
        // A client that has seen the beginning gets the gap as well; one near the end does not.
        assert!(output.since(100).contains("left out"));
        assert_eq!(output.since(whole as u64 - 10), "last line\n");
    }

    #[test]
    fn one_huge_piece_is_bounded() {
        let output = of(&[&"é".repeat(4 << 20)]);
        assert!(output.head.len() <= HEAD && output.tail.len() <= 2 * TAIL);
        assert_eq!(output.total(), 8 << 20);
    }

    #[test]
    fn omitted_output_is_counted_in_round_numbers() {
        for (bytes, expected) in
            [(7, "7 bytes"), (1_500, "1 kB"), (999_999, "999 kB"), (12_345_678, "12.3 MB")]
        {
            assert!(note(bytes).contains(expected), "{bytes}: {}", note(bytes));
        }
    }
}
