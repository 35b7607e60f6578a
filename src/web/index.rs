//! `/`: the home page with feeds, digests, the newest articles and, in the demo, its status.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{Method, header};
use axum::response::{IntoResponse, Response};

use super::client::ClientInfo;
use super::error::WebResult;
use super::feed_list::format_names;
use super::state::{SharedState, WebState};
use super::subscribe::mail_language_codes;
use crate::config::{Config, Digest};
use crate::demo::Demo;
use crate::domain::language;
use crate::domain::time::Millis;
use crate::feeds::summary::{ArticleSummary, FeedSummary};
use crate::mail::digest_texts::{irregular_date_text, next_date, schedule_text};
use crate::templates::date_text;
use crate::templates::pages::{ArticleRow, DemoBanner, DigestRow, IndexPage};

/// Maximum number of articles in the "latest" list.
const LATEST_ARTICLES: usize = 6;
/// Interval in seconds at which the demo's home page reloads itself without its script.
const DEMO_REFRESH_SECS: u32 = 10;
/// `GET /`: renders the home page.
pub(super) async fn show(
    State(web): State<SharedState>,
    client: ClientInfo,
    method: Method,
) -> WebResult<Response> {
    let (config, now) = (&web.app.config, web.app.now());
    // The home page must reveal neither a private feed nor its articles.
    let summaries: Vec<_> =
        config.public_feeds().map(|feed| web.app.feed_cache.summary(feed)).collect();
    let paused = web.paused_digests.get(&web.app).await;
    let digests = config.digests.iter().map(|digest| DigestRow {
        name: digest.name.clone(),
        title: digest.title_in(&client.language).to_owned(),
        description: digest.description_in(&client.language).map(str::to_owned),
        schedule_text: web.schedule_text(digest, &client.language),
        next_date_text: irregular_date_text(digest, &client.language, now)
            .filter(|_| !paused.contains(&digest.name)),
        is_paused: paused.contains(&digest.name),
    });
    let mut page = web.page_context(&client, &method);
    page.alternates = web.alternates(&client.language);
    let view = IndexPage {
        page,
        feeds: web.feed_rows(&client.language),
        formats: format_names(),
        digests: digests.collect(),
        latest: newest_articles(&summaries, &client.language, LATEST_ARTICLES)
            .into_iter()
            .map(|t| article_row(&web, &client, t))
            .collect(),
        opml: web.opml.is_some(),
        subscription_choice: subscription_choice(config, &summaries).to_owned(),
        demo_banner: web.demo.as_ref().map(|demo| demo_banner(&web, demo, &paused, now)),
    };
    let page = web.render(&view).await?;
    if web.demo.is_none() {
        return Ok(page);
    }
    Ok(([(header::CONTENT_SECURITY_POLICY, web.demo_page_policy())], page).into_response())
}

/// Returns the word for what the subscription page lets visitors choose. The sections are those of the
/// articles in feeds, because the home page is served without the database.
fn subscription_choice(config: &Config, summaries: &[Option<Arc<FeedSummary>>]) -> &'static str {
    let articles = summaries.iter().flatten().flat_map(|summary| &summary.articles);
    let known = articles.filter_map(|article| article.section.clone()).collect();
    let has_sections = !config.offered_sections(known).is_empty();
    match (has_sections, mail_language_codes(config).len() > 1) {
        (true, true) => "both",
        (true, false) => "sections",
        (false, true) => "language",
        (false, false) => "none",
    }
}

/// Returns the newest articles of all feeds without duplicates: those in the reader's language,
/// else in another variety of it, else all.
fn newest_articles(
    summaries: &[Option<Arc<FeedSummary>>],
    reader_language: &str,
    limit: usize,
) -> Vec<ArticleSummary> {
    let mut all: Vec<ArticleSummary> =
        summaries.iter().flatten().flat_map(|summary| summary.articles.iter().cloned()).collect();
    all.sort_by(|a, b| b.published_at.cmp(&a.published_at).then_with(|| a.id.cmp(&b.id)));
    all.dedup_by(|a, b| a.id == b.id);
    let ranges = [reader_language, language::primary(reader_language)];
    let range = ranges
        .into_iter()
        .find(|range| all.iter().any(|article| language::matches(range, &article.language)));
    if let Some(range) = range {
        all.retain(|article| language::matches(range, &article.language));
    }
    all.truncate(limit);
    all
}

/// Returns an article as a row of a list.
pub(super) fn article_row(
    web: &WebState,
    client: &ClientInfo,
    article: ArticleSummary,
) -> ArticleRow {
    ArticleRow {
        date_text: web.date_text_of(article.published_at, &client.language),
        section: article
            .section
            .map(|name| web.app.config.section_title(&name, &client.language).to_owned()),
        title: article.title,
        url: article.url,
        summary: article.summary,
        language: article.language,
    }
}

fn demo_banner(web: &WebState, demo: &Demo, paused: &BTreeSet<String>, now: Millis) -> DemoBanner {
    let digest = web.app.config.digests.first();
    let is_paused = digest.is_some_and(|digest| paused.contains(&digest.name));
    let next = digest.filter(|_| !is_paused).and_then(|digest| next_date(digest, now));
    let seconds = next.and_then(|at| u64::try_from(at.since(now).as_secs()).ok());
    DemoBanner {
        next_seconds: seconds,
        is_paused,
        messages: demo.mailbox.count(),
        refresh_seconds: DEMO_REFRESH_SECS,
    }
}

impl WebState {
    /// Formats the date of `at` in the site's time zone for a language.
    pub(super) fn date_text_of(&self, at: Millis, language: &str) -> String {
        date_text(self.app.config.site.timezone.to_datetime(at.timestamp()).date(), language)
    }

    /// Returns a sentence about how often a digest is sent, if a short one states it.
    pub(super) fn schedule_text(&self, digest: &Digest, language: &str) -> Option<String> {
        schedule_text(&self.app.templates, &self.app.config, digest, language)
    }
}
