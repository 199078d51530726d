//! Checks of everything that Callboard needs, each with its remedy.

mod deliveries;

use callboard_domain::{
    error::ServiceError, identity::Identity, item::AccountName, secret::SecretField, source::Progress,
};
use jiff::{Timestamp, tz::TimeZone};

use crate::{
    Engine, Mode,
    api::{AccountInfo, AccountsQuery, Check, CheckVerdict, Health, Needs},
    secrets::{SecretBackend, SecretsError, variable},
    store::RowKind,
    system::supervise::TaskFault,
    watch::receive::{ListenError, Listening},
};

/// Damaged rows that are named; the others are counted.
const ROWS: usize = 20;

/// Checks everything, one after the other.
pub(crate) async fn checks(engine: &Engine) -> Vec<Check> {
    let mut checks =
        vec![config(engine), store(engine).await, secrets(engine).await, webhooks(engine), daemon(engine)];
    checks.extend(command_files(engine));
    checks.extend(stored_rows(engine).await);
    checks.extend(engine.host().checks());
    checks.extend(accounts(engine).await);
    checks.push(deliveries::check(engine).await);
    checks.extend(runs(engine));
    checks.extend(tasks(engine));
    checks
}

fn check(name: impl Into<String>, verdict: CheckVerdict, found: impl Into<String>) -> Check {
    Check { name: name.into(), verdict, found: found.into(), remedy: None }
}

fn remedied(check: Check, remedy: impl Into<String>) -> Check {
    Check { remedy: Some(remedy.into()), ..check }
}

fn config(engine: &Engine) -> Check {
    let path = engine.active().config.path.display().to_string();
    match engine.inner.live.errors() {
        Some(errors) => remedied(
            check(
                "configuration",
                CheckVerdict::Failed,
                format!("{errors}\nwhat was valid before stays active"),
            ),
            "correct it; it is applied as soon as it is valid",
        ),
        None if engine.active().config.path.exists() => check("configuration", CheckVerdict::Ok, path),
        None => remedied(
            check(
                "configuration",
                CheckVerdict::Ok,
                format!("{path} does not exist; everything has its default"),
            ),
            "add an account: callboard accounts add forge github watch=owner/repo",
        ),
    }
}

fn command_files(engine: &Engine) -> Option<Check> {
    let active = engine.active();
    let errors = &active.command_errors;
    let found = errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    let check = check("command files", CheckVerdict::Failed, format!("{found}\nits commands are left out"));
    (!errors.is_empty()).then(|| remedied(check, "correct it; it is applied as soon as it is valid"))
}

async fn store(engine: &Engine) -> Check {
    let file = engine.store().file().display().to_string();
    match engine.store().check().await {
        Ok(damage) if damage.is_empty() => match engine.store().check_writing().await {
            Ok(()) => check("store", CheckVerdict::Ok, file),
            Err(error) => remedied(
                check("store", CheckVerdict::Failed, format!("{file} cannot be written: {error}")),
                "free some space, or see to the disk; what waits to be recorded is tried again by itself",
            ),
        },
        Ok(damage) => remedied(
            check("store", CheckVerdict::Failed, format!("{file} is damaged: {}", damage.join("; "))),
            "stop Callboard, move the file away and start again: what the services report is read anew",
        ),
        Err(error) => check("store", CheckVerdict::Failed, error.to_string()),
    }
}

/// The stored rows that are damaged; nothing where none is. They are only named here: polls and maintenance see to them.
async fn stored_rows(engine: &Engine) -> Option<Check> {
    let rows = match engine.store().unreadable_rows().await {
        Ok(rows) if rows.is_empty() => return None,
        Ok(rows) => rows,
        Err(error) => return Some(check("stored rows", CheckVerdict::Failed, error.to_string())),
    };
    let more = rows.len().saturating_sub(ROWS);
    let mut names: Vec<String> = rows.iter().take(ROWS).map(ToString::to_string).collect();
    if more > 0 {
        names.push(format!("and {more} more"));
    }
    let found = format!(
        "{} damaged, or written by a newer Callboard:\n{}",
        if rows.len() == 1 { "1 row is".to_owned() } else { format!("{} rows are", rows.len()) },
        names.join("\n")
    );
    let mut remedies: Vec<&str> = Vec::new();
    for remedy in rows.iter().map(|row| row_remedy(row.kind)) {
        if !remedies.contains(&remedy) {
            remedies.push(remedy);
        }
    }
    Some(remedied(check("stored rows", CheckVerdict::Warning, found), remedies.join(". ")))
}

/// What becomes of a damaged row, or is to be done about it.
fn row_remedy(kind: RowKind) -> &'static str {
    match kind {
        RowKind::Account | RowKind::Item => {
            "Accounts and items are read anew by their account's next poll after the hourly check, and at the next start"
        }
        RowKind::StrayItem => {
            "Items of accounts that are not configured leave the board at the hourly check, and at the next start"
        }
        RowKind::Dangling => {
            "Rows of what is not there any more are deleted: events by their account's next poll after the hourly check, \
             decisions and the output of runs at that check, messages once they are old"
        }
        RowKind::Run => "Of a run that is damaged, look at its service; it is deleted once it is old",
        RowKind::Delivery => {
            "A message that cannot be read is not sent; what is not posted is in: callboard deliveries --pending"
        }
        RowKind::Event | RowKind::Decision | RowKind::RoomMessage | RowKind::AuditEntry => {
            "Lists say which of their entries cannot be read; these are deleted once they are old"
        }
        RowKind::Setting => {
            "A damaged time of do not disturb keeps nothing back, and turning that on or off writes it anew; a setting of \
             an unknown name has no effect"
        }
        RowKind::SecretRecord => "Set that secret again: callboard accounts secret ACCOUNT",
    }
}

async fn secrets(engine: &Engine) -> Check {
    let active = engine.active();
    let secrets = active.secrets.clone();
    let place = secrets.place().describe();
    if !active.accounts.is_empty() && active.accounts.values().all(|account| !account.needs_secrets) {
        return check("secrets", CheckVerdict::Ok, format!("no account has any, so {place} is not asked"));
    }
    match secrets.probe().await {
        Ok(()) => check("secrets", CheckVerdict::Ok, format!("kept in {place}")),
        Err(error) => {
            let remedy = secrets_remedy(&error, secrets.place());
            remedied(check("secrets", CheckVerdict::Failed, error.to_string()), remedy)
        }
    }
}

fn secrets_remedy(error: &SecretsError, place: SecretBackend) -> String {
    let set_again = "set the secrets again: callboard accounts secret ACCOUNT";
    match (error, place) {
        (SecretsError::NoPassphrase(_), _) => {
            "set CALLBOARD_PASSPHRASE to the passphrase of the encrypted file".to_owned()
        }
        (SecretsError::WrongPassphrase(path), _) => format!(
            "set CALLBOARD_PASSPHRASE to the passphrase that it was written with. Where that is lost, move {} away and {set_again}",
            path.display()
        ),
        (SecretsError::File { path, .. }, _) => format!(
            "give your user the right to read and write {0}. Where it is damaged, put a copy of it back, or move it away and {set_again}",
            path.display()
        ),
        (SecretsError::NoAnswer { .. } | SecretsError::Locked { .. } | SecretsError::Unavailable { .. }, SecretBackend::Keychain) => {
            "start and unlock the keychain (such as gnome-keyring or KWallet), or set secrets.store to \"file\", \"session\" or \"env\"".to_owned()
        }
        (_, SecretBackend::Keychain) => "set secrets.store to \"file\" or \"env\"".to_owned(),
        (_, SecretBackend::Session | SecretBackend::File | SecretBackend::Env) => "set secrets.store to another place".to_owned(),
    }
}

fn webhooks(engine: &Engine) -> Check {
    let Listening { addr, error } = engine.inner.receiver.listening();
    if let (None, Some(ListenError { why, remedy })) = (addr, error) {
        return remedied(
            check("webhooks", CheckVerdict::Failed, format!("not received: {why}")),
            format!("{remedy}. It is tried again by itself"),
        );
    }
    match (addr, &engine.active().config.receive) {
        (Some(at), _) => {
            check("webhooks", CheckVerdict::Ok, format!("received at http://{at}/hooks/ACCOUNT"))
        }
        (None, Some(receive)) => remedied(
            check(
                "webhooks",
                CheckVerdict::Warning,
                format!("not received: nothing listens at {}", receive.listen),
            ),
            "start the daemon: callboard serve",
        ),
        (None, None) => remedied(
            check("webhooks", CheckVerdict::Ok, "not received; accounts are polled"),
            "to receive events at once, add [receive] listen = \"127.0.0.1:7878\"",
        ),
    }
}

fn daemon(engine: &Engine) -> Check {
    match engine.inner.options.mode {
        Mode::Serve => check("daemon", CheckVerdict::Ok, "running"),
        Mode::Once => remedied(
            check(
                "daemon",
                CheckVerdict::Warning,
                "not running: accounts are polled, and messages sent, only when a command asks",
            ),
            "start it: callboard serve",
        ),
    }
}

/// The runs whose end is not on the record; nothing where all are.
fn runs(engine: &Engine) -> Option<Check> {
    let waiting = engine.inner.runner.runs().all_unrecorded();
    let first = waiting.first()?;
    let each = waiting.iter().map(|it| format!("{} is {}", it.run.line, it.run.state.name()));
    let found = format!("{}; that is not recorded yet: {}", each.collect::<Vec<_>>().join(", "), first.why);
    let check = check("runs", CheckVerdict::Failed, found);
    Some(remedied(
        check,
        "keep Callboard running and see to the store: it is recorded as soon as that can be written",
    ))
}

/// The parts of Callboard that stopped by a fault of their own; nothing where none did.
fn tasks(engine: &Engine) -> Vec<Check> {
    let errors = engine.inner.tasks.faults();
    let check = |(name, fault): (String, TaskFault)| {
        let times = if fault.count == 1 { "once".to_owned() } else { format!("{} times", fault.count) };
        let after = match fault.again_at {
            Some(_) => "; it was started again",
            None => "",
        };
        let at = fault.at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M");
        let found = format!("{} ({times}, last at {at}){after}", fault.last);
        remedied(check(name, CheckVerdict::Warning, found), "report it, with the log around that time")
    };
    errors.into_iter().map(check).collect()
}

async fn accounts(engine: &Engine) -> Vec<Check> {
    let infos = match engine.accounts(AccountsQuery {}).await {
        Ok(infos) => infos,
        Err(error) => return vec![check("accounts", CheckVerdict::Failed, error.to_string())],
    };
    let (now, active) = (Timestamp::now(), engine.active());
    infos
        .into_iter()
        .flat_map(|info| {
            let name = format!("account {}", info.name);
            let is_ok = matches!(info.health, Health::Ok);
            let fields = active.accounts.get(&info.name).map_or(&[][..], |account| account.config.secrets());
            let lacks = matches!(info.health, Health::Incomplete { .. });
            let secret = match (variables(&info.name, fields, &info.secrets_set, lacks), info.secrets) {
                // It has none that is sent.
                (None, _) => None,
                // What is in the environment cannot be set by a command.
                (Some(variables), SecretBackend::Env) => {
                    Some(format!("set {variables} where Callboard is started"))
                }
                (Some(_), _) => Some(format!("callboard accounts secret {}", info.name)),
            };
            let first = match info.health {
                Health::Ok => answers(&name, &info),
                Health::New => remedied(
                    check(&name, CheckVerdict::Warning, format!("{}: not asked yet", info.service)),
                    format!("callboard accounts test {}", info.name),
                ),
                // Why the secrets cannot be read, and what to do about it, is a check of its own.
                Health::Incomplete { why, waits_for: Some(_), .. } => remedied(
                    check(&name, CheckVerdict::Failed, why),
                    "see to the secrets; it is tried again by itself, and its messages wait",
                ),
                // Why says what to change.
                Health::Incomplete { why, needs: Needs::Setting, waits_for: None } => {
                    check(&name, CheckVerdict::Failed, why)
                }
                Health::Incomplete { why, needs: Needs::Secret, waits_for: None } => {
                    Check { remedy: secret.clone(), ..check(&name, CheckVerdict::Failed, why) }
                }
                Health::Trouble { since, error, .. } => {
                    let minutes = now.duration_since(since).as_mins().max(0);
                    let found = format!("{error} (for {minutes} m)");
                    remedied(
                        check(&name, CheckVerdict::Failed, found),
                        health_remedy(&error, &info.name, secret.as_deref()),
                    )
                }
            };
            let missing = info.identity.into_iter().flat_map(|identity| identity.missing_scopes);
            let missing: Vec<Check> = missing
                .map(|it| {
                    let found =
                        format!("{} cannot be done: the credential lacks `{}`", it.needed_for, it.scope);
                    let then = secret.as_ref().map_or_else(String::new, |secret| format!(", then: {secret}"));
                    remedied(check(&name, CheckVerdict::Warning, found), format!("give it that scope{then}"))
                })
                .collect();
            // Of an account that answers, those that hide something are in the first one.
            let problems = info.problems.into_iter().filter(|problem| !is_ok || !problem.hides());
            let problems = problems.map(|problem| check(&name, CheckVerdict::Warning, problem.to_string()));
            std::iter::once(first).chain(missing).chain(problems.collect::<Vec<_>>()).collect::<Vec<_>>()
        })
        .collect()
}

/// What to do about an account that cannot be read. `secret` says how its credential is set, where it has one.
fn health_remedy(error: &ServiceError, account: &AccountName, secret: Option<&str>) -> String {
    let test = format!("callboard accounts test {account}");
    match (error, secret) {
        (ServiceError::RateLimited { .. }, _) => "wait: it is tried again by itself".to_owned(),
        (ServiceError::Auth { signed_in: true, .. }, Some(secret)) => {
            format!("let it do that, or set another credential ({secret}), then: {test}")
        }
        (ServiceError::Auth { .. }, Some(secret)) => {
            format!("see to its credential ({secret}), then: {test}")
        }
        (ServiceError::Rejected { .. }, Some(secret)) => {
            format!("see to its settings or its credential ({secret}), then: {test}")
        }
        (ServiceError::Auth { .. } | ServiceError::Rejected { .. }, None) => {
            format!("see to its settings, then: {test}")
        }
        (ServiceError::Unavailable { .. } | ServiceError::Unknown { .. }, _) => {
            format!(
                "see to the service and the account's url; it is tried again by itself, and at once by: {test}"
            )
        }
    }
}

/// An account that answers. It is well only where the board has no line of something that is not seen of it.
fn answers(name: &str, info: &AccountInfo) -> Check {
    // A service without users has no name for who it is.
    let who = info.identity.as_ref().map(Identity::display).filter(|who| !who.is_empty());
    let who = who.map_or_else(String::new, |who| format!(" as {who}"));
    let service = format!("{}{who}", info.service);
    let hidden: String = info.problems.iter().filter(|it| it.hides()).map(|it| format!("\n{it}")).collect();
    let why = match (info.reading, info.last_ok) {
        _ if !hidden.is_empty() => format!("not all of it is seen:{hidden}"),
        (Some(Progress { done, total }), _) => format!("it is being read, {done} of {total} so far"),
        (None, None) if info.watched => "its first poll has not ended".to_owned(),
        _ => return check(name, CheckVerdict::Ok, service),
    };
    check(name, CheckVerdict::Warning, format!("{service}: {why}"))
}

/// The environment variables of the secrets to see to: those that an account that `lacks` one has not; else those that it
/// has, as one of them is not good. All where there are none such. `None` where no secret of it is sent.
fn variables(account: &AccountName, fields: &[SecretField], set: &[String], lacks: bool) -> Option<String> {
    let is_set = |field: &SecretField| set.iter().any(|name| name == field.name);
    let sent: Vec<&SecretField> = fields.iter().filter(|field| !field.is_inbound()).collect();
    let meant: Vec<&SecretField> = sent.iter().copied().filter(|field| is_set(field) != lacks).collect();
    let named = if meant.is_empty() { sent } else { meant };
    let (required, optional): (Vec<_>, Vec<_>) = named.into_iter().partition(|field| field.required);
    let names = |fields: &[&SecretField]| -> Vec<String> {
        fields.iter().map(|field| variable(account.as_str(), field.name)).collect()
    };
    match (required.is_empty(), optional.is_empty()) {
        (true, true) => None,
        (true, false) => Some(names(&optional).join(" or ")),
        (false, _) => Some(names(&required).join(" and ")),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use callboard_domain::source::{Problem, ProblemKind};

    use super::*;

    #[test]
    fn remedy_of_an_account_fits_its_trouble_and_its_secrets() {
        let limited = ServiceError::RateLimited { why: "too many".into(), retry_after: Duration::ZERO };
        let set = Some("set PAGER_TOKEN");
        let test = "callboard accounts test pager";
        let by_itself =
            "see to the service and the account's url; it is tried again by itself, and at once by";
        let cases = [
            (limited, set, "wait: it is tried again by itself".to_owned()),
            (ServiceError::auth("no"), set, format!("see to its credential (set PAGER_TOKEN), then: {test}")),
            (ServiceError::auth("no"), None, format!("see to its settings, then: {test}")),
            (
                ServiceError::forbidden("no"),
                set,
                format!("let it do that, or set another credential (set PAGER_TOKEN), then: {test}"),
            ),
            (ServiceError::forbidden("no"), None, format!("see to its settings, then: {test}")),
            (
                ServiceError::rejected("no"),
                set,
                format!("see to its settings or its credential (set PAGER_TOKEN), then: {test}"),
            ),
            (ServiceError::unavailable("down"), set, format!("{by_itself}: {test}")),
            (ServiceError::unavailable("down"), None, format!("{by_itself}: {test}")),
        ];
        for (error, secret, expected) in cases {
            assert_eq!(health_remedy(&error, &"pager".into(), secret), expected, "{error:?}");
        }
    }

    #[test]
    fn secrets_to_see_to_are_those_lacking_or_those_refused() {
        let field = |name, required| SecretField { name, help: "", required };
        let either = [field("token", false), field("password", false), field("webhook_secret", false)];
        let both = [field("api_id", true), field("api_key", true), field("webhook_url", false)];
        let (token, password) = ("CALLBOARD_SECRET_CI_TOKEN", "CALLBOARD_SECRET_CI_PASSWORD");
        let any = format!("{token} or {password}");
        let (id, key) = ("CALLBOARD_SECRET_CI_API_ID", "CALLBOARD_SECRET_CI_API_KEY");
        let all = format!("{id} and {key}");
        // fields, those that are set, whether one is lacking -> the variables
        type Case<'a> = (&'a [SecretField], &'a [&'a str], bool, Option<&'a str>);
        let cases: [Case<'_>; 10] = [
            (&either, &["token"], false, Some(token)),
            (&either, &["password", "webhook_secret"], false, Some(password)),
            (&either, &["token", "password"], false, Some(any.as_str())),
            (&either, &[], false, Some(any.as_str())),
            (&either, &[], true, Some(any.as_str())),
            (&both, &["api_id"], true, Some(key)),
            (&both, &["api_id", "api_key"], false, Some(all.as_str())),
            // What cannot be read is not known to be bad.
            (&both, &["api_id", "api_key", "webhook_url"], true, Some(all.as_str())),
            (&[field("signing_secret", true)], &[], true, None),
            (&[], &[], false, None),
        ];
        for (fields, set, lacks, expected) in cases {
            let set: Vec<String> = set.iter().map(|name| (*name).to_owned()).collect();
            let found = variables(&"ci".into(), fields, &set, lacks);
            assert_eq!(found.as_deref(), expected, "{set:?} {lacks}");
        }
    }

    #[test]
    fn remedy_of_secrets_fits_why_they_cannot_be_read() {
        let file = || SecretsError::File { path: "/data/secrets.enc".into(), why: "denied".into() };
        let unavailable = || SecretsError::Unavailable { place: "it", why: "no".into() };
        let cases = [
            (SecretsError::NoPassphrase("/f".into()), SecretBackend::File, "CALLBOARD_PASSPHRASE"),
            (SecretsError::WrongPassphrase("/f".into()), SecretBackend::File, "move /f away"),
            (file(), SecretBackend::File, "the right to read and write /data/secrets.enc"),
            (SecretsError::Locked { place: "it" }, SecretBackend::Keychain, "start and unlock the keychain"),
            (unavailable(), SecretBackend::Keychain, "start and unlock the keychain"),
            (SecretsError::Unsupported("it"), SecretBackend::Keychain, "set secrets.store to \"file\""),
            (unavailable(), SecretBackend::Session, "set secrets.store to another place"),
        ];
        for (error, place, expected) in cases {
            let remedy = secrets_remedy(&error, place);
            assert!(remedy.contains(expected), "{error:?}: {remedy}");
        }
    }

    #[test]
    fn account_is_well_only_where_all_of_it_is_seen() {
        let answering = || AccountInfo {
            origin: None,
            name: "pager".into(),
            service: "alertmanager".into(),
            health: Health::Ok,
            identity: None,
            person: None,
            rate_limit: None,
            last_ok: Some(Timestamp::UNIX_EPOCH),
            reading: None,
            problems: Vec::new(),
            secrets: SecretBackend::Env,
            watched: true,
            settings: Default::default(),
            secrets_set: Vec::new(),
        };
        let problem = |kind| vec![Problem::new(kind, "alerts", "no")];
        let (ok, warning) = (CheckVerdict::Ok, CheckVerdict::Warning);
        let cases = [
            (answering(), ok, "alertmanager"),
            (AccountInfo { problems: problem(ProblemKind::Details), ..answering() }, ok, "alertmanager"),
            (
                AccountInfo { problems: problem(ProblemKind::NotSeen), ..answering() },
                warning,
                "alertmanager: not all of it is seen:\nalerts: no",
            ),
            (
                AccountInfo { last_ok: None, ..answering() },
                warning,
                "alertmanager: its first poll has not ended",
            ),
            (AccountInfo { last_ok: None, watched: false, ..answering() }, ok, "alertmanager"),
            // It has no users.
            (AccountInfo { identity: Some(Identity::default()), ..answering() }, ok, "alertmanager"),
        ];
        for (info, verdict, found) in cases {
            assert_eq!(answers("account pager", &info), check("account pager", verdict, found), "{info:?}");
        }
    }
}
