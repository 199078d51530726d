use callboard_domain::secret::SecretString;
use serde_json::json;

use super::{
    super::{MASK, Redactor},
    *,
};

const SECRET: &str = "ghp_Zx81PlainTokenValue7766";

fn redactor() -> Redactor {
    Redactor::new(&[SecretString::from(SECRET)])
}

/// A way to write a byte, with what stands between it and the next one.
type Form = fn(u8) -> String;

const FORMS: [Form; 36] = [
    |byte| format!("0o{byte:o} "),
    |byte| format!("0O{byte:o}, "),
    |byte| format!("0{byte:o} "),
    |byte| format!("0{byte:o}, "),
    |byte| format!("{byte:o},"),
    |byte| format!("x{byte:x} "),
    |byte| format!("x{byte:02x},"),
    |byte| format!("X{byte:02X}, "),
    |byte| format!("0b{byte:b}, "),
    |byte| format!("{byte}.0, "),
    |byte| format!("{byte}. "),
    |byte| format!("{byte}.00\n"),
    |byte| format!("{byte},\n    "),
    // UTF-16.
    |byte| format!("{byte:02x} 00 "),
    |byte| format!("00 {byte:02x} "),
    |byte| format!("0x{byte:x}, 0x0, "),
    |byte| format!("{byte} 0 "),
    |byte| format!("0, {byte}, "),
    |byte| format!("byte({byte}), "),
    |byte| format!("chr({byte}) + "),
    |byte| format!("Char({byte}) "),
    |byte| format!("chr(0x{byte:x})."),
    |byte| format!("std::byte{{{byte}}}, "),
    |byte| format!("(byte){byte}, "),
    |byte| format!("[char]{byte} + "),
    |byte| format!("{byte}u8, "),
    |byte| format!("0x{byte:x}_u8, "),
    |byte| format!("16#{byte:x}#, "),
    |byte| format!("#o{byte:o} "),
    |byte| format!("&H{byte:X} "),
    |byte| format!("ChrW(&H{byte:X}) & "),
    |byte| format!("{byte}.chr + "),
    |byte| format!("chr {byte}."),
    |byte| format!("static_cast<unsigned char>({byte}), "),
    |byte| format!("s += chr({byte}); "),
    |byte| format!("fputc({byte}, f); "),
];

/// The same with much between two numbers, of which more than a little stands before the first or after the last.
const APART: [Form; 3] = [
    |byte| format!("{byte}.0,\n{:24}", ""),
    |byte| format!("System.Convert.ToByte({byte}), "),
    |byte| format!("std::convert::to_byte({byte}),\n{:40}", ""),
];

fn written(text: &str, form: Form) -> String {
    text.bytes().map(form).collect()
}

/// What of it is more than says nothing of the secret.
fn pieces(form: Form) -> Vec<String> {
    let written = |piece: &[u8]| piece.iter().map(|byte| form(*byte)).collect::<String>();
    SECRET.as_bytes().windows(5).map(|piece| written(piece).trim_end().to_owned()).collect()
}

#[test]
fn secret_is_found_as_numbers_of_any_length_and_mark() {
    for form in FORMS {
        let whole = written(SECRET, form);
        let clean = redactor().text(&format!("begin {whole} end")).into_owned();
        let rest = clean.strip_prefix("begin ").and_then(|rest| rest.strip_suffix(" end"));
        let left = rest.map(|rest| rest.replace(MASK, ""));
        // What stands before the first and after the last.
        assert!(clean.contains(MASK) && left.is_some_and(|left| left.len() <= 8), "{whole}: {clean}");
    }
}

/// With one letter less, or another one, it is another text.
#[test]
fn numbers_of_something_else_stay() {
    let others = [&SECRET[..SECRET.len() - 1], "ghp_Zx82PlainTokenValue7766", "Nothing of this is a secret."];
    for (form, other) in FORMS.into_iter().flat_map(|form| others.map(|other| (form, other))) {
        let text = format!("begin {} end", written(other, form));
        assert_eq!(redactor().text(&text), text);
        let body = json!({ "log": text }).to_string();
        assert_eq!(redactor().body(&body), body);
    }
    // The numbers themselves, in what is no list of them.
    let forms: [Form; 8] = [
        |byte| format!("{byte}.5, "),
        |byte| format!("$ {byte}.25 "),
        |byte| format!("1.{byte}.0, "),
        |byte| format!("10.0.0.{byte} "),
        |byte| format!("2026-11-22 11:{byte:02}:00 done "),
        |byte| format!("{byte} and "),
        |byte| format!("0o{byte:o} made "),
        |byte| format!("added chr({byte}) and "),
    ];
    let texts = forms.into_iter().map(|form| written(SECRET, form)).chain([
        "total 12.00, 103.00, 104.00, 112.00, 95.00, 90.00, 120.00, 56.00, 49.00".to_owned(),
        "52.5200, 13.4050; 48.8566, 2.3522; 40.0, -74.0".to_owned(),
        "0755 0644 0600 0777 0700 0444 0400 0111".to_owned(),
        "3.14.0 103.0.1 104.0.2 112.0.3, 127.0.0.1:8080 10.0.0.0/8".to_owned(),
        "x1 x2 x3 x4 x5 x6 x7 x8 x9, 1920x1080, f(1), g(2), h(3), min(4), max(5), sum(6), p(8)".to_owned(),
        "|00000000| 1 | 2 |\n|00000001| 3 | 4 |\n".to_owned(),
        "│00000000│ 67 68 70 5f ┊ 5a 78 38 31 │ghp_┊Zx81│\n".to_owned(),
        "12u8, 103.png, 16#1, &H1, total += 12; total += 103; max(104, x), 'a', 'b', 2026, 1013".to_owned(),
    ]);
    for text in texts {
        assert_eq!(redactor().text(&text), text);
    }
}

#[test]
fn secret_is_found_after_offsets() {
    let bytes = format!("key={SECRET};and.more.of.it!");
    let lines = |width: usize, write: fn(usize, &str) -> String| {
        let line = |(number, part): (usize, &[u8])| {
            let numbers: String = part.iter().map(|byte| format!(" {byte}")).collect();
            write(number * width, &numbers)
        };
        bytes.as_bytes().chunks(width).enumerate().map(line).collect::<String>()
    };
    let forms: [fn(usize, &str) -> String; 5] = [
        |at, numbers| format!("{at:04}:{numbers}\n"),
        |at, numbers| format!("{at:04x}:{numbers}\n"),
        |at, numbers| format!("{at}: {numbers}\n"),
        |at, numbers| format!("{at:04}:{numbers} "),
        |at, numbers| format!("{at:08x}:{numbers}  and more\n"),
    ];
    for (width, form) in [4, 10, 16, 64].into_iter().flat_map(|width| forms.map(|form| (width, form))) {
        let whole = lines(width, form);
        let clean = redactor().text(&format!("begin\n{whole}\nend\n")).into_owned();
        assert!(clean.contains(MASK), "{whole}: {clean}");
        for piece in SECRET.as_bytes().windows(3) {
            let numbers: String = piece.iter().map(|byte| format!(" {byte}")).collect();
            assert!(!clean.contains(&numbers), "{numbers} of {whole}: {clean}");
        }
    }
}

/// No more of it is passed on than says nothing of the secret.
#[test]
fn secret_is_found_wherever_it_is_cut() {
    for form in FORMS.into_iter().chain(APART) {
        let text = format!("begin {} end\n", written(SECRET, form));
        for cut in (1..text.len()).step_by(7) {
            let mut parts = redactor().parts();
            let out = [parts.next(&text[..cut], true), parts.next(&text[cut..], false)].concat();
            assert!(out.contains(MASK) && out.ends_with(" end\n"), "{text} at {cut}: {out}");
            for piece in pieces(form) {
                assert!(!out.contains(&piece), "{piece} at {cut}: {out}");
            }
        }
    }
}

#[test]
fn secret_is_found_in_json() {
    for form in FORMS {
        let body = json!({ "id": 7, "log": format!("begin\n{}", written(SECRET, form)) }).to_string();
        let clean: serde_json::Value = serde_json::from_str(&redactor().body(&body)).unwrap();
        let log = clean["log"].as_str().unwrap_or_default();
        assert!(log.starts_with("begin\n") && log.contains(MASK) && clean["id"] == 7, "{body}: {clean}");
    }
    let floats: Vec<f64> = SECRET.bytes().map(f64::from).collect();
    let body = json!({ "id": 7, "list": floats }).to_string();
    let clean: serde_json::Value = serde_json::from_str(&redactor().body(&body)).unwrap();
    assert_eq!(clean, json!({ "id": 7, "list": MASK }));
}

#[test]
fn body_is_masked_whole_where_a_secret_is_in_several_values() {
    let nested = |text: &str| {
        let lists: Vec<_> = text.bytes().map(|byte| json!([byte])).collect();
        json!({ "lists": lists }).to_string()
    };
    let other = nested(&SECRET.replace("Zx", "Yx"));
    let cases = [(nested(SECRET), format!("\"{MASK}\"")), (other.clone(), other)];
    for (body, expected) in cases {
        assert_eq!(redactor().body(&body), expected);
    }
}

fn text_of(run: Decoded) -> String {
    let seen: Vec<u8> = run.bytes.into_iter().filter(|byte| *byte != 0).collect();
    String::from_utf8_lossy(&seen).into_owned()
}

/// A text -> what its run writes; none where there is no run of eight.
#[test]
fn runs_are_read() {
    let far = " ".repeat(BETWEEN + 1);
    let cases = [
        ("a 103 104 112 95 90 120 56 49 b", Some("ghp_Zx81")),
        ("[0147,0150,0160,0137,0132,0170,070,061]", Some("ghp_Zx81")),
        ("[103, 0x68, 112., 95.0, 0o132, x78, 56, 0b110001]", Some("ghp_Zx81")),
        ("103\\n104\\t112\\n\\t95\\n90\\n120\\n56\\n49", Some("ghp_Zx81")),
        ("0: 103 104 112 95\n4: 90 120 56 49\n", Some("ghp_Zx81")),
        ("f(103, 104, 112, 95, 90, 120, 56, 49)", Some("ghp_Zx81")),
        ("1087 1072 103 104 112 95 90 120 56 49", Some("паghp_Zx81")),
        // Several bases, and characters among them.
        ("103, 0x68, 0160, 95, 0o132, 0170, 56, 0b110001", Some("ghp_Zx81")),
        ("'g', 104, 'p', '_', 90, \"x\", 56, '1'", Some("ghp_Zx81")),
        ("'-', 45, '\\'', 39, 103, 104, 112, 95", Some("--''ghp_")),
        // Words of two bytes, in either order.
        ("[26727, 24432, 30810, 12600, 27728, 26977, 21614, 27503]", Some("ghp_Zx81PlainTok")),
        ("[26472, 28767, 23160, 14385, 20588, 24937, 28244, 28523]", Some("ghp_Zx81PlainTok")),
        // What stands before them.
        (
            "s += chr(103); s += chr(104); s += chr(112); s += chr(95); s += 90; s += 120; s += 56; s += 49",
            Some("ghp_Zx81"),
        ),
        ("chr 103.chr 104.chr 112.chr 95.chr 90.chr 120.chr 56.chr 49", Some("ghp_Zx81")),
        ("std::cout << char(103) << char(104) << 112 << 95 << 90 << 120 << 56 << 49", Some("ghp_Zx81")),
        // What ends a run, or is none.
        ("103 104 112 95 90 120 56", None),
        ("103 104 112 95 and 90 120 56 49", None),
        ("103.5 104.5 112.5 95.5 90.5 120.5 56.5 49.5", None),
        ("1.103.0 1.104.0 1.112.0 1.95.0 1.90.0 1.120.0 1.56.0 1.49.0", None),
        ("10.0.0.103 10.0.0.104 10.0.0.112 10.0.0.95 10.0.0.90 10.0.0.120 10.0.0.56 10.0.0.49", None),
        ("0x 0x 0x 0x 0x 0x 0x 0x 0x", None),
        ("", None),
    ];
    for (text, expected) in cases {
        let read: Vec<String> = decoded(text).map(text_of).collect();
        let is_right = expected.map_or(read.is_empty(), |expected| read.iter().any(|run| run == expected));
        assert!(is_right, "{text}: {read:?}");
    }
    assert!(decoded(&format!("103 104 112 95{far}90 120 56 49")).next().is_none());
}

/// A text that may go on, and whether its last number may -> what is read of its run.
#[test]
fn unfinished_run_is_read_as_far_as_it_goes() {
    let [near, far] = [BETWEEN, BETWEEN + 1].map(|blanks| format!("103 104 112 95{}", " ".repeat(blanks)));
    let cases = [
        (near.as_str(), true, Some("ghp_")),
        (far.as_str(), true, None),
        ("103 104 112 95, System.Convert.To", true, Some("ghp_")),
        ("103 104 112 95, System.", true, Some("ghp_")),
        ("103 104 112 95, std:", true, Some("ghp_")),
        ("103 104 112 95; s ", true, Some("ghp_")),
        ("103 104 112 95; s +", true, Some("ghp_")),
        ("103 104 112 95, static_cast<unsi", true, Some("ghp_")),
        ("103 104 112 95, fputc(90, f", true, Some("ghp_Z")),
        ("103 104 112 95 &H", true, Some("ghp_")),
        ("103 104 112 95, std::", true, Some("ghp_")),
        ("103 104 112 95, std::byte{", true, Some("ghp_")),
        ("103 104 112 95, (by", true, Some("ghp_")),
        ("103 104 112 95, 0", true, Some("ghp_")),
        ("103 104 112 95, 0x", true, Some("ghp_")),
        ("103 104 112 95 end\n", true, None),
        ("103 104 112 95 end. ", true, None),
        ("103 104 112 95 90 12", true, Some("ghp_Z")),
        ("103 104 112 95 90 12", false, Some("ghp_Z\u{c}")),
        ("chr(103)+chr(104)+chr(112)+chr(95)+ch", true, Some("ghp_")),
        ("103 104 112 9", true, None),
        ("103 104 112 95 90 is no list that may go on", true, None),
    ];
    for (text, cut, expected) in cases {
        assert_eq!(unfinished(text, cut).map(text_of).next().as_deref(), expected, "{text}");
    }
}
