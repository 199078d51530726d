//! The facts of an item, by name.

use callboard_domain::{
    board::RunInDoubt,
    item::{
        Answer, Approval, ApprovalDecision, Approvers, AsOf, Build, BuildRun, Detail, Incident, Kind,
        MergeState, PullRequest, PullRequestState, RUNS_KEPT, Verdict,
    },
    text,
};
use callboard_engine::api::ItemDetail;
use jiff::Timestamp;

use crate::{
    board::snoozed,
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
        Detail::Approval(approval) => facts.approval(approval),
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
        self.add("Expires", approval.expires_at().map(when).unwrap_or_default());
        self.add("Repository", approval.repo.as_str());
        self.add("Environment", approval.environment.as_deref().unwrap_or_default());
        self.add("Commit", approval.commit.clone().unwrap_or_else(not_known));
        let arguments = approval.arguments.iter().flatten();
        let arguments: Vec<_> = arguments.map(|(name, value)| format!("{name}={value}")).collect();
        self.add("Arguments", arguments.join("\n"));
        self.add("Answers needed", approval.needed().map_or_else(not_known, |needed| needed.to_string()));
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
        let ships = approval.ships.as_ref().map(|ships| {
            let words = Some(ships.value.words()).filter(|words| !words.is_empty());
            let as_of = Some(ships.at).filter(|at| *at > Timestamp::UNIX_EPOCH);
            let as_of = as_of.map(|at| format!("as of {}", when(at)));
            words.into_iter().chain(ships.value.changes.iter().cloned()).chain(as_of).collect::<Vec<_>>()
        });
        self.add("Would ship", ships.map_or_else(not_known, |ships| ships.join("\n")));
        self.add("Description", approval.description.as_deref().unwrap_or_default());
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
        let checks = pull.checks.as_ref().map(|checks| {
            let failing = if checks.failing.is_empty() {
                String::new()
            } else {
                format!(": {}", checks.failing.join(", "))
            };
            format!("{}{failing}", checks.status.name())
        });
        self.add("Checks", checks.unwrap_or_else(|| "not known".to_owned()));
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
    format!("#{} {}{attempt}{by}{started}{at}{subject}{failing}{url}", run.number, run.status.name())
}

#[cfg(test)]
mod tests {
    use callboard_domain::board::{NotSeen, NotSeenKind};
    use callboard_domain::item::{
        AccountName, ApprovalState, Assignment, BuildStatus, Hold, IncidentStatus, Item, ItemKey,
        Mergeability, Severity, Shipment, User,
    };
    use serde_json::json;

    use super::*;

    fn named(kind: Kind, id: &str, detail: Detail) -> Vec<(&'static str, String)> {
        let key = ItemKey::new(&AccountName::from("forge"), kind, id);
        let item = Item { key, title: "A title".into(), url: "https://forge.example/x".parse().ok(), detail };
        let detail = ItemDetail {
            origin: None,
            item,
            events: Vec::new(),
            actions: Vec::new(),
            snoozed: None,
            snoozed_by: None,
            gone: None,
            row: None,
            not_seen: vec![NotSeen {
                account: "forge".into(),
                part: "acme/web".into(),
                kind: NotSeenKind::Part,
                why: "the token may not read it".into(),
                since: None,
            }],
        };
        of(&detail, Some(Timestamp::UNIX_EPOCH))
    }

    #[track_caller]
    fn check(facts: &[(&'static str, String)], expected: &[(&str, &str)]) {
        for (name, part) in expected {
            let value = facts.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
            assert!(
                value.is_some_and(|value| value.contains(part)),
                "{name}: expected {part}, found {value:?}"
            );
        }
        assert!(facts.iter().all(|(_, value)| !value.is_empty()), "{facts:?}");
    }

    #[test]
    fn unknown_run_is_named_with_how_to_resolve_it() {
        let run = RunInDoubt { id: "r1".into(), line: "ack a".into(), why: "lost".into() };
        let resolve = "callboard run-resolve r1 ran|did-not-run";
        let expected = format!("whether it ran: ack a (lost); once you have looked: {resolve}");
        assert_eq!(unknown(&run), expected);
    }

    #[test]
    fn approval_facts_name_what_is_unknown() {
        let at = Timestamp::from_second(86_400).unwrap();
        let unknown = Approval::new("acme/web", at);
        let expected = [
            ("State", "waiting"),
            ("As of", "`callboard board` reads its account now"),
            ("Asked", "not known when"),
            ("Repository", "acme/web"),
            ("Answers needed", "not known"),
            ("Answers", "not known"),
            ("Who may answer", "not known"),
            ("Would ship", "not known"),
        ];
        check(&named(Kind::Approval, "acme/web/7", Detail::Approval(unknown.clone())), &expected);
        let answer = |by: &str, decision, why: Option<&str>| {
            let why = why.map(str::to_owned);
            Answer { at: Some(at), decision, by: User::named(by), why }
        };
        let ships = Shipment {
            from: None,
            to: Some("1.42.0".into()),
            commits: Some(2),
            changes: vec!["Round once".into()],
        };
        let known = Approval {
            environment: Some("production".into()),
            asked_by: Some(User::named("dora")),
            asked_at: Some(at),
            state: ApprovalState::Denied,
            ended_by: Some(User::named("ana")),
            ended_why: Some("tomorrow".into()),
            needed: Some(AsOf::new(at, 2)),
            expires_at: Some(AsOf::new(at, at)),
            approvers: Some(AsOf::new(at, Approvers::all(["ana", "team/acme/web"]))),
            answers: Some(vec![
                answer("ana", ApprovalDecision::Denied, Some("tomorrow")),
                answer("bo", ApprovalDecision::Approved, None),
            ]),
            commit: Some("b81d09e".into()),
            arguments: Some([("env".to_owned(), "production".to_owned())].into()),
            ships: Some(AsOf::new(at, ships)),
            description: Some("Mails are late".into()),
            ..unknown
        };
        let expected = [
            ("State", "denied"),
            ("Asked by", "dora"),
            ("Asked", "1970-01-0"),
            ("Expires", "1970-01-0"),
            ("Environment", "production"),
            ("Commit", "b81d09e"),
            ("Arguments", "env=production"),
            ("Answers needed", "2"),
            ("Answers", "ana said no, 1970-01-0"),
            ("Answers", "ago: tomorrow\nbo said yes"),
            ("Who may answer", "ana, team/acme/web"),
            ("Ended by", "ana"),
            ("Why it ended", "tomorrow"),
            ("Would ship", "1.42.0, 2 commits\nRound once\nas of 1970-01-0"),
            ("Description", "Mails are late"),
        ];
        check(&named(Kind::Approval, "acme/web/7", Detail::Approval(known.clone())), &expected);
        let nobody = Approval {
            answers: Some(Vec::new()),
            approvers: Some(AsOf::new(at, Approvers::all([""; 0]))),
            ..known
        };
        let expected = [("Answers", "none yet"), ("Who may answer", "nobody")];
        check(&named(Kind::Approval, "acme/web/7", Detail::Approval(nobody.clone())), &expected);
        for (names, expected) in [(&[][..], "not known"), (&["bo"][..], "bo, maybe others (not all")] {
            let some = Approvers { complete: false, ..Approvers::all(names.iter().copied()) };
            let some = Approval { approvers: Some(AsOf::new(at, some)), ..nobody.clone() };
            let item = named(Kind::Approval, "acme/web/7", Detail::Approval(some));
            check(&item, &[("Who may answer", expected)]);
        }
    }

    #[test]
    fn item_facts_are_complete() {
        let at = Timestamp::UNIX_EPOCH;
        let incident = Incident {
            service: "billing".into(),
            number: None,
            severity: Severity::Critical,
            status: IncidentStatus::Acknowledged,
            started_at: at,
            updated_at: at,
            changed_by: Some(User { id: "U1".into(), name: "ana".into() }),
            hold: Some(Hold { at, by: vec![User::named("ana"), User::named("bo")], until: Some(at) }),
            released_at: None,
            start_unknown: false,
            suppressed: false,
            assigned: Some(Assignment { at, to: vec![User::named("cy")], by: None }),
            inferred_end: None,
            escalations: [at].into(),
            escalated_by: Default::default(),
            description: Some("Disk\nfull".into()),
            labels: [("team".to_owned(), "web".to_owned())].into(),
            notes: [("silences".to_owned(), "s1".to_owned())].into(),
        };
        let expected = [
            ("State", "acknowledged"),
            ("Severity", "critical"),
            ("Service", "billing"),
            ("Holders", "ana, bo"),
            ("Held until", "1970"),
            ("Began", "1970-01-01"),
            ("Assigned to", "cy"),
            ("Changed by", "ana"),
            ("Escalated", "1970"),
            ("Labels", "team=web"),
            ("Description", "Disk\nfull"),
            ("Page", "https://forge.example/x"),
            ("Account", "forge"),
            ("Key", "forge/incident/PD-1"),
        ];
        let mut without_start = incident.clone();
        without_start.start_unknown = true;
        check(
            &named(Kind::Incident, "PD-1", Detail::Incident(without_start.clone())),
            &[("Began", "not known")],
        );
        without_start.started_at = Timestamp::from_second(86_400).unwrap();
        check(
            &named(Kind::Incident, "PD-1", Detail::Incident(without_start)),
            &[("Began", "not known; first seen 1970-01-0")],
        );
        let found = named(Kind::Incident, "PD-1", Detail::Incident(incident));
        check(&found, &expected);
        // Notes for actions are nothing for a person.
        assert!(found.contains(&("Labels", "team=web".to_owned())), "{found:?}");

        let pull = json!({
            "repo": "acme/web", "number": 479, "author": "ana", "branch": "pins", "base": "main", "head": "c1",
            "draft": true, "state": "open", "opened_at": at, "ended_at": null, "merged_by": null,
            "requested": ["kim"], "updated_at": at,
            "reviews": [{ "by": "bo", "at": at, "verdict": "approved", "commit": "c0" }],
            "checks": { "commit": "c1", "status": "failed", "failing": ["lint"], "at": at },
        });
        let pull: PullRequest = serde_json::from_value(pull).unwrap();
        let mergeability = Mergeability { commit: "c1".into(), state: MergeState::Ready, at };
        for (state, merging) in [
            (PullRequestState::Open, "can be merged"),
            (PullRequestState::Merged, "merged"),
            (PullRequestState::Closed, "closed"),
        ] {
            let pull = PullRequest { state, mergeability: Some(mergeability.clone()), ..pull.clone() };
            let facts = named(Kind::PullRequest, "acme/web#479", Detail::PullRequest(pull));
            assert!(facts.contains(&("Merging", merging.to_owned())), "{facts:?}");
        }
        let expected = [
            ("State", "open"),
            ("Author", "ana"),
            ("Branches", "pins into main"),
            ("Draft", "yes"),
            ("Review asked of", "kim"),
            ("Approvals", "1"),
            ("Reviews", "bo approved, 1970-01-01"),
            ("Reviews", "an older commit"),
            ("Checks", "failed: lint"),
            ("Merging", "not known"),
        ];
        check(&named(Kind::PullRequest, "acme/web#479", Detail::PullRequest(pull)), &expected);

        let run = |number, status| BuildRun {
            author: Some("ana".into()),
            subject: Some("Add the cart".into()),
            failing: vec!["unit tests".into()],
            ..BuildRun::new(number, status)
        };
        let build = Build {
            repo: "acme/web".into(),
            pipeline: "ci".into(),
            branch: Some("main".into()),
            default_branch: true,
            runs: vec![run(58, BuildStatus::Failed), run(57, BuildStatus::Failed)],
        };
        let expected = [
            ("State", "failed"),
            ("Branch", "main (default)"),
            ("Failed", "the last 2 runs"),
            ("Runs", "#58 failed, by ana: Add the cart (unit tests)\n#57 failed"),
        ];
        check(&named(Kind::Build, "acme/web/ci@main", Detail::Build(build.clone())), &expected);
        let branches = [
            ("main", false, "main"),
            ("eve:main", false, "eve:main"),
            ("unknown:main", true, "unknown:main (maybe the default one)"),
        ];
        for (branch, default_branch, expected) in branches {
            let other = Build { branch: Some(branch.into()), default_branch, ..build.clone() };
            let facts = named(Kind::Build, "acme/web/ci#58", Detail::Build(other));
            assert!(facts.contains(&("Branch", expected.to_owned())), "{facts:?}");
        }
        let runs = (51..=58).rev().map(|number| run(number, BuildStatus::Failed)).collect();
        let many = Build { runs, ..build };
        let expected = [("Runs", "\nand 3 more (all with --json)")];
        check(&named(Kind::Build, "acme/web/ci@main", Detail::Build(many)), &expected);
    }
}
