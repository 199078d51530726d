//! Links that services gave: opened in the browser, and only where they are links to the web.

use url::Url;

/// A link that may be opened: `http` or `https` with a host, and without a name and password in it.
pub(crate) fn checked(link: &str) -> Result<Url, String> {
    let url: Url = link.parse().map_err(|error| format!("{link:?} is not a link: {error}"))?;
    let web = matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(|host| !host.is_empty());
    if !web {
        return Err(format!("only links to the web are opened, and this one is {}:", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a link that signs in by itself is not opened".to_owned());
    }
    Ok(url)
}

/// Opens a link in the browser, without waiting for it.
pub(crate) fn open(link: &str) -> Result<(), String> {
    let url = checked(link)?;
    open::that_detached(url.as_str()).map_err(|error| format!("no browser could be started: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_web_is_opened() {
        let cases = [
            ("https://ci.acme.example/job/web/12/", true),
            ("http://127.0.0.1:8080/x?y=1#z", true),
            ("HTTPS://ACME.example", true),
            ("file:///etc/passwd", false),
            ("javascript:alert(1)", false),
            ("data:text/html,hi", false),
            ("mailto:kim@acme.example", false),
            ("ssh://acme.example", false),
            ("https://", false),
            ("https://kim:secret@acme.example", false),
            ("/usr/bin/xterm", false),
            ("--help", false),
            ("", false),
        ];
        for (link, expected) in cases {
            assert_eq!(checked(link).is_ok(), expected, "{link:?}");
        }
        assert_eq!(
            checked("https://acme.example/a b\u{202e}").unwrap().as_str(),
            "https://acme.example/a%20b%E2%80%AE"
        );
    }
}
