//! What of the configuration has no effect, because something is wrong in it: a list that lacks it says so.

use anyhow::Result;
use callboard_engine::{
    api::SettingsQuery,
    config::{ConfigError, ConfigErrors},
};

use crate::client::Client;

/// What is left out and why, for a person; `None` where nothing is.
pub(crate) async fn left_out(client: &mut Client) -> Result<Option<String>> {
    Ok(describe(client.call(SettingsQuery {}).await?.errors))
}

fn describe(errors: Vec<ConfigError>) -> Option<String> {
    (!errors.is_empty()).then(|| format!("Left out until it is corrected:\n{}", ConfigErrors(errors)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_is_named_and_none_is_made_up() {
        assert_eq!(describe(Vec::new()), None);
        let fault = |line, what: &str| ConfigError {
            file: "callboard.toml".into(),
            line,
            column: 1,
            what: what.into(),
            text: "dirs = [\"ops\"]".into(),
        };
        let shown = describe(vec![fault(2, "ops: Not a directory"), fault(3, "there is no key `x`")]);
        let shown = shown.unwrap_or_default();
        for expected in
            ["callboard.toml:2:1: ops: Not a directory", "callboard.toml:3:1: there is no key `x`"]
        {
            assert!(shown.contains(expected), "{shown}");
        }
    }
}
