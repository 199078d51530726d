//! The arguments of a run, read by name.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use super::{ArgError, CommandSpec, Named};
use crate::{
    duration::Span,
    item::{AccountName, Item},
};

/// The arguments of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Args {
    /// By name. Those with a default are there even if not typed.
    pub values: BTreeMap<String, String>,
    /// The items that [`ArgType::Item`](super::ArgType::Item) arguments named, by argument name, where they stand on the board.
    /// Of one that takes several, the first.
    pub items: BTreeMap<String, Item>,
    /// The further items of arguments that take several (see [`takes_several`](super::takes_several)), in the order typed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[ts(optional, as = "Option<BTreeMap<String, Vec<Item>>>")]
    pub more_items: BTreeMap<String, Vec<Item>>,
    /// What an [`ArgType::Pairs`](super::ArgType::Pairs) argument took, in the order typed.
    pub pairs: Vec<(String, String)>,
    /// What [`ArgType::Live`](super::ArgType::Live) arguments named, by argument name, where the service knows it by an id of
    /// its own: their values are these ids then.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[ts(optional, as = "Option<BTreeMap<String, Named>>")]
    pub named: BTreeMap<String, Named>,
}

impl Args {
    /// An argument's text, where it is given.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// An argument's text; empty where it is not given.
    pub fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// True where a [`ArgType::Bool`](super::ArgType::Bool) argument is given as true.
    pub fn flag(&self, name: &str) -> bool {
        self.get(name) == Some("true")
    }

    /// A [`ArgType::Number`](super::ArgType::Number) argument, where it is given.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.get(name)?.parse().ok()
    }

    /// A [`ArgType::Duration`](super::ArgType::Duration) argument, where it is given.
    pub fn duration(&self, name: &str) -> Option<Duration> {
        Some(self.get(name)?.parse::<Span>().ok()?.0)
    }

    /// What an argument means, for people: with its name, where that is known.
    pub fn shown(&self, name: &str) -> String {
        self.named.get(name).map_or_else(|| self.text(name).to_owned(), ToString::to_string)
    }

    /// What people call what arguments mean whose texts are ids: alerts by their titles, people by their names. Each with the
    /// argument and that id.
    pub fn names(&self) -> impl Iterator<Item = (&str, &str, String)> {
        let alerts =
            self.all_items().filter_map(|(arg, item)| Some((arg, item.reference(), item.alert_name()?)));
        let named = self
            .named
            .iter()
            .filter_map(|(arg, named)| Some((arg.as_str(), named.id.as_str(), named.names.first()?.clone())));
        alerts.chain(named)
    }

    /// All items that arguments named, each with its argument.
    pub fn all_items(&self) -> impl Iterator<Item = (&str, &Item)> {
        let firsts = self.items.iter().map(|(arg, item)| (arg.as_str(), item));
        let more = self.more_items.iter();
        firsts.chain(more.flat_map(|(arg, items)| items.iter().map(move |item| (arg.as_str(), item))))
    }

    /// The items that an argument named, in the order typed.
    pub fn items_of(&self, name: &str) -> impl Iterator<Item = &Item> {
        self.items.get(name).into_iter().chain(self.more_items.get(name).into_iter().flatten())
    }

    /// The item that an argument named, where it stands on the board.
    pub fn item(&self, name: &str) -> Option<&Item> {
        self.items.get(name)
    }

    /// The text of an argument that `spec` cannot run without.
    ///
    /// # Errors
    /// [`ArgError::Missing`], where it is not given or empty.
    pub fn needed(&self, spec: &CommandSpec, name: &str) -> Result<&str, ArgError> {
        let given = self.get(name).filter(|text| !text.trim().is_empty());
        given.ok_or_else(|| ArgError::Missing {
            command: spec.name.clone(),
            arg: name.to_owned(),
            summary: spec.find_arg(name).map(|arg| arg.summary.clone()).unwrap_or_default(),
            asked_by: None,
        })
    }

    /// The item of that account that an argument names; `what` is what people call one, with its article: "an alert".
    ///
    /// # Errors
    /// [`ArgError::Missing`], where nothing is named; [`ArgError::Invalid`], where the board has no such item, or it is
    /// another account's.
    pub fn item_of(
        &self,
        spec: &CommandSpec,
        name: &str,
        account: &AccountName,
        what: &str,
    ) -> Result<&Item, ArgError> {
        match self.item(name) {
            Some(item) if item.key.account == *account => Ok(item),
            Some(item) => Err(ArgError::invalid(name, format!("{what} of {account}"), item.key.to_string())),
            None => {
                let typed = self.needed(spec, name)?;
                Err(ArgError::invalid(name, format!("{what} on the board"), typed))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_values_are_read() {
        let values = [("yes", "true"), ("no", "false"), ("count", "3"), ("for", "1h 30m")];
        let args = Args {
            values: values.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect(),
            ..Args::default()
        };
        assert!(args.flag("yes") && !args.flag("no") && !args.flag("other"));
        assert_eq!(args.number("count"), Some(3));
        assert_eq!(args.duration("for"), Some(Duration::from_secs(5_400)));
        assert_eq!(args.duration("count"), None);
    }
}
