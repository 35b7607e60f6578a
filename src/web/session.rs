//! Sessions of browsers: their cookie, and the user whom it identifies.

use axum::http::{HeaderMap, HeaderValue, header};

use super::client::ClientInfo;
use super::error::WebResult;
use super::state::WebState;
use crate::accounts::{self, SignedIn};

/// Name of the cookie over HTTPS. Browsers accept the prefix only on a secure cookie of exactly this host
/// (RFC 6265bis, section 4.1.3.2), so that no subdomain can set it.
const SECURE_COOKIE: &str = "__Host-courant";
/// Name of the cookie with a `base_url` of plain HTTP, over which browsers accept no secure cookie.
const PLAIN_COOKIE: &str = "courant";
/// Number of characters of a session's id: 32 bytes in base64 without padding.
const ID_LENGTH: usize = 43;
/// Browsers by a part of their `User-Agent`; the first match counts, because most name several.
const BROWSERS: [(&str, &str); 7] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
];
/// Systems by a part of the `User-Agent`.
const SYSTEMS: [(&str, &str); 6] = [
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iPadOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];

/// Returns `true` if browsers reach this site over HTTPS.
fn is_https(web: &WebState) -> bool {
    web.app.config.site.base_url.starts_with("https://")
}

fn cookie_name(web: &WebState) -> &'static str {
    if is_https(web) { SECURE_COOKIE } else { PLAIN_COOKIE }
}

fn oidc_cookie_name(web: &WebState) -> &'static str {
    if is_https(web) { "__Host-courant-openid" } else { "courant-openid" }
}

/// Returns the id in the session's cookie, if it can be one.
pub(super) fn session_id<'h>(web: &WebState, headers: &'h HeaderMap) -> Option<&'h str> {
    random_value(headers, cookie_name(web))
}

/// Returns the state of a sign-in with the OpenID provider that this browser began.
pub(super) fn kept_oidc_state<'h>(web: &WebState, headers: &'h HeaderMap) -> Option<&'h str> {
    random_value(headers, oidc_cookie_name(web))
}

/// Returns the value of a cookie that holds 32 random bytes.
fn random_value<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
        .filter(|value| {
            value.len() == ID_LENGTH
                && value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        })
}

/// Returns the header that stores a session's id in the browser, until the longest time of a session.
pub(super) fn set_cookie(web: &WebState, id: &str) -> Option<HeaderValue> {
    cookie(web, cookie_name(web), id, web.app.config.admin.session_max.as_secs())
}

/// Returns the header that deletes the session's cookie.
pub(super) fn delete_cookie(web: &WebState) -> Option<HeaderValue> {
    cookie(web, cookie_name(web), "", 0)
}

/// Returns the header that keeps the state of a sign-in with the OpenID provider for ten minutes.
pub(super) fn set_oidc_cookie(web: &WebState, state: &str) -> Option<HeaderValue> {
    cookie(web, oidc_cookie_name(web), state, 600)
}

/// Returns the header that deletes the state of a sign-in with the OpenID provider.
pub(super) fn delete_oidc_cookie(web: &WebState) -> Option<HeaderValue> {
    cookie(web, oidc_cookie_name(web), "", 0)
}

fn cookie(web: &WebState, name: &str, value: &str, max_age: i64) -> Option<HeaderValue> {
    let secure = if is_https(web) { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::try_from(text).ok()
}

/// Returns the user of the session in the headers. A cookie without a session is recorded in the audit log.
pub(super) async fn signed_in(
    web: &WebState,
    client: &ClientInfo,
    headers: &HeaderMap,
) -> WebResult<Option<SignedIn>> {
    let Some(id) = session_id(web, headers) else { return Ok(None) };
    let (context, now) = (web.app.account_context(), web.app.now());
    let found = accounts::authenticate(context, id, now).await?;
    if found.is_none() && !accounts::waits_for_code(context, id, now).await? {
        web.record_refusal(client, "session").await;
    }
    Ok(found)
}

impl WebState {
    /// Records a refused request in the audit log, unless the network has caused many such entries.
    pub(super) async fn record_refusal(&self, client: &ClientInfo, check: &'static str) {
        let now = self.app.now();
        if self.refusal_limiter.check(client.network, now).is_err() {
            return;
        }
        let context = self.app.account_context();
        if let Err(reason) = accounts::record_refusal(context, check, now).await {
            tracing::warn!(check, "cannot record a refused request: {reason}");
        }
    }
}

/// Returns browser and system for the list of sessions, for example `Firefox, Linux`.
pub(super) fn describe_browser(headers: &HeaderMap) -> String {
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    let agent = agent.unwrap_or_default();
    let name_in = |names: &[(&str, &'static str)]| {
        names.iter().find(|(part, _)| agent.contains(part)).map(|(_, name)| *name)
    };
    match (name_in(&BROWSERS), name_in(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser}, {system}"),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_described_by_name_and_system() {
        let describe = |agent: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::USER_AGENT, agent.parse().unwrap());
            describe_browser(&headers)
        };
        for (agent, description) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0",
                "Firefox, Linux",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
                "Edge, Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1",
                "Safari, iOS",
            ),
            ("curl/8.0", ""),
        ] {
            assert_eq!(describe(agent), description);
        }
        assert_eq!(describe_browser(&HeaderMap::new()), "");
    }
}
