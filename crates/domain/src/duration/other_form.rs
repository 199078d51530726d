//! Lengths of time in forms that are not read, and what they mean in the form that is.

use super::{PUNCTUATION, Span, UNITS, folded, unit};

const DAY: u64 = 86_400;

/// The length of time that a word most likely means, which is written like one and is none: `90` (minutes), `PT2H`,
/// `2h30`, `1.5h`, `1y`, `2h,`. `None` for a length that is read, and for any other word.
pub(crate) fn in_other_form(word: &str) -> Option<String> {
    let word = folded(word);
    let is_read = |text: &str| text.parse::<Span>().is_ok();
    if is_read(&word) {
        return None;
    }
    let plain = word.trim_matches(PUNCTUATION);
    if is_read(plain) {
        return Some(plain.to_owned());
    }
    let forms: [fn(&str) -> Option<String>; 5] = [minutes, iso_8601, last_unit_left_out, fraction, calendar];
    let meant = forms.into_iter().find_map(|form| form(&word))?;
    // No time at all is no length.
    meant.parse::<Span>().ok().is_none_or(|Span(length)| !length.is_zero()).then_some(meant)
}

/// `90`.
fn minutes(word: &str) -> Option<String> {
    let is_number = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| format!("{word}m"))
}

/// `PT2H`, `P1D`; not `P1`, which is a priority.
fn iso_8601(word: &str) -> Option<String> {
    let lower = word.to_ascii_lowercase();
    let rest = lower.strip_prefix('p')?;
    let (date, time) = rest.split_once('t').unwrap_or((rest, ""));
    let of_date = |letter: char| match letter {
        'y' => Some(365 * DAY),
        'm' => Some(30 * DAY),
        'w' => Some(7 * DAY),
        'd' => Some(DAY),
        _ => None,
    };
    let of_time = |letter: char| match letter {
        'h' => Some(3_600),
        'm' => Some(60),
        's' => Some(1),
        _ => None,
    };
    let seconds = sum(date, of_date)?.checked_add(sum(time, of_time)?)?;
    let length = Span(std::time::Duration::from_secs(seconds));
    Some(length.to_string().replace(' ', ""))
}

/// The seconds of numbers with a letter behind each.
fn sum(text: &str, seconds: impl Fn(char) -> Option<u64>) -> Option<u64> {
    let (mut rest, mut sum) = (text, 0_u64);
    while !rest.is_empty() {
        let (count, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let letter = after.chars().next()?;
        sum = sum.checked_add(count.parse::<u64>().ok()?.checked_mul(seconds(letter)?)?)?;
        rest = after.get(letter.len_utf8()..)?;
    }
    Some(sum)
}

/// `2h30`.
fn last_unit_left_out(word: &str) -> Option<String> {
    let before = word.trim_end_matches(|c: char| c.is_ascii_digit());
    let name = before.rsplit(|c: char| !c.is_ascii_alphabetic()).next()?;
    let of_name = unit(name).filter(|_| before != word)?;
    let (shorter, _) = UNITS.iter().find(|(_, each)| *each < of_name)?;
    let whole = format!("{word}{shorter}");
    whole.parse::<Span>().is_ok().then_some(whole)
}

/// `1.5h`, `1,5h`.
fn fraction(word: &str) -> Option<String> {
    let (number, name) = word.split_at(word.find(|c: char| c.is_ascii_alphabetic())?);
    let (whole, part) = number.split_once(['.', ','])?;
    let each = unit(name)?;
    let of = |digits: &str| digits.parse::<u64>().ok()?.checked_mul(each);
    let scale = 10_u64.checked_pow(u32::try_from(part.len()).ok()?)?;
    let scaled = of(whole)?.checked_mul(scale)?.checked_add(of(part)?)?;
    let seconds = scaled.is_multiple_of(scale).then(|| scaled / scale)?;
    let (longest, each) = UNITS.iter().find(|(_, each)| seconds.is_multiple_of(*each))?;
    Some(format!("{}{longest}", seconds / each))
}

/// `1y`, `1M`: as many days as a year or a month has.
fn calendar(word: &str) -> Option<String> {
    let (count, name) = word.split_at(word.find(|c: char| !c.is_ascii_digit())?);
    let lower = name.to_ascii_lowercase();
    let days = match lower.as_str() {
        "y" | "yr" | "yrs" | "year" | "years" => 365,
        "mo" | "mos" | "month" | "months" => 30,
        _ if name == "M" => 30,
        _ => return None,
    };
    Some(format!("{}d", count.parse::<u64>().ok()?.saturating_mul(days)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_in_other_forms_are_recognised() {
        let cases = [
            ("90", Some("90m")),
            ("９０", Some("90m")),
            ("PT2H", Some("2h")),
            ("pt90m", Some("1h30m")),
            ("P1D", Some("1d")),
            ("P1DT2H", Some("1d2h")),
            ("P1M", Some("30d")),
            ("2h30", Some("2h30m")),
            ("1d12", Some("1d12h")),
            ("30m15", Some("30m15s")),
            ("1.5h", Some("90m")),
            ("1,5h", Some("90m")),
            ("0.5d", Some("12h")),
            ("1.25hours", Some("75m")),
            ("1y", Some("365d")),
            ("2yrs", Some("730d")),
            ("1M", Some("30d")),
            ("6mo", Some("180d")),
            ("2h,", Some("2h")),
            ("(2h)", Some("2h")),
            // Refused with nothing in its place: it is longer than any that is taken.
            ("99999999999999999999", Some("99999999999999999999m")),
            // Read as they are.
            ("2h", None),
            ("1m", None),
            ("1h30m", None),
            // No length.
            ("0", None),
            ("P0D", None),
            ("", None),
            ("P", None),
            ("P1", None),
            ("p95", None),
            ("PT", None),
            ("pt", None),
            ("v2", None),
            ("k8s1", None),
            ("5xx", None),
            ("2nd", None),
            ("1.5", None),
            ("1.5M", None),
            ("1.4.12", None),
            ("0.3333333h", None),
            ("9:00", None),
            ("9.30", None),
            ("-90", None),
            ("#90", None),
            ("90%", None),
            ("100ms", None),
            ("1/2h", None),
            ("why", None),
            ("é", None),
        ];
        for (word, expected) in cases {
            assert_eq!(in_other_form(word).as_deref(), expected, "{word:?}");
        }
    }
}
