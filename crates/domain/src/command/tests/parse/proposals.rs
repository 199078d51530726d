//! What is proposed instead of a time can be typed as it stands. Every line that a test here reads is checked.

use super::*;

/// What is proposed instead of a time gives one as it stands.
#[track_caller]
pub(super) fn check(line: &str, error: &ArgError) {
    let gives_time = |meant: &str| {
        let commands = commands();
        let parsed = commands.parse(meant).unwrap_or_else(|error| panic!("{line}: {meant}: {error}"));
        assert!(parsed.given.iter().any(|arg| arg.ty.is_time()), "{line}: {meant}");
    };
    let text = error.to_string();
    // "as in `silence "Slow API" 1h x`"
    for (meant, _) in text.split("as in `").skip(1).filter_map(|rest| rest.split_once('`')) {
        gives_time(meant);
        // And as a shell gives it, without its quotes.
        let words: Vec<String> = tokens(meant).unwrap().into_iter().map(|token| token.text).collect();
        gives_time(&line_from(&words));
    }
    if let ArgError::Invalid { arg, found, nearest: Some(nearest), .. } = error {
        match arg.as_str() {
            // Instead of all that follows the item.
            "comment" => gives_time(&format!("silence X {nearest}")),
            "duration" | "until" => gives_time(&line.replacen(found.as_str(), nearest, 1)),
            _ => {}
        }
    }
}

#[test]
fn what_is_proposed_for_a_time_makes_sense() {
    let lines = [
        "X 4 hours until the 9:00 deploy",
        "X 404s on checkout",
        "X 1000s of errors",
        "X 3d printer",
        "X 2h 3d",
        "X deploying until 18:00",
        "X waiting for 3d printer",
        "Disk is full for 3d printer",
        "Disk is full for 2h 1/2h",
        "Disk is full until 17h",
        "X 90",
        "X PT2H",
        "X monday 9 disks fail",
        "X sun is hot",
        "X noon deploy",
        "X 1h 2h",
        "X 10 minutes ago",
        "X 2h later",
        "X 5р until it is fixed",
        "Slow API 2h",
        "Slow API 3d deploying",
        "Slow API 3d",
        "Slow API 5р x",
        "Slow API (2h)",
        "Slow API 25:00",
        "Slow API 2 days ago",
        "Slow API yesterday",
        "Slow API today at 5",
        "Slow API 24.11. x",
        "Slow API 2h \"x\" later",
    ];
    for line in lines {
        meaning(&format!("silence {line}"));
    }
    // Some is proposed at all.
    for (line, proposed) in [
        ("X 1000s of errors", "did you mean \"for 1000s of errors\"?"),
        ("Slow API 3d", "as in `silence \"Slow API\" 3d`"),
        ("Slow API 3d deploying", "as in `silence \"Slow API\" for 3d deploying`"),
    ] {
        let found = meaning(&format!("silence {line}"));
        assert!(found.contains(proposed), "{line}: {found}");
    }
}
