//! Secrets as values: wrapped, wiped when dropped, and shown as `[REDACTED]` by every formatter.

pub use secrecy::{ExposeSecret, SecretString};

/// One secret that an account needs or can use, as its connector declares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecretField {
    /// Its name: `token`, `password`, `webhook_secret`, `signing_secret`, `webhook_url`, ...
    pub name: &'static str,
    /// What it is, where to get it and which permissions it needs, in a sentence.
    pub help: &'static str,
    /// True where the account cannot work without it.
    pub required: bool,
}

impl SecretField {
    /// True where it is sent to the account's `url`, and so belongs to that host alone. Others check what comes in, or are
    /// an address of their own.
    pub fn is_sent(&self) -> bool {
        !self.is_inbound() && self.name != "webhook_url"
    }

    /// True where it only checks what the service sends here: everything else works without it.
    pub fn is_inbound(&self) -> bool {
        matches!(self.name, "webhook_secret" | "signing_secret")
    }
}
