//! URLs of this service: feeds, pages and links in messages.

use std::net::Ipv4Addr;

use percent_encoding::utf8_percent_encode;

use super::percent::SEGMENT;

/// Percent-encodes a text as one segment of a URL path or id.
pub fn encode_segment(segment: &str) -> String {
    utf8_percent_encode(segment, SEGMENT).to_string()
}

/// URLs below one `base_url`, which has no trailing slash.
#[derive(Debug, Clone, Copy)]
pub struct SiteUrls<'a>(pub &'a str);

impl SiteUrls<'_> {
    /// Returns the URL of a feed in a format: `rss`, `atom` or `json`. `path` must be URL-encoded.
    pub fn feed(self, path: &str, format: &str) -> String {
        format!("{}.{format}", self.feed_page(path))
    }

    /// Returns the URL of the page that describes a feed.
    pub fn feed_page(self, path: &str) -> String {
        format!("{}/feeds/{path}", self.0)
    }

    /// Returns the URL of the WebSub hub.
    pub fn hub(self) -> String {
        format!("{}/hub", self.0)
    }

    /// Returns the URL of the page that confirms a subscription.
    pub fn confirm(self, token: &str) -> String {
        format!("{}/confirm/{token}", self.0)
    }

    /// Returns the URL of the unsubscribe page, which also accepts one-click requests (RFC 8058).
    pub fn unsubscribe(self, token: &str) -> String {
        format!("{}/unsubscribe/{token}", self.0)
    }

    /// Returns the URL of the page on which a user sets their password.
    pub fn set_password(self, token: &str) -> String {
        format!("{}/admin/password/{token}", self.0)
    }

    /// Returns the host name without the port.
    pub fn host(self) -> String {
        let rest = self.0.split_once("://").map_or(self.0, |(_, rest)| rest);
        let authority = rest.split('/').next().unwrap_or_default();
        match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host.to_owned(),
            _ => authority.to_owned(),
        }
    }

    /// Returns the domain for Message-IDs and List-IDs: the host name, or `localhost` for an IP
    /// address.
    pub fn mail_domain(self) -> String {
        let host = self.host();
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        let is_name =
            !host.is_empty() && host.chars().all(plain) && host.parse::<Ipv4Addr>().is_err();
        if is_name { host } else { "localhost".to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_percent_encoded() {
        assert_eq!(
            SiteUrls("https://news.example.edu").feed("news", "rss"),
            "https://news.example.edu/feeds/news.rss"
        );
        assert_eq!(encode_segment("R&D/新 ~"), "R%26D%2F%E6%96%B0%20~");
    }

    #[test]
    fn host_excludes_port_and_path() {
        for base in [
            "https://news.example.edu",
            "https://news.example.edu:8443",
            "http://news.example.edu/news",
        ] {
            assert_eq!(SiteUrls(base).host(), "news.example.edu");
        }
        assert_eq!(SiteUrls("http://[::1]:8080").host(), "[::1]");
    }

    #[test]
    fn the_mail_domain_is_a_name() {
        for (base, domain) in [
            ("https://news.example.edu:8443/news", "news.example.edu"),
            ("http://127.0.0.1:8080", "localhost"),
            ("http://[::1]:8080", "localhost"),
            ("http://1.2.example", "1.2.example"),
        ] {
            assert_eq!(SiteUrls(base).mail_domain(), domain);
        }
    }
}
