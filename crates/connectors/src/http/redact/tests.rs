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

/// A way to repeat a secret.
type Form = (&'static str, fn(&str) -> String);

const FORMS: [Form; 50] = [
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
    ("coloured", |secret| each(secret, |c| format!("\u{1b}[31m{c}\u{9b}0m\u{1b}]0;x\u{7}"))),
];

#[test]
fn a_secret_is_found_in_every_form() {
    for secret in [PLAIN, ODD, "12345678", "two words and more"] {
        let redactor = redactor(&[secret]);
        for (name, form) in FORMS {
            let told = form(secret);
            let clean = redactor.text(&format!("before {told} after")).into_owned();
            let rest = clean.strip_prefix("before ").and_then(|rest| rest.strip_suffix(" after"));
            assert!(rest.is_some(), "{name}: {clean}");
            assert!(clean.contains(MASK), "{name}: {clean}");
            // Of base64, what belongs to other bytes may stay.
            let left = rest.unwrap_or_default().replace(MASK, "");
            let most = match name {
                "base64, twice" => 20,
                name if name.starts_with("base") => 12,
                name if name.starts_with("numbers, ") => 6,
                // What comes after the last digits.
                name if name.starts_with("hexadecimal, ") || name.starts_with("quoted-printable, ") => 4,
                _ => 0,
            };
            assert!(text_of(&left).len() <= most, "{name}: {clean}");
        }
    }
}

/// What a person would see of it.
fn text_of(text: &str) -> String {
    callboard_domain::text::line(text, 1_000).replace(['\u{ad}', '\u{fe0f}'], "")
}

#[test]
fn what_follows_a_scheme_is_a_secret_too() {
    let cases = [
        ("Token abcdefgh1234", "abcdefgh1234"),
        ("Bearer  abcdefgh1234", "abcdefgh1234"),
        ("GenieKey abcdefgh1234", "abcdefgh1234"),
        ("Token token=\"abcdefgh1234\"", "abcdefgh1234"),
    ];
    for (secret, told) in cases {
        assert_eq!(redactor(&[secret]).text(&format!("no {told}.")), "no [REDACTED].", "{secret}");
        assert_eq!(redactor(&[secret]).text(&format!("no {secret}.")).matches(told).count(), 0, "{secret}");
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
fn a_long_secret_is_found_in_another_case_and_a_short_one_may_be_a_word() {
    let cases = [
        (PLAIN, PLAIN.to_uppercase(), MASK),
        (PLAIN, PLAIN.to_lowercase(), MASK),
        (PLAIN, PLAIN.to_lowercase().replace('_', "%5F"), MASK),
        (PLAIN, format!("\"{}\"", PLAIN.to_uppercase().replace('_', "-")), "\"[REDACTED]\""),
        ("password", "Password".to_owned(), "Password"),
        ("password", "password".to_owned(), MASK),
    ];
    for (secret, told, expected) in cases {
        assert_eq!(redactor(&[secret]).text(&told), expected, "{secret}");
    }
}

#[test]
fn a_secret_of_other_letters_is_found_whatever_writes_them() {
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
        let told = form(secret);
        let clean = redactor.text(&told);
        assert!(clean.contains(MASK) && clean.len() < MASK.len() + 4, "{told}: {clean}");
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
    for (told, expected) in cases {
        assert_eq!(redactor.text(told), expected);
    }
}

#[test]
fn a_body_stays_what_it_is() {
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

#[test]
fn a_secret_is_found_wherever_it_stands_in_a_long_text() {
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
            let told = format!("{text}{secret}");
            proptest::prop_assert!(clean(secret.trim()).len() < LONG || redactor.text(&told) != told);
        }
    }
}
