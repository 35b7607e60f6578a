//! The nodes that the Scheduler module will publish.

use super::node::Translation;
use super::site::DrupalSite;
use crate::domain::article::SourceRow;
use crate::domain::time::{Millis, SignedDuration};
use crate::sources::read_session::{ReadSession, to_array};

/// Returns a row for each language of a node that is scheduled; empty without the Scheduler module.
pub(super) async fn list(
    session: &mut ReadSession,
    site: &DrupalSite,
) -> anyhow::Result<Vec<SourceRow>> {
    let DrupalSite { prefix, types, .. } = site;
    if !site.has_scheduler {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT n.nid, n.langcode, n.default_langcode, n.publish_on FROM {prefix}node_field_data n \
         WHERE n.type IN ({types}) AND n.status = 0 AND n.publish_on > 0"
    );
    let row = |[id, language, original, publish_on]: [String; 4]| {
        let translation =
            Translation { language, is_original: original == "1", ..Translation::default() };
        let seconds = publish_on.parse().ok().map(SignedDuration::from_secs);
        SourceRow::Scheduled {
            ids: vec![translation.source_id(id.parse().unwrap_or_default())],
            date: seconds.map(|since_epoch| Millis(0).plus(since_epoch)),
        }
    };
    Ok(session.rows(&sql).await?.into_iter().map(to_array).map(row).collect())
}
