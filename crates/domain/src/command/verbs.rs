//! Commands that services have in common, declared once: what they are called and take is the same whichever service runs
//! them.

use std::time::Duration;

use super::{ArgSpec, CommandSpec, Role};
use crate::item::Kind;

/// The argument of [`ack`], [`resolve`], [`note`] and [`reassign`] that names the incident.
pub const INCIDENT: &str = "incident";
/// The argument of [`reassign`] for the person.
pub const PERSON: &str = "person";
/// The argument of [`note`] and [`resolve`].
pub const TEXT: &str = "text";
/// The argument of [`on_call`].
pub const TEAM: &str = "team";

/// The argument of [`approve`] and [`deny`] that names the request.
pub const APPROVAL: &str = "approval";
/// The argument of [`approve`] for a comment.
pub const COMMENT: &str = "comment";
/// The argument of [`approve`] for what the request asks: one `name=value` for each [`crate::item::Question`].
pub const ANSWERS: &str = "answers";
/// The argument of [`deny`] for the reason.
pub const WHY: &str = "why";

/// Looking first, then acting, then looking again where the answer got lost.
const TIMEOUT: Duration = Duration::from_secs(120);

fn of_incident(name: &str, summary: &str) -> CommandSpec {
    CommandSpec::new(name, summary)
        .arg(ArgSpec::item(INCIDENT, Kind::Incident, "the incident"))
        .timeout(TIMEOUT)
}

/// `ack INCIDENT`: the paging stops, and the incident is the account's.
pub fn ack() -> CommandSpec {
    of_incident("ack", "Acknowledge an incident: you are on it, and nobody else is paged")
        .label("Acknowledge")
        .usage("ack <incident>")
        .role(Role::Take)
        .example("ack Q2R8T")
}

/// `resolve INCIDENT [TEXT]`: it is over.
pub fn resolve() -> CommandSpec {
    of_incident("resolve", "Say that an incident is over")
        .label("Resolve")
        .usage("resolve <incident> [text...]")
        .role(Role::Resolve)
        .arg(ArgSpec::text(TEXT, "how it was resolved, for everybody to read").optional())
        .example("resolve Q2R8T")
        .example("resolve Q2R8T rolled back to 1.41")
}

/// `note INCIDENT TEXT`: for those who work on it, and for later.
pub fn note() -> CommandSpec {
    of_incident("note", "Add a note to an incident")
        .label("Add a note")
        .usage("note <incident> <text...>")
        .role(Role::Comment)
        .arg(ArgSpec::text(TEXT, "the note, for everybody to read"))
        .example("note Q2R8T the database is back, the queue drains")
}

/// `reassign INCIDENT to PERSON`: that person is paged instead.
pub fn reassign() -> CommandSpec {
    of_incident("reassign", "Ask another person to take an incident: they are paged")
        .label("Reassign")
        .usage("reassign <incident> to <person...>")
        .role(Role::Assign)
        .arg(ArgSpec::live(PERSON, "whom to page instead: a name, an e-mail address or an id"))
        .example("reassign Q2R8T to ana@acme.example")
        .example("reassign Q2R8T to Ana Lima")
}

/// `on-call [TEAM]`, of every account that knows: who is on call now.
pub fn on_call() -> CommandSpec {
    CommandSpec::new("on-call", "Show who is on call now")
        .label("Who is on call")
        .usage("on-call [<team>]")
        .alias("who is on call")
        .alias("oncall")
        .arg(ArgSpec::text(TEAM, "only this team, schedule or policy, by a part of its name").optional())
        .reads()
        .every_account()
        .example("on-call")
        .example("on-call payments")
}

/// Of the runs that answer one request only one is under way: two that each find it waiting would both be sent.
const ANSWER_LOCK: &str = "approval:{{ approval }}";

/// `approve APPROVAL [COMMENT]`: what waits for a person's yes has the account's.
pub fn approve() -> CommandSpec {
    CommandSpec::new("approve", "Approve what waits for a person's yes")
        .label("Approve")
        .usage("approve <approval> [comment...]")
        .role(Role::Approve)
        .lock(ANSWER_LOCK)
        .arg(ArgSpec::item(APPROVAL, Kind::Approval, "the request"))
        .arg(ArgSpec::text(COMMENT, "what to say with it, for everybody to read").optional())
        .arg(ArgSpec::pairs(ANSWERS, "what the request asks"))
        .timeout(TIMEOUT)
        .example("approve acme/web/runs/31/production")
        .example("approve acme/web/runs/31/production comment=\"Works on staging\"")
        .example("approve web/deploy#12/Proceed TARGET=eu")
}

/// `deny APPROVAL WHY`: what waits for a person's yes must not happen.
pub fn deny() -> CommandSpec {
    CommandSpec::new("deny", "Say no to what waits for a person's yes")
        .label("Deny")
        .usage("deny <approval> <why...>")
        .role(Role::Deny)
        .lock(ANSWER_LOCK)
        .arg(ArgSpec::item(APPROVAL, Kind::Approval, "the request"))
        .arg(ArgSpec::text(WHY, "why not, for everybody to read"))
        .timeout(TIMEOUT)
        .example("deny acme/web/runs/31/production not before the incident is over")
}
