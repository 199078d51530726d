//! Who changed what.

use std::collections::HashMap;

use callboard_domain::{actor::Actor, item::ItemKey};
use jiff::Timestamp;

use super::page;
use crate::{
    Engine,
    api::{
        ApiError, AuditEntry, AuditExport, AuditExportQuery, AuditQuery, AuditVerification, AuditVerify,
        AuditedChange,
    },
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

    pub(crate) async fn audit_verify(&self, query: AuditVerify) -> Result<AuditVerification, ApiError> {
        let is_hash = |text: &str| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let head = query.head.map(|head| head.trim().to_ascii_lowercase());
        if head.as_deref().is_some_and(|head| !is_hash(head)) {
            return Err(ApiError::usage(
                "expected a hash of 64 hexadecimal digits, as a verification gives it",
            ));
        }
        self.store().verify_audit(head).await.map_err(ApiError::internal)
    }

    pub(crate) async fn audit_export(&self, query: AuditExportQuery) -> Result<AuditExport, ApiError> {
        let limit = page(query.limit)?;
        self.store().export_audit(query.after, limit).await.map_err(ApiError::internal)
    }

    /// Records a change of what is kept outside the store. It is made already: where it cannot be recorded, the log has it.
    pub(super) async fn record_change(&self, actor: &Actor, what: AuditedChange) {
        if let Err(error) = self.store().record_change(actor, what.clone(), Timestamp::now()).await {
            tracing::error!(%error, %actor, change = what.describe(|at| at.to_string()), "a change could not be recorded in the audit log");
        }
    }
}
