//! Who asks: the language they read, the network they come from, and whether another site made them ask.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use url::form_urlencoded;

use super::Shared;
use super::negotiation::weighted;
use crate::domain::language;
use crate::templates::Templates;

/// What a request tells of the person behind it.
#[derive(Debug, Clone)]
pub(super) struct Visitor {
    /// The code of the language their pages speak.
    pub(super) language: String,
    /// The query of the address.
    pub(super) query: Vec<(String, String)>,
    /// Their network; `None` for a person at this very machine.
    pub(super) network: Option<IpAddr>,
    /// Whether a page of another site made the browser ask.
    pub(super) is_foreign: bool,
}

impl Visitor {
    /// What stands behind the addresses of our other pages: the language, if this visitor chose one.
    pub(super) fn keep(&self) -> String {
        let chose = self.asked("lang").is_some_and(|tag| language::matches(&self.language, tag));
        if chose { format!("?lang={}", self.language) } else { String::new() }
    }

    /// A value of the query, the first of its name.
    pub(super) fn asked(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl FromRequestParts<Shared> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, web: &Shared) -> Result<Self, Infallible> {
        let query: Vec<(String, String)> =
            form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes())
                .into_owned()
                .collect();
        let wished = query.iter().find(|(key, _)| key == "lang").map(|(_, value)| value.as_str());
        let language =
            spoken(&web.app.templates, wished, &parts.headers, &web.app.config.site.language);
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        Ok(Self {
            language,
            query,
            network: peer.and_then(|peer| network(peer, &parts.headers)),
            is_foreign: is_foreign(&parts.headers, &web.app.config.site.base_url),
        })
    }
}

/// The wished language, else the best one of the browser's that we speak, else the site's.
fn spoken(templates: &Templates, wished: Option<&str>, headers: &HeaderMap, site: &str) -> String {
    let known = templates.languages();
    let of = |tag: &str| {
        known.iter().map(|(code, _)| code).find(|code| language::matches(code, tag)).cloned()
    };
    let accepted = || {
        let mut ranges = weighted(headers, &header::ACCEPT_LANGUAGE);
        ranges.retain(|(_, quality)| *quality > 0.0);
        // Stable: among equals the first named comes first.
        ranges.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        ranges.iter().find_map(|(tag, _)| of(tag))
    };
    wished.and_then(of).or_else(accepted).unwrap_or_else(|| templates.spoken(site).to_owned())
}

/// The network a request is counted for: an IPv4 address or an IPv6 /64.
///
/// A peer at this machine or in a private network may be the proxy in front; then the last address it added counts. That
/// serves to count alone: who forges it gains nothing but more tries.
pub(super) fn network(peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
    let peer = peer.to_canonical();
    let near = match peer {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local(),
    };
    let told = || {
        let last = headers
            .get_all("x-forwarded-for")
            .iter()
            .next_back()?
            .to_str()
            .ok()?
            .rsplit(',')
            .next()?
            .trim();
        last.parse::<IpAddr>().ok().map(|ip| ip.to_canonical())
    };
    match near.then(told).flatten().unwrap_or(peer) {
        ip if ip.is_loopback() => None,
        IpAddr::V6(v6) => Some(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into()),
        v4 @ IpAddr::V4(_) => Some(v4),
    }
}

/// What browsers tell of a form's origin: `Sec-Fetch-Site`, and where there is none, `Origin`.
fn is_foreign(headers: &HeaderMap, base_url: &str) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => !matches!(site, "same-origin" | "none"),
        // No browser, or one that asks for a page.
        (None, None) => false,
        (None, Some(origin)) => {
            let authority = origin.split_once("://").map_or("", |(_, authority)| authority);
            let ours = base_url.split_once("://").and_then(|(_, rest)| rest.split('/').next());
            !(text("host").is_some_and(|host| host.eq_ignore_ascii_case(authority))
                || ours.is_some_and(|o| o.eq_ignore_ascii_case(authority)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn the_browsers_best_language_that_we_speak_is_taken() {
        let templates = Templates::load(None).unwrap();
        let spoken = |wished, accept: &str| {
            spoken(&templates, wished, &headers(&[("accept-language", accept)]), "en-GB")
        };
        assert_eq!(spoken(None, "fr, zh-CN;q=0.8, en;q=0.9"), "en");
        assert_eq!(spoken(None, "zh-CN, en"), "zh");
        assert_eq!(spoken(None, "zh;q=0, fr"), "en");
        assert_eq!(spoken(Some("zh"), "en"), "zh");
        assert_eq!(spoken(Some("xx"), "zh"), "zh");
    }

    #[test]
    fn a_proxy_nearby_tells_who_asks_and_nobody_far_away_does() {
        let told = headers(&[("x-forwarded-for", "9.9.9.9, 203.0.113.7")]);
        let of = |peer: &str, headers: &HeaderMap| {
            network(peer.parse().unwrap(), headers).map(|ip| ip.to_string())
        };
        assert_eq!(of("127.0.0.1", &told).as_deref(), Some("203.0.113.7"));
        assert_eq!(of("::ffff:172.17.0.1", &told).as_deref(), Some("203.0.113.7"));
        assert_eq!(of("198.51.100.1", &told).as_deref(), Some("198.51.100.1"));
        assert_eq!(of("127.0.0.1", &HeaderMap::new()), None);
        assert_eq!(
            of("2001:db8:1:2:3:4:5:6", &HeaderMap::new()).as_deref(),
            Some("2001:db8:1:2::")
        );
    }

    #[test]
    fn a_form_of_another_site_is_told_from_ours() {
        let foreign = |pairs: &[(&'static str, &str)]| {
            is_foreign(&headers(pairs), "https://news.example.edu/news")
        };
        assert!(foreign(&[("sec-fetch-site", "cross-site")]));
        assert!(foreign(&[("origin", "https://evil.example"), ("host", "news.example.edu")]));
        assert!(foreign(&[("origin", "null"), ("host", "127.0.0.1:8080")]));
        assert!(!foreign(&[
            ("sec-fetch-site", "same-origin"),
            ("origin", "https://elsewhere.example")
        ]));
        assert!(!foreign(&[("origin", "https://news.example.edu"), ("host", "127.0.0.1:8080")]));
        assert!(!foreign(&[("origin", "http://127.0.0.1:8080"), ("host", "127.0.0.1:8080")]));
        assert!(!foreign(&[]));
    }
}
