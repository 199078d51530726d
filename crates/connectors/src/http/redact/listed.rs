//! Bytes that a list shows one by one: as numbers with an index before each (`{"0":103,"1":104}`, `buf[0] = 0x67;`, `cmp -l`), as
//! characters in quotes (`['g', 'h']`, one a line in Perl's `Data::Dumper`), or as characters at the end of lines with a number
//! (`[0] => g`, `103, // g`).

use std::ops::Range;

use serde_json::Value;

use super::{
    cell::{cell, cell_before},
    decoded::Decoded,
    forms::{LONG, SHORT},
    view::{byte, place_of},
};

/// How a list counts: every so many numbers is an index, which of those after it is the byte, and in which base.
struct Counting {
    stride: usize,
    column: usize,
    radix: u32,
}

/// Every way that is tried: `cmp -l` writes an index and the bytes of both files, in octal.
const COUNTINGS: [Counting; 8] = [
    Counting { stride: 2, column: 1, radix: 10 },
    Counting { stride: 2, column: 1, radix: 8 },
    Counting { stride: 3, column: 1, radix: 10 },
    Counting { stride: 3, column: 1, radix: 8 },
    Counting { stride: 3, column: 2, radix: 10 },
    Counting { stride: 3, column: 2, radix: 8 },
    Counting { stride: 2, column: 1, radix: 16 },
    // Of `0x67` the `0` is a number of its own.
    Counting { stride: 3, column: 2, radix: 16 },
];

/// How far from the end of a text a list may stand that goes on, in bytes: a comma, a line break, the blanks before the next item
/// and its index.
const NEAR: u32 = 80;

/// A number, and where its digits stand.
type Number = (Range<usize>, u64);

/// What the lists of a text may write, in every way to read them.
pub(super) fn decoded(text: &str) -> impl Iterator<Item = Decoded> {
    read(text.as_bytes(), LONG, false)
}

/// The same of a text that may end in the middle of a list; nothing where something else follows it. Where it was `cut`, its last
/// number is left out: it may go on.
pub(super) fn unfinished(text: &str, cut: bool) -> impl Iterator<Item = Decoded> {
    let end = byte(text.len()).0;
    let goes_on =
        move |list: &Decoded| list.places.last().is_some_and(|last| end <= last.1.saturating_add(NEAR));
    read(text.as_bytes(), SHORT, cut).filter(goes_on)
}

fn read(text: &[u8], least: usize, cut: bool) -> impl Iterator<Item = Decoded> {
    // Most texts have no such list, and nothing is kept of them.
    let mut all: Vec<Number> = if counts(text, least) { numbers(text).collect() } else { Vec::new() };
    all.pop_if(|(last, _)| cut && last.end == text.len());
    let mut lists = vec![characters(text), last_characters(text)];
    for counting in &COUNTINGS {
        lists.extend((0..counting.stride).map(|phase| indexed(text, &all, counting, phase, least)));
    }
    lists.into_iter().filter(move |list| list.bytes.len() >= least)
}

/// The numbers of a text, without their signs and marks. What is too long to be an index has the highest value.
fn numbers(text: &[u8]) -> impl Iterator<Item = Number> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text.get(at..)?.iter().position(u8::is_ascii_digit)?;
        let digits = text[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        at = start + digits;
        Some((start..at, value(&text[start..at], 10).unwrap_or(u64::MAX)))
    })
}

fn value(digits: &[u8], radix: u32) -> Option<u64> {
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok()
}

/// True where so many numbers count up, each after one or two others.
fn counts(text: &[u8], least: usize) -> bool {
    // The last three with how many counted up to each, the newest first.
    let mut last = [(u64::MAX, [1; 2]); 3];
    numbers(text).any(|(_, value)| {
        let counted = |stride: usize| {
            let (before, counted) = last[stride - 1];
            if before.checked_add(1) == Some(value) { counted[stride - 2] + 1 } else { 1 }
        };
        let counted = [counted(2), counted(3)];
        last = [(value, counted), last[0], last[1]];
        counted.into_iter().any(|counted| counted >= least)
    })
}

/// The bytes after indexes, of which the first is at `phase`.
fn indexed(text: &[u8], numbers: &[Number], counting: &Counting, phase: usize, least: usize) -> Decoded {
    let mut list = Decoded::default();
    let at: Vec<usize> = (phase..numbers.len()).step_by(counting.stride).collect();
    let runs = at.chunk_by(|one, other| numbers[*one].1.checked_add(1) == Some(numbers[*other].1));
    for index in runs.filter(|run| run.len() >= least).flatten() {
        let Some((shown, _)) = numbers.get(index + counting.column) else { break };
        // What is ASCII begins with a digit in base 16, too.
        let letters = text[shown.end..].iter().take(1).filter(|byte| byte.is_ascii_hexdigit()).count();
        let end = shown.end + if counting.radix == 16 { letters } else { 0 };
        let byte = value(&text[shown.start..end], counting.radix);
        if let Some(byte) = byte.and_then(|byte| u8::try_from(byte).ok()) {
            let last = &numbers[(index + counting.stride - 1).min(numbers.len() - 1)].0;
            list.bytes.push(byte);
            list.places.push(place_of(numbers[*index].0.start..last.end.max(end)));
        }
    }
    list
}

/// The characters that stand in quotes alone, but for what a `:` follows: that is an index.
fn characters(text: &[u8]) -> Decoded {
    let mut list = Decoded::default();
    let mut at = 0;
    let is_quote = |byte: &u8| matches!(byte, b'\'' | b'"');
    while let Some(length) = text.get(at..).and_then(|rest| rest.iter().position(is_quote)) {
        let start = at + length;
        let rest = &text[start..];
        let (character, length) = match *rest {
            [quote, b'\\', character, end, ..] if end == quote => (Some(character), 4),
            [quote, character, end, ..] if end == quote => (Some(character), 3),
            [quote, ..] => {
                let digits = rest[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
                (None, if rest.get(1 + digits) == Some(&quote) { digits + 2 } else { 1 })
            }
            [] => break,
        };
        let is_index = rest.get(length) == Some(&b':');
        if let Some(character) = character.filter(|it| it.is_ascii_graphic() && !is_index) {
            list.bytes.push(character);
            list.places.push(place_of(start..start + length));
        }
        at = start + length;
    }
    list
}

/// The characters that end lines that begin with a number: `[0] => g`, `103, // g`.
fn last_characters(text: &[u8]) -> Decoded {
    let mut list = Decoded::default();
    let mut start = 0;
    for line in text.split(|byte| *byte == b'\n') {
        let shown = line.trim_ascii();
        if let Some(last) = cell_before(line, line.len()).filter(|last| last.len() <= CHARACTER)
            && let Some(character) = unquoted(&line[last.clone()])
            && cell(line, 0).is_some_and(|first| {
                first.end <= last.start && line[first.clone()].iter().any(u8::is_ascii_digit)
            })
        {
            let from = start + line.len() - line.trim_ascii_start().len();
            list.bytes.push(character);
            list.places.push(place_of(from..from + shown.len()));
        }
        start += line.len() + 1;
    }
    list
}

/// How long a character is at most, in quotes and with a comma.
const CHARACTER: usize = 4;

/// The character that a word is, in quotes or not, with a comma after it or not.
fn unquoted(word: &[u8]) -> Option<u8> {
    match *word {
        [character] | [character, b',' | b';'] => Some(character),
        [quote @ (b'\'' | b'"'), character, end] | [quote @ (b'\'' | b'"'), character, end, b',' | b';'] => {
            (end == quote).then_some(character)
        }
        _ => None,
    }
    .filter(u8::is_ascii_graphic)
}

/// The values of a list, or of an object in the order of its names as numbers, as JavaScript writes an array of bytes; none where
/// there are lists or objects among them.
pub(super) fn flat(value: &Value) -> Option<Value> {
    let values: Vec<&Value> = match value {
        Value::Array(values) => values.iter().collect(),
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| name.parse().unwrap_or(usize::MAX));
            fields.into_iter().map(|(_, value)| value).collect()
        }
        _ => return None,
    };
    let is_nested = |value: &&Value| value.is_array() || value.is_object();
    (!values.iter().any(is_nested)).then(|| values.into_iter().cloned().collect())
}

#[cfg(test)]
mod tests {
    use callboard_domain::secret::SecretString;
    use serde_json::json;

    use super::{super::Redactor, *};

    /// A text -> what a list in it writes.
    #[test]
    fn lists_are_read() {
        let cases = [
            (r#"{"0":103,"1":104,"2":112,"3":95,"4":90,"5":120,"6":56,"7":49}"#, "ghp_Zx81"),
            ("1 147 0\n2 150 0\n3 160 0\n4 137 0\n5 132 0\n6 170 0\n7  70 0\n8  61 0\n", "ghp_Zx81"),
            ("9 0 147\n10 0 150\n11 0 160\n12 0 137\n13 0 132\n14 0 170\n15 0 70\n16 0 61\n", "ghp_Zx81"),
            (
                "[0] => 103\n[1] => 104\n[2] => 112\n[3] => 95\n[4] => 90\n[5] => 120\n[6] => 56\n[7] => 49",
                "ghp_Zx81",
            ),
            ("[\n  'g', 'h', 'p', '_',\n  'Z', 'x', '8', '1'\n]", "ghp_Zx81"),
            (r#"["g","\"","p","'","Z","x","\\","1"]"#, "g\"p'Zx\\1"),
            (r#"{"0":"g","1":"h","2":"p","3":"_","4":"Z","5":"x","6":"8","7":"1"}"#, "ghp_Zx81"),
            (r#"{"9":"g","10":"h","11":"p","12":"_","13":"Z","14":"x","15":"8","16":"1"}"#, "ghp_Zx81"),
            ("0\t67\n1\t68\n2\t70\n3\t5f\n4\t5a\n5\t78\n6\t38\n7\t31\n", "ghp_Zx81"),
            ("b0=0x67 b1=0x68 b2=0x70 b3=0x5f b4=0x5a b5=0x78 b6=0x38 b7=0x31", "ghp_Zx81"),
            (
                "b[0] = 0x67;\nb[1] = 0x68;\nb[2] = 0x70;\nb[3] = 0x5F;\nb[4] = 0x5A;\n[5] 0x78\n[6] 0x38\n[7] 0x31",
                "ghp_Zx81",
            ),
            ("0: g\n1: h\n2: p\n3: _\n4: Z\n5: x\n6: 8\n7: 1\n", "ghp_Zx81"),
            ("[8] => g\n [9] => h\n[10] => p\n[11] => _\n12 Z\n13 x\n14 8\n15 1", "ghp_Zx81"),
            ("103 g\n104 h\n112 p\n95 _\n90 Z\n120 x\n56 8\n49 1\n", "ghp_Zx81"),
            ("103, // g\n104, // h\n112, // p\n95, // _\n90, // Z\n120 x\n56 8\n49 1\n", "ghp_Zx81"),
            // Too few of them, and what does not count up by one.
            ("1 builds a\n2 builds b\nin all 3 builds c\n", ""),
            (r#"{"0":103,"1":104,"2":112}"#, ""),
            ("2 103 4 104 6 112 8 95 10 90 12 120 14 56 16 49", ""),
            ("it's 'a' \"b\" of 12 builds", ""),
            ("", ""),
        ];
        for (text, expected) in cases {
            let lists: Vec<Vec<u8>> = decoded(text).map(|list| list.bytes).collect();
            let is_found = lists.iter().any(|list| list == expected.as_bytes());
            assert!(if expected.is_empty() { lists.is_empty() } else { is_found }, "{text}: {lists:?}");
        }
    }

    const SECRET: &str = "ghp_Zx81PlainTokenValue7766";

    fn redactor() -> Redactor {
        Redactor::new(&[SecretString::from(SECRET)])
    }

    /// Its items may stand far apart, as in JSON that is indented.
    #[test]
    fn secret_in_an_indented_list_is_found_wherever_it_is_cut() {
        let item = |(at, byte): (usize, u8)| format!("\"{at}\": {byte},\n{}", " ".repeat(24));
        let items: Vec<String> = SECRET.bytes().enumerate().map(item).collect();
        let text = format!("begin {{{}}} end\n", items.concat());
        for cut in (1..text.len()).step_by(7) {
            let mut parts = redactor().parts();
            let out = [parts.next(&text[..cut], true), parts.next(&text[cut..], false)].concat();
            assert!(out.contains("[REDACTED]") && out.ends_with(" end\n"), "{cut}: {out}");
            for piece in items.windows(5) {
                assert!(!out.contains(piece.concat().trim_end()), "{cut}: {out}");
            }
        }
    }

    /// JSON stays JSON: of bytes that are listed there the list is masked.
    #[test]
    fn list_in_json_is_masked_as_a_whole() {
        let numbered = SECRET.bytes().enumerate().map(|(at, byte)| format!("\"{at}\":{byte}"));
        let numbered = format!("{{{}}}", numbered.collect::<Vec<_>>().join(","));
        let characters: Vec<String> = SECRET.chars().map(String::from).collect();
        let lists = [json!(SECRET.as_bytes()).to_string(), numbered, json!(characters).to_string()];
        for list in lists {
            let body = format!(r#"{{"id":7,"data":{{"type":"Buffer","list":{list}}}}}"#);
            let clean: Value = serde_json::from_str(&redactor().body(&body)).unwrap();
            let expected = json!({ "id": 7, "data": { "type": "Buffer", "list": "[REDACTED]" } });
            assert_eq!(clean, expected, "{body}");
        }
        let other = r#"{"data": [1, 2, 3], "list": ["a", "b"]}"#;
        assert_eq!(redactor().body(other), other);
    }

    /// A buffer of which Node leaves out the end may be cut within the secret.
    #[test]
    fn beginning_of_a_secret_in_a_cut_buffer_is_masked() {
        let digits = |text: &str| text.bytes().map(|byte| format!(" {byte:02x}")).collect::<String>();
        let begin = digits("export TOKEN=");
        for shown in [4, 9, SECRET.len() - 1] {
            let cut = digits(&SECRET[..shown]);
            let text = format!("a <Buffer{begin}{cut} ... 1 more bytes> b");
            let clean = redactor().text(&text).into_owned();
            assert_eq!(clean, format!("a <Buffer{begin} [REDACTED] ... 1 more bytes> b"));
        }
        for other in [
            format!("<Buffer{begin}{} ... 14 more bytes>", digits("ghp")),
            format!("<Buffer{}>", digits("ghp_Zx81Pl")),
            "12 more bytes> ... <Buffer 67 68 70 5f more bytes>".to_owned(),
        ] {
            assert_eq!(redactor().text(&other), other);
        }
    }
}
