//! The calls and their types in TypeScript, for clients written in it.

use std::{
    any::TypeId,
    collections::{BTreeMap, HashSet},
};

use ts_rs::{Config, TS, TypeVisitor};

use super::error::ApiError;

/// The whole as one TypeScript file: every type of [`super`], and an interface `Calls` of the calls by name. `list` goes through
/// the calls.
pub(super) fn of_calls(list: impl FnOnce(&mut Declarations)) -> String {
    let mut all =
        Declarations { config: Config::default().with_large_int("number"), ..Declarations::default() };
    all.visit::<ApiError>();
    list(&mut all);
    let mut out = String::from(
        "// The calls of the engine and their types. Made whole from crates/engine/src/api by `cargo xtask types`, hence one long\n\
         // file: change them there.\n",
    );
    for declaration in all.types.values() {
        out.push('\n');
        out.push_str(declaration);
        out.push('\n');
    }
    out.push_str("\n/** Every call: what it takes and what it answers with. */\nexport interface Calls {\n");
    out.extend(all.calls);
    out.push_str("}\n");
    out
}

/// Gathers declarations.
#[derive(Default)]
pub(super) struct Declarations {
    config: Config,
    seen: HashSet<TypeId>,
    types: BTreeMap<String, String>,
    calls: Vec<String>,
}

impl Declarations {
    pub(super) fn call<P: TS + 'static, A: TS + 'static>(&mut self, name: &str) {
        self.visit::<P>();
        self.visit::<A>();
        let (params, answer) = (P::name(&self.config), A::name(&self.config));
        self.calls.push(format!("  {name}: {{ params: {params}; answer: {answer} }};\n"));
    }
}

impl TypeVisitor for Declarations {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        if !self.seen.insert(TypeId::of::<T>()) {
            return;
        }
        // What has a place to be written to is a type of its own; the others are written where they are used.
        if T::output_path().is_some() {
            let docs = T::docs().unwrap_or_default();
            let declared = format!("{docs}export {}", T::decl(&self.config));
            let before = self.types.insert(T::ident(&self.config), declared.clone());
            let same = before.is_none_or(|before| before == declared);
            debug_assert!(same, "two types are called {}", T::ident(&self.config));
        }
        T::visit_dependencies(self);
        T::visit_generics(self);
    }
}

#[cfg(test)]
mod tests {
    use crate::api::typescript;

    #[test]
    fn generated_typescript_matches_the_api() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ui/src/api.ts");
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(written == typescript(), "ui/src/api.ts is not what the code says: run `cargo xtask types`");
    }
}
