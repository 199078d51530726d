//! Who changed what.

use std::collections::HashMap;

use callboard_domain::{actor::Actor, item::ItemKey};
use jiff::Timestamp;

use super::page;
use crate::{
    Engine,
    api::{ApiError, AuditEntry, AuditQuery, AuditedChange},
};

impl Engine {
    pub(crate) async fn audit(&self, query: AuditQuery) -> Result<Vec<AuditEntry>, ApiError> {
        let limit = page(query.limit)?;
        let mut entries = self.store().audit(query.before, limit).await.map_err(ApiError::internal)?;
        let mut names: HashMap<ItemKey, Option<String>> = HashMap::new();
        for entry in &mut entries {
            let Some(key) = entry.what.item().cloned() else { continue };
            entry.called = match names.get(&key) {
                Some(known) => known.clone(),
                None => {
                    // What cannot be read goes by its key.
                    let stored = self.store().item(&key).await.ok().flatten();
                    let name = stored.and_then(|stored| stored.item.alert_name());
                    names.insert(key, name.clone());
                    name
                }
            };
        }
        Ok(entries)
    }

    /// Records a change of what is kept outside the store. It is made already: where it cannot be recorded, the log has it.
    pub(super) async fn record_change(&self, actor: &Actor, what: AuditedChange) {
        if let Err(error) = self.store().record_change(actor, what.clone(), Timestamp::now()).await {
            tracing::error!(%error, %actor, change = what.describe(|at| at.to_string()), "a change could not be recorded in the audit log");
        }
    }
}
