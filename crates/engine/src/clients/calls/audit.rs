//! Who changed what.

use callboard_domain::actor::Actor;
use jiff::Timestamp;

use super::page;
use crate::{
    Engine,
    api::{ApiError, AuditEntry, AuditQuery, AuditedChange},
};

impl Engine {
    pub(crate) async fn audit(&self, query: AuditQuery) -> Result<Vec<AuditEntry>, ApiError> {
        let limit = page(query.limit)?;
        self.store().audit(query.before, limit).await.map_err(ApiError::internal)
    }

    /// Records a change of what is kept outside the store. It is made already: where it cannot be recorded, the log has it.
    pub(super) async fn record_change(&self, actor: &Actor, what: AuditedChange) {
        if let Err(error) = self.store().record_change(actor, what.clone(), Timestamp::now()).await {
            tracing::error!(%error, %actor, change = what.describe(|at| at.to_string()), "a change could not be recorded in the audit log");
        }
    }
}
