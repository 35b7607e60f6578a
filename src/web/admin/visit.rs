//! Requests of signed-in users to pages of the admin area.

use std::collections::BTreeMap;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::tz::TimeZone;

use super::nav::{Section, groups};
use crate::accounts::SignedIn;
use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::digest_scope::DigestScope;
use crate::domain::permission::Permission;
use crate::domain::time::{Millis, zone_name};
use crate::templates::pages::{
    AdminFrame, Crumb, LanguageLink, PausedBanner, PausedDigest, TimeText,
};
use crate::templates::{TextValue, View};
use crate::web::client::{ClientInfo, negotiate_language};
use crate::web::error::{WebError, WebResult};
use crate::web::page::ADMIN_CSP;
use crate::web::state::SharedState;

/// Number of paused digests above which the banner only counts them.
const MAX_PAUSED: usize = 3;
/// Query parameter with the catalog key of what a form did, below `admin-done-`.
const DONE: &str = "done";
/// Query parameter with the catalog key of why a form did nothing, below `admin-refused-`.
const REFUSED: &str = "refused";

/// Request of a signed-in user.
#[derive(Debug, Clone)]
pub(super) struct Visit {
    /// State shared by all handlers.
    pub(super) web: SharedState,
    /// Client, with the language of the user.
    pub(super) client: ClientInfo,
    /// User and session of the request.
    pub(super) signed_in: SignedIn,
    /// User as the actor of changes.
    pub(super) actor: Actor,
    /// Time zone of the user.
    pub(super) zone: TimeZone,
    /// Time of the request.
    pub(super) now: Millis,
    /// Paused digests with the times of their pauses.
    paused: BTreeMap<String, Millis>,
    method: Method,
    query: String,
}

impl FromRequestParts<SharedState> for Visit {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, web: &SharedState) -> Result<Self, WebError> {
        // The middleware of the route adds the user.
        let signed_in =
            parts.extensions.get::<SignedIn>().cloned().ok_or_else(WebError::missing_permission)?;
        let Ok(mut client) = ClientInfo::from_request_parts(parts, web).await;
        let templates = &web.app.templates;
        let preferences = &signed_in.user.preferences;
        client.language = match &preferences.language {
            Some(language) => templates.catalog_code(language).to_owned(),
            None => preferred_language(web, &parts.headers),
        };
        let paused = web.app.store.digests().paused().await?;
        let zone = preferences.timezone.as_deref().and_then(|name| TimeZone::get(name).ok());
        Ok(Self {
            web: SharedState::clone(web),
            client,
            actor: signed_in.user.actor(),
            zone: zone.unwrap_or_else(|| web.app.config.site.timezone.clone()),
            now: web.app.now(),
            paused,
            method: parts.method.clone(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            signed_in,
        })
    }
}

/// Returns the code of the best catalog for a browser: the admin area has all languages, whichever the
/// site has.
fn preferred_language(web: &SharedState, headers: &HeaderMap) -> String {
    let templates = &web.app.templates;
    let offered = templates.languages().into_iter().map(|(code, _)| code).collect();
    let site = &web.app.config.site.language;
    negotiate_language(templates, &offered, None, headers, site)
}

impl Visit {
    /// Returns the connected application.
    pub(super) fn app(&self) -> &App {
        &self.web.app
    }

    /// Returns `true` if the user has a permission.
    pub(super) fn may(&self, permission: Permission) -> bool {
        self.actor.may(permission)
    }

    /// Returns a text in the language of the user.
    pub(super) fn text(&self, key: &str, values: &[(&str, TextValue<'_>)]) -> String {
        self.app().templates.text_with(&self.client.language, key, values)
    }

    /// Returns a text in the language of the user; `None` if the catalogs do not have it.
    pub(super) fn known_text(&self, key: &str) -> Option<String> {
        // A missing text is its key.
        Some(self.text(key, &[])).filter(|text| text != key)
    }

    /// Returns the URL of a page of this site.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.web.base_path)
    }

    /// Returns a time for a person, in the zone of the user.
    pub(super) fn time(&self, time: Millis) -> TimeText {
        TimeText {
            text: time.in_zone(&self.zone),
            utc: format!("{} UTC", time.in_zone(&TimeZone::UTC)),
            iso: time.rfc3339(),
        }
    }

    /// Returns a query parameter, trimmed; `None` if it is missing or blank.
    pub(super) fn param(&self, name: &str) -> Option<&str> {
        self.client.query_param(name).map(str::trim).filter(|value| !value.is_empty())
    }

    /// Returns the context common to all pages, for a page in a section of the navigation.
    pub(super) fn frame(&self, section: Section, crumbs: Vec<Crumb>) -> AdminFrame {
        let mut page = self.web.page_context(&self.client, &self.method);
        page.languages = self.language_links();
        page.canonical_url = None;
        let user = &self.signed_in.user;
        let message = |parameter: &str| {
            let key = self.param(parameter).filter(|key| is_key(key))?;
            Some(self.text(&format!("admin-{parameter}-{key}"), &[]))
        };
        let query = if self.query.is_empty() { String::new() } else { format!("?{}", self.query) };
        AdminFrame {
            page,
            user: user.name.clone(),
            nav: groups(section, &self.actor),
            crumbs,
            command: None,
            call: None,
            done: message(DONE),
            refused: message(REFUSED),
            here: format!("{}{query}", self.client.path),
            zone: zone_name(&self.zone),
            has_shortcuts: user.preferences.has_shortcuts,
            paused_banner: self.paused_banner(),
        }
    }

    /// Returns the banner about the paused digests of the user; `None` if none is paused.
    fn paused_banner(&self) -> Option<PausedBanner> {
        let scope = self.actor.digests();
        let digests = self.app().config.digests.iter().filter(|one| scope.contains(&one.name));
        let names: Vec<&str> = digests.map(|digest| digest.name.as_str()).collect();
        let is_paused = |name: &&&str| self.paused.contains_key(**name);
        let count = names.iter().filter(is_paused).count();
        let is_all = count > 1 && count == names.len();
        let row = |name: &&str| PausedDigest {
            name: (*name).to_owned(),
            title: self.digest_title(name),
            since: self.paused.get(*name).map(|at| self.time(*at).text).unwrap_or_default(),
        };
        let listed = names.iter().filter(is_paused).map(row);
        (count > 0).then(|| PausedBanner {
            is_all,
            is_limited: scope != DigestScope::All,
            count,
            digests: if is_all || count > MAX_PAUSED { Vec::new() } else { listed.collect() },
            may_resume: self.may(Permission::ControlEditions),
        })
    }

    /// Returns the crumb of a section of the navigation.
    pub(super) fn crumb(&self, section: Section) -> Crumb {
        let item = section.item();
        Crumb { text: self.text(item.text_key, &[]), url: self.url(item.path) }
    }

    fn language_links(&self) -> Vec<LanguageLink> {
        let links = self.app().templates.languages().into_iter();
        links
            .map(|(code, name)| LanguageLink {
                current: code == self.client.language,
                url: String::new(),
                code,
                name,
            })
            .collect()
    }

    /// Renders a page of the admin area.
    pub(super) async fn render<V: View>(&self, view: &V) -> WebResult<Response> {
        self.render_as(StatusCode::OK, view).await
    }

    /// Renders a page of the admin area with a status, such as 422 for a form with errors.
    pub(super) async fn render_as<V: View>(
        &self,
        status: StatusCode,
        view: &V,
    ) -> WebResult<Response> {
        let mut response = self.web.render(view).await?;
        *response.status_mut() = status;
        let policy = HeaderValue::from_static(ADMIN_CSP);
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
        Ok(response)
    }

    /// Returns a redirect to a page of the admin area that says what a form did.
    pub(super) fn done(&self, path: &str, key: &str) -> Response {
        self.redirect(path, DONE, key)
    }

    /// Returns a redirect to a page of the admin area that says why a form did nothing.
    pub(super) fn refused(&self, path: &str, key: &str) -> Response {
        self.redirect(path, REFUSED, key)
    }

    fn redirect(&self, path: &str, parameter: &str, key: &str) -> Response {
        let separator = if path.contains('?') { '&' } else { '?' };
        let location = self.url(&format!("{path}{separator}{parameter}={key}"));
        (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
    }
}

/// Returns `true` for the end of a catalog key.
fn is_key(text: &str) -> bool {
    text.len() <= 40 && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
}
