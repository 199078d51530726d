//! Checks of everything that Callboard needs, each with its remedy.

mod accounts;
mod deliveries;
mod finding;

use callboard_domain::command::named_line;
use jiff::tz::TimeZone;

use self::finding::{check, remedied};
use crate::{
    Engine, Mode,
    api::{Check, CheckVerdict},
    secrets::{SecretBackend, SecretsError},
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
    checks.extend(notifications(engine));
    checks.extend(engine.host().checks());
    checks.extend(accounts::checks(engine).await);
    checks.push(deliveries::check(engine).await);
    checks.extend(runs(engine));
    checks.extend(tasks(engine));
    checks
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

/// Who shows notifications, and whether that works; nothing where nothing is notified.
fn notifications(engine: &Engine) -> Option<Check> {
    match engine.inner.options.mode {
        Mode::Once => None,
        Mode::Serve if engine.inner.notifier.handoff().has_client() => {
            Some(check("notifications", CheckVerdict::Ok, "shown by the app, which is connected"))
        }
        Mode::Serve => engine.host().notification_check(),
    }
}

/// The runs whose end is not on the record; nothing where all are.
fn runs(engine: &Engine) -> Option<Check> {
    let waiting = engine.inner.runner.runs().all_unrecorded();
    let first = waiting.first()?;
    let each = waiting
        .iter()
        .map(|it| format!("{} is {}", named_line(&it.run.line, &it.run.args), it.run.state.name()));
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
