//! What lies in a place and should not: taken away, if it is ours.

use std::collections::HashSet;

use super::wanted::Document;
use super::{Own, Report};
use crate::domain::time::Millis;
use crate::store::published::Published;

impl Own {
    /// Takes away what we put there and is no longer wanted.
    pub(super) async fn remove_all(
        &self,
        documents: &[Document<'_>],
        known: impl Iterator<Item = &Published>,
        due: Millis,
        report: &mut Report,
    ) -> anyhow::Result<()> {
        let own = self.place.mark();
        for surplus in
            self.surplus(documents, known).filter(|file| file.due_at <= due && !file.is_leased)
        {
            if !self.store.claim_removal(&self.node, surplus.id, due).await? {
                continue;
            }
            // What lies somewhere else now, or never got there, is not ours to take away.
            let is_ours = surplus.etag.starts_with(&own);
            let removed = if is_ours {
                self.place.remove(&surplus.file, (self.clock)()).await
            } else {
                Ok(())
            };
            match removed {
                Ok(()) => {
                    self.store.forget_publication(&self.node, surplus.id).await?;
                    report.removed.extend(is_ours.then(|| surplus.file.clone()));
                }
                Err(why) => {
                    report.trouble = Some(self.delay(surplus, &why).await?);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The files that are there and should not be; one of a feed that is not made yet stays.
    pub(super) fn surplus<'k>(
        &self,
        documents: &[Document<'_>],
        known: impl Iterator<Item = &'k Published>,
    ) -> impl Iterator<Item = &'k Published> {
        let mut wanted: HashSet<String> =
            documents.iter().map(|document| document.wanted.file.clone()).collect();
        wanted.extend(self.declared());
        known.filter(move |known| !wanted.contains(&known.file))
    }
}
