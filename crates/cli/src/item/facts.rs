//! The facts of an item, by name.

#[cfg(test)]
mod tests;

use callboard_domain::{
    board::{Row, RunInDoubt},
    item::{
        Answer, Approval, ApprovalDecision, Approvers, AsOf, Build, BuildRun, Checks, Detail, Incident, Kind,
        MergeState, PullRequest, PullRequestState, Question, QuestionType, RUNS_KEPT, Shipment, Verdict,
    },
    text,
};
use callboard_engine::api::{ItemDetail, OpenIncidents};
use jiff::Timestamp;

use crate::{
    board::{glyph, snoozed},
    output::{age, when},
    printed::on_one_line,
};

/// How many of a build's runs are shown.
const RUNS: usize = 5;

/// The facts of an item, each with its name; empty ones are left out. `stored_at` is when its account was last read,
/// where nothing has read it since.
pub(super) fn of(detail: &ItemDetail, stored_at: Option<Timestamp>) -> Vec<(&'static str, String)> {
    let item = &detail.item;
    let mut facts = Facts(Vec::new());
    facts.add("State", item.status());
    if let Some(row) = &detail.row {
        facts.add("Turn", row.turn.iter().map(|turn| turn.what.as_str()).collect::<String>());
        let since = row.since.filter(|_| item.key.kind == Kind::Build);
        facts.add("Since", since.map_or_else(String::new, since_when));
    }
    let as_of = match (detail.row.as_ref().and_then(|row| row.as_of), stored_at) {
        (Some(at), _) => format!("{}; the account cannot be read now", when(at)),
        (None, Some(at)) => format!("{}; `callboard board` reads its account now", when(at)),
        (None, None) => String::new(),
    };
    facts.add("As of", as_of);
    let not_seen: Vec<String> = detail.not_seen.iter().map(ToString::to_string).collect();
    facts.add("Not seen", not_seen.join("\n"));
    let by = detail.snoozed_by.as_ref().map_or_else(String::new, |by| format!(" by {by}"));
    let until = detail.snoozed.map(|it| format!("{}{by}", snoozed(it))).unwrap_or_default();
    facts.add("Snoozed", until.trim_start_matches("snoozed "));
    let gone = detail.gone.as_ref().map(|gone| format!("since {}: {}", when(gone.at), gone.why));
    facts.add("Off the board", gone.unwrap_or_default());
    let in_doubt = detail.row.iter().flat_map(|row| &row.in_doubt).map(unknown);
    facts.add("Unknown", in_doubt.collect::<Vec<_>>().join("\n"));
    match &item.detail {
        Detail::Approval(approval) => {
            facts.approval(approval);
            facts.add(
                "Open incidents",
                detail.open_incidents.as_ref().map(open_incidents).unwrap_or_default(),
            );
        }
        Detail::Incident(incident) => facts.incident(incident),
        Detail::Build(build) => facts.build(build),
        Detail::PullRequest(pull_request) => facts.pull_request(pull_request),
    }
    facts.add("Page", item.url.as_ref().map_or("", |url| url.as_str()));
    facts.add("Account", item.key.account.as_str());
    facts.add("Key", item.key.to_string());
    facts.0
}

/// A run of which nobody knows whether it ran, and how to resolve it.
fn unknown(run: &RunInDoubt) -> String {
    let line = on_one_line(&run.line);
    let resolve = format!("callboard run-resolve {} ran|did-not-run", run.id);
    format!("whether it ran: {line} ({}); once you have looked: {resolve}", run.why)
}

/// "2026-11-22 08:00, 3 h ago".
fn since_when(at: Timestamp) -> String {
    format!("{}, {} ago", when(at), age(at))
}

/// Names and values, in their order.
struct Facts(Vec<(&'static str, String)>);

impl Facts {
    /// Adds a fact, unless its value is empty.
    fn add(&mut self, name: &'static str, value: impl Into<String>) {
        let value = value.into();
        if !value.trim().is_empty() {
            self.0.push((name, value));
        }
    }

    fn approval(&mut self, approval: &Approval) {
        self.add("Asked by", approval.asked_by.as_ref().map_or("", |by| &by.name));
        self.add("Asked", approval.asked_at.map_or_else(|| "not known when".to_owned(), since_when));
        let waits = approval.asked_at.filter(|_| approval.waits());
        self.add("Has waited", waits.map(age).unwrap_or_default());
        self.add("Expires", approval.expires_at().map(when).unwrap_or_default());
        self.add("Repository", approval.repo.as_str());
        self.add("Environment", approval.environment.as_deref().unwrap_or_default());
        self.add("Commit", approval.commit.clone().unwrap_or_else(not_known));
        let arguments = approval.arguments.iter().flatten();
        let arguments: Vec<_> = arguments.map(|(name, value)| format!("{name}={value}")).collect();
        self.add("Arguments", arguments.join("\n"));
        self.add("Answers needed", approval.needed().map_or_else(not_known, |needed| needed.to_string()));
        if approval.waits() {
            let conditions =
                approval.conditions.as_ref().map(|conditions| match conditions.value.as_slice() {
                    [] => "nothing else".to_owned(),
                    conditions => conditions.join("\n"),
                });
            self.add("Also waits for", conditions.unwrap_or_else(not_known));
            let questions = approval.questions.as_ref().map(|questions| match questions.as_slice() {
                [] => "nothing".to_owned(),
                questions => questions.iter().map(question).collect::<Vec<_>>().join("\n"),
            });
            self.add("Asks for", questions.unwrap_or_else(not_known));
        }
        let answers = approval.answers.as_ref().map(|answers| match answers.as_slice() {
            [] => "none yet".to_owned(),
            answers => answers.iter().map(answer).collect::<Vec<_>>().join("\n"),
        });
        self.add("Answers", answers.unwrap_or_else(not_known));
        let approvers =
            approval.approvers.as_ref().map(|AsOf { value: Approvers { names, complete }, .. }| {
                match (names.as_slice(), complete) {
                    ([], true) => "nobody".to_owned(),
                    ([], false) => not_known(),
                    (names, true) => names.join(", "),
                    (names, false) => format!("{}, maybe others (not all could be read)", names.join(", ")),
                }
            });
        self.add("Who may answer", approvers.unwrap_or_else(not_known));
        self.add("Ended by", approval.ended_by.as_ref().map_or("", |by| &by.name));
        self.add("Why it ended", approval.ended_why.as_deref().unwrap_or_default());
        let changed = approval.changed_at().filter(|_| !approval.waits());
        self.add("Ended", changed.map(since_when).unwrap_or_default());
        match &approval.ships {
            Some(ships) => self.shipment(ships),
            None => self.add("Would ship", not_known()),
        }
        self.add("Description", approval.description.as_deref().unwrap_or_default());
    }

    fn shipment(&mut self, AsOf { at, value: ships }: &AsOf<Shipment>) {
        let words = Some(ships.words()).filter(|words| !words.is_empty()).unwrap_or_else(not_known);
        let as_of = Some(*at).filter(|at| *at > Timestamp::UNIX_EPOCH);
        let as_of = as_of.map(|at| format!("as of {}", since_when(at)));
        let lines = [words].into_iter().chain(ships.changes.iter().cloned()).chain(as_of);
        self.add("Would ship", lines.collect::<Vec<_>>().join("\n"));
        self.add("Pull requests", ships.pull_requests.join("\n"));
        self.add("Checks", ships.checks.as_ref().map_or_else(not_known, checks));
        self.add("All changes", ships.url.as_ref().map_or("", |url| url.as_str()));
        self.add("Not read", ships.unread.join("\n"));
    }

    fn incident(&mut self, incident: &Incident) {
        self.add("Number", incident.number.map(|number| number.to_string()).unwrap_or_default());
        self.add("Severity", incident.severity.name());
        self.add("Service", incident.service.as_str());
        self.add("Holders", incident.holder_names().join(", "));
        self.add("Held until", incident.held_until().map(when).unwrap_or_default());
        self.add("Assigned to", incident.assignee_names().join(", "));
        self.add("Changed by", incident.changed_by.as_ref().map_or("", |by| &by.name));
        let began = since_when(incident.started_at);
        let began = match (incident.start_unknown, incident.began()) {
            (false, _) => began,
            (true, Some(_)) => format!("not known; first seen {began}"),
            (true, None) => "not known".to_owned(),
        };
        self.add("Began", began);
        let changed = incident.changed_at();
        self.add("Last change", changed.map_or_else(|| "not known".to_owned(), since_when));
        let escalations: Vec<_> = incident.escalations.iter().map(|at| when(*at)).collect();
        self.add("Escalated", escalations.join("\n"));
        let missed = incident
            .inferred_end
            .map(|end| format!("since {}; the service does not say why", when(end.since)));
        self.add("Not listed", missed.unwrap_or_default());
        let labels: Vec<_> = incident.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        self.add("Labels", labels.join("\n"));
        self.add("Description", incident.description.as_deref().unwrap_or_default());
    }

    fn build(&mut self, build: &Build) {
        self.add("Repository", build.repo.as_str());
        self.add("Pipeline", build.pipeline.as_str());
        // No branch has a colon in its name: whose it is stands before that.
        let default = |branch: &str| match build.default_branch {
            true if branch.contains(':') => " (maybe the default one)",
            true => " (default)",
            false => "",
        };
        let branch = build.branch.as_deref().map(|branch| format!("{branch}{}", default(branch)));
        self.add("Branch", branch.unwrap_or_default());
        let red = build.red().count();
        let more = if red == RUNS_KEPT { " or more" } else { "" };
        let red = match red {
            0 | 1 => String::new(),
            red => format!("the last {red}{more} runs that ended"),
        };
        self.add("Failed", red);
        let more = build.runs.len().saturating_sub(RUNS);
        let more = (more > 0).then(|| format!("and {more} more (all with --json)"));
        let runs: Vec<_> = build.runs.iter().take(RUNS).map(run).chain(more).collect();
        self.add("Runs", runs.join("\n"));
    }

    fn pull_request(&mut self, pull: &PullRequest) {
        self.add("Repository", pull.repo.as_str());
        self.add("Author", pull.author.as_str());
        self.add("Branches", format!("{} into {}", pull.branch, pull.base));
        self.add("Newest commit", pull.head.as_str());
        self.add("Draft", if pull.draft { "yes" } else { "" });
        self.add("Opened", since_when(pull.opened_at));
        self.add("Last change", since_when(pull.last_activity()));
        self.add("Ended", pull.ended_at.map(since_when).unwrap_or_default());
        self.add("Merged by", pull.merged_by.as_deref().unwrap_or_default());
        let unknown = pull.requested_unknown.then(|| "maybe others (not all could be read)".to_owned());
        let requested: Vec<_> = pull.requested.iter().cloned().chain(unknown).collect();
        self.add("Review asked of", requested.join(", "));
        self.add("Approvals", pull.approvals().to_string());
        let reviews = pull.reviews.iter().map(|review| {
            let verdict = match review.verdict {
                Verdict::Commented => "commented",
                Verdict::Approved => "approved",
                Verdict::ChangesRequested => "requested changes",
                Verdict::Dismissed => "dismissed",
            };
            let older = review.commit.as_ref().is_some_and(|commit| *commit != pull.head);
            let of = if older { ", an older commit" } else { "" };
            format!("{} {verdict}, {}{of}", review.by, since_when(review.at))
        });
        self.add("Reviews", reviews.collect::<Vec<_>>().join("\n"));
        self.add("Checks", pull.checks.as_ref().map_or_else(not_known, checks));
        let merging = match pull.state {
            PullRequestState::Open => pull.merge_state().map_or("not known", MergeState::name),
            ended => ended.name(),
        };
        self.add("Changes", pull.size.as_ref().map(|size| size.words()).unwrap_or_default());
        self.add("Merging", merging);
        self.add("Description", pull.description.as_deref().unwrap_or_default());
    }
}

fn not_known() -> String {
    "not known".to_owned()
}

/// "failed: unit tests, lint".
fn checks(checks: &Checks) -> String {
    match checks.failing.as_slice() {
        [] => checks.status.name().to_owned(),
        failing => format!("{}: {}", checks.status.name(), failing.join(", ")),
    }
}

/// "TARGET, where to deploy: eu or us; eu if not answered".
fn question(question: &Question) -> String {
    let summary = question.summary.as_ref().map_or_else(String::new, |summary| format!(", {summary}"));
    let takes = match &question.ty {
        QuestionType::Text => "any text".to_owned(),
        QuestionType::Bool => "true or false".to_owned(),
        QuestionType::Choice(choices) => format!("one of {}", choices.join(", ")),
        QuestionType::Elsewhere => "only on its page".to_owned(),
    };
    let default = question.default.as_ref().map_or_else(String::new, |value| match value.as_str() {
        "" => "; empty if not answered".to_owned(),
        value => format!("; {value} if not answered"),
    });
    format!("{}{summary}: {takes}{default}", question.name)
}

/// The open incidents of what an approval is for, the worst first, and what of all is not known.
fn open_incidents(open: &OpenIncidents) -> String {
    let row = |row: &Row| {
        let severity = row.severity.map(|severity| severity.name().to_owned());
        let turn = row.turn.as_ref().map(|turn| turn.what.clone());
        let since = row.since.map(|at| format!("for {}", age(at)));
        let about: Vec<_> = [severity, turn, since].into_iter().flatten().collect();
        format!("{} {}  {} ({})", glyph(row), row.key.id, text::line(&row.title, 100), about.join(", "))
    };
    let more = open.total.saturating_sub(open.rows.len());
    let more = (more > 0).then(|| format!("and {more} more"));
    let not_seen = open.not_seen.iter().map(|it| format!("not known whole: {it}"));
    let none = match (open.total, open.accounts.is_empty(), open.not_seen.is_empty()) {
        (0, true, _) => Some("not known: no account has incidents".to_owned()),
        (0, false, true) => Some("none".to_owned()),
        _ => None,
    };
    let lines = open.rows.iter().map(row).chain(more).chain(none).chain(not_seen);
    lines.collect::<Vec<_>>().join("\n")
}

/// "ana said no, 2026-11-22 08:00, 3 h ago: after the freeze".
fn answer(answer: &Answer) -> String {
    let decided = match answer.decision {
        ApprovalDecision::Approved => "said yes",
        ApprovalDecision::Denied => "said no",
        ApprovalDecision::Withdrawn => "took the answer back",
    };
    let at = answer.at.map_or_else(String::new, |at| format!(", {}", since_when(at)));
    let why = answer.why.as_ref().map_or_else(String::new, |why| format!(": {why}"));
    format!("{} {decided}{at}{why}", answer.by.name)
}

/// "#57 failed, by ana, started by bo, 3 h ago: Add the cart (unit tests)".
fn run(run: &BuildRun) -> String {
    let attempt = if run.attempt > 1 { format!(", attempt {}", run.attempt) } else { String::new() };
    let by = run.author.as_ref().map_or_else(String::new, |by| format!(", by {by}"));
    let started = run.started_by.as_ref().map_or_else(String::new, |by| format!(", started by {by}"));
    let at = run.at.map_or_else(String::new, |at| format!(", {} ago", age(at)));
    let subject =
        run.subject.as_ref().map_or_else(String::new, |subject| format!(": {}", text::line(subject, 100)));
    let failing =
        if run.failing.is_empty() { String::new() } else { format!(" ({})", run.failing.join(", ")) };
    let url = run.url.as_ref().map_or_else(String::new, |url| format!("\n{url}"));
    format!("#{} {}{attempt}{by}{started}{at}{subject}{failing}{url}", run.number, run.status_name())
}
