//! A text that comes in parts, such as the log of what is still running: a secret that begins in one part and ends in the
//! next is found all the same.

use super::{MASK, Redactor, Search, dump, forms::DEPTH, masked, unescaped::Unescaped};

/// What was read before, and its secrets taken out. One for each text that is followed.
#[derive(Debug)]
pub struct Parts {
    redactor: Redactor,
    /// The end of what was passed on, as long as a secret can be: what began there may end in the next part.
    before: String,
    /// The end that may be the beginning of a secret, and was not passed on.
    pending: String,
}

impl Redactor {
    /// Takes the secrets out of a text that comes in parts.
    pub fn parts(&self) -> Parts {
        Parts::new(self.clone())
    }
}

impl Parts {
    pub(in crate::http) fn new(redactor: Redactor) -> Self {
        Self { redactor, before: String::new(), pending: String::new() }
    }

    /// What can be passed on now that this part has come, without secrets; `more` says whether further parts may come.
    pub fn next(&mut self, part: &str, more: bool) -> String {
        let Some(search) = &self.redactor.0 else { return part.to_owned() };
        let start = self.before.len();
        let text = [&*self.before, &*self.pending, part].concat();
        let mut found = self.redactor.find(&text, DEPTH);
        found.extend(dump::beside_masked(&text, MASK));
        let rest = dump::rest_of_masked(&self.before, &text[start..], MASK);
        found.extend((rest > 0).then_some(start..start + rest));
        let others = if text.contains(MASK) { Unescaped::all(&text, DEPTH) } else { Vec::new() };
        for other in &others {
            let beside = dump::beside_masked(&other.text, MASK).into_iter();
            let (before, next) = other.text.split_at(other.position(start));
            let rest = before.len()..before.len() + dump::rest_of_masked(before, next, MASK);
            found.extend(beside.chain([rest]).map(|part| other.span(part)));
        }
        found.sort_unstable_by_key(|range| range.start);
        // What ended in an earlier part is masked already.
        found.retain(|range| range.end > start);
        found.iter_mut().for_each(|range| {
            range.start = range.start.max(start) - start;
            range.end -= start;
        });
        let new = &text[start..];
        let mut end = new.len();
        if more {
            // It may have begun in what was passed on already.
            end -= search.may_begin(&text).min(end);
            // What stands at the end may go on in the next part; no secret is passed on in pieces.
            for range in found.iter().rev() {
                if range.end == new.len() || range.end > end {
                    end = end.min(range.start);
                }
            }
            found.retain(|range| range.end <= end);
        }
        let out = masked(&new[..end], found);
        self.pending = new[end..].to_owned();
        let passed = &text[..start + end];
        self.before =
            passed[passed.ceil_char_boundary(passed.len().saturating_sub(search.reach))..].to_owned();
        out
    }
}

impl Search {
    /// How many bytes at the end of a text may be the beginning of a secret, in whatever form: at most as many as it can have.
    fn may_begin(&self, text: &str) -> usize {
        let tail = &text[text.ceil_char_boundary(text.len().saturating_sub(self.reach))..];
        self.begins(tail, DEPTH).map_or(0, |begins| tail.len() - begins)
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, prelude::BASE64_STANDARD_NO_PAD};
    use callboard_domain::secret::SecretString;

    use super::*;

    const SECRET: &str = "ghp_Zx81PlainTokenValue7766";
    /// How many of its characters say nothing of it.
    const SHORT: usize = super::super::SHORT;

    fn redactor() -> Redactor {
        Redactor::new(&[SecretString::from(SECRET)])
    }

    fn parts(redactor: &Redactor, text: &str, cuts: &[usize]) -> Vec<String> {
        let mut parts = Parts::new(redactor.clone());
        let ends = cuts.iter().copied().chain([text.len()]);
        let mut begin = 0;
        ends.map(|end| {
            let part = &text[std::mem::replace(&mut begin, end)..end];
            // As the service's answer was read: each part alone.
            let part = parts.redactor.body(part).into_owned();
            parts.next(&part, end < text.len())
        })
        .collect()
    }

    #[test]
    fn secret_is_found_wherever_it_is_cut() {
        // with how many characters that are of the user's name, and how many at its end hold less than a byte of it: those are
        // no more part of it once the answer that brought the rest was read
        let forms = [
            (SECRET.to_owned(), 0, 0),
            (BASE64_STANDARD_NO_PAD.encode(SECRET), 0, 0),
            (BASE64_STANDARD_NO_PAD.encode(format!("kim:{SECRET}")), 6, 1),
            (SECRET.bytes().map(|byte| format!("{byte:02x}")).collect(), 0, 0),
            (SECRET.chars().map(|c| format!("{c}\n")).collect(), 0, 0),
        ];
        let redactor = redactor();
        for (form, before, after) in forms {
            let text = format!("+ login {form}\ndone\n");
            let whole = redactor.text(&text).into_owned();
            for cut in 1..text.len() {
                for cuts in [vec![cut], vec![cut, (cut + 3).min(text.len() - 1)]] {
                    let out = parts(&redactor, &text, &cuts).concat();
                    // Fewer characters than a secret has may have been passed on before more of it came.
                    let rest = out.split("[REDACTED]").last().unwrap_or_default();
                    let is_whole =
                        (0..=after).any(|more| whole.ends_with(rest.get(more..).unwrap_or_default()));
                    assert!(out.contains("[REDACTED]") && is_whole, "{form} at {cuts:?}: {out}");
                    let begin = out.split("[REDACTED]").next().unwrap_or_default();
                    let passed: usize = begin.bytes().filter(|byte| !byte.is_ascii_whitespace()).count();
                    assert!(
                        begin.starts_with("+ login ") && passed < "+login".len() + before + SHORT,
                        "{cuts:?}: {out}"
                    );
                }
            }
        }
    }

    /// What of a secret is passed on where it is escaped, and cut wherever it may be: too little to say anything of it.
    #[test]
    fn escaped_secret_is_found_wherever_it_is_cut() {
        let each = |write: fn(u8) -> String| SECRET.bytes().map(write).collect::<String>();
        let forms = [
            each(|byte| format!("%{byte:02X}")),
            each(|byte| format!("&#{byte};")),
            each(|byte| format!("&#x{byte:x};")),
            each(|byte| format!("\\x{byte:02x}")),
            each(|byte| format!("\\u{byte:04x}")),
            each(|byte| format!("\\u{{{byte:x}}}")),
            each(|byte| format!("\\U{byte:08x}")),
            each(|byte| format!("\\\\u{byte:04x}")),
            each(|byte| format!("\\{byte:03o}")),
            each(|byte| format!("={byte:02X}")),
            each(|byte| format!("%25{byte:02x}")),
            each(|byte| format!("{byte:02x}:")),
            each(|byte| format!("0x{byte:02x} ")),
            each(|byte| format!("0x{byte:02x},")),
            each(|byte| format!(" {byte:02x}h")),
            each(|byte| format!("U+{byte:04X} ")),
            each(|byte| format!("0o{byte:03o} ")),
            each(|byte| format!("{byte} ")),
            each(|byte| char::from_u32(u32::from(byte) + 0xfee0).unwrap().to_string()),
        ];
        let redactor = redactor();
        for form in forms {
            let text = format!("+ login {form}\ndone\n");
            for cut in (1..text.len()).filter(|cut| text.is_char_boundary(*cut)) {
                let out = parts(&redactor, &text, &[cut]).concat();
                assert!(out.contains("[REDACTED]") && out.ends_with("\ndone\n"), "{form} at {cut}: {out}");
                let passed = out.strip_prefix("+ login ").and_then(|rest| rest.split("[REDACTED]").next());
                let each = form.len().div_ceil(SECRET.len());
                assert!(passed.is_some_and(|it| it.len() <= SHORT * each), "{form} at {cut}: {out}");
                let after = out.split("[REDACTED]").last().unwrap_or_default();
                assert!(after.len() <= "\ndone\n".len() + 1, "{form} at {cut}: {out}");
            }
        }
    }

    /// Of a dump that is cut wherever it may be, fewer characters are passed on than say anything of the secret.
    #[test]
    fn dump_that_is_cut_is_read_whole() {
        let cells = |bytes: &[u8], between: &str| {
            bytes.iter().map(|byte| format!("{between}{}", char::from(*byte))).collect::<String>()
        };
        let dumps: [fn(usize, &[u8]) -> String; 5] = [
            |at, bytes| format!("{at:08x} {:<49}  |{}|", spaced(bytes), String::from_utf8_lossy(bytes)),
            |at, bytes| format!("{at:08x}:{:<49}  {}", spaced(bytes), String::from_utf8_lossy(bytes)),
            |at, bytes| format!("{at:07o}{}", spaced(bytes)),
            |at, bytes| format!("{at:04x}:{:<48} {}", spaced(bytes), String::from_utf8_lossy(bytes)),
            |at, bytes| {
                let cells: String = bytes.iter().map(|byte| format!("  {}", char::from(*byte))).collect();
                format!("{at:07o}{}\n       {cells}", spaced(bytes))
            },
        ];
        let redactor = redactor();
        for write in dumps {
            let all = format!("name=x;password={SECRET};and.more.of.it");
            let lines = all.as_bytes().chunks(16).enumerate().map(|(place, bytes)| write(place * 16, bytes));
            let text = format!("begin\n{}\ndone\n", lines.collect::<Vec<_>>().join("\n"));
            // A step that meets each place of a line.
            for cut in (1..text.len()).step_by(7) {
                let out = parts(&redactor, &text, &[cut]).concat();
                assert!(out.starts_with("begin\n0") && out.ends_with("\ndone\n"), "{cut}: {out}");
                assert!(out.contains("[REDACTED]"), "{cut}: {out}");
                for piece in SECRET.as_bytes().windows(SHORT + 1) {
                    let text = String::from_utf8_lossy(piece);
                    assert!(!out.contains(&*text) && !out.contains(&spaced(piece)), "{text} at {cut}: {out}");
                    assert!(!out.contains(&cells(piece, "  ")), "{text} at {cut}: {out}");
                }
            }
        }
    }

    /// So of one that a program wrote as one line.
    #[test]
    fn dump_in_one_line_that_is_cut_is_read_whole() {
        let dumps: [fn(usize, &[u8]) -> String; 3] = [
            |at, bytes| format!("{at:08x}{} |{}| ", spaced(bytes), String::from_utf8_lossy(bytes)),
            |at, bytes| format!("{at:08x}:{} {} ", spaced(bytes), String::from_utf8_lossy(bytes)),
            |at, bytes| format!("{at:07o}{} ", spaced(bytes)),
        ];
        let redactor = redactor();
        for write in dumps {
            let all = format!("name=x;password={SECRET};and.more.of.it");
            let rows = all.as_bytes().chunks(16).enumerate().map(|(place, bytes)| write(place * 16, bytes));
            let text = format!("begin\n{}\ndone\n", rows.collect::<String>());
            for cut in (1..text.len()).step_by(3) {
                let mut parts = redactor.parts();
                let out = [parts.next(&text[..cut], true), parts.next(&text[cut..], false)].concat();
                assert!(out.contains("[REDACTED]") && out.ends_with("\ndone\n"), "{cut}: {out}");
                for piece in SECRET.as_bytes().windows(SHORT + 1) {
                    let text = String::from_utf8_lossy(piece);
                    assert!(!out.contains(&*text) && !out.contains(&spaced(piece)), "{text} at {cut}: {out}");
                }
            }
        }
    }

    fn spaced(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!(" {byte:02x}")).collect()
    }

    /// What follows a dump that ends like the beginning of a secret is not held back with it.
    #[test]
    fn what_follows_a_dump_is_passed_on() {
        let mut parts = Parts::new(redactor());
        let dump = "00000000 67 68 70 5f 5a 78  |ghp_Zx|\n";
        assert_eq!(parts.next(dump, true), "00000000 ");
        assert_eq!(parts.next("done, all is well\n", true), format!("{}done, all is well\n", &dump[9..]));
    }

    /// The last letter of a secret may be one that is left out of what is searched, and be cut itself.
    #[test]
    fn last_letter_is_found_wherever_it_is_cut() {
        let redactor = Redactor::new(&[SecretString::from("token-Zx81日")]);
        for last in ["日", "&#x65e5;", "&#x65e5 ", "&#26085 ", "&#26085;", "%E6%97%A5", "\\u65e5"] {
            let text = format!("+ login token-Zx81{last} is done\n");
            for cut in (1..text.len()).filter(|cut| text.is_char_boundary(*cut)) {
                let out = parts(&redactor, &text, &[cut]).concat();
                let rest = out.split("[REDACTED]").last().unwrap_or_default();
                assert!(out.contains("[REDACTED]"), "{last} at {cut}: {out}");
                // A letter alone says nothing of a secret: the part before it was masked when it was read.
                let end = format!("{last} is done\n");
                let is_alone = cut >= text.len() - end.len() && end.ends_with(rest);
                assert!(is_alone || [" is done\n", "  is done\n"].contains(&rest), "{last} at {cut}: {out}");
            }
        }
    }

    /// What is held back is bounded: a text that begins escapes for ever is passed on.
    #[test]
    fn little_is_held_back_of_what_is_no_secret() {
        let redactor = redactor();
        for text in ["\\".repeat(40_000), "%2".repeat(40_000), "&#".repeat(40_000), "g=67=68".repeat(20_000)]
        {
            let mut parts = Parts::new(redactor.clone());
            let passed = parts.next(&text, true);
            assert!(text.len() - passed.len() <= redactor.reach(), "{} of {}", passed.len(), text.len());
            assert_eq!(passed + &parts.next("", false), text);
        }
    }

    #[test]
    fn what_begins_no_secret_is_passed_on_at_once_and_nothing_is_lost() {
        // text, cut -> the first part
        let cases = [
            ("one\ntwo\n", 4, "one\n"),
            ("Proceed? yes", 9, "Proceed? "),
            ("a ghp_Zx81 is cut", 10, "a "),
            ("a ghp_Zx81 is cut", 11, "a "),
            ("ending\n", 4, "endi"),
            ("äöü ß", 4, "äö"),
        ];
        let redactor = redactor();
        for (text, cut, first) in cases {
            let out = parts(&redactor, text, &[cut]);
            assert_eq!(out[0], first, "{text}");
            assert_eq!(out.concat(), text);
        }
    }

    /// Of several secrets the one that begins first counts, and of one the longest beginning.
    #[test]
    fn beginning_of_any_secret_is_held_back() {
        let secrets = ["abcdefgh1234", "abcdzzzz9999", "cdefyyyy5678"].map(SecretString::from);
        let redactor = Redactor::new(&secrets);
        // what has come -> what of it is passed on
        let cases = [
            ("x abcd", "x "),
            ("x abcdef", "x "),
            ("x abcdefgh123", "x "),
            ("x abcdz", "x "),
            ("x bcdef", "x b"),
            ("x abcdcdef", "x abcd"),
            ("x abcdy", "x abcdy"),
            ("x cde", "x cde"),
            ("cdef", ""),
            ("abc", "abc"),
            ("", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(redactor.parts().next(text, true), expected, "{text}");
        }
    }

    #[test]
    fn form_that_is_no_utf_8_cuts_no_character() {
        let redactor = Redactor::new(&[SecretString::from("\u{a9}abcdefghij")]);
        // As Latin-1 the secret begins with the second byte of the letter.
        assert_eq!(redactor.text("caf\u{e9}abcdefghij!"), "caf[REDACTED]!");
        let mut parts = Parts::new(redactor);
        let out = [parts.next("caf\u{e9}abcd", true), parts.next("efghij!", false)];
        assert_eq!(out, ["caf", "[REDACTED]!"]);
    }

    /// A log is read by bytes: what ends within a letter ends with half of it, and so begins the next part.
    #[test]
    fn secret_with_another_letter_is_found_wherever_its_bytes_are_cut() {
        let secret = "tøken-øß-Zx81日本Value";
        let each = |write: &dyn Fn(char) -> String| secret.chars().map(write).collect::<String>();
        let other = |c: char, escape: &dyn Fn(u32) -> String| {
            if c.is_ascii() { c.to_string() } else { escape(u32::from(c)) }
        };
        let bytes = |c: char, escape: fn(u8) -> String| c.to_string().bytes().map(escape).collect::<String>();
        let forms = [
            secret.to_owned(),
            each(&|c| bytes(c, |byte| format!("%{byte:02X}"))),
            each(&|c| bytes(c, |byte| format!("\\x{byte:02x}"))),
            each(&|c| bytes(c, |byte| format!("\\{byte:03o}"))),
            each(&|c| bytes(c, |byte| format!("={byte:02X}"))),
            each(&|c| bytes(c, |byte| char::from(byte).to_string())),
            each(&|c| other(c, &|code| format!("\\u{code:04x}"))),
            each(&|c| other(c, &|code| format!("&#{code};"))),
            each(&|c| other(c, &|code| format!("&#x{code:x};"))),
            each(&|c| other(c, &|_| "&oslash;".to_owned())),
            each(&|c| other(c, &|_| "\u{fffd}".to_owned())),
        ];
        let redactor = Redactor::new(&[SecretString::from(secret)]);
        for form in forms {
            let text = format!("+ login {form}\ndone\n").into_bytes();
            for cut in 1..text.len() {
                let mut parts = Parts::new(redactor.clone());
                let mut read = |part: &[u8], more| parts.next(&String::from_utf8_lossy(part), more);
                let out = [read(&text[..cut], true), read(&text[cut..], false)].concat();
                let passed = out.strip_prefix("+ login ").and_then(|rest| rest.split("[REDACTED]").next());
                let each = form.len().div_ceil(secret.chars().count());
                assert!(out.contains("[REDACTED]"), "{form} at {cut}: {out}");
                assert!(passed.is_some_and(|it| it.len() <= SHORT * each), "{form} at {cut}: {out}");
                let after = out.split("[REDACTED]").last().unwrap_or_default();
                assert!(
                    after.ends_with("\ndone\n") && after.len() <= "\ndone\n".len() + 3,
                    "{form} at {cut}: {out}"
                );
            }
        }
    }

    #[test]
    fn without_secrets_everything_is_passed_on() {
        let mut parts = Parts::new(Redactor::new(&[]));
        assert_eq!(parts.next("ghp_", true), "ghp_");
    }
}
