//! What was typed on a keyboard whose letters are not Latin, as the letters of the same keys: `5р` is `5h`.
//!
//! Such a text is refused with what it would be, and not taken for it: other layouts of the same script have other letters there.

/// The letters of the usual layouts (Russian with Ukrainian, and Greek), and what the same keys type in a Latin one. The app, which
/// sees the keys, begins with the same rows.
const ROWS: [(&str, &str); 3] = [
    ("йцукенгшщзхъфывапролджэячсмитьбюё", "qwertyuiop[]asdfghjkl;'zxcvbnm,.`"),
    ("іїєґ№", "s]'`#"),
    ("ςερτυθιοπασδφγηξκλζχψωβνμ΄´¨", "wertyuiopasdfghjklzxcvbnm;;:"),
];

/// The text as the Latin letters of the keys that typed it; `None` where no letter is of another layout.
pub(crate) fn latin(text: &str) -> Option<String> {
    let read: String = text.chars().map(|typed| key(typed).unwrap_or(typed)).collect();
    (read != text).then_some(read)
}

fn key(typed: char) -> Option<char> {
    let mut lower = typed.to_lowercase();
    let (Some(letter), None) = (lower.next(), lower.next()) else { return None };
    let find = |(letters, latin): &(&str, &str)| {
        let at = letters.chars().position(|it| it == letter)?;
        latin.chars().nth(at)
    };
    let key = ROWS.iter().find_map(find)?;
    Some(if letter == typed { key } else { shifted(key) })
}

/// What the same key types with Shift.
fn shifted(key: char) -> char {
    match key {
        ',' => '<',
        '.' => '>',
        ';' => ':',
        '\'' => '"',
        '[' => '{',
        ']' => '}',
        '`' => '~',
        letter => letter.to_ascii_uppercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_other_layouts_are_read_by_their_keys() {
        let cases = [
            ("5р", Some("5h")),
            ("5Р", Some("5H")),
            ("1Ь", Some("1M")),
            ("90ь", Some("90m")),
            ("2ы", Some("2s")),
            ("2і", Some("2s")),
            ("5η", Some("5h")),
            ("31 ауи", Some("31 feb")),
            ("ещьщккщц", Some("tomorrow")),
            ("ьщтвфн 9Ж30", Some("monday 9:30")),
            ("μονδαυ 9¨30", Some("monday 9:30")),
            ("ΣΑΤ", Some("SAT")),
            ("monday 9:30", None),
            ("größe", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(latin(text).as_deref(), expected, "{text}");
        }
        // The app reads by the same rows.
        let app = include_str!("../../../../ui/src/parts/layout.ts");
        for (letters, keys) in ROWS {
            assert_eq!(letters.chars().count(), keys.chars().count(), "{letters}");
            assert!(app.contains(&format!("rows(\"{letters}\", \"{keys}\")")), "{letters}");
        }
    }
}
