//! `/`: the feeds, the digests, how to subscribe; in the demo also what happens there.

use axum::extract::State;
use axum::http::Method;
use axum::response::Response;
use jiff::civil::Time;

use super::error::WebResult;
use super::front::{Teaser, newest};
use super::visitor::Visitor;
use super::{Demo, Shared, Web};
use crate::config::Digest;
use crate::domain::time::{Millis, SECOND};
use crate::templates::date_text;
use crate::templates::pages::{ArticleRow, DemoStrip, DigestRow, IndexPage};

/// Articles in the list of the newest.
const LATEST: usize = 6;
/// Seconds after which the demo's front page loads itself anew.
const REFRESH: u32 = 10;
/// Days of a pause that are looked through for the next date: some years.
const MOST_DAYS: usize = 2_000;

/// The page.
pub(super) async fn show(
    State(web): State<Shared>,
    visitor: Visitor,
    method: Method,
) -> WebResult<Response> {
    let (config, now) = (&web.app.config, web.app.now());
    // A private feed is known to those who were given its address, and its articles to them alone.
    let beginnings: Vec<_> =
        config.public_feeds().map(|feed| web.front.of(&web.app.shelf, feed)).collect();
    let digests = config.digests.iter().map(|digest| DigestRow {
        name: digest.name.clone(),
        title: digest.title.clone(),
        next_text: next_text(digest, &visitor.language, now),
    });
    let mut page = web.page(&visitor, &method);
    page.alternates = web.alternates();
    let view = IndexPage {
        page,
        feeds: web.feed_rows(),
        digests: digests.collect(),
        latest: newest(&beginnings, &visitor.language, LATEST)
            .into_iter()
            .map(|t| row(&web, &visitor, t))
            .collect(),
        opml: web.opml.is_some(),
        strip: web.demo.as_ref().map(|demo| strip(&web, demo, now)),
    };
    web.show(&view)
}

/// An article in a list.
pub(super) fn row(web: &Web, visitor: &Visitor, teaser: Teaser) -> ArticleRow {
    ArticleRow {
        date_text: web.day(teaser.published(), &visitor.language),
        section: teaser.section(),
        title: teaser.title,
        url: teaser.url,
        summary: teaser.summary,
        language: teaser.language,
    }
}

fn strip(web: &Web, demo: &Demo, now: Millis) -> DemoStrip {
    let next = web.app.config.digests.first().and_then(|digest| next_edition(digest, now));
    let seconds = next.and_then(|at| u64::try_from((at.0 - now.0) / SECOND).ok());
    DemoStrip { next_seconds: seconds, mails: demo.mailbox.count(), refresh_seconds: REFRESH }
}

impl Web {
    /// A day in the site's zone, as people of the language write it.
    pub(super) fn day(&self, at: Millis, language: &str) -> String {
        date_text(self.app.config.site.timezone.to_datetime(at.timestamp()).date(), language)
    }
}

/// The next date of a digest that is not in a pause.
fn next_edition(digest: &Digest, now: Millis) -> Option<Millis> {
    let mut after = now;
    for _ in 0..MOST_DAYS {
        let next = digest.schedule.next_after(after, &digest.timezone)?;
        let date = digest.timezone.to_datetime(next.timestamp()).date();
        if !digest.pause.iter().any(|range| range.contains(date)) {
            return Some(next);
        }
        // The whole day is paused: look on from its end.
        let end = date.to_datetime(Time::MAX).to_zoned(digest.timezone.clone()).ok()?;
        after = Millis::from(end.timestamp()).max(next);
    }
    None
}

/// The next date of a digest for people, in the digest's zone.
pub(super) fn next_text(digest: &Digest, language: &str, now: Millis) -> Option<String> {
    let at = digest.timezone.to_datetime(next_edition(digest, now)?.timestamp());
    let between = if language.starts_with("zh") { " " } else { ", " };
    let zone = digest.timezone.iana_name().unwrap_or("UTC");
    Some(format!("{}{between}{} ({zone})", date_text(at.date(), language), at.strftime("%H:%M")))
}
