//! Authors, terms and posts of a WordPress export.

use std::collections::HashMap;

use super::site::{Post, Term, User, WordPressSite};
use super::{enclosures, member_plugins, post_visibility, posts};
use crate::domain::time::Millis;
use crate::sources::importers::xml::Element;
use crate::sources::incremental;

/// First id for authors and terms that the export does not number.
const FIRST_SYNTHETIC_ID: u64 = 1 << 40;

/// A post with the fields that an export states as text.
pub(super) struct ExportedPost {
    pub(super) line: u64,
    pub(super) id: u64,
    /// The post, unless it is the one that the site has under its id.
    pub(super) own: Option<Post>,
    pub(super) link: Option<String>,
    pub(super) author: String,
    pub(super) language: Option<String>,
    /// Name of the group of translations that the post belongs to.
    pub(super) group: Option<String>,
}

/// Reads the authors; returns their ids by login.
pub(super) fn authors(channel: &Element, site: &mut WordPressSite) -> HashMap<String, u64> {
    let mut logins = HashMap::new();
    for (at, author) in (1..).zip(channel.children("wp:author")) {
        let id = author
            .child_text("wp:author_id")
            .and_then(|id| id.parse().ok())
            .unwrap_or(FIRST_SYNTHETIC_ID + at);
        let login = author.child_text("wp:author_login").unwrap_or_default();
        let name = author.child_text("wp:author_display_name").unwrap_or_else(|| login.clone());
        site.users.insert(id, User { name, nicename: login.to_lowercase() });
        site.biographies.insert(id, String::new());
        logins.insert(login, id);
    }
    logins
}

/// Ids of terms by taxonomy and slug.
pub(super) type Slugs = HashMap<(String, String), u64>;

/// Reads categories and tags; returns their ids by taxonomy and slug.
pub(super) fn terms(channel: &Element, site: &mut WordPressSite) -> Slugs {
    let mut slugs = Slugs::new();
    let mut parents: Vec<(u64, String)> = Vec::new();
    let kinds = [
        ("wp:category", "category", "wp:category_nicename", "wp:cat_name", "wp:category_parent"),
        ("wp:tag", "post_tag", "wp:tag_slug", "wp:tag_name", ""),
    ];
    for (element, taxonomy, slug, name, parent) in kinds {
        for term in channel.children(element) {
            let Some(id) = term.child_text("wp:term_id").and_then(|id| id.parse().ok()) else {
                continue;
            };
            let slug = term.child_text(slug).unwrap_or_default();
            let name = term.child_text(name).unwrap_or_else(|| slug.clone());
            parents.extend(term.child_text(parent).map(|parent| (id, parent)));
            let is_restricted = term.children("wp:termmeta").any(|meta| {
                let text = |name: &str| meta.child_text(name).unwrap_or_default();
                member_plugins::restricts_term(&text("wp:meta_key"), &text("wp:meta_value"))
            });
            slugs.insert((taxonomy.to_owned(), slug.clone()), id);
            site.terms.insert(
                id,
                Term {
                    id,
                    name,
                    slug,
                    taxonomy: taxonomy.to_owned(),
                    is_restricted,
                    ..Term::default()
                },
            );
        }
    }
    for (id, parent) in parents {
        if let Some(parent) = slugs.get(&("category".to_owned(), parent)) {
            site.terms.entry(id).and_modify(|term| term.parent = *parent);
        }
    }
    slugs
}

pub(super) fn post(
    item: &Element,
    site: &mut WordPressSite,
    slugs: &mut Slugs,
    logins: &HashMap<String, u64>,
    hides_unknown: bool,
) -> (Post, ExportedPost) {
    let text = |name: &str| item.child_text(name).unwrap_or_default();
    let meta = |key: &str| {
        let own = item
            .children("wp:postmeta")
            .find(|m| m.child_text("wp:meta_key").as_deref() == Some(key));
        own.and_then(|m| m.child_text("wp:meta_value"))
    };
    let author = text("dc:creator");
    let metadata: Vec<(String, String)> = item
        .children("wp:postmeta")
        .filter_map(|m| Some((m.child_text("wp:meta_key")?, m.child_text("wp:meta_value")?)))
        .collect();
    let Categories { terms, language, group } = categories(item, site, slugs);
    let file = item
        .child_text("wp:attachment_url")
        .or_else(|| meta("_wp_attached_file"))
        .unwrap_or_default();
    let mut post = Post {
        id: text("wp:post_id").parse().unwrap_or_default(),
        kind: text("wp:post_type"),
        status: text("wp:status"),
        title: item.child("title").map(Element::text_content).unwrap_or_default(),
        slug: text("wp:post_name"),
        date: text("wp:post_date"),
        date_gmt: text("wp:post_date_gmt"),
        modified: text("wp:post_modified"),
        modified_gmt: text("wp:post_modified_gmt"),
        parent: text("wp:post_parent").parse().unwrap_or_default(),
        author: logins.get(&author).copied().unwrap_or_default(),
        excerpt: item.child("excerpt:encoded").map(Element::text_content).unwrap_or_default(),
        guid: text("guid"),
        mime: media_type(&file).to_owned(),
        protected: !text("wp:post_password").is_empty(),
        content: Some(item.child("content:encoded").map(Element::text_content).unwrap_or_default()),
        terms,
        thumbnail: meta("_thumbnail_id").and_then(|id| id.parse().ok()).filter(|id| *id > 0),
        file: (!file.is_empty()).then_some(file),
        alt: meta("_wp_attachment_image_alt").unwrap_or_default(),
        size: meta("_wp_attachment_metadata").and_then(|metadata| posts::image_size(&metadata)),
        footnotes: meta("footnotes").unwrap_or_default(),
        ..Post::default()
    };
    if post.date.is_empty() && post.date_gmt.is_empty() {
        post.date_gmt = publication_date(item).unwrap_or_default();
    }
    for (key, value) in &metadata {
        post.layout.add_metadata(key, value);
        enclosures::add_metadata(&mut post, key, value);
        post_visibility::add_metadata(&mut post, key, value);
    }
    let is_restricted = |id: &u64| site.terms.get(id).is_some_and(|term| term.is_restricted);
    if post.terms.iter().any(is_restricted) {
        post_visibility::restrict(&mut post);
    }
    post_visibility::keep_public_part(&mut post, hides_unknown);
    let (line, id, link) = (item.line, post.id, item.child_text("link"));
    (post, ExportedPost { line, id, own: None, link, author, language, group })
}

/// Returns the date of an item of RSS in UTC, as WordPress stores it.
fn publication_date(item: &Element) -> Option<String> {
    let date = jiff::fmt::rfc2822::parse(&item.child_text("pubDate")?).ok()?;
    Some(incremental::sql_datetime(Millis::from(date.timestamp()), &jiff::tz::TimeZone::UTC))
}

/// Terms of a post, with the language and the group of translations that the export lists among
/// them.
#[derive(Default)]
struct Categories {
    terms: Vec<u64>,
    language: Option<String>,
    group: Option<String>,
}

/// Reads the category elements of a post, and adds terms that the site does not have yet.
fn categories(item: &Element, site: &mut WordPressSite, slugs: &mut Slugs) -> Categories {
    let mut own = Categories::default();
    for category in item.children("category") {
        let (name, slug) = (
            category.text_content(),
            category.attribute("nicename").unwrap_or_default().to_owned(),
        );
        match category.attribute("domain").unwrap_or("category") {
            "language" => own.language = Some(slug),
            "post_translations" => own.group = Some(slug),
            taxonomy @ ("category" | "post_tag") => {
                let key = (taxonomy.to_owned(), slug.clone());
                let next = FIRST_SYNTHETIC_ID + u64::try_from(slugs.len()).unwrap_or_default();
                let id = *slugs.entry(key).or_insert(next);
                site.terms.entry(id).or_insert_with(|| Term {
                    id,
                    name,
                    slug,
                    taxonomy: taxonomy.to_owned(),
                    ..Term::default()
                });
                own.terms.push(id);
            }
            _ => {}
        }
    }
    own
}

/// Returns the media type of an attachment from its file name, because the export does not state
/// it.
fn media_type(file: &str) -> &'static str {
    let end = file.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    match end.as_str() {
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "svg" => "image/svg+xml",
        "mp3" => "audio/mpeg",
        "m4a" => "audio/mp4",
        "ogg" => "audio/ogg",
        "mp4" | "m4v" => "video/mp4",
        "webm" => "video/webm",
        _ => "",
    }
}
