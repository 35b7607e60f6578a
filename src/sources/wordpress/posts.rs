//! Queries for posts with their terms and metadata.

use std::collections::HashMap;

use super::session::WordPressSession;
use super::site::Post;
use super::{elementor, enclosures, member_plugins, member_tables, post_visibility};
use crate::domain::time::Millis;
use crate::sources::incremental;
use crate::sources::php::Value;
use crate::sources::read_session::{TextRow, to_array};

/// SELECT list in the order that `post` expects, without the final column for the body.
const COLUMNS: &str = "CAST(ID AS CHAR), CAST(post_author AS CHAR), CAST(post_date AS CHAR), CAST(post_date_gmt AS CHAR), \
    CAST(post_modified AS CHAR), CAST(post_modified_gmt AS CHAR), post_title, post_excerpt, post_status, post_name, CAST(post_parent AS CHAR), \
    guid, post_type, post_mime_type, IF(post_password = '', '', '1')";

/// Keys of the metadata that rendering uses.
const POST_META: [&str; 5] = [
    "_thumbnail_id",
    "_wp_attached_file",
    "_wp_attachment_image_alt",
    "_wp_attachment_metadata",
    "footnotes",
];

/// Number of articles that one query reads.
const PAGE_SIZE: usize = 100;

/// Returns the next public articles by id that changed since a time, with their bodies; empty after
/// the last one.
pub(super) async fn next_posts(
    session: &mut WordPressSession,
    after: u64,
    since: Option<Millis>,
) -> Result<Vec<Post>, anyhow::Error> {
    let changed = since.map(|mark| {
        // When WordPress publishes a scheduled post, only its status changes.
        format!(
            "AND ({} OR GREATEST(post_date, post_date_gmt) >= '{}') ",
            changed_since(mark),
            start_of_changes(incremental::publication_watermark(mark))
        )
    });
    let condition = format!(
        "post_type = 'post' AND post_status = 'publish' AND post_password = '' {}AND ID > {after} ORDER BY ID LIMIT {PAGE_SIZE}",
        changed.unwrap_or_default()
    );
    select(session, &condition, true).await
}

/// Returns a condition for posts that were modified since a time. Some programs store the zero date,
/// from which no change can be detected: it holds for these too.
pub(super) fn changed_since(watermark: Millis) -> String {
    incremental::mysql_condition("post_modified_gmt", &start_of_changes(watermark))
}

fn start_of_changes(watermark: Millis) -> String {
    let start = incremental::overlap_start(watermark);
    incremental::sql_datetime(start, &jiff::tz::TimeZone::UTC)
}

/// Returns the posts that match a condition, with their terms and the metadata in use. The
/// condition must not contain external input other than numbers.
pub(super) async fn select(
    session: &mut WordPressSession,
    condition: &str,
    with_body: bool,
) -> Result<Vec<Post>, anyhow::Error> {
    let body = if with_body { "post_content" } else { "''" };
    let sql = format!("SELECT {COLUMNS}, {body} FROM {{p}}posts WHERE {condition}");
    let mut posts: Vec<Post> =
        session.rows(&sql, &[]).await?.into_iter().map(|row| post(row, with_body)).collect();
    if posts.is_empty() {
        return Ok(posts);
    }
    let places: HashMap<u64, usize> =
        posts.iter().enumerate().map(|(at, post)| (post.id, at)).collect();
    let ids = join_ids(&posts.iter().map(|post| post.id).collect::<Vec<_>>());
    let sql = format!(
        "SELECT CAST(tr.object_id AS CHAR), CAST(tt.term_id AS CHAR) FROM {{p}}term_relationships tr \
         JOIN {{p}}term_taxonomy tt ON tt.term_taxonomy_id = tr.term_taxonomy_id JOIN {{p}}terms t ON t.term_id = tt.term_id \
         WHERE tr.object_id IN ({ids}) AND tt.taxonomy IN ('category', 'post_tag') ORDER BY t.name"
    );
    for row in session.rows(&sql, &[]).await? {
        let [post, term] = to_array(row);
        if let Some(at) = places.get(&number(&post)) {
            posts[*at].terms.push(number(&term));
        }
    }
    let layout_keys = elementor::META_KEYS.into_iter().filter(|_| with_body);
    let keys: Vec<&str> =
        POST_META.into_iter().chain(layout_keys).chain(member_plugins::meta_keys()).collect();
    let sql = format!(
        "SELECT CAST(post_id AS CHAR), meta_key, meta_value FROM {{p}}postmeta WHERE post_id IN ({ids}) \
         AND (meta_key IN ('{}') OR {}) ORDER BY meta_id DESC",
        keys.join("', '"),
        enclosures::SQL_CONDITION
    );
    for row in session.rows(&sql, &[]).await? {
        let [post, key, value] = to_array(row);
        let Some(post) = places.get(&number(&post)).map(|at| &mut posts[*at]) else {
            continue;
        };
        match key.as_str() {
            "_thumbnail_id" => post.thumbnail = value.parse().ok().filter(|id| *id > 0),
            "_wp_attached_file" => post.file = Some(value),
            "footnotes" => post.footnotes = value,
            "_wp_attachment_metadata" => post.size = image_size(&value),
            "_wp_attachment_image_alt" => post.alt = value,
            key if post.layout.add_metadata(key, &value) => {}
            key if enclosures::add_metadata(post, key, &value) => {}
            key => post_visibility::add_metadata(post, key, &value),
        }
    }
    for id in member_tables::restricted_posts(session, &ids).await? {
        if let Some(at) = places.get(&id) {
            post_visibility::restrict(&mut posts[*at]);
        }
    }
    for post in &mut posts {
        post.file_metadata.reverse();
        post_visibility::keep_public_part(post, session.hides_unknown_enclosing);
    }
    Ok(posts)
}

fn post(row: TextRow, with_body: bool) -> Post {
    let [
        id,
        author,
        date,
        date_gmt,
        modified,
        modified_gmt,
        title,
        excerpt,
        status,
        slug,
        parent,
        guid,
        kind,
        mime,
        password,
        content,
    ] = to_array(row);
    Post {
        id: number(&id),
        author: number(&author),
        parent: number(&parent),
        protected: !password.is_empty(),
        content: with_body.then_some(content),
        kind,
        status,
        title,
        slug,
        date,
        date_gmt,
        modified,
        modified_gmt,
        excerpt,
        guid,
        mime,
        ..Post::default()
    }
}

/// Returns the width and height of an image in pixels, if the metadata contains both.
pub(super) fn image_size(metadata: &str) -> Option<(u32, u32)> {
    let metadata = Value::parse(metadata.trim())?;
    let pixels =
        |side: &str| u32::try_from(metadata.number(side)).ok().filter(|pixels| *pixels > 0);
    pixels("width").zip(pixels("height"))
}

pub(super) fn pairs(rows: Vec<TextRow>) -> HashMap<String, String> {
    rows.into_iter()
        .map(|row| {
            let [name, value] = to_array(row);
            (name, value)
        })
        .collect()
}

pub(super) fn number(text: &str) -> u64 {
    text.parse().unwrap_or_default()
}

pub(super) fn join_ids(ids: &[u64]) -> String {
    ids.iter().map(u64::to_string).collect::<Vec<_>>().join(",")
}
