//! Reads or checks a source with the reader for its kind.

use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::{drupal, ghost, query, wordpress};
use crate::config::{Source, SourceKind};
use crate::domain::article::SourceRow;
use crate::domain::time::Millis;

/// Spawns a task that reads a source and sends its articles to `items`; with `since`, only those
/// that changed since then, where the source supports it.
///
/// The task returns `true` if it read every article. Dropping the handle aborts it.
pub(super) fn spawn_reader(
    source: &Source,
    site_language: &str,
    since: Option<Millis>,
    items: mpsc::Sender<SourceRow>,
) -> AbortOnDropHandle<anyhow::Result<bool>> {
    let (source, language) = (source.clone(), site_language.to_owned());
    AbortOnDropHandle::new(tokio::spawn(async move {
        match source.kind {
            SourceKind::WordPress => wordpress::read(&source, &language, since, items).await,
            SourceKind::Ghost => ghost::read(&source, &language, since, items).await,
            SourceKind::Drupal => drupal::read(&source, since, items).await,
            SourceKind::Query => query::read(&source, since, items).await,
            SourceKind::Builtin => Ok(true),
        }
    }))
}

/// Checks that a source is readable as configured: connection, query and columns. Returns warnings
/// as sentences.
pub async fn check(source: &Source) -> anyhow::Result<Vec<String>> {
    match source.kind {
        SourceKind::Builtin => {}
        SourceKind::Query => return query::check(source).await,
        SourceKind::WordPress => return wordpress::check(source).await,
        SourceKind::Ghost => ghost::check(source).await?,
        SourceKind::Drupal => drupal::check(source).await?,
    }
    Ok(Vec::new())
}

/// Returns the IANA name of the time zone that the site of a source has in its settings; `None` if its
/// kind does not tell it.
pub async fn site_zone(source: &Source) -> anyhow::Result<Option<String>> {
    match source.kind {
        SourceKind::WordPress => wordpress::site_zone(source).await,
        SourceKind::Builtin | SourceKind::Query | SourceKind::Ghost | SourceKind::Drupal => {
            Ok(None)
        }
    }
}
