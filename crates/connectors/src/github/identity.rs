use async_trait::async_trait;
use callboard_domain::{
    error::ServiceError,
    identity::{Identity, MissingScope},
};
use reqwest::Method;

use super::{
    account::{Account, Unread},
    client::{Calls, get, request, send},
    cursor::Me,
    normalise::name,
    refusal::scopes,
    wire,
};
use crate::{
    Identify,
    http::{Answer, Http},
    lenient::Entries,
};

/// What a classic token should be allowed, with the wider scopes that include it, and what cannot be done without it:
/// "Scopes for OAuth apps" in GitHub's documentation.
const SCOPES: [(&str, &[&str], &str); 3] = [
    ("repo", &[], "see private repositories, review, merge or run jobs again"),
    ("workflow", &[], "merge changes to workflow files or run their jobs again"),
    (
        "read:org",
        &["write:org", "admin:org"],
        "see reviews asked of your teams or all of an organisation's repositories",
    ),
];
const TEAM_PAGES: usize = 5;

/// The account of the token, by its login name; unchanged since `known` costs nothing. Also the first request of a poll: it
/// shows whether the sign-in is refused or GitHub cannot be reached.
pub(super) async fn me(calls: &Calls<'_>, known: Option<&Me>) -> Result<Me, ServiceError> {
    let news = calls.look::<wire::User>(get(["user"]), known.map(|me| me.etag.as_str())).await?;
    match (news, known) {
        (Some(news), _) => Ok(Me { login: login(&news.content)?, etag: news.etag }),
        (None, Some(known)) => Ok(known.clone()),
        (None, None) => Err(ServiceError::unavailable("GitHub answered 304 to an unconditional request")),
    }
}

/// Whose account it is: an answer without a login is not GitHub's.
fn login(user: &wire::User) -> Result<String, ServiceError> {
    match name(&user.login) {
        login if login.is_empty() => {
            let why = "GitHub does not say whose token it is; is the URL its API's?";
            Err(ServiceError::unavailable(why))
        }
        login => Ok(login),
    }
}

#[async_trait]
impl Identify for Account {
    async fn identify(&self) -> Result<Identity, ServiceError> {
        let answer = send(&self.http, get(["user"])).await?;
        let login = login(&answer.json()?)?;
        let (teams, teams_unread) = self.teams().await?;
        self.teams.note(teams_unread.clone());
        self.identified.note();
        Ok(Identity {
            login,
            name: None,
            teams,
            teams_unread,
            server: Some(server(&answer)),
            missing_scopes: missing_scopes(&self.http, &answer),
            tenant: None,
        })
    }
}

impl Account {
    /// The teams that can be read, and why that is not all of them: the token may not see them, or the server has no such
    /// list. The account itself is known all the same.
    async fn teams(&self) -> Result<(Vec<String>, Unread), ServiceError> {
        let teams = request(Method::GET, ["user", "teams"]).query("per_page", "100");
        let calls = Calls::new(&self.http);
        match calls.rows::<Entries<wire::Team>>(teams, None, TEAM_PAGES, |_| true).await {
            Ok(None) => Err(ServiceError::unavailable("GitHub answered 304 to an unconditional request")),
            Ok(Some(found)) => Ok((found.rows.iter().map(team_name).collect(), found.incomplete())),
            Err(error @ ServiceError::RateLimited { .. }) => Err(error),
            Err(error) => Ok((Vec::new(), Some(error.to_string()))),
        }
    }
}

/// Two organisations may have a team of one name: `team/ORGANISATION/NAME`, where the organisation is known.
fn team_name(team: &wire::Team) -> String {
    match team.organization.as_ref().map(|organisation| name(&organisation.login)) {
        Some(organisation) if !organisation.is_empty() => format!("team/{organisation}/{}", name(&team.slug)),
        _ => format!("team/{}", name(&team.slug)),
    }
}

/// `X-GitHub-Enterprise-Version` is sent by Enterprise Server only.
fn server(answer: &Answer) -> String {
    match answer.header("x-github-enterprise-version") {
        Some(version) => {
            format!("GitHub Enterprise Server {}", name(version.trim_start_matches("enterprise-server@")))
        }
        None => "GitHub".to_owned(),
    }
}

/// What a token without scopes, a fine-grained one or an app's, may do shows only when it is refused.
fn missing_scopes(http: &Http, answer: &Answer) -> Vec<MissingScope> {
    let Some(granted) = scopes(http, answer) else { return Vec::new() };
    let has = |scope: &str| granted.iter().any(|granted| granted == scope);
    let missing =
        SCOPES.iter().filter(|(scope, wider, _)| !has(scope) && !wider.iter().any(|scope| has(scope)));
    missing
        .map(|(scope, _, needed_for)| MissingScope {
            scope: (*scope).to_owned(),
            needed_for: (*needed_for).to_owned(),
        })
        .collect()
}
