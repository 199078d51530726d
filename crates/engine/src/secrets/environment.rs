use callboard_domain::secret::SecretString;

use super::vault::{SecretsError, Vault};

/// Secrets in environment variables.
pub(super) struct Environment;

/// The variable that holds a secret: `CALLBOARD_SECRET_<ACCOUNT>_<FIELD>` in capitals, `-` as `_`.
pub fn variable(account: &str, field: &str) -> String {
    format!("CALLBOARD_SECRET_{account}_{field}").to_ascii_uppercase().replace(['-', '.'], "_")
}

impl Vault for Environment {
    fn get(&self, account: &str, field: &str) -> Result<Option<SecretString>, SecretsError> {
        Ok(std::env::var(variable(account, field)).ok().filter(|text| !text.is_empty()).map(Into::into))
    }

    fn set(&self, account: &str, field: &str, _: &SecretString) -> Result<(), SecretsError> {
        Err(SecretsError::ReadOnly(variable(account, field)))
    }

    fn remove(&self, _: &str, _: &str) -> Result<(), SecretsError> {
        Ok(())
    }
}
