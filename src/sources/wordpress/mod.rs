//! WordPress on MySQL or MariaDB: reads its public posts with the titles, addresses and bodies of
//! WordPress's own feed.

mod address;
mod calendar;
mod conditions;
mod dates;
mod elementor;
mod enclosures;
mod export_lists;
mod hidden_posts;
mod language_plugins;
mod languages;
mod lists;
mod member_plugins;
mod member_tables;
mod options;
mod permalinks;
mod post_visibility;
mod posts;
mod qtranslate;
mod render;
mod requested_data;
mod session;
mod site;
mod site_info;
mod wxr;
mod wxr_items;

use std::collections::BTreeSet;

use tokio::sync::mpsc::Sender;

pub(super) use self::render::autop::autop;

use self::member_plugins::VisiblePart;
use self::session::WordPressSession;
use self::site::{DataRequest, Post, WordPressSite};
use super::id_set::IdSet;
use super::ingest::shared_guid_note;
use super::panics::catch_panic;
use crate::config::{Ids, Source};
use crate::domain::article::{Enclosure, IncomingArticle, SourceRow};
use crate::domain::time::Millis;

pub(super) use site_info::{site_info, site_zone};
pub(super) use wxr::WordPressExport;

/// Number of times that a rendering may request more data; nested blocks need one round per level.
const MAX_FETCH_ROUNDS: usize = 8;

/// Reads every public post, or those that changed since a time, and sends them through `items`, in
/// a read-only session. Returns `true` if it read every post.
///
/// The posts that are not public are listed first: one that WordPress publishes meanwhile is read as
/// well.
/// The error is one sentence for the admin and never contains the password.
pub(crate) async fn read(
    source: &Source,
    site_language: &str,
    since: Option<Millis>,
    items: Sender<SourceRow>,
) -> Result<bool, anyhow::Error> {
    let mut session = WordPressSession::open(source).await?;
    let mut site = options::read_site(&mut session, source).await?;
    let language = site.language().unwrap_or_else(|| site_language.to_owned());
    for hidden in hidden_posts::list(&mut session, &site, since).await? {
        // If the receiver is gone, so it is for the first post.
        items.send(hidden).await.ok();
    }
    let mut after = 0;
    let mut guids = IdSet::default();
    loop {
        let page = posts::next_posts(&mut session, after, since).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        let images: BTreeSet<u64> = page
            .iter()
            .filter_map(|post| post.thumbnail)
            .filter(|id| !site.posts.contains_key(id))
            .collect();
        requested_data::fetch(&mut session, &mut site, images.into_iter().map(DataRequest::Post))
            .await?;
        let versions: Vec<_> = page
            .into_iter()
            .flat_map(|post| qtranslate::versions(&site, post, &language))
            .collect();
        for version in versions {
            let language = version.language.as_deref().unwrap_or(&language);
            let item =
                to_source_row(&mut session, &mut site, source, language, &version.post).await?;
            let mut item = version.apply(&site, item);
            if let SourceRow::Article(article) = &mut item {
                drop_shared_guid(article, &mut guids);
            }
            if items.send(item).await.is_err() {
                // The receiver is gone, so reading on is pointless.
                session.close().await;
                return Ok(false);
            }
        }
        // The next page rarely needs the bodies and attachments of this one.
        site.posts.clear();
        site.lists_by_query.retain(|query, _| query.kind == "post" && query.parents.is_empty());
        let listed: BTreeSet<u64> =
            site.lists_by_query.values().flat_map(|list| list.ids.iter().copied()).collect();
        requested_data::fetch(&mut session, &mut site, listed.into_iter().map(DataRequest::Post))
            .await?;
    }
    session.close().await;
    Ok(since.is_none())
}

/// Checks that the site can be read: connection and tables. Returns one sentence for each URL that
/// readers cannot reach.
pub(crate) async fn check(source: &Source) -> Result<Vec<String>, anyhow::Error> {
    let mut session = WordPressSession::open(source).await?;
    let site = options::read_site(&mut session, source).await?;
    posts::next_posts(&mut session, 0, None).await?;
    session.close().await;
    Ok(site.address.warnings(site.home(), &site.uploads_url()))
}

/// Converts a post into an article, or into a rejection with its reason.
async fn to_source_row(
    session: &mut WordPressSession,
    site: &mut WordPressSite,
    source: &Source,
    language: &str,
    post: &Post,
) -> Result<SourceRow, anyhow::Error> {
    let mut body = catch_panic(|| render::body(site, post));
    for _ in 0..MAX_FETCH_ROUNDS {
        let missing = body.as_mut().map(|body| std::mem::take(&mut body.missing));
        let Some(missing) = missing.ok().filter(|missing| !missing.is_empty()) else { break };
        requested_data::fetch(session, site, missing).await?;
        body = catch_panic(|| render::body(site, post));
    }
    let article = body
        .and_then(|body| catch_panic(|| to_article(site, source, language, post, body)).flatten());
    Ok(match article {
        Ok(article) => SourceRow::Article(Box::new(article)),
        Err(reason) if post.access == Some(VisiblePart::Nothing) => {
            SourceRow::NotPublic { ids: vec![post.id.to_string()], reason: Some(reason) }
        }
        Err(reason) => SourceRow::Rejected { id: post.id.to_string(), reason },
    })
}

/// Converts a post with its rendered body into an article; the error is the reason for rejection.
fn to_article(
    site: &WordPressSite,
    source: &Source,
    language: &str,
    post: &Post,
    body: render::Body,
) -> Result<IncomingArticle, String> {
    let modified = dates::instant(&post.modified_gmt, &post.modified, &site.zone());
    let Some(published_at) = dates::instant(&post.date_gmt, &post.date, &site.zone()).or(modified)
    else {
        return Err(format!("post {} has no date; publish it again in WordPress", post.id));
    };
    if post.access == Some(VisiblePart::Nothing) {
        return Err(post_visibility::MEMBERS_ONLY.to_owned());
    }
    if body.is_too_large {
        return Err("its rendered text is larger than 8 MiB, or its blocks read more than 32 MiB of other posts; remove repeated blocks".to_owned());
    }
    let names = |taxonomy: &str| {
        let terms = site.terms_of(&post.terms, taxonomy).filter(|term| !term.is_default_category());
        terms.map(|term| render::plain_name(&term.name)).collect()
    };
    let image = post.thumbnail.and_then(|id| site.posts.get(&id)?.as_ref());
    Ok(IncomingArticle {
        source_id: post.id.to_string(),
        guid: (source.ids == Ids::SiteFeed && !post.guid.is_empty())
            .then(|| html_escape::decode_html_entities(&post.guid).into_owned()),
        title: render::title(&post.title),
        url: Some(permalinks::article_url(site, post)),
        summary: (!post.excerpt.trim().is_empty()).then(|| render::excerpt(&post.excerpt)),
        body_html: site.address.with_public_urls(body.html),
        sections: names("category"),
        tags: names("post_tag"),
        authors: site
            .users
            .get(&post.author)
            .map(|user| user.name.clone())
            .filter(|name| !name.trim().is_empty())
            .into_iter()
            .collect(),
        language: Some(site.languages.tag_of(post.id).unwrap_or(language).to_owned()),
        image_url: image.map(|image| site.file_url(image)),
        image_alt: image.map(|image| image.alt.clone()).filter(|alt| !alt.trim().is_empty()),
        image_type: image.map(|image| image.mime.clone()).filter(|kind| kind.starts_with("image/")),
        image_width: image.and_then(|image| image.size).map(|(width, _)| width),
        image_height: image.and_then(|image| image.size).map(|(_, height)| height),
        enclosure: enclosures::enclosure(post)
            .map(|file| Enclosure { url: site.address.to_public_url(&file.url), ..file }),
        published_at,
        updated_at: modified,
        translation_of: site.languages.original(post.id).map(|id| id.to_string()),
        notes: body.notes,
    })
}

/// Removes a guid that an earlier post already has, because readers would confuse the two.
fn drop_shared_guid(article: &mut IncomingArticle, guids: &mut IdSet) {
    if let Some(guid) = article.guid.take_if(|guid| !guids.insert(guid)) {
        // Copied and imported posts may share a guid.
        article.notes.push(shared_guid_note(&guid));
    }
}
