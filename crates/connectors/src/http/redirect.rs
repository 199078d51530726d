//! Where a redirect leads, and with which method: RFC 9110, section 15.4.
//!
//! | status | a read | a write |
//! | --- | --- | --- |
//! | 301, 302 | the same | a POST becomes a GET that does not show the result of the write (as every client does it), unless the service documents that it is to be repeated ([`Request::repeated`](super::Request::repeated)); other methods are repeated |
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
    /// A POST that would become a GET: what became of it can't be known.
    Unsure,
}

/// How a request goes on, by its answer's status; `None` where that is no redirect to be followed.
pub(super) fn onward(status: StatusCode, method: &Method, request: &Request) -> Option<RedirectStep> {
    let looks = matches!(*method, Method::GET | Method::HEAD);
    match status.as_u16() {
        301 | 302 if *method == Method::POST && !request.repeat => {
            Some(if request.is_read() { RedirectStep::Look } else { RedirectStep::Unsure })
        }
        301 | 302 | 307 | 308 => Some(RedirectStep::Same),
        303 if looks => Some(RedirectStep::Same),
        303 => Some(RedirectStep::Look),
        _ => None,
    }
}

/// A chain of redirects as text: the paths on the way, for a message.
pub(super) fn chain(visited: &[(Method, Url)], next: &Url) -> String {
    let paths = visited.iter().map(|(_, url)| url.path()).chain([next.path()]);
    paths.collect::<Vec<_>>().join(" -> ")
}
