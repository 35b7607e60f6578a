//! Deletion of uploaded files that are no longer published.

use std::collections::HashSet;

use super::manifest::PublishedDocument;
use super::{Inner, PublishReport};
use crate::domain::time::Millis;
use crate::store::publications::Publication;

impl Inner {
    /// Deletes uploaded files that are no longer published.
    pub(super) async fn delete_surplus(
        &self,
        documents: &[PublishedDocument<'_>],
        known: impl Iterator<Item = &Publication>,
        due: Millis,
        report: &mut PublishReport,
    ) -> anyhow::Result<()> {
        let fingerprint = self.destination.fingerprint();
        for surplus in self
            .surplus_files(documents, known)
            .filter(|file| file.due_at <= due && !file.is_leased)
        {
            if !self.store.claim_removal(&self.node, surplus.id, due).await? {
                continue;
            }
            // A file uploaded to a former URL, or never uploaded, is only forgotten.
            let is_ours = surplus.etag.starts_with(&fingerprint);
            let result = if is_ours {
                self.destination.delete(&surplus.file, (self.clock)()).await
            } else {
                Ok(())
            };
            match result {
                Ok(()) => {
                    self.store.delete_publication(&self.node, surplus.id).await?;
                    report.deleted.extend(is_ours.then(|| surplus.file.clone()));
                }
                Err(why) => {
                    report.error = Some(self.schedule_retry(surplus, &why).await?);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Returns the uploaded files that are no longer published. Files of feeds that are not
    /// rendered yet are kept.
    pub(super) fn surplus_files<'k>(
        &self,
        documents: &[PublishedDocument<'_>],
        known: impl Iterator<Item = &'k Publication>,
    ) -> impl Iterator<Item = &'k Publication> {
        let mut desired: HashSet<String> =
            documents.iter().map(|document| document.desired.file.clone()).collect();
        desired.extend(self.declared_files());
        known.filter(move |known| !desired.contains(&known.file))
    }
}
