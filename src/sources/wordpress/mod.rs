//! WordPress on MySQL or MariaDB: its public posts, with the titles, addresses and bodies WordPress's own feed shows.

mod calendar;
mod database;
mod dates;
mod export;
mod facts;
mod languages;
mod options;
mod permalinks;
mod posts;
mod render;
mod site;

use std::collections::BTreeSet;

use tokio::sync::mpsc::Sender;

pub(super) use self::render::autop::autop;

use self::database::Database;
use self::site::{Post, Site, Want};
use super::keeping::shared_guid;
use super::seen::Seen;
use crate::config::{Ids, Source};
use crate::domain::article::{Draft, Found};
use crate::domain::time::Millis;

pub(super) use export::export;
pub(super) use facts::facts;

/// How often rendering may ask for more before what it has must do; blocks within blocks ask one level a time.
const ROUNDS: usize = 8;

/// Reads every public post, or those that changed since a time, and tells them through `found`; the session is read only.
/// Gives whether it was every post.
///
/// Scheduled posts are told with their future date. The error is one sentence for the operator and never holds the password.
pub(crate) async fn read(
    source: &Source,
    site_language: &str,
    since: Option<Millis>,
    found: Sender<Found>,
) -> Result<bool, anyhow::Error> {
    let mut database = Database::open(source).await?;
    let mut site = options::read(&mut database, &source.timezone).await?;
    let language = site.language().unwrap_or_else(|| site_language.to_owned());
    let mut after = 0;
    let mut guids = Seen::default();
    loop {
        let page = posts::page(&mut database, after, since).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        let images: BTreeSet<u64> = page
            .iter()
            .filter_map(|post| post.thumbnail)
            .filter(|id| !site.posts.contains_key(id))
            .collect();
        posts::fetch(&mut database, &mut site, images.into_iter().map(Want::Post)).await?;
        for post in page {
            let mut told = tell(&mut database, &mut site, source, &language, &post).await?;
            if let Found::Article(draft) = &mut told {
                alone(draft, &mut guids);
            }
            if found.send(told).await.is_err() {
                // Nobody listens any more, so there is nobody to read for.
                database.close().await;
                return Ok(false);
            }
        }
        // Bodies and attachments of one page are seldom wanted by the next.
        site.posts.clear();
        site.lists.retain(|listing, _| listing.kind == "post" && listing.parent.is_none());
        let listed: BTreeSet<u64> =
            site.lists.values().flat_map(|list| list.ids.iter().copied()).collect();
        posts::fetch(&mut database, &mut site, listed.into_iter().map(Want::Post)).await?;
    }
    database.close().await;
    Ok(since.is_none())
}

/// Whether the site can be read: connection and tables.
pub(crate) async fn check(source: &Source) -> Result<(), anyhow::Error> {
    let mut database = Database::open(source).await?;
    options::read(&mut database, &source.timezone).await?;
    posts::page(&mut database, 0, None).await?;
    database.close().await;
    Ok(())
}

/// One post as an article, or why it is none.
async fn tell(
    database: &mut Database,
    site: &mut Site,
    source: &Source,
    language: &str,
    post: &Post,
) -> Result<Found, anyhow::Error> {
    let mut body = render::body(site, post);
    for _ in 0..ROUNDS {
        if body.wanted.is_empty() {
            break;
        }
        posts::fetch(database, site, std::mem::take(&mut body.wanted)).await?;
        body = render::body(site, post);
    }
    Ok(match article(site, source, language, post, body) {
        Ok(draft) => Found::Article(Box::new(draft)),
        Err(reason) => Found::Refused { id: post.id.to_string(), reason },
    })
}

/// A post whose body was rendered as an article, or why it is none.
fn article(
    site: &Site,
    source: &Source,
    language: &str,
    post: &Post,
    body: render::Body,
) -> Result<Draft, String> {
    let modified = dates::instant(&post.modified_gmt, &post.modified, &site.zone());
    let Some(published_at) = dates::instant(&post.date_gmt, &post.date, &site.zone()).or(modified)
    else {
        return Err(format!("post {} has no date; publish it again in WordPress", post.id));
    };
    let names = |taxonomy: &str| {
        site.of(&post.terms, taxonomy).map(|term| render::plain_name(&term.name)).collect()
    };
    let image = post.thumbnail.and_then(|id| site.posts.get(&id)?.as_ref());
    Ok(Draft {
        source_id: post.id.to_string(),
        guid: (source.ids == Ids::Source && !post.guid.is_empty())
            .then(|| html_escape::decode_html_entities(&post.guid).into_owned()),
        title: render::title(&post.title),
        url: Some(permalinks::article(site, post)),
        summary: (!post.excerpt.trim().is_empty()).then(|| render::excerpt(&post.excerpt)),
        body_html: body.html,
        sections: names("category"),
        tags: names("post_tag"),
        authors: site
            .users
            .get(&post.author)
            .map(|user| user.name.clone())
            .filter(|name| !name.trim().is_empty())
            .into_iter()
            .collect(),
        language: Some(site.languages.of(post.id).unwrap_or(language).to_owned()),
        image_url: image.map(|image| site.file_url(image)),
        image_alt: image.map(|image| image.alt.clone()).filter(|alt| !alt.trim().is_empty()),
        image_type: image.map(|image| image.mime.clone()).filter(|kind| kind.starts_with("image/")),
        image_width: image.and_then(|image| image.size).map(|(width, _)| width),
        image_height: image.and_then(|image| image.size).map(|(_, height)| height),
        published_at,
        updated_at: modified,
        translation_of: site.languages.original(post.id).map(|id| id.to_string()),
        notes: body.notes,
        ..Draft::default()
    })
}

/// Takes a guid away that an older post has as well: readers would take the second one for the first.
fn alone(draft: &mut Draft, guids: &mut Seen) {
    if let Some(guid) = draft.guid.take_if(|guid| !guids.add(guid)) {
        // Copied and imported posts share guids.
        draft.notes.push(shared_guid(&guid));
    }
}
