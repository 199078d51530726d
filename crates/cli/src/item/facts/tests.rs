//! Items of each kind -> their facts.

use callboard_domain::{
    board::{NotSeen, NotSeenKind},
    item::{
        AccountName, ApprovalState, Assignment, BuildStatus, ChecksStatus, Hold, IncidentStatus, Item,
        ItemKey, Mergeability, Severity, Shipment, User,
    },
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
        open_incidents: None,
    };
    of(&detail, Some(Timestamp::UNIX_EPOCH))
}

#[track_caller]
fn check(facts: &[(&'static str, String)], expected: &[(&str, &str)]) {
    for (name, part) in expected {
        let value = facts.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        assert!(value.is_some_and(|value| value.contains(part)), "{name}: expected {part}, found {value:?}");
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
        ("Also waits for", "not known"),
        ("Asks for", "not known"),
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
        ..Shipment::default()
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
fn approval_facts_say_what_a_yes_takes_and_ships() {
    let at = Timestamp::from_second(86_400).unwrap();
    let question = |name: &str, summary: Option<&str>, ty, default: Option<&str>| Question {
        name: name.into(),
        summary: summary.map(str::to_owned),
        ty,
        default: default.map(str::to_owned),
    };
    let ships = Shipment {
        to: Some("1.42.0".into()),
        pull_requests: vec!["#479 Warm the price cache".into(), "#480 Round once".into()],
        checks: Some(Checks {
            commit: "b81d09e".into(),
            status: ChecksStatus::Failed,
            failing: vec!["lint".into()],
            at,
        }),
        url: "https://forge.example/compare".parse().ok(),
        unread: vec!["the commits: no answer".into()],
        ..Shipment::default()
    };
    let approval = Approval {
        asked_at: Some(at),
        conditions: Some(AsOf::new(
            at,
            vec!["a timer of 30 min".into(), "a check of another service".into()],
        )),
        questions: Some(vec![
            question("TARGET", Some("where to"), QuestionType::Choice(vec!["eu".into(), "us".into()]), None),
            question("DRY", None, QuestionType::Bool, Some("true")),
            question("NOTE", None, QuestionType::Text, Some("")),
            question("KEY", None, QuestionType::Elsewhere, None),
        ]),
        ships: Some(AsOf::new(at, ships)),
        ..Approval::new("acme/web", at)
    };
    let waiting = named(Kind::Approval, "acme/web/7", Detail::Approval(approval.clone()));
    let expected = [
        ("Has waited", " d"),
        ("Also waits for", "a timer of 30 min\na check of another service"),
        (
            "Asks for",
            "TARGET, where to: one of eu, us\nDRY: true or false; true if not answered\nNOTE: any text; empty if not \
             answered\nKEY: only on its page",
        ),
        ("Would ship", "1.42.0\nas of 1970-01-0"),
        ("Pull requests", "#479 Warm the price cache\n#480 Round once"),
        ("Checks", "failed: lint"),
        ("All changes", "https://forge.example/compare"),
        ("Not read", "the commits: no answer"),
    ];
    check(&waiting, &expected);
    let nothing = Approval {
        conditions: Some(AsOf::new(at, Vec::new())),
        questions: Some(Vec::new()),
        ships: Some(AsOf::new(at, Shipment::default())),
        ..approval.clone()
    };
    let expected = [
        ("Also waits for", "nothing else"),
        ("Asks for", "nothing"),
        ("Would ship", "not known"),
        ("Checks", "not known"),
    ];
    check(&named(Kind::Approval, "acme/web/7", Detail::Approval(nothing)), &expected);
    let over = Approval { state: ApprovalState::Approved, ..approval };
    let over = named(Kind::Approval, "acme/web/7", Detail::Approval(over));
    assert!(
        over.iter().all(|(name, _)| !["Has waited", "Also waits for", "Asks for"].contains(name)),
        "{over:?}"
    );
}

#[test]
fn open_incidents_are_never_calm_where_they_are_not_known() {
    let not_seen = || NotSeen {
        account: "pager".into(),
        part: String::new(),
        kind: NotSeenKind::Down,
        why: "no answer".into(),
        since: None,
    };
    let row = || -> Row {
        let row = json!({
            "key": "pager/incident/a1", "state": "incident", "held": false, "title": "Checkout slow", "second": "web",
            "turn": null, "since": null, "url": null, "severity": "high",
        });
        serde_json::from_value(row).unwrap()
    };
    let shown = "▲ a1  Checkout slow (high)";
    let unread = "not known whole: pager cannot be read: no answer";
    // the rows, how many there are, the accounts that have incidents, what is not seen -> what is said
    let cases = [
        (0, 0, 0, 0, "not known: no account has incidents".to_owned()),
        (0, 0, 1, 0, "none".to_owned()),
        (0, 0, 1, 1, unread.to_owned()),
        (1, 1, 1, 0, shown.to_owned()),
        (1, 3, 1, 1, format!("{shown}\nand 2 more\n{unread}")),
    ];
    for (rows, total, accounts, unread, expected) in cases {
        let open = OpenIncidents {
            rows: vec![row(); rows],
            total,
            accounts: vec!["pager".into(); accounts],
            not_seen: vec![not_seen(); unread],
        };
        assert_eq!(open_incidents(&open), expected);
    }
}

#[test]
fn incident_facts_are_complete() {
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
    check(&named(Kind::Incident, "PD-1", Detail::Incident(without_start.clone())), &[("Began", "not known")]);
    without_start.started_at = Timestamp::from_second(86_400).unwrap();
    check(
        &named(Kind::Incident, "PD-1", Detail::Incident(without_start)),
        &[("Began", "not known; first seen 1970-01-0")],
    );
    let found = named(Kind::Incident, "PD-1", Detail::Incident(incident));
    check(&found, &expected);
    // Notes for actions are nothing for a person.
    assert!(found.contains(&("Labels", "team=web".to_owned())), "{found:?}");
}

#[test]
fn pull_request_facts_are_complete() {
    let at = Timestamp::UNIX_EPOCH;
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
}

#[test]
fn build_facts_are_complete() {
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
