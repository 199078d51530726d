//! JSON as services really write it: `null` for nothing, a number for a text or a text for a number, dates of any kind,
//! and one odd entry in a list of good ones.

mod date;
mod listed;
mod scalar;
#[cfg(test)]
mod tests;

use std::{fmt, marker::PhantomData};

use callboard_domain::{
    parse_error::{self, Notation},
    source::{Problem, ProblemKind},
    text,
};
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::{Value, value::RawValue};
use url::Url;

pub(crate) use self::{
    date::{Date, NamedDate, date, not_ahead, read as read_date},
    listed::Listed,
    scalar::{
        Text, any, any_text, enum_value, flag, folded, number, optional_text, required_number, required_text,
        text, text_unless_many,
    },
};

/// The first of several reasons, and how many more there are; none where there are none.
pub(crate) fn first_and_more(all: &[impl fmt::Display]) -> Option<String> {
    let (first, more) = all.split_first()?;
    Some(if more.is_empty() { first.to_string() } else { format!("{first}, and {} more", more.len()) })
}

/// An address for a browser: http and https only.
pub(crate) fn web_url(text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
}

/// How many odd entries of a list are named.
const NAMED: usize = 3;

/// A list, read entry by entry: what cannot be read is named, and the rest is good.
///
/// A list that is `null` is no list: where the service writes that for an empty one, add [`or_default`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entries<T> {
    /// What could be read, in order.
    pub good: Vec<T>,
    /// What could not be.
    pub odd: Vec<MalformedEntry>,
}

/// An entry that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MalformedEntry {
    /// Which: its name where it has one, and its place in the list.
    pub which: String,
    /// Why.
    pub why: String,
}

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self { good: Vec::new(), odd: Vec::new() }
    }
}

impl<T> Entries<T> {
    /// The entries that could not be read, as the one problem that they are. `what` is what the list is of, such as
    /// `alerts`; `part` is where it belongs, empty for the account as a whole.
    pub(crate) fn problem(&self, part: &str, what: &str) -> Option<Problem> {
        problem(&self.odd, self.good.len(), part, what)
    }
}

/// The same of entries that were read in another way, beside so many `good` ones.
pub(crate) fn problem(odd: &[MalformedEntry], good: usize, part: &str, what: &str) -> Option<Problem> {
    let named: Vec<_> = odd.iter().take(NAMED).map(ToString::to_string).collect();
    let more = odd.len().saturating_sub(NAMED);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    let of = odd.len() + good;
    let why = format!("{} of {of} {what} cannot be read: {}{more}", odd.len(), named.join("; "));
    (!odd.is_empty()).then(|| Problem::new(ProblemKind::Malformed, part, why))
}

impl MalformedEntry {
    /// The entry at that place (from 0), with what it holds as far as that can be read.
    pub(crate) fn new(place: usize, entry: &str, why: impl fmt::Display) -> Self {
        let entry = serde_json::from_str::<Value>(entry).unwrap_or_default();
        let line = |value: &Value| match value {
            Value::String(name) => Some(text::line(name, 80)).filter(|name| !name.is_empty()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let own = ["name", "fingerprint", "full_name", "id", "number"];
        let name = own.into_iter().find_map(|key| line(entry.get(key)?));
        let name = name.or_else(|| line(entry.get("labels")?.get("alertname")?));
        let which = match name {
            Some(name) => format!("{name} (entry {})", place + 1),
            None => format!("entry {}", place + 1),
        };
        Self { which, why: text::line(&why.to_string(), 150) }
    }
}

impl fmt::Display for MalformedEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.which, self.why)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Each<T> {
            type Value = Entries<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut entries = Entries::default();
                let mut place = 0;
                while let Some(entry) = list.next_element::<&'de RawValue>()? {
                    match serde_json::from_str(entry.get()) {
                        Ok(entry) => entries.good.push(entry),
                        Err(why) => {
                            let why = parse_error::without_place(&why.to_string(), Notation::Json);
                            entries.odd.push(MalformedEntry::new(place, entry.get(), why));
                        }
                    }
                    place += 1;
                }
                Ok(entries)
            }
        }

        deserializer.deserialize_seq(Each(PhantomData))
    }
}

/// Nothing for `null`.
pub(crate) fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// What is only a detail: nothing for what cannot be read.
pub(crate) fn or_nothing<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?;
    Ok(serde_json::from_str(raw.get()).unwrap_or_default())
}

/// An object that is only a detail, of which every field is lenient and may be missing: nothing for `null`, or what is no
/// object. It is read once, where [`or_nothing`] reads what it holds twice: for objects that are large.
pub(crate) fn object<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    struct Any<T>(PhantomData<T>);

    impl<'de, T: Default + Deserialize<'de>> Visitor<'de> for Any<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_unit<E>(self) -> Result<T, E> {
            Ok(T::default())
        }

        fn visit_bool<E>(self, _: bool) -> Result<T, E> {
            Ok(T::default())
        }

        fn visit_i64<E>(self, _: i64) -> Result<T, E> {
            Ok(T::default())
        }

        fn visit_u64<E>(self, _: u64) -> Result<T, E> {
            Ok(T::default())
        }

        fn visit_f64<E>(self, _: f64) -> Result<T, E> {
            Ok(T::default())
        }

        fn visit_str<E>(self, _: &str) -> Result<T, E> {
            Ok(T::default())
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<T, A::Error> {
            while list.next_element::<IgnoredAny>()?.is_some() {}
            Ok(T::default())
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map))
        }
    }

    deserializer.deserialize_any(Any(PhantomData))
}

/// What may be left out, which is not the same as `null`: the outer `None` is for a key that is missing (it has to be
/// `default` too) or holds something else.
pub(crate) fn double_option<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?;
    Ok(serde_json::from_str(raw.get()).ok())
}

/// A list of details: without the entries that cannot be read, and none where it is no list.
pub(crate) fn details<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    or_nothing::<D, Entries<T>>(deserializer).map(|entries| entries.good)
}
