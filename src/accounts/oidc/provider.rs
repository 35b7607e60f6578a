//! The OpenID provider: its metadata (OpenID Connect Discovery 1.0), keys and token endpoint.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hyper::body::Bytes;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::{Method, StatusCode};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use url::Url;
use url::form_urlencoded::{Serializer, byte_serialize};

use super::error::OidcError;
use crate::config::OidcSettings;
use crate::domain::time::{HOUR, MINUTE, Millis};
use crate::net::http_client::{AddressPolicy, Client};

/// Longest time that one request to the provider may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// Maximum size of a response in bytes.
const MAX_RESPONSE_BYTES: usize = 256 * 1024;

/// The configured provider, with a copy of its metadata and keys.
#[derive(Debug)]
pub struct OidcProvider {
    /// Settings in the table `[admin.oidc]`.
    pub(super) settings: OidcSettings,
    /// URL to which the provider sends the browser back.
    pub(super) redirect_uri: String,
    client: Client,
    metadata: Mutex<Option<(Metadata, Millis)>>,
    keys: Mutex<Option<(JwkSet, Millis)>>,
}

/// Metadata that Courant uses.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Metadata {
    issuer: String,
    #[serde(deserialize_with = "url_text")]
    pub(super) authorization_endpoint: Url,
    #[serde(deserialize_with = "url_text")]
    token_endpoint: Url,
    #[serde(deserialize_with = "url_text")]
    jwks_uri: Url,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    pub(super) authorization_response_iss_parameter_supported: bool,
}

/// Reads a URL as text.
fn url_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
    let text = String::deserialize(deserializer)?;
    Url::parse(&text).map_err(serde::de::Error::custom)
}

impl Metadata {
    /// Returns `true` if an endpoint is less protected than the issuer.
    fn has_plain_endpoint(&self) -> bool {
        let endpoints = [&self.authorization_endpoint, &self.token_endpoint, &self.jwks_uri];
        self.issuer.starts_with("https://")
            && endpoints.iter().any(|endpoint| endpoint.scheme() != "https")
    }
}

#[derive(Deserialize)]
struct TokenResponse {
    id_token: String,
}

impl OidcProvider {
    /// Creates a provider that is contacted at the first sign-in.
    pub fn new(settings: OidcSettings, base_url: &str) -> Self {
        Self {
            settings,
            redirect_uri: format!("{base_url}/admin/oidc/callback"),
            client: Client::new(AddressPolicy::Any, REQUEST_TIMEOUT, base_url),
            metadata: Mutex::default(),
            keys: Mutex::default(),
        }
    }

    /// Returns the metadata, at most an hour old.
    pub(super) async fn metadata(&self, now: Millis) -> Result<Metadata, OidcError> {
        if let Some((metadata, at)) = &*self.metadata.lock().unwrap_or_else(PoisonError::into_inner)
            && *at <= now
            && now.since(*at) < HOUR
        {
            return Ok(metadata.clone());
        }
        let issuer = &self.settings.issuer;
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let url = Url::parse(&url).map_err(|e| OidcError::Unavailable(e.to_string()))?;
        let metadata: Metadata = self.get(&url).await?;
        if metadata.issuer != *issuer {
            return Err(OidcError::Refused("the provider has another issuer than configured"));
        }
        if metadata.has_plain_endpoint() {
            return Err(OidcError::Refused("an endpoint of the provider is not https"));
        }
        let stored = Some((metadata.clone(), now));
        *self.metadata.lock().unwrap_or_else(PoisonError::into_inner) = stored;
        Ok(metadata)
    }

    /// Returns the key with an id, or the only key if the token names none. The keys are read again for an
    /// unknown id, at most once a minute.
    pub(super) async fn key(&self, kid: Option<&str>, now: Millis) -> Result<Jwk, OidcError> {
        let known = self.keys.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((keys, _)) = &known
            && let Some(key) = find_key(keys, kid)
        {
            return Ok(key);
        }
        let is_recent = |at: Millis| at <= now && now.since(at) < MINUTE;
        if known.is_some_and(|(_, at)| is_recent(at)) {
            return Err(OidcError::Refused("the ID token is signed with an unknown key"));
        }
        let keys: JwkSet = self.get(&self.metadata(now).await?.jwks_uri).await?;
        let found = find_key(&keys, kid);
        *self.keys.lock().unwrap_or_else(PoisonError::into_inner) = Some((keys, now));
        found.ok_or(OidcError::Refused("the ID token is signed with an unknown key"))
    }

    /// Exchanges a code for an ID token (RFC 6749, section 4.1.3).
    pub(super) async fn exchange(
        &self,
        code: &str,
        verifier: &str,
        now: Millis,
    ) -> Result<String, OidcError> {
        let metadata = self.metadata(now).await?;
        let (headers, body) = self.token_request(&metadata, code, verifier);
        let token: TokenResponse =
            self.request(Method::POST, &metadata.token_endpoint, headers, body).await?;
        Ok(token.id_token)
    }

    /// Returns headers and body of a token request, with the client's secret as the provider expects it.
    fn token_request(&self, metadata: &Metadata, code: &str, verifier: &str) -> (HeaderMap, Bytes) {
        let (id, secret) = (&self.settings.client_id, &self.settings.client_secret);
        let mut form = Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", &self.redirect_uri)
            .append_pair("code_verifier", verifier);
        let mut headers = HeaderMap::new();
        let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(CONTENT_TYPE, form_type);
        let methods = metadata.token_endpoint_auth_methods_supported.as_deref();
        let supports = |method: &str| methods.is_some_and(|all| all.iter().any(|m| m == method));
        if supports("client_secret_post") && !supports("client_secret_basic") {
            form.append_pair("client_id", id).append_pair("client_secret", secret);
        } else {
            let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
            let pair = BASE64_STANDARD.encode(format!("{}:{}", encode(id), encode(secret)));
            if let Ok(mut value) = HeaderValue::try_from(format!("Basic {pair}")) {
                value.set_sensitive(true);
                headers.insert(AUTHORIZATION, value);
            }
        }
        (headers, Bytes::from(form.finish()))
    }

    async fn get<T: DeserializeOwned>(&self, url: &Url) -> Result<T, OidcError> {
        self.request(Method::GET, url, HeaderMap::new(), Bytes::new()).await
    }

    async fn request<T: DeserializeOwned>(
        &self,
        method: Method,
        url: &Url,
        mut headers: HeaderMap,
        body: Bytes,
    ) -> Result<T, OidcError> {
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let unavailable = |reason: String| {
            OidcError::Unavailable(format!("the OpenID provider at {url} fails: {reason}"))
        };
        let response = self.client.send(method, url, headers, body, MAX_RESPONSE_BYTES).await;
        let response = response.map_err(|e| unavailable(e.to_string()))?;
        if response.status == StatusCode::BAD_REQUEST {
            return Err(OidcError::Refused("the provider does not accept the code"));
        }
        if response.status != StatusCode::OK || !response.is_complete {
            return Err(unavailable(format!("status {}", response.status)));
        }
        serde_json::from_slice(&response.body).map_err(|e| unavailable(e.to_string()))
    }
}

fn find_key(keys: &JwkSet, kid: Option<&str>) -> Option<Jwk> {
    match (kid, keys.keys.as_slice()) {
        (Some(kid), _) => keys.find(kid).cloned(),
        (None, [only]) => Some(only.clone()),
        (None, _) => None,
    }
}
