use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::*;
use crate::item::{
    Build, Detail, Incident, IncidentStatus, Item, ItemKey, PullRequest, PullRequestState, Severity,
};

fn item(account: &str, id: &str, title: &str, url: Option<&str>, detail: Detail) -> Item {
    let kind = match detail {
        Detail::Build(_) => Kind::Build,
        Detail::PullRequest(_) => Kind::PullRequest,
        Detail::Incident(_) => Kind::Incident,
        Detail::Approval(_) => Kind::Approval,
    };
    Item {
        key: ItemKey::new(&account.into(), kind, id),
        title: title.to_owned(),
        url: url.map(|url| url.parse().unwrap()),
        detail,
    }
}

fn pull_request(account: &str, repo: &str, number: u64, title: &str) -> Item {
    let detail = PullRequest {
        repo: repo.to_owned(),
        number,
        author: "ana".to_owned(),
        branch: "work".to_owned(),
        base: "main".to_owned(),
        head: "abc".to_owned(),
        draft: false,
        state: PullRequestState::Open,
        opened_at: Timestamp::UNIX_EPOCH,
        ended_at: None,
        merged_by: None,
        requested: BTreeSet::new(),
        requested_unknown: false,
        requested_read: None,
        updated_at: Timestamp::UNIX_EPOCH,
        reviews: Vec::new(),
        checks: None,
        mergeability: None,
        description: None,
        size: None,
    };
    let url = format!("https://forge.example/{repo}/pull/{number}");
    item(account, &format!("{repo}#{number}"), title, Some(&url), Detail::PullRequest(detail))
}

fn build(repo: &str, pipeline: &str, branch: &str) -> Item {
    let detail = Build {
        repo: repo.to_owned(),
        pipeline: pipeline.to_owned(),
        branch: Some(branch.to_owned()),
        default_branch: true,
        runs: Vec::new(),
    };
    item("ci", &format!("{repo}/{pipeline}@{branch}"), "ci", None, Detail::Build(detail))
}

fn incident(id: &str, title: &str) -> Item {
    let detail = Incident {
        service: "web".to_owned(),
        severity: Severity::High,
        status: IncidentStatus::Triggered,
        started_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
        changed_by: None,
        number: None,
        hold: None,
        released_at: None,
        start_unknown: false,
        suppressed: false,
        notes: Default::default(),
        assigned: None,
        inferred_end: None,
        escalations: Default::default(),
        escalated_by: Default::default(),
        description: None,
        labels: BTreeMap::new(),
    };
    item("pager", id, title, None, Detail::Incident(detail))
}

fn board() -> Vec<Item> {
    vec![
        pull_request("forge", "acme/web", 479, "Fix the login page"),
        pull_request("forge", "acme/web-api", 480, "Follow up on #77 and 479"),
        pull_request("forge", "acme/api", 12, "Fix the logout page"),
        pull_request("forge", "other/api", 12, "Upgrade"),
        pull_request("forge", "acme/twin", 5, "Twin"),
        pull_request("mirror", "acme/twin", 5, "Twin"),
        build("acme/web", "ci.yml", "main"),
        build("acme/web-api", "ci.yml", "main"),
        build("acme/web", "nightly", "main"),
        incident("PD-123", "Disk full on web-1"),
        incident("PD-124", "Disk slow on web-2"),
        incident("PD-125", "Disk full"),
    ]
}

#[test]
fn texts_mean_items() {
    use Kind::{Build, Incident, PullRequest};
    let cases: &[(Kind, &str, &[&str])] = &[
        (PullRequest, "forge/pull_request/acme/web#479", &["acme/web#479"]),
        (PullRequest, "forge/pr/acme/twin#5", &["acme/twin#5"]),
        (PullRequest, "acme/web#479", &["acme/web#479"]),
        (PullRequest, "Acme/Web#479", &["acme/web#479"]),
        (PullRequest, "https://forge.example/acme/web/pull/479", &["acme/web#479"]),
        (PullRequest, "https://forge.example/acme/web/pull/479/#discussion", &["acme/web#479"]),
        (PullRequest, "https://forge.example/acme/web/pull/4", &[]),
        (PullRequest, "479", &["acme/web#479"]),
        (PullRequest, "#480", &["acme/web-api#480"]),
        (PullRequest, "77", &[]),
        (PullRequest, "12", &["acme/api#12", "other/api#12"]),
        (PullRequest, "web#479", &["acme/web#479"]),
        (PullRequest, "eb#479", &[]),
        (PullRequest, "api#480", &[]),
        (PullRequest, "api#12", &["acme/api#12", "other/api#12"]),
        (PullRequest, "acme/twin#5", &["forge/pull_request/acme/twin#5", "mirror/pull_request/acme/twin#5"]),
        (PullRequest, "Login fix", &["acme/web#479"]),
        (PullRequest, "fix page", &["acme/api#12", "acme/web#479"]),
        (PullRequest, "log", &[]),
        (PullRequest, "", &[]),
        (PullRequest, "  ", &[]),
        (PullRequest, "#", &[]),
        (PullRequest, "PD-123", &[]),
        (Build, "web/ci@main", &["acme/web/ci.yml@main"]),
        (Build, "web/xi@main", &[]),
        (Build, "web/ci.yml@main", &["acme/web/ci.yml@main"]),
        (Build, "web-api main", &["acme/web-api/ci.yml@main"]),
        (Build, "web nightly main", &["acme/web/nightly@main"]),
        (Build, "web main", &["acme/web/ci.yml@main", "acme/web/nightly@main"]),
        (Incident, "pd-123", &["PD-123"]),
        (Incident, "disk full", &["PD-125"]),
        (Incident, "full on", &["PD-123"]),
        (
            Incident,
            "disk",
            &["PD-123 (Disk full on web-1)", "PD-124 (Disk slow on web-2)", "PD-125 (Disk full)"],
        ),
        (Incident, "web-2", &["PD-124"]),
    ];
    let board = board();
    for (kind, text, expected) in cases {
        let got = match resolve_item(text, &board, *kind) {
            Resolution::Exact(item) => vec![item.reference().to_owned()],
            Resolution::Many { names, total } => {
                assert_eq!(names.len(), total, "{kind} {text:?}");
                names
            }
            Resolution::None => Vec::new(),
        };
        assert_eq!(got, *expected, "{kind} {text:?}");
    }
}

#[test]
fn ended_item_does_not_make_a_name_ambiguous() {
    let of = |id: &str, title: &str, status: IncidentStatus| {
        let mut item = incident(id, title);
        if let Detail::Incident(incident) = &mut item.detail {
            incident.status = status;
        }
        item
    };
    let board = [
        of("Q2R8T", "Checkout is slow", IncidentStatus::Triggered),
        of("bbbb", "Checkout", IncidentStatus::Resolved),
        of("cccc", "Queue full", IncidentStatus::Resolved),
        of("dddd", "Queue full", IncidentStatus::Resolved),
        of("disk", "Disk", IncidentStatus::Resolved),
        of("x disk", "Another", IncidentStatus::Acknowledged),
    ];
    let cases: [(&str, &[&str]); 6] = [
        ("Checkout", &["Q2R8T"]),
        ("checkout is slow", &["Q2R8T"]),
        // By its own name it is meant all the same.
        ("bbbb", &["bbbb"]),
        ("disk", &["disk"]),
        ("pager/incident/bbbb", &["bbbb"]),
        ("queue full", &["cccc (Queue full)", "dddd (Queue full)"]),
    ];
    for (text, expected) in cases {
        let found = match resolve_item(text, &board, Kind::Incident) {
            Resolution::Exact(item) => vec![item.reference().to_owned()],
            Resolution::Many { names, .. } => names,
            Resolution::None => Vec::new(),
        };
        assert_eq!(found, *expected, "{text}");
    }
}

#[test]
fn at_most_ten_candidates_are_listed() {
    let board: Vec<_> = (0..30).map(|n| pull_request("forge", &format!("acme/r{n:02}"), 7, "x")).collect();
    let Resolution::Many { names, total } = resolve_item("7", &board, Kind::PullRequest) else { panic!() };
    assert_eq!((names.len(), total), (10, 30));
    assert_eq!(names[0], "acme/r00#7");
    let error = ArgError::several("pr", "7", names.clone(), total).to_string();
    assert!(error.starts_with("pr: \"7\" could be acme/r00#7, acme/r01#7, "), "{error}");
    assert!(error.ends_with(", acme/r09#7, and 20 more: say more of the one that is meant"), "{error}");
    let few = ArgError::several("pr", "7", names[..2].to_vec(), 2).to_string();
    assert_eq!(few, "pr: \"7\" could be acme/r00#7, acme/r01#7");
}

fn alerts() -> ArgSpec {
    ArgSpec::item("alerts", Kind::Incident, "")
}

#[test]
fn each_word_left_is_an_item_of_its_own() {
    let several = CommandSpec::new("page", "").usage("page <alerts...>").arg(alerts());
    let one = CommandSpec::new("ring", "").usage("ring <alerts>").arg(alerts());
    let text = CommandSpec::new("say", "").usage("say <text...>").arg(ArgSpec::text("text", ""));
    // command, line -> the names of its items
    let cases: [(&CommandSpec, &str, &[&str]); 8] = [
        (&several, "page a", &["a"]),
        (&several, "page a b  c", &["a", "b", "c"]),
        (&several, "page \"disk full\" b", &["disk full", "b"]),
        (&several, "page \"disk full\"", &["disk full"]),
        (&several, "page alerts=\"a b\"", &["a", "b"]),
        (&several, "page pager/incident/a b", &["pager/incident/a", "b"]),
        // What stays one.
        (&one, "ring \"disk full\"", &["disk full"]),
        (&text, "say all is well", &["all is well"]),
    ];
    for (spec, line, expected) in cases {
        let commands: Commands = [Command::new(spec.clone()).unwrap()].into_iter().collect();
        let args = commands.parse(line).unwrap().args;
        let arg = &spec.args[0];
        let names = item_names(spec, arg, args.text(&arg.name));
        assert_eq!(names, expected, "{line}");
        assert_eq!(item_names(spec, arg, &item_value(spec, arg, &names)), names, "{line}");
        // The line of the run means the same.
        let again = commands.get(&spec.name).unwrap().line(&args);
        assert_eq!(commands.parse(&again).unwrap().args, args, "{line}: {again}");
    }
    let several_in = |spec: &CommandSpec| takes_several(spec, &spec.args[0]);
    assert_eq!([&several, &one, &text].map(several_in), [true, false, false]);
}

#[test]
fn a_row_prefills_the_commands_that_fit() {
    let commands = commands();
    let spec = |name: &str| commands.get(name).unwrap().spec();
    let pull_request = pull_request("forge", "acme/web", 479, "x");
    let odd = incident("disk full", "x");
    assert!(applies_to(spec("pr approve"), &pull_request));
    assert!(!applies_to(spec("ack"), &pull_request));
    assert!(!applies_to(spec("deploy"), &pull_request));
    let later = CommandSpec::new("link", "")
        .usage("link <page> to <pr>")
        .arg(ArgSpec::text("page", ""))
        .arg(ArgSpec::item("pr", Kind::PullRequest, ""));
    let several = CommandSpec::new("page", "").usage("page <alerts...>").arg(alerts());
    let several_later = CommandSpec::new("move", "")
        .usage("move <to> <alerts...>")
        .arg(ArgSpec::text("to", ""))
        .arg(alerts());
    let cases = [
        (&several, &odd, "page \"disk full\""),
        (&several_later, &odd, "move alerts=\"\\\"disk full\\\"\""),
        (spec("pr approve"), &pull_request, "pr approve acme/web#479"),
        (&later, &pull_request, "link pr=acme/web#479"),
        (spec("ack"), &odd, "ack \"disk full\""),
        (spec("pug bomb"), &odd, "pug bomb"),
    ];
    for (spec, item, line) in cases {
        assert_eq!(prefill(spec, item), line);
    }
}
