//! Dumps of bytes, as `hexdump -C`, `xxd` and `od` write them: lines that begin with an offset, some bytes a line as digits and,
//! beside them, as text. A secret may go on in the next line, of which the offset then stands in the middle of it.

use std::ops::Range;

use super::{
    cell::{MAX_PREFIX, cell, digits_of_bytes, marked, text},
    numbers,
    seen::Seen,
    view::{Place, Places},
};

/// How much of a line is looked at where its end is not looked for, in bytes.
const LINE: usize = 256;

/// The longest text of a line, with its bars.
const TEXT: usize = 18;

/// The two columns of a dump, each as if it stood alone.
pub(super) type Columns<P> = [Seen<P>; 2];

/// The digits of a text's dumps, and their text, with offsets and without; none where it has no two lines of one. `place`: where
/// each byte of the text stands.
pub(super) fn columns<P: Places>(text: &str, place: impl Fn(usize) -> Place) -> Vec<Columns<P>> {
    let all = Lines::all(text.as_bytes()).filter(|lines| lines.digits.len() > 1);
    all.map(|lines| lines.columns(text, &place)).collect()
}

/// The same of a text that may end in the middle of a dump; none where other lines follow it.
pub(super) fn unfinished(text: &str, place: impl Fn(usize) -> Place) -> Vec<Columns<Vec<Place>>> {
    let all = Lines::all(text.as_bytes()).filter(|lines| !lines.is_over);
    all.map(|lines| lines.columns(text, &place)).collect()
}

/// True where a line may be one of a dump, or `*` for those that are left out.
pub(super) fn may_be(one: &[u8]) -> bool {
    ROWS.iter().any(|row| row(one).is_some()) || numbers::may_be(one) || one.trim_ascii() == b"*"
}

/// Where the text stands in lines of which the digits are masked: it was not there yet when they were. So with the lines after
/// them that show the same bytes.
pub(super) fn beside_masked(text: &str, mask: &str) -> Vec<Range<usize>> {
    let (mut found, mut start) = (Vec::new(), 0);
    // The last line that was masked, and where its offset stands in it.
    let mut first: Option<(&str, Range<usize>)> = None;
    let mut rows = 0;
    for line in text.split('\n') {
        let row = first
            .as_ref()
            .and_then(|(first, offset)| numbers::next_row(first.as_bytes(), offset, line.as_bytes()));
        if let Some(from) = row.filter(|_| rows < numbers::MAX_ROWS && line.len() <= LINE) {
            rows += 1;
            found.push(start + from..start + line.trim_ascii_end().len());
        } else {
            rows = 1;
            first = offset_of_masked(line, mask).map(|offset| (line, offset));
            if first.is_some() {
                found.extend(beside(line, mask).map(|text| start + text.start..start + text.end));
            }
        }
        start += line.len() + 1;
    }
    found
}

/// Where the offset stands in a line of which the digits are masked: nothing but digits stands between them.
fn offset_of_masked(line: &str, mask: &str) -> Option<Range<usize>> {
    let (masked, bytes) = (line.find(mask)?, line.as_bytes());
    let (mut at, mut offset) = (0, None);
    while let Some(cell) = cell(bytes, at).filter(|cell| cell.start < masked) {
        at = cell.end;
        let (digits, _) = marked(&bytes[cell.clone()]);
        let is_between = offset.is_some() && digits == b"-";
        offset = match digits.iter().all(u8::is_ascii_hexdigit) || is_between {
            true => offset.or((digits.len() >= 4).then_some(cell)),
            false => None,
        };
    }
    offset.filter(|_| at <= masked)
}

/// How much of what comes `next` belongs to a line of a dump that has come and is masked up to its end.
pub(super) fn rest_of_masked(before: &str, next: &str, mask: &str) -> usize {
    let line = before.rsplit('\n').next().unwrap_or_default().trim_end_matches([' ', '\t']);
    let length = next.find('\n').unwrap_or(next.len());
    let is_masked = line.ends_with(mask) && offset_of_masked(line, mask).is_some();
    if is_masked && length <= LINE { length } else { 0 }
}

fn beside(line: &str, mask: &str) -> Option<Range<usize>> {
    let bytes = line.as_bytes();
    let after = line.find(mask)? + mask.len();
    let mut at = after;
    while let Some(cell) = cell(bytes, at) {
        let length = bytes[cell.start..].trim_ascii_end().len();
        // Right after the last digits there may be but one blank.
        let is_apart = cell.start - at > 1
            || at == after && cell.start > at && !bytes[cell.clone()].iter().all(u8::is_ascii_hexdigit);
        if is_apart && length <= TEXT {
            return Some(cell.start..cell.start + length);
        }
        at = cell.end;
    }
    None
}

/// True where there may be one in a text of JSON: there its lines end with `\n`, written so.
pub(super) fn may_be_in_json(json: &str) -> bool {
    // How the lines that are left out are marked, of which each may show a single byte; and words in the first line of a text.
    let is_left_out = || json.contains("\\n*\\n") || json.contains("\\n*\\r");
    let begins_with_words = |text: &str| {
        let text = &text.as_bytes()[..text.len().min(LINE)];
        let end = text.iter().position(|byte| b"\"\\".contains(byte)).unwrap_or(text.len());
        numbers::is_of_words(&text[..end])
    };
    if json.split('"').skip(1).any(begins_with_words) || is_left_out() {
        return true;
    }
    let mut rest = json.as_bytes();
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        let is_break = rest.get(at + 1) == Some(&b'n');
        // What is escaped may be a backslash.
        rest = rest.get(at + 2..).unwrap_or_default();
        if is_break && may_be_line_in_json(&rest[..rest.len().min(LINE)]) {
            return true;
        }
    }
    false
}

fn may_be_line_in_json(json: &[u8]) -> bool {
    // The line ends, as it is written there, or the string does.
    let end = json.windows(2).position(|it| it == b"\\n" || it == b"\\r").unwrap_or(json.len());
    let one = &json[..json.iter().position(|byte| *byte == b'"').map_or(end, |quote| quote.min(end))];
    let has_tabs = || one.windows(2).any(|it| it == b"\\t");
    may_be(one) || has_tabs() && may_be(String::from_utf8_lossy(one).replace("\\t", "  ").as_bytes())
}

/// Finds where the digits of a dump's line stand, and its text.
type Row = fn(&[u8]) -> Option<[Range<usize>; 2]>;

/// Those of lines with offsets, and of lines without.
const ROWS: [Row; 2] = [line, numbers::before_text];

/// Where the columns of a text's dumps stand, line by line.
#[derive(Default)]
struct Lines {
    digits: Vec<Range<usize>>,
    text: Vec<Range<usize>>,
    /// True where the last of them is followed by a whole line of something else.
    is_over: bool,
}

impl Lines {
    /// Those of each kind of which a text has lines.
    fn all(text: &[u8]) -> impl Iterator<Item = Self> {
        ROWS.into_iter().filter_map(move |row| Self::of(text, row))
    }

    fn of(all: &[u8], row: Row) -> Option<Self> {
        let mut lines = Self::default();
        let mut start = 0;
        for one in all.split(|byte| *byte == b'\n') {
            let end = start + one.len();
            match row(one) {
                Some(columns) => {
                    let [digits, text] = columns.map(|column| start + column.start..start + column.end);
                    lines.digits.push(digits);
                    lines.text.push(text);
                    lines.is_over = false;
                }
                // The last line may go on.
                None => lines.is_over |= end < all.len(),
            }
            start = end + 1;
        }
        (!lines.digits.is_empty()).then_some(lines)
    }

    fn columns<P: Places>(self, text: &str, place: impl Fn(usize) -> Place) -> Columns<P> {
        [self.digits, self.text].map(|column| {
            let at: Vec<usize> = column.into_iter().flatten().collect();
            let bytes: Vec<u8> = at.iter().map(|at| text.as_bytes()[*at]).collect();
            Seen::read(&bytes, |byte| place(at[byte]))
        })
    }
}

/// Where the digits of a line with an offset stand, and its text.
fn line(line: &[u8]) -> Option<[Range<usize>; 2]> {
    let (from, is_marked) = offset(line)?;
    let (mut at, mut digits) = (from, 0);
    while let Some(cell) = cell(line, at) {
        let is_apart = at > from && cell.start - at > 1;
        if let Some(text) = is_apart.then(|| text(line, cell.start, digits / 2, is_marked)).flatten() {
            return Some([from..at, text]);
        }
        digits += digits_of_bytes(&line[cell.clone()]);
        at = cell.end;
    }
    Some([from..line.len(), line.len()..line.len()])
}

/// Where the offset of a line ends, and whether a `:` marks it: it has more digits than what comes after it.
fn offset(line: &[u8]) -> Option<(usize, bool)> {
    let mut found = cell(line, 0)?;
    while found.start < MAX_PREFIX {
        let next = cell(line, found.end)?;
        let (digits, is_marked) = marked(&line[found.clone()]);
        let is_longer = next.len() < digits.len() + usize::from(is_marked);
        if (4..=16).contains(&digits.len()) && is_longer && digits.iter().all(u8::is_ascii_hexdigit) {
            return Some((found.end, is_marked));
        }
        found = next;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line -> its digits and its text.
    #[test]
    fn columns_of_a_line() {
        let cases = [
            ("00000000  67 68 70 5f 5a 78  |ghp_Zx|", Some(("67 68 70 5f 5a 78", "ghp_Zx"))),
            ("00000000  67 68 70 7c 5a 78  |ghp|Zx|\r", Some(("67 68 70 7c 5a 78", "ghp|Zx"))),
            ("00000000: 6768 705f 5a78            ghp_Zx", Some(("6768 705f 5a78", "ghp_Zx"))),
            ("00000000: 6768 7c5f 5a78  gh|_Zx", Some(("6768 7c5f 5a78", "gh|_Zx"))),
            ("00000000: 7c68 7c5f 5a78  |h|_Zx", Some(("7c68 7c5f 5a78", "|h|_Zx"))),
            ("00000000   67 68 70  5F 5A 78  gh  Zx", Some(("67 68 70  5F 5A 78", "gh  Zx"))),
            ("0000000   g   h   p   _", Some(("g   h   p   _", ""))),
            ("0000000   d   e   a   d   b   e", Some(("d   e   a   d   b   e", ""))),
            ("000000 67 68 70  >ghp<", Some(("67 68 70", "ghp"))),
            // As many characters as bytes, and a blank for a bar between every eight.
            ("00000000: 67 68 70 5f 5a 78 38 31  ghp_Zx81", Some(("67 68 70 5f 5a 78 38 31", "ghp_Zx81"))),
            (
                "00000000: 67 68 70 5f 5a 78 38 31   50  ghp_Zx81 P",
                Some(("67 68 70 5f 5a 78 38 31   50", "ghp_Zx81 P")),
            ),
            (
                "00000000: 67 68 70 5f 5a 78 38 31  ghp_Zx81!",
                Some(("67 68 70 5f 5a 78 38 31  ghp_Zx81!", "")),
            ),
            ("\t0x0000:  6768 705f  ghp_", Some(("6768 705f", "ghp_"))),
            ("2026-11-22T11:00:00.1Z web | 00000010  67 68  |gh|", Some(("67 68", "gh"))),
            ("12345 00000010  67 68  |gh|", Some(("67 68", "gh"))),
            // What is cut is as far as it goes.
            ("00000010  67 6", Some(("67 6", ""))),
            ("00000010  67 68  |g", Some(("67 68", "g"))),
            ("00000010  ", None),
            ("00000010", None),
            ("", None),
            ("the build has passed in 12 s", None),
            ("2026-11-22 11:00:00 done", None),
        ];
        for (one, expected) in cases {
            let found = line(one.as_bytes()).map(|columns| columns.map(|column| one[column].trim()));
            assert_eq!(found, expected.map(|(digits, text)| [digits, text]), "{one}");
        }
    }

    /// A line of which something is masked already -> the text beside that.
    #[test]
    fn text_beside_what_is_masked() {
        let cases = [
            ("00000010  [MASK] 3b 61   |ue77;a|", Some("|ue77;a|")),
            ("00000010: 6768 [MASK]            ghp_Zx", Some("ghp_Zx")),
            ("00000010  [MASK]", None),
            ("00000010  [MASK];and.|", None),
            ("00000010 [MASK] it is a secret  of more than a line", None),
            ("user 7766 token=[MASK]  done", None),
            ("token [MASK]  done", None),
            ("done", None),
        ];
        for (line, expected) in cases {
            let found: Vec<&str> =
                beside_masked(line, "[MASK]").into_iter().map(|text| &line[text]).collect();
            assert_eq!(found, Vec::from_iter(expected), "{line}");
        }
        assert_eq!(beside_masked("a\n00000010  [MASK]  |gh|\nb", "[MASK]").first(), Some(&(20..24)));
    }

    #[test]
    fn dumps_in_json_are_seen() {
        let cases = [
            (r#"{"log":"a\n00000010  67 68  |gh|\n"}"#, true),
            (r#"{"log":"00000000  67 68  |gh|"}"#, false),
            (r#"{"log":"a\\n00000010  67 68  |gh|\\"}"#, false),
            (r#"{"log":"one\ntwo\n"}"#, false),
            (r#"{"log":" 1601202279   825784410\n"}"#, true),
            (r#"{"log":"1601202279   825784410"}"#, true),
            (r#"{"log":" 67\n*\n 68\n"}"#, true),
            (r#"{"log":" 67\n 68\n"}"#, false),
            ("\\", false),
            ("\\n", false),
        ];
        for (json, expected) in cases {
            assert_eq!(may_be_in_json(json), expected, "{json}");
        }
    }
}
