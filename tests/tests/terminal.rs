//! What a person types into a terminal is understood, or refused in words that help.

use anyhow::Result;
use callboard_tests::Callboard;

#[test]
fn configuration_that_is_named_must_be_there() -> Result<()> {
    let callboard = Callboard::new("")?;
    // what is typed -> the exit code, and what is said
    let cases: [(&[&str], i32, &str); 5] = [
        (&["--config", "/nope.toml", "config", "check"], 2, "there is no file /nope.toml"),
        (&["--config", "/nope.toml", "board"], 2, "there is no file /nope.toml"),
        (&["--config", "/nope.toml", "serve"], 2, "correct --config"),
        (&["--config", "/nope.toml", "config", "path"], 0, ""),
        (&["config", "check"], 0, ""),
    ];
    for (words, code, said) in cases {
        let output = callboard.cmd(words)?;
        assert_eq!(output.code, Some(code), "{words:?}: {output:?}");
        assert!(output.stderr.contains(said), "{words:?}: {output:?}");
    }
    Ok(())
}

#[test]
fn help_is_there_for_every_part_of_the_program() -> Result<()> {
    let callboard = Callboard::new("")?;
    let cases: [(&[&str], &str); 4] = [
        (&["help"], "Usage: callboard "),
        (&["help", "rules"], "Usage: callboard rules "),
        (&["help", "rules", "test"], "Usage: callboard rules test "),
        (&["help", "accounts", "secret"], "Usage: callboard accounts secret "),
    ];
    for (words, usage) in cases {
        let output = callboard.cmd(words)?;
        assert!(output.code == Some(0) && output.stdout.contains(usage), "{words:?}: {output:?}");
    }
    let none = callboard.cmd(&["help", "rules", "tset"])?;
    let meant = "did you mean `callboard help rules test`?";
    assert!(none.code == Some(2) && none.stderr.contains(meant), "{none:?}");
    Ok(())
}

/// Nothing is known of approvals while no service is asked for them: that is not said as if none waited.
#[test]
fn no_approval_that_is_known_is_not_none() -> Result<()> {
    let callboard = Callboard::new("")?;
    let output = callboard.cmd(&["approvals"])?;
    assert_eq!(output.code, Some(0), "{output:?}");
    for said in ["No approval is known. Callboard does not read", "There are no accounts yet: "] {
        assert!(output.stdout.contains(said), "{output:?}");
    }
    let help = callboard.cmd(&["help", "approvals"])?;
    let in_one_line = help.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(in_one_line.contains("Callboard does not read any service's approvals yet"), "{help:?}");
    Ok(())
}

#[test]
fn times_are_typed_as_people_do_and_what_is_wrong_comes_first() -> Result<()> {
    let callboard = Callboard::new("")?;
    // what is typed -> what is said
    let cases: [(&[&str], &str); 6] = [
        (&["quiet", "tomorrow", "9:00"], "only important notifications are shown until"),
        (&["quiet", "for", "2", "hours"], "only important notifications are shown until"),
        (&["quiet", "off"], "all notifications are shown"),
        (&["quiet", "soon"], "callboard: expected a length of time such as 2h"),
        (&["quiet", "2020-01-01"], "callboard: expected a time that is not past yet"),
        (&["snooze", "web#1", "some", "day"], "callboard: expected a length of time such as 2h"),
    ];
    for (words, said) in cases {
        let output = callboard.cmd(words)?;
        assert!(output.stderr.starts_with(said), "{words:?}: {output:?}");
    }
    // The time is understood: it is the item that is not there.
    let output = callboard.cmd(&["snooze", "web#1", "tomorrow", "9:00"])?;
    assert!(output.stderr.contains("web#1"), "{output:?}");
    Ok(())
}
