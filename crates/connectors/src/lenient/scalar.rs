//! A single value, whichever of JSON's types it is written in.

use std::{borrow::Cow, fmt, str::FromStr};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};

/// A single value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scalar<'a> {
    Null,
    Flag(bool),
    Whole(i128),
    Broken(f64),
    Text(Cow<'a, str>),
    /// A list or an object.
    Many,
}

impl<'a> Scalar<'a> {
    fn text(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Null | Self::Many => None,
            Self::Flag(flag) => Some(flag.to_string().into()),
            Self::Whole(number) => Some(number.to_string().into()),
            Self::Broken(number) => Some(number.to_string().into()),
            Self::Text(text) => Some(text),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Scalar<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Scalar::Null)
            }

            fn visit_bool<E>(self, flag: bool) -> Result<Self::Value, E> {
                Ok(Scalar::Flag(flag))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
                Ok(Scalar::Whole(number.into()))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
                Ok(Scalar::Whole(number.into()))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
                Ok(Scalar::Broken(number))
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Scalar::Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Scalar::Text(Cow::Owned(text.to_owned())))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Scalar::Many)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Scalar::Many)
            }
        }

        deserializer.deserialize_any(Any)
    }
}

/// Text, or a number or flag as text; empty for `null`. Borrowed where it holds no escapes: serde borrows a `Cow` only as
/// a field of its own, not within a map.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Text<'a>(pub Cow<'a, str>);

impl std::ops::Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = text_unless_many(deserializer)?;
        text.ok_or_else(|| serde::de::Error::custom("expected text, found a list or an object"))
    }
}

/// As [`Text`], owned.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Text::deserialize(deserializer).map(|text| text.0.into_owned())
}

/// Text, or a number or flag as text; none for anything else.
pub(crate) fn optional_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Scalar::deserialize(deserializer)?.text().map(Cow::into_owned))
}

/// As [`Text`], and none for a list or an object.
pub(crate) fn text_unless_many<'de: 'a, 'a, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Text<'a>>, D::Error> {
    Ok(match Scalar::deserialize(deserializer)? {
        Scalar::Many => None,
        scalar => Some(Text(scalar.text().unwrap_or_default())),
    })
}

/// As [`Text`], and empty for a list or an object: for what is only shown.
pub(crate) fn any<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Text<'a>, D::Error> {
    text_unless_many(deserializer).map(Option::unwrap_or_default)
}

/// As [`text`], which there must be.
pub(crate) fn required_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = text(deserializer)?;
    if text.is_empty() { Err(serde::de::Error::custom("expected text, found nothing")) } else { Ok(text) }
}

/// As [`text`], and empty for a list or an object: for what is only shown.
pub(crate) fn any_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    any(deserializer).map(|text| text.0.into_owned())
}

/// One of a set of values that a service may add to; none for `null`. What is no text is an unknown value.
pub(crate) fn enum_value<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Scalar::deserialize(deserializer)? {
        Scalar::Many => Some("?".to_owned()),
        scalar => scalar.text().map(Cow::into_owned),
    })
}

/// One of a set of values as it is compared: in small letters, without spaces around it, as servers that are alike write one value in
/// several ways. None where it is empty.
pub(crate) fn folded(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_lowercase())
}

/// A whole number, or one as text, that there must be.
pub(crate) fn required_number<'de, D: Deserializer<'de>, T: TryFrom<i128>>(
    deserializer: D,
) -> Result<T, D::Error> {
    number(deserializer)?.ok_or_else(|| serde::de::Error::custom("it has no number"))
}

/// A whole number, or one as text; none for anything else, or where it is too large.
pub(crate) fn number<'de, D: Deserializer<'de>, T: TryFrom<i128>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let number = match Scalar::deserialize(deserializer)? {
        Scalar::Whole(number) => Some(number),
        // As far as a float counts without gaps.
        Scalar::Broken(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
            i128::from_str(&format!("{number:.0}")).ok()
        }
        Scalar::Text(text) => text.trim().parse().ok(),
        Scalar::Broken(_) | Scalar::Null | Scalar::Flag(_) | Scalar::Many => None,
    };
    Ok(number.and_then(|number| T::try_from(number).ok()))
}

/// True, or a text or number for it; false for anything else.
pub(crate) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(match Scalar::deserialize(deserializer)? {
        Scalar::Flag(flag) => flag,
        Scalar::Whole(number) => number == 1,
        Scalar::Text(text) => text.trim().eq_ignore_ascii_case("true") || text.trim() == "1",
        Scalar::Null | Scalar::Broken(_) | Scalar::Many => false,
    })
}
