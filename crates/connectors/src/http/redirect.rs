//! Where a redirect leads, and with which method: RFC 9110, section 15.4.
//!
//! | status | a read | a write |
//! | --- | --- | --- |
//! | 301, 302 | the same, but a POST becomes a GET (as every client does it) | nothing: it may have been done, and is shown there, or is to be done there. It is repeated where the service documents that ([`Request::repeated`](super::Request::repeated)) |
//! | 303 | GET | GET: the service took the write, and shows what came of it |
//! | 307, 308 | the same | the same method and body: nothing was done yet |

use reqwest::{Method, StatusCode};
use url::Url;

use super::Request;

/// How a request goes on after a redirect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RedirectStep {
    /// The same method and body.
    Same,
    /// A GET (or HEAD) without a body. The service has done what was asked.
    Look,
    /// A write that is not sent elsewhere by itself: what became of it can't be known.
    Unsure,
}

/// How a request goes on, by its answer's status; `None` where that is no redirect to be followed. Once the service has
/// `taken` a write, what follows only looks.
pub(super) fn onward(
    status: StatusCode,
    method: &Method,
    request: &Request,
    taken: bool,
) -> Option<RedirectStep> {
    let writes = !request.is_read() && !taken;
    match status.as_u16() {
        301 | 302 if writes && !request.repeat => Some(RedirectStep::Unsure),
        301 | 302 if *method == Method::POST && !request.repeat => Some(RedirectStep::Look),
        301 | 302 | 307 | 308 => Some(RedirectStep::Same),
        303 if !writes && matches!(*method, Method::GET | Method::HEAD) => Some(RedirectStep::Same),
        303 => Some(RedirectStep::Look),
        _ => None,
    }
}

/// A chain of redirects as text: the paths on the way, for a message.
pub(super) fn chain(visited: &[(Method, Url)], next: &Url) -> String {
    let paths = visited.iter().map(|(_, url)| url.path()).chain([next.path()]);
    paths.collect::<Vec<_>>().join(" -> ")
}
