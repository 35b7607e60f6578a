//! `/feeds/`: all public feeds for people; `/feeds.opml`: for programs; and what pages tell browsers of feeds.

use std::collections::HashSet;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::error::{WebError, WebResult};
use super::negotiation::{Coding, coding, is_unchanged};
use super::visitor::Visitor;
use super::{Shared, Web};
use crate::config::Feed;
use crate::domain::links::Links;
use crate::feeds::address::Subject;
use crate::feeds::format::Format;
use crate::feeds::opml;
use crate::templates::pages::{Alternate, FeedRow, FeedsPage};

/// Feeds that a page tells browsers of: more are a list that nobody reads.
const MOST: usize = 10;

/// `/feeds/`.
pub(super) async fn show(
    State(web): State<Shared>,
    visitor: Visitor,
    method: Method,
) -> WebResult<Response> {
    let known = web.choices().await;
    let mut page = web.page(&visitor, &method);
    page.alternates = web.alternates();
    web.show(&FeedsPage {
        page,
        feeds: web.feed_rows(),
        opml: web.opml.is_some(),
        groups: known.narrowing(&Subject::default(), |_, _| true),
    })
}

/// `/feeds.opml`.
pub(super) async fn list(State(web): State<Shared>, asked: HeaderMap) -> WebResult<Response> {
    let list = web.opml.as_ref().ok_or_else(WebError::not_found)?;
    let coding = coding(&asked, false).ok_or_else(WebError::not_acceptable)?;
    let (suffix, body) = match coding {
        Coding::Gzip => ("-gz", list.gzip.clone()),
        Coding::Identity | Coding::Brotli => ("", list.identity.clone()),
    };
    let mut headers = vec![
        (header::ETAG, format!("\"{}{suffix}\"", list.etag)),
        (header::CACHE_CONTROL, "public, max-age=3600".to_owned()),
        (header::VARY, "Accept-Encoding".to_owned()),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*".to_owned()),
        (header::ACCESS_CONTROL_EXPOSE_HEADERS, "ETag".to_owned()),
    ];
    let made = |headers: Vec<(HeaderName, String)>| -> HeaderMap {
        headers.into_iter().filter_map(|(name, text)| Some((name, text.try_into().ok()?))).collect()
    };
    if is_unchanged(&asked, &list.etag, None) {
        return Ok((StatusCode::NOT_MODIFIED, made(headers)).into_response());
    }
    headers.push((header::CONTENT_TYPE, format!("{}; charset=utf-8", opml::MEDIA_TYPE)));
    headers.push((header::CONTENT_DISPOSITION, format!("inline; filename=\"{}\"", opml::FILE)));
    headers.push((header::CONTENT_LENGTH, body.len().to_string()));
    if coding == Coding::Gzip {
        headers.push((header::CONTENT_ENCODING, "gzip".to_owned()));
    }
    Ok((made(headers), Body::from(body)).into_response())
}

impl Web {
    /// The public feeds as rows of a list, in the configuration's order.
    pub(super) fn feed_rows(&self) -> Vec<FeedRow> {
        let row = |feed: &Feed| FeedRow {
            path: feed.path(),
            title: feed.title.clone(),
            description: feed.description.clone(),
            count: self.front.of(&self.app.shelf, feed).map_or(0, |beginning| beginning.count),
        };
        self.app.config.public_feeds().map(row).collect()
    }

    /// What a page tells browsers of the public feeds: the first in all formats, the others in the one that every reader knows.
    pub(super) fn alternates(&self) -> Vec<Alternate> {
        let mut feeds = self.app.config.public_feeds();
        let first = feeds
            .next()
            .map(|feed| self.alternates_of(&feed.path(), &feed.title))
            .unwrap_or_default();
        // Readers show the titles alone: two feeds of one title are told apart by their names.
        let mut taken = HashSet::new();
        let others = feeds.map(|feed| {
            let title = if taken.insert(&feed.title) {
                feed.title.clone()
            } else {
                format!("{} ({})", feed.title, feed.name)
            };
            self.alternate(&feed.path(), title, Format::Rss)
        });
        first.into_iter().chain(others).take(MOST).collect()
    }

    /// A feed in its three formats, with titles that tell them apart.
    pub(super) fn alternates_of(&self, path: &str, title: &str) -> Vec<Alternate> {
        Format::ALL
            .map(|format| self.alternate(path, format!("{title} ({})", format.name()), format))
            .into()
    }

    fn alternate(&self, path: &str, title: String, format: Format) -> Alternate {
        let href = Links(&self.app.config.site.base_url).feed(path, format.extension());
        Alternate {
            media_type: format.media_type().to_owned(),
            title,
            href,
            format: format.name().to_owned(),
        }
    }
}
