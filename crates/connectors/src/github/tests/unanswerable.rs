//! What waits for a person's yes and can never have this account's.

use callboard_domain::item::{Approval, ApprovalState, Approvers, AsOf, ItemKey, Kind, User};
use wiremock::matchers::any;

use super::{
    answers::{action, item, on_board},
    *,
};

#[tokio::test]
async fn what_can_never_be_answered_is_refused() {
    let server = serve([Mock::given(any()).respond_with(ResponseTemplate::new(500)).expect(0)]).await;
    type Change = fn(&mut Approval);
    let may_not: Change = |approval| approval.account_may = Some(AsOf::new(now(), false));
    let id = "acme/web/runs/31/production";
    // With what `approve` and what `deny` says.
    type Case = (Option<&'static str>, Change, Option<&'static str>, Option<&'static str>);
    let cases: [Case; 8] = [
        (Some("production"), |_| {}, None, None),
        (Some("production"), |approval| approval.account_may = Some(AsOf::new(now(), true)), None, None),
        // GitHub knows, and is asked before anything is sent.
        (
            Some("production"),
            |approval| approval.approvers = Some(AsOf::new(now(), Approvers::all(["bo"]))),
            None,
            None,
        ),
        (
            Some("production"),
            |approval| {
                approval.state = ApprovalState::Approved;
                approval.ended_by = Some(User::named("bo"));
            },
            Some("is approved by bo: it does not wait any more"),
            Some("is approved by bo: it does not wait any more"),
        ),
        (
            Some("production"),
            |approval| approval.state = ApprovalState::Superseded,
            Some("is superseded: it does not wait any more"),
            Some("is superseded: it does not wait any more"),
        ),
        (
            Some("production"),
            may_not,
            Some("GitHub does not let this account answer acme/web/runs/31/production"),
            Some("GitHub does not let this account answer acme/web/runs/31/production"),
        ),
        (
            Some("production"),
            |approval| {
                approval.account_may = Some(AsOf::new(now(), false));
                approval.approvers = Some(AsOf::new(now(), Approvers::all(["bo", "team/acme/release"])));
            },
            Some(
                "GitHub lets bo, team/acme/release answer acme/web/runs/31/production, and not this account",
            ),
            Some(
                "GitHub lets bo, team/acme/release answer acme/web/runs/31/production, and not this account",
            ),
        ),
        (None, |_| {}, None, Some("close its pull request instead, or leave it")),
    ];
    let me = Identity { login: "ana".to_owned(), ..Identity::default() };
    for (environment, change, approve, deny) in cases {
        let item = item(environment, change);
        for (name, expected) in [("approve", approve), ("deny", deny)] {
            let why = action(&server, name).refuses(&item, &me);
            let is_as_expected = match (&why, expected) {
                (Some(why), Some(expected)) => why.contains(expected),
                (why, expected) => why.is_none() && expected.is_none(),
            };
            assert!(is_as_expected, "{name}: {why:?}, expected {expected:?}");
        }
    }

    let typed = |id: &str, more: &[(&str, &str)]| args(&[&[("approval", id)][..], more].concat());
    let pairs = [("TARGET".to_owned(), "eu".to_owned())];
    let other = ItemKey::new(&"forge".into(), Kind::Build, "acme/web/ci@main");
    let cases = [
        ("approve", args(&[]), "needs approval"),
        (
            "approve",
            typed("31", &[]),
            "expected an approval such as acme/web/runs/31/production, found \"31\"",
        ),
        ("approve", typed(&other.id, &[]), "expected an approval such as"),
        ("approve", typed("../web/runs/31/production", &[]), "expected an approval such as"),
        ("deny", typed(id, &[]), "needs why"),
        ("deny", typed(id, &[("why", " ")]), "needs why"),
        ("deny", typed("acme/web/runs/31", &[("why", "No")]), "close its pull request instead, or leave it"),
        ("deny", on_board(None, &[("why", "No")]), "close its pull request instead, or leave it"),
        (
            "approve",
            typed("acme/web/runs/31", &[("comment", "Hi")]),
            "GitHub takes none with a first-timer's run",
        ),
        ("approve", Args { pairs: pairs.into(), ..typed(id, &[]) }, "asks no question, found \"TARGET=eu\""),
    ];
    for (name, args, expected) in cases {
        let action = action(&server, name);
        let error = action.preview(&args, now()).unwrap_err();
        assert!(error.to_string().contains(expected), "{name} {args:?}: {error}");
        let came = action.run(&args, now(), &RecordedProgress::default()).await;
        assert!(matches!(came, Err(ServiceError::Rejected { .. })), "{name} {args:?}: {came:?}");
    }
}
