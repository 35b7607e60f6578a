//! WordPress's own export (WXR): its public posts, rendered as those of a database are.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::facts::hidden;
use super::site::{Listed, Listing, Order, Post, Site, Term, User, Want};
use super::{ROUNDS, alone, article, dates, posts, render};
use crate::config::Source;
use crate::domain::article::Draft;
use crate::sources::exports::xml::Element;
use crate::sources::exports::{Export, Exported};
use crate::sources::seen::Seen;

/// Terms of posts that the head of the file does not name get numbers from here on.
const UNNAMED: u64 = 1 << 40;

/// A post with what the file says of it in words.
struct Told {
    post: Post,
    line: u64,
    link: Option<String>,
    author: String,
    language: Option<String>,
    /// The name of its group of translations.
    group: Option<String>,
}

/// The articles of an export; `channel` is known to be one.
pub(in crate::sources) fn export(
    channel: &Element,
    source: &Source,
    site_language: &str,
) -> Export {
    let mut site = site(channel, source);
    let logins = writers(channel, &mut site);
    let mut slugs = terms(channel, &mut site);
    let told: Vec<Told> =
        channel.all("item").map(|item| post(item, &mut site, &mut slugs, &logins)).collect();
    site.posts = told.iter().map(|t| (t.post.id, Some(t.post.clone()))).collect();
    site.months = Some(months(&site));
    site.comments = Some(Vec::new());
    let language = channel.text("language").unwrap_or_else(|| site_language.to_owned());
    let mut export = Export::default();
    let mut guids = Seen::default();
    let mut firsts: BTreeMap<String, u64> = BTreeMap::new();
    for told in told.into_iter().filter(|told| told.post.kind == "post") {
        if let Some(why) = hidden(&told.post.status, told.post.protected) {
            *export.left_out.entry(why.to_owned()).or_default() += 1;
            continue;
        }
        if told.post.id == 0 {
            export.articles.push((told.line, Err("it has no wp:post_id".to_owned())));
            continue;
        }
        let body = rendered(&mut site, &told.post);
        let made =
            article(&site, source, told.language.as_deref().unwrap_or(&language), &told.post, body)
                .map(|mut draft| {
                    alone(&mut draft, &mut guids);
                    in_words(&mut draft, &told, &mut firsts);
                    Exported { draft, is_dated: true }
                });
        export.articles.push((told.line, made));
    }
    export
}

/// What the file says in words goes before what its numbers would come to.
fn in_words(draft: &mut Draft, told: &Told, firsts: &mut BTreeMap<String, u64>) {
    draft.url = told.link.clone().or(draft.url.take());
    if draft.authors.is_empty() && !told.author.is_empty() {
        draft.authors.push(told.author.clone());
    }
    if let Some(group) = &told.group {
        let first = *firsts.entry(group.clone()).or_insert(told.post.id);
        draft.translation_of = (first != told.post.id).then(|| first.to_string());
    }
}

fn site(channel: &Element, source: &Source) -> Site {
    let mut site = Site { stated_zone: Some(source.timezone.clone()), ..Site::default() };
    let options = [
        ("home", channel.text("wp:base_blog_url").or_else(|| channel.text("link"))),
        ("siteurl", channel.text("wp:base_blog_url").or_else(|| channel.text("link"))),
        ("blogname", channel.text("title")),
        ("blogdescription", channel.text("description")),
    ];
    site.options
        .extend(options.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    site
}

/// Writers, and their numbers by their logins.
fn writers(channel: &Element, site: &mut Site) -> HashMap<String, u64> {
    let mut logins = HashMap::new();
    for (at, writer) in (1..).zip(channel.all("wp:author")) {
        let id = writer.text("wp:author_id").and_then(|id| id.parse().ok()).unwrap_or(UNNAMED + at);
        let login = writer.text("wp:author_login").unwrap_or_default();
        let name = writer.text("wp:author_display_name").unwrap_or_else(|| login.clone());
        site.users.insert(id, User { name, nicename: login.to_lowercase() });
        site.biographies.insert(id, String::new());
        logins.insert(login, id);
    }
    logins
}

type Slugs = HashMap<(String, String), u64>;

/// Categories and tags, and their numbers by taxonomy and slug.
fn terms(channel: &Element, site: &mut Site) -> Slugs {
    let mut slugs = Slugs::new();
    let mut above: Vec<(u64, String)> = Vec::new();
    let kinds = [
        ("wp:category", "category", "wp:category_nicename", "wp:cat_name", "wp:category_parent"),
        ("wp:tag", "post_tag", "wp:tag_slug", "wp:tag_name", ""),
    ];
    for (element, taxonomy, slug, name, parent) in kinds {
        for term in channel.all(element) {
            let Some(id) = term.text("wp:term_id").and_then(|id| id.parse().ok()) else { continue };
            let slug = term.text(slug).unwrap_or_default();
            let name = term.text(name).unwrap_or_else(|| slug.clone());
            above.extend(term.text(parent).map(|parent| (id, parent)));
            slugs.insert((taxonomy.to_owned(), slug.clone()), id);
            site.terms.insert(
                id,
                Term { id, name, slug, taxonomy: taxonomy.to_owned(), ..Term::default() },
            );
        }
    }
    for (id, parent) in above {
        if let Some(parent) = slugs.get(&("category".to_owned(), parent)) {
            site.terms.entry(id).and_modify(|term| term.parent = *parent);
        }
    }
    slugs
}

fn post(item: &Element, site: &mut Site, slugs: &mut Slugs, logins: &HashMap<String, u64>) -> Told {
    let text = |name: &str| item.text(name).unwrap_or_default();
    let meta = |key: &str| {
        let own = item.all("wp:postmeta").find(|m| m.text("wp:meta_key").as_deref() == Some(key));
        own.and_then(|m| m.text("wp:meta_value"))
    };
    let author = text("dc:creator");
    let (mut own, mut language, mut group) = (Vec::new(), None, None);
    for category in item.all("category") {
        let (name, slug) =
            (category.content(), category.attribute("nicename").unwrap_or_default().to_owned());
        match category.attribute("domain").unwrap_or("category") {
            "language" => language = Some(slug),
            "post_translations" => group = Some(slug),
            taxonomy @ ("category" | "post_tag") => {
                let place = (taxonomy.to_owned(), slug.clone());
                let next = UNNAMED + u64::try_from(slugs.len()).unwrap_or_default();
                let id = *slugs.entry(place).or_insert(next);
                site.terms.entry(id).or_insert_with(|| Term {
                    id,
                    name,
                    slug,
                    taxonomy: taxonomy.to_owned(),
                    ..Term::default()
                });
                own.push(id);
            }
            _ => {}
        }
    }
    let file =
        item.text("wp:attachment_url").or_else(|| meta("_wp_attached_file")).unwrap_or_default();
    let post = Post {
        id: text("wp:post_id").parse().unwrap_or_default(),
        kind: text("wp:post_type"),
        status: text("wp:status"),
        title: item.child("title").map(Element::content).unwrap_or_default(),
        slug: text("wp:post_name"),
        date: text("wp:post_date"),
        date_gmt: text("wp:post_date_gmt"),
        modified: text("wp:post_modified"),
        modified_gmt: text("wp:post_modified_gmt"),
        parent: text("wp:post_parent").parse().unwrap_or_default(),
        author: logins.get(&author).copied().unwrap_or_default(),
        excerpt: item.child("excerpt:encoded").map(Element::content).unwrap_or_default(),
        guid: text("guid"),
        mime: media_type(&file).to_owned(),
        comments_open: text("wp:comment_status") == "open",
        protected: !text("wp:post_password").is_empty(),
        content: Some(item.child("content:encoded").map(Element::content).unwrap_or_default()),
        terms: own,
        thumbnail: meta("_thumbnail_id").and_then(|id| id.parse().ok()).filter(|id| *id > 0),
        file: (!file.is_empty()).then_some(file),
        alt: meta("_wp_attachment_image_alt").unwrap_or_default(),
        size: meta("_wp_attachment_metadata").and_then(|metadata| posts::size(&metadata)),
        footnotes: meta("footnotes").unwrap_or_default(),
    };
    Told { post, line: item.line, link: item.text("link"), author, language, group }
}

/// What kind of file an attachment is: the export does not say, but its name does.
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

/// A post's body, with all that it asks for out of the file.
fn rendered(site: &mut Site, post: &Post) -> render::Body {
    let mut body = render::body(site, post);
    for _ in 0..ROUNDS {
        if body.wanted.is_empty() {
            break;
        }
        answer(site, std::mem::take(&mut body.wanted));
        body = render::body(site, post);
    }
    body
}

fn answer(site: &mut Site, wanted: BTreeSet<Want>) {
    for want in wanted {
        match want {
            // All that the file holds is there already.
            Want::Post(id) | Want::Body(id) => {
                site.posts.entry(id).or_insert(None);
            }
            Want::List(listing) => {
                let listed = listed(site, &listing);
                site.lists.insert(listing, listed);
            }
            Want::Biography(user) => {
                site.biographies.entry(user).or_default();
            }
            Want::Months | Want::Comments => {}
        }
    }
}

fn listed(site: &Site, listing: &Listing) -> Listed {
    let status = if listing.kind == "attachment" { "inherit" } else { "publish" };
    let mut chosen: Vec<&Post> = site
        .posts
        .values()
        .flatten()
        .filter(|p| p.kind == listing.kind && p.status == status)
        .filter(|p| listing.terms.is_empty() || p.terms.iter().any(|t| listing.terms.contains(t)))
        .filter(|p| {
            listing.author.is_none_or(|a| a == p.author)
                && listing.parent.is_none_or(|parent| parent == p.parent)
        })
        .filter(|p| !listing.exclude.contains(&p.id) && p.mime.starts_with(&listing.mime))
        .collect();
    chosen.sort_by(|a, b| {
        let order = match listing.order {
            Order::Date => a.date.cmp(&b.date),
            Order::Modified => a.modified.cmp(&b.modified),
            Order::Title | Order::Menu => a.title.to_lowercase().cmp(&b.title.to_lowercase()),
            Order::Id => a.id.cmp(&b.id),
        };
        let order = if listing.ascending { order } else { order.reverse() };
        order.then(a.id.cmp(&b.id))
    });
    let total = u64::try_from(chosen.len()).unwrap_or_default();
    let limit = if listing.limit == 0 {
        usize::MAX
    } else {
        usize::try_from(listing.limit).unwrap_or(usize::MAX)
    };
    let offset = usize::try_from(listing.offset).unwrap_or_default();
    Listed { ids: chosen.iter().skip(offset).take(limit).map(|p| p.id).collect(), total }
}

/// Months with public posts, newest first.
fn months(site: &Site) -> Vec<(i16, i8, u64)> {
    let mut months: BTreeMap<(i16, i8), u64> = BTreeMap::new();
    for post in site.posts.values().flatten().filter(|p| p.kind == "post" && p.status == "publish")
    {
        if let Some(at) = dates::civil(&post.date) {
            *months.entry((at.year(), at.month())).or_default() += 1;
        }
    }
    months.into_iter().rev().map(|((year, month), n)| (year, month, n)).collect()
}
