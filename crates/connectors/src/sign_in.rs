//! Signing in with a token, or as a user with a password: what accounts of several services have in common.

use callboard_domain::secret::SecretString;

use crate::{ConnectError, Problem, http::Credential};

/// What is wrong with the name of a user who signs in: Basic authentication ends it at a colon (RFC 7617).
pub(crate) fn user_problem(user: Option<&str>) -> Option<Problem> {
    let wrong = user.is_some_and(|user| user.trim().is_empty() || user.contains(':'));
    wrong.then(|| Problem { key: "user", what: "expected a user name, without a colon".to_owned() })
}

/// With the token, else as the user with the password, else not at all.
///
/// # Errors
/// Where there is a password that nobody is named for.
pub(crate) fn sign_in(
    user: Option<&str>,
    token: Option<SecretString>,
    password: Option<SecretString>,
) -> Result<Credential, ConnectError> {
    match (token, password, user) {
        (Some(token), _, _) => Ok(Credential::Bearer(token)),
        (None, Some(password), Some(user)) => Ok(Credential::Basic { user: user.to_owned(), password }),
        (None, Some(_), None) => {
            let what = "a password is set: say whose it is".to_owned();
            Err(ConnectError::Config(Problem { key: "user", what }))
        }
        (None, None, _) => Ok(Credential::None),
    }
}
