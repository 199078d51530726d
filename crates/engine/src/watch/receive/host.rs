//! Whether a request names this machine as the one it is for.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, StatusCode, header};

use super::refusal::{Refusal, refuse};

/// A web page must not be able to post here by a name that it made to point to this machine (DNS rebinding), nor at all.
pub(super) fn check_host(headers: &HeaderMap, hosts: &[String]) -> Result<(), Refusal> {
    if headers.contains_key(header::ORIGIN) {
        return Err(refuse(StatusCode::FORBIDDEN, "web pages may not send webhooks"));
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if is_known_host(host, hosts) {
        Ok(())
    } else {
        let why = format!("the host {host:?} is not known here; add it to receive.hosts if it is right");
        Err(refuse(StatusCode::MISDIRECTED_REQUEST, why))
    }
}

/// Whether a `Host` header names this machine: a loopback name or address, or a configured name, with any port.
fn is_known_host(host: &str, hosts: &[String]) -> bool {
    if let Ok(address) = host.parse::<SocketAddr>() {
        return address.ip().is_loopback();
    }
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        || hosts.iter().any(|known| known.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_that_name_this_machine() {
        let hosts = ["hooks.acme.example".to_owned()];
        let cases = [
            ("127.0.0.1:7878", true),
            ("127.0.0.1", true),
            ("127.9.9.9:80", true),
            ("localhost:7878", true),
            ("LOCALHOST", true),
            ("[::1]:7878", true),
            ("[::1]", true),
            ("hooks.acme.example", true),
            ("Hooks.Acme.Example:443", true),
            ("", false),
            ("evil.example", false),
            ("evil.example:7878", false),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example", false),
            ("hooks.acme.example.evil.example", false),
            ("10.0.0.5:7878", false),
            ("localhost:7878@evil.example", false),
        ];
        for (host, expected) in cases {
            assert_eq!(is_known_host(host, &hosts), expected, "{host:?}");
        }
    }
}
