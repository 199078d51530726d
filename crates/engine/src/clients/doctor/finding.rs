//! How a finding is put together.

use crate::api::{Check, CheckVerdict};

pub(super) fn check(name: impl Into<String>, verdict: CheckVerdict, found: impl Into<String>) -> Check {
    Check { name: name.into(), verdict, found: found.into(), remedy: None }
}

pub(super) fn remedied(check: Check, remedy: impl Into<String>) -> Check {
    Check { remedy: Some(remedy.into()), ..check }
}
