//! Expressions: conditions and values in CEL (the Common Expression Language, cel-spec), checked before they are used.
//!
//! What an expression may name is declared by its scope, so that an unknown name, a wrong type or an impossible comparison
//! is found when the configuration is read and not when something happens. What it may do is limited by its length, its
//! depth, its loops, and a [`Budget`] of steps; it cannot change anything.

mod budget;
mod check;
mod error;
mod functions;
mod parse;
mod scope;
mod syntax;

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
};

use cel::{
    Context, IdedExpr,
    common::{
        types::{CelBool, CelDouble, CelInt, CelList, CelMap, CelMapKey, CelNull, CelString, CelUInt},
        value::{CowVal, Val},
    },
    context::VariableResolver,
};

pub use self::{
    budget::Budget,
    error::{EvalError, ExpressionError},
    parse::LONGEST,
    scope::{Name, Type},
};
use self::{
    budget::{BUDGET, BudgetValue, weight_of_json},
    functions::{FUNCTIONS, with_patterns},
};
use crate::text;

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
    pub fn compile_untyped<'a>(
        text: &str,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, ExpressionError> {
        let name = |name| Name { name, ty: Type::Any, values: &[], meaning: "" };
        let scope: Vec<_> = names.into_iter().map(name).collect();
        Self::compile(text, &scope)
    }

    /// Reads an expression that has to give true or false.
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
    pub fn eval(
        &self,
        names: &serde_json::Map<String, serde_json::Value>,
    ) -> Result<serde_json::Value, EvalError> {
        self.resolve_json(names, &Budget::new(Budget::SMALL), to_json)
    }

    /// Its value as text, where the names stand for these values: what a command's `confirm` gives.
    pub fn eval_text(&self, names: &serde_json::Map<String, serde_json::Value>) -> Result<String, EvalError> {
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
    pub fn eval_bool(
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
