//! JSON of services that do not keep to their own documents: lists are read element by element, so that one that can't be
//! read does not cost the others; null stands for nothing; dates that no clock holds are the nearest that one does.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;

use callboard_domain::text;

/// A list, as far as it can be read. `null` is an empty one.
#[derive(Debug, Clone)]
pub(crate) struct Elements<T> {
    /// The elements that can be read, in order.
    pub(crate) rows: Vec<T>,
    /// Which could not be read, and why, in a person's words.
    pub(crate) unread: Vec<String>,
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Elements<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let values = Option::<Vec<Value>>::deserialize(deserializer)?.unwrap_or_default();
        let mut list = Self { rows: Vec::with_capacity(values.len()), unread: Vec::new() };
        for (place, value) in (1..).zip(values) {
            let name = named(&value);
            match serde_json::from_value(value) {
                Ok(row) => list.rows.push(row),
                Err(error) => {
                    list.unread.push(format!("entry {place}{name}: {}", text::line(&error.to_string(), 150)))
                }
            }
        }
        Ok(list)
    }
}

/// What an entry calls itself, for a person who looks for it.
fn named(entry: &Value) -> String {
    let field = |name: &str| match entry.get(name)? {
        Value::String(text) => Some(text::line(text, 60)),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let name = ["number", "id", "full_name", "name"].iter().find_map(|name| Some((name, field(name)?)));
    name.map_or_else(String::new, |(field, value)| format!(" ({field} {value})"))
}

/// The readable elements of a list within an entry; the others are left out silently: what stands beside them is good.
pub(crate) fn each<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    Elements::deserialize(deserializer).map(|list| list.rows)
}

/// A value, or its default where it is null.
pub(crate) fn or_default<'de, T: Deserialize<'de> + Default, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// A value, or nothing where it is null or of another shape.
pub(crate) fn maybe<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Value::deserialize(deserializer).map(|value| serde_json::from_value(value).ok())
}

/// A date of RFC 3339; nothing where it can't be read.
pub(crate) fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    Value::deserialize(deserializer).map(|value| value.as_str().and_then(moment))
}

/// A moment, or the nearest that can be held: years past 9998 mean "never" in some programs.
pub(crate) fn moment(text: &str) -> Option<Timestamp> {
    let year = || text.get(..text.get(1..)?.find('-')? + 1)?.parse::<i64>().ok();
    let nearest = || match year()? {
        9999.. => Some(Timestamp::MAX),
        ..=-9999 => Some(Timestamp::MIN),
        _ => None,
    };
    text.trim().parse().ok().or_else(nearest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Row {
        id: u64,
        #[serde(default, deserialize_with = "or_default")]
        name: String,
        #[serde(default, deserialize_with = "date")]
        at: Option<Timestamp>,
    }

    #[test]
    fn one_entry_that_is_unreadable_does_not_cost_the_others() {
        let text = r#"[{"id": 1, "name": null}, null, {"id": "x", "name": "odd"}, 7, {"id": 2, "name": "b", "at": "soon"}]"#;
        let list: Elements<Row> = serde_json::from_str(text).unwrap();
        assert_eq!(list.rows.iter().map(|row| row.id).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(list.unread.len(), 3);
        assert!(list.unread[1].starts_with("entry 3 (id x): "), "{:?}", list.unread);
        assert_eq!(serde_json::from_str::<Elements<Row>>("null").unwrap().rows, []);
    }

    #[test]
    fn dates_are_read_or_clamped() {
        let cases = [
            ("2026-11-22T10:00:00Z", "2026-11-22T10:00:00Z"),
            ("2026-11-22T10:00:00+01:00", "2026-11-22T09:00:00Z"),
            ("9999-12-31T23:59:59Z", "max"),
            ("+10000-01-01T00:00:00Z", "max"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
            ("soon", ""),
            ("", ""),
            ("-", ""),
        ];
        for (text, expected) in cases {
            let shown = |at: Timestamp| if at == Timestamp::MAX { "max".to_owned() } else { at.to_string() };
            let found = moment(text).map_or_else(String::new, shown);
            assert_eq!(found, expected, "{text}");
        }
    }
}
