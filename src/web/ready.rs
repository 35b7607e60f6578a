//! What is said about a document, made ready: the headers of a whole answer and of "not modified", in each coding.
//!
//! They are made when the document is first asked for, and serve until it changes; an answer is a copy of them and a body
//! that is shared.

use std::sync::OnceLock;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;

use super::negotiation::{Coding, coding, http_date, is_unchanged};
use crate::config::{Config, Feed};
use crate::domain::links::Links;
use crate::domain::time::Millis;
use crate::feeds::address::Place;
use crate::feeds::headers::{cache_control, content_type, generic_type};
use crate::feeds::made::Made;
use crate::feeds::plan;
use crate::feeds::shelf::Shelf;

/// What scripts of other sites may read.
const EXPOSED: &str = "ETag, Last-Modified, Link";

/// The headers of one version of a document.
#[derive(Debug)]
pub(super) struct Ready {
    etag: String,
    modified: Option<Millis>,
    content_type: String,
    /// What a 200 and a 304 have in common, but for the entity tag.
    common: HeaderMap,
    said: [OnceLock<Said>; 3],
}

/// The headers in one coding.
#[derive(Debug)]
struct Said {
    whole: HeaderMap,
    unchanged: HeaderMap,
}

/// An answer, or what it lacks.
pub(super) enum Begun {
    Answer(Response),
    /// All but the body, which has to be read from the disk.
    Brotli,
}

impl Ready {
    /// What is said about a document of a feed.
    pub(super) fn of(config: &Config, feed: &Feed, place: Place, made: &Made) -> Self {
        let address = match place {
            Place::Page(page) => plan::address(config, feed, page),
            Place::Newest | Place::After(_) => Links(&config.site.base_url).feed_page(&feed.path()),
        };
        let hubs = if matches!(place, Place::Page(_)) { Vec::new() } else { config.hubs_of(feed) };
        let links = discovery(&hubs, &format!("{address}.{}", made.format.extension()));
        let mut common = HeaderMap::with_capacity(12);
        let fixed = [
            (header::VARY, "Accept-Encoding"),
            (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
            (header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        common.extend(fixed.map(|(name, text)| (name, HeaderValue::from_static(text))));
        add(&mut common, header::CACHE_CONTROL, &cache_control(feed, place));
        add(&mut common, header::LINK, &links);
        if let Some(at) = made.modified {
            add(&mut common, header::LAST_MODIFIED, &http_date(at));
        }
        if feed.private.is_some() {
            common.insert(
                HeaderName::from_static("x-robots-tag"),
                HeaderValue::from_static("noindex"),
            );
        }
        let content_type = if config.server.generic_types {
            generic_type(made.format).to_owned()
        } else {
            content_type(made.format)
        };
        Self {
            etag: made.etag.clone(),
            modified: made.modified,
            content_type,
            common,
            said: Default::default(),
        }
    }

    /// Whether it is about this version.
    pub(super) fn is_about(&self, made: &Made) -> bool {
        self.modified == made.modified && self.etag == made.etag
    }

    /// Answers a GET or HEAD for the document; `None` if the client takes none of its codings.
    pub(super) fn begin(
        &self,
        made: &Made,
        shelf: &Shelf,
        method: &Method,
        asked: &HeaderMap,
    ) -> Option<Begun> {
        let coding = match (coding(asked, true), made.brotli_length()) {
            (Some(Coding::Brotli), None) => {
                made.want_brotli();
                coding(asked, false)
            }
            (best, _) => best,
        }?;
        let said = self.said(made, coding);
        if is_unchanged(asked, &self.etag, self.modified) {
            return Some(Begun::Answer(answer(
                StatusCode::NOT_MODIFIED,
                &said.unchanged,
                Body::empty(),
            )));
        }
        let body = match coding {
            _ if method == Method::HEAD => Bytes::new(),
            Coding::Gzip => made.gzip(),
            Coding::Identity => shelf.plain(made),
            Coding::Brotli => match shelf.brotli_at_hand(made) {
                Some(body) => body,
                None => return Some(Begun::Brotli),
            },
        };
        Some(Begun::Answer(answer(StatusCode::OK, &said.whole, Body::from(body))))
    }

    /// The answer for who wanted Brotli, with what was found on the disk; in another coding if nothing was.
    pub(super) fn finish(
        &self,
        made: &Made,
        shelf: &Shelf,
        asked: &HeaderMap,
        found: Option<Bytes>,
    ) -> Option<Response> {
        let (coding, body) = match (found, coding(asked, false)) {
            (Some(body), _) => (Coding::Brotli, body),
            (None, Some(Coding::Gzip)) => (Coding::Gzip, made.gzip()),
            (None, Some(_)) => (Coding::Identity, shelf.plain(made)),
            (None, None) => return None,
        };
        Some(answer(StatusCode::OK, &self.said(made, coding).whole, Body::from(body)))
    }

    fn said(&self, made: &Made, coding: Coding) -> &Said {
        self.said[coding as usize].get_or_init(|| {
            let (suffix, name, length) = match coding {
                Coding::Identity => ("", None, made.length),
                Coding::Gzip => ("-gz", Some("gzip"), made.gzip().len()),
                Coding::Brotli => ("-br", Some("br"), made.brotli_length().unwrap_or(0)),
            };
            let mut unchanged = self.common.clone();
            // A strong tag names bytes, so each coding has its own (RFC 9110 section 8.8.3.3).
            add(&mut unchanged, header::ETAG, &format!("\"{}{suffix}\"", self.etag));
            let mut whole = unchanged.clone();
            add(&mut whole, header::CONTENT_TYPE, &self.content_type);
            whole.extend(
                name.map(|name| (header::CONTENT_ENCODING, HeaderValue::from_static(name))),
            );
            whole.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("inline"));
            whole.insert(header::ACCEPT_RANGES, HeaderValue::from_static("none"));
            whole.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
            Said { whole, unchanged }
        })
    }
}

fn answer(status: StatusCode, headers: &HeaderMap, body: Body) -> Response {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    *answer.headers_mut() = headers.clone();
    answer
}

/// Adds a header of ours; what can't stand in one was refused when the configuration was read.
fn add(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    headers.extend(HeaderValue::try_from(text).map(|value| (name, value)));
}

/// Where else a reader may learn of this feed's news, and its own address (WebSub section 4).
fn discovery(hubs: &[String], address: &str) -> String {
    let hubs: String = hubs.iter().map(|hub| format!("<{hub}>; rel=\"hub\", ")).collect();
    format!("{hubs}<{address}>; rel=\"self\"")
}
