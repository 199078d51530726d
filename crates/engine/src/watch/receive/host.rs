//! Whether a request names this machine as the one it is for.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, StatusCode, Uri, header};

use super::refusal::{Refusal, refuse};

/// A web page must not be able to post here by a name that it made to point to this machine (DNS rebinding), nor at all.
/// A request names one host (RFC 9112, 3.2): in its target where that is a whole URL, whatever its `Host` says, else there.
pub(super) fn check_host(target: &Uri, headers: &HeaderMap, hosts: &[String]) -> Result<(), Refusal> {
    if headers.contains_key(header::ORIGIN) {
        return Err(refuse(StatusCode::FORBIDDEN, "web pages may not send webhooks"));
    }
    let mut named = headers.get_all(header::HOST).iter();
    let (host, another) = (named.next(), named.next());
    if another.is_some() {
        return Err(refuse(StatusCode::BAD_REQUEST, "it has more than one Host header"));
    }
    let host = match target.authority() {
        Some(authority) => authority.as_str(),
        None => host.and_then(|host| host.to_str().ok()).unwrap_or_default(),
    };
    if is_known_host(host, hosts) {
        Ok(())
    } else {
        let why = format!("the host {host:?} is not known here; add it to receive.hosts if it is right");
        Err(refuse(StatusCode::MISDIRECTED_REQUEST, why))
    }
}

/// Whether a host names this machine: a loopback name or address, or a configured name, with any port.
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
    fn request_names_one_host_and_its_target_outranks_the_header() {
        // The target, the `Host` headers -> the status of the refusal, where it is one.
        let cases: [(&str, &[&str], Option<u16>); 13] = [
            ("/hooks/forge", &["localhost:7878"], None),
            ("/hooks/forge", &["evil.example"], Some(421)),
            ("/hooks/forge", &[], Some(421)),
            ("/hooks/forge", &["localhost:7878", "evil.example"], Some(400)),
            ("/hooks/forge", &["evil.example", "localhost:7878"], Some(400)),
            ("/hooks/forge", &["localhost:7878", "localhost:7878"], Some(400)),
            ("http://localhost:7878/hooks/forge", &["localhost:7878"], None),
            ("http://localhost:7878/hooks/forge", &["evil.example"], None),
            ("http://[::1]:7878/hooks/forge", &[], None),
            ("http://localhost:7878/hooks/forge", &["localhost:7878", "evil.example"], Some(400)),
            ("http://evil.example/hooks/forge", &["localhost:7878"], Some(421)),
            ("http://localhost@evil.example/hooks/forge", &["localhost:7878"], Some(421)),
            ("http://localhost.evil.example:7878/hooks/forge", &["localhost:7878"], Some(421)),
        ];
        for (target, named, expected) in cases {
            let uri: Uri = target.parse().unwrap();
            let mut headers = HeaderMap::new();
            for host in named {
                headers.append(header::HOST, host.parse().unwrap());
            }
            let refused = check_host(&uri, &headers, &[]).err().map(|refusal| refusal.status.as_u16());
            assert_eq!(refused, expected, "{target} {named:?}");
        }
    }

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
