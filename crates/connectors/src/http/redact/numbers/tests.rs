use callboard_domain::secret::SecretString;

use super::super::{MASK, Redactor};

/// What a tool writes for the bytes at an offset: a line, or several.
type Line = fn(usize, &[u8]) -> String;

fn each(bytes: &[u8], write: impl Fn(u8) -> String) -> String {
    bytes.iter().map(|byte| write(*byte)).collect()
}

/// As `od -c` and `hexdump -c` write a byte.
fn cell(byte: u8) -> String {
    match byte {
        b'\n' => "\\n".to_owned(),
        b' '..=b'~' => char::from(byte).to_string(),
        _ => format!("{byte:03o}"),
    }
}

fn text(bytes: &[u8]) -> String {
    let shown = |byte: &u8| if (b' '..=b'~').contains(byte) { char::from(*byte) } else { '.' };
    bytes.iter().map(shown).collect()
}

/// The words of so many bytes, with the lowest first or last.
fn words(bytes: &[u8], size: usize, is_little: bool) -> Vec<u64> {
    let word = |part: &[u8]| {
        let mut part = part.to_vec();
        part.resize(size, 0);
        if !is_little {
            part.reverse();
        }
        part.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
    };
    bytes.chunks(size).map(word).collect()
}

fn all(words: Vec<u64>, write: impl Fn(u64) -> String) -> String {
    words.into_iter().map(write).collect()
}

const TOOLS: [(&str, usize, Line); 27] = [
    ("curl --trace", 16, |at, it| format!("{at:04x}: {:<48}{}", each(it, |b| format!("{b:02x} ")), text(it))),
    ("openssl s_client -debug", 16, |at, it| {
        let digits = each(it, |b| format!("{b:02x} "));
        let digits = if it.len() > 8 { format!("{}-{}", &digits[..23], &digits[24..]) } else { digits };
        format!("{at:04x} - {digits:<48}  {}", text(it))
    }),
    ("od -t u1", 16, |at, it| format!("{at:07o}{}", each(it, |b| format!("{b:>4}")))),
    ("od -t d1", 16, |at, it| format!("{at:07o}{}", each(it, |b| format!("{:>5}", i8::from_ne_bytes([b]))))),
    ("od -A d -t u1 -w32", 32, |at, it| format!("{at:07}{}", each(it, |b| format!("{b:>4}")))),
    ("od -b", 16, |at, it| format!("{at:07o}{}", each(it, |b| format!(" {b:03o}")))),
    ("od", 16, |at, it| format!("{at:07o}{}", all(words(it, 2, true), |w| format!(" {w:06o}")))),
    ("od -A x -o", 16, |at, it| format!("{at:06x}{}", all(words(it, 2, true), |w| format!(" {w:06o}")))),
    ("od -tx1 -tc", 16, |at, it| {
        let (digits, cells) = (each(it, |b| format!("  {b:02x}")), each(it, |b| format!("{:>4}", cell(b))));
        format!("{at:07o}{digits}\n       {cells}")
    }),
    ("od -tx2 -tc -tu1", 16, |at, it| {
        let digits = all(words(it, 2, true), |w| format!("    {w:04x}"));
        let (cells, numbers) = (each(it, |b| format!("{:>4}", cell(b))), each(it, |b| format!("{b:>4}")));
        format!("{at:07o}{digits}\n       {cells}\n       {numbers}")
    }),
    ("od -a -c", 16, |at, it| {
        let cells = each(it, |b| format!("{:>4}", cell(b)));
        format!("{at:07o}{}\n       {cells}", each(it, |b| format!("{:>4}", char::from(b & 0x7f))))
    }),
    ("od --endian=big -t u2", 16, |at, it| {
        format!("{at:07o}{}", all(words(it, 2, false), |w| format!("{w:>6}")))
    }),
    ("od -t x4", 16, |at, it| format!("{at:07o}{}", all(words(it, 4, true), |w| format!(" {w:08x}")))),
    ("od -t u4", 16, |at, it| format!("{at:07o}{}", all(words(it, 4, true), |w| format!("{w:>11}")))),
    ("od -t o4", 16, |at, it| format!("{at:07o}{}", all(words(it, 4, true), |w| format!(" {w:011o}")))),
    ("od -t x8", 16, |at, it| format!("{at:07o}{}", all(words(it, 8, true), |w| format!(" {w:016x}")))),
    ("od -t u8", 16, |at, it| format!("{at:07o}{}", all(words(it, 8, true), |w| format!("{w:>21}")))),
    ("od -An -t u2", 16, |_, it| all(words(it, 2, true), |w| format!(" {w:>5}"))),
    ("hexdump -b -c", 16, |at, it| {
        let (digits, cells) = (each(it, |b| format!(" {b:03o}")), each(it, |b| format!("{:>4}", cell(b))));
        format!("{at:07x}{digits}\n{at:07x}{cells}")
    }),
    ("hexdump -d", 16, |at, it| format!("{at:07x}{}", all(words(it, 2, true), |w| format!("   {w:05}")))),
    ("hexdump -C", 16, |at, it| {
        format!("{at:08x} {:<48}  |{}|", each(it, |b| format!(" {b:02x}")), text(it))
    }),
    ("xxd", 16, |at, it| {
        format!("{at:08x}: {:<40} {}", all(words(it, 2, false), |w| format!("{w:04x} ")), text(it))
    }),
    ("xxd -g8", 16, |at, it| {
        format!("{at:08x}: {:<34} {}", all(words(it, 8, false), |w| format!("{w:016x} ")), text(it))
    }),
    ("xxd -e", 16, |at, it| {
        format!("{at:08x}: {:<36} {}", all(words(it, 4, true), |w| format!("{w:08x} ")), text(it))
    }),
    ("xxd -b", 6, |at, it| format!("{at:08x}: {:<54} {}", each(it, |b| format!("{b:08b} ")), text(it))),
    ("Format-Hex", 16, |at, it| format!("{at:016X} {:<48}{}", each(it, |b| format!("{b:02X} ")), text(it))),
    ("gdb x/8ub", 8, |at, it| {
        let bytes = each(it, |b| format!("\t{b} '{}'", text(&[b])));
        format!("0x7fffe3{at:06x}:{bytes}")
    }),
];

/// A dump: what is written for each part of the bytes, and whether that shows some of a range.
fn dump(bytes: &[u8], width: usize, line: Line, range: std::ops::Range<usize>) -> Vec<(String, bool)> {
    let parts = bytes.chunks(width).enumerate();
    let shown = parts.map(|(number, part)| {
        let at = number * width;
        (line(at, part), at < range.end && range.start < at + part.len())
    });
    shown.collect()
}

/// The same as one text, where lines that show the same as the one before them are left out.
fn squeezed(bytes: &[u8], width: usize, line: Line) -> String {
    let parts: Vec<&[u8]> = bytes.chunks(width).collect();
    let mut out = String::new();
    for (number, part) in parts.iter().enumerate() {
        let is_same = |number: usize| number > 0 && parts[number - 1] == parts[number];
        if !is_same(number) {
            out += &format!("{}\n", line(number * width, part));
        } else if !is_same(number - 1) {
            out += "*\n";
        }
    }
    out
}

fn redactor(secret: &str) -> Redactor {
    Redactor::new(&[SecretString::from(secret)])
}

/// Of every line that shows some of it nothing is left but the offset; every other line stays.
#[test]
fn a_secret_is_found_in_the_dump_of_every_tool() {
    for secret in ["ghp_Zx81PlainTokenValue7766", "12345678", "пароль-ключ"] {
        for (tool, width, line) in TOOLS {
            // Of letters that are no ASCII a dump's cells say nothing.
            if tool == "od -a -c" && !secret.is_ascii() {
                continue;
            }
            for before in [0, 3, 15, 37] {
                let bytes =
                    [b"-".repeat(before).as_slice(), secret.as_bytes(), b";and.more.of.it!".as_slice()]
                        .concat();
                let parts = dump(&bytes, width, line, before..before + secret.len());
                let lines: Vec<&str> = parts.iter().map(|(lines, _)| lines.as_str()).collect();
                let whole = format!("begin\n{}\ndone\n", lines.join("\n"));
                let clean = redactor(secret).text(&whole).into_owned();
                assert!(clean.contains(MASK), "{tool} after {before}: {clean}");
                assert!(clean.starts_with("begin\n") && clean.ends_with("\ndone\n"), "{tool}: {clean}");
                for (lines, shows_it) in &parts {
                    for line in lines.lines() {
                        // Without its offset; a line with little on it may be like another.
                        let shown = line[line.len().min(17)..].trim();
                        let is_left = clean.contains(if *shows_it { shown } else { line });
                        assert!(
                            shown.len() < 12 || is_left != *shows_it,
                            "{tool} after {before}: {line}\nof\n{clean}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn a_secret_is_found_after_lines_and_in_lines_that_are_left_out() {
    let long = format!("{}{}", "0123456789abcdef".repeat(5), "Zx81");
    for (tool, width, line) in TOOLS {
        let bytes = [b"-".repeat(200).as_slice(), b"ghp_Zx81PlainTokenValue7766", &[b'-'; 96]].concat();
        let dump = squeezed(&bytes, width, line);
        let clean = redactor("ghp_Zx81PlainTokenValue7766").text(&dump).into_owned();
        assert!(dump.contains("\n*\n") && clean.contains(MASK), "{tool}: {clean}");
        if 16 % width == 0 {
            let dump = squeezed(long.as_bytes(), width, line);
            let clean = redactor(&long).text(&dump).into_owned();
            assert!(width < 16 || dump.contains("\n*\n"), "{tool}");
            assert!(clean.contains(MASK), "{tool}: {clean}");
        }
    }
}

/// What a dump shows is a text like any other.
#[test]
fn a_secret_is_found_encoded_in_a_dump_and_in_a_dump_in_json() {
    // `kim:ghp_Zx81PlainTokenValue7766`
    let header = b"Authorization: Basic a2ltOmdocF9aeDgxUGxhaW5Ub2tlblZhbHVlNzc2Ng==\r\nAccept: */*\r\n";
    let redactor = redactor("ghp_Zx81PlainTokenValue7766");
    for (tool, width, line) in TOOLS {
        let lines: Vec<String> =
            dump(header, width, line, 0..0).into_iter().map(|(lines, _)| lines).collect();
        let whole = format!("=> Send header, 87 bytes (0x57)\n{}\n== Info: done\n", lines.join("\n"));
        let clean = redactor.text(&whole).into_owned();
        assert!(clean.contains(MASK) && clean.ends_with("\n== Info: done\n"), "{tool}: {clean}");
        let body = serde_json::json!({ "log": whole }).to_string();
        assert!(redactor.body(&body).contains(MASK), "{tool}");
    }
}

#[test]
fn a_dump_of_something_else_stays() {
    let redactor = redactor("ghp_Zx81PlainTokenValue7766");
    for (tool, width, line) in TOOLS {
        // All but the last letter of it, and all bytes.
        let bytes: Vec<u8> = b"ghp_Zx81PlainTokenValue776".iter().copied().chain(0..=255).collect();
        let lines: Vec<String> =
            dump(&bytes, width, line, 0..0).into_iter().map(|(lines, _)| lines).collect();
        let whole = lines.join("\n");
        assert_eq!(redactor.text(&whole), whole, "{tool}");
        let body = serde_json::json!({ "log": whole }).to_string();
        assert_eq!(redactor.body(&body), body, "{tool}");
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn no_dump_makes_it_panic(text in "([0-9a-fx:*|' ,é-]{0,20}\n){0,20}", secret in "[0-9a-fé -]{8,20}") {
        let redactor = redactor(&secret);
        let _ = (redactor.text(&text), redactor.body(&text));
        let mut parts = crate::http::redact::Parts::new(redactor);
        let (one, other) = text.split_at(text.floor_char_boundary(text.len() / 2));
        let _ = (parts.next(one, true), parts.next(other, false));
    }
}
