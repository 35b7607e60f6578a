//! `/feeds/` and `/feeds.opml`: the public feeds for people and for programs; and the feed links in
//! the head of pages.

use std::collections::HashSet;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::client::ClientInfo;
use super::error::{WebError, WebResult};
use super::negotiation::{ContentCoding, is_unchanged, negotiate_coding};
use super::state::{SharedState, WebState};
use crate::config::Feed;
use crate::domain::site_urls::SiteUrls;
use crate::feeds::format::Format;
use crate::feeds::opml;
use crate::feeds::request::FeedSelector;
use crate::templates::pages::{Alternate, FeedRow, FeedsPage, FormatName};

/// Maximum number of feed links in the head of a page; browsers show them as a list.
const MAX_ALTERNATES: usize = 10;

/// `GET /feeds/`: the page that lists all public feeds.
pub(super) async fn show(
    State(web): State<SharedState>,
    client: ClientInfo,
    method: Method,
) -> WebResult<Response> {
    let terms = web.terms.get(&web.app).await;
    let mut page = web.page_context(&client, &method);
    page.alternates = web.alternates(&client.language);
    web.render(&FeedsPage {
        page,
        feeds: web.feed_rows(&client.language),
        formats: format_names(),
        opml: web.opml.is_some(),
        groups: terms.narrower_feeds(
            &web.app.config,
            &client.language,
            &FeedSelector::default(),
            |_, _| true,
        ),
    })
    .await
}

/// `GET /feeds.opml`: all public feeds in OPML.
pub(super) async fn opml(
    State(web): State<SharedState>,
    request_headers: HeaderMap,
) -> WebResult<Response> {
    let list = web.opml.as_ref().ok_or_else(WebError::not_found)?;
    let coding = negotiate_coding(&request_headers, false).ok_or_else(WebError::not_acceptable)?;
    let (suffix, body) = match coding {
        ContentCoding::Gzip => ("-gz", list.gzip.clone()),
        ContentCoding::Identity | ContentCoding::Brotli => ("", list.identity.clone()),
    };
    let mut headers = vec![
        (header::ETAG, format!("\"{}{suffix}\"", list.etag)),
        (header::CACHE_CONTROL, "public, max-age=3600".to_owned()),
        (header::VARY, "Accept-Encoding".to_owned()),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*".to_owned()),
        (header::ACCESS_CONTROL_EXPOSE_HEADERS, "ETag".to_owned()),
    ];
    let to_header_map = |headers: Vec<(HeaderName, String)>| -> HeaderMap {
        headers.into_iter().filter_map(|(name, text)| Some((name, text.try_into().ok()?))).collect()
    };
    if is_unchanged(&request_headers, &list.etag, None, web.app.clock) {
        return Ok((StatusCode::NOT_MODIFIED, to_header_map(headers)).into_response());
    }
    headers.push((header::CONTENT_TYPE, format!("{}; charset=utf-8", opml::MEDIA_TYPE)));
    headers
        .push((header::CONTENT_DISPOSITION, format!("inline; filename=\"{}\"", opml::FILE_NAME)));
    headers.push((header::CONTENT_LENGTH, body.len().to_string()));
    if coding == ContentCoding::Gzip {
        headers.push((header::CONTENT_ENCODING, "gzip".to_owned()));
    }
    Ok((to_header_map(headers), Body::from(body)).into_response())
}

/// Returns the names of the formats of a feed.
pub(super) fn format_names() -> Vec<FormatName> {
    let name = |format: Format| FormatName {
        name: format.name().to_owned(),
        extension: format.extension().to_owned(),
    };
    Format::ALL.map(name).into()
}

impl WebState {
    /// Returns the public feeds as rows of a list in a language, in the order of the config.
    pub(super) fn feed_rows(&self, language: &str) -> Vec<FeedRow> {
        let row = |feed: &Feed| FeedRow {
            path: feed.path(),
            url: SiteUrls(&self.app.config.site.base_url).feed_page(&feed.path()),
            title: feed.title_in(language).to_owned(),
            description: feed.description_in(language).map(str::to_owned),
            count: self.app.feed_cache.summary(feed).map_or(0, |summary| summary.count),
        };
        self.app.config.public_feeds().map(row).collect()
    }

    /// Returns the feed links for the head of a page: the first public feed in all formats, the
    /// others only as RSS; titles are in a language.
    pub(super) fn alternates(&self, language: &str) -> Vec<Alternate> {
        let mut feeds = self.app.config.public_feeds();
        let first = feeds
            .next()
            .map(|feed| self.alternates_of(&feed.path(), feed.title_in(language)))
            .unwrap_or_default();
        // Readers show only titles, so feeds with the same title get their names appended.
        let mut used_titles = HashSet::new();
        let others = feeds.map(|feed| {
            let title = feed.title_in(language);
            let title = if used_titles.insert(title) {
                title.to_owned()
            } else {
                format!("{title} ({})", feed.name)
            };
            self.alternate(&feed.path(), title, Format::Rss)
        });
        first.into_iter().chain(others).take(MAX_ALTERNATES).collect()
    }

    /// Returns the links to a feed in its three formats, with the format in each title.
    pub(super) fn alternates_of(&self, path: &str, title: &str) -> Vec<Alternate> {
        Format::ALL
            .map(|format| self.alternate(path, format!("{title} ({})", format.name()), format))
            .into()
    }

    fn alternate(&self, path: &str, title: String, format: Format) -> Alternate {
        let href = SiteUrls(&self.app.config.site.base_url).feed(path, format.extension());
        Alternate {
            media_type: format.media_type().to_owned(),
            title,
            href,
            format: format.name().to_owned(),
        }
    }
}
