//! Ghost on MySQL or SQLite: reads its public posts with the titles, addresses and bodies of
//! Ghost's own feed.

mod body;
mod paywall;
mod permalinks;
mod posts;

use html_escape::encode_text;
use jiff::tz::TimeZone;
use tokio::sync::mpsc::Sender;

use self::posts::{GhostSite, Post};
use super::panics::catch_panic;
use super::read_session::ReadSession;
use super::timestamps::parse_instant;
use crate::config::{Ids, Source};
use crate::domain::article::{IncomingArticle, SourceRow};
use crate::domain::time::Millis;

/// Reads every published post, or those that changed since a time, and sends them through `items`,
/// in a read-only session. Returns `true` if it read every post.
///
/// The scheduled posts are listed first: a post that Ghost publishes meanwhile is read as well. The
/// error is one sentence for the admin and never contains the password.
pub(crate) async fn read(
    source: &Source,
    site_language: &str,
    since: Option<Millis>,
    items: Sender<SourceRow>,
) -> anyhow::Result<bool> {
    let mut session = ReadSession::open(source).await?;
    let mut site = posts::site(&mut session, source).await?;
    let is_full = !since.is_some_and(|watermark| site.restrict_to_changes(&session, watermark));
    let language = site.language.clone().unwrap_or_else(|| site_language.to_owned());
    for (id, date) in posts::scheduled_posts(&mut session, &site).await? {
        let date = parse_instant(&date, &TimeZone::UTC);
        // If the receiver is gone, so it is for the first post.
        items.send(SourceRow::Scheduled { ids: vec![id], date }).await.ok();
    }
    for id in posts::withdrawn_posts(&mut session, &site).await? {
        items.send(SourceRow::NotPublic { ids: vec![id], reason: None }).await.ok();
    }
    let mut after = String::new();
    loop {
        let page = posts::next_posts(&mut session, &site, &after).await?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.id);
        for post in page {
            let id = post.id.clone();
            let item = catch_panic(|| to_source_row(source, &site, &language, post))
                .unwrap_or_else(|reason| SourceRow::Rejected { id, reason });
            if items.send(item).await.is_err() {
                // The receiver is gone, so reading on is pointless.
                session.close().await;
                return Ok(false);
            }
        }
    }
    session.close().await;
    Ok(is_full)
}

/// Checks that the site can be read: connection, tables, columns.
pub(crate) async fn check(source: &Source) -> anyhow::Result<()> {
    let mut session = ReadSession::open(source).await?;
    let site = posts::site(&mut session, source).await?;
    posts::next_posts(&mut session, &site, "").await?;
    session.close().await;
    Ok(())
}

/// Converts a post into an article, or into a rejection with its reason.
fn to_source_row(source: &Source, site: &GhostSite, language: &str, post: Post) -> SourceRow {
    // Ghost stores times in UTC, whatever the time zone of the site.
    let Some(published_at) = parse_instant(&post.published_at, &TimeZone::UTC) else {
        return SourceRow::Rejected {
            reason: format!("post {} has no date; publish it again in Ghost", post.id),
            id: post.id,
        };
    };
    let Some(pattern) = permalinks::pattern(source, &post) else {
        return SourceRow::Rejected {
            reason: "no collection contains it, so Ghost has no page for it; add the collection that contains it".to_owned(),
            id: post.id,
        };
    };
    // Ghost's names and titles are plain text, in which `<` and `&` are ordinary characters.
    let plain = |text: &str| encode_text(text).into_owned();
    let non_empty = |text: &str| (!text.trim().is_empty()).then(|| plain(text));
    let home = source.site_url.as_str();
    SourceRow::Article(Box::new(IncomingArticle {
        guid: (source.ids == Ids::SiteFeed).then(|| post.id.clone()),
        title: plain(&post.title),
        url: Some(permalinks::article_url(pattern, home, &post, published_at)),
        summary: non_empty(&post.excerpt).or_else(|| non_empty(&post.description)),
        body_html: body::body_html(&post, site, source),
        sections: post.primary_tag().map(|tag| plain(&tag.name)).into_iter().collect(),
        tags: post.tags.iter().filter(|tag| tag.is_public).map(|tag| plain(&tag.name)).collect(),
        authors: post.authors.iter().map(|author| plain(&author.name)).collect(),
        language: Some(if post.locale.is_empty() {
            language.to_owned()
        } else {
            post.locale.clone()
        }),
        image_url: (!post.feature_image.is_empty())
            .then(|| body::fill_site_url(&post.feature_image, home)),
        published_at,
        updated_at: parse_instant(&post.updated_at, &TimeZone::UTC),
        source_id: post.id,
        ..IncomingArticle::default()
    }))
}
