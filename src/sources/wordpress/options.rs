//! Data of the whole site: options, terms and authors, and its role in a multisite network.

use std::collections::HashMap;

use super::address::SiteAddress;
use super::language_plugins;
use super::posts::{number, pairs};
use super::session::WordPressSession;
use super::site::{Term, User, WordPressSite};
use crate::config::Source;
use crate::sources::read_session::to_array;

/// Options that determine addresses, dates, files and widgets of a site.
const OPTIONS: &str = "'home','siteurl','permalink_structure','WPLANG','timezone_string','gmt_offset','upload_path','upload_url_path','date_format',\
    'category_base','tag_base','default_category','blogname','blogdescription','use_smilies','show_on_front','page_on_front','page_for_posts','start_of_week',\
    'time_format','sticky_posts','polylang','icl_sitepress_settings','show_avatars',\
    'qtranslate_enabled_languages','qtranslate_default_language','qtranslate_url_mode','qtranslate_hide_default_language',\
    'qtranslate_domains','qtranslate_locales'";

/// Reads the options, terms and authors of a site.
pub(super) async fn read_site(
    session: &mut WordPressSession,
    source: &Source,
) -> Result<WordPressSite, anyhow::Error> {
    let mut site = WordPressSite::default();
    let sql = format!(
        "SELECT option_name, option_value FROM {{p}}options WHERE option_name IN ({OPTIONS})"
    );
    site.options = pairs(session.rows(&sql, &[]).await?);
    site.address = SiteAddress::apply(&mut site.options, source);
    site.time_zone = super::dates::zone(site.option("timezone_string"), site.option("gmt_offset"))
        .or_else(|| Some(source.timezone.clone()));
    let clock = session.rows("SELECT CAST(UNIX_TIMESTAMP() AS CHAR)", &[]).await?;
    let seconds = clock.first().and_then(|row| row[0].parse().ok()).unwrap_or_default();
    site.now = jiff::Timestamp::from_second(seconds).unwrap_or_default();
    let sql = "SELECT CAST(t.term_id AS CHAR), t.name, t.slug, tt.taxonomy, CAST(tt.parent AS CHAR), CAST(tt.count AS CHAR) \
        FROM {p}terms t JOIN {p}term_taxonomy tt ON tt.term_id = t.term_id WHERE tt.taxonomy IN ('category', 'post_tag') ORDER BY t.name";
    for (rank, row) in session.rows(sql, &[]).await?.into_iter().enumerate() {
        let [id, name, slug, taxonomy, parent, count] = to_array(row);
        let term = Term {
            id: number(&id),
            name,
            slug,
            taxonomy,
            parent: number(&parent),
            count: number(&count),
            rank,
            ..Term::default()
        };
        site.terms.insert(term.id, term);
    }
    site.users = users(session).await?;
    site.network_uploads_path = network_uploads_path(session).await?;
    site.languages = language_plugins::read(session, &site).await?;
    Ok(site)
}

/// Splits the prefix of a site in a network into the main site's prefix and its number: `wp_` and
/// `2_` of `wp_2_`.
fn network_prefix(prefix: &str) -> Option<(&str, &str)> {
    let bare = prefix.strip_suffix('_')?;
    let network = bare.trim_end_matches(|c: char| c.is_ascii_digit());
    (network.len() < bare.len() && network.ends_with('_'))
        .then(|| (network, &bare[network.len()..]))
}

/// Returns the uploads path of a site in a network; `None` for a standalone site.
async fn network_uploads_path(
    session: &mut WordPressSession,
) -> Result<Option<String>, anyhow::Error> {
    let Some((network, number)) =
        network_prefix(&session.prefix).map(|(n, id)| (n.to_owned(), id.to_owned()))
    else {
        return Ok(None);
    };
    // A standalone site may have such a prefix by chance; it then has its own table of users.
    if session.rows_if_readable("SELECT CAST(MIN(ID) AS CHAR) FROM {p}users", &[]).await?.is_some()
    {
        return Ok(None);
    }
    let sql =
        format!("SELECT meta_value FROM {network}sitemeta WHERE meta_key = 'ms_files_rewriting'");
    let rewriting = session.rows_if_readable(&sql, &[]).await?.unwrap_or_default();
    let is_old = rewriting
        .first()
        .and_then(|row| row.first())
        .is_some_and(|value| !matches!(value.as_str(), "" | "0"));
    Ok(Some(if is_old { "files".to_owned() } else { format!("wp-content/uploads/sites/{number}") }))
}

/// Reads the authors; a network has one table of users, with the main site's prefix.
async fn users(session: &mut WordPressSession) -> Result<HashMap<u64, User>, anyhow::Error> {
    const SELECT: &str = "SELECT CAST(ID AS CHAR), display_name, user_nicename FROM {p}users";
    let rows = match network_prefix(&session.prefix).map(|(network, _)| network.to_owned()) {
        Some(network) => match session.rows_if_readable(SELECT, &[]).await? {
            Some(own) => own,
            None => session.rows(&SELECT.replace("{p}", &network), &[]).await?,
        },
        None => session.rows(SELECT, &[]).await?,
    };
    Ok(rows
        .into_iter()
        .map(|row| {
            let [id, name, nicename] = to_array(row);
            (number(&id), User { name, nicename })
        })
        .collect())
}
