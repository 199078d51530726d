//! All that is wrong is named at once, with its place and in plain words.

use std::fs;

use super::*;

#[test]
fn all_config_errors_are_reported_at_once() {
    let errors = read("acounts = 1\n[secrets]\nstore = \"x\"\n[receive]\nlisten = 7").unwrap_err();
    assert_eq!(errors.len(), 3, "{errors:#?}");
}

#[test]
fn config_error_hides_no_other() {
    // what is wrong, each line once, and nothing that only follows from it
    let cases: &[(&str, &[&str])] = &[
        (
            "[accounts.forge]\nservice = \"github\"\nwach = []\nevery = \"soon\"\nurl = 7\n\
             [accounts.ci]\nservice = \"jenkins\"\nurl = \"ftp://x\"\nevery = \"0s\"\nuser = 3",
            &["3:1 ", "4:9 ", "5:7 ", "8:7 ", "9:9 ", "10:8 "],
        ),
        (
            "[[rules]]\nname = 3\nwhen = \"true\"\ndo = \"notfy\"\n[[rules]]\nname = \"b\"\nwhen = 'item.brnch == \"x\"'\npost = [\"nowhere\"]",
            &["2:8 ", "4:6 ", "7:", "8:9 "],
        ),
        // An account with a fault of its own is an account all the same.
        (
            "default_channel = \"chat:#x\"\n[channels]\nnews = \"chat:#news\"\n[accounts.chat]\nservice = \"slak\"",
            &["5:11 "],
        ),
        ("[desktop]\nhotkey = 3\nthem = \"dark\"\ntray = \"pink\"", &["2:10 ", "3:1 ", "4:8 "]),
        ("[channels]\na = 1\nb = 2\nc = \"nowhere\"", &["2:5 ", "3:5 ", "4:5 "]),
        // A rule with a fault in one field is looked at in the others; what is missing is named too.
        (
            "[[rules]]\nname = 3\nwhen = 'item.brnch == \"x\"'\npost = [3, \"nowhere\", \"room:a\"]\ngroup_by = [true, \"item.rpo\"]\nenabeld = true",
            &["2:8 ", "3:8 ", "4:9 ", "4:12 ", "5:13 ", "5:19 ", "6:1 "],
        ),
        ("[[rules]]\npost = [\"nowhere\"]\n[[rules]]", &["1:1 ", "1:1 ", "2:9 ", "3:1 ", "3:1 "]),
        (
            "[[rules]]\nname = \"a\"\nwhen = \"true\"\ndo = \"notfy\"\n[[rules]]\nname = \"a\"\nwhen = \"event == 'faild'\"\nenabled = 3",
            &["4:6 ", "6:8 ", "7:", "8:11 "],
        ),
        // An account with a fault in one key is looked at in the others.
        (
            "[accounts.ci]\nservice = \"github\"\nurl = \"http://ci.example\"\nevery = \"0s\"\nwach = []",
            &["3:7 ", "4:9 ", "5:1 "],
        ),
        ("[accounts.ci]\nservice = \"jenkins\"\nevery = \"0s\"", &["1:1 ", "3:9 "]),
        (
            "[accounts.ci]\nservice = \"github\"\nurl = \"http://ci.example\"\nallow_http = \"yes\"",
            &["4:14 "],
        ),
        // A channel with a fault of its own is a channel all the same.
        (
            "default_channel = \"a\"\n[channels]\na = 1\nb = \"nowhere\"\n[[rules]]\nname = \"x\"\nwhen = \"true\"\npost = [\"b\"]",
            &["3:5 ", "4:5 "],
        ),
        (
            "[notifications]\nquiet_hours = [\"25:00\", \"7\"]\n[keep]\nhistory = 3",
            &["2:16 ", "2:25 ", "4:11 "],
        ),
        // What stands in for a refused entry is not refused as well.
        ("[accounts.a]\nservice = \"github\"\nwatch = [1]", &["3:10 "]),
        (
            "[accounts.a]\nservice = \"github\"\nwatch = [true, \"acme/web\"]\nevery = \"soon\"",
            &["3:10 ", "4:9 "],
        ),
        (
            "[accounts.a]\nservice = \"alertmanager\"\nurl = \"http://127.0.0.1\"\nfilter = [{}, 1]",
            &["4:11 ", "4:15 "],
        ),
        // Keys that are doubled hide nothing else; other lines that are no TOML are all named.
        ("[keep]\nhistory = \"1d\"\nhistory = \"2d\"\n[desktop]\ntheme = \"pink\"", &["3:1 ", "5:9 "]),
        ("[keep]\nhistory = 90d\n[desktop]\ntheme = dark", &["2:11 ", "4:9 "]),
    ];
    for (text, expected) in cases {
        let errors = read(text).unwrap_err();
        assert_eq!(errors.len(), expected.len(), "{text}: {errors:#?}");
        for (error, place) in errors.iter().zip(*expected) {
            assert!(error.starts_with(place), "{text}: {place} {errors:#?}");
        }
    }
}

/// What a parser says is for programmers: none of its words are shown.
#[test]
fn invalid_toml_is_reported_plainly_with_its_position() {
    // what is written -> place and words
    let cases = [
        ("[keep]\nhistory = 90d", "2:11", "a text is written in quotes"),
        ("[keep\nhistory = \"90d\"", "1:6", "write [NAME]"),
        ("[[rules]\nname = \"x\"", "1:", "[[NAME]]"),
        ("[keep]\nhistory = \"90d", "2:15", "this text does not end: a `\"` is missing"),
        ("[keep]\nhistory = '90d", "2:15", "this text does not end: a `'` is missing"),
        ("[keep]\nhistory \"90d\"", "2:", "a `=` and a value are missing"),
        ("[keep]\nhistory =", "2:", "expected a value: a text is written in quotes"),
        ("[keep]\nhistory = 090", "2:11", "a number does not begin with 0"),
        ("[keep]\nhistory = \"\\d\"", "2:13", "write `\\\\`, or the text in '...'"),
        ("[commands]\ndirs = [\"a\", \"b\"", "2:", "this list does not end"),
        ("[commands]\ndirs = [\"a\" \"b\"]", "2:", "a comma is missing"),
        ("builtin_rules = True", "1:", "expected true or false, in small letters"),
        ("= 3", "1:1", "a name is missing here"),
        ("a = 1 b = 2", "1:", "on a line of its own"),
        ("a = .5", "1:", "this is no number"),
        ("a = 1\na = 2", "2:1", "this is there twice: keep one of the two"),
        ("[keep]\n[keep]", "2:", "this is there twice"),
        ("accounts.x = 1\n[accounts.x.y]", "2:", "this has a value already"),
        ("default_channel = \"a\u{1}\"", "1:", "control character"),
        ("# a\u{1}b", "1:", "a comment cannot hold this character"),
    ];
    for (text, place, words) in cases {
        let errors = read(text).unwrap_err();
        let found = errors.iter().any(|error| error.starts_with(place) && error.contains(words));
        assert!(found, "{text:?}: no {place} {words:?}: {errors:#?}");
    }
}

/// A date is none that anything here takes: it is read as the text that it is written as.
#[test]
fn dates_and_times_without_quotes_are_texts() {
    let hours = read("[notifications]\nquiet_hours = [22:00, 07:00]").unwrap().notifications.quiet_hours;
    assert_eq!(
        hours,
        read("[notifications]\nquiet_hours = [\"22:00\", \"07:00\"]").unwrap().notifications.quiet_hours
    );
    let errors = read("[keep]\nhistory = 2026-01-01").unwrap_err();
    assert!(errors[0].contains("found \"2026-01-01\""), "{errors:?}");
}

#[test]
fn bytes_that_are_no_utf_8_are_named_with_their_place_and_hide_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("callboard.toml");
    // what is in the file -> places and words
    type Faults<'f> = &'f [(&'f str, &'f str)];
    let cases: [(&[u8], Faults<'_>); 4] = [
        (
            b"# caf\xe9\n[desktop]\ntheme = \"pink\"\n# \xff\xfe",
            &[("1:6", "the byte 0xE9 here is not UTF-8"), ("3:9", "it can be"), ("4:3", "0xFF")],
        ),
        ("# é\n[keep]\nhistory = \"".as_bytes(), &[("3:12", "this text does not end")]),
        (b"\xff\xfea\0", &[("1:1", "this is UTF-16: save it as UTF-8")]),
        (b"[keep]\nhistory = \"1d\" # \xe2\x82", &[("2:18", "0xE2")]),
    ];
    for (bytes, expected) in cases {
        fs::write(&path, bytes).unwrap();
        let (_, errors) = Config::inspect(&path);
        assert_eq!(errors.len(), expected.len(), "{errors:#?}");
        for (error, (place, words)) in errors.iter().zip(expected) {
            let found = format!("{}:{}", error.line, error.column);
            assert!(found == *place && error.what.contains(words), "{place} {words}: {errors:#?}");
        }
    }
}

#[test]
fn errors_of_a_file_in_another_encoding_are_one_per_line_and_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("callboard.toml");
    fs::write(&path, b"# \xe9\xe9\n".repeat(200_000)).unwrap();
    let (text, faults) = lossy_text_of(&path).unwrap();
    assert_eq!(text.lines().count(), 200_000);
    let lines: Vec<usize> = faults.iter().map(|fault| fault.line).collect();
    assert_eq!(lines, (1..=MOST_FAULTS).collect::<Vec<_>>());
    assert!(faults.iter().all(|fault| fault.column == 3), "the first of its line: {faults:?}");
}

/// Each line of a good file removed, doubled, and with a value of another type: the errors are in plain words.
#[test]
fn toml_parser_jargon_never_reaches_the_user() {
    const PARSERS: [&str; 16] = [
        "invalid type",
        "invalid value",
        "invalid length",
        "struct",
        "enum",
        "variant",
        "field",
        "tuple",
        "sequence",
        "a map",
        "untagged",
        "integer",
        "boolean",
        "duplicate",
        "unexpected",
        "$__",
    ];
    const VALUES: [&str; 13] = [
        "3",
        "true",
        "\"x\"",
        "\"\"",
        "[1]",
        "[\"x\"]",
        "[[1]]",
        "{ a = 1 }",
        "2026-01-01",
        "-1",
        "1.5",
        "nan",
        "99999999999999999999",
    ];
    let more = "[keep]\nhistory = \"90d\"\n[desktop]\ntheme = \"dark\"\nhotkey = \"F9\"\n[people.ana]\nlocal = \"ana\"\n\
                [teams.sre]\nmembers = [\"ana\"]\n";
    let good = format!("builtin_rules = true\n{GOOD}{more}");
    read(&good).unwrap();
    let lines: Vec<&str> = good.lines().collect();
    let mut errors = Vec::new();
    for (nth, line) in lines.iter().enumerate() {
        let with = |new: &[&str]| [&lines[..nth], new, &lines[nth + 1..]].concat().join("\n");
        let mut tried = vec![with(&[]), with(&[line, line])];
        match line.split_once(" = ") {
            Some((key, _)) => tried.extend(VALUES.map(|value| with(&[&format!("{key} = {value}")]))),
            None => tried.push(with(&[&format!("{} = 3", line.trim_matches(['[', ']']))])),
        }
        for text in tried {
            errors.extend(read(&text).err().into_iter().flatten().map(|error| (error, text.clone())));
        }
    }
    assert!(errors.len() > 200, "{}", errors.len());
    for (error, text) in errors {
        // What is in quotes is the file's own.
        let plain: String = error.split(['`', '"']).step_by(2).collect();
        let found = PARSERS.iter().find(|word| plain.contains(**word));
        assert!(found.is_none(), "{found:?} in {error}\n{text}");
    }
}
