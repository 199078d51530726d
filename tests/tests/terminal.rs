//! What a person types into a terminal is understood, or refused with a helpful error.

use anyhow::Result;
use callboard_tests::Callboard;

#[test]
fn configuration_that_is_named_must_be_there() -> Result<()> {
    let callboard = Callboard::new("")?;
    // what is typed -> the exit code, and a part of the error
    let cases: [(&[&str], i32, &str); 5] = [
        (&["--config", "/nope.toml", "config", "check"], 2, "there is no file /nope.toml"),
        (&["--config", "/nope.toml", "board"], 2, "there is no file /nope.toml"),
        (&["--config", "/nope.toml", "serve"], 2, "correct --config"),
        (&["--config", "/nope.toml", "config", "path"], 0, ""),
        (&["config", "check"], 0, ""),
    ];
    for (args, code, expected) in cases {
        let output = callboard.cmd(args)?;
        assert_eq!(output.code, Some(code), "{args:?}: {output:?}");
        assert!(output.stderr.contains(expected), "{args:?}: {output:?}");
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
    for (args, usage) in cases {
        let output = callboard.cmd(args)?;
        assert!(output.code == Some(0) && output.stdout.contains(usage), "{args:?}: {output:?}");
    }
    let none = callboard.cmd(&["help", "rules", "tset"])?;
    let suggestion = "did you mean `callboard help rules test`?";
    assert!(none.code == Some(2) && none.stderr.contains(suggestion), "{none:?}");
    Ok(())
}

/// Where no approvals are read, the empty list must not claim that none waits.
#[test]
fn empty_approvals_do_not_claim_that_none_waits() -> Result<()> {
    let callboard = Callboard::new("")?;
    let output = callboard.cmd(&["approvals"])?;
    assert_eq!(output.code, Some(0), "{output:?}");
    for line in
        ["No approval is known: no account that is watched has approvals", "There are no accounts yet: "]
    {
        assert!(output.stdout.contains(line), "{output:?}");
    }
    Ok(())
}

/// A yes or a no without a command that gives it sends nothing, and says why.
#[test]
fn answer_to_what_is_not_there_is_refused_as_a_usage_error() -> Result<()> {
    let callboard = Callboard::new("")?;
    for args in [&["approve", "web#12/Proceed", "--yes"][..], &["deny", "web#12/Proceed", "--why", "no"]] {
        let output = callboard.cmd(args)?;
        assert!(
            output.code == Some(2) && output.stderr.contains("there is no command"),
            "{args:?}: {output:?}"
        );
    }
    Ok(())
}

#[test]
fn times_are_read_as_people_type_them_and_errors_begin_with_the_expected_form() -> Result<()> {
    let callboard = Callboard::new("")?;
    // what is typed -> how the message begins
    let cases: [(&[&str], &str); 6] = [
        (&["quiet", "tomorrow", "9:00"], "only important notifications are shown until"),
        (&["quiet", "for", "2", "hours"], "only important notifications are shown until"),
        (&["quiet", "off"], "all notifications are shown"),
        (&["quiet", "soon"], "callboard: expected a length of time such as 2h"),
        (&["quiet", "2020-01-01"], "callboard: expected a time that is not past yet"),
        (&["snooze", "web#1", "some", "day"], "callboard: expected a length of time such as 2h"),
    ];
    for (args, expected) in cases {
        let output = callboard.cmd(args)?;
        assert!(output.stderr.starts_with(expected), "{args:?}: {output:?}");
    }
    // The time is understood: it is the item that is not there.
    let output = callboard.cmd(&["snooze", "web#1", "tomorrow", "9:00"])?;
    assert!(output.stderr.contains("web#1"), "{output:?}");
    Ok(())
}
