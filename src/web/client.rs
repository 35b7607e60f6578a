//! Request context of a client: language, network and query parameters.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use url::form_urlencoded;

use super::negotiation::weighted_values;
use super::state::SharedState;
use crate::domain::language;
use crate::http::ClientIp;
use crate::templates::Templates;

/// Client of a request, extracted from its headers, query and peer address.
#[derive(Debug, Clone)]
pub(super) struct ClientInfo {
    /// Code of the catalog for the client's pages.
    pub(super) language: String,
    /// Path of the address, without the path of `base_url`.
    pub(super) path: String,
    /// Decoded query parameters of the address.
    pub(super) query: Vec<(String, String)>,
    /// Client network for rate limits; `None` if it is not known, as on this machine.
    pub(super) network: Option<IpAddr>,
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
            &web.languages.codes(&web.app),
            requested,
            &parts.headers,
            &web.app.config.site.language,
        );
        let client_ip = parts.extensions.get::<ClientIp>();
        let path = parts.uri.path().to_owned();
        Ok(Self { language, path, query, network: client_ip.and_then(|ip| ip.network()) })
    }
}

/// Returns `true` if both tags have the same primary language: `zh-TW` and `zh-hant`.
fn is_same_language(one: &str, other: &str) -> bool {
    language::primary(one).eq_ignore_ascii_case(language::primary(other))
}

/// Returns the code of the requested language's catalog, else of the first available one in order
/// of `Accept-Language`, else of the site's language. A catalog is available if the site has its
/// language, in any script.
pub(super) fn negotiate_language(
    templates: &Templates,
    offered: &BTreeSet<String>,
    requested: Option<&str>,
    headers: &HeaderMap,
    site: &str,
) -> String {
    let find_available = |tag: &str| {
        let code = templates.catalog_code(tag);
        let is_offered = offered.iter().any(|other| is_same_language(other, code));
        (is_offered && is_same_language(code, tag)).then(|| code.to_owned())
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
                &["en".to_owned(), "zh".to_owned()].into(),
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
        let english = BTreeSet::from(["en".to_owned()]);
        let headers = headers(&[("accept-language", "zh-CN, zh;q=0.9")]);
        for requested in [None, Some("zh"), Some("zh-TW")] {
            assert_eq!(negotiate_language(&templates, &english, requested, &headers, "en"), "en");
        }
    }
}
