use callboard_domain::secret::SecretString;

mod without_offsets;

use super::{
    super::{MASK, Redactor},
    ways,
};

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

const TOOLS: [(&str, usize, Line); 34] = [
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
    ("od -An -t d4", 16, |_, it| {
        all(words(it, 4, true), |w| format!("{:>12}", u32::try_from(w).unwrap().cast_signed()))
    }),
    ("od -An -t u4 -w32", 32, |_, it| all(words(it, 4, true), |w| format!("{w:>11}"))),
    ("od -w1 -An -t x1", 1, |_, it| each(it, |b| format!(" {b:02x}"))),
    ("od -w1 -c", 1, |at, it| format!("{at:07o}{}", each(it, |b| format!("{:>4}", cell(b))))),
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
    ("xxd | grep -Hn", 16, |at, it| {
        let digits = all(words(it, 2, false), |w| format!("{w:04x} "));
        format!("a.env:{}:{at:08x}: {digits:<40} {}", at / 16 + 1, text(it))
    }),
    ("xxd -d", 16, |at, it| {
        format!("{at:08}: {:<40} {}", all(words(it, 2, false), |w| format!("{w:04x} ")), text(it))
    }),
    ("readelf -x", 16, |at, it| {
        format!("  0x{at:08x} {:<36}{}", all(words(it, 4, false), |w| format!("{w:08x} ")), text(it))
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
fn secret_is_found_in_the_dump_of_every_tool() {
    for secret in ["ghp_Zx81PlainTokenValue7766", "12345678", "пароль-ключ"] {
        let redactor = redactor(secret);
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
                let clean = redactor.text(&whole).into_owned();
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

/// Of digits alone the text beside the bytes looks like more of them.
const HEXADECIMAL: &str = "11c0ffee5a7d9e3b41c0ffee5a7d9e3b41";

/// What is left of a secret where it is not masked, in any notation.
fn pieces(secret: &str) -> Vec<String> {
    let shown = secret.as_bytes().windows(5).flat_map(|piece| {
        let paired = |piece: &[u8]| all(words(piece, 2, false), |w| format!("{w:04x} "));
        [
            text(piece),
            each(piece, |b| format!("{b:02x} ")),
            each(piece, |b| format!("{b:02x}")),
            paired(&piece[..4]),
            paired(&piece[1..]),
        ]
    });
    shown.map(|shown| shown.trim().to_owned()).collect()
}

/// Nothing of the secret is left.
fn assert_masked(clean: &str, pieces: &[String], context: &str) {
    assert!(clean.contains(MASK), "{context}: {clean}");
    for piece in pieces {
        assert!(!clean.contains(piece), "{piece} of {context}: {clean}");
    }
}

/// `echo $(xxd F)`: all white space is a single space.
fn flattened(lines: &str) -> String {
    lines.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

/// A dump that was written as one line, or broken into shorter lines, has rows all the same.
#[test]
fn secret_is_found_in_a_dump_with_other_line_breaks() {
    for secret in ["ghp_Zx81PlainTokenValue7766", HEXADECIMAL, "Tr0ub4d&horse-battery"] {
        let (redactor, pieces) = (redactor(secret), pieces(secret));
        // Where offsets are written like the numbers, or nothing says which rows show the same bytes, they are not found.
        for (tool, width, line) in
            TOOLS.into_iter().filter(|(tool, ..)| !["od -A x -o", "od -a -c"].contains(tool))
        {
            for before in 0..16 {
                let name = "-".repeat(before) + "export KEY=";
                let bytes = [name.as_bytes(), secret.as_bytes(), b"\n"].concat();
                let lines: Vec<String> =
                    dump(&bytes, width, line, 0..0).into_iter().map(|(lines, _)| lines).collect();
                let one = flattened(&lines.join("\n"));
                let clean = redactor.text(&format!("begin\n{one}\ndone\n")).into_owned();
                assert_masked(&clean, &pieces, &format!("{tool} after {before}"));
                assert!(clean.starts_with("begin\n") && clean.ends_with("\ndone\n"), "{tool}: {clean}");
                let json = serde_json::json!({ "log": one }).to_string();
                assert!(before % 5 > 0 || redactor.body(&json).contains(MASK), "{tool}: {json}");
            }
        }
        // Lines that are left out.
        let bytes = [b"-".repeat(200).as_slice(), secret.as_bytes(), &[b'-'; 96]].concat();
        for (tool, width, line) in
            TOOLS.into_iter().filter(|(tool, ..)| ["xxd", "hexdump -C", "od -b"].contains(tool))
        {
            let one = flattened(&squeezed(&bytes, width, line));
            assert_masked(&redactor.text(&one), &pieces, tool);
        }
        // `fold -w 40`
        let bytes = format!("export KEY={secret}\n");
        for (tool, width, line) in TOOLS.into_iter().filter(|(tool, ..)| ["xxd", "hexdump -C"].contains(tool))
        {
            let lines = dump(bytes.as_bytes(), width, line, 0..0).into_iter().map(|(line, _)| {
                let (one, other) = line.split_at(40);
                format!("{one}\n{other}\n")
            });
            let clean = redactor.text(&format!("{}done\n", lines.collect::<String>())).into_owned();
            assert_masked(&clean, &pieces, tool);
            assert!(clean.ends_with("\ndone\n"), "{tool}: {clean}");
        }
    }
}

#[test]
fn secret_of_hexadecimal_digits_is_found_beside_its_text() {
    let (redactor, pieces) = (redactor(HEXADECIMAL), pieces(HEXADECIMAL));
    let tools = ["xxd", "xxd -d", "xxd | grep -Hn", "readelf -x", "curl --trace", "Format-Hex", "hexdump -C"];
    for (tool, width, line) in TOOLS.into_iter().filter(|(tool, ..)| tools.contains(tool)) {
        for before in 0..16 {
            let bytes = format!("{}{HEXADECIMAL}\n", "-".repeat(before));
            let lines: String = dump(bytes.as_bytes(), width, line, 0..0)
                .into_iter()
                .map(|(lines, _)| lines + "\n")
                .collect();
            assert_masked(&redactor.text(&lines), &pieces, &format!("{tool} after {before}"));
        }
    }
}

#[test]
fn secret_is_found_after_and_in_omitted_lines() {
    let long = format!("{}{}", "0123456789abcdef".repeat(5), "Zx81");
    let (of_short, of_long) = (redactor("ghp_Zx81PlainTokenValue7766"), redactor(&long));
    for (tool, width, line) in TOOLS {
        let bytes = [b"-".repeat(200).as_slice(), b"ghp_Zx81PlainTokenValue7766", &[b'-'; 96]].concat();
        let dump = squeezed(&bytes, width, line);
        let clean = of_short.text(&dump).into_owned();
        assert!(dump.contains("\n*\n") && clean.contains(MASK), "{tool}: {clean}");
        if 16 % width == 0 {
            let dump = squeezed(long.as_bytes(), width, line);
            let clean = of_long.text(&dump).into_owned();
            assert!(width < 16 || dump.contains("\n*\n"), "{tool}");
            assert!(clean.contains(MASK), "{tool}: {clean}");
        }
    }
}

/// However many lines are left out before it.
#[test]
fn secret_is_found_in_omitted_lines_after_many_others() {
    let secret = "Zx81Tk0pQv7mLd3s".repeat(8);
    let redactor = redactor(&secret);
    for (tool, width, line) in
        TOOLS.into_iter().filter(|(tool, ..)| ["xxd", "hexdump -C", "od -b"].contains(tool))
    {
        for others in [0, 1, 40, 100] {
            let dump = |secret: &str| {
                let before = (0..others).flat_map(|byte| [byte; 48]).collect::<Vec<u8>>();
                let bytes = [before.as_slice(), secret.as_bytes(), b";and.more.of.it!"].concat();
                squeezed(&bytes, width, line)
            };
            let whole = dump(&secret);
            let clean = redactor.text(&whole).into_owned();
            assert!(whole.matches("\n*\n").count() > usize::from(others), "{tool}: {whole}");
            assert!(clean.contains(MASK), "{tool} after {others}: {clean}");
            // Repeated as often as may be, it is another text.
            let other = dump(&secret.replace("Ld3s", "Ld3t"));
            assert_eq!(redactor.text(&other), other, "{tool} after {others}");
        }
    }
}

/// Words have as many digits as they need: the first of a line may be longer than the next, as an offset is, or as long as one.
#[test]
fn secret_is_found_in_words_of_any_length_and_offset() {
    let secret = "ghp_Zx81PlainTokenValue7766";
    let redactor = redactor(secret);
    let layouts: [fn(usize) -> String; 3] =
        [|_| String::new(), |at| format!("{at:07o}"), |_| "2026-11-22T11:00:00.123Z".to_owned()];
    for (size, width) in [(2, 16), (4, 8), (4, 32), (8, 8)] {
        for (is_little, after) in [(true, ""), (true, ";and.more.of.it!"), (false, ";and.more.of.it!")] {
            for (before, layout) in (0..16).flat_map(|before| layouts.map(|layout| (before, layout))) {
                let bytes = [b"-".repeat(before).as_slice(), secret.as_bytes(), after.as_bytes()].concat();
                let mut lines = Vec::new();
                for (number, part) in bytes.chunks(width).enumerate() {
                    let at = number * width;
                    let shown = all(words(part, size, is_little), |word| format!("{word:>21}"));
                    let shows_it = at < before + secret.len() && before < at + part.len();
                    lines.push((format!("{}{shown}", layout(at)), shows_it));
                }
                let whole: String = lines.iter().map(|(line, _)| format!("{line}\n")).collect();
                let json = serde_json::json!({ "log": whole }).to_string();
                let in_json = (before % 4 == 0).then(|| redactor.body(&json));
                for clean in [redactor.text(&whole)].into_iter().chain(in_json) {
                    assert!(clean.contains(MASK), "{size} of {width} after {before}: {whole}");
                    for (line, _) in lines.iter().filter(|(_, shows_it)| *shows_it) {
                        let shown = &line[layout(0).len()..];
                        assert!(!clean.contains(shown), "{size} of {width} after {before}: {clean}");
                    }
                }
            }
        }
    }
}

/// Of lines that are left out it is not known how many there were, and not each letter is repeated as often.
#[test]
fn secret_is_found_where_repeated_bytes_are_omitted() {
    let lines: [Line; 7] = [
        |_, it| each(it, |b| format!(" {b:02x}")),
        |_, it| each(it, |b| format!("{b:>4}")),
        |_, it| each(it, |b| format!(" {b:03o}")),
        |at, it| format!("{at:07o}{}", each(it, |b| format!(" {b:02x}"))),
        |at, it| format!("{at:07o}{}", each(it, |b| format!("{b:>4}"))),
        |at, it| format!("{at:07o}{}", each(it, |b| format!(" {b:03o}"))),
        |at, it| format!("{at:07o}{}", each(it, |b| format!("{:>4}", cell(b)))),
    ];
    for secret in ["ghp_Zx81PlainTokenValue7766", "00011-aab-7777-zZ-99", "zz81yy72xx63www"] {
        let redactor = redactor(secret);
        for line in lines {
            let dump = |secret: &str| squeezed(format!("---key={secret};;end").as_bytes(), 1, line);
            let whole = dump(secret);
            let json = serde_json::json!({ "log": whole }).to_string();
            assert!(whole.contains("\n*\n") && redactor.body(&json).contains(MASK), "{secret}: {json}");
            let clean = redactor.text(&whole).into_owned();
            let before: usize = "-*key=".len();
            let left = clean.split(MASK).next().unwrap_or_default();
            assert!(clean.contains(MASK) && left.lines().count() <= before + 1, "{secret}: {clean}");
            let left = clean.split(MASK).last().unwrap_or_default();
            assert!(left.lines().count() <= "*;*end".len() + 1, "{secret}: {clean}");
            // With one other letter it is another text.
            let other = dump(&secret.replacen(&secret[8..9], "Q", 1));
            assert_eq!(redactor.text(&other), other, "{secret}");
        }
    }
}

/// What a dump shows is a text like any other.
#[test]
fn encoded_secret_is_found_in_a_dump_and_in_json() {
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
        let one = flattened(&whole);
        assert_eq!(redactor.text(&one), one, "{tool}");
        let body = serde_json::json!({ "log": whole }).to_string();
        assert_eq!(redactor.body(&body), body, "{tool}");
    }
}

/// Where several layouts come to the same, their numbers are read once; where they do not, in each way.
#[test]
fn numbers_are_read_once_in_each_way_that_differs() {
    // a text -> how many ways
    let cases = [
        ("the build has passed\nin 12 s\n", 0),
        // After an offset.
        ("0000000 147 150\n0000002 160 137\n", 1),
        ("00000000  67 68 70  |ghp|\n00000003  5f 5a 78  |_Zx|\n", 1),
        // Bytes alone.
        (" 67 68 70\n 5f 5a 78\n", 1),
        // The first may be a number or an offset.
        (" 1601202279   825784410\n", 2),
        ("1601202279   825784410\n", 2),
        ("2026-11-22T11:00:00.123Z 1601202279 825784410\n", 2),
    ];
    for (text, expected) in cases {
        assert_eq!(ways(text.as_bytes()).len(), expected, "{text}");
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
