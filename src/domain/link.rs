//! Addresses on the web, made absolute and plain enough for every reader.

use std::fmt::Write as _;

use url::Url;

/// An `http` or `https` address as an absolute URI (RFC 3986, ASCII only); `None` for anything else.
///
/// Relative addresses are resolved against `base`; one that begins with `//` takes the base's scheme, or `https`.
pub fn web_address(text: &str, base: Option<&Url>) -> Option<String> {
    resolve(text, base)
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .map(|url| strict(url.as_str()))
}

/// As [`web_address`], for links that a person follows: `mailto` is allowed too.
pub fn link_address(text: &str, base: Option<&Url>) -> Option<String> {
    resolve(text, base)
        .filter(|url| match url.scheme() {
            "http" | "https" => true,
            "mailto" => !url.path().is_empty(),
            _ => false,
        })
        .map(|url| strict(url.as_str()))
}

fn resolve(text: &str, base: Option<&Url>) -> Option<Url> {
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

/// Browsers tolerate more in an address than RFC 3986 allows (`|`, brackets in a query, a lone `%`); validators do not.
fn strict(url: &str) -> String {
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
            // Writing to a String does not fail.
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
    fn relative_addresses_are_resolved_against_the_page() {
        let page = page();
        for (given, made) in [
            ("../b.html", "https://college.example/news/b.html"),
            ("/c?x=1&y=2", "https://college.example/c?x=1&y=2"),
            ("//media.example/v.mp4", "https://media.example/v.mp4"),
            ("#note", "https://college.example/news/2026/a.html#note"),
            ("HTTP://Example.com", "http://example.com/"),
            (" /a\nb ", "https://college.example/ab"),
        ] {
            assert_eq!(web_address(given, Some(&page)).as_deref(), Some(made), "{given}");
        }
        assert_eq!(web_address("/a", None), None);
        assert_eq!(web_address("//m.example/a", None).as_deref(), Some("https://m.example/a"));
    }

    #[test]
    fn only_the_web_is_addressed_and_mail_where_a_person_follows() {
        let page = page();
        for hostile in [
            "javascript:alert(1)",
            " java\nscript:x",
            "data:text/html,x",
            "file:///etc/passwd",
            "",
            "ftp://a/b",
        ] {
            assert_eq!(link_address(hostile, Some(&page)), None, "{hostile}");
        }
        assert_eq!(web_address("mailto:a@b.example", None), None);
        assert_eq!(link_address("mailto:a@b.example", None).as_deref(), Some("mailto:a@b.example"));
    }

    #[test]
    fn addresses_become_strict_and_stay_so() {
        let made = web_address("http://中文.example/新闻 a|b?q[]=1&p=100%#x#y", None).unwrap();
        assert_eq!(
            made,
            "http://xn--fiq228c.example/%E6%96%B0%E9%97%BB%20a%7Cb?q%5B%5D=1&p=100%25#x%23y"
        );
        assert_eq!(web_address(&made, None).as_deref(), Some(made.as_str()));
        assert_eq!(web_address("http://[::1]:80/a", None).as_deref(), Some("http://[::1]/a"));
    }
}
