//! Properties of the session in which a source is read, for `courant sources check`.

use jiff::tz::TimeZone;

use super::connection::scheme;
use super::mysql_session::MySqlSession;
use super::postgres_session::PostgresSession;
use crate::config::{Source, SourceKind};

/// Returns the properties of the session with a source's database: what Courant set, and what it
/// kept. SQLite has none.
pub(super) async fn session_facts(source: &Source) -> anyhow::Result<Vec<(&'static str, String)>> {
    let Some(url) = source.url.as_deref() else { return Ok(Vec::new()) };
    // Courant's own statements for a CMS compute all times in UTC.
    let utc = TimeZone::UTC;
    let zone = if source.kind == SourceKind::Query { &source.timezone } else { &utc };
    Ok(match scheme(url) {
        "sqlite" => Vec::new(),
        "postgres" | "postgresql" if source.kind != SourceKind::Query => {
            vec![("session zone", "UTC".to_owned())]
        }
        "postgres" | "postgresql" => PostgresSession::open(&source.name, url, zone).await?.facts(),
        _ => MySqlSession::open(&source.name, url, zone).await?.facts(),
    })
}
