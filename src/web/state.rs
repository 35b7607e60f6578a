//! State shared by all handlers, and the limits of requests.

use std::sync::{Arc, LazyLock, OnceLock};

use tokio::sync::Mutex;
use url::Url;

use super::api_operations;
use super::compressed_assets::CompressedAssets;
use super::error::{WebError, WebResult};
use super::paused_digests::PausedDigests;
use super::section_cache::SectionCache;
use super::site_languages::SiteLanguages;
use super::terms::TermCache;
use crate::accounts::OidcProvider;
use crate::app::App;
use crate::demo::Demo;
use crate::domain::time::Millis;
use crate::feeds::opml::Opml;
use crate::http::{RateLimiter, TokenGate};
use crate::templates::pages::ApiGroup;

/// Maximum size of a request body in bytes.
pub(super) const MAX_BODY_BYTES: usize = 64 * 1024;
/// Subscription requests that one network may make per hour.
pub(super) const SUBSCRIBE_REQUESTS_PER_HOUR: u32 = 20;
/// Subscription requests per hour of all clients whose address is not known, for example because the
/// proxy does not state it.
pub(super) const SUBSCRIBE_REQUESTS_OF_UNKNOWN_PER_HOUR: u32 = 100;
/// WebSub requests that one network may make per hour; a feed service subscribes to each feed and
/// format.
pub(super) const HUB_REQUESTS_PER_HOUR: u32 = 600;
/// WebSub requests per hour of all clients whose address is not known.
pub(super) const HUB_REQUESTS_OF_UNKNOWN_PER_HOUR: u32 = 6_000;
/// Sign-ins that one network may attempt per hour.
pub(super) const SIGN_INS_PER_HOUR: u32 = 60;
/// Sign-ins per hour of all clients whose address is not known.
pub(super) const SIGN_INS_OF_UNKNOWN_PER_HOUR: u32 = 600;
/// Refused requests per hour of one network that are looked at for the audit log.
const RECORDED_REFUSALS_PER_HOUR: u32 = 60;

/// State shared by all handlers.
#[derive(Debug)]
pub(super) struct WebState {
    pub(super) app: App,
    pub(super) demo: Option<Demo>,
    /// Path of `base_url` without a trailing slash.
    pub(super) base_path: String,
    pub(super) terms: TermCache,
    /// Languages in which pages are offered.
    pub(super) languages: SiteLanguages,
    /// Files that pages load, compressed.
    pub(super) assets: CompressedAssets,
    /// OPML list of the public feeds; `None` without public feeds.
    pub(super) opml: Option<Opml>,
    /// Limits subscription requests per network.
    pub(super) subscribe_limiter: RateLimiter,
    /// Limits requests to the WebSub hub per network.
    pub(super) hub_limiter: RateLimiter,
    /// OpenID provider with which users sign in, if one is configured.
    pub(super) oidc: Option<OidcProvider>,
    /// Limits sign-ins per network.
    pub(super) sign_in_limiter: RateLimiter,
    /// Limits the work for audit entries about refused requests per network.
    pub(super) refusal_limiter: RateLimiter,
    /// Operations of the API, read when the reference page is first asked for.
    api_reference: OnceLock<Vec<ApiGroup>>,
    /// Text of the OpenAPI document; `None` without an API.
    api_document: Option<&'static LazyLock<String>>,
    /// Checks the tokens of requests to the metrics.
    pub(super) token_gate: Arc<TokenGate>,
    pub(super) sections: SectionCache,
    pub(super) paused_digests: PausedDigests,
    /// Time of the last read of the database for the metrics; locked while one scrape updates the
    /// values.
    pub(super) metrics_read_at: Mutex<Option<Millis>>,
}

impl WebState {
    /// Returns the operations of the API by subject.
    pub(super) fn api_reference(&self) -> &[ApiGroup] {
        self.api_reference.get_or_init(|| {
            let text = self.api_document.map_or("null", |document| document.as_str());
            // The document is written by this program, so it is always JSON.
            let document = serde_json::from_str(text).unwrap_or_default();
            api_operations::groups(&document, &self.app.config.site.base_url)
        })
    }

    /// Returns the settings of the demo, or "not found" outside the demo.
    pub(super) fn demo(&self) -> WebResult<&Demo> {
        self.demo.as_ref().ok_or_else(WebError::not_found)
    }
}

/// The shared state as handlers receive it.
pub(super) type SharedState = Arc<WebState>;

/// Creates the state shared by all handlers; `api_document` is the OpenAPI document of
/// the API.
pub(super) fn build_state(
    app: App,
    demo: Option<Demo>,
    api_document: Option<&'static LazyLock<String>>,
) -> SharedState {
    let base_path = base_path(&app.config.site.base_url);
    let opml = Opml::from_config(&app.config);
    let assets = CompressedAssets::new(&app.templates);
    let settings = app.config.admin.oidc.clone();
    let oidc = settings.map(|settings| OidcProvider::new(settings, &app.config.site.base_url));
    Arc::new(WebState {
        token_gate: TokenGate::new(app.clone()),
        api_reference: OnceLock::new(),
        api_document,
        oidc,
        app,
        demo,
        base_path,
        terms: TermCache::default(),
        languages: SiteLanguages::default(),
        assets,
        opml,
        subscribe_limiter: RateLimiter::new(SUBSCRIBE_REQUESTS_PER_HOUR)
            .with_unknown(SUBSCRIBE_REQUESTS_OF_UNKNOWN_PER_HOUR),
        hub_limiter: RateLimiter::new(HUB_REQUESTS_PER_HOUR)
            .with_unknown(HUB_REQUESTS_OF_UNKNOWN_PER_HOUR),
        sign_in_limiter: RateLimiter::new(SIGN_INS_PER_HOUR)
            .with_unknown(SIGN_INS_OF_UNKNOWN_PER_HOUR),
        refusal_limiter: RateLimiter::new(RECORDED_REFUSALS_PER_HOUR)
            .with_unknown(RECORDED_REFUSALS_PER_HOUR),
        sections: SectionCache::default(),
        paused_digests: PausedDigests::default(),
        metrics_read_at: Mutex::default(),
    })
}

/// Returns the path of a URL without a trailing slash.
fn base_path(base_url: &str) -> String {
    Url::parse(base_url).map(|url| url.path().trim_end_matches('/').to_owned()).unwrap_or_default()
}
