//! A command's arguments as its templates and expressions see them.
//!
//! Numbers are numbers, flags are true or false, everything else is text: an item's is its reference. What is not given
//! is there as well: as an empty text, false, or, for a number, null. Templates can also name an item's fields, such as
//! `pr.title`.

use callboard_domain::{
    command::{ArgSpec, ArgType, Args, CommandSpec},
    expression::{Name, Type},
    item::{Detail, Item},
};
use serde_json::{Map, Value};

/// What can be named, and what it is.
pub(crate) fn names(spec: &CommandSpec) -> Vec<Name<'_>> {
    let named = spec.args.iter().filter(|arg| arg.ty != ArgType::Pairs);
    let name = |arg: &'_ ArgSpec| match arg.ty {
        ArgType::Number => Type::Number,
        ArgType::Bool => Type::Bool,
        _ => Type::Text,
    };
    named.map(|arg| Name { name: &arg.name, ty: name(arg), values: &[], meaning: "an argument" }).collect()
}

/// A field of an item: its name, and what it is of one.
type ItemField = (&'static str, fn(&Item) -> &str);

/// What templates can name of an item, called as rules call it.
pub(crate) static ITEM_FIELDS: [ItemField; 8] = [
    ("account", |item| item.key.account.as_str()),
    ("kind", |item| item.key.kind.name()),
    ("reference", |item| item.reference()),
    ("repo", |item| item.repo()),
    ("service", |item| match &item.detail {
        Detail::Incident(incident) => &incident.service,
        Detail::Build(_) | Detail::PullRequest(_) | Detail::Approval(_) => "",
    }),
    ("status", |item| item.status()),
    ("title", |item| &item.title),
    ("url", |item| item.url.as_ref().map_or("", |url| url.as_str())),
];

/// What stands between the fields of several items.
pub(crate) const BETWEEN_FIELDS: &str = ", ";

/// A field of the items that an argument named.
fn item_field(args: &Args, arg: &str, field: fn(&Item) -> &str) -> String {
    let values: Vec<&str> = args.items_of(arg).map(field).collect();
    match values.as_slice() {
        // Those of an example are on no board: what was typed stands for each of their fields.
        [] => args.text(arg).to_owned(),
        values => values.join(BETWEEN_FIELDS),
    }
}

/// The values of the names in a run; an item's fields are beside it, under names such as `pr.title`.
pub(crate) fn values(spec: &CommandSpec, args: &Args) -> Map<String, Value> {
    let named = spec.args.iter().filter(|arg| arg.ty != ArgType::Pairs);
    let items = spec.args.iter().filter(|arg| matches!(arg.ty, ArgType::Item(_)));
    let fields = items.flat_map(|arg| {
        ITEM_FIELDS.iter().map(move |(field, get)| {
            (format!("{}.{field}", arg.name), Value::from(item_field(args, &arg.name, *get)))
        })
    });
    let value = |arg: &ArgSpec| match arg.ty {
        ArgType::Number => args.number(&arg.name).map_or(Value::Null, Value::from),
        ArgType::Bool => args.flag(&arg.name).into(),
        _ => args.text(&arg.name).into(),
    };
    named.map(|arg| (arg.name.clone(), value(arg))).chain(fields).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use callboard_domain::item::{IncidentStatus, Kind};
    use serde_json::json;

    #[test]
    fn arguments_keep_their_types_and_are_always_there() {
        let spec = CommandSpec::new("x", "")
            .arg(ArgSpec::text("app", "").optional())
            .arg(ArgSpec::number("count", "").optional())
            .arg(ArgSpec::flag("force", ""));
        let given = [("app", "api"), ("count", "3"), ("force", "true")];
        let given = given.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let given = Args { values: given, ..Args::default() };
        let cases = [
            (given, json!({ "app": "api", "count": 3, "force": true })),
            (Args::default(), json!({ "app": "", "count": null, "force": false })),
        ];
        for (args, expected) in cases {
            assert_eq!(Value::Object(values(&spec, &args)), expected);
        }
    }

    #[test]
    fn items_have_their_fields_beside_them() {
        let alert = |id: &str, title: &str| {
            let mut alert = crate::tests::incident(id, IncidentStatus::Triggered, 1);
            alert.title = title.to_owned();
            alert
        };
        let spec = CommandSpec::new("x", "")
            .arg(ArgSpec::item("one", Kind::Incident, ""))
            .arg(ArgSpec::item("all", Kind::Incident, ""))
            .arg(ArgSpec::item("none", Kind::Incident, "").optional());
        let texts = [("one", "a"), ("all", "a b")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let items = ["one", "all"].map(|name| (name.to_owned(), alert("a", "Disk full")));
        let args = Args {
            values: texts.into(),
            items: items.into(),
            more_items: [("all".to_owned(), vec![alert("b", "Queue full")])].into(),
            ..Args::default()
        };
        let found = values(&spec, &args);
        let cases = [
            ("one", "a"),
            ("one.title", "Disk full"),
            ("one.kind", "incident"),
            ("one.status", "triggered"),
            ("one.reference", "a"),
            ("one.account", "pager"),
            ("all", "a b"),
            ("all.title", "Disk full, Queue full"),
            ("all.reference", "a, b"),
            ("none", ""),
            ("none.title", ""),
        ];
        for (name, expected) in cases {
            assert_eq!(found[name], expected, "{name}");
        }
        for kind in Kind::ALL {
            // All of them are there, whatever the kind, and none for another type.
            let item = ArgSpec::item("it", kind, "");
            let spec = CommandSpec::new("x", "").arg(item).arg(ArgSpec::text("text", ""));
            assert_eq!(values(&spec, &Args::default()).len(), 2 + ITEM_FIELDS.len());
        }
        // An example's item is on no board.
        let example = Args { items: Default::default(), ..args };
        assert_eq!(values(&spec, &example)["one.title"], "a");
    }
}
