//! WordPress exports (WXR): public posts, rendered like those of a database.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::member_plugins::VisiblePart;
use super::site::{DataRequest, Post, Term, User, WordPressSite};
use super::site_info::hidden_reason;
use super::{
    MAX_FETCH_ROUNDS, dates, drop_shared_guid, enclosures, post_visibility, posts, qtranslate,
    render, to_article, wxr_lists,
};
use crate::config::{Source, UnknownEnclosing};
use crate::domain::article::IncomingArticle;
use crate::domain::time::Millis;
use crate::sources::id_set::IdSet;
use crate::sources::importers::xml::Element;
use crate::sources::importers::{ParsedArticle, ParsedFile};
use crate::sources::incremental;
use crate::sources::panics::catch_panic;

/// First id for authors and terms that the export does not number.
const FIRST_SYNTHETIC_ID: u64 = 1 << 40;

/// A post with the fields that an export states as text.
struct ExportedPost {
    post: Post,
    line: u64,
    link: Option<String>,
    author: String,
    language: Option<String>,
    /// Name of the group of translations that the post belongs to.
    group: Option<String>,
}

/// Reads the articles of an export from its channel element.
pub(in crate::sources) fn read_wxr(
    channel: &Element,
    source: &Source,
    site_language: &str,
) -> ParsedFile {
    let mut site = site(channel, source);
    let logins = authors(channel, &mut site);
    let mut slugs = terms(channel, &mut site);
    let hides_unknown_enclosing = source.unknown_enclosing == UnknownEnclosing::Hide;
    let exported: Vec<ExportedPost> = channel
        .children("item")
        .map(|item| post(item, &mut site, &mut slugs, &logins, hides_unknown_enclosing))
        .collect();
    site.posts = exported.iter().map(|e| (e.post.id, Some(e.post.clone()))).collect();
    site.months = Some(wxr_lists::months(&site));
    site.days = Some(wxr_lists::days(&site));
    site.comments = Some(Vec::new());
    let language = channel.child_text("language").unwrap_or_else(|| site_language.to_owned());
    let mut file = ParsedFile::default();
    let mut guids = IdSet::default();
    let mut firsts: BTreeMap<String, u64> = BTreeMap::new();
    for exported in exported.into_iter().filter(|exported| exported.post.kind == "post") {
        if let Some(reason) = hidden_reason(&exported.post.status, exported.post.protected) {
            *file.left_out.entry(reason.to_owned()).or_default() += 1;
            continue;
        }
        let ExportedPost { post, .. } = &exported;
        if post.status == "future" {
            file.scheduled.push(dates::instant(&post.date_gmt, &post.date, &site.zone()));
            continue;
        }
        if exported.post.access == Some(VisiblePart::Nothing) {
            *file.left_out.entry("for members only".to_owned()).or_default() += 1;
            continue;
        }
        if exported.post.id == 0 {
            file.articles.push((exported.line, Err("it has no wp:post_id".to_owned())));
            continue;
        }
        let language = exported.language.as_deref().unwrap_or(&language);
        for version in qtranslate::versions(&site, exported.post.clone(), language) {
            let language = version.language.as_deref().unwrap_or(language);
            let imported = catch_panic(|| {
                let body = render_body(&mut site, &version.post);
                to_article(&site, source, language, &version.post, body)
            });
            let imported = imported.flatten().map(|mut article| {
                apply_textual_fields(&mut article, &exported, &mut firsts);
                version.apply_to(&site, &mut article);
                drop_shared_guid(&mut article, &mut guids);
                ParsedArticle { article, is_dated: true }
            });
            file.articles.push((exported.line, imported));
        }
    }
    file
}

/// Replaces derived fields with those that the export states as text: address, author, group of
/// translations.
fn apply_textual_fields(
    article: &mut IncomingArticle,
    exported: &ExportedPost,
    firsts: &mut BTreeMap<String, u64>,
) {
    article.url = exported.link.clone().or(article.url.take());
    if article.authors.is_empty() && !exported.author.is_empty() {
        article.authors.push(exported.author.clone());
    }
    if let Some(group) = &exported.group {
        let first = *firsts.entry(group.clone()).or_insert(exported.post.id);
        article.translation_of = (first != exported.post.id).then(|| first.to_string());
    }
}

fn site(channel: &Element, source: &Source) -> WordPressSite {
    let mut site =
        WordPressSite { time_zone: Some(source.timezone.clone()), ..WordPressSite::default() };
    let options = [
        ("home", channel.child_text("wp:base_blog_url").or_else(|| channel.child_text("link"))),
        ("siteurl", channel.child_text("wp:base_blog_url").or_else(|| channel.child_text("link"))),
        ("blogname", channel.child_text("title")),
        ("blogdescription", channel.child_text("description")),
    ];
    site.options
        .extend(options.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    site
}

/// Reads the authors; returns their ids by login.
fn authors(channel: &Element, site: &mut WordPressSite) -> HashMap<String, u64> {
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

type Slugs = HashMap<(String, String), u64>;

/// Reads categories and tags; returns their ids by taxonomy and slug.
fn terms(channel: &Element, site: &mut WordPressSite) -> Slugs {
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
            slugs.insert((taxonomy.to_owned(), slug.clone()), id);
            site.terms.insert(
                id,
                Term { id, name, slug, taxonomy: taxonomy.to_owned(), ..Term::default() },
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

fn post(
    item: &Element,
    site: &mut WordPressSite,
    slugs: &mut Slugs,
    logins: &HashMap<String, u64>,
    hides_unknown_enclosing: bool,
) -> ExportedPost {
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
        enclosures::add_metadata(&mut post, key, value);
        post_visibility::add_metadata(&mut post, key, value);
    }
    post_visibility::keep_public_part(&mut post, hides_unknown_enclosing);
    ExportedPost { post, line: item.line, link: item.child_text("link"), author, language, group }
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

/// Renders the body of a post, with the data that it requests from the export.
fn render_body(site: &mut WordPressSite, post: &Post) -> render::Body {
    let mut body = render::body(site, post);
    for _ in 0..MAX_FETCH_ROUNDS {
        if body.missing.is_empty() {
            break;
        }
        provide(site, std::mem::take(&mut body.missing));
        body = render::body(site, post);
    }
    body
}

fn provide(site: &mut WordPressSite, wanted: BTreeSet<DataRequest>) {
    for want in wanted {
        match want {
            // Everything in the file was read before.
            DataRequest::Post(id) | DataRequest::Body(id) => {
                site.posts.entry(id).or_insert(None);
            }
            DataRequest::List(query) => {
                let listed = wxr_lists::run_query(site, &query);
                site.lists_by_query.insert(query, listed);
            }
            DataRequest::Biography(user) => {
                site.biographies.entry(user).or_default();
            }
            DataRequest::Months | DataRequest::Days | DataRequest::Comments => {}
        }
    }
}
