//! URLs, resolved to absolute form and encoded strictly enough for every feed reader.

use std::fmt::Write as _;

use url::{Host, Url};

use super::network::is_public;

/// Returns an `http` or `https` URL as an absolute URI (RFC 3986, ASCII only); `None` for other
/// schemes.
///
/// Relative URLs are resolved against `base`. A URL that starts with `//` gets the scheme of the
/// base, or `https`.
pub fn absolute_web_url(text: &str, base: Option<&Url>) -> Option<String> {
    resolve_url(text, base)
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .map(|url| percent_encode_strictly(url.as_str()))
}

/// Like [`absolute_web_url`], but also accepts `mailto`, for links that people follow.
pub fn absolute_link_url(text: &str, base: Option<&Url>) -> Option<String> {
    resolve_url(text, base)
        .filter(|url| match url.scheme() {
            "http" | "https" => true,
            "mailto" => !url.path().is_empty(),
            _ => false,
        })
        .map(|url| percent_encode_strictly(url.as_str()))
}

/// Returns `true` if a URL has a host that people outside its network can reach: not an address or
/// name that is reserved for local use (RFC 6761, RFC 6762, RFC 8375).
pub fn has_public_host(url: &str) -> bool {
    const LOCAL_DOMAINS: [&str; 10] = [
        "localhost",
        "local",
        "test",
        "invalid",
        "internal",
        "lan",
        "home",
        "corp",
        "localdomain",
        "home.arpa",
    ];
    let Ok(url) = Url::parse(url) else { return false };
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            let is_local = |domain: &str| {
                name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            };
            name.contains('.') && !LOCAL_DOMAINS.iter().any(|domain| is_local(domain))
        }
        Some(Host::Ipv4(address)) => is_public(address.into()),
        Some(Host::Ipv6(address)) => is_public(address.into()),
        None => false,
    }
}

fn resolve_url(text: &str, base: Option<&Url>) -> Option<Url> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c.is_control());
    if text.is_empty() {
        return None;
    }
    match base {
        Some(base) => base.join(text).ok(),
        None if text.starts_with("//") => Url::parse(&format!("https:{text}")).ok(),
        None => Url::parse(text).ok(),
    }
}

/// Percent-encodes characters that browsers tolerate but RFC 3986 forbids: `|`, brackets in a
/// query, a lone `%`.
fn percent_encode_strictly(url: &str) -> String {
    let path = url.find("://").map_or(0, |scheme| {
        let host = scheme + 3;
        url[host..].find(['/', '?', '#']).map_or(url.len(), |end| host + end)
    });
    let (authority, rest) = url.split_at(path);
    let mut out = String::with_capacity(url.len());
    out.push_str(authority);
    let bytes = rest.as_bytes();
    let mut in_fragment = false;
    for (i, &byte) in bytes.iter().enumerate() {
        let keep = match byte {
            b'%' => {
                bytes.get(i + 1..i + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit))
            }
            b'#' => !std::mem::replace(&mut in_fragment, true),
            _ => byte.is_ascii_alphanumeric() || b"-._~:/?@!$&'()*+,;=".contains(&byte),
        };
        if keep {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Url {
        Url::parse("https://college.example/news/2026/a.html").unwrap()
    }

    #[test]
    fn relative_urls_are_resolved_against_the_base() {
        let page = page();
        for (given, expected) in [
            ("../b.html", "https://college.example/news/b.html"),
            ("/c?x=1&y=2", "https://college.example/c?x=1&y=2"),
            ("//media.example/v.mp4", "https://media.example/v.mp4"),
            ("#note", "https://college.example/news/2026/a.html#note"),
            ("HTTP://Example.com", "http://example.com/"),
            (" /a\nb ", "https://college.example/ab"),
        ] {
            assert_eq!(absolute_web_url(given, Some(&page)).as_deref(), Some(expected), "{given}");
        }
        assert_eq!(absolute_web_url("/a", None), None);
        assert_eq!(absolute_web_url("//m.example/a", None).as_deref(), Some("https://m.example/a"));
    }

    #[test]
    fn other_schemes_are_rejected_and_mailto_is_accepted_in_links() {
        let page = page();
        for hostile in [
            "javascript:alert(1)",
            " java\nscript:x",
            "data:text/html,x",
            "file:///etc/passwd",
            "",
            "ftp://a/b",
        ] {
            assert_eq!(absolute_link_url(hostile, Some(&page)), None, "{hostile}");
        }
        assert_eq!(absolute_web_url("mailto:a@b.example", None), None);
        assert_eq!(
            absolute_link_url("mailto:a@b.example", None).as_deref(),
            Some("mailto:a@b.example")
        );
    }

    #[test]
    fn local_names_and_addresses_are_not_public_hosts() {
        for local in [
            "http://localhost:8080",
            "http://wordpress/wp",
            "https://college.test",
            "http://site.local.",
            "http://127.0.0.1",
            "http://192.168.1.7:8000",
            "http://[::1]",
            "/wp",
            "",
        ] {
            assert!(!has_public_host(local), "{local}");
        }
        for public in ["https://college.example", "http://1.1.1.1", "https://local.example/test"] {
            assert!(has_public_host(public), "{public}");
        }
    }

    #[test]
    fn urls_are_encoded_strictly_and_encoding_is_idempotent() {
        let expected =
            absolute_web_url("http://中文.example/新闻 a|b?q[]=1&p=100%#x#y", None).unwrap();
        assert_eq!(
            expected,
            "http://xn--fiq228c.example/%E6%96%B0%E9%97%BB%20a%7Cb?q%5B%5D=1&p=100%25#x%23y"
        );
        assert_eq!(absolute_web_url(&expected, None).as_deref(), Some(expected.as_str()));
        assert_eq!(absolute_web_url("http://[::1]:80/a", None).as_deref(), Some("http://[::1]/a"));
    }
}
