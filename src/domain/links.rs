//! Every address of ours that we ever print.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stands for itself in a segment of a path, and in a `tag:` URI (RFC 3986, unreserved).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Any text as one segment of an address and of an id.
pub fn encoded(segment: &str) -> String {
    utf8_percent_encode(segment, SEGMENT).to_string()
}

/// The addresses under one `base_url`, which has no slash at its end.
#[derive(Debug, Clone, Copy)]
pub struct Links<'a>(pub &'a str);

impl Links<'_> {
    /// A feed in a format: `rss`, `atom` or `json`; its path is ready for an address.
    pub fn feed(self, path: &str, format: &str) -> String {
        format!("{}.{format}", self.feed_page(path))
    }

    /// The page that shows a feed to a person.
    pub fn feed_page(self, path: &str) -> String {
        format!("{}/feeds/{path}", self.0)
    }

    /// The hub of our feeds (WebSub).
    pub fn hub(self) -> String {
        format!("{}/hub", self.0)
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
    fn a_segment_may_hold_anything() {
        assert_eq!(
            Links("https://news.example.edu").feed("news", "rss"),
            "https://news.example.edu/feeds/news.rss"
        );
        assert_eq!(encoded("R&D/新 ~"), "R%26D%2F%E6%96%B0%20~");
    }

    #[test]
    fn the_host_has_no_port_and_no_path() {
        for base in [
            "https://news.example.edu",
            "https://news.example.edu:8443",
            "http://news.example.edu/news",
        ] {
            assert_eq!(Links(base).host(), "news.example.edu");
        }
        assert_eq!(Links("http://[::1]:8080").host(), "[::1]");
    }
}
