//! Expressions: conditions and values in CEL (the Common Expression Language, cel-spec), checked before they are used.
//!
//! What an expression may name is said by its scope, so that an unknown name, a wrong type or an impossible comparison
//! is found when the configuration is read and not when something happens. What it may do is limited by its length, its
//! depth, its loops, and a [`Budget`] of steps; it cannot change anything.

mod budget;
mod check;
mod parse;
mod syntax;

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Arc, LazyLock},
};

use cel::{
    Context, Env, ExecutionError, IdedExpr,
    common::{
        types::{CelBool, CelDouble, CelInt, CelList, CelMap, CelMapKey, CelNull, CelString, CelUInt},
        value::{CowVal, Val},
    },
    context::VariableResolver,
    extractors::This,
};
use regex::Regex;

pub use self::budget::Budget;
use self::budget::{BUDGET, BudgetValue, WEIGHED, weight_of_json};

use crate::{nearest::did_you_mean, position::position, text};

/// The longest expression, in bytes.
pub const LONGEST: usize = 4096;

/// A name that an expression may use, dotted where it is a field of something: `event`, `item.branch`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name<'a> {
    /// The name.
    pub name: &'a str,
    /// What it is.
    pub ty: Type,
    /// Everything that it can be, where that is a closed set of texts.
    pub values: &'a [&'a str],
    /// What it means, in a line.
    pub meaning: &'a str,
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum Type {
    /// Not known before it is there, such as a service's answer.
    Any,
    /// Text.
    Text,
    /// True or false.
    Bool,
    /// A number.
    Number,
    /// A list.
    List,
    /// Values by name.
    Map,
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "any value",
            Self::Text => "text",
            Self::Bool => "true or false",
            Self::Number => "a number",
            Self::List => "a list",
            Self::Map => "a map",
        })
    }
}

/// What is wrong with an expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {what}{}", did_you_mean(nearest))]
pub struct ExpressionError {
    /// The line in the expression, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong, in plain words.
    pub what: String,
    /// The nearest right name, where a name is wrong.
    pub nearest: Option<String>,
}

impl ExpressionError {
    fn new(text: &str, at: usize, what: impl Into<String>) -> Self {
        let place = position(text, at);
        Self { line: place.line, column: place.column, what: what.into(), nearest: None }
    }
}

/// Why an expression has no value for what it was given, in plain words: a label that is not there, say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct EvalError(pub String);

impl From<ExecutionError> for EvalError {
    fn from(error: ExecutionError) -> Self {
        Self(match error {
            ExecutionError::NoSuchKey(key) => format!("there is no `{}`", text::line(&key, 60)),
            ExecutionError::UndeclaredReference(name) => {
                format!("`{}` is not known", text::line(&name, 60))
            }
            // May hold values of any length.
            other => text::line(&other.to_string(), 200),
        })
    }
}

/// An expression that names only what its scope has, and does not compare what can never be equal.
pub struct Expression {
    text: String,
    ast: IdedExpr,
    ty: Type,
    names: Vec<String>,
    /// Whether what it costs depends on what it looks at.
    is_weighed: bool,
    /// The functions, where the expression has patterns of its own to match.
    functions: Option<Context<'static, 'static>>,
}

impl Expression {
    /// Reads an expression over the given names.
    pub fn compile(text: &str, scope: &[Name<'_>]) -> Result<Self, ExpressionError> {
        let checked = parse::read(text, scope)?;
        let functions = (!checked.patterns.is_empty()).then(|| with_patterns(checked.patterns));
        Ok(Self {
            text: text.to_owned(),
            ast: checked.ast,
            ty: checked.ty,
            names: checked.names,
            is_weighed: checked.is_weighed,
            functions,
        })
    }

    /// Reads an expression over names of which nothing else is known, such as a command's arguments.
    pub fn over<'a>(text: &str, names: impl IntoIterator<Item = &'a str>) -> Result<Self, ExpressionError> {
        let name = |name| Name { name, ty: Type::Any, values: &[], meaning: "" };
        let scope: Vec<_> = names.into_iter().map(name).collect();
        Self::compile(text, &scope)
    }

    /// Reads an expression that has to say true or false.
    pub fn condition(text: &str, scope: &[Name<'_>]) -> Result<Self, ExpressionError> {
        let condition = Self::compile(text, scope)?;
        match condition.ty {
            Type::Bool | Type::Any => Ok(condition),
            ty => Err(ExpressionError::new(text, 0, format!("expected true or false, and this is {ty}"))),
        }
    }

    /// The expression as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What its value will be, as far as that is known.
    pub fn ty(&self) -> Type {
        self.ty
    }

    /// The names of the scope that it reads.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Its value, where the names stand for these values.
    pub fn value(
        &self,
        names: &serde_json::Map<String, serde_json::Value>,
    ) -> Result<serde_json::Value, EvalError> {
        self.resolve_json(names, &Budget::new(Budget::SMALL), to_json)
    }

    /// Its value as text, where the names stand for these values: what a command's `confirm` gives.
    pub fn said(&self, names: &serde_json::Map<String, serde_json::Value>) -> Result<String, EvalError> {
        self.resolve_json(names, &Budget::new(Budget::SMALL), |value| {
            match value.downcast_ref::<CelString<'_>>() {
                Some(text) => Ok(text.inner().to_owned()),
                None => Err(EvalError(format!(
                    "expected text, found a value of type {}",
                    value.get_type().name()
                ))),
            }
        })
    }

    /// True or false, where the names stand for these values, which may be large: it costs no more than `budget`.
    pub fn holds(
        &self,
        names: &serde_json::Map<String, serde_json::Value>,
        budget: &Budget,
    ) -> Result<bool, EvalError> {
        self.resolve_json(names, budget, to_bool)
    }

    /// The values are made into CEL's once, however often they are read.
    fn resolve_json<T>(
        &self,
        names: &serde_json::Map<String, serde_json::Value>,
        budget: &Budget,
        read: impl FnOnce(&dyn Val) -> Result<T, EvalError>,
    ) -> Result<T, EvalError> {
        let mut values = BTreeMap::new();
        for name in &self.names {
            let Some(value) = names.get(name) else { continue };
            if !budget.spend(weight_of_json(value, Budget::LARGE)) {
                return Err(too_much());
            }
            values.insert(name.as_str(), from_json(value));
        }
        self.resolve_within(&Values(values), budget, read)
    }

    /// Its value with names that are looked up as they are read, dotted ones as a whole first.
    pub(crate) fn resolve<T>(
        &self,
        names: &dyn VariableResolver,
        read: impl FnOnce(&dyn Val) -> Result<T, EvalError>,
    ) -> Result<T, EvalError> {
        self.resolve_within(names, &Budget::new(Budget::SMALL), read)
    }

    fn resolve_within<T>(
        &self,
        names: &dyn VariableResolver,
        budget: &Budget,
        read: impl FnOnce(&dyn Val) -> Result<T, EvalError>,
    ) -> Result<T, EvalError> {
        // Shortens the lifetime of what the shared context holds to that of the names.
        fn scope<'a>(base: &'a Context<'a, 'a>, names: &'a dyn VariableResolver) -> Context<'a, 'a> {
            let mut scope = base.new_inner_scope();
            scope.set_variable_resolver(names);
            scope
        }
        let mut scope = scope(self.functions.as_ref().unwrap_or(&FUNCTIONS), names);
        if self.is_weighed {
            scope.add_variable_as_val(BUDGET, Box::new(BudgetValue(budget.clone())));
        }
        let value = cel::Value::resolve_val(&self.ast, &scope);
        // Whatever came out: an operator may have taken the end of the budget for a value that is not there.
        if self.is_weighed && budget.is_spent() {
            return Err(too_much());
        }
        read(value?.as_ref())
    }
}

fn too_much() -> EvalError {
    EvalError("evaluating it takes too many steps: it goes over too much".to_owned())
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expression").field(&self.text).finish()
    }
}

static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut env = Env::stdlib().with_optional_support(false);
    env.add_overload(WEIGHED, WEIGHED, budget::parameters(), budget::weighed)
        .expect("no expression can write its name, so nothing else has it");
    Arc::new(env)
});

static FUNCTIONS: LazyLock<Context<'static, 'static>> = LazyLock::new(|| Context::with_env(Arc::clone(&ENV)));

/// The functions with a `matches` that knows these patterns, compiled once. No others can be in the expression.
fn with_patterns(patterns: HashMap<String, Regex>) -> Context<'static, 'static> {
    let mut functions = Context::with_env(Arc::clone(&ENV));
    functions
        .add_function("matches", move |This(text): This<Arc<String>>, pattern: Arc<String>| -> bool {
            patterns.get(pattern.as_str()).is_some_and(|pattern| pattern.is_match(&text))
        })
        .expect("cel is built without a `matches` of its own");
    functions
}

/// Reads a value that has to be true or false.
pub(crate) fn to_bool(value: &dyn Val) -> Result<bool, EvalError> {
    match value.downcast_ref::<CelBool>() {
        Some(value) => Ok(*value.inner()),
        None => Err(EvalError(format!(
            "expected true or false, found a value of type {}",
            value.get_type().name()
        ))),
    }
}

/// Reads any value.
pub(crate) fn to_json(value: &dyn Val) -> Result<serde_json::Value, EvalError> {
    let value = cel::Value::try_from(value)?;
    value.json().map_err(|error| EvalError(text::line(&error.to_string(), 200)))
}

/// Names that stand for values.
#[derive(Debug)]
struct Values<'a>(BTreeMap<&'a str, Box<dyn Val + 'a>>);

impl VariableResolver for Values<'_> {
    fn resolve<'b>(&'b self, name: &str) -> Option<CowVal<'b, 'b>> {
        self.0.get(name).map(|value| CowVal::Borrowed(&**value))
    }
}

fn from_json(value: &serde_json::Value) -> Box<dyn Val + '_> {
    use serde_json::Value as Json;
    match value {
        Json::Null => Box::new(CelNull),
        Json::Bool(value) => Box::new(CelBool::from(*value)),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Box::new(CelInt::from(number)),
            (None, Some(number)) => Box::new(CelUInt::from(number)),
            (None, None) => Box::new(CelDouble::from(number.as_f64().unwrap_or(f64::NAN))),
        },
        Json::String(text) => Box::new(CelString::from(text.as_str())),
        Json::Array(values) => Box::new(CelList::from(values.iter().map(from_json).collect::<Vec<_>>())),
        Json::Object(entries) => Box::new(CelMap::from(
            entries
                .iter()
                .map(|(key, value)| (CelMapKey::from(key.as_str()), from_json(value)))
                .collect::<HashMap<_, _>>(),
        )),
    }
}

#[cfg(test)]
mod tests;
