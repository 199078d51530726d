//! The forms in which a secret is searched for.

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD},
};

use super::{escape::Escapes, seen::Seen};

/// What is shorter, in bytes, may stand in a text by chance: it is masked only as a word of its own.
pub(super) const LONG: usize = 8;
/// What is shorter, in bytes, is no secret.
pub(super) const SHORT: usize = 4;
/// How many escapings of one another are undone.
pub(super) const DEPTH: usize = 2;

/// How long one character of a secret can be as it stands in a text, in bytes: an escape has at most 6, and each of those
/// at most 6 where it is escaped again.
pub(super) const WIDEST: usize = 36;

/// What of it holds the secret, too, besides the bytes that are searched for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Edges {
    /// How many characters of base64 before and after it hold bits of the secret.
    pub(super) before: usize,
    pub(super) after: usize,
    /// How many letters that a view leaves out the secret begins and ends with.
    pub(super) unseen_before: usize,
    pub(super) unseen_after: usize,
}

/// A form, and what belongs to it.
pub(super) type Form = (Vec<u8>, Edges);

/// What follows a scheme, for a header's whole value such as `Token abc`: a service may repeat it alone.
pub(super) fn bare(secret: &str) -> Option<&str> {
    let (scheme, rest) = secret.split_once(char::is_whitespace)?;
    let rest = rest.trim();
    // `Token token="abc"`
    let rest = match rest.split_once("=\"") {
        Some((name, value)) if !name.contains('"') => value.trim_end_matches('"'),
        _ => rest,
    };
    let is_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':');
    (scheme.chars().all(is_scheme) && rest.len() >= SHORT).then_some(rest)
}

/// What of a text is seen.
pub(super) fn clean(text: &str) -> Vec<u8> {
    Seen::quickly(text.as_bytes()).plain.bytes
}

/// Those that are searched for in a text as it is seen.
pub(super) fn exact(secret: &str) -> Vec<Form> {
    let unseen = |letters: &mut dyn Iterator<Item = char>| letters.take_while(|c| !c.is_ascii()).count();
    let edges = Edges {
        unseen_before: unseen(&mut secret.chars()),
        unseen_after: unseen(&mut secret.chars().rev()),
        ..Edges::default()
    };
    let mut forms = Vec::new();
    for spelling in [secret.to_owned(), secret.replace(' ', "+")] {
        let seen = Seen::quickly(spelling.as_bytes());
        forms.extend(seen.shown.map(|shown| (shown.whole.bytes, edges)));
        let mut read = seen.plain;
        forms.push((read.bytes.clone(), edges));
        // Where the escapes of a text are undone, what looks like one in the secret is as well.
        for _ in 0..=DEPTH {
            let Some(Seen { plain, .. }) = read.without(Escapes::Marked, false) else { break };
            read = plain;
            forms.push((read.bytes.clone(), edges));
        }
    }
    for bytes in charsets(secret) {
        let once = in_base64(&bytes);
        // What of the inner one is not known at its ends is about so long in the outer one.
        let wider =
            |(form, edges): Form| (form, Edges { before: edges.before + 4, after: edges.after + 4, ..edges });
        forms.extend(once.iter().flat_map(|(inner, _)| in_base64(inner)).map(wider));
        let hex = hexadecimal(&bytes);
        forms.extend(in_base64(&hex.to_ascii_uppercase()));
        forms.extend(in_base64(&hex));
        forms.extend(once);
    }
    forms.extend(dotted(secret).map(|form| (form, Edges::default())));
    forms
}

/// The same with one of equal bytes in a row alone, of those that have such.
pub(super) fn squeezed(secret: &str) -> impl Iterator<Item = Form> {
    exact(secret).into_iter().filter_map(|(form, edges)| {
        let mut squeezed = form.clone();
        squeezed.dedup();
        (squeezed.len() < form.len()).then_some((squeezed, edges))
    })
}

/// As a dump writes it beside its bytes, with a dot for each that is no ASCII; of what has little ASCII it says nothing.
fn dotted(secret: &str) -> Option<Vec<u8>> {
    let form: String =
        secret.bytes().map(|byte| if byte.is_ascii() { char::from(byte) } else { '.' }).collect();
    (!secret.is_ascii() && clean(secret).len() >= LONG).then(|| clean(&form))
}

/// What is shorter, in letters and digits, is found in its own case alone: in another it may be a word.
const CASELESS: usize = 16;

/// Those that are searched for in the letters and digits of a text alone, in lower case.
pub(super) fn alphanumeric(secret: &str) -> Vec<Form> {
    let letters: Vec<u8> =
        secret.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase()).collect();
    let mut forms = Vec::new();
    if letters.len() >= CASELESS {
        forms.push((letters, Edges::default()));
    }
    for bytes in charsets(secret) {
        forms.extend(encoded(&bytes, 5, |bytes| vec![base32(bytes)]));
    }
    forms
}

/// The ways to write bytes and characters as numbers, of which the digits alone are looked at.
const NUMBERS: [fn(u32) -> String; 7] = [
    |code| code.to_string(),
    |code| format!("{code:03}"),
    |code| format!("{code:03o}"),
    // `0147`, `0o147`.
    |code| format!("{code:04o}"),
    |code| format!("{code:02x}"),
    // `U+0067`, `0x0067`, and UTF-16 in either order.
    |code| format!("{code:04x}"),
    |code| format!("{:02x}{:02x}", code & 0xff, code >> 8 & 0xff),
];

/// Those that are searched for in the hexadecimal digits of a text alone. What is short has none: numbers in a list are its
/// digits by chance.
pub(super) fn digits(secret: &str) -> Vec<Form> {
    if secret.len() < LONG {
        return Vec::new();
    }
    let mut forms = Vec::new();
    for bytes in charsets(secret) {
        let hex = |(inner, _): Form| (hexadecimal(&inner), Edges { before: 8, after: 8, ..Edges::default() });
        forms.extend(in_base64(&bytes).into_iter().map(hex));
        forms.extend(swapped(&bytes));
        forms.extend(NUMBERS.map(|write| numbers(write, bytes.iter().map(|byte| u32::from(*byte)))));
    }
    forms.extend(NUMBERS.map(|write| numbers(write, secret.chars().map(u32::from))));
    forms
}

/// Digits of numbers. A `0` at their end is not searched for: where an `x` follows, it would be taken for a mark.
fn numbers(write: fn(u32) -> String, codes: impl Iterator<Item = u32>) -> Form {
    let digits: String = codes.map(write).collect();
    let form = digits.trim_end_matches('0');
    (form.as_bytes().to_vec(), Edges { after: digits.len() - form.len(), ..Edges::default() })
}

/// In words of 16 bits, of which the lower byte is written last and comes first: `hexdump`, `od -x`.
fn swapped(bytes: &[u8]) -> impl Iterator<Item = Form> {
    // A word may begin with the byte before the secret.
    (0..2).map(move |skipped| {
        let words = bytes.get(skipped..).unwrap_or_default().chunks_exact(2);
        let words: Vec<u8> = words.flat_map(|word| [word[1], word[0]]).collect();
        (hexadecimal(&words), Edges { before: 4, after: 4, ..Edges::default() })
    })
}

/// Those that are searched for in a text as it stands, of a secret that has hardly any ASCII.
pub(super) fn literal(secret: &str) -> Vec<Form> {
    let each = |write: &dyn Fn(char) -> String| secret.chars().map(write).collect::<String>();
    let unless_ascii = |c: char, escaped: String| if c.is_ascii() { c.to_string() } else { escaped };
    let unit: [fn(u16) -> String; 2] = [|unit| format!("\\u{unit:04x}"), |unit| format!("\\u{unit:04X}")];
    let byte: [fn(u8) -> String; 2] = [|byte| format!("%{byte:02x}"), |byte| format!("%{byte:02X}")];
    let mut forms = vec![
        secret.to_owned(),
        each(&|c| unless_ascii(c, format!("&#{};", u32::from(c)))),
        each(&|c| unless_ascii(c, format!("&#x{:x};", u32::from(c)))),
        each(&|c| unless_ascii(c, format!("&#x{:X};", u32::from(c)))),
        // UTF-8 that was taken for Latin-1.
        secret.bytes().map(char::from).collect(),
    ];
    // A number in HTML needs no end.
    let unended: [fn(u32) -> String; 3] =
        [|code| format!("&#{code}"), |code| format!("&#x{code:x}"), |code| format!("&#x{code:X}")];
    for (write, end) in unended.into_iter().flat_map(|write| ["", " "].map(|end| (write, end))) {
        let form = each(&|c| unless_ascii(c, write(u32::from(c)) + end));
        forms.push(form.trim_end().to_owned());
    }
    for (unit, byte) in unit.into_iter().zip(byte) {
        let units = |c: char| c.encode_utf16(&mut [0; 2]).iter().map(|it| unit(*it)).collect::<String>();
        let bytes = |c: char| c.to_string().bytes().map(byte).collect::<String>();
        forms.extend([each(&units), each(&|c| unless_ascii(c, units(c)))]);
        forms.extend([each(&bytes), each(&|c| unless_ascii(c, bytes(c)))]);
    }
    forms.into_iter().map(|form| (form.into_bytes(), Edges::default())).collect()
}

/// The bytes of a text: in UTF-8 and, where it can be written so and differs, in Latin-1.
fn charsets(text: &str) -> Vec<Vec<u8>> {
    let latin = || text.chars().map(|c| u8::try_from(c).ok()).collect::<Option<Vec<_>>>();
    let mut charsets = vec![text.as_bytes().to_vec()];
    charsets.extend(if text.is_ascii() { None } else { latin() });
    charsets
}

fn in_base64(bytes: &[u8]) -> Vec<Form> {
    let encode = |bytes: &[u8]| {
        [BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD]
            .map(|engine| engine.encode(bytes).into_bytes())
            .to_vec()
    };
    let mut forms = encoded(bytes, 6, encode);
    forms.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    forms.dedup_by(|(one, _), (other, _)| one == other);
    forms
}

/// Bytes in an encoding of so many bits a character, wherever in it they begin: only the characters that hold nothing else.
fn encoded(bytes: &[u8], bits: usize, encode: impl Fn(&[u8]) -> Vec<Vec<u8>>) -> Vec<Form> {
    let mut forms = Vec::new();
    // After as many bytes as characters have bits, at the latest, one begins with a byte.
    for before in (0..bits).take_while(|before| *before == 0 || before * 8 % bits != 0) {
        let shifted = [&[0; 8][..before], bytes].concat();
        let (skipped, whole) = ((before * 8).div_ceil(bits), shifted.len() * 8 / bits);
        // The last character may hold fewer bits of it.
        let after = usize::from(shifted.len() * 8 % bits > 0);
        let edges = Edges { before: skipped, after, ..Edges::default() };
        let form = |encoded: Vec<u8>| (encoded[skipped.min(whole)..whole].to_vec(), edges);
        forms.extend(encode(&shifted).into_iter().map(form));
    }
    forms
}

/// RFC 4648, section 6, in lower case and without padding.
pub(super) fn base32(bytes: &[u8]) -> Vec<u8> {
    let bit = |place: usize| bytes.get(place / 8).map_or(0, |byte| byte >> (7 - place % 8) & 1);
    let digit = |at: usize| (0..5).fold(0, |digit, place| digit << 1 | bit(at + place));
    let character = |digit: u8| if digit < 26 { b'a' + digit } else { b'2' + digit - 26 };
    (0..bytes.len() * 8).step_by(5).map(|at| character(digit(at))).collect()
}

fn hexadecimal(bytes: &[u8]) -> Vec<u8> {
    let digit = |value: u8| if value < 10 { b'0' + value } else { b'a' + value - 10 };
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
