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
use crate::{Identify, http::Answer, lenient::Entries};

/// What a classic token should be allowed, with the wider scopes that include it, and what for:
/// "Scopes for OAuth apps" in GitHub's documentation.
const SCOPES: [(&str, &[&str], &str); 3] = [
    ("repo", &[], "see private repositories, review, merge, run jobs again"),
    ("workflow", &[], "merge changes to workflow files, run their jobs again"),
    (
        "read:org",
        &["write:org", "admin:org"],
        "see reviews asked of your teams, and all of an organisation's repositories",
    ),
];
const TEAM_PAGES: usize = 5;

/// The account of the token, by its login name; unchanged since `known` costs nothing. Also the first request of a poll: it
/// shows whether the sign-in is refused or GitHub cannot be reached.
pub(super) async fn me(calls: &Calls<'_>, known: Option<&Me>) -> Result<Me, ServiceError> {
    let news = calls.look::<wire::User>(get(["user"]), known.map(|me| me.etag.as_str())).await?;
    match (news, known) {
        (Some(news), _) => Ok(Me { login: name(&news.content.login), etag: news.etag }),
        (None, Some(known)) => Ok(known.clone()),
        (None, None) => Err(ServiceError::unavailable("GitHub answered 304 to an unconditional request")),
    }
}

#[async_trait]
impl Identify for Account {
    async fn identify(&self) -> Result<Identity, ServiceError> {
        let answer = send(&self.http, get(["user"])).await?;
        let user: wire::User = answer.json()?;
        let (teams, teams_unread) = self.teams().await?;
        self.teams.note(teams_unread.clone());
        self.identified.note();
        Ok(Identity {
            login: name(&user.login),
            name: None,
            teams,
            teams_unread,
            server: Some(server(&answer)),
            missing_scopes: missing_scopes(&answer),
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

/// Of a classic token. What a fine-grained one or an app's may do shows only when it is refused: they have no scopes, and
/// the header is missing or blank.
fn missing_scopes(answer: &Answer) -> Vec<MissingScope> {
    let Some(granted) = scopes(answer).filter(|granted| !granted.is_empty()) else {
        return Vec::new();
    };
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
