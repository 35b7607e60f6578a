//! `/feeds/NAME`: the page of a feed, with its articles, URLs and the HTML to link to it.

use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::response::Response;

use super::client::ClientInfo;
use super::error::{WebError, WebResult};
use super::feed_redirects::redirect_to_next;
use super::index::article_row;
use super::page::COPY_SCRIPT;
use super::state::WebState;
use crate::config::Feed;
use crate::domain::language;
use crate::domain::selection::Selection;
use crate::domain::site_urls::SiteUrls;
use crate::feeds::archive::ArchivePageRef;
use crate::feeds::format::Format;
use crate::feeds::on_demand::Lookup;
use crate::feeds::rendered::RenderedFeed;
use crate::feeds::request::{DocumentKind, FeedRequest};
use crate::feeds::summary::{ARTICLES_PER_SUMMARY, FeedSummary};
use crate::store::terms::Term;
use crate::templates::month_text;
use crate::templates::pages::{Alternate, FeedGroup, FeedPage, FeedRow};

/// Renders the page of a declared or on-demand feed, or of a page of its archive.
pub(super) async fn show(
    web: &WebState,
    feed_request: &FeedRequest,
    client: &ClientInfo,
    method: &Method,
) -> WebResult<Response> {
    let app = &web.app;
    let found = app
        .on_demand
        .lookup(&app.store, &app.config, &app.feed_cache, feed_request, Format::Json, app.now())
        .await?;
    match found {
        None => Err(WebError::not_found()),
        Some(Lookup::NotRendered) => Err(WebError::not_rendered()),
        Some(Lookup::Redirect(to)) => Ok(redirect_to_next(&to, feed_request)),
        Some(Lookup::Document(feed, rendered)) => {
            render_page(web, feed_request, &feed, &rendered, client, method).await
        }
    }
}

async fn render_page(
    web: &WebState,
    feed_request: &FeedRequest,
    feed: &Feed,
    rendered: &RenderedFeed,
    client: &ClientInfo,
    method: &Method,
) -> WebResult<Response> {
    let (max_articles, archive_month) = match feed_request.kind {
        DocumentKind::Page(page) => (usize::MAX, Some(archive_title(page, &client.language))),
        DocumentKind::Newest | DocumentKind::NextOf(_) => (ARTICLES_PER_SUMMARY, None),
    };
    let summary =
        FeedSummary::new(rendered, &feed.name, max_articles).ok_or_else(WebError::not_rendered)?;
    let path = feed.path();
    let title = feed.title_in(&client.language);
    let alternates = web.alternates_of(&path, title);
    let mut view = FeedPage {
        page: web.page_context(client, method),
        feed: FeedRow {
            url: SiteUrls(&web.app.config.site.base_url).feed_page(&path),
            path,
            title: title.to_owned(),
            description: feed
                .description_in(&client.language)
                .map(str::to_owned)
                .or_else(|| summary.description.clone()),
            count: summary.count,
        },
        articles: summary
            .articles
            .iter()
            .map(|article| article_row(web, client, article.clone()))
            .collect(),
        language_names: summary.languages.iter().map(|tag| language::autonym(tag)).collect(),
        has_websub: !web.app.config.hubs_of(feed).is_empty(),
        previous_url: summary.previous_url.as_deref().and_then(|url| web.site_path(url)),
        snippet: snippet(&alternates),
        groups: related_feeds(web, client, feed_request, feed, &summary).await,
        is_private: feed.secret.is_some(),
        archive_month,
        script: COPY_SCRIPT.to_owned(),
        alternates: alternates.clone(),
    };
    view.page.alternates = alternates;
    if let Some(description) = &view.feed.description {
        view.page.description.clone_from(description);
    }
    if view.is_private {
        view.page.canonical_url = None;
    }
    let mut response = web.render(&view).await?;
    let headers = response.headers_mut();
    headers.extend(
        HeaderValue::try_from(web.feed_page_policy())
            .map(|policy| (header::CONTENT_SECURITY_POLICY, policy)),
    );
    if view.is_private {
        // The URL of a private feed is its only protection.
        let private_headers = [
            (HeaderName::from_static("x-robots-tag"), "noindex"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::CACHE_CONTROL, "no-store"),
        ];
        headers.extend(private_headers.map(|(name, text)| (name, HeaderValue::from_static(text))));
    }
    Ok(response)
}

/// Returns the feeds that narrow this one.
async fn related_feeds(
    web: &WebState,
    client: &ClientInfo,
    feed_request: &FeedRequest,
    feed: &Feed,
    summary: &FeedSummary,
) -> Vec<FeedGroup> {
    if feed_request.kind != DocumentKind::Newest {
        return Vec::new();
    }
    let narrows = |list: &[String], term: &Term| {
        list.is_empty() || list.iter().any(|name| name.to_lowercase() == term.term)
    };
    let is_declared = feed_request.selector.terms == Selection::default();
    let terms = web.terms.get(&web.app).await;
    let mut groups = terms.narrower_feeds(
        &web.app.config,
        &client.language,
        &feed_request.selector,
        |kind, term| {
            summary.terms.contains(&term.term)
                && (!is_declared || narrows(feed.selection.list(kind), term))
        },
    );
    // The counts are those of the whole site, not of this feed.
    groups.iter_mut().flat_map(|group| &mut group.feeds).for_each(|feed| feed.count = 0);
    groups
}

/// Returns the title of an archive page: `August 2026`, or `August 2026 · 2` for the month's second
/// page.
fn archive_title(page: ArchivePageRef, language: &str) -> String {
    let part = if page.number() > 1 { format!(" · {}", page.number()) } else { String::new() };
    month_text(page.month(), language) + &part
}

/// Returns the `<link>` elements by which feed readers discover the feed on another page.
pub(super) fn snippet(alternates: &[Alternate]) -> String {
    let attribute = |text: &str| html_escape::encode_double_quoted_attribute(text).into_owned();
    let line = |a: &Alternate| {
        let (kind, title, href) =
            (attribute(&a.media_type), attribute(&a.title), attribute(&a.href));
        format!("<link rel=\"alternate\" type=\"{kind}\" title=\"{title}\" href=\"{href}\">")
    };
    alternates.iter().map(line).collect::<Vec<_>>().join("\n")
}

impl WebState {
    /// Returns the path of the page that belongs to a JSON feed's URL on this site.
    fn site_path(&self, url: &str) -> Option<String> {
        let path =
            url.strip_prefix(self.app.config.site.base_url.as_str())?.strip_suffix(".json")?;
        Some(format!("{}{path}", self.base_path))
    }
}
