//! Queries on Ghost's tables, for every version of its schema.

use std::collections::{BTreeSet, HashMap};

use crate::config::{Members, Source};
use crate::domain::time::Millis;
use crate::sources::incremental;
use crate::sources::read_session::{ReadSession, TextRow, to_array};

/// Number of posts that one query reads.
const PAGE_SIZE: usize = 50;
/// Columns of a post, in the order that [`post`] expects; a schema may lack some of them.
const POST_COLUMNS: [&str; 14] = [
    "id",
    "title",
    "slug",
    "html",
    "feature_image",
    "visibility",
    "locale",
    "published_at",
    "updated_at",
    "custom_excerpt",
    "meta_description",
    "feature_image_alt",
    "feature_image_caption",
    "featured",
];

/// Settings of the site, and the queries for its posts.
pub(super) struct GhostSite {
    /// Default language of posts.
    pub(super) language: Option<String>,
    /// `true` if links to other sites carry a referrer parameter.
    pub(super) adds_referrer: bool,
    /// SELECT list of a post, in the order that [`post`] expects.
    select: String,
    /// FROM clause of a query for posts.
    from: String,
    /// Further SQL conditions for posts that are articles once Ghost has published them.
    condition: String,
    /// Further SQL condition for posts that changed or were published since the watermark.
    changed: String,
    /// `true` if posts have the column `updated_at`.
    has_updated_at: bool,
    /// Query for tags, up to the list of post ids.
    tags_query: String,
    /// Query for authors, up to the list of post ids.
    authors_query: &'static str,
    /// ORDER BY clause of the query for authors.
    authors_order: &'static str,
}

impl GhostSite {
    /// Restricts the following pages to posts that changed since `watermark`; returns `false` if
    /// the schema does not record changes.
    pub(super) fn restrict_to_changes(&mut self, session: &ReadSession, watermark: Millis) -> bool {
        if self.has_updated_at {
            let published = incremental::publication_watermark(watermark);
            self.changed = format!(
                " AND ({} OR {})",
                session.condition_since("p.updated_at", watermark),
                session.condition_since("p.published_at", published)
            );
        }
        self.has_updated_at
    }
}

/// A tag of a post, public or internal.
#[derive(Debug, Clone, Default)]
pub(super) struct Tag {
    pub(super) name: String,
    pub(super) slug: String,
    /// `false` for internal tags, whose names begin with `#`.
    pub(super) is_public: bool,
}

/// An author of a post.
#[derive(Debug, Clone, Default)]
pub(super) struct Author {
    pub(super) name: String,
    pub(super) slug: String,
}

/// A row of the posts table with its tags and authors.
#[derive(Debug, Clone, Default)]
pub(super) struct Post {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) slug: String,
    pub(super) html: String,
    pub(super) feature_image: String,
    pub(super) visibility: String,
    pub(super) locale: String,
    pub(super) published_at: String,
    pub(super) updated_at: String,
    pub(super) excerpt: String,
    pub(super) description: String,
    pub(super) alt: String,
    pub(super) caption: String,
    /// `1` for a featured post.
    pub(super) featured: String,
    /// Tags in the editors' order.
    pub(super) tags: Vec<Tag>,
    /// Authors in the editors' order.
    pub(super) authors: Vec<Author>,
}

impl Post {
    /// Returns the first tag, unless it is internal.
    pub(super) fn primary_tag(&self) -> Option<&Tag> {
        self.tags.first().filter(|tag| tag.is_public)
    }

    /// Returns `true` if everybody may read the whole post; schemas without members have only such
    /// posts.
    pub(super) fn is_public(&self) -> bool {
        matches!(self.visibility.as_str(), "" | "public")
    }
}

/// Reads which tables and columns exist, and the settings of the site.
pub(super) async fn site(session: &mut ReadSession, source: &Source) -> anyhow::Result<GhostSite> {
    let posts = session
        .require_columns(
            "Ghost",
            "posts",
            &["id", "title", "slug", "html", "status", "published_at"],
            "",
        )
        .await?;
    let meta = session.columns("posts_meta").await?;
    let has_meta = meta.contains("post_id");
    let tags = session.require_columns("Ghost", "tags", &["id", "name", "slug"], "").await?;
    let several_authors = session.columns("posts_authors").await?.contains("author_id");
    let settings = settings(session).await?;
    let setting =
        |key: &str| settings.get(key).map(|value| value.trim()).filter(|value| !value.is_empty());
    let column = |name: &str| match name {
        // A post without a visibility may not be public.
        "visibility" if posts.contains(name) => "COALESCE(p.visibility, 'unknown')".to_owned(),
        name if posts.contains(name) => format!("p.{name}"),
        name if has_meta && meta.contains(name) => format!("m.{name}"),
        _ => "''".to_owned(),
    };
    let joined = if has_meta { " LEFT JOIN posts_meta m ON m.post_id = p.id" } else { "" };
    let from = format!("FROM posts p{joined}");
    let tag_visibility = if tags.contains("visibility") { "t.visibility" } else { "''" };
    Ok(GhostSite {
        language: setting("locale").or_else(|| setting("lang")).map(str::to_owned),
        adds_referrer: setting("outbound_link_tagging") == Some("true"),
        select: format!("SELECT {} {from}", POST_COLUMNS.map(column).join(", ")),
        from,
        condition: condition(&posts, &meta, source.members),
        changed: String::new(),
        has_updated_at: posts.contains("updated_at"),
        tags_query: format!(
            "SELECT pt.post_id, t.name, t.slug, {tag_visibility} FROM posts_tags pt JOIN tags t ON t.id = pt.tag_id WHERE pt.post_id"
        ),
        authors_query: if several_authors {
            "SELECT pa.post_id, u.name, u.slug FROM posts_authors pa JOIN users u ON u.id = pa.author_id WHERE pa.post_id"
        } else {
            "SELECT p.id, u.name, u.slug FROM posts p JOIN users u ON u.id = p.author_id WHERE p.id"
        },
        authors_order: if several_authors { "ORDER BY pa.sort_order, pa.id" } else { "" },
    })
}

/// Returns the used settings of the site by key; empty if the table is not readable.
async fn settings(session: &mut ReadSession) -> anyhow::Result<HashMap<String, String>> {
    let sql = "SELECT s.key, s.value FROM settings s WHERE s.key IN ('locale', 'lang', 'outbound_link_tagging')";
    let rows = session.rows_if_readable(sql).await?.into_iter().map(to_array);
    Ok(rows.map(|[key, value]| (key, value)).collect())
}

/// Returns further conditions for posts, without pages and posts that are only sent by email.
fn condition(posts: &BTreeSet<String>, meta: &BTreeSet<String>, members: Members) -> String {
    let mut parts = Vec::new();
    // Older schemas mark pages in a column `page` instead of `type`.
    parts.extend(posts.contains("type").then(|| "p.type = 'post'".to_owned()));
    parts.extend(posts.contains("page").then(|| "p.page = 0".to_owned()));
    parts.extend(
        (meta.contains("post_id") && meta.contains("email_only"))
            .then(|| "COALESCE(m.email_only, 0) = 0".to_owned()),
    );
    if members == Members::Hidden && posts.contains("visibility") {
        parts.push("p.visibility = 'public'".to_owned());
    }
    parts.iter().map(|part| format!(" AND {part}")).collect()
}

/// Returns the ids and dates of the posts that Ghost has scheduled and not published.
pub(super) async fn scheduled_posts(
    session: &mut ReadSession,
    site: &GhostSite,
) -> anyhow::Result<Vec<(String, String)>> {
    let GhostSite { from, condition, .. } = site;
    let sql = format!("SELECT p.id, p.published_at {from} WHERE p.status = 'scheduled'{condition}");
    Ok(session.rows(&sql).await?.into_iter().map(to_array).map(|[id, date]| (id, date)).collect())
}

/// Returns the ids of the changed posts that Ghost does not show to visitors; empty unless only
/// changed posts are read.
pub(super) async fn withdrawn_posts(
    session: &mut ReadSession,
    site: &GhostSite,
) -> anyhow::Result<Vec<String>> {
    let GhostSite { from, condition, changed, .. } = site;
    if changed.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT p.id {from} WHERE p.status <> 'scheduled' AND NOT (p.status = 'published'{condition}){changed}"
    );
    Ok(session.rows(&sql).await?.into_iter().map(to_array).map(|[id]| id).collect())
}

/// Returns the next posts by id with their bodies, tags and authors; empty after the last one.
pub(super) async fn next_posts(
    session: &mut ReadSession,
    site: &GhostSite,
    after: &str,
) -> anyhow::Result<Vec<Post>> {
    let GhostSite { select, condition, changed, .. } = site;
    let sql = format!(
        "{select} WHERE p.status = 'published'{condition}{changed} AND p.id > {} ORDER BY p.id LIMIT {PAGE_SIZE}",
        session.quote(after)
    );
    let mut posts: Vec<Post> = session.rows(&sql).await?.into_iter().map(post).collect();
    if posts.is_empty() {
        return Ok(posts);
    }
    let ids = session.quote_list(posts.iter().map(|post| post.id.as_str()));
    let index_of: HashMap<String, usize> =
        posts.iter().enumerate().map(|(at, post)| (post.id.clone(), at)).collect();
    for row in session
        .rows(&format!("{} IN ({ids}) ORDER BY pt.sort_order, pt.id", site.tags_query))
        .await?
    {
        let [post, name, slug, visibility] = to_array(row);
        if let Some(at) = index_of.get(&post) {
            let is_public =
                visibility != "internal" && !(visibility.is_empty() && name.starts_with('#'));
            posts[*at].tags.push(Tag { name, slug, is_public });
        }
    }
    for row in
        session.rows(&format!("{} IN ({ids}) {}", site.authors_query, site.authors_order)).await?
    {
        let [post, name, slug] = to_array(row);
        if let Some(at) = index_of.get(&post) {
            posts[*at].authors.push(Author { name, slug });
        }
    }
    Ok(posts)
}

fn post(row: TextRow) -> Post {
    let [
        id,
        title,
        slug,
        html,
        feature_image,
        visibility,
        locale,
        published_at,
        updated_at,
        excerpt,
        description,
        alt,
        caption,
        featured,
    ] = to_array(row);
    Post {
        id,
        title,
        slug,
        html,
        feature_image,
        visibility,
        locale,
        published_at,
        updated_at,
        excerpt,
        description,
        alt,
        caption,
        featured,
        ..Post::default()
    }
}
