//! Header values of a document wherever it is served from: `Content-Type` and `Cache-Control`.

use super::format::Format;
use super::request::DocumentKind;
use crate::config::Feed;

/// Cache lifetime of archive pages in seconds: one year.
const ARCHIVE_MAX_AGE_SECONDS: i64 = 31_536_000;

/// Returns the value of `Content-Type`. JSON is always UTF-8 and has no `charset` parameter.
pub fn content_type(format: Format) -> String {
    let essence = format.media_type();
    if essence.ends_with("+xml") { format!("{essence}; charset=utf-8") } else { essence.to_owned() }
}

/// Returns a generic content type with which browsers display the document instead of downloading
/// it.
pub fn browser_content_type(format: Format) -> &'static str {
    match format {
        Format::Rss | Format::Atom => "application/xml; charset=utf-8",
        Format::Json => "application/json",
    }
}

/// Returns the value of `Cache-Control`. Readers may cache a feed for its `max_age`. A shared cache
/// may serve a stale feed while it revalidates, and for a day if the server fails (RFC 5861).
/// Archive pages are cached for a year, and private feeds by no shared cache.
pub fn cache_control(feed: &Feed, kind: DocumentKind) -> String {
    let seconds = match kind {
        DocumentKind::Page(_) => ARCHIVE_MAX_AGE_SECONDS,
        DocumentKind::Newest | DocumentKind::NextOf(_) => feed.max_age.as_secs(),
    };
    match feed.secret {
        Some(_) => format!("private, max-age={seconds}"),
        None => {
            format!("public, max-age={seconds}, stale-while-revalidate=600, stale-if-error=86400")
        }
    }
}
