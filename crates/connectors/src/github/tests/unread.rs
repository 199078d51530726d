//! What is null, missing or not to be read, of what shows whose turn it is: it becomes a problem, and known values stay.

use callboard_domain::{
    event::compare_read,
    source::{Problem, ProblemKind},
};

use super::{
    poll::{Watch, asked, serve_anew, serve_instead},
    *,
};

/// The problems, each with whether the board says that something is not seen.
fn named(batch: &Batch) -> Vec<(bool, String)> {
    batch.problems.iter().map(|problem| (problem.hides(), problem.to_string())).collect()
}

/// Follows what is stored of the pull request.
struct Stored {
    pull: Option<Item>,
    me: Identity,
}

impl Stored {
    fn take(&mut self, batch: &Batch) -> Vec<String> {
        let mut reported = Vec::new();
        for item in batch.snapshots.iter().filter(|item| matches!(item.detail, Detail::PullRequest(_))) {
            let change = compare_read(self.pull.as_ref(), item.clone());
            reported.extend(change.transitions.into_iter().map(|it| it.summary));
            self.pull = Some(change.item);
        }
        reported
    }

    fn pull(&self) -> &PullRequest {
        pull_of(self.pull.as_ref().expect("the pull request"))
    }
}

fn kims() -> Stored {
    Stored { pull: None, me: Identity { login: "kim".into(), ..Identity::default() } }
}

/// The list of pull requests and the one by itself, both so.
fn both(change: &Value) -> [Mock; 2] {
    let newer = with(json!({ "updated_at": "2026-11-22T11:00:00Z" }), change.clone());
    let mergeable = json!({ "mergeable": true, "mergeable_state": "clean" });
    [
        get("/repos/acme/web/pulls", json!([without_missing(pull(482, newer.clone()))])),
        get("/repos/acme/web/pulls/482", without_missing(pull(482, with(newer, mergeable)))),
    ]
}

/// Without the fields whose value is "missing".
pub(super) fn without_missing(mut value: Value) -> Value {
    value.as_object_mut().unwrap().retain(|_, value| *value != json!("missing"));
    value
}

#[tokio::test]
async fn unreadable_review_request_is_not_no_request() {
    let asked = json!({ "requested_reviewers": [user("kim")], "requested_teams": [{ "slug": "release" }] });
    let why = |why: &str| format!("acme/web#482: it is not known whose review is asked for: {why}");
    let not_text = "requested_reviewers, entry 1: expected text, found nothing";
    let cases = [
        (json!({ "requested_reviewers": null }), why("requested_reviewers is no list")),
        (json!({ "requested_reviewers": "missing" }), why("requested_reviewers is missing")),
        (json!({ "requested_reviewers": "kim" }), why("requested_reviewers is no list")),
        (json!({ "requested_reviewers": {} }), why("requested_reviewers is no list")),
        (json!({ "requested_reviewers": [null] }), why("requested_reviewers, entry 1: ")),
        (json!({ "requested_reviewers": [{}] }), why("requested_reviewers, entry 1: `login` is missing")),
        (json!({ "requested_reviewers": [{ "login": null }] }), why(not_text)),
        (json!({ "requested_reviewers": [{ "login": "" }, 7] }), why(not_text)),
        (
            json!({ "requested_reviewers": [user("bo"), { "login": [] }] }),
            why("requested_reviewers, entry 2: "),
        ),
        (json!({ "requested_teams": null }), why("requested_teams is no list")),
        (json!({ "requested_teams": [null] }), why("requested_teams, entry 1: ")),
        (json!({ "requested_teams": [{ "slug": null }] }), why("requested_teams, entry 1: ")),
    ];
    for (odd, expected) in cases {
        let server = serve(both(&asked)).await;
        mount(&server, forge()).await;
        let (mut watch, mut stored) = (Watch::new(&server, &["acme/web"]), kims());
        stored.take(&watch.poll().await);
        assert!(stored.pull().asks(&stored.me));
        serve_instead(
            &server,
            both(&with(asked.clone(), with(odd.clone(), json!({ "updated_at": "2026-11-22T11:30:00Z" })))),
        )
        .await;
        let batch = watch.poll().await;
        // Nothing that was known is news; who is named for the first time is.
        let names_bo = odd.to_string().contains("\"bo\"");
        let news = stored.take(&batch);
        assert_eq!(news.len(), usize::from(names_bo), "{odd}: {news:?}");
        assert!(
            news.iter().all(|it| it.contains(" asks bo for a review of acme/web#482")),
            "{odd}: {news:?}"
        );
        let [(true, problem)] = &named(&batch)[..] else { panic!("{odd}: {:?}", batch.problems) };
        assert!(problem.starts_with(&expected), "{odd}: {problem}");
        let known: Vec<_> =
            stored.pull().requested.iter().filter(|it| *it != "bo").map(String::as_str).collect();
        assert_eq!(
            (known, stored.pull().requested_unknown),
            (vec!["kim", "team/acme/release"], true),
            "{odd}"
        );
        // As long as nothing changes, it stays named; and once it can be read, it is known.
        assert_eq!(named(&watch.poll().await).len(), 1, "{odd}");
        let none = json!({ "requested_reviewers": [], "updated_at": "2026-11-22T11:40:00Z" });
        serve_anew(&server, both(&none)).await;
        let batch = watch.poll().await;
        stored.take(&batch);
        assert_eq!((named(&batch), stored.pull().requested.len()), (vec![], 0), "{odd}");
    }
    // Servers that know no teams leave them out.
    let server = serve(both(&json!({ "requested_teams": "missing" }))).await;
    mount(&server, forge()).await;
    assert_eq!(named(&Watch::new(&server, &["acme/web"]).poll().await), []);
}

#[tokio::test]
async fn review_request_is_empty_only_where_that_is_known() {
    let server = serve(both(&json!({ "requested_reviewers": null }))).await;
    let none = get("/repos/acme/web/pulls/482/reviews", json!([]));
    mount(&server, std::iter::once(none).chain(forge())).await;
    let mut stored = kims();
    stored.take(&Watch::new(&server, &["acme/web"]).poll().await);
    let turn = stored.pull().turn(&stored.me).unwrap();
    assert_eq!((turn.mine, turn.what.as_str()), (false, "review by somebody unknown"));
}

#[tokio::test]
async fn unreadable_reviews_become_a_problem_and_the_others_count() {
    let bo = || review("bo", "APPROVED", "2026-11-22T09:30:00Z");
    let odd = |change: Value| with(review("cy", "CHANGES_REQUESTED", "2026-11-22T09:40:00Z"), change);
    let left_out = |why: &str| format!("acme/web#482: some reviews are left out: {why}");
    // An entry of the list of reviews, and the problem.
    let cases = [
        (json!(null), left_out("entry 2: ")),
        (json!("x"), left_out("entry 2: ")),
        (odd(json!({ "submitted_at": null })), left_out("one by cy: it does not say when it was given")),
        (odd(json!({ "submitted_at": "soon" })), left_out("one by cy: it does not say when it was given")),
        (odd(json!({ "state": "OF_TOMORROW" })), left_out("one by cy: its state is of_tomorrow")),
        (odd(json!({ "state": null })), left_out("one by cy: it has no state")),
        (odd(json!({ "state": {} })), left_out("one by cy: it has no state")),
        (odd(json!({ "user": {} })), left_out("it does not say who gave it")),
        (odd(json!({ "user": "cy" })), left_out("it does not say who gave it")),
        (odd(json!({ "user": { "login": null } })), left_out("it does not say who gave it")),
        // A draft of mine: it waits for nobody yet.
        (odd(json!({ "state": "PENDING", "submitted_at": null })), String::new()),
        (odd(json!({ "state": " Changes_Requested " })), String::new()),
    ];
    for (entry, expected) in cases {
        let list = get("/repos/acme/web/pulls/482/reviews", json!([bo(), entry]));
        let server = serve([list]).await;
        mount(&server, forge()).await;
        let (mut watch, mut stored) = (Watch::new(&server, &["acme/web"]), kims());
        for _ in 0..2 {
            let batch = watch.poll().await;
            stored.take(&batch);
            let problems = named(&batch);
            assert_eq!(problems.len(), usize::from(!expected.is_empty()), "{entry}: {problems:?}");
            assert!(
                problems.iter().all(|(hides, it)| *hides && it.starts_with(&expected)),
                "{entry}: {problems:?}"
            );
        }
        assert_eq!(stored.pull().approvals(), 1, "{entry}");
    }
    // An account that was deleted is none that cannot be read.
    let list = get("/repos/acme/web/pulls/482/reviews", json!([bo(), odd(json!({ "user": null }))]));
    let server = serve([list]).await;
    mount(&server, forge()).await;
    let batch = Watch::new(&server, &["acme/web"]).poll().await;
    let expected = "acme/web#482: some reviews do not say whose they are: they count as ghost's";
    assert_eq!(named(&batch), [(false, expected.to_owned())]);
}

#[tokio::test]
async fn unreadable_author_keeps_the_known_one() {
    let merged = json!({ "state": "closed", "merged_at": "2026-11-22T11:30:00Z" });
    for odd in [json!("ana"), json!({}), json!({ "login": null }), json!({ "login": "" }), json!(7)] {
        for (more, state) in [(json!({}), "open"), (merged.clone(), "merged")] {
            let server = serve(both(&json!({}))).await;
            mount(&server, forge()).await;
            let (mut watch, mut stored) = (Watch::new(&server, &["acme/web"]), kims());
            stored.take(&watch.poll().await);
            let change = json!({ "user": odd, "updated_at": "2026-11-22T11:30:00Z" });
            serve_instead(&server, both(&with(change, more))).await;
            stored.take(&watch.poll().await);
            assert_eq!((stored.pull().author.as_str(), stored.pull().state.name()), ("ana", state), "{odd}");
        }
    }
}

#[tokio::test]
async fn missing_author_keeps_the_known_one() {
    let nobody =
        |more: Value| both(&with(json!({ "user": null, "updated_at": "2026-11-22T11:30:00Z" }), more));
    let closed = json!({ "state": "closed", "closed_at": "2026-11-22T11:30:00Z" });
    let merged = json!({ "state": "closed", "merged_at": "2026-11-22T11:30:00Z" });
    for (more, state) in [(json!({}), "open"), (closed, "closed"), (merged, "merged")] {
        // Also where the cursor is of a version that did not keep it.
        for is_kept in [true, false] {
            let server = serve(both(&json!({}))).await;
            mount(&server, forge()).await;
            let (mut watch, mut stored) = (Watch::new(&server, &["acme/web"]), kims());
            stored.take(&watch.poll().await);
            if !is_kept {
                let mut cursor: Value = serde_json::from_str(&watch.cursor.take().unwrap().0).unwrap();
                let open = &mut cursor["repos"]["acme/web"]["open"]["482"];
                assert!(open.as_object_mut().unwrap().remove("said").is_some());
                watch.cursor = Some(Cursor(cursor.to_string()));
            }
            serve_instead(&server, nobody(more.clone())).await;
            stored.take(&watch.poll().await);
            let pull = stored.pull();
            assert_eq!((pull.author.as_str(), pull.state.name()), ("ana", state), "{is_kept}");
        }
    }
    // Where none was ever named it is GitHub's name for an account that was deleted.
    let server = serve(nobody(json!({}))).await;
    mount(&server, forge()).await;
    let (mut watch, mut stored) = (Watch::new(&server, &["acme/web"]), kims());
    for _ in 0..2 {
        stored.take(&watch.poll().await);
        assert_eq!(stored.pull().author, "ghost");
    }
}

#[tokio::test]
async fn missing_fields_of_a_pull_request_keep_their_values() {
    for odd in [json!(null), json!("missing"), json!([])] {
        let server = serve(both(&json!({ "draft": true }))).await;
        mount(&server, forge()).await;
        let (mut watch, mut stored) = (Watch::new(&server, &["acme/web"]), kims());
        stored.take(&watch.poll().await);
        let opened_at = stored.pull().opened_at;
        let less = json!({ "draft": odd, "created_at": odd, "updated_at": "2026-11-22T11:30:00Z" });
        serve_instead(&server, both(&less)).await;
        assert_eq!(stored.take(&watch.poll().await), [""; 0], "{odd}");
        assert_eq!((stored.pull().draft, stored.pull().opened_at), (true, opened_at), "{odd}");
    }
}

#[tokio::test]
async fn missing_head_keeps_the_checks_and_becomes_a_problem() {
    let problem = "acme/web#482: GitHub does not say which commit is its head: its checks are";
    let side = |sha: Value| json!({ "label": "acme:cache", "ref": "cache", "sha": sha, "repo": repo("web") });
    let odd = [json!(null), json!("missing"), json!("x"), side(json!(null)), side(json!({})), json!({})];
    for head in odd {
        let server = serve(both(&json!({}))).await;
        mount(&server, forge()).await;
        let (mut watch, mut stored) = (Watch::new(&server, &["acme/web"]), kims());
        stored.take(&watch.poll().await);
        let before = stored.pull().clone();
        serve_instead(&server, both(&json!({ "head": head, "updated_at": "2026-11-22T11:30:00Z" }))).await;
        for _ in 0..2 {
            let batch = watch.poll().await;
            assert_eq!((stored.take(&batch), gone::gone(&batch)), (vec![], vec![]), "{head}");
            assert_eq!(
                named(&batch),
                [(true, format!("{problem} those of the one that was known"))],
                "{head}"
            );
        }
        let after = stored.pull();
        assert_eq!(
            (&after.head, &after.branch, &after.checks, &after.reviews),
            (&before.head, &before.branch, &before.checks, &before.reviews),
            "{head}"
        );
        // The checks of the commit that is known are reported as long as no other is.
        let failed = with(
            check("lint", "completed", Some("failure")),
            json!({ "completed_at": "2026-11-22T11:33:00Z" }),
        );
        let failed = checks(&[failed]);
        let later = both(&json!({ "head": head, "updated_at": "2026-11-22T11:35:00Z" }));
        serve_anew(&server, later).await;
        serve_instead(&server, [get(&format!("/repos/acme/web/commits/{SHA}/check-runs"), failed)]).await;
        assert_eq!(stored.take(&watch.poll().await).len(), 1, "{head}");
        serve_anew(&server, both(&json!({ "updated_at": "2026-11-22T11:40:00Z" }))).await;
        assert_eq!(named(&watch.poll().await), [], "{head}");

        // One that is new: without a commit there are no checks to read.
        let server = serve(both(&json!({ "head": head }))).await;
        mount(&server, forge()).await;
        let (mut watch, mut stored) = (Watch::new(&server, &["acme/web"]), kims());
        let batch = watch.poll().await;
        stored.take(&batch);
        assert_eq!((stored.pull().checks.is_none(), stored.pull().head.as_str()), (true, ""), "{head}");
        assert_eq!(named(&batch), [(true, format!("{problem} not read"))], "{head}");
    }
}

#[tokio::test]
async fn head_named_only_by_the_pull_request_itself_is_followed() {
    let server = serve(forge()).await;
    let (mut watch, mut stored) = (Watch::new(&server, &["acme/web"]), kims());
    stored.take(&watch.poll().await);
    let at = json!({ "updated_at": "2026-11-22T11:30:00Z" });
    let head = json!({ "label": "acme:cache", "ref": "cache", "sha": "beef", "repo": repo("web") });
    let failed = checks(&[check("lint", "completed", Some("failure"))]);
    let news = [
        get("/repos/acme/web/pulls", json!([pull(482, with(at.clone(), json!({ "head": null })))])),
        get("/repos/acme/web/pulls/482", pull(482, with(at, json!({ "head": head })))),
        get("/repos/acme/web/commits/beef/check-runs", failed),
        get("/repos/acme/web/commits/beef/status", statuses(&[])),
    ];
    serve_instead(&server, news).await;
    let mut reported = Vec::new();
    for _ in 0..2 {
        let batch = watch.poll().await;
        reported.extend(stored.take(&batch));
        assert_eq!(named(&batch), []);
    }
    assert_eq!((stored.pull().head.as_str(), reported.len()), ("beef", 1), "{reported:?}");
    let checks = stored.pull().checks.as_ref().map(|checks| (checks.commit.as_str(), checks.status.name()));
    assert_eq!(checks, Some(("beef", "failed")));
}

#[tokio::test]
async fn pull_request_without_a_head_is_read_by_itself_once() {
    let other = |minute: u32| pull(483, json!({ "updated_at": format!("2026-11-22T11:{minute}:00Z") }));
    let server = serve([
        get("/repos/acme/web/pulls", json!([other(10), pull(482, json!({}))])),
        get("/repos/acme/web/pulls/482/reviews", json!([])),
        get("/repos/acme/web/pulls/483/reviews", json!([])),
        get("/repos/acme/web/pulls/483", other(10)),
    ])
    .await;
    mount(&server, forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    watch.poll().await;
    let mut reads = Vec::new();
    for minute in [20, 30, 40] {
        server.reset().await;
        let mut seen = 0;
        let rows = json!([other(minute), pull(482, json!({ "head": null }))]);
        mount(
            &server,
            [
                get("/repos/acme/web/pulls", rows),
                get("/repos/acme/web/pulls/482/reviews", json!([])),
                get("/repos/acme/web/pulls/483/reviews", json!([])),
                get("/repos/acme/web/pulls/483", other(minute)),
            ],
        )
        .await;
        mount(&server, forge()).await;
        assert_eq!(named(&watch.poll().await), [], "the pull request itself names its head");
        let lines = asked(&server, &mut seen).await;
        reads.push(lines.iter().filter(|line| line.trim_end_matches('*') == "web/pulls/482").count());
    }
    assert_eq!(reads, [1, 0, 0]);
}

#[tokio::test]
async fn missing_default_branch_keeps_the_known_one_and_becomes_a_problem() {
    let with_default = |branch: &Value| {
        get("/repos/acme/web", without_missing(with(repo("web"), json!({ "default_branch": branch }))))
    };
    let all = "acme/web: GitHub does not say which branch is its default one: ";
    for branch in [json!(null), json!("missing"), json!(""), json!(" "), json!({}), json!([])] {
        // From the first look on.
        let server = serve([with_default(&branch)]).await;
        mount(&server, forge()).await;
        let mut watch = Watch::new(&server, &["acme/web"]);
        let unknown = format!("{all}red builds of it may not be shown");
        for _ in 0..2 {
            let batch = watch.poll().await;
            assert_eq!(
                (named(&batch), gone::gone(&batch)),
                (vec![(true, unknown.clone())], vec![]),
                "{branch}"
            );
        }
        // Once it was known.
        let server = serve(forge()).await;
        let mut watch = Watch::new(&server, &["acme/web"]);
        watch.poll().await;
        let again =
            json!({ "conclusion": "failure", "run_attempt": 2, "updated_at": "2026-11-22T09:40:00Z" });
        let list = get("/repos/acme/web/actions/runs", runs(&[run(31, again), run(30, json!({}))]));
        serve_instead(&server, [with_default(&branch), list]).await;
        let batch = watch.poll().await;
        assert_eq!(named(&batch), [(false, format!("{all}it is taken to be main still"))], "{branch}");
        assert_eq!(gone::gone(&batch), [""; 0], "{branch}");
        let builds: Vec<_> =
            batch.snapshots.iter().filter(|item| matches!(item.detail, Detail::Build(_))).collect();
        assert!(builds.iter().all(|item| build_of(item).default_branch) && !builds.is_empty(), "{branch}");
        // Said again, it is as it was.
        server.reset().await;
        mount(&server, forge()).await;
        assert_eq!(named(&watch.poll().await), [], "{branch}");
    }
}

#[tokio::test]
async fn unreadable_teams_become_a_problem() {
    let not_list = ResponseTemplate::new(200).set_body_json(json!(null));
    let odd = ResponseTemplate::new(200)
        .set_body_json(json!([null, { "slug": "web", "organization": { "login": "acme" } }]));
    let cases = [
        (ResponseTemplate::new(403), 0, "GitHub does not allow it"),
        (ResponseTemplate::new(404), 0, "GitHub has no such thing"),
        (ResponseTemplate::new(502), 0, "GitHub is unavailable (502)"),
        (ResponseTemplate::new(203).set_body_json(json!([])), 0, "a proxy has changed"),
        (not_list, 0, "GitHub answered with something unexpected"),
        (odd, 1, "entry 1: "),
    ];
    for (answer, known, why) in cases {
        for (teams, hides, what) in [
            (json!([]), false, "which teams are yours is not known: "),
            (
                json!([{ "slug": "release" }]),
                true,
                "reviews are asked of teams, and which are yours is not known: ",
            ),
        ] {
            let server = serve([Mock::given(path("/user/teams")).respond_with(answer.clone())]).await;
            mount(&server, both(&json!({ "requested_teams": teams }))).await;
            mount(&server, forge()).await;
            let connection = connect(&server.uri(), &["acme/web"]);
            let me = connection.identify.identify().await.unwrap();
            assert_eq!((me.login.as_str(), me.teams.len()), ("ana", known), "{why}");
            assert!(me.teams_unread.is_some_and(|unread| unread.starts_with(why)), "{why}");
            let mut watch = Watch::of(connection.source.unwrap());
            let batch = watch.poll().await;
            let [Problem { part, kind, why: found, .. }] = &batch.problems[..] else {
                panic!("{:?}", batch.problems)
            };
            let expected = if hides { ProblemKind::Incomplete } else { ProblemKind::Details };
            assert_eq!((part.as_str(), *kind), ("", expected), "{why}");
            assert!(found.starts_with(&format!("{what}{why}")), "{found}");
            // A connection that has not asked yet goes by what was stored.
            let mut next = Watch::new(&server, &["acme/web"]);
            next.cursor = watch.cursor.clone();
            assert_eq!(next.poll().await.problems, batch.problems, "{why}");
        }
    }
}

#[tokio::test]
async fn commands_name_what_they_could_not_read() {
    let odd = both(&json!({ "requested_reviewers": [null] }));
    let server = serve(odd).await;
    let reviews = get("/repos/acme/web/pulls/482/reviews", json!([null]));
    let some_jobs =
        get("/repos/acme/web/actions/runs/31/jobs", jobs(&[job(8, "lint", "success"), json!(null)]));
    mount(&server, [reviews, some_jobs]).await;
    mount(&server, forge()).await;
    let lines = |text: &[&str]| text.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
    let asked = "acme/web#482: it is not known whose review is asked for: requested_reviewers, entry 1";
    let cases = [
        (
            "pr show",
            args(&[("pr", "acme/web#482")]),
            lines(&[asked, "acme/web#482: some reviews are left out: entry 1"]),
        ),
        (
            "pr list",
            args(&[("repo", "acme/web")]),
            lines(&[asked, "acme/web#482: some reviews are left out: entry 1"]),
        ),
        (
            "run log",
            args(&[("run", "31"), ("repo", "acme/web")]),
            lines(&["of those that could be read", "Not all of its jobs could be read: entry 2"]),
        ),
    ];
    for (name, args, expected) in cases {
        let actions = connect(&server.uri(), &["acme/web"]).actions;
        let action = actions.into_iter().find(|action| action.spec().name == name).unwrap();
        let outcome = format!("{:?}", action.run(&args, now(), &RecordedProgress::default()).await.unwrap());
        for line in expected {
            assert!(outcome.contains(&line), "{name}: {line}\n{outcome}");
        }
    }
}
