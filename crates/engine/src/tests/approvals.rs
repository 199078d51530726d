//! Approvals, from what a source reports to the board, the tray and the notification.

use callboard_domain::{event::EventName, rules::NotifyLevel};

use super::*;
use crate::api::{
    BoardQuery, EventsQuery, ItemQuery, OffBoardQuery, OffBoardReason, RulesExplain, RulesReplay, Search,
    StatusQuery, TrayIcon,
};

/// Asked of these approvers; `None` where they are unknown.
fn asked(id: &str, approvers: Option<&[&str]>, state: ApprovalState) -> Item {
    let mut item = approval(id, state);
    if let Detail::Approval(approval) = &mut item.detail {
        let names = approvers.map(|names| Approvers::all(names.iter().copied()));
        approval.approvers = names.map(|names| AsOf::new(at(0), names));
        if state != ApprovalState::Waiting {
            (approval.updated_at, approval.ended_by) = (at(5), Some(User::named("cy")));
        }
    }
    item
}

#[tokio::test]
async fn the_tray_is_not_calm_while_an_answer_may_be_awaited() {
    use ApprovalState::{Approved, Waiting};
    type Case<'a> = (Option<&'a [&'a str]>, ApprovalState, TrayIcon, u32, &'a str);
    let cases: [Case<'_>; 4] = [
        (Some(&["ana"]), Waiting, TrayIcon::Attention, 1, "1 approval waits for you"),
        (None, Waiting, TrayIcon::Attention, 1, "1 approval may wait for you"),
        (Some(&["cy"]), Waiting, TrayIcon::Calm, 0, "Nothing needs you"),
        (Some(&["ana"]), Approved, TrayIcon::Calm, 0, "Nothing needs you"),
    ];
    for (approvers, state, icon, count, summary) in cases {
        let config =
            "[accounts.forge]\nservice = \"github\"\nurl = \"http://127.0.0.1:1\"\nwatch = [\"acme/web\"]\n";
        let it = Scene::open(config, Mode::Once, &[("forge", "token", "t0ken")]).await;
        it.report([asked("web", approvers, state)]).await;
        let status = it.call(StatusQuery {}).await.unwrap();
        let found = (status.icon, u32::try_from(status.count).unwrap(), status.summary.as_str());
        assert_eq!(found, (icon, count, summary), "{approvers:?} {state:?}");
        it.engine.stop().await;
    }
}

#[tokio::test]
async fn an_approval_is_notified_found_and_withdrawn_once_it_ended() {
    let it = Scene::serving().await;
    let mine: Option<&[&str]> = Some(&["ana", "cy"]);
    it.report([asked("web", mine, ApprovalState::Waiting)]).await;
    until("it is shown", async || {
        it.host.shown().iter().any(|title| title == "bo asks for approval: Deploy web in production")
    })
    .await;
    assert!(it.host.withdrawn().is_empty());
    it.report([pull(1, "Try it", &["ana"])]).await;
    let board = it.call(BoardQuery::default()).await.unwrap();
    let titles: Vec<_> = board.sections.iter().map(|section| section.title.as_str()).collect();
    assert_eq!(titles, ["Approvals", "Pull requests"]);
    let only = BoardQuery { kind: Some(Kind::Approval), ..BoardQuery::default() };
    let only = it.call(only).await.unwrap();
    assert_eq!((only.sections.len(), only.summary.needs_you), (1, 1), "in numbers it is the whole board");
    assert_eq!(only.summary, board.summary);
    // As the command line asks for them.
    let all = BoardQuery { kind: Some(Kind::Approval), all: true, snoozed: true, limit: Some(1) };
    assert_eq!(it.call(all).await.unwrap().summary, board.summary);

    let key = "forge/approval/web";
    for typed in [key, "web", "deploy web"] {
        let found = it.call(ItemQuery::of(typed)).await;
        let found = found.map(|found| found.item.key.to_string()).unwrap_or_else(|error| error.to_string());
        assert_eq!(found, key, "{typed}");
    }
    for text in ["deploy", "production"] {
        until("it is in the index", async || {
            let query = Search { text: text.into(), limit: 10, skip: 0 };
            it.call(query).await.unwrap().iter().any(|hit| format!("{hit:?}").contains("Approval"))
        })
        .await;
    }

    it.report([asked("web", mine, ApprovalState::Approved)]).await;
    until("it is withdrawn", async || it.host.withdrawn() == [key]).await;
    let query = EventsQuery { after: None, before: None, since: None, limit: 10 };
    let events = it.call(query).await.unwrap().events;
    let of_it: Vec<_> = events.iter().filter(|event| event.item.to_string() == key).collect();
    let names: Vec<_> = of_it.iter().map(|event| event.name).collect();
    assert_eq!(names, [EventName::Requested, EventName::Approved]);
    assert_eq!(of_it[1].by, Some(User::named("cy")));
    // Why I was notified, and what other rules would have decided.
    let why = it.call(RulesExplain { event: of_it[0].id }).await.unwrap();
    assert_eq!(why.decided.map(|decided| decided.action), Some(NotifyLevel::Notify));
    let quiet = callboard_domain::rules::RuleConfig {
        name: "no approvals".into(),
        when: "item.kind == 'approval' && item.environment == 'production'".into(),
        action: Some(NotifyLevel::Silence),
        post: Vec::new(),
        group_by: Vec::new(),
        go_on: false,
        enabled: true,
    };
    let replay = it.call(RulesReplay { last: 10, rules: Some(vec![quiet]) }).await.unwrap();
    assert_eq!(replay.changed.len(), 2, "{replay:?}");
    it.engine.stop().await;
}

#[tokio::test]
async fn every_end_is_a_reason_to_leave() {
    let config = "[accounts.forge]\nservice = \"http\"\nurl = \"http://127.0.0.1:1\"\n";
    let it = Scene::open(config, Mode::Once, &[]).await;
    let cases = [
        ("a", ApprovalState::Approved, OffBoardReason::Approved),
        ("b", ApprovalState::Denied, OffBoardReason::Denied),
        ("c", ApprovalState::Expired, OffBoardReason::Expired),
        ("d", ApprovalState::Superseded, OffBoardReason::Superseded),
    ];
    it.report(cases.iter().map(|(id, state, _)| asked(id, None, *state))).await;
    it.report([asked("e", Some(&["cy"]), ApprovalState::Waiting), asked("f", None, ApprovalState::Waiting)])
        .await;
    let key = |id: &str| ItemKey::new(&"forge".into(), Kind::Approval, id);
    let items = ["a", "b", "c", "d", "e", "f"].map(key).to_vec();
    let left = it.call(OffBoardQuery { items }).await.unwrap();
    let found: Vec<_> = left.into_iter().map(|left| left.why).collect();
    let [a, b, c, d] = cases.map(|(.., why)| why);
    assert_eq!(found, [a, b, c, d, OffBoardReason::Others, OffBoardReason::Open]);
    it.engine.stop().await;
}
