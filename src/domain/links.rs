//! Every address of ours that we ever print.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stands for itself in a segment of a path, and in a `tag:` URI (RFC 3986, unreserved).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A name of several segments as it stands in an address and in an id: each percent-encoded, the slashes between them kept.
pub fn encoded(name: &str) -> String {
    name.split('/').map(|segment| utf8_percent_encode(segment, SEGMENT).to_string()).collect::<Vec<_>>().join("/")
}

/// The addresses under one `base_url`, which has no slash at its end.
#[derive(Debug, Clone, Copy)]
pub struct Links<'a>(pub &'a str);

impl Links<'_> {
    /// A feed in a format: `rss`, `atom` or `json`.
    pub fn feed(self, name: &str, format: &str) -> String {
        format!("{}.{format}", self.feed_page(name))
    }

    /// The page that shows a feed to a person; its name may have several segments.
    pub fn feed_page(self, name: &str) -> String {
        format!("{}/feeds/{}", self.0, encoded(name))
    }

    /// The page that confirms a subscription.
    pub fn confirm(self, token: &str) -> String {
        format!("{}/confirm/{token}", self.0)
    }

    /// The page, and the one-click address (RFC 8058), that leaves a digest.
    pub fn unsubscribe(self, token: &str) -> String {
        format!("{}/unsubscribe/{token}", self.0)
    }

    /// The host name, without a port.
    pub fn host(self) -> String {
        let rest = self.0.split_once("://").map_or(self.0, |(_, rest)| rest);
        let authority = rest.split('/').next().unwrap_or_default();
        match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host.to_owned(),
            _ => authority.to_owned(),
        }
    }
}

impl Links<'_> {
    /// A domain for Message-IDs and list ids: the host, where that is a name.
    pub fn mail_domain(self) -> String {
        let host = self.host();
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        if host.is_empty() || !host.chars().all(plain) { "localhost".to_owned() } else { host }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_s_name_may_hold_anything() {
        let links = Links("https://news.example.edu");
        assert_eq!(links.feed("news", "rss"), "https://news.example.edu/feeds/news.rss");
        assert_eq!(links.feed("section/R&D 新", "json"), "https://news.example.edu/feeds/section/R%26D%20%E6%96%B0.json");
    }

    #[test]
    fn the_host_has_no_port_and_no_path() {
        for base in ["https://news.example.edu", "https://news.example.edu:8443", "http://news.example.edu/news"] {
            assert_eq!(Links(base).host(), "news.example.edu");
        }
        assert_eq!(Links("http://[::1]:8080").host(), "[::1]");
    }
}
