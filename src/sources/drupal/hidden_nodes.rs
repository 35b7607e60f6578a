//! The nodes that Drupal does not show to visitors: those that the Scheduler module will publish, and
//! those that were withdrawn.

use super::node::Translation;
use super::nodes::changed_since;
use super::site::DrupalSite;
use crate::domain::article::SourceRow;
use crate::domain::time::{Millis, SignedDuration};
use crate::sources::read_session::{ReadSession, to_array};

/// Returns a row for each language of a node that is scheduled, and for each that was changed since a
/// time and is not public.
pub(super) async fn list(
    session: &mut ReadSession,
    site: &DrupalSite,
    since: Option<Millis>,
) -> anyhow::Result<Vec<SourceRow>> {
    let mut rows = Vec::new();
    if site.has_scheduler {
        rows.extend(scheduled(session, site).await?);
    }
    if let Some(watermark) = since {
        rows.extend(withdrawn(session, site, watermark).await?);
    }
    Ok(rows)
}

async fn scheduled(
    session: &mut ReadSession,
    site: &DrupalSite,
) -> anyhow::Result<impl Iterator<Item = SourceRow>> {
    let DrupalSite { prefix, types, .. } = site;
    let sql = format!(
        "SELECT n.nid, n.langcode, n.default_langcode, n.publish_on FROM {prefix}node_field_data n \
         WHERE n.type IN ({types}) AND n.status = 0 AND n.publish_on > 0"
    );
    let rows = session.rows(&sql).await?.into_iter().map(to_array);
    Ok(rows.map(|[id, language, original, publish_on]: [String; 4]| {
        let seconds = publish_on.parse().ok().map(SignedDuration::from_secs);
        SourceRow::Scheduled {
            ids: vec![source_id(&id, language, &original)],
            date: seconds.map(|since_epoch| Millis(0).plus(since_epoch)),
        }
    }))
}

async fn withdrawn(
    session: &mut ReadSession,
    site: &DrupalSite,
    watermark: Millis,
) -> anyhow::Result<impl Iterator<Item = SourceRow>> {
    let DrupalSite { prefix, types, condition, .. } = site;
    let sql = format!(
        "SELECT n.nid, n.langcode, n.default_langcode FROM {prefix}node_field_data n \
         WHERE n.type IN ({types}) AND NOT ({condition}) AND {}",
        changed_since(site, watermark)
    );
    let rows = session.rows(&sql).await?.into_iter().map(to_array);
    Ok(rows.map(|[id, language, original]: [String; 3]| SourceRow::NotPublic {
        ids: vec![source_id(&id, language, &original)],
        reason: None,
    }))
}

fn source_id(node: &str, language: String, original: &str) -> String {
    let translation =
        Translation { language, is_original: original == "1", ..Translation::default() };
    translation.source_id(node.parse().unwrap_or_default())
}
