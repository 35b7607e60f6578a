//! The posts that WordPress does not show to visitors: scheduled ones, and those that were withdrawn.

use super::dates;
use super::languages::QTRANSLATE;
use super::posts::changed_since;
use super::session::WordPressSession;
use super::site::WordPressSite;
use crate::domain::article::SourceRow;
use crate::domain::time::Millis;
use crate::sources::read_session::to_array;

/// Returns a row for each scheduled post, and for each that was modified since a time and is not
/// public: a draft, for example, or a post in the trash.
pub(super) async fn list(
    session: &mut WordPressSession,
    site: &WordPressSite,
    since: Option<Millis>,
) -> Result<Vec<SourceRow>, anyhow::Error> {
    // A password-protected post is not public on its date either.
    let sql = "SELECT CAST(ID AS CHAR), CAST(post_date AS CHAR), CAST(post_date_gmt AS CHAR) FROM {p}posts \
        WHERE post_type = 'post' AND post_status = 'future' AND post_password = ''";
    let scheduled = session.rows(sql, &[]).await?.into_iter().map(to_array);
    let mut rows: Vec<SourceRow> = scheduled
        .map(|[id, local, gmt]: [String; 3]| SourceRow::Scheduled {
            ids: article_ids(site, id),
            date: dates::instant(&gmt, &local, &site.zone()),
        })
        .collect();
    if let Some(watermark) = since {
        let sql = format!(
            "SELECT CAST(ID AS CHAR) FROM {{p}}posts \
             WHERE NOT (post_type = 'post' AND post_status IN ('publish', 'future') AND post_password = '') AND ({})",
            changed_since(watermark)
        );
        let withdrawn = session.rows(&sql, &[]).await?.into_iter().map(to_array);
        rows.extend(withdrawn.map(|[id]: [String; 1]| SourceRow::NotPublic {
            ids: article_ids(site, id),
            reason: None,
        }));
    }
    Ok(rows)
}

/// Returns the ids of all articles that a post can be: with qTranslate each of its languages is one,
/// and only the text shows which it has.
fn article_ids(site: &WordPressSite, id: String) -> Vec<String> {
    let is_translated = site.languages.plugin == QTRANSLATE;
    let languages = site.languages.tags.keys().filter(|_| is_translated);
    let mut ids: Vec<String> = languages.map(|code| format!("{id}-{code}")).collect();
    ids.push(id);
    ids
}
