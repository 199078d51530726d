use serde_json::json;

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD},
};

use super::{escape::NAMED, forms::base32, *};

const PLAIN: &str = "ghp_Zx81PlainTokenValue7766";
/// With everything that is escaped somewhere.
const ODD: &str = "pw/9\"q\\Zk+éß=%41&x hunter2pass";

fn redactor(secrets: &[&str]) -> Redactor {
    Redactor::new(&secrets.iter().map(|secret| SecretString::from(*secret)).collect::<Vec<_>>())
}

fn each(text: &str, write: impl Fn(char) -> String) -> String {
    text.chars().map(write).collect()
}

fn json_escaped(text: &str) -> String {
    let quoted = json!(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn all_u(text: &str) -> String {
    text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect()
}

fn percent(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn hex(text: &str, digits: fn(u8) -> String) -> String {
    text.bytes().map(digits).collect()
}

fn base32_of(text: &str) -> String {
    String::from_utf8(base32(text.as_bytes())).unwrap().to_uppercase()
}

/// RFC 4648, section 10.
#[test]
fn base32_is_that_of_the_standard() {
    let cases = [
        ("", ""),
        ("f", "MY"),
        ("fo", "MZXQ"),
        ("foo", "MZXW6"),
        ("foob", "MZXW6YQ"),
        ("fooba", "MZXW6YTB"),
        ("foobar", "MZXW6YTBOI"),
    ];
    for (text, expected) in cases {
        assert_eq!(base32_of(text), expected, "{text}");
    }
}

/// A dump of a text with so many bytes before the secret and some after it, 16 a line.
fn dump(secret: &str, before: usize, line: impl Fn(usize, &[u8]) -> String) -> String {
    let all = [b".".repeat(before).as_slice(), secret.as_bytes(), b"....."].concat();
    let lines = all.chunks(16).enumerate().map(|(place, bytes)| line(place * 16, bytes));
    format!("\n{}\n", lines.collect::<Vec<_>>().join("\n"))
}

fn spaced(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!(" {byte:02x}")).collect()
}

fn paired(bytes: &[u8]) -> String {
    let pairs = bytes.chunks(2).map(|pair| pair.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    pairs.collect::<Vec<_>>().join(" ")
}

fn as_text(bytes: &[u8]) -> String {
    let is_shown = |byte: &u8| byte.is_ascii_graphic() || *byte == b' ';
    bytes.iter().map(|byte| if is_shown(byte) { char::from(*byte) } else { '.' }).collect()
}

fn hexdump(secret: &str, before: usize) -> String {
    dump(secret, before, |at, bytes| {
        let (one, other) = bytes.split_at(bytes.len().min(8));
        let digits = format!("{} {}", spaced(one), spaced(other));
        format!("{at:08x} {digits:<50} |{}|", as_text(bytes))
    })
}

fn xxd(secret: &str, before: usize) -> String {
    dump(secret, before, |at, bytes| format!("{at:08x}: {:<39}  {}", paired(bytes), as_text(bytes)))
}

/// A way to repeat a secret.
type Form = (&'static str, fn(&str) -> String);

const FORMS: [Form; 80] = [
    ("as it is", str::to_owned),
    ("JSON", json_escaped),
    ("JSON, every character", all_u),
    ("JSON, with slashes", |secret| json_escaped(secret).replace('/', "\\/")),
    ("JSON, in JSON", |secret| json_escaped(&json_escaped(secret))),
    ("JSON, every character, in JSON", |secret| json_escaped(&all_u(secret))),
    ("form", percent),
    ("form, twice", |secret| percent(&percent(secret))),
    ("URL", |secret| percent(secret).replace('+', "%20")),
    ("URL, every byte", |secret| hex(secret, |byte| format!("%{byte:02x}"))),
    ("URL, in JSON", |secret| json_escaped(&percent(secret)).replace('%', "\\u0025")),
    ("HTML", |secret| secret.replace('&', "&amp;").replace('"', "&quot;").replace('\\', "&#92;")),
    ("HTML, every character", |secret| each(secret, |c| format!("&#x{:X};", u32::from(c)))),
    ("base64", |secret| BASE64_STANDARD_NO_PAD.encode(secret)),
    ("base64, a byte later", |secret| BASE64_STANDARD_NO_PAD.encode(format!("u{secret}"))),
    ("base64, with a user", |secret| BASE64_STANDARD_NO_PAD.encode(format!("kim:{secret}"))),
    ("base64, of more", |secret| BASE64_STANDARD_NO_PAD.encode(format!("{{\"a\":\"{secret}\"}}"))),
    ("base64, for URLs", |secret| BASE64_URL_SAFE_NO_PAD.encode(format!("ab{secret}cd"))),
    ("base64, escaped", |secret| percent(&BASE64_STANDARD_NO_PAD.encode(secret))),
    ("hexadecimal", |secret| hex(secret, |byte| format!("{byte:02x}"))),
    ("HEXADECIMAL", |secret| hex(secret, |byte| format!("{byte:02X}"))),
    ("Hexadecimal, of both cases", |secret| hex(secret, |byte| format!("{:X}{:x}", byte >> 4, byte & 15))),
    ("hexadecimal, with colons", |secret| hex(secret, |byte| format!("{byte:02x}:"))),
    ("hexadecimal, with 0x", |secret| hex(secret, |byte| format!("0x{byte:02x}, "))),
    ("hexadecimal, as numbers", |secret| hex(secret, |byte| format!("{byte:02x} - "))),
    ("hexadecimal, with 0x and spaces", |secret| hex(secret, |byte| format!("0x{byte:02x} "))),
    ("hexadecimal, with 0X", |secret| hex(secret, |byte| format!("0X{byte:02X},"))),
    ("hexadecimal, of four digits", |secret| hex(secret, |byte| format!("0x{byte:04x} "))),
    ("hexadecimal, with h", |secret| hex(secret, |byte| format!("{byte:02x}h "))),
    ("hexadecimal, with H", |secret| hex(secret, |byte| format!("{byte:02X}H,"))),
    ("hexadecimal, with $", |secret| hex(secret, |byte| format!("${byte:02x} "))),
    ("hexadecimal, of Perl", |secret| hex(secret, |byte| format!("\\x{{{byte:x}}}"))),
    ("hexadecimal, of UTF-16", |secret| each(secret, |c| format!("{:02x} 00 ", u32::from(c)))),
    ("numbers, of Unicode", |secret| each(secret, |c| format!("U+{:04X} ", u32::from(c)))),
    ("numbers, of Unicode, run together", |secret| each(secret, |c| format!("U+{:04x}", u32::from(c)))),
    ("numbers, octal, of C", |secret| hex(secret, |byte| format!("0{byte:03o}, "))),
    ("numbers, octal, of Python", |secret| hex(secret, |byte| format!("0o{byte:03o}, "))),
    ("escapes, apart", |secret| hex(secret, |byte| format!("\\x{byte:02x} "))),
    ("escapes with braces, apart", |secret| each(secret, |c| format!("\\u{{{:x}}} ", u32::from(c)))),
    ("octal, apart", |secret| hex(secret, |byte| format!("\\{byte:03o} "))),
    ("URL, apart", |secret| hex(secret, |byte| format!("%{byte:02x} "))),
    ("dump, hexdump -C", |secret| hexdump(secret, 5)),
    ("dump, xxd", |secret| xxd(secret, 0)),
    ("dump, xxd, in the middle of a line", |secret| xxd(secret, 9)),
    ("dump, od -c", |secret| {
        dump(secret, 3, |at, bytes| {
            let cells: String = bytes.iter().map(|byte| format!("{:>4}", as_text(&[*byte]))).collect();
            format!("{at:07o}{cells}")
        })
    }),
    ("dump, od -t x1z", |secret| {
        dump(secret, 3, |at, bytes| format!("{at:07o}{}  >{}<", spaced(bytes), as_text(bytes)))
    }),
    ("dump, hexdump", |secret| {
        dump(secret, 4, |at, bytes| {
            let words =
                bytes.chunks(2).map(|word| format!(" {:02x}{:02x}", word.get(1).unwrap_or(&0), word[0]));
            format!("{at:07x}{}", words.collect::<String>())
        })
    }),
    ("dump, of a log", |secret| {
        dump(secret, 6, |at, bytes| {
            format!("2026-11-22T11:00:00.1Z web | {at:08x} {}  |{}|", spaced(bytes), as_text(bytes))
        })
    }),
    ("dump, with a gap", |secret| {
        dump(secret, 2, |at, bytes| {
            let (one, other) = bytes.split_at(bytes.len().min(8));
            format!("{at:08X}  {} {}  {}", spaced(one), spaced(other), as_text(bytes))
        })
    }),
    ("dump, tcpdump -X", |secret| {
        dump(secret, 0, |at, bytes| format!("\t0x{at:04x}:  {}  {}", paired(bytes), as_text(bytes)))
    }),
    ("octal", |secret| hex(secret, |byte| format!("\\{byte:03o}"))),
    ("quoted-printable", |secret| hex(secret, |byte| format!("={byte:02X}"))),
    ("quoted-printable, in lines", |secret| hex(secret, |byte| format!("={byte:02X}=\r\n"))),
    ("base32", |secret| base32_of(&format!("user:{secret}"))),
    ("base64, twice", |secret| {
        BASE64_STANDARD_NO_PAD.encode(BASE64_STANDARD_NO_PAD.encode(format!("k:{secret}!")))
    }),
    ("base64, of hexadecimal", |secret| {
        BASE64_STANDARD_NO_PAD.encode(hex(secret, |byte| format!("{byte:02x}")))
    }),
    ("base64, of HEXADECIMAL", |secret| {
        BASE64_STANDARD_NO_PAD.encode(hex(secret, |byte| format!("{byte:02X}")))
    }),
    ("base64, of Latin-1", |secret| {
        let latin: Vec<u8> = secret.chars().map(|c| u8::try_from(c).unwrap()).collect();
        BASE64_STANDARD_NO_PAD.encode(latin)
    }),
    ("Latin-1, every byte", |secret| each(secret, |c| format!("%{:02x}", u32::from(c)))),
    ("UTF-8 as Latin-1", |secret| secret.bytes().map(char::from).collect()),
    ("numbers, as a list", |secret| format!("{:?}", secret.as_bytes())),
    ("numbers, with spaces", |secret| hex(secret, |byte| format!("{byte} "))),
    ("numbers, of three digits", |secret| hex(secret, |byte| format!("{byte:03},"))),
    ("numbers, octal", |secret| hex(secret, |byte| format!("{byte:03o} "))),
    ("numbers, of characters", |secret| each(secret, |c| format!("{}, ", u32::from(c)))),
    ("numbers, with indexes", |secret| {
        let each = |(at, byte): (usize, u8)| format!("\"{at}\":{byte}");
        format!("{{{}}}", secret.bytes().enumerate().map(each).collect::<Vec<_>>().join(","))
    }),
    ("numbers, of cmp -l", |secret| {
        secret.bytes().enumerate().map(|(at, byte)| format!("{:>3} {byte:>3o}   0\n", at + 1)).collect()
    }),
    ("characters, in quotes", |secret| {
        secret.chars().map(|c| format!("{:?}", c.to_string())).collect::<Vec<_>>().join(",\n  ")
    }),
    ("joined lines", |secret| {
        let all: Vec<char> = secret.chars().collect();
        all.chunks(6).map(String::from_iter).collect::<Vec<_>>().join("\\\n")
    }),
    ("HTML, by numbers", |secret| each(secret, |c| format!("&#{};", u32::from(c)))),
    ("HTML, by numbers that do not end", |secret| each(secret, |c| format!("&#{} ", u32::from(c)))),
    ("HTML, by numbers with zeros", |secret| each(secret, |c| format!("&#x{:06X}", u32::from(c)))),
    ("HTML, by names", |secret| {
        each(secret, |c| match NAMED.iter().find(|(_, byte)| char::from(*byte) == c) {
            Some((name, _)) => format!("&{name};"),
            None => c.to_string(),
        })
    }),
    ("HTML, by names, in a URL", |secret| percent(&secret.replace('_', "&lowbar;").replace('é', "&eacute;"))),
    ("full width", |secret| {
        each(secret, |c| match c {
            '!'..='~' => char::from_u32(u32::from(c) + 0xfee0).unwrap().to_string(),
            c => c.to_string(),
        })
    }),
    ("spread out", |secret| each(secret, |c| format!("{c} "))),
    ("wrapped", |secret| each(secret, |c| format!("{c}\r\n\t"))),
    ("with what has no width", |secret| each(secret, |c| format!("{c}\u{200b}\u{ad}\u{2060}\u{fe0f}"))),
    ("overstruck", |secret| each(secret, |c| format!("{c}\u{8}{c}"))),
    ("coloured", |secret| each(secret, |c| format!("\u{1b}[31m{c}\u{9b}0m\u{1b}]0;x\u{7}"))),
];

#[test]
fn secret_is_found_in_every_form() {
    for secret in [PLAIN, ODD, "12345678", "two words and more"] {
        let redactor = redactor(&[secret]);
        for (name, form) in FORMS {
            let text_with_secret = form(secret);
            let clean = redactor.text(&format!("before {text_with_secret} after")).into_owned();
            let rest = clean.strip_prefix("before ").and_then(|rest| rest.strip_suffix(" after"));
            assert!(rest.is_some(), "{name}: {clean}");
            assert!(clean.contains(MASK), "{name}: {clean}");
            // Of base64, what belongs to other bytes may stay.
            let left = rest.unwrap_or_default().replace(MASK, "");
            let most = match name {
                "base64, twice" => 20,
                name if name.starts_with("base") => 12,
                name if name.starts_with("numbers, ") => 6,
                // Offsets, and what stands beside the secret.
                name if name.starts_with("dump, ") => 150,
                // What comes after the last digits.
                name if name.starts_with("hexadecimal, ") || name.starts_with("quoted-printable, ") => 5,
                name if name.ends_with(", apart") => 1,
                _ => 0,
            };
            assert!(text_of(&left).len() <= most, "{name}: {clean}");
            // Of a dump nothing is left in either column, whichever lines it stands in.
            let columns = if name.starts_with("dump, ") { secret.as_bytes().chunks(4) } else { [].chunks(4) };
            for piece in columns.filter(|piece| piece.len() == 4 && piece.is_ascii()) {
                let forms = [as_text(piece), spaced(piece), paired(piece)];
                assert!(!forms.iter().any(|form| left.contains(form)), "{name}: {clean}");
            }
        }
    }
}

/// What a person would see of it.
fn text_of(text: &str) -> String {
    callboard_domain::text::line(text, 1_000).replace(['\u{ad}', '\u{fe0f}'], "")
}

/// What has no secret in it stays as it is, byte by byte.
#[test]
fn lists_dumps_and_prose_without_a_secret_are_left_alone() {
    let redactor = redactor(&[PLAIN, ODD, "123456"]);
    let other = "Nothing of this is secret: it is 47 bytes long.";
    let mut texts: Vec<String> = FORMS.iter().map(|(_, form)| form(other)).collect();
    texts.extend([
        (0..256).map(|byte| format!("{byte:02x} ")).collect(),
        (0..30).map(|number| format!("{number}, ")).collect(),
        // The digits of a short secret.
        "31 32 33 34 35 36".to_owned(),
        "0x31, 0x32, 0x33, 0x34, 0x35, 0x36".to_owned(),
        "1920x1080, 0x10, 100 %, a 0x".to_owned(),
        "added 12 of 0x7f faces\ndecade 1990 was bad: dead beef\n1234567 ab cd\n7654321 ef 01\n".to_owned(),
    ]);
    for text in texts {
        assert_eq!(redactor.text(&text), text);
        let body = json!({ "log": text }).to_string();
        assert!(matches!(redactor.body(&body), Cow::Borrowed(_)), "{text}");
    }
}

#[test]
fn dump_in_a_body_is_read_line_by_line() {
    for form in [hexdump(PLAIN, 5), xxd(PLAIN, 9), hexdump(PLAIN, 15)] {
        let body = json!({ "id": 7, "log": form }).to_string();
        let clean: Value = serde_json::from_str(&redactor(&[PLAIN]).body(&body)).unwrap();
        let log = clean["log"].as_str().unwrap();
        assert_eq!(clean["id"], 7);
        assert!(log.contains(MASK) && log.starts_with("\n00000000"), "{log}");
        for piece in PLAIN.as_bytes().chunks(4).filter(|piece| piece.len() == 4) {
            let forms = [as_text(piece), spaced(piece), paired(piece)];
            assert!(!forms.iter().any(|form| log.contains(form)), "{log}");
        }
    }
}

/// A number of HTML that does not end is a letter of ASCII before other digits, or a letter of another script.
#[test]
fn unfinished_number_is_read_in_both_ways() {
    let cases = [
        ("abcdefgh日", "a abcdefgh&#x65e5 b", "a [REDACTED] b"),
        ("abcdefgh日", "a abcdefgh&#x65e5", "a [REDACTED]"),
        ("abcdefgh日", "a abcdefgh&#26085", "a [REDACTED]"),
        ("abcdefgh日", "a abcdefgh&#x65E5;", "a [REDACTED]"),
        ("abcdп-efgh", "a abcd&#1087-efgh b", "a [REDACTED] b"),
        ("abcdп-efgh", "a abcd&#x43f-efgh b", "a [REDACTED] b"),
        ("abcdeefgh", "a abcd&#x65efgh b", "a [REDACTED] b"),
        ("ключ-日本", "a &#1082&#1083&#1102&#1095-&#26085&#26412 b", "a [REDACTED] b"),
        ("ключ-日本", "a &#x43a &#x43b &#x44e &#x447 -&#x65e5 &#x672c b", "a [REDACTED] b"),
        ("abcdefgh日", "&#x65e5 is a letter", "&#x65e5 is a letter"),
    ];
    for (secret, text_with_secret, expected) in cases {
        assert_eq!(redactor(&[secret]).text(text_with_secret), expected, "{secret} in {text_with_secret}");
    }
}

#[test]
fn credential_after_a_scheme_is_a_secret_too() {
    let cases = [
        ("Token abcdefgh1234", "abcdefgh1234"),
        ("Bearer  abcdefgh1234", "abcdefgh1234"),
        ("GenieKey abcdefgh1234", "abcdefgh1234"),
        ("Token token=\"abcdefgh1234\"", "abcdefgh1234"),
    ];
    for (secret, text_with_secret) in cases {
        assert_eq!(
            redactor(&[secret]).text(&format!("no {text_with_secret}.")),
            "no [REDACTED].",
            "{secret}"
        );
        assert_eq!(
            redactor(&[secret]).text(&format!("no {secret}.")).matches(text_with_secret).count(),
            0,
            "{secret}"
        );
    }
}

#[test]
fn other_texts_are_left_alone() {
    let redactor = redactor(&[PLAIN, "pass", "x", ""]);
    for text in [
        "the build passed, bypass",
        "x marks it: 100 % of \\users\\x &amp; co",
        &PLAIN[..PLAIN.len() - 1],
        "R0hQ",
        "",
        "\u{1b}]never ends",
        "%",
        "\\u12",
        "&#x110000;",
    ] {
        assert_eq!(redactor.text(text), text);
        assert!(matches!(redactor.body(text), Cow::Borrowed(_)), "{text}");
    }
    assert_eq!(redactor.text("pass; -pass- bypass"), "[REDACTED]; -[REDACTED]- bypass");
}

#[test]
fn long_secret_is_found_in_any_case_and_a_short_one_only_in_its_own() {
    let cases = [
        (PLAIN, PLAIN.to_uppercase(), MASK),
        (PLAIN, PLAIN.to_lowercase(), MASK),
        (PLAIN, PLAIN.to_lowercase().replace('_', "%5F"), MASK),
        (PLAIN, format!("\"{}\"", PLAIN.to_uppercase().replace('_', "-")), "\"[REDACTED]\""),
        ("password", "Password".to_owned(), "Password"),
        ("password", "password".to_owned(), MASK),
    ];
    for (secret, text_with_secret, expected) in cases {
        assert_eq!(redactor(&[secret]).text(&text_with_secret), expected, "{secret}");
    }
}

#[test]
fn secret_of_other_letters_is_found_in_any_encoding() {
    let secret = "пароль-ключ";
    let redactor = redactor(&[secret]);
    let forms: [fn(&str) -> String; 8] = [
        str::to_owned,
        json_escaped,
        all_u,
        percent,
        |secret| each(secret, |c| format!("&#{};", u32::from(c))).replace("&#45;", "-"),
        |secret| BASE64_STANDARD_NO_PAD.encode(secret),
        |secret| hex(secret, |byte| format!("{byte:02x}")),
        |secret| hex(secret, |byte| format!("{byte}, ")),
    ];
    for form in forms {
        let text_with_secret = form(secret);
        let clean = redactor.text(&text_with_secret);
        assert!(clean.contains(MASK) && clean.len() < MASK.len() + 4, "{text_with_secret}: {clean}");
    }
    for other in ["пароль", "ключ-пароль", "- - - - - - -"] {
        assert_eq!(redactor.text(other), other);
    }
}

#[test]
fn letters_that_are_left_out_are_masked_with_the_secret() {
    let redactor = redactor(&["éß-token-Zx81Plain-ü"]);
    let cases = [
        ("a éß-token-Zx81Plain-ü b", "a [REDACTED] b"),
        ("a %C3%A9%C3%9F-token-Zx81Plain-%C3%BC b", "a [REDACTED] b"),
        ("ein großes éß-token-Zx81Plain-ü ändern", "ein großes [REDACTED] ändern"),
    ];
    for (text_with_secret, expected) in cases {
        assert_eq!(redactor.text(text_with_secret), expected);
    }
}

#[test]
fn body_without_a_secret_is_unchanged() {
    let redactor = redactor(&[PLAIN, "12345678"]);
    let cases = [
        (
            json!({ "a": [PLAIN, 1, null], "b": { PLAIN: true } }).to_string(),
            r#"{"a":["[REDACTED]",1,null],"b":{"[REDACTED]":true}}"#,
        ),
        (format!(r#"{{ "a": "x{}y" }}"#, all_u(PLAIN)), r#"{"a":"x[REDACTED]y"}"#),
        (format!(r#"["{}"]"#, json_escaped(&json_escaped(&all_u(PLAIN)))), r#"["[REDACTED]"]"#),
        (r#"{"pin":12345678,"at":1}"#.to_owned(), r#"{"at":1,"pin":"[REDACTED]"}"#),
        (format!("{{\"cut\": \"{PLAIN}"), "{\"cut\": \"[REDACTED]"),
        (format!("<p title=\"{PLAIN}\">"), "<p title=\"[REDACTED]\">"),
    ];
    for (body, expected) in cases {
        assert_eq!(redactor.body(&body), expected, "{body}");
    }
    assert!(matches!(redactor.body(r#"{"a": [1, "\u00e9"]}"#), Cow::Borrowed(_)), "nothing is written anew");
}

/// What is shorter than any secret is not searched at all.
#[test]
fn shortest_secret_is_masked_in_numbers_and_strings() {
    let body = r#"{"a":123,"b":"234","pin":1234,"text":"1234"}"#;
    let expected = r#"{"a":123,"b":"234","pin":"[REDACTED]","text":"[REDACTED]"}"#;
    assert_eq!(redactor(&["1234"]).body(body), expected);
}

#[test]
fn secret_is_found_anywhere_in_a_long_text() {
    let redactor = redactor(&[ODD]);
    for form in [ODD.to_owned(), all_u(&json_escaped(ODD)), percent(ODD)] {
        for at in
            [SEGMENT - form.len() - 1, SEGMENT - form.len(), SEGMENT - 7, SEGMENT - 1, SEGMENT, 3 * SEGMENT]
        {
            let long = format!("{}{form}{}", "é".repeat(at / 2) + &"x".repeat(at % 2), "y".repeat(100));
            let clean = redactor.text(&long);
            assert_eq!(clean.matches(MASK).count(), 1, "{at}");
            assert!(clean.ends_with(&format!("{MASK}{}", "y".repeat(100))), "{at}");
        }
    }
}

#[test]
fn headers_are_redacted() {
    let redactor = redactor(&[PLAIN]);
    let mut headers = HeaderMap::new();
    headers.insert("location", format!("/next?token={}", percent(PLAIN)).parse().unwrap());
    headers.insert("etag", "\"1\"".parse().unwrap());
    headers.insert("x-odd", HeaderValue::from_bytes(format!("é {PLAIN}").as_bytes()).unwrap());
    redactor.headers(&mut headers);
    assert_eq!(headers["location"], "/next?token=[REDACTED]");
    assert_eq!(headers["etag"], "\"1\"");
    assert!(!String::from_utf8_lossy(headers["x-odd"].as_bytes()).contains(PLAIN));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in ".*", secret in ".*", escaped in "[\\\\%&;#x0-9a-fuU{}\u{1b}\\[\\]\u{9b}é]*") {
        let redactor = redactor(&[&secret, PLAIN]);
        for text in [&text, &escaped, &format!("{escaped}{secret}{text}")] {
            let _ = (redactor.text(text), redactor.body(text));
        }
        if secret.trim().len() >= LONG && !clean(secret.trim()).is_empty() {
            let text_with_secret = format!("{text}{secret}");
            proptest::prop_assert!(clean(secret.trim()).len() < LONG || redactor.text(&text_with_secret) != text_with_secret);
        }
    }
}
