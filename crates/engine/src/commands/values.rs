//! A command's arguments as its templates and expressions see them.
//!
//! Numbers are numbers, flags are true or false, everything else is text: an item's is its reference. What is not given
//! is there as well: as an empty text, false, or, for a number, null.

use callboard_domain::{
    command::{ArgSpec, ArgType, Args, CommandSpec},
    expression::{Name, Type},
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

/// The values of the names in a run.
pub(crate) fn values(spec: &CommandSpec, args: &Args) -> Map<String, Value> {
    let named = spec.args.iter().filter(|arg| arg.ty != ArgType::Pairs);
    let value = |arg: &ArgSpec| match arg.ty {
        ArgType::Number => args.number(&arg.name).map_or(Value::Null, Value::from),
        ArgType::Bool => args.flag(&arg.name).into(),
        _ => args.text(&arg.name).into(),
    };
    named.map(|arg| (arg.name.clone(), value(arg))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
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
}
