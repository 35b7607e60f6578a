//! The posts that WordPress has scheduled and not published.

use super::dates;
use super::languages::QTRANSLATE;
use super::session::WordPressSession;
use super::site::WordPressSite;
use crate::domain::article::SourceRow;
use crate::sources::read_session::to_array;

/// Returns a row for each scheduled post; a password-protected one is not public on its date either.
pub(super) async fn list(
    session: &mut WordPressSession,
    site: &WordPressSite,
) -> Result<Vec<SourceRow>, anyhow::Error> {
    let sql = "SELECT CAST(ID AS CHAR), CAST(post_date AS CHAR), CAST(post_date_gmt AS CHAR) FROM {p}posts \
        WHERE post_type = 'post' AND post_status = 'future' AND post_password = ''";
    let row = |[id, local, gmt]: [String; 3]| {
        let is_translated = site.languages.plugin == QTRANSLATE;
        // Each language of a post is an article, and only the text shows which it has.
        let languages = site.languages.tags.keys().filter(|_| is_translated);
        let mut ids: Vec<String> = languages.map(|code| format!("{id}-{code}")).collect();
        ids.push(id);
        SourceRow::Scheduled { ids, date: dates::instant(&gmt, &local, &site.zone()) }
    };
    Ok(session.rows(sql, &[]).await?.into_iter().map(to_array).map(row).collect())
}
