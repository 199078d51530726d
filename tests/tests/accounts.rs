//! Accounts from the command line, with a daemon and without: the file keeps its comments, and nothing is half done.

use std::fs;

use anyhow::Result;
use callboard_tests::Callboard;

const FILE: &str = "# Ours.\n[secrets]\nstore = \"env\" # for tests\n";

#[test]
fn accounts_are_added_and_removed() -> Result<()> {
    for daemon in [false, true] {
        let callboard = Callboard::new(FILE)?;
        let serving = if daemon { Some(callboard.serve()?) } else { None };
        let act = |words: &[&str], code: i32| -> Result<String> {
            let output = callboard.cmd(&[&["accounts"], words].concat())?;
            assert_eq!(output.code, Some(code), "{words:?}: {output:?}");
            Ok(format!("{}{}", output.stdout, output.stderr))
        };
        let said = act(&["add", "forge", "github", "watch=acme/web,acme/api", "every=5m"], 0)?;
        assert!(said.contains("added forge to") && said.contains("CALLBOARD_SECRET_FORGE_TOKEN"), "{said}");
        let text = fs::read_to_string(callboard.config())?;
        assert!(text.starts_with(FILE) && text.contains("watch = [\"acme/web\", \"acme/api\"]"), "{text}");
        let account = callboard.account("forge")?;
        assert_eq!(account["health"]["state"], "incomplete", "it has no token");
        assert_eq!(account["settings"]["every"], "5m");

        let refusals: [(&[&str], i32, &str); 6] = [
            (&["add", "forge", "github"], 2, "already"),
            (&["add", "other", "githup"], 2, "there is no service"),
            (&["add", "other", "github", "wach=x"], 2, "did you mean `watch`"),
            (&["remove", "frge"], 2, "there are: forge"),
            (&["secret", "forge", "tokn"], 2, "it can be token"),
            (&["secret", "forge"], 2, "no secret was given"),
        ];
        for (words, code, why) in refusals {
            let said = act(words, code)?;
            assert!(said.contains(why), "{words:?}: {said}");
            assert_eq!(fs::read_to_string(callboard.config())?, text, "{words:?}");
        }
        let secret = callboard.cmd_with_input(&["accounts", "secret", "forge"], "t")?;
        assert_eq!(secret.code, Some(1), "the environment is not written: {secret:?}");
        assert!(secret.stderr.contains("CALLBOARD_SECRET_FORGE_TOKEN"), "{secret:?}");
        act(&["remove", "forge"], 0)?;
        assert_eq!(fs::read_to_string(callboard.config())?, FILE);
        if let Some(serving) = serving {
            assert!(serving.stop()?.success());
        }
    }
    Ok(())
}
