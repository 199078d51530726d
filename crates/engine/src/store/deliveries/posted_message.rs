//! What has been posted already: its next revision is an edit, or is posted as a new message where it cannot be edited.

use callboard_domain::chat::Posted;
use serde::{Deserialize, Serialize};

/// Whether a message that has been posted can be edited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edits {
    /// As far as is known: the next revision is an edit.
    #[default]
    Open,
    /// The service refused for good: the next revision is posted as a new message, under it.
    Closed,
    /// The message is not there any more: the next revision is posted as a new message.
    Gone,
}

/// What the column `posted` holds. Records of before these were kept have no `edits` and no `refused`.
#[derive(Serialize, Deserialize)]
pub(super) struct PostedMessage {
    #[serde(flatten)]
    pub(super) posted: Posted,
    #[serde(default)]
    pub(super) edits: Edits,
    /// Why its last edit was refused for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) refused: Option<String>,
}

/// True for a delivery that has been posted and can be edited: its sending is an edit, safe to repeat. What is not JSON
/// would make the whole statement fail.
pub(super) const EDITABLE: &str = "(CASE WHEN json_valid(posted) THEN json_extract(posted, '$.id') <> ''
    AND coalesce(json_extract(posted, '$.edits'), 'open') = 'open' ELSE 0 END)";
