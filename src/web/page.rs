//! Parts common to all pages: language links, error pages, security headers and the style sheet.

use std::sync::{Arc, LazyLock};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as STANDARD;
use sha2::{Digest as _, Sha256};
use url::form_urlencoded::Serializer;

use super::brand::image_sources;
use super::client::ClientInfo;
use super::error::{TOO_MANY_REQUESTS, WebError, WebResult};
use super::state::{SharedState, WebState};
use crate::http::{Problem, is_api_path};
use crate::templates::View;
use crate::templates::pages::{
    Action, ErrorPage, LanguageLink, NoticeKind, NoticePage, PageContext,
};

/// Source of the copy script in a policy, identified by its hash.
static COPY_SCRIPT_SOURCE: LazyLock<String> =
    LazyLock::new(|| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(COPY_SCRIPT))));
/// Script behind the copy buttons, which stay hidden without JavaScript.
pub(super) const COPY_SCRIPT: &str = include_str!("copy.js");
/// Policy of the page that shows an e-mail: its sandboxed frame, in which no script runs, inherits it and
/// needs the e-mail's own styles and images.
pub(super) const MAIL_CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src * data:; base-uri 'none'; frame-ancestors 'none'";
/// Policy of the demo's article page, which loads images and media from any host.
pub(super) const ARTICLE_CSP: &str = "default-src 'none'; style-src 'self'; img-src * data:; media-src *; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Policy of the admin area: its script and styles are files of this site, and only one named Trusted
/// Types policy may turn text into HTML.
pub(super) const ADMIN_CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: data:; connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types courant";

impl WebState {
    /// Returns the Content-Security-Policy of pages: it allows style sheets and forms of this site,
    /// and images of this site and of the hosts of its icon and logo; no scripts and no framing.
    fn policy(&self) -> String {
        let images = image_sources(&self.app.config.site);
        format!(
            "default-src 'none'; style-src 'self'; img-src {images}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
    }

    /// Returns the policy of pages with the copy script.
    pub(super) fn feed_page_policy(&self) -> String {
        format!("{}; script-src {}", self.policy(), *COPY_SCRIPT_SOURCE)
    }

    /// Returns the policy of pages with the script of the demo, which loads the same page again.
    pub(super) fn demo_page_policy(&self) -> String {
        format!("{}; script-src 'self'; connect-src 'self'", self.policy())
    }

    /// Returns the values that every page needs. Language links are included only for GET and HEAD,
    /// where following one returns the same page.
    pub(super) fn page_context(&self, client: &ClientInfo, method: &Method) -> PageContext {
        let languages = if method == Method::GET || method == Method::HEAD {
            self.language_links(client)
        } else {
            Vec::new()
        };
        let site = &self.app.config.site;
        let title = site.title_in(&client.language);
        PageContext {
            logo: site.logo.clone(),
            icon: site.icon.clone().unwrap_or_else(|| format!("{}/favicon.svg", self.base_path)),
            accent_url: self.accent_path(),
            description: self.translate(client, "index-lede", &[("site", title)]),
            canonical_url: Some(client.path.as_str())
                .filter(|path| method != Method::POST && !holds_token(path))
                .map(|path| format!("{}{path}", site.base_url)),
            image: site.logo.clone().or_else(|| site.icon.clone()),
            language: client.language.clone(),
            site_title: title.to_owned(),
            base: self.base_path.clone(),
            languages,
            lang_query: client.lang_query(),
            demo: self.demo.is_some(),
            alternates: Vec::new(),
        }
    }

    fn language_links(&self, client: &ClientInfo) -> Vec<LanguageLink> {
        let link = |(code, name): (String, String)| {
            let other_params = client.query.iter().filter(|(key, _)| key != "lang");
            let query = Serializer::new(String::new())
                .extend_pairs(other_params)
                .append_pair("lang", &code)
                .finish();
            LanguageLink { current: code == client.language, url: format!("?{query}"), code, name }
        };
        let offered = self.languages.codes(&self.app);
        let is_offered =
            |(code, _): &(String, String)| offered.contains(code) || *code == client.language;
        let links: Vec<LanguageLink> =
            self.app.templates.languages().into_iter().filter(is_offered).map(link).collect();
        if links.len() > 1 { links } else { Vec::new() }
    }

    /// Returns a text in the client's language.
    pub(super) fn translate(
        &self,
        client: &ClientInfo,
        key: &str,
        values: &[(&str, &str)],
    ) -> String {
        self.app.templates.text(&client.language, key, values)
    }

    /// Renders a page as an HTML response.
    pub(super) async fn render<V: View>(&self, view: &V) -> WebResult<Response> {
        Ok(Html(self.app.templates.page(view).await?).into_response())
    }

    /// Renders a notice of success with a link to the home page.
    pub(super) async fn notice_page(
        &self,
        client: &ClientInfo,
        title: String,
        sentences: Vec<String>,
    ) -> WebResult<Response> {
        let back = Action {
            text: self.translate(client, "page-back", &[]),
            url: format!("{}/{}", self.base_path, client.lang_query()),
        };
        let page = self.page_context(client, &Method::POST);
        self.render(&NoticePage {
            page,
            kind: NoticeKind::Success,
            title,
            sentences,
            actions: vec![back],
        })
        .await
    }

    /// Renders the page of an error, or returns its plain text if rendering fails.
    async fn render_error(
        &self,
        client: &ClientInfo,
        method: &Method,
        error: &WebError,
    ) -> Response {
        let title = self.translate(client, &format!("{}-title", error.text_key), &[]);
        let sentence = match (error.text_key, error.retry_after) {
            (key @ TOO_MANY_REQUESTS, Some(seconds)) => {
                let minutes = (seconds + 59) / 60;
                self.app.templates.text_with_number(&client.language, key, "minutes", minutes)
            }
            (key, _) => self.translate(client, key, &[]),
        };
        let page = PageContext { canonical_url: None, ..self.page_context(client, method) };
        let view =
            ErrorPage { page, status: error.status.as_u16(), title, sentence: sentence.clone() };
        match self.app.templates.page(&view).await {
            Ok(html) => Html(html).into_response(),
            Err(cause) => {
                tracing::error!("cannot render the error page: {cause:#}");
                sentence.into_response()
            }
        }
    }
}

/// Middleware: renders errors (as problem details for the API, as plain text for the hub), logs
/// them, and adds the security headers to every response.
pub(super) async fn error_pages(
    State(web): State<SharedState>,
    client: ClientInfo,
    request: Request,
    next: Next,
) -> Response {
    // Only the first segment of the path is logged: the others may hold a token.
    let first_segment = request.uri().path().split('/').nth(1).unwrap_or_default().to_owned();
    let is_api = is_api_path(request.uri().path());
    let method = request.method().clone();
    let mut response = next.run(request).await;
    if let Some(error) = response.extensions_mut().remove::<Arc<WebError>>() {
        if let Some(cause) = &error.cause {
            tracing::error!(%method, "/{first_segment}: {cause:#}");
        }
        let allow = response.headers_mut().remove(header::ALLOW);
        response = match first_segment.as_str() {
            _ if is_api => Problem::from_status(error.status).into_response(),
            "hub" => (error.status, format!("{}\n", error.summary())).into_response(),
            _ => (error.status, web.render_error(&client, &method, &error).await).into_response(),
        };
        let headers = response.headers_mut();
        headers.extend(allow.map(|allow| (header::ALLOW, allow)));
        if first_segment.starts_with("feeds") {
            feed_error_headers(headers, error.status);
        }
        if let Some(seconds) = error.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
    }
    let is_admin = first_segment == "admin";
    security_headers(&mut response, &web, may_hold_token(&first_segment), is_admin);
    response
}

/// Adds the headers that feed readers and cross-origin scripts need on errors below `/feeds`.
fn feed_error_headers(headers: &mut HeaderMap, status: StatusCode) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    match status {
        StatusCode::NOT_FOUND => {
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=60"))
        }
        StatusCode::NOT_ACCEPTABLE => headers
            .insert(header::VARY, HeaderValue::from_static("Accept-Encoding, Accept-Language")),
        _ => None,
    };
}

/// Returns `true` if a path is below a segment with personal tokens.
fn holds_token(path: &str) -> bool {
    may_hold_token(path.split('/').nth(1).unwrap_or_default())
}

/// Returns `true` if paths below this first segment hold a personal token.
fn may_hold_token(first_segment: &str) -> bool {
    matches!(first_segment, "confirm" | "unsubscribe" | "admin")
}

/// Adds security and caching headers that the response does not set itself.
fn security_headers(response: &mut Response, web: &WebState, is_private: bool, is_admin: bool) {
    let is_page = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|t| t.as_bytes().starts_with(b"text/html"));
    let headers = response.headers_mut();
    if is_page
        && !headers.contains_key(header::CONTENT_SECURITY_POLICY)
        && let Ok(policy) = HeaderValue::try_from(web.policy())
    {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    let mut add = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    add(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    if is_page {
        add(header::VARY, "accept-language");
        add(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    }
    if is_private {
        // With `no-referrer`, browsers send no `Origin` with a form either (Fetch, section 3.2), which the
        // check of the admin area needs over plain HTTP.
        let referrer = if is_admin { "same-origin" } else { "no-referrer" };
        add(header::REFERRER_POLICY, referrer);
        add(HeaderName::from_static("x-robots-tag"), "noindex");
        add(header::CACHE_CONTROL, "no-store");
    } else {
        if is_page {
            add(header::REFERRER_POLICY, "same-origin");
        }
        add(header::CACHE_CONTROL, "private, no-cache");
    }
}
