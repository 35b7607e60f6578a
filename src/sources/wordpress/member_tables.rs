//! Posts that Paid Memberships Pro restricts: their levels are in tables of the plugin.

use anyhow::anyhow;

use super::session::WordPressSession;
use crate::sources::read_session::to_array;

/// Posts among `{ids}` that need a membership level themselves, or through a category.
const RESTRICTED: &str = "SELECT CAST(page_id AS CHAR) FROM {p}pmpro_memberships_pages WHERE page_id IN ({ids}) \
    UNION SELECT CAST(tr.object_id AS CHAR) FROM {p}term_relationships tr \
    JOIN {p}term_taxonomy tt ON tt.term_taxonomy_id = tr.term_taxonomy_id \
    JOIN {p}pmpro_memberships_categories mc ON mc.category_id = tt.term_id WHERE tr.object_id IN ({ids})";

/// Name of the plugin in the list of active plugins.
const PLUGIN: &str = "paid-memberships-pro/";

/// Returns the posts that visitors may not read, among ids separated by commas.
///
/// # Errors
/// If the plugin is active but its tables are not readable, because any post could be restricted.
pub(super) async fn restricted_posts(
    session: &mut WordPressSession,
    ids: &str,
) -> Result<Vec<u64>, anyhow::Error> {
    if let Some(rows) = session.rows_if_readable(&RESTRICTED.replace("{ids}", ids), &[]).await? {
        return Ok(rows.into_iter().filter_map(|row| to_array::<1>(row)[0].parse().ok()).collect());
    }
    let sql = "SELECT option_value FROM {p}options WHERE option_name = 'active_plugins'";
    let active = session.rows(sql, &[]).await?.into_iter().next().map(to_array::<1>);
    if active.is_some_and(|[plugins]| plugins.contains(PLUGIN)) {
        let prefix = &session.prefix;
        return Err(anyhow!(
            "source {}: Paid Memberships Pro is active, but the user may not read which posts it restricts; grant SELECT on {prefix}pmpro_memberships_pages and {prefix}pmpro_memberships_categories",
            session.source
        ));
    }
    Ok(Vec::new())
}
