//! How every page is dressed: its language, its error pages, the headers that keep browsers careful.

use std::sync::{Arc, LazyLock};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as STANDARD;
use sha2::{Digest as _, Sha256};
use url::Url;
use url::form_urlencoded::Serializer;

use super::error::{WebError, WebResult};
use super::visitor::Visitor;
use super::{Shared, Web};
use crate::domain::time::DAY;
use crate::templates::View;
use crate::templates::pages::{Action, ErrorPage, LanguageLink, MessagePage, Page, Tone};

/// Nothing is loaded but our style sheet, nothing runs, no other site frames a page.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// The same, and one script of ours, told by its hash.
pub(super) static COPYING_POLICY: LazyLock<String> = LazyLock::new(|| {
    format!("{POLICY}; script-src 'sha256-{}'", STANDARD.encode(Sha256::digest(COPY_SCRIPT)))
});
/// Copies an address when its button is pressed; without it the buttons are not shown.
pub(super) const COPY_SCRIPT: &str = include_str!("copy.js");
/// A mail brings its own styles and pictures; its frame is sandboxed, and inherits this.
pub(super) const MAIL_POLICY: &str = "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src * data:; base-uri 'none'; frame-ancestors 'none'";
/// An article's pictures lie anywhere.
pub(super) const STORY_POLICY: &str = "default-src 'none'; style-src 'self'; img-src * data:; media-src *; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

impl Web {
    /// What every page needs; with links to the same page in other languages where GET gives the same page.
    pub(super) fn page(&self, visitor: &Visitor, method: &Method) -> Page {
        let languages = if method == Method::GET || method == Method::HEAD {
            self.languages(visitor)
        } else {
            Vec::new()
        };
        Page {
            language: visitor.language.clone(),
            site_title: self.app.config.site.title.clone(),
            base: self.base.clone(),
            languages,
            keep: visitor.keep(),
            demo: self.demo.is_some(),
            alternates: Vec::new(),
        }
    }

    fn languages(&self, visitor: &Visitor) -> Vec<LanguageLink> {
        let link = |(code, name): (String, String)| {
            let kept = visitor.query.iter().filter(|(key, _)| key != "lang");
            let query = Serializer::new(String::new())
                .extend_pairs(kept)
                .append_pair("lang", &code)
                .finish();
            LanguageLink { current: code == visitor.language, url: format!("?{query}"), code, name }
        };
        self.app.templates.languages().into_iter().map(link).collect()
    }

    /// A text in the visitor's language.
    pub(super) fn say(&self, visitor: &Visitor, key: &str, values: &[(&str, &str)]) -> String {
        self.app.templates.text(&visitor.language, key, values)
    }

    /// A page, ready to be sent.
    pub(super) fn show<V: View>(&self, view: &V) -> WebResult<Response> {
        Ok(Html(self.app.templates.page(view)?).into_response())
    }

    /// A page that says that something went well, with a way back.
    pub(super) fn tell(
        &self,
        visitor: &Visitor,
        title: String,
        sentences: Vec<String>,
    ) -> WebResult<Response> {
        let back = Action {
            text: self.say(visitor, "page-back", &[]),
            url: format!("{}/{}", self.base, visitor.keep()),
        };
        let page = self.page(visitor, &Method::POST);
        self.show(&MessagePage { page, tone: Tone::Good, title, sentences, actions: vec![back] })
    }

    /// The page of an error; its bare sentence if even that can't be made.
    fn apologise(&self, visitor: &Visitor, method: &Method, error: &WebError) -> Response {
        let title = match error.text {
            "subscribe-error-busy" => self.say(visitor, "subscribe-title", &[]),
            text => self.say(visitor, &format!("{text}-title"), &[]),
        };
        let sentence = self.say(visitor, error.text, &[]);
        let page = self.page(visitor, method);
        let view =
            ErrorPage { page, status: error.status.as_u16(), title, sentence: sentence.clone() };
        match self.app.templates.page(&view) {
            Ok(html) => Html(html).into_response(),
            Err(cause) => {
                tracing::error!("the error page can't be made: {cause:#}");
                sentence.into_response()
            }
        }
    }
}

/// The path of an address, without a slash at its end.
pub(super) fn path_of(base_url: &str) -> String {
    Url::parse(base_url).map(|url| url.path().trim_end_matches('/').to_owned()).unwrap_or_default()
}

/// Gives errors their pages and logs them, and adds the headers that every answer carries.
pub(super) async fn dress(
    State(web): State<Shared>,
    visitor: Visitor,
    request: Request,
    next: Next,
) -> Response {
    // Only the first step of the path: what follows may be a token.
    let place = request.uri().path().split('/').nth(1).unwrap_or_default().to_owned();
    let method = request.method().clone();
    let mut response = next.run(request).await;
    if let Some(error) = response.extensions_mut().remove::<Arc<WebError>>() {
        if let Some(cause) = &error.cause {
            tracing::error!(%method, "/{place}: {cause:#}");
        }
        let allow = response.headers_mut().remove(header::ALLOW);
        response = (error.status, web.apologise(&visitor, &method, &error)).into_response();
        let headers = response.headers_mut();
        headers.extend(allow.map(|allow| (header::ALLOW, allow)));
        if place.starts_with("feeds") {
            excuse(headers, error.status);
        }
        if let Some(seconds) = error.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
    }
    guard(&mut response, is_private(&place));
    response
}

/// What readers and scripts of other sites are told of a feed that they do not get.
fn excuse(headers: &mut HeaderMap, status: StatusCode) {
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

/// Whether the addresses below hold tokens: those pages are nobody else's business.
fn is_private(place: &str) -> bool {
    matches!(place, "confirm" | "unsubscribe")
}

fn guard(response: &mut Response, private: bool) {
    let is_page = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|t| t.as_bytes().starts_with(b"text/html"));
    let headers = response.headers_mut();
    let mut add = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    add(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    if is_page {
        add(header::CONTENT_SECURITY_POLICY, POLICY);
        add(header::VARY, "accept-language");
        add(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    }
    if private {
        add(header::REFERRER_POLICY, "no-referrer");
        add(HeaderName::from_static("x-robots-tag"), "noindex");
        add(header::CACHE_CONTROL, "no-store");
    } else {
        add(header::REFERRER_POLICY, "same-origin");
        add(header::CACHE_CONTROL, "private, no-cache");
    }
}

/// `/assets/style.css`: pages link to it with its hash, so that address never says anything else.
pub(super) async fn stylesheet(State(web): State<Shared>, visitor: Visitor) -> Response {
    let sheet = web.app.templates.stylesheet();
    let is_named = visitor.asked("v") == Some(sheet.hash.as_str());
    let keep = if is_named {
        format!("public, max-age={}, immutable", 365 * DAY / 1000)
    } else {
        "public, max-age=300".to_owned()
    };
    let headers = [
        (header::CONTENT_TYPE, "text/css; charset=utf-8".to_owned()),
        (header::CACHE_CONTROL, keep),
    ];
    (StatusCode::OK, headers, Body::from(sheet.text.clone())).into_response()
}
