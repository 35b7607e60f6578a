//! Request context of a client: language, network, query parameters and cross-site detection.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use url::form_urlencoded;

use super::negotiation::weighted_values;
use super::state::SharedState;
use crate::domain::language;
use crate::templates::Templates;

/// Client of a request, extracted from its headers, query and peer address.
#[derive(Debug, Clone)]
pub(super) struct ClientInfo {
    /// Code of the catalog for the client's pages.
    pub(super) language: String,
    /// Decoded query parameters of the address.
    pub(super) query: Vec<(String, String)>,
    /// Client network for rate limits; `None` for clients on this machine.
    pub(super) network: Option<IpAddr>,
    /// `true` if a page of another site made the browser send the request.
    pub(super) is_cross_site: bool,
}

impl ClientInfo {
    /// Returns the query for links to other pages: `?lang=…` if the client chose its language, else
    /// empty.
    pub(super) fn lang_query(&self) -> String {
        let is_chosen =
            self.query_param("lang").is_some_and(|tag| is_same_language(tag, &self.language));
        if is_chosen { format!("?lang={}", self.language) } else { String::new() }
    }

    /// Returns the first query parameter of this name.
    pub(super) fn query_param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl FromRequestParts<SharedState> for ClientInfo {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, web: &SharedState) -> Result<Self, Infallible> {
        let query: Vec<(String, String)> =
            form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes())
                .into_owned()
                .collect();
        let requested =
            query.iter().find(|(key, _)| key == "lang").map(|(_, value)| value.as_str());
        let language = negotiate_language(
            &web.app.templates,
            requested,
            &parts.headers,
            &web.app.config.site.language,
        );
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        Ok(Self {
            language,
            query,
            network: peer.and_then(|peer| client_network(peer, &parts.headers)),
            is_cross_site: is_cross_site(&parts.headers, &web.app.config.site.base_url),
        })
    }
}

/// Returns `true` if both tags have the same primary language: `zh-TW` and `zh-hant`.
fn is_same_language(one: &str, other: &str) -> bool {
    language::primary(one).eq_ignore_ascii_case(language::primary(other))
}

/// Returns the code of the requested language's catalog, else of the first available one in order
/// of `Accept-Language`, else of the site's language.
fn negotiate_language(
    templates: &Templates,
    requested: Option<&str>,
    headers: &HeaderMap,
    site: &str,
) -> String {
    let find_available = |tag: &str| {
        let code = templates.catalog_code(tag);
        is_same_language(code, tag).then(|| code.to_owned())
    };
    let from_accept_language = || {
        let mut ranges = weighted_values(headers, &header::ACCEPT_LANGUAGE);
        ranges.retain(|(_, quality)| *quality > 0.0);
        // The sort is stable: of equal weights the first in the header wins.
        ranges.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        ranges.iter().find_map(|(tag, _)| find_available(tag))
    };
    requested
        .and_then(find_available)
        .or_else(from_accept_language)
        .unwrap_or_else(|| templates.catalog_code(site).to_owned())
}

/// Returns the network that a request is counted for: an IPv4 address or an IPv6 /64; `None` for
/// loopback.
///
/// A loopback or private peer may be a reverse proxy, so the last address in its `X-Forwarded-For`
/// is used. The result serves only for counting: a forged header gains nothing but more attempts.
pub(super) fn client_network(peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
    let peer = peer.to_canonical();
    let may_be_proxy = match peer {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local(),
    };
    let forwarded_for = || {
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
    match may_be_proxy.then(forwarded_for).flatten().unwrap_or(peer) {
        ip if ip.is_loopback() => None,
        IpAddr::V6(v6) => Some(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into()),
        v4 @ IpAddr::V4(_) => Some(v4),
    }
}

/// Returns `true` if the browser reports another origin, in `Sec-Fetch-Site` or, without it, in
/// `Origin`.
fn is_cross_site(headers: &HeaderMap, base_url: &str) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => !matches!(site, "same-origin" | "none"),
        // Not a browser, or a browser that navigates to a page.
        (None, None) => false,
        (None, Some(origin)) => {
            let authority = origin.split_once("://").map_or("", |(_, authority)| authority);
            let own_authority =
                base_url.split_once("://").and_then(|(_, rest)| rest.split('/').next());
            !(text("host").is_some_and(|host| host.eq_ignore_ascii_case(authority))
                || own_authority.is_some_and(|o| o.eq_ignore_ascii_case(authority)))
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
    fn best_available_language_of_the_browser_is_chosen() {
        let templates = Templates::load(None).unwrap();
        let negotiate = |requested, accept: &str| {
            negotiate_language(
                &templates,
                requested,
                &headers(&[("accept-language", accept)]),
                "en-GB",
            )
        };
        assert_eq!(negotiate(None, "fr, zh-CN;q=0.8, en;q=0.9"), "en");
        assert_eq!(negotiate(None, "zh-CN, en"), "zh");
        assert_eq!(negotiate(None, "zh;q=0, fr"), "en");
        assert_eq!(negotiate(Some("zh"), "en"), "zh");
        assert_eq!(negotiate(Some("xx"), "zh"), "zh");
        for tag in ["zh-TW", "zh-HK", "zh-Hant", "zh-hant", "zh-Hant-MO"] {
            assert_eq!(negotiate(None, &format!("{tag}, zh;q=0.9, en;q=0.8")), "zh-hant", "{tag}");
            assert_eq!(negotiate(Some(tag), "en"), "zh-hant", "{tag}");
        }
        for tag in ["zh-CN", "zh-SG", "zh-Hans-HK", "zh"] {
            assert_eq!(negotiate(None, &format!("{tag}, zh-TW;q=0.9")), "zh", "{tag}");
            assert_eq!(negotiate(Some(tag), "zh-TW"), "zh", "{tag}");
        }
        assert_eq!(negotiate(None, "*"), "en");
    }

    #[test]
    fn forwarded_for_is_used_only_from_loopback_and_private_peers() {
        let forwarded = headers(&[("x-forwarded-for", "9.9.9.9, 203.0.113.7")]);
        let of = |peer: &str, headers: &HeaderMap| {
            client_network(peer.parse().unwrap(), headers).map(|ip| ip.to_string())
        };
        assert_eq!(of("127.0.0.1", &forwarded).as_deref(), Some("203.0.113.7"));
        assert_eq!(of("::ffff:172.17.0.1", &forwarded).as_deref(), Some("203.0.113.7"));
        assert_eq!(of("198.51.100.1", &forwarded).as_deref(), Some("198.51.100.1"));
        assert_eq!(of("127.0.0.1", &HeaderMap::new()), None);
        assert_eq!(
            of("2001:db8:1:2:3:4:5:6", &HeaderMap::new()).as_deref(),
            Some("2001:db8:1:2::")
        );
    }

    #[test]
    fn cross_site_forms_are_detected() {
        let is_cross_site = |pairs: &[(&'static str, &str)]| {
            is_cross_site(&headers(pairs), "https://news.example.edu/news")
        };
        assert!(is_cross_site(&[("sec-fetch-site", "cross-site")]));
        assert!(is_cross_site(&[("origin", "https://evil.example"), ("host", "news.example.edu")]));
        assert!(is_cross_site(&[("origin", "null"), ("host", "127.0.0.1:8080")]));
        assert!(!is_cross_site(&[
            ("sec-fetch-site", "same-origin"),
            ("origin", "https://elsewhere.example")
        ]));
        assert!(!is_cross_site(&[
            ("origin", "https://news.example.edu"),
            ("host", "127.0.0.1:8080")
        ]));
        assert!(!is_cross_site(&[("origin", "http://127.0.0.1:8080"), ("host", "127.0.0.1:8080")]));
        assert!(!is_cross_site(&[]));
    }
}
