//! Deletion of uploaded files that are no longer published.

use std::collections::HashSet;

use super::manifest::DesiredDocument;
use super::report::PublishReport;
use super::state::Inner;
use crate::domain::time::Millis;
use crate::store::publications::Publication;

impl Inner {
    /// Deletes uploaded files that are no longer published.
    pub(super) async fn delete_obsolete_files(
        &self,
        documents: &[DesiredDocument<'_>],
        publications: impl Iterator<Item = &Publication>,
        due_until: Millis,
        report: &mut PublishReport,
    ) -> anyhow::Result<()> {
        let fingerprint = self.destination.fingerprint();
        for obsolete in self
            .obsolete_files(documents, publications)
            .filter(|publication| publication.due_at <= due_until && !publication.is_leased)
        {
            if !self.store.publications().lease_removal(&self.node, obsolete.id, due_until).await? {
                continue;
            }
            // A file uploaded to a former URL, or never uploaded, is only forgotten.
            let was_uploaded_by_us = obsolete.version.starts_with(&fingerprint);
            let result = if was_uploaded_by_us {
                self.destination.delete(&obsolete.file, (self.clock)()).await
            } else {
                Ok(())
            };
            match result {
                Ok(()) => {
                    self.store.publications().delete(&self.node, obsolete.id).await?;
                    report.deleted.extend(was_uploaded_by_us.then(|| obsolete.file.clone()));
                }
                Err(reason) => {
                    report.error = Some(self.schedule_retry(obsolete, &reason).await?);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Returns the uploaded files that are no longer published. Files of feeds that are not
    /// rendered yet are kept.
    pub(super) fn obsolete_files<'p>(
        &self,
        documents: &[DesiredDocument<'_>],
        publications: impl Iterator<Item = &'p Publication>,
    ) -> impl Iterator<Item = &'p Publication> {
        let mut desired: HashSet<String> =
            documents.iter().map(|document| document.desired.file.clone()).collect();
        desired.extend(self.declared_files());
        publications.filter(move |publication| !desired.contains(&publication.file))
    }
}
