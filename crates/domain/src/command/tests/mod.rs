mod check;
mod complete;
mod parse;
mod partial;
mod resolve;

use super::*;
use crate::item::Kind;

/// Commands of the shapes that services have.
fn specs() -> Vec<CommandSpec> {
    vec![
        CommandSpec::new("deploy", "Deploy an app to an environment")
            .usage("deploy <app>[/<ref>] to <env>")
            .alias("ship")
            .arg(ArgSpec::live("app", "the app"))
            .arg(ArgSpec::text("ref", "what of it").or("main"))
            .arg(ArgSpec::choice("env", ["staging", "production"], "where"))
            .arg(ArgSpec::flag("dry_run", "only show"))
            .example("deploy api to staging")
            .example("deploy api/v2 to production"),
        CommandSpec::new("pr list", "List pull requests")
            .usage("pr list [state]")
            .arg(ArgSpec::choice("state", ["open", "closed", "all"], "which").or("open"))
            .reads()
            .example("pr list")
            .example("pr list closed"),
        CommandSpec::new("pr approve", "Approve a pull request")
            .usage("pr approve <pr> [message]")
            .arg(ArgSpec::item("pr", Kind::PullRequest, "the pull request"))
            .arg(ArgSpec::text("message", "what to say").optional())
            .example("pr approve acme/web#479"),
        CommandSpec::new("pr comment", "Comment on a pull request")
            .usage("pr comment <pr> <message...>")
            .arg(ArgSpec::item("pr", Kind::PullRequest, "the pull request"))
            .arg(ArgSpec::text("message", "what to say"))
            .example("pr comment acme/web#479 looks good, don't wait"),
        CommandSpec::new("build", "Run a job")
            .usage("build <job> [param=value...]")
            .arg(ArgSpec::item("job", Kind::Build, "the job"))
            .arg(ArgSpec::pairs("params", "its parameters"))
            .example("build web branch=main"),
        CommandSpec::new("silence", "Silence an alert")
            .usage("silence <alert> [for <duration>] [until <until>] [comment...]")
            .arg(ArgSpec::item("alert", Kind::Incident, "the alert"))
            .arg(ArgSpec::duration("duration", "for how long").or("2h"))
            .arg(ArgSpec::time("until", "until when").optional())
            .arg(ArgSpec::text("comment", "why").optional())
            .example("silence DiskFull for 4h known, being cleaned up"),
        CommandSpec::new("ack", "Acknowledge an incident")
            .usage("ack <incident>")
            .arg(ArgSpec::item("incident", Kind::Incident, "the incident"))
            .example("ack PD-123"),
        CommandSpec::new("who is on call", "Say who is on call")
            .usage("who is on call [for <team>]")
            .arg(ArgSpec::live("team", "which team").optional())
            .reads()
            .example("who is on call")
            .example("who is on call for web"),
        CommandSpec::new("pug bomb", "Pugs")
            .usage("pug bomb <count>")
            .arg(ArgSpec::number("count", "how many").or("5"))
            .reads()
            .example("pug bomb 3"),
        CommandSpec::new("run log", "The log of a run")
            .usage("run log <run>")
            .arg(ArgSpec::text("run", "its id"))
            .reads(),
        CommandSpec::new("copy", "Copy a database")
            .usage("copy <what> from <source> to <target>")
            .arg(ArgSpec::text("what", "what"))
            .arg(ArgSpec::text("source", "from where"))
            .arg(ArgSpec::text("target", "where to")),
        CommandSpec::new("move", "Move things")
            .usage("move [as <alias>] <one> <other>")
            .arg(ArgSpec::text("one", "one"))
            .arg(ArgSpec::text("other", "the other"))
            .arg(ArgSpec::text("alias", "as what").optional()),
        CommandSpec::new("pick", "Pick")
            .usage("pick as <d> [a] [b] <c>")
            .arg(ArgSpec::text("a", "").optional())
            .arg(ArgSpec::text("b", "").optional())
            .arg(ArgSpec::text("c", ""))
            .arg(ArgSpec::text("d", "")),
    ]
}

fn commands() -> Commands {
    specs().into_iter().map(|spec| Command::new(spec).unwrap()).collect()
}
