//! A yes or a no to what waits for it: the commands `approve` and `deny` of the account that asks, run as any other.

use anyhow::Result;
use callboard_domain::{
    command::{self, verbs},
    item::{AccountName, Detail, Item, Kind, Question},
};
use callboard_engine::api::{
    AccountInfo, AccountsQuery, ApiError, CommandInfo, CommandsQuery, Health, ItemDetail, ItemQuery, Origin,
};
use console::Term;

use crate::{
    args,
    client::Client,
    exit::{Exit, Usage},
    item,
    output::Output,
    run::run_line,
};

/// Says yes, once a person has read what that lets happen and the exact request.
pub(crate) async fn approve(request: args::Approve, client: &mut Client, output: &Output) -> Result<Exit> {
    let args::Approve { options, approval, words } = request;
    let verb = verbs::approve().name;
    let meant = meant(&approval, &verb, client).await?;
    if let Some((item, question)) =
        meant.as_ref().and_then(|detail| Some((&detail.item, only_on_its_page(&detail.item)?)))
    {
        let why = format!("it asks for {}, which can only be given there", question.name);
        return Err(Usage(elsewhere(item, &why)).into());
    }
    let key = meant.map(|detail| detail.item.key.to_string());
    let named = key.clone().unwrap_or_else(|| approval.clone());
    let line = command::line_from(&[vec![verb, named], words].concat());
    // Read once the plan is made: what has changed since is refused, and nothing older is shown beside it.
    let about = async |client: &mut Client| match key {
        Some(key) => {
            let detail = client.call(ItemQuery { kind: Some(Kind::Approval), ..ItemQuery::of(&key) }).await?;
            let read_at = item::read_at(&detail, client).await?;
            Ok(Some(item::described(&detail, read_at, &Term::stderr())))
        }
        None => Ok(Some(format!("{approval} is on no board: what it lets happen is not known here"))),
    };
    run_line(line, options, about, client, output).await
}

/// Says no, and why.
pub(crate) async fn deny(request: args::Deny, client: &mut Client, output: &Output) -> Result<Exit> {
    let args::Deny { options, approval, why, words } = request;
    let verb = verbs::deny().name;
    let meant = meant(&approval, &verb, client).await?;
    let named = meant.map_or(approval, |detail| detail.item.key.to_string());
    let line = command::line_from(&[verb, named]);
    let why = why.unwrap_or_else(|| words.join(" "));
    let line = if why.is_empty() { line } else { command::answer(&line, verbs::WHY, &why) };
    run_line(line, options, async |_| Ok(None), client, output).await
}

/// The approval that a text means; `None` for one that is on no board, as its service may know it. Refuses one that cannot be
/// answered here.
async fn meant(typed: &str, verb: &str, client: &mut Client) -> Result<Option<ItemDetail>> {
    let query = ItemQuery { kind: Some(Kind::Approval), ..ItemQuery::of(typed) };
    let detail = match client.call(query).await {
        Ok(detail) => detail,
        Err(ApiError::Usage { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let commands = client.call(CommandsQuery {}).await?;
    if !can_run(&commands, verb, &detail.item.key.account) {
        let accounts = client.call(AccountsQuery {}).await?;
        return Err(Usage(elsewhere(&detail.item, &no_command(&detail.item.key.account, &accounts))).into());
    }
    Ok(Some(detail))
}

/// True where the account has a command of that name, or a command file has one for all.
fn can_run(commands: &[CommandInfo], verb: &str, account: &AccountName) -> bool {
    commands.iter().filter(|info| info.spec.name == verb).any(|info| match &info.origin {
        Origin::Accounts(accounts) => accounts.contains(account),
        Origin::File(_) => true,
    })
}

/// Why an account cannot answer.
fn no_command(account: &AccountName, accounts: &[AccountInfo]) -> String {
    match accounts.iter().find(|info| info.name == *account) {
        Some(AccountInfo { health: Health::Incomplete { why, .. }, .. }) => {
            format!("{account} is not set up ({why})")
        }
        Some(info) => format!("{account} ({}) has no command that answers it", info.service),
        None => format!("there is no account {account} any more"),
    }
}

/// What has to be answered along with a yes, and can be only on the page of the request.
fn only_on_its_page(item: &Item) -> Option<&Question> {
    let Detail::Approval(approval) = &item.detail else { return None };
    let mut questions = approval.questions.iter().flatten().filter(|_| approval.waits());
    let spec = verbs::approve();
    questions.find(|question| command::is_elsewhere(&spec, question) && question.default.is_none())
}

/// Why an approval cannot be answered here, and where it can.
fn elsewhere(item: &Item, why: &str) -> String {
    let place = match &item.url {
        Some(page) => format!("on its page, {page}"),
        None => "where it was asked".to_owned(),
    };
    format!("{} cannot be answered here: {why}; answer it {place}", item.reference())
}

#[cfg(test)]
mod tests {
    use callboard_domain::{
        command::CommandSpec,
        item::{Approval, ApprovalState, ItemKey, QuestionType},
    };
    use callboard_engine::api::Needs;

    use super::*;
    use crate::lists::tests::answers;

    #[test]
    fn account_can_answer_where_it_or_a_file_has_the_command() {
        let command = |name: &str, origin| CommandInfo {
            spec: CommandSpec::new(name, ""),
            origin,
            posts_to: String::new(),
        };
        let of = |account: &str| Origin::Accounts(vec![account.into()]);
        // the commands -> whether account `forge` can approve
        let cases = [
            (vec![], false),
            (vec![command("approve", of("forge"))], true),
            (vec![command("approve", of("ci"))], false),
            (vec![command("pr approve", of("forge"))], false),
            (vec![command("approve", Origin::File("ours.toml".into()))], true),
        ];
        for (commands, expected) in cases {
            assert_eq!(can_run(&commands, "approve", &"forge".into()), expected, "{commands:?}");
        }
    }

    #[test]
    fn refusal_names_the_place_where_it_can_be_answered() {
        let item = |page: Option<&str>| Item {
            key: ItemKey::new(&"desk".into(), Kind::Approval, "CHG-7"),
            title: "Change 7".into(),
            url: page.map(|page| page.parse().unwrap()),
            detail: Detail::Approval(Approval::new("web", jiff::Timestamp::UNIX_EPOCH)),
        };
        let account =
            |health| AccountInfo { name: "desk".into(), service: "http".into(), health, ..answers() };
        let incomplete = Health::Incomplete { why: "no token".into(), needs: Needs::Secret, waits_for: None };
        let page = Some("https://desk.example/7");
        let cases = [
            (
                page,
                vec![account(Health::Ok)],
                "CHG-7 cannot be answered here: desk (http) has no command that answers it; answer it on its page, \
                 https://desk.example/7",
            ),
            (
                None,
                vec![account(incomplete)],
                "CHG-7 cannot be answered here: desk is not set up (no token); answer it where it was asked",
            ),
            (
                None,
                Vec::new(),
                "CHG-7 cannot be answered here: there is no account desk any more; answer it where it was asked",
            ),
        ];
        for (page, accounts, expected) in cases {
            assert_eq!(elsewhere(&item(page), &no_command(&"desk".into(), &accounts)), expected);
        }
    }

    #[test]
    fn only_what_waits_and_has_no_default_must_be_answered_on_its_page() {
        use QuestionType::{Elsewhere, Text};
        // the state, what the answer can be, the default -> whether it can be answered there alone
        let cases = [
            (ApprovalState::Waiting, Elsewhere, None, true),
            (ApprovalState::Waiting, Elsewhere, Some(""), false),
            (ApprovalState::Waiting, Text, None, false),
            (ApprovalState::Denied, Elsewhere, None, false),
        ];
        for (state, ty, default, expected) in cases {
            let what = format!("{state:?} {ty:?} {default:?}");
            let question =
                Question { name: "KEY".into(), summary: None, ty, default: default.map(str::to_owned) };
            let approval = Approval {
                state,
                questions: Some(vec![question]),
                ..Approval::new("web", jiff::Timestamp::UNIX_EPOCH)
            };
            let key = ItemKey::new(&"ci".into(), Kind::Approval, "web#12/Proceed");
            let item = Item { key, title: String::new(), url: None, detail: Detail::Approval(approval) };
            assert_eq!(only_on_its_page(&item).is_some(), expected, "{what}");
        }
    }
}
