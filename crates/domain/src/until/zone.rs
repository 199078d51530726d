//! Time zones as people write them after a time: `Europe/Berlin` and `UTC`, which are clear, and `GMT+2`, `MESZ`, `Berlin time`.

use jiff::tz::TimeZone;

use super::numeric_date::number;

/// What is expected instead of a time zone that is not clear.
pub(super) const CLEAR: &str = "a time zone as a place or UTC";

/// Short names, in any letters. Most are those of several zones, or of one for half of the year.
const ABBREVIATIONS: [&str; 16] = [
    "z", "utc", "gmt", "cet", "cest", "est", "edt", "cst", "cdt", "mst", "mdt", "pst", "pdt", "bst", "ist",
    "jst",
];

/// What the names of time zones begin with.
const AREAS: [&str; 12] = [
    "Africa",
    "America",
    "Antarctica",
    "Arctic",
    "Asia",
    "Atlantic",
    "Australia",
    "Etc",
    "Europe",
    "Indian",
    "Pacific",
    "US",
];

/// Short names that are taken for one in capitals alone: some are words in small letters, such as `west`.
const IN_CAPITALS: &[&str] = &[
    "ACDT", "ACST", "AEDT", "AEST", "AKDT", "AKST", "AWST", "BRT", "CT", "EEST", "EET", "ET", "HKT", "HST",
    "KST", "MESZ", "MEZ", "MSK", "MT", "NZDT", "NZST", "OESZ", "OEZ", "PT", "SAST", "SGT", "WEST", "WET",
    "WEZ", "WIB",
];

/// What may be around a time zone.
const PUNCTUATION: [char; 6] = [',', ';', '(', ')', '[', ']'];

/// The most words of a place's name: `Pacific Daylight` before `time`.
const MOST_WORDS: usize = 3;

/// A text without the time zone at its end, the name of that, and what it is: `Europe/Berlin` and `utc`, in brackets or after a
/// space. What no database knows is none, such as `Build/Deploy`.
pub(super) fn split(text: &str) -> Option<(&str, &str, TimeZone)> {
    let (rest, name) = with_last(text)?;
    let rest = rest.trim_end().trim_end_matches(',');
    let zone = named(name).filter(|_| !rest.trim_start().is_empty())?;
    Some((rest, name, zone))
}

/// What is before the end of a text, and that: in brackets, or after a space.
fn with_last(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_end().trim_end_matches(',');
    match text.strip_suffix(']') {
        Some(open) => open.rsplit_once('['),
        None => text.rsplit_once(char::is_whitespace),
    }
}

/// A text without the time zone at its end, where it has one.
pub(crate) fn without_zone(text: &str) -> &str {
    split(text).map_or(text, |(rest, ..)| rest)
}

/// The time zone of a place, or UTC. Short names such as `EST` are in the database too, and mean other zones to other people; and
/// so are offsets, whose sign there is the other one than people expect.
fn named(name: &str) -> Option<TimeZone> {
    match name {
        utc if utc.eq_ignore_ascii_case("utc") => Some(TimeZone::UTC),
        offset if is_etc_offset(offset) => None,
        place if place.contains('/') => TimeZone::get(place).ok().filter(|zone| !zone.is_unknown()),
        _ => None,
    }
}

/// What is before the last word of a text, where that has the form of a time zone and is none that is clear.
pub(super) fn before_unclear(text: &str) -> Option<&str> {
    let (time, zone) = with_last(text)?;
    let zone = zone.trim_matches(PUNCTUATION);
    (is_zone(zone) && named(zone).is_none()).then(|| time.trim_end())
}

/// A time with time zones that are clear, as examples.
pub(super) fn in_clear_zones(time: &str) -> [String; 2] {
    ["UTC", "Europe/Berlin"].map(|zone| format!("{time} {zone}"))
}

/// True where words, as they are typed, begin with a time zone, or are the time of a place and nothing else.
pub(super) fn begins_with_zone(words: &[String]) -> bool {
    words.first().is_some_and(|first| is_zone(first)) || is_time_of_place(words)
}

/// True for a word, as it is typed, that has the form of a time zone, whether or not there is one.
pub(super) fn is_zone(word: &str) -> bool {
    let is_abbreviation = ABBREVIATIONS.iter().any(|known| known.eq_ignore_ascii_case(word));
    let name = word.trim_matches(['[', ']']);
    is_abbreviation
        || IN_CAPITALS.contains(&word)
        || is_zone_name(name)
        || is_etc_offset(name)
        || is_offset(word)
}

/// `Etc/GMT+5`, which is five hours behind UTC.
fn is_etc_offset(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower.strip_prefix("etc/gmt").is_some_and(|offset| offset.starts_with(['+', '-']))
}

/// `Berlin time`, `local time`; of several words only names are a place: `New York time`.
fn is_time_of_place(words: &[String]) -> bool {
    let is_name = |word: &String| word.starts_with(char::is_uppercase);
    match words {
        [place, time] => {
            (is_name(place) || place.eq_ignore_ascii_case("local")) && time.eq_ignore_ascii_case("time")
        }
        [place @ .., time] => {
            (1..=MOST_WORDS).contains(&place.len())
                && place.iter().all(is_name)
                && time.eq_ignore_ascii_case("time")
        }
        [] => false,
    }
}

/// `Europe/Berlin`, `America/Argentina/Buenos_Aires`, `Etc/GMT-2`.
fn is_zone_name(word: &str) -> bool {
    let Some((area, place)) = word.split_once('/') else { return false };
    let is_capital = |part: &str| part.starts_with(|c: char| c.is_ascii_uppercase());
    let is_of_letters = |part: &str| part.chars().all(|c| c.is_ascii_alphabetic() || matches!(c, '_' | '-'));
    let is_place = match area {
        "Etc" => is_capital(place),
        _ => {
            place.split('/').all(|part| is_capital(part) && is_of_letters(part))
                // `US/EU` and `Europe/Asia` are two places.
                && place.contains(|c: char| c.is_ascii_lowercase())
                && (area == "US" || !AREAS.contains(&place))
        }
    };
    AREAS.contains(&area) && is_place
}

/// `GMT+2`, `UTC-03:30`, `+02:00`; `+2` alone is a count.
fn is_offset(word: &str) -> bool {
    let lower = word.to_lowercase();
    let named = ["utc", "gmt"].into_iter().find_map(|name| lower.strip_prefix(name));
    let Some(after) = named.unwrap_or(lower.as_str()).strip_prefix(['+', '-', '\u{2212}']) else {
        return false;
    };
    let (hours, minutes) = match after.split_once(':') {
        Some(both) => both,
        None if named.is_none() => return false,
        // `0530`.
        None => after.split_at_checked(2).filter(|(_, minutes)| minutes.len() == 2).unwrap_or((after, "00")),
    };
    number(hours).is_some_and(|hours| hours <= 14)
        && minutes.len() == 2
        && number(minutes).is_some_and(|minutes| minutes < 60)
}
