//! The functions that an expression may call.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock},
};

use cel::{Context, Env, extractors::This};
use regex::Regex;

use super::budget::{self, WEIGHED};

/// The language's own functions, and the one that counts steps.
pub(super) static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut env = Env::stdlib().with_optional_support(false);
    env.add_overload(WEIGHED, WEIGHED, budget::parameters(), budget::weighed)
        .expect("no expression can write its name, so nothing else has it");
    Arc::new(env)
});

/// The functions of an expression that has no patterns.
pub(super) static FUNCTIONS: LazyLock<Context<'static, 'static>> =
    LazyLock::new(|| Context::with_env(Arc::clone(&ENV)));

/// The functions with a `matches` that knows these patterns, compiled once. No others can be in the expression.
pub(super) fn with_patterns(patterns: HashMap<String, Regex>) -> Context<'static, 'static> {
    let mut functions = Context::with_env(Arc::clone(&ENV));
    functions
        .add_function("matches", move |This(text): This<Arc<String>>, pattern: Arc<String>| -> bool {
            patterns.get(pattern.as_str()).is_some_and(|pattern| pattern.is_match(&text))
        })
        .expect("cel is built without a `matches` of its own");
    functions
}
