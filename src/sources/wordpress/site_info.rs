//! Facts about a WordPress site for `courant sources check`.

use std::collections::BTreeMap;

use super::posts::{number, pairs};
use super::session::WordPressSession;
use super::{dates, options};
use crate::config::Source;
use crate::domain::time::zone_name;
use crate::sources::facts::{SourceFacts, ids_fact};
use crate::sources::read_session::to_array;

/// Returns facts about a site, and the number of its non-public posts by reason, without scheduled
/// ones, which the reader returns.
pub(in crate::sources) async fn site_info(source: &Source) -> anyhow::Result<SourceFacts> {
    let mut session = WordPressSession::open(source).await?;
    let site = options::read_site(&mut session, source).await?;
    let languages: Vec<&str> = site.languages.tags().collect();
    let structure = match site.option("permalink_structure") {
        "" => "plain: ?p=NUMBER".to_owned(),
        structure => structure.to_owned(),
    };
    let mut facts = vec![
        ("title", html_escape::decode_html_entities(site.option("blogname")).into_owned()),
        ("site", site.home().to_owned()),
        ("time zone", zone_name(&site.zone())),
        ("permalinks", structure),
        ("files", site.uploads_url()),
        ("tables", format!("{}…", session.prefix)),
    ];
    facts.extend(site.address.facts());
    let warnings = site.address.warnings(site.home(), &site.uploads_url());
    facts.push(("warning", warnings.join("; ")));
    if !languages.is_empty() {
        facts.push((
            "translations",
            format!("{} ({})", site.languages.plugin, languages.join(", ")),
        ));
    }
    facts.push(ids_fact(source));
    facts.retain(|(_, fact)| !fact.is_empty());
    let sql = "SELECT post_status, IF(post_password = '', '', '1'), CAST(COUNT(*) AS CHAR) FROM {p}posts WHERE post_type = 'post' GROUP BY 1, 2";
    let mut left_out: BTreeMap<String, usize> = BTreeMap::new();
    for row in session.rows(sql, &[]).await? {
        let [status, password, count] = to_array(row);
        if let Some(reason) = hidden_reason(&status, !password.is_empty()) {
            *left_out.entry(reason.to_owned()).or_default() +=
                usize::try_from(number(&count)).unwrap_or_default();
        }
    }
    session.close().await;
    Ok(SourceFacts { facts, left_out })
}

/// Returns the IANA name of the time zone in the settings of a site; `None` if it has no such name.
pub(in crate::sources) async fn site_zone(source: &Source) -> anyhow::Result<Option<String>> {
    let mut session = WordPressSession::open(source).await?;
    let sql = "SELECT option_name, option_value FROM {p}options WHERE option_name IN ('timezone_string', 'gmt_offset')";
    let options = pairs(session.rows(sql, &[]).await?);
    session.close().await;
    let option = |name: &str| options.get(name).map(String::as_str).unwrap_or_default();
    Ok(dates::zone(option("timezone_string"), option("gmt_offset"))
        .and_then(|zone| dates::iana_name(&zone)))
}

/// Returns the reason why a post is not public; `None` if it is public or scheduled.
pub(super) fn hidden_reason(status: &str, is_protected: bool) -> Option<&'static str> {
    match status {
        "publish" | "future" if is_protected => Some("password-protected"),
        "publish" | "future" => None,
        "draft" | "auto-draft" => Some("drafts"),
        "pending" => Some("pending review"),
        "private" => Some("private"),
        "trash" => Some("in the trash"),
        _ => Some("other status"),
    }
}
