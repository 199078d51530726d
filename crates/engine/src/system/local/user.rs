//! The user whose computer this is, from the operating system, never from the environment.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use callboard_domain::{actor::Principal, people::People, text};

/// How long the system may take to name a user: where names are kept on the network, that may be down.
const NAME_TIME: Duration = Duration::from_secs(2);
/// The longest name that is shown, in characters.
const NAME_LENGTH: usize = 64;

/// A user of this computer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    /// What identifies them: the number of the user; where the system has none, the login name.
    pub(crate) id: String,
    /// The login name, where the system has one.
    pub(crate) login: Option<String>,
}

impl User {
    /// The user that this process runs as, and so everybody who gets to its socket.
    pub(crate) async fn own() -> Self {
        let login = match tokio::time::timeout(NAME_TIME, tokio::task::spawn_blocking(whoami::username)).await
        {
            Ok(Ok(Ok(login))) => Some(text::line(&login, NAME_LENGTH)).filter(|login| !login.is_empty()),
            Ok(Ok(Err(error))) => {
                tracing::info!(%error, "the system has no name for this user");
                None
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "the name of this user could not be asked for");
                None
            }
            Err(_) => {
                tracing::warn!("the system did not name this user in time");
                None
            }
        };
        Self { id: id(login.as_deref()), login }
    }

    /// What people call them.
    pub(crate) fn name(&self) -> String {
        self.login.clone().unwrap_or_else(|| format!("user {}", self.id))
    }

    /// Them as who asks for something.
    pub(crate) fn principal(&self, people: &People) -> Principal {
        match people.of_local(&self.id, self.login.as_deref()) {
            Some(person) => Principal::Person { id: person.clone() },
            None => Principal::Unlisted { account: None, id: self.id.clone(), name: self.name() },
        }
    }
}

/// The numbers of this computer's users by login name, as its own list has them (passwd(5)). Users whom only a directory on
/// the network knows are not in it: to ask for them may take any time.
#[cfg(unix)]
pub(crate) fn numbers() -> BTreeMap<String, u32> {
    // Names are UTF-8 where they are plain, and no others can be configured.
    let list = std::fs::read("/etc/passwd").unwrap_or_default();
    entries(&String::from_utf8_lossy(&list)).map(|(login, number, _)| (login, number)).collect()
}

#[cfg(not(unix))]
pub(crate) fn numbers() -> BTreeMap<String, u32> {
    BTreeMap::new()
}

/// The home folder of the user that this process runs as, as that list has it, whatever the environment says; `None` where
/// it does not name them.
#[cfg(unix)]
pub(crate) fn home() -> Option<PathBuf> {
    let own = rustix::process::geteuid().as_raw();
    let list = std::fs::read("/etc/passwd").unwrap_or_default();
    let mut entries = entries(&String::from_utf8_lossy(&list)).collect::<Vec<_>>().into_iter();
    entries.find(|(_, number, _)| *number == own).map(|(_, _, home)| home).filter(|home| home.is_absolute())
}

#[cfg(not(unix))]
pub(crate) fn home() -> Option<PathBuf> {
    None
}

/// The login name, number and home folder of each user.
#[cfg(unix)]
fn entries(list: &str) -> impl Iterator<Item = (String, u32, PathBuf)> {
    list.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let login = fields.next().filter(|login| !login.is_empty() && !login.starts_with(['#', '+', '-']))?;
        let number = fields.nth(1)?.parse().ok()?;
        // The group's number and the person's name stand between.
        Some((login.to_owned(), number, fields.nth(2).unwrap_or_default().into()))
    })
}

#[cfg(unix)]
fn id(_login: Option<&str>) -> String {
    rustix::process::geteuid().as_raw().to_string()
}

#[cfg(not(unix))]
fn id(login: Option<&str>) -> String {
    login.unwrap_or_default().to_owned()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn list_of_users_is_read() {
        let list = "root:x:0:0:root:/root:/bin/bash\n# a note\n+::::::\nana:x:1000:1000::/home/ana:/bin/sh\nbroken\nbo:x:many:\n";
        let expected: [(String, u32, PathBuf); 2] =
            [("root".into(), 0, "/root".into()), ("ana".into(), 1000, "/home/ana".into())];
        assert_eq!(entries(list).collect::<Vec<_>>(), expected);
    }

    #[tokio::test]
    async fn user_comes_from_the_system_and_always_has_a_name() {
        let own = User::own().await;
        assert_eq!(own.id, rustix::process::geteuid().as_raw().to_string());
        assert!(!own.name().is_empty());
        let nameless = User { id: "1234".into(), login: None };
        assert_eq!(nameless.name(), "user 1234");
        let expected = Principal::Unlisted { account: None, id: "1234".into(), name: "user 1234".into() };
        assert_eq!(nameless.principal(&People::default()), expected);
    }
}
