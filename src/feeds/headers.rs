//! What is said beside a document, wherever it is served from: its type, and how long it may be kept.

use super::address::Place;
use super::format::Format;
use crate::config::Feed;
use crate::domain::time::SECOND;

/// Seconds.
const YEAR: i64 = 31_536_000;

/// The value of `Content-Type`; JSON is UTF-8 by definition and knows no such parameter.
pub fn content_type(format: Format) -> String {
    let essence = format.media_type();
    if essence.ends_with("+xml") { format!("{essence}; charset=utf-8") } else { essence.to_owned() }
}

/// The same as browsers know it, which then show the document.
pub fn generic_type(format: Format) -> &'static str {
    match format {
        Format::Rss | Format::Atom => "application/xml; charset=utf-8",
        Format::Json => "application/json",
    }
}

/// The value of `Cache-Control`: readers ask every few minutes, a cache may answer while it asks us, and for a day if we don't
/// answer; a page of an archive stays as it is, and a private feed is nobody else's to keep.
pub fn cache_control(feed: &Feed, place: Place) -> String {
    let seconds = match place {
        Place::Page(_) => YEAR,
        Place::Newest | Place::After(_) => feed.max_age / SECOND,
    };
    match feed.private {
        Some(_) => format!("private, max-age={seconds}"),
        None => {
            format!("public, max-age={seconds}, stale-while-revalidate=600, stale-if-error=86400")
        }
    }
}
