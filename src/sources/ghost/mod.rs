//! Ghost on MySQL or SQLite: its public posts, with the titles, addresses and bodies Ghost's own feed shows.

mod body;
mod gates;
mod permalinks;
mod posts;

use html_escape::encode_text;
use jiff::tz::TimeZone;
use tokio::sync::mpsc::Sender;

use self::posts::{Post, Site};
use super::row::instant;
use super::session::Session;
use crate::config::{Ids, Source};
use crate::domain::article::{Draft, Found};
use crate::domain::time::Millis;

/// Reads every post that is published or scheduled, or those that changed since a time, and tells them through `found`;
/// the session is read only. Gives whether it was every post.
///
/// Scheduled posts are told with their future date. The error is one sentence for the operator and never holds the password.
pub(crate) async fn read(
    source: &Source,
    site_language: &str,
    since: Option<Millis>,
    found: Sender<Found>,
) -> anyhow::Result<bool> {
    let mut session = Session::open(source).await?;
    let mut site = posts::site(&mut session, source).await?;
    let is_whole = !since.is_some_and(|mark| site.narrow(&session, mark));
    let language = site.language.clone().unwrap_or_else(|| site_language.to_owned());
    let mut after = String::new();
    loop {
        let page = posts::page(&mut session, &site, &after).await?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.id);
        for post in page {
            if found.send(tell(source, &site, &language, post)).await.is_err() {
                // Nobody listens any more, so there is nobody to read for.
                session.close().await;
                return Ok(false);
            }
        }
    }
    session.close().await;
    Ok(is_whole)
}

/// Whether the site can be read: connection, tables, columns.
pub(crate) async fn check(source: &Source) -> anyhow::Result<()> {
    let mut session = Session::open(source).await?;
    let site = posts::site(&mut session, source).await?;
    posts::page(&mut session, &site, "").await?;
    session.close().await;
    Ok(())
}

/// One post as an article, or why it is none.
fn tell(source: &Source, site: &Site, language: &str, post: Post) -> Found {
    // Ghost keeps its times in UTC, whatever zone the site is in.
    let Some(published_at) = instant(&post.published_at, &TimeZone::UTC) else {
        return Found::Refused {
            reason: format!("post {} has no date; publish it again in Ghost", post.id),
            id: post.id,
        };
    };
    // Ghost's names and titles are plain text, in which `<` and `&` stand for themselves.
    let plain = |text: &str| encode_text(text).into_owned();
    let given = |text: &str| (!text.trim().is_empty()).then(|| plain(text));
    let home = source.site_url.as_str();
    Found::Article(Box::new(Draft {
        guid: (source.ids == Ids::Source).then(|| post.id.clone()),
        title: plain(&post.title),
        url: Some(permalinks::article(&source.permalinks, home, &post, published_at)),
        summary: given(&post.excerpt).or_else(|| given(&post.description)),
        body_html: body::body(&post, site, source),
        sections: post.primary_tag().map(|tag| plain(&tag.name)).into_iter().collect(),
        tags: post.tags.iter().filter(|tag| tag.is_public).map(|tag| plain(&tag.name)).collect(),
        authors: post.authors.iter().map(|author| plain(&author.name)).collect(),
        language: Some(if post.locale.is_empty() {
            language.to_owned()
        } else {
            post.locale.clone()
        }),
        image_url: (!post.feature_image.is_empty())
            .then(|| body::public(&post.feature_image, home)),
        published_at,
        updated_at: instant(&post.updated_at, &TimeZone::UTC),
        source_id: post.id,
        ..Draft::default()
    }))
}
