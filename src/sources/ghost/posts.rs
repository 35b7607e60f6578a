//! The queries: everything this source reads from Ghost's tables, whichever version made them.

use std::collections::{BTreeSet, HashMap};

use crate::config::{Members, Source};
use crate::domain::time::Millis;
use crate::sources::session::{Fields, Session, columns};

/// How many posts are held at once.
const PAGE: usize = 50;

/// What the site says of itself, and which posts of it are asked for.
pub(super) struct Site {
    /// The language of posts that name none.
    pub(super) language: Option<String>,
    /// Whether links to other sites tell where their visitors come from.
    pub(super) tags_links: bool,
    /// The columns of a post, in the order [`post`] takes them.
    select: String,
    /// Which posts are articles.
    condition: String,
    /// Whether posts tell when they changed.
    tells_changes: bool,
    /// How tags are asked for, up to the list of posts.
    tags: String,
    /// How authors are asked for, up to the list of posts.
    authors: &'static str,
    /// How authors are ordered.
    authors_order: &'static str,
}

impl Site {
    /// From here on only posts that changed since `mark` are articles; gives whether that can be told.
    pub(super) fn narrow(&mut self, session: &Session, mark: Millis) -> bool {
        if self.tells_changes {
            let changed = session.since("p.updated_at", mark);
            self.condition = format!("{} AND ({changed})", self.condition);
        }
        self.tells_changes
    }
}

/// A tag of a post.
#[derive(Debug, Clone, Default)]
pub(super) struct Tag {
    pub(super) name: String,
    pub(super) slug: String,
    /// Internal tags, whose names begin with `#`, are for editors alone.
    pub(super) is_public: bool,
}

/// A writer.
#[derive(Debug, Clone, Default)]
pub(super) struct Author {
    pub(super) name: String,
    pub(super) slug: String,
}

/// A row of the posts table with all that belongs to it.
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
    /// In the editors' order.
    pub(super) tags: Vec<Tag>,
    /// In the editors' order.
    pub(super) authors: Vec<Author>,
}

impl Post {
    /// The first tag, unless it is for editors alone.
    pub(super) fn primary_tag(&self) -> Option<&Tag> {
        self.tags.first().filter(|tag| tag.is_public)
    }

    /// Whether anybody may read all of it; before members came, all posts were so.
    pub(super) fn is_public(&self) -> bool {
        matches!(self.visibility.as_str(), "" | "public")
    }
}

/// Asks which tables and columns there are, and what the site says of itself.
pub(super) async fn site(session: &mut Session, source: &Source) -> anyhow::Result<Site> {
    let posts = session
        .needed("Ghost", "posts", &["id", "title", "slug", "html", "status", "published_at"], "")
        .await?;
    let meta = session.columns("posts_meta").await?;
    let has_meta = meta.contains("post_id");
    let tags = session.needed("Ghost", "tags", &["id", "name", "slug"], "").await?;
    let several_authors = session.columns("posts_authors").await?.contains("author_id");
    let settings = "SELECT s.key, s.value FROM settings s WHERE s.key IN ('locale', 'lang', 'outbound_link_tagging')";
    let settings: HashMap<String, String> = session
        .rows_if_there(settings)
        .await?
        .into_iter()
        .map(columns)
        .map(|[key, value]| (key, value))
        .collect();
    let setting =
        |key: &str| settings.get(key).map(|value| value.trim()).filter(|value| !value.is_empty());
    let column = |name: &str| match name {
        name if posts.contains(name) => format!("p.{name}"),
        name if has_meta && meta.contains(name) => format!("m.{name}"),
        _ => "''".to_owned(),
    };
    let names = [
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
    ];
    let joined = if has_meta { " LEFT JOIN posts_meta m ON m.post_id = p.id" } else { "" };
    let tag_visibility = if tags.contains("visibility") { "t.visibility" } else { "''" };
    Ok(Site {
        language: setting("locale").or_else(|| setting("lang")).map(str::to_owned),
        tags_links: setting("outbound_link_tagging") == Some("true"),
        select: format!("SELECT {} FROM posts p{joined}", names.map(column).join(", ")),
        condition: condition(&posts, &meta, source.members),
        tells_changes: posts.contains("updated_at"),
        tags: format!(
            "SELECT pt.post_id, t.name, t.slug, {tag_visibility} FROM posts_tags pt JOIN tags t ON t.id = pt.tag_id WHERE pt.post_id"
        ),
        authors: if several_authors {
            "SELECT pa.post_id, u.name, u.slug FROM posts_authors pa JOIN users u ON u.id = pa.author_id WHERE pa.post_id"
        } else {
            "SELECT p.id, u.name, u.slug FROM posts p JOIN users u ON u.id = p.author_id WHERE p.id"
        },
        authors_order: if several_authors { "ORDER BY pa.sort_order, pa.id" } else { "" },
    })
}

/// Posts that are out or have a date at which they will be; no pages, no drafts, nothing that goes out by mail alone.
fn condition(posts: &BTreeSet<String>, meta: &BTreeSet<String>, members: Members) -> String {
    let mut parts = vec!["p.status IN ('published', 'scheduled')".to_owned()];
    // Pages were marked by a column of their own before there were types.
    parts.extend(posts.contains("type").then(|| "p.type = 'post'".to_owned()));
    parts.extend(posts.contains("page").then(|| "p.page = 0".to_owned()));
    parts.extend(
        (meta.contains("post_id") && meta.contains("email_only"))
            .then(|| "COALESCE(m.email_only, 0) = 0".to_owned()),
    );
    if members == Members::Hidden && posts.contains("visibility") {
        parts.push("p.visibility = 'public'".to_owned());
    }
    parts.join(" AND ")
}

/// The next posts by id, with their bodies, tags and authors; empty when there are no more.
pub(super) async fn page(
    session: &mut Session,
    site: &Site,
    after: &str,
) -> anyhow::Result<Vec<Post>> {
    let Site { select, condition, .. } = site;
    let sql = format!(
        "{select} WHERE {condition} AND p.id > {} ORDER BY p.id LIMIT {PAGE}",
        session.text(after)
    );
    let mut posts: Vec<Post> = session.rows(&sql).await?.into_iter().map(post).collect();
    if posts.is_empty() {
        return Ok(posts);
    }
    let ids = session.texts(posts.iter().map(|post| post.id.as_str()));
    let places: HashMap<String, usize> =
        posts.iter().enumerate().map(|(at, post)| (post.id.clone(), at)).collect();
    for row in
        session.rows(&format!("{} IN ({ids}) ORDER BY pt.sort_order, pt.id", site.tags)).await?
    {
        let [post, name, slug, visibility] = columns(row);
        if let Some(at) = places.get(&post) {
            let is_public =
                visibility != "internal" && !(visibility.is_empty() && name.starts_with('#'));
            posts[*at].tags.push(Tag { name, slug, is_public });
        }
    }
    for row in session.rows(&format!("{} IN ({ids}) {}", site.authors, site.authors_order)).await? {
        let [post, name, slug] = columns(row);
        if let Some(at) = places.get(&post) {
            posts[*at].authors.push(Author { name, slug });
        }
    }
    Ok(posts)
}

fn post(row: Fields) -> Post {
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
    ] = columns(row);
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
        ..Post::default()
    }
}
