//! Posts that a plugin restricts in tables other than those of posts: by levels of Paid Memberships
//! Pro, or by settings of their categories and tags.

use anyhow::anyhow;

use super::member_plugins;
use super::session::WordPressSession;
use crate::sources::read_session::to_array;

/// Posts among `{ids}` that need a membership level themselves, or through a category.
const RESTRICTED_BY_LEVEL: &str = "SELECT CAST(page_id AS CHAR) FROM {p}pmpro_memberships_pages WHERE page_id IN ({ids}) \
    UNION SELECT CAST(tr.object_id AS CHAR) FROM {p}term_relationships tr \
    JOIN {p}term_taxonomy tt ON tt.term_taxonomy_id = tr.term_taxonomy_id \
    JOIN {p}pmpro_memberships_categories mc ON mc.category_id = tt.term_id WHERE tr.object_id IN ({ids})";

/// Settings of the terms of the posts among `{ids}`.
const TERM_SETTINGS: &str = "SELECT CAST(tr.object_id AS CHAR), tm.meta_key, tm.meta_value FROM {p}term_relationships tr \
    JOIN {p}term_taxonomy tt ON tt.term_taxonomy_id = tr.term_taxonomy_id \
    JOIN {p}termmeta tm ON tm.term_id = tt.term_id WHERE tr.object_id IN ({ids}) AND tm.meta_key IN ({keys})";

/// Name of Paid Memberships Pro in the list of active plugins.
const PAID_MEMBERSHIPS_PRO: [(&str, &str); 1] = [("paid-memberships-pro/", "Paid Memberships Pro")];

/// Names in that list of the plugins that restrict terms.
const TERM_PLUGINS: [(&str, &str); 3] = [
    ("ultimate-member/", "Ultimate Member"),
    ("restrict-content-pro/", "Restrict Content Pro"),
    ("restrict-content/", "Restrict Content"),
];

/// Returns the posts that visitors may not read, among ids separated by commas.
///
/// # Errors
/// If a plugin is active but its tables are not readable, because any post could be restricted.
pub(super) async fn restricted_posts(
    session: &mut WordPressSession,
    ids: &str,
) -> Result<Vec<u64>, anyhow::Error> {
    let mut restricted = Vec::new();
    let sql = RESTRICTED_BY_LEVEL.replace("{ids}", ids);
    match session.rows_if_readable(&sql, &[]).await? {
        Some(rows) => {
            restricted.extend(
                rows.into_iter().filter_map(|row| to_array::<1>(row)[0].parse::<u64>().ok()),
            );
        }
        None => {
            let tables = ["pmpro_memberships_pages", "pmpro_memberships_categories"];
            require_inactive(session, &PAID_MEMBERSHIPS_PRO, &tables).await?;
        }
    }
    let keys = member_plugins::TERM_META.map(|key| format!("'{key}'")).join(", ");
    let sql = TERM_SETTINGS.replace("{ids}", ids).replace("{keys}", &keys);
    match session.rows_if_readable(&sql, &[]).await? {
        Some(rows) => {
            for row in rows {
                let [post, key, value] = to_array(row);
                if member_plugins::restricts_term(&key, &value) {
                    restricted.extend(post.parse::<u64>());
                }
            }
        }
        None => require_inactive(session, &TERM_PLUGINS, &["termmeta"]).await?,
    }
    Ok(restricted)
}

/// Fails if a plugin is active whose tables are not readable.
async fn require_inactive(
    session: &mut WordPressSession,
    plugins: &[(&str, &str)],
    tables: &[&str],
) -> Result<(), anyhow::Error> {
    let sql = "SELECT option_value FROM {p}options WHERE option_name = 'active_plugins'";
    let active = session.rows(sql, &[]).await?.into_iter().next().map(to_array::<1>);
    let [active] = active.unwrap_or_default();
    let Some((_, plugin)) = plugins.iter().find(|(path, _)| active.contains(&format!("\"{path}")))
    else {
        return Ok(());
    };
    let prefix = &session.prefix;
    let tables: Vec<String> = tables.iter().map(|table| format!("{prefix}{table}")).collect();
    Err(anyhow!(
        "source {}: {plugin} is active, but the user may not read which posts it restricts; grant SELECT on {}",
        session.source,
        tables.join(" and ")
    ))
}
