//! The bytes of an answer or a webhook as text.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Bytes as text: by their byte-order mark, else by the charset of the `Content-Type`, else by an XML declaration, else
/// UTF-8, or Windows-1252 where they are not that.
///
/// A declaration that the bytes contradict is ignored: what is UTF-8 is not read as a charset of single bytes
/// (servers declare Latin-1 for everything), and UTF-16 is known by its zeros. Bytes that are wrong in their charset are
/// replaced. Half a surrogate pair in JSON, which is no text either, is written as U+FFFD.
pub(crate) fn text<'a>(body: &'a [u8], content_type: Option<&str>) -> Cow<'a, str> {
    let text = decode(body, content_type);
    match text.trim_start().as_bytes().first() {
        Some(b'{' | b'[' | b'"') if text.contains("\\ud") || text.contains("\\uD") => {
            Cow::Owned(whole_surrogates(&text))
        }
        _ => text,
    }
}

fn decode<'a>(body: &'a [u8], content_type: Option<&str>) -> Cow<'a, str> {
    if let Some((encoding, length)) = Encoding::for_bom(body) {
        return encoding.decode_without_bom_handling(&body[length..]).0;
    }
    match body {
        [first, 0, ..] if *first != 0 => return UTF_16LE.decode_without_bom_handling(body).0,
        [0, second, ..] if *second != 0 => return UTF_16BE.decode_without_bom_handling(body).0,
        _ => {}
    }
    let declared = content_type.and_then(charset).or_else(|| xml_declaration(body));
    let declared = declared.and_then(|label| Encoding::for_label_no_replacement(label.as_bytes()));
    // UTF-16 would have zeros in its first characters.
    let declared = declared.filter(|encoding| ![UTF_8, UTF_16LE, UTF_16BE].contains(encoding));
    match (std::str::from_utf8(body), declared) {
        (Ok(text), None) => Cow::Borrowed(text),
        (Ok(text), Some(encoding)) if encoding.is_single_byte() => Cow::Borrowed(text),
        (_, Some(encoding)) => encoding.decode_without_bom_handling(body).0,
        (Err(_), None) => {
            let lossy = String::from_utf8_lossy(body);
            let has_utf8 = lossy.chars().any(|c| !c.is_ascii() && c != char::REPLACEMENT_CHARACTER);
            if has_utf8 { lossy } else { WINDOWS_1252.decode_without_bom_handling(body).0 }
        }
    }
}

/// True where a `Content-Type` names this media type, written in lower case: without its parameters, in letters of any case
/// (RFC 9110, section 8.3.1).
pub(crate) fn is_media_type(content_type: &str, media_type: &str) -> bool {
    let named = content_type.split(';').next().unwrap_or_default();
    named.trim().eq_ignore_ascii_case(media_type)
}

/// True where a `Content-Type` is that of a web page.
pub(crate) fn is_web_page(content_type: &str) -> bool {
    ["text/html", "application/xhtml+xml"].iter().any(|page| is_media_type(content_type, page))
}

/// The charset of a `Content-Type`.
fn charset(content_type: &str) -> Option<&str> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches(['"', '\'']))
    })
}

/// The encoding that an XML declaration names.
fn xml_declaration(body: &[u8]) -> Option<&str> {
    let declaration = body.trim_ascii_start().strip_prefix(b"<?xml")?;
    let end = declaration.iter().take(300).position(|byte| *byte == b'>')?;
    let declaration = std::str::from_utf8(&declaration[..end]).ok()?;
    let (_, value) = declaration.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    value[1..].split(quote).next()
}

/// JSON in which no `\u` names half a surrogate pair.
fn whole_surrogates(json: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(json.len()), json);
    let code = |text: &str| {
        let digits = text.strip_prefix("\\u")?.get(..4)?;
        u32::from_str_radix(digits, 16).ok()
    };
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = match code(rest) {
            Some(0xd800..=0xdbff) if matches!(rest.get(6..).and_then(code), Some(0xdc00..=0xdfff)) => 12,
            Some(0xd800..=0xdfff) => {
                out.push_str("\\ufffd");
                rest = &rest[6..];
                continue;
            }
            // The character after a backslash begins no escape of its own.
            _ => rest.chars().take(2).map(char::len_utf8).sum(),
        };
        out.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_in_their_charset() {
        let utf16 = |text: &str, order: fn(u16) -> [u8; 2]| -> Vec<u8> {
            text.encode_utf16().flat_map(order).collect()
        };
        let bom = |mark: &[u8], body: Vec<u8>| [mark.to_vec(), body].concat();
        let xml = "<?xml version='1.0' encoding='UTF-16'?><a b=\"é\"/>";
        let cases: [(Vec<u8>, Option<&str>, &str); 20] = [
            ("é".into(), None, "é"),
            ("é".into(), Some("application/json; charset=utf-8"), "é"),
            (b"caf\xe9".into(), Some("text/xml; charset=ISO-8859-1"), "café"),
            (b"caf\xe9".into(), Some("text/xml;Charset=\"latin1\""), "café"),
            (b"10 \x80".into(), Some("text/plain; charset=windows-1252"), "10 €"),
            (b"\xcf\xf0\xe8".into(), Some("text/plain; charset=windows-1251"), "При"),
            (b"\x93\xfa".into(), Some("text/plain; charset=Shift_JIS"), "日"),
            // The declarations are wrong.
            ("é".into(), Some("text/xml; charset=ISO-8859-1"), "é"),
            (b"caf\xe9".into(), Some("text/plain; charset=utf-8"), "café"),
            (b"caf\xe9".into(), Some("text/plain; charset=no-such"), "café"),
            (b"caf\xe9".into(), None, "café"),
            ("é \u{e4}".bytes().chain([0xff]).collect(), None, "é ä\u{fffd}"),
            // By the document itself.
            (
                b"<?xml version=\"1.0\" encoding='ISO-8859-1' ?><a>\xe9</a>".into(),
                Some("application/xml"),
                "<?xml version=\"1.0\" encoding='ISO-8859-1' ?><a>é</a>",
            ),
            (b"\xef\xbb\xbf[]".into(), Some("application/json"), "[]"),
            (bom(b"\xff\xfe", utf16(xml, u16::to_le_bytes)), Some("text/xml; charset=utf-8"), xml),
            (bom(b"\xfe\xff", utf16(xml, u16::to_be_bytes)), None, xml),
            (utf16(xml, u16::to_le_bytes), None, xml),
            (utf16("[\"é\"]", u16::to_be_bytes), Some("application/json; charset=utf-16be"), "[\"é\"]"),
            (xml.into(), None, xml),
            (Vec::new(), Some("text/plain; charset="), ""),
        ];
        for (body, content_type, expected) in cases {
            assert_eq!(text(&body, content_type), expected, "{body:?} {content_type:?}");
        }
    }

    #[test]
    fn media_type_matches_in_any_case_and_with_parameters() {
        let form = "application/x-www-form-urlencoded";
        let cases = [
            ("application/x-www-form-urlencoded", true),
            ("Application/X-WWW-Form-URLencoded", true),
            ("application/x-www-form-urlencoded; charset=UTF-8", true),
            (" APPLICATION/x-www-form-urlencoded ;charset=utf-8;a=b", true),
            ("application/x-www-form-urlencoded-not", false),
            ("application/json; was=application/x-www-form-urlencoded", false),
            ("application/json", false),
            ("", false),
        ];
        for (content_type, expected) in cases {
            assert_eq!(is_media_type(content_type, form), expected, "{content_type}");
        }
        assert!(is_web_page("Text/HTML; charset=utf-8") && is_web_page("application/xhtml+xml"));
        assert!(!is_web_page("text/plain"));
    }

    #[test]
    fn half_a_surrogate_pair_spoils_nothing() {
        let cases = [
            (r#"["\ud83d\ude00"]"#, Some("😀")),
            (r#"["\ud83d"]"#, Some("\u{fffd}")),
            (r#"["\ude00 x"]"#, Some("\u{fffd} x")),
            (r#"["\uD83Dx"]"#, Some("\u{fffd}x")),
            (r#"["\\ud83d"]"#, Some("\\ud83d")),
            (r#"["\\\ud83d"]"#, Some("\\\u{fffd}")),
            (r#"["\ud8"]"#, None),
            (r#"["\ud83d"#, None),
        ];
        for (json, expected) in cases {
            let read = serde_json::from_str::<[String; 1]>(&text(json.as_bytes(), None));
            assert_eq!(read.ok().map(|[text]| text).as_deref(), expected, "{json}");
        }
        assert_eq!(text(br"a log of \ud83d", None), r"a log of \ud83d");
    }
}
