//! Response headers of a feed document, for 200 and 304 responses in each content coding.
//!
//! The fast path computes them once for each version of a declared feed; a response is a copy of
//! them with a shared body. The router computes them for each request to another document.

use std::sync::OnceLock;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;

use super::negotiation::{ContentCoding, http_date, is_unchanged, negotiate_coding};
use crate::config::{Config, Feed};
use crate::domain::site_urls::SiteUrls;
use crate::domain::time::Millis;
use crate::feeds::cache::FeedCache;
use crate::feeds::headers::{browser_content_type, cache_control, content_type};
use crate::feeds::plan;
use crate::feeds::rendered::RenderedFeed;
use crate::feeds::request::DocumentKind;

/// Response headers that cross-origin scripts may read.
const EXPOSED_HEADERS: &str = "ETag, Last-Modified, Link";

/// Response headers of one version of a document.
#[derive(Debug)]
pub(super) struct DocumentHeaders {
    etag: String,
    modified: Option<Millis>,
    content_type: String,
    /// Headers that 200 and 304 responses share, except for the entity tag.
    common: HeaderMap,
    by_coding: [OnceLock<HeaderSet>; 3],
}

/// Response headers in one content coding.
#[derive(Debug)]
struct HeaderSet {
    full: HeaderMap,
    not_modified: HeaderMap,
}

/// Result of the content negotiation.
pub(super) enum Negotiated {
    Response(Response),
    /// The client gets Brotli, whose body has to be read from the disk first.
    NeedsBrotliBody,
}

impl DocumentHeaders {
    /// Computes the headers of a document of `feed`.
    pub(super) fn new(
        config: &Config,
        feed: &Feed,
        kind: DocumentKind,
        rendered: &RenderedFeed,
    ) -> Self {
        let url = match kind {
            DocumentKind::Page(page) => plan::archive_page_url(config, feed, page),
            DocumentKind::Newest | DocumentKind::NextOf(_) => {
                SiteUrls(&config.site.base_url).feed_page(&feed.path())
            }
        };
        let hubs =
            if matches!(kind, DocumentKind::Page(_)) { Vec::new() } else { config.hubs_of(feed) };
        let links = link_header(&hubs, &format!("{url}.{}", rendered.format.extension()));
        let mut common = HeaderMap::with_capacity(12);
        let fixed = [
            (header::VARY, "Accept-Encoding"),
            (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
            (header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED_HEADERS),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        common.extend(fixed.map(|(name, text)| (name, HeaderValue::from_static(text))));
        insert_valid(&mut common, header::CACHE_CONTROL, &cache_control(feed, kind));
        insert_valid(&mut common, header::LINK, &links);
        if let Some(at) = rendered.modified {
            insert_valid(&mut common, header::LAST_MODIFIED, &http_date(at));
        }
        if feed.secret.is_some() {
            common.insert(
                HeaderName::from_static("x-robots-tag"),
                HeaderValue::from_static("noindex"),
            );
        }
        let content_type = if config.server.browser_content_types {
            browser_content_type(rendered.format).to_owned()
        } else {
            content_type(rendered.format)
        };
        Self {
            etag: rendered.etag.clone(),
            modified: rendered.modified,
            content_type,
            common,
            by_coding: Default::default(),
        }
    }

    /// Returns `true` if the headers belong to this version of the document.
    pub(super) fn matches(&self, rendered: &RenderedFeed) -> bool {
        self.modified == rendered.modified && self.etag == rendered.etag
    }

    /// Responds to a GET or HEAD request; `None` if the client accepts none of the available
    /// codings.
    pub(super) fn negotiate(
        &self,
        rendered: &RenderedFeed,
        cache: &FeedCache,
        method: &Method,
        request_headers: &HeaderMap,
        clock: fn() -> Millis,
    ) -> Option<Negotiated> {
        let brotli_length = rendered.brotli_length();
        let coding = match (negotiate_coding(request_headers, true), brotli_length) {
            (Some(ContentCoding::Brotli), None) => {
                rendered.request_brotli();
                negotiate_coding(request_headers, false)
            }
            (best, _) => best,
        }?;
        let set = self.header_set(rendered, coding, brotli_length.unwrap_or_default());
        if is_unchanged(request_headers, &self.etag, self.modified, clock) {
            return Some(Negotiated::Response(response(
                StatusCode::NOT_MODIFIED,
                &set.not_modified,
                Body::empty(),
            )));
        }
        let body = match coding {
            _ if method == Method::HEAD => Bytes::new(),
            ContentCoding::Gzip => rendered.gzip(),
            ContentCoding::Identity => cache.identity(rendered),
            ContentCoding::Brotli => match cache.cached_brotli(rendered) {
                Some(body) => body,
                None => return Some(Negotiated::NeedsBrotliBody),
            },
        };
        Some(Negotiated::Response(response(StatusCode::OK, &set.full, Body::from(body))))
    }

    /// Completes [`Negotiated::NeedsBrotliBody`] with the body read from the disk, or falls back to
    /// another coding if that failed.
    pub(super) fn finish_brotli(
        &self,
        rendered: &RenderedFeed,
        cache: &FeedCache,
        request_headers: &HeaderMap,
        brotli_body: Option<Bytes>,
    ) -> Option<Response> {
        let brotli_length = brotli_body.as_ref().map_or(0, Bytes::len);
        let (coding, body) = match (brotli_body, negotiate_coding(request_headers, false)) {
            (Some(body), _) => (ContentCoding::Brotli, body),
            (None, Some(ContentCoding::Gzip)) => (ContentCoding::Gzip, rendered.gzip()),
            (None, Some(_)) => (ContentCoding::Identity, cache.identity(rendered)),
            (None, None) => return None,
        };
        let set = self.header_set(rendered, coding, brotli_length);
        Some(response(StatusCode::OK, &set.full, Body::from(body)))
    }

    /// Returns the headers for a coding. The length of the Brotli body is that of the body chosen for
    /// this response, because the document may lose it meanwhile.
    fn header_set(
        &self,
        rendered: &RenderedFeed,
        coding: ContentCoding,
        brotli_length: usize,
    ) -> &HeaderSet {
        self.by_coding[coding as usize].get_or_init(|| {
            let (suffix, name, length) = match coding {
                ContentCoding::Identity => ("", None, rendered.length),
                ContentCoding::Gzip => ("-gz", Some("gzip"), rendered.gzip().len()),
                ContentCoding::Brotli => ("-br", Some("br"), brotli_length),
            };
            let mut not_modified = self.common.clone();
            // A strong tag names bytes, so each coding has its own (RFC 9110 section 8.8.3.3).
            insert_valid(&mut not_modified, header::ETAG, &format!("\"{}{suffix}\"", self.etag));
            let mut full = not_modified.clone();
            insert_valid(&mut full, header::CONTENT_TYPE, &self.content_type);
            full.extend(
                name.map(|name| (header::CONTENT_ENCODING, HeaderValue::from_static(name))),
            );
            full.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("inline"));
            full.insert(header::ACCEPT_RANGES, HeaderValue::from_static("none"));
            full.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
            HeaderSet { full, not_modified }
        })
    }
}

fn response(status: StatusCode, headers: &HeaderMap, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers.clone();
    response
}

/// Inserts a header unless its value is not valid; the configuration check has already rejected
/// such values.
fn insert_valid(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    headers.extend(HeaderValue::try_from(text).map(|value| (name, value)));
}

/// Returns the `Link` header with the feed's hubs and its own URL (WebSub section 4).
fn link_header(hubs: &[String], url: &str) -> String {
    let hubs: String = hubs.iter().map(|hub| format!("<{hub}>; rel=\"hub\", ")).collect();
    format!("{hubs}<{url}>; rel=\"self\"")
}
