//! Dumps without offsets, beside their text.

use super::*;

/// With the width of its lines.
const WITHOUT_OFFSETS: [(&str, usize, Line); 15] = [
    ("od -An -t u1z", 16, |_, it| format!("{:<64}  >{}<", each(it, |b| format!("{b:>4}")), text(it))),
    ("od -An -t u1z -w8", 8, |_, it| format!("{:<32}  >{}<", each(it, |b| format!("{b:>4}")), text(it))),
    ("od -An -t d1z", 16, |_, it| format!("{:<80}  >{}<", each(it, |b| format!("{b:>5}")), text(it))),
    ("od -An -t o1z", 16, |_, it| format!("{:<64}  >{}<", each(it, |b| format!(" {b:03o}")), text(it))),
    ("od -An -t x1z", 16, |_, it| format!("{:<48}  >{}<", each(it, |b| format!(" {b:02x}")), text(it))),
    ("od -An -t u2z", 16, |_, it| {
        format!("{:<48}  >{}<", all(words(it, 2, true), |w| format!("{w:>6}")), text(it))
    }),
    ("od -An -t x4z", 16, |_, it| {
        format!("{:<36}  >{}<", all(words(it, 4, true), |w| format!(" {w:08x}")), text(it))
    }),
    ("od -An -t x1 -c", 16, |_, it| {
        format!("{}\n{}", each(it, |b| format!("  {b:02x}")), each(it, |b| format!("{:>4}", cell(b))))
    }),
    ("od -An -t d1 -c", 16, |_, it| {
        format!("{}\n{}", each(it, |b| format!("{b:>5}")), each(it, |b| format!("{:>5}", cell(b))))
    }),
    ("xxd | cut -c11-", 16, |_, it| {
        format!("{:<40} {}", all(words(it, 2, false), |w| format!("{w:04x} ")), text(it))
    }),
    ("xxd -g1 | cut -c11-", 16, |_, it| format!("{:<48} {}", each(it, |b| format!("{b:02x} ")), text(it))),
    ("xxd -e | cut -c11-", 16, |_, it| {
        format!("{:<36} {}", all(words(it, 4, true), |w| format!("{w:08x} ")), text(it))
    }),
    ("xxd -b | cut -c11-", 6, |_, it| format!("{:<54} {}", each(it, |b| format!("{b:08b} ")), text(it))),
    ("hexdump -C | cut -c11-", 16, |_, it| {
        let (one, other) = it.split_at(it.len().min(8));
        let [one, other] = [one, other].map(|part| each(part, |b| format!("{b:02x} ")));
        let digits = format!("{one} {other}");
        format!("{digits:<50}|{}|", text(it))
    }),
    ("kubectl logs", 16, |_, it| {
        let digits = each(it, |b| format!(" {b:02x}"));
        format!("2026-11-22T11:00:00.123Z {digits:<48}  >{}<", text(it))
    }),
];

/// Of every line that shows some of it neither numbers nor text are left; every other line stays, and all that say something else.
#[test]
fn secret_is_found_without_offsets_and_beside_its_text() {
    for secret in ["g1thub_pat-Zx9Kq2Lw8Rt5", HEXADECIMAL] {
        let redactor = redactor(secret);
        for (tool, width, line) in WITHOUT_OFFSETS {
            for before in (0..16).step_by(3) {
                let dump = |secret: &str| {
                    let begin = format!("{}export KEY=", "-".repeat(before));
                    let range = begin.len()..begin.len() + secret.len();
                    dump(format!("{begin}{secret};and.more.of.it!").as_bytes(), width, line, range)
                };
                let whole = |parts: &[(String, bool)]| {
                    let lines: Vec<&str> = parts.iter().map(|(lines, _)| lines.as_str()).collect();
                    format!("begin\n{}\ndone\n", lines.join("\n"))
                };
                let parts = dump(secret);
                let clean = redactor.text(&whole(&parts)).into_owned();
                let context = format!("{tool} after {before}: {clean}");
                assert!(clean.starts_with("begin\n") && clean.ends_with("\ndone\n"), "{context}");
                for (lines, shows_it) in &parts {
                    for shown in lines.lines().map(str::trim) {
                        assert!(clean.contains(shown) != *shows_it, "{shown} of {context}");
                    }
                }
                for piece in secret.as_bytes().windows(5) {
                    assert!(!clean.contains(&text(piece)), "{context}");
                }
                let other = whole(&dump(&secret.replacen(&secret[8..9], "Q", 1)));
                assert_eq!(redactor.text(&other), other, "{tool}");
            }
        }
    }
}

/// However often it is cut, no more of the text is passed on than says nothing of the secret.
#[test]
fn secret_without_offsets_is_found_wherever_it_is_cut() {
    let redactor = redactor("g1thub_pat-Zx9Kq2Lw8Rt5");
    for (tool, width, line) in WITHOUT_OFFSETS.into_iter().filter(|(tool, ..)| tool.contains("1z")) {
        let bytes = b"export KEY=g1thub_pat-Zx9Kq2Lw8Rt5;and.more.of.it!";
        let lines: String = dump(bytes, width, line, 0..0).into_iter().map(|(line, _)| line + "\n").collect();
        let whole = format!("begin\n{lines}done\n");
        for cut in (1..whole.len()).step_by(11) {
            let mut parts = redactor.parts();
            let out = [parts.next(&whole[..cut], true), parts.next(&whole[cut..], false)].concat();
            assert!(out.contains(MASK) && out.ends_with("done\n"), "{tool} at {cut}: {out}");
            for piece in b"g1thub_pat-Zx9Kq2Lw8Rt5".windows(5) {
                assert!(!out.contains(&text(piece)), "{tool} at {cut}: {out}");
            }
        }
    }
}

/// A line -> its numbers and the text beside them.
#[test]
fn text_stands_beside_numbers_without_an_offset() {
    let cases = [
        (" 103  49 116  >g1t<", Some(("103  49 116", "g1t"))),
        (" 67 31 74  |g1t|", Some(("67 31 74", "g1t"))),
        ("6731 74    g1t", Some(("6731 74", "g1t"))),
        ("11:00:00 67 31 74  g1t", Some(("67 31 74", "g1t"))),
        ("000a2174     >t!.<", Some(("000a2174", "t!."))),
        ("01100111 00110001  g1", Some(("01100111 00110001", "g1"))),
        ("103 49 116  g1t", Some(("103 49 116", "g1t"))),
        (
            "67 31 74 68 75 62 5f 70   61 74  g1thub_p at",
            Some(("67 31 74 68 75 62 5f 70   61 74", "g1thub_p at")),
        ),
        // Blanks at its ends.
        ("67 31 20  g1", Some(("67 31 20", "g1"))),
        ("2067 3120   g1", Some(("2067 3120", "g1"))),
        ("20202020 74  t", Some(("20202020 74", "t"))),
        // The rest may come.
        (" 103  49 116  >g1", Some(("103  49 116", "g1"))),
        (" 103  49 116  >", Some(("103  49 116", ""))),
        // What only follows them: too short, too long, or after a single blank.
        ("67 31 74  g1", None),
        ("67 31 74  done", None),
        ("67 31 74 g1t", None),
        ("67 00 31 00  after", None),
        ("0147 061 0164  done", None),
        ("103, 49, 116,  done", None),
        (" 103  49 116  > and it is no text of so few numbers", None),
        // After an offset it is another kind of line.
        ("00000000  67 31 74  |g1t|", None),
        ("00000000: 6731 74    g1t", None),
        ("0000000 103  49 116  >g1t<", None),
        ("67 31 74  and much more than that", None),
        (" 103  49 116", None),
        ("12.50  EUR", None),
        ("the build has passed  in 12 s", None),
        ("", None),
    ];
    for (line, expected) in cases {
        let found = super::super::before_text(line.as_bytes()).map(|parts| parts.map(|part| &line[part]));
        assert_eq!(found, expected.map(|(numbers, text)| [numbers, text]), "{line}");
    }
}

/// A line, where its numbers begin, and the next one -> where the characters begin there that stand for those.
#[test]
fn characters_stand_below_their_numbers() {
    let cases = [
        ("  67  31  74", 2, "   g   1   t", Some(3)),
        ("  67  0a  c3", 2, "   g  \\n 303", Some(3)),
        ("  20  31", 2, "       1", Some(7)),
        ("  103   49   -2", 2, "    g    1  376", Some(4)),
        ("    3167    6874", 4, "   g   1   t   h", Some(3)),
        ("        68743167", 8, "   g   1   t   h", Some(3)),
        // The end of an indented list, or of an item of one.
        ("    \"26\": 54", 10, "   } end", None),
        ("        54", 8, "    ]", None),
        ("      54,", 6, "    ]", None),
        ("  67  31  74", 2, "  68  75  62", None),
        ("  67  31  74", 2, "   and   so", None),
        ("  67  31  74", 2, "", None),
    ];
    for (first, from, line, expected) in cases {
        let found = super::super::characters_below(first.as_bytes(), from, line.as_bytes());
        assert_eq!(found, expected, "{first} / {line}");
    }
}

/// What follows the numbers of a secret in their line -> whether it is masked with them.
#[test]
fn what_only_follows_numbers_stays() {
    const SECRET: &str = "g1thub_pat-Zx9Kq2Lw8Rt5";
    let redactor = redactor(SECRET);
    let forms: [fn(u8) -> String; 4] =
        [|b| format!(" {b:02x}"), |b| format!(" {b:03o}"), |b| format!(" 0{b:o}"), |b| format!(" {b}")];
    let cases = [
        (" end", false),
        ("  end", false),
        ("   builds: 12 have passed", false),
        ("  it is not known where this is from", false),
        // As long as the secret.
        (" twenty-three-characters", false),
        ("  twenty-three-characters", true),
        ("  >twenty-three-characters<", true),
        ("  |twenty-three-characters|", true),
    ];
    for (form, (after, is_text)) in forms.into_iter().flat_map(|form| cases.map(|case| (form, case))) {
        let text = format!("begin{}{after}\nnext\n", each(SECRET.as_bytes(), form));
        let clean = redactor.text(&text).into_owned();
        assert!(
            clean.starts_with("begin") && clean.contains(MASK) && clean.ends_with("\nnext\n"),
            "{text}: {clean}"
        );
        let shown = after.trim();
        assert!(clean.contains(shown) != is_text, "{text}: {clean}");
    }
}
