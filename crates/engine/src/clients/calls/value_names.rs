//! What people call what the values of a line name.

use std::collections::{BTreeMap, BTreeSet};

use callboard_domain::{
    command::{self, ArgType, CommandSpec},
    item::{AccountName, Item},
};

use crate::Engine;

impl Engine {
    /// What people call the items that are named in full by these values, where all of an argument's are known.
    pub(super) async fn names_of(
        &self,
        spec: &CommandSpec,
        values: &BTreeMap<String, String>,
        asked: Option<&AccountName>,
    ) -> BTreeMap<String, String> {
        let mut names = BTreeMap::new();
        for arg in &spec.args {
            let (ArgType::Item(kind), Some(value)) = (&arg.ty, values.get(&arg.name)) else { continue };
            let mut called = Vec::new();
            for name in command::item_names(spec, arg, value) {
                let stored = self.store().items_named(*kind, name.trim()).await.unwrap_or_default();
                let meant = stored.iter().map(|stored| &stored.item);
                let meant = meant.filter(|item| asked.is_none_or(|asked| *asked == item.key.account));
                // Two accounts may know the same one.
                let mut called_so = meant.map(Item::alert_name).collect::<BTreeSet<_>>().into_iter();
                called.push(match (called_so.next(), called_so.next()) {
                    (Some(only), None) => only,
                    _ => None,
                });
            }
            let called: Option<Vec<String>> = called.into_iter().collect();
            if let Some(called) = called.filter(|called| !called.is_empty()) {
                names.insert(arg.name.clone(), called.join(", "));
            }
        }
        names
    }
}
