//! Queries for lists: of posts, of the months and days with posts, and of comments.

use std::fmt::Write as _;

use jiff::civil::Date;

use super::posts::{join_ids, number, select};
use super::session::WordPressSession;
use super::site::{Comment, Order, PostList, PostQuery, WordPressSite};
use crate::sources::read_session::to_array;

/// Reads the ids of a list, and its posts without bodies.
pub(super) async fn read(
    session: &mut WordPressSession,
    site: &mut WordPressSite,
    query: PostQuery,
) -> Result<(), anyhow::Error> {
    let (condition, binds) = condition(&query);
    let count = session
        .rows(&format!("SELECT CAST(COUNT(*) AS CHAR) FROM {{p}}posts WHERE {condition}"), &binds)
        .await?;
    let limit = if query.limit == 0 { 1_000 } else { query.limit };
    let sql = format!(
        "SELECT CAST(ID AS CHAR) FROM {{p}}posts WHERE {condition} ORDER BY {} LIMIT {limit} OFFSET {}",
        order(&query),
        query.offset
    );
    let mut ids: Vec<u64> =
        session.rows(&sql, &binds).await?.iter().map(|row| number(&row[0])).collect();
    if query.sticky_first {
        ids = with_sticky_posts_first(session, site, &query, ids).await?;
    }
    let missing: Vec<u64> = ids.iter().copied().filter(|id| !site.posts.contains_key(id)).collect();
    if !missing.is_empty() {
        let found = select(session, &format!("ID IN ({})", join_ids(&missing)), false).await?;
        site.posts.extend(found.into_iter().map(|post| (post.id, Some(post))));
    }
    let total = count.first().map_or(0, |row| number(&row[0]));
    site.lists_by_query.insert(query, PostList { ids, total });
    Ok(())
}

/// Returns the WHERE clause of a query and the values of its placeholders.
fn condition(query: &PostQuery) -> (String, Vec<&str>) {
    let status = if query.kind == "attachment" { "inherit" } else { "publish" };
    let mut sql = format!("post_status = '{status}' AND post_type = ?");
    let mut binds = vec![query.kind.as_str()];
    for group in &query.terms {
        let _ = write!(
            sql,
            " AND ID IN (SELECT tr.object_id FROM {{p}}term_relationships tr JOIN {{p}}term_taxonomy tt ON tt.term_taxonomy_id = tr.term_taxonomy_id WHERE tt.term_id IN ({}))",
            join_ids(group)
        );
    }
    if let Some(author) = query.author {
        let _ = write!(sql, " AND post_author = {author}");
    }
    if !query.parents.is_empty() {
        let _ = write!(sql, " AND post_parent IN ({})", join_ids(&query.parents));
    }
    if let Some(include) = &query.include {
        // No post has the id 0.
        let _ = match include.as_slice() {
            [] => write!(sql, " AND ID = 0"),
            ids => write!(sql, " AND ID IN ({})", join_ids(ids)),
        };
    }
    if !query.exclude.is_empty() {
        let _ = write!(sql, " AND ID NOT IN ({})", join_ids(&query.exclude));
    }
    if !query.mime.is_empty() {
        sql.push_str(" AND LEFT(post_mime_type, CHAR_LENGTH(?)) = ?");
        binds.extend([query.mime.as_str(); 2]);
    }
    for word in &query.search {
        sql.push_str(
            " AND (LOCATE(?, post_title) > 0 OR LOCATE(?, post_excerpt) > 0 OR LOCATE(?, post_content) > 0)",
        );
        binds.extend([word.as_str(); 3]);
    }
    if !query.search.is_empty() {
        // A visitor's search does not find posts with a password.
        sql.push_str(" AND post_password = ''");
    }
    (sql, binds)
}

/// Returns the ORDER BY clause of a query.
fn order(query: &PostQuery) -> String {
    let direction = if query.ascending { "ASC" } else { "DESC" };
    match query.order {
        Order::Date => format!("post_date {direction}"),
        Order::Modified => format!("post_modified {direction}"),
        Order::Title => format!("post_title {direction}"),
        Order::Menu => format!("menu_order {direction}, post_title {direction}"),
        Order::MenuThenId => format!("menu_order {direction}, ID {direction}"),
        Order::Id => format!("ID {direction}"),
        Order::Comments => format!("comment_count {direction}"),
    }
}

/// Moves the sticky posts of a list to its beginning, and adds those that its limit excluded.
async fn with_sticky_posts_first(
    session: &mut WordPressSession,
    site: &WordPressSite,
    query: &PostQuery,
    ids: Vec<u64>,
) -> Result<Vec<u64>, anyhow::Error> {
    let sticky: Vec<u64> =
        site.sticky_posts().into_iter().filter(|id| !query.exclude.contains(id)).collect();
    let (mut first, others): (Vec<u64>, Vec<u64>) =
        ids.into_iter().partition(|id| sticky.contains(id));
    let further: Vec<u64> = sticky.into_iter().filter(|id| !first.contains(id)).collect();
    if !further.is_empty() {
        let sql = format!(
            "SELECT CAST(ID AS CHAR) FROM {{p}}posts WHERE post_status = 'publish' AND post_type = ? AND ID IN ({}) ORDER BY post_date DESC",
            join_ids(&further)
        );
        let rows = session.rows(&sql, &[&query.kind]).await?;
        first.extend(rows.iter().map(|row| number(&row[0])));
    }
    first.extend(others);
    Ok(first)
}

/// Returns the year, month and number of posts of each month with posts, newest first.
pub(super) async fn months(
    session: &mut WordPressSession,
) -> Result<Vec<(i16, i8, u64)>, anyhow::Error> {
    let sql = "SELECT CAST(YEAR(post_date) AS CHAR), CAST(MONTH(post_date) AS CHAR), CAST(COUNT(ID) AS CHAR) FROM {p}posts \
        WHERE post_type = 'post' AND post_status = 'publish' GROUP BY YEAR(post_date), MONTH(post_date) ORDER BY YEAR(post_date) DESC, MONTH(post_date) DESC";
    let rows = session.rows(sql, &[]).await?;
    Ok(rows
        .iter()
        .filter_map(|row| Some((row[0].parse().ok()?, row[1].parse().ok()?, number(&row[2]))))
        .collect())
}

/// Returns the date and number of posts of each day with posts, newest first.
pub(super) async fn days(
    session: &mut WordPressSession,
) -> Result<Vec<(Date, u64)>, anyhow::Error> {
    let sql = "SELECT CAST(DATE(post_date) AS CHAR), CAST(COUNT(ID) AS CHAR) FROM {p}posts \
        WHERE post_type = 'post' AND post_status = 'publish' GROUP BY DATE(post_date) ORDER BY DATE(post_date) DESC";
    let rows = session.rows(sql, &[]).await?;
    Ok(rows.iter().filter_map(|row| Some((row[0].parse().ok()?, number(&row[1])))).collect())
}

/// Returns the newest approved comments on public posts.
pub(super) async fn comments(
    session: &mut WordPressSession,
) -> Result<Vec<Comment>, anyhow::Error> {
    let sql = "SELECT CAST(c.comment_ID AS CHAR), CAST(c.comment_post_ID AS CHAR), c.comment_author, c.comment_author_url, CAST(c.comment_date AS CHAR), c.comment_content \
        FROM {p}comments c JOIN {p}posts p ON p.ID = c.comment_post_ID WHERE c.comment_approved = '1' AND p.post_status = 'publish' AND p.post_password = '' \
        ORDER BY c.comment_date_gmt DESC LIMIT 100";
    let rows = session.rows_if_readable(sql, &[]).await?.unwrap_or_default();
    Ok(rows
        .into_iter()
        .map(|row| {
            let [id, post, author, author_url, date, text] = to_array(row);
            Comment { id: number(&id), post: number(&post), author, author_url, date, text }
        })
        .collect())
}
