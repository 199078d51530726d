//! Ways to write a character otherwise.

use std::ops::Range;

/// Escapes that are undone together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escapes {
    /// `\u002f`, `\/`, `\x2f`, `\x{2f}`, `\057` (JSON, shells and their like), `%2F` (URLs and forms), `&#x2f;`, `&sol;` (HTML and XML).
    Marked,
    /// The same, but that a number in HTML that does not end has every digit that follows: `&#x65e5 ` is one letter then, not the
    /// `&#x65` before an `e5` of the text. And `\0` is a zero whatever digit follows, as `<00>` is one: `g\01\0` is `g1` in
    /// UTF-16.
    Whole,
    /// `=2F`: quoted-printable (RFC 2045, 6.7). By themselves, as many a text looks like it: `token=deadbeef`.
    Equals,
}

/// Longer than any escape that a text may end in the middle of, in bytes: `&CounterClockwiseContourIntegral;`.
const LONGEST: usize = 34;
/// How many digits a number in an entity has at most, zeros before it among them.
const DIGITS: usize = 10;

/// As `less` and `vim` show a byte that is zero.
const ZERO: &[u8] = b"<00>";

/// What an escape writes.
pub(super) enum Written {
    Nothing,
    /// Part of UTF-8, or a character of Latin-1.
    Byte(u8),
    Character(char),
}

impl Written {
    fn character(code: u32) -> Option<Self> {
        char::from_u32(code).map(Self::Character)
    }

    fn byte(digits: &[u8], radix: u32) -> Option<Self> {
        Some(Self::Byte(u8::try_from(number(digits, radix)?).ok()?))
    }
}

impl Escapes {
    /// False where there are none for certain.
    pub(super) fn may_be_in(self, bytes: &[u8]) -> bool {
        match self {
            Self::Marked => self.next(bytes, 0).is_some(),
            Self::Whole => {
                let length = |at: usize, whole| entity(&bytes[at..], whole).map(|(_, length)| length);
                bytes.iter().enumerate().any(|(at, byte)| match byte {
                    b'&' => length(at, true) != length(at, false),
                    b'\\' => matches!(bytes[at..], [_, b'0', b'0'..=b'7', ..]),
                    b'<' => bytes[at..].starts_with(ZERO),
                    _ => false,
                })
            }
            // It is common where nothing is escaped.
            Self::Equals => {
                bytes.windows(3).any(|it| it[0] == b'=' && it[1..].iter().all(u8::is_ascii_hexdigit))
            }
        }
    }

    /// Where the next one may begin.
    pub(super) fn next(self, bytes: &[u8], from: usize) -> Option<usize> {
        let rest = bytes.get(from..)?;
        let found = match self {
            Self::Marked => rest.iter().position(|byte| matches!(byte, b'\\' | b'%' | b'&')),
            Self::Whole => rest.iter().position(|byte| matches!(byte, b'\\' | b'%' | b'&' | b'<')),
            Self::Equals => rest.iter().position(|byte| *byte == b'='),
        };
        found.map(|at| from + at)
    }

    /// What the escape at the start of `rest` writes, and its length; none where it is no escape.
    pub(super) fn read(self, rest: &[u8]) -> Option<(Written, usize)> {
        match rest.first()? {
            b'\\' if self == Self::Whole && rest.get(1) == Some(&b'0') => Some((Written::Nothing, 2)),
            b'\\' => backslash(rest),
            b'<' => rest.starts_with(ZERO).then_some((Written::Nothing, ZERO.len())),
            b'%' if rest.get(1) == Some(&b'u') => {
                Some((Written::character(number(rest.get(2..6)?, 16)?)?, 6))
            }
            b'%' => Some((Written::byte(rest.get(1..3)?, 16)?, 3)),
            b'&' => entity(rest, self == Self::Whole),
            // A line that is broken softly: white space is left out already.
            _ => Some(
                rest.get(1..3)
                    .and_then(|digits| Written::byte(digits, 16))
                    .map_or((Written::Nothing, 1), |byte| (byte, 3)),
            ),
        }
    }

    /// True where a text that ends with these bytes may end in the middle of the escape at their start, which is read as one
    /// of that length.
    pub(super) fn is_cut(self, rest: &[u8], read: Option<usize>) -> bool {
        // Before anything looks through all that is left.
        if rest.len() >= LONGEST {
            return false;
        }
        let is_number = |digits: &[u8]| digits.first().is_some_and(u8::is_ascii_digit);
        let may_go_on = match (rest, read) {
            (_, None) => true,
            // A soft break, of which the digits are to come.
            ([b'=', ..], Some(length)) => length == 1,
            // An octal number is read with fewer digits than are to come.
            ([b'\\', digits @ ..], Some(length)) => is_number(digits) && length == rest.len() && length < 4,
            // Further digits may come, or the end.
            ([b'&', ..], Some(_)) => !rest.contains(&b';'),
            _ => false,
        };
        may_go_on && rest[1..].iter().all(|byte| byte.is_ascii_alphanumeric() || b"\\{#".contains(byte))
    }
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    digits.iter().all(u8::is_ascii_alphanumeric).then_some(())?;
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok()
}

fn backslash(rest: &[u8]) -> Option<(Written, usize)> {
    let hex = |range: Range<usize>| number(rest.get(range)?, 16);
    match rest.get(1)? {
        // Rust, JavaScript; Perl.
        b'u' | b'x' if rest.get(2) == Some(&b'{') => {
            let digits = rest.iter().take(10).position(|byte| *byte == b'}')?;
            Some((Written::character(hex(3..digits)?)?, digits + 1))
        }
        b'u' => match hex(2..6)? {
            // Two of them write one character.
            high @ 0xd800..=0xdbff if rest.get(6..8) == Some(b"\\u") => {
                let low = hex(8..12)?.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
                Some((Written::character(0x1_0000 + ((high - 0xd800) << 10) + low)?, 12))
            }
            // Half of a character, cut from the other one.
            0xd800..=0xdfff => Some((Written::Nothing, 6)),
            code => Some((Written::character(code)?, 6)),
        },
        b'U' => Some((Written::character(hex(2..10)?)?, 10)),
        b'x' => Some((Written::byte(rest.get(2..4)?, 16)?, 4)),
        b'0'..=b'7' => {
            let digits = rest[1..].iter().take(3).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
            Some((Written::byte(rest.get(1..=digits)?, 8)?, 1 + digits))
        }
        // A backspace takes back what is written, as one that is not escaped does.
        b'b' => Some((Written::Byte(0x08), 2)),
        b'n' | b't' | b'r' | b'f' | b'v' => Some((Written::Nothing, 2)),
        mark if mark.is_ascii_punctuation() => Some((Written::Byte(*mark), 2)),
        _ => None,
    }
}

/// Every name that HTML gives a character of ASCII
/// (<https://html.spec.whatwg.org/multipage/named-characters.html#named-character-references>).
pub(super) const NAMED: [(&str, u8); 45] = [
    ("AMP", b'&'),
    ("DiacriticalGrave", b'`'),
    ("GT", b'>'),
    ("Hat", b'^'),
    ("LT", b'<'),
    ("NewLine", b'\n'),
    ("QUOT", b'"'),
    ("Tab", b'\t'),
    ("UnderBar", b'_'),
    ("VerticalLine", b'|'),
    ("amp", b'&'),
    ("apos", b'\''),
    ("ast", b'*'),
    ("bsol", b'\\'),
    ("colon", b':'),
    ("comma", b','),
    ("commat", b'@'),
    ("dollar", b'$'),
    ("equals", b'='),
    ("excl", b'!'),
    ("grave", b'`'),
    ("gt", b'>'),
    ("lbrace", b'{'),
    ("lbrack", b'['),
    ("lcub", b'{'),
    ("lowbar", b'_'),
    ("lpar", b'('),
    ("lsqb", b'['),
    ("lt", b'<'),
    ("midast", b'*'),
    ("num", b'#'),
    ("percnt", b'%'),
    ("period", b'.'),
    ("plus", b'+'),
    ("quest", b'?'),
    ("quot", b'"'),
    ("rbrace", b'}'),
    ("rbrack", b']'),
    ("rcub", b'}'),
    ("rpar", b')'),
    ("rsqb", b']'),
    ("semi", b';'),
    ("sol", b'/'),
    ("verbar", b'|'),
    ("vert", b'|'),
];

/// A number needs no `;` after it (HTML: "missing-semicolon-after-character-reference"), a name does. One without has the digits
/// that make a letter of ASCII, where any do, or as a `whole` all that follow.
fn entity(rest: &[u8], whole: bool) -> Option<(Written, usize)> {
    let ended = |length: usize| length + usize::from(rest.get(length) == Some(&b';'));
    if rest.get(1) == Some(&b'#') {
        let (start, radix) = if matches!(rest.get(2)?, b'x' | b'X') { (3, 16) } else { (2, 10) };
        let digits = rest[start..].iter().take(DIGITS).take_while(|byte| char::from(**byte).is_digit(radix));
        let end = start + digits.count();
        let code = |end: usize| number(rest.get(start..end)?, radix);
        // White space is left out already: digits of the text may follow one that does not end.
        let is_plain = |end: &usize| code(*end).is_some_and(|code| (0x21..=0x7e).contains(&code));
        let is_whole = whole || rest.get(end) == Some(&b';');
        let end = (start..=end).rev().find(is_plain).filter(|_| !is_whole).unwrap_or(end);
        return Some((Written::character(code(end)?)?, ended(end)));
    }
    let length = rest[1..].iter().take(LONGEST).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let name = std::str::from_utf8(&rest[1..=length]).ok().filter(|name| !name.is_empty())?;
    (rest.get(1 + length) == Some(&b';')).then_some(())?;
    let byte = NAMED.iter().find(|(known, _)| *known == name).map(|(_, byte)| *byte);
    // Any other names a letter that is left out, or nothing.
    Some((byte.map_or(Written::Nothing, Written::Byte), length + 2))
}

#[cfg(test)]
mod tests {
    use callboard_domain::secret::SecretString;

    use super::super::Redactor;

    /// UTF-16 with its zeros as escapes: a digit after one is a character of its own.
    #[test]
    fn zeros_are_left_out() {
        let redactor = Redactor::new(&[SecretString::from("g1thub_pat-Zx9Kq2Lw8Rt5")]);
        let written =
            |secret: &str, zero: &str| secret.chars().map(|c| format!("{c}{zero}")).collect::<String>();
        for zero in ["\\0", "\\x00", "\\u0000", "<00>", "%00"] {
            let text = format!("a {} b", written("g1thub_pat-Zx9Kq2Lw8Rt5", zero));
            let clean = redactor.text(&text).into_owned();
            let rest = clean.strip_prefix("a [REDACTED]").and_then(|rest| rest.strip_suffix(" b"));
            assert!(rest.is_some_and(|rest| rest.is_empty() || rest == zero), "{zero}: {clean}");
            let other = written("g1thub_pat-Zx9Kq2Lw8Rt6", zero);
            assert_eq!(redactor.text(&other), other);
        }
        for other in ["a <00> b \\01 \\0", "<b>g1thub</b> \\060", "<0", "\\0"] {
            assert_eq!(redactor.text(other), other);
        }
    }
}
