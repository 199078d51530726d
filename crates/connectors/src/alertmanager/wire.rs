//! The JSON of Alertmanager: its API v2 and its webhooks of version 4. What is read and not kept is borrowed from the body.

use std::{collections::BTreeMap, fmt};

use jiff::Timestamp;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, Visitor},
};
use serde_json::Value;

use crate::lenient::{self, Date, Entries, NamedDate, Text};

/// A webhook's body.
#[derive(Debug, Deserialize)]
pub(super) struct Webhook<'a> {
    /// Empty where it is missing.
    #[serde(borrow, default, deserialize_with = "lenient::any")]
    pub version: Text<'a>,
    /// None where it is null, which is not "no alerts"; a body without it is no webhook.
    #[serde(borrow, deserialize_with = "Option::deserialize")]
    pub alerts: Option<Entries<Alert<'a, Text<'a>>>>,
}

/// An alert. Webhooks and the API write it alike but for its status: a webhook's is `firing` or `resolved`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Alert<'a, S> {
    #[serde(default = "S::default", bound(deserialize = "S: Default + Deserialize<'de>"))]
    pub status: S,
    /// Never empty.
    #[serde(borrow, deserialize_with = "present")]
    pub fingerprint: Text<'a>,
    #[serde(borrow, default)]
    pub labels: Pairs<'a>,
    /// None where it is missing, which is not "none".
    #[serde(borrow, default)]
    pub annotations: Option<Pairs<'a>>,
    #[serde(default)]
    pub starts_at: NamedDate,
    #[serde(default)]
    pub ends_at: NamedDate,
    /// When Alertmanager was last sent it; only the API has it.
    #[serde(default)]
    pub updated_at: Date,
    #[serde(borrow, default, rename = "generatorURL", deserialize_with = "lenient::any")]
    pub generator_url: Text<'a>,
}

impl<S> Alert<'_, S> {
    /// Which of its times is no date, and the text in its place.
    pub(super) fn unread_date(&self) -> Option<String> {
        let dates = [("startsAt", &self.starts_at), ("endsAt", &self.ends_at)];
        dates.into_iter().find_map(|(field, date)| Some(format!("`{field}`: {}", date.unread.as_ref()?)))
    }
}

fn present<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Text<'a>, D::Error> {
    let text = Text::deserialize(deserializer)?;
    let empty = text.trim().is_empty();
    if empty { Err(serde::de::Error::custom("it has no fingerprint")) } else { Ok(text) }
}

/// An alert's status in the API: what suppresses it. The API lists only alerts that fire.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Quiet {
    /// False where the server leaves it out.
    pub is_known: bool,
    /// `active`, `suppressed`, `unprocessed`, or a value of a later version; empty where the server leaves it out.
    pub state: String,
    /// The ids of silences.
    pub silenced_by: Vec<String>,
    /// The fingerprints of alerts.
    pub inhibited_by: Vec<String>,
    /// The names of mute time intervals (0.28), and whatever a later version has under a name that ends in `By`: each with
    /// the field's name without that end.
    pub other_reasons: Vec<(String, String)>,
}

impl<'de> Deserialize<'de> for Quiet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields: BTreeMap<String, Value> = match Value::deserialize(deserializer)? {
            Value::Null => BTreeMap::new(),
            Value::String(state) => [("state".to_owned(), state.into())].into(),
            Value::Object(fields) => fields.into_iter().collect(),
            _ => return Err(serde::de::Error::custom("expected the alert's status")),
        };
        fields.retain(|_, value| !value.is_null());
        let is_known = !fields.is_empty();
        let state = fields.remove("state").and_then(|state| state.as_str().map(str::to_owned));
        let mut names = |field: &str| fields.remove(field).map(names).unwrap_or_default();
        let (silenced_by, inhibited_by) = (names("silencedBy"), names("inhibitedBy"));
        let other_reasons = fields.into_iter().filter_map(|(field, by)| {
            let field = field.strip_suffix("By")?.to_owned();
            Some(self::names(by).into_iter().map(move |name| (field.clone(), name)))
        });
        let other_reasons = other_reasons.flatten().collect();
        Ok(Self { is_known, state: state.unwrap_or_default(), silenced_by, inhibited_by, other_reasons })
    }
}

/// The names in a list of them, or the one in place of a list.
fn names(value: Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.into_iter().flat_map(names).collect(),
        Value::String(name) if !name.is_empty() => vec![name],
        Value::Number(number) => vec![number.to_string()],
        Value::Object(mut fields) => {
            ["id", "name"].into_iter().find_map(|key| fields.remove(key)).map(names).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

/// A silence, as the API gives it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Silence {
    #[serde(deserialize_with = "lenient::text")]
    pub id: String,
    pub status: SilenceStatus,
    #[serde(default)]
    pub updated_at: Date,
    #[serde(default)]
    pub starts_at: Date,
    #[serde(default)]
    pub ends_at: Date,
    #[serde(default, deserialize_with = "lenient::text")]
    pub created_by: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub comment: String,
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub matchers: Vec<SilenceMatcher>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct SilenceStatus {
    /// `pending`, `active` or `expired`.
    #[serde(deserialize_with = "lenient::text")]
    pub state: String,
}

impl Silence {
    pub(super) fn is_over(&self) -> bool {
        lenient::folded(&self.status.state).as_deref() == Some("expired")
    }

    /// When it was made or changed, or began, where it has the time.
    pub(super) fn set_at(&self) -> Option<Timestamp> {
        self.updated_at.0.max(self.starts_at.0)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SilenceMatcher {
    pub name: String,
    pub value: String,
    pub is_regex: bool,
    /// Absent from servers before 0.22, which support no other.
    #[serde(default = "yes")]
    pub is_equal: bool,
}

impl fmt::Display for SilenceMatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operator = match (self.is_equal, self.is_regex) {
            (true, false) => "=",
            (false, false) => "!=",
            (true, true) => "=~",
            (false, true) => "!~",
        };
        write!(f, "{}{operator}{:?}", self.name, self.value)
    }
}

fn yes() -> bool {
    true
}

/// The answer to a new silence.
#[derive(Debug, Deserialize)]
pub(super) struct Created {
    #[serde(rename = "silenceID", deserialize_with = "lenient::required_text")]
    pub silence_id: String,
}

/// The answer of `/api/v2/status`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Status {
    #[serde(deserialize_with = "lenient::or_default")]
    pub version_info: VersionInfo,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct VersionInfo {
    #[serde(deserialize_with = "lenient::text")]
    pub version: String,
}

/// Labels or annotations: few, so a list is searched faster than a map is built.
#[derive(Debug, Default)]
pub(super) struct Pairs<'a>(pub Vec<(Text<'a>, Text<'a>)>);

impl Pairs<'_> {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| &**key == name).map(|(_, value)| &**value)
    }

    /// The first of these names with a value that is not blank.
    pub(super) fn first(&self, names: &[&str]) -> Option<&str> {
        names.iter().filter_map(|name| self.get(name)).find(|value| !value.trim().is_empty())
    }

    /// True where there are none, or none with a text.
    pub(super) fn are_blank(&self) -> bool {
        self.0.iter().all(|(_, value)| value.trim().is_empty())
    }
}

/// The text of a label or an annotation. A list or an object becomes a text
/// that no label can be shown as, so that it counts as cut.
struct AnyText<'a>(Text<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for AnyText<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = lenient::text_unless_many(deserializer)?;
        Ok(Self(text.unwrap_or_else(|| Text("\n".into()))))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Pairs<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("names with their texts")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut pairs = Vec::with_capacity(8);
                while let Some(name) = map.next_key()? {
                    let AnyText(value) = map.next_value()?;
                    pairs.push((name, value));
                }
                Ok(Pairs(pairs))
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Pairs::default())
            }
        }

        deserializer.deserialize_any(Collect)
    }
}
