//! Checks of specs: their usage, their arguments, and their examples, which are tests.

use std::{collections::BTreeMap, fmt};

use super::{ArgSpec, ArgType, Command, CommandSpec, Commands};

/// What is wrong with a spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The command's name.
    pub command: String,
    /// What is wrong and what would be right.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.command, self.what)
    }
}

/// What is wrong with a spec by itself: names that cannot be typed, a usage that does not compile, defaults that do not
/// fit, examples that do not parse to this command with nothing missing.
pub fn check(spec: &CommandSpec) -> Vec<Problem> {
    let mut faults = names(spec);
    faults.extend(args(spec));
    match Command::new(spec.clone()) {
        Err(fault) => faults.push(fault.to_string()),
        Ok(command) => {
            let alone: Commands = [command].into_iter().collect();
            faults.extend(spec.examples.iter().filter_map(|line| example(&alone, line)));
        }
    }
    faults.into_iter().map(|what| Problem { command: spec.name.clone(), what }).collect()
}

/// What is wrong with specs, each by itself and together: two that share a name, examples that another command takes.
pub fn check_all<'s>(specs: impl IntoIterator<Item = &'s CommandSpec>) -> Vec<Problem> {
    let specs: Vec<_> = specs.into_iter().collect();
    let mut problems: Vec<_> = specs.iter().flat_map(|spec| check(spec)).collect();
    let mut owners: BTreeMap<String, &str> = BTreeMap::new();
    for spec in &specs {
        // Those that a spec has twice itself are reported above.
        let mut own: Vec<_> = all_names(spec).map(|name| plain(name)).collect();
        own.sort();
        own.dedup();
        for name in own {
            if let Some(owner) = owners.insert(name.clone(), &spec.name) {
                let what = format!("{name:?} is also a name of {owner:?}");
                problems.push(Problem { command: spec.name.clone(), what });
            }
        }
    }
    let all: Commands = specs.iter().filter_map(|spec| Command::new((*spec).clone()).ok()).collect();
    for spec in &specs {
        for line in &spec.examples {
            if let Ok(parsed) = all.parse(line)
                && parsed.spec.name != spec.name
            {
                let what = format!("the example {line:?} is read as {:?}", parsed.spec.name);
                problems.push(Problem { command: spec.name.clone(), what });
            }
        }
    }
    problems
}

fn all_names(spec: &CommandSpec) -> impl Iterator<Item = &String> {
    std::iter::once(&spec.name).chain(&spec.aliases)
}

fn plain(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

fn names(spec: &CommandSpec) -> Vec<String> {
    let mut faults = Vec::new();
    let mut seen = Vec::new();
    for name in all_names(spec) {
        let typable = !name.starts_with('-') && !name.contains(['"', '\'', '=', '<', '>', '[', ']']);
        if name.is_empty() || name.split_whitespace().collect::<Vec<_>>().join(" ") != *name || !typable {
            faults.push(format!("{name:?} cannot be a name: expected words with one space between them"));
        }
        if seen.contains(&plain(name)) {
            faults.push(format!("the name {name:?} is there twice"));
        }
        seen.push(plain(name));
    }
    faults
}

fn args(spec: &CommandSpec) -> Vec<String> {
    let mut faults = Vec::new();
    for (place, arg) in spec.args.iter().enumerate() {
        if spec.args[..place].iter().any(|earlier| super::value::names(&earlier.name, &arg.name)) {
            faults.push(format!("the argument {:?} is there twice", arg.name));
        }
        if arg.ty == ArgType::Pairs && place + 1 < spec.args.len() {
            faults.push(format!("{} takes any name=value, so it is the last argument", arg.name));
        }
        faults.extend(arg_fault(arg));
    }
    faults
}

fn arg_fault(arg: &ArgSpec) -> Option<String> {
    let mut letters = arg.name.chars();
    let is_name = letters.next().is_some_and(|c| c.is_ascii_alphabetic())
        && letters.all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if !is_name {
        return Some(format!(
            "{:?} cannot be an argument's name: expected letters, digits, _ and -",
            arg.name
        ));
    }
    if matches!(&arg.ty, ArgType::Choice(choices) if choices.is_empty()) {
        return Some(format!("{} has no choices", arg.name));
    }
    let default = arg.default.as_ref()?;
    if arg.ty == ArgType::Pairs {
        return Some(format!("{} takes any name=value, so it has no default", arg.name));
    }
    match arg.read(default) {
        Err(fault) => Some(format!("the default does not fit: {fault}")),
        Ok(value) if value != *default => {
            Some(format!("{}: expected the default to be written {value:?}", arg.name))
        }
        Ok(_) if arg.required => Some(format!("{} has a default, so it is not required", arg.name)),
        Ok(_) => None,
    }
}

fn example(alone: &Commands, line: &str) -> Option<String> {
    let fault = match alone.parse(line) {
        Ok(parsed) => parsed.first_missing()?,
        Err(fault) => fault,
    };
    Some(format!("the example {line:?} does not work: {fault}"))
}
