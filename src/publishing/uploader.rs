//! Uploads of documents, with the retries of those that fail.

use futures_util::future::join_all;

use super::manifest::DesiredDocument;
use super::report::PublishReport;
use super::state::Inner;
use crate::domain::backoff::Jitter;
use crate::domain::time::{MINUTE, Millis, SignedDuration};
use crate::store::StoreResult;
use crate::store::http_job_leases::HttpJobKind;
use crate::store::publications::Publication;

/// Maximum number of concurrent uploads to one destination.
const MAX_CONCURRENT_UPLOADS: usize = 8;
/// Delays after the first, second, … failed upload of a file; the last one repeats without an end.
const RETRY_DELAYS: [SignedDuration; 4] = [
    SignedDuration::from_secs(10),
    MINUTE,
    SignedDuration::from_mins(5),
    SignedDuration::from_mins(15),
];

impl Inner {
    /// Uploads documents in order, except those leased by other nodes.
    pub(super) async fn upload_all(
        &self,
        documents: &[&DesiredDocument<'_>],
        due_until: Millis,
        report: &mut PublishReport,
    ) -> anyhow::Result<()> {
        for chunk in documents.chunks(MAX_CONCURRENT_UPLOADS) {
            let desired: Vec<_> = chunk.iter().map(|document| document.desired.clone()).collect();
            let leased = self
                .store
                .publications()
                .lease(&self.node, &self.settings.name, &desired, due_until)
                .await?;
            let mut uploads = Vec::new();
            for publication in &leased {
                let Some(document) =
                    chunk.iter().find(|document| document.desired.file == publication.file)
                else {
                    continue;
                };
                uploads.push(self.upload(document, publication));
            }
            let before = report.uploaded.len();
            for (file, outcome) in join_all(uploads).await {
                match outcome? {
                    Ok(()) => report.uploaded.push(file),
                    Err(reason) => report.error = Some(reason),
                }
            }
            if report.uploaded.len() == before && report.error.is_some() {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn upload(
        &self,
        document: &DesiredDocument<'_>,
        publication: &Publication,
    ) -> (String, StoreResult<Result<(), String>>) {
        let uploaded = match self.build_upload(document).await {
            Ok(upload) => self.destination.upload(upload, (self.clock)()).await,
            Err(reason) => Err(format!("cannot render {}: {reason:#}", document.desired.file)),
        };
        let result = match uploaded {
            Ok(()) => self
                .store
                .publications()
                .complete(&self.node, publication.id, &document.desired.version)
                .await
                .map(|()| Ok(())),
            Err(reason) => self.schedule_retry(publication, &reason).await.map(Err),
        };
        (publication.file.clone(), result)
    }

    /// Schedules the next attempt after a failure. Returns the error to report.
    pub(super) async fn schedule_retry(
        &self,
        publication: &Publication,
        reason: &str,
    ) -> StoreResult<String> {
        let attempts = publication.attempts + 1;
        let step = usize::try_from(attempts - 1).unwrap_or(0).min(RETRY_DELAYS.len() - 1);
        let delay = Jitter::new(publication.id, attempts).vary(RETRY_DELAYS[step]);
        let until = (self.clock)().plus(delay);
        tracing::debug!(to = %self.settings.name, file = %publication.file, attempts, "upload failed; retrying later: {reason}");
        self.store
            .http_job_leases()
            .delay_job(&self.node, HttpJobKind::Publish, publication.id, until)
            .await?;
        Ok(self.describe_failure(reason))
    }

    /// Returns an error sentence that names the destination and the reason.
    pub(super) fn describe_failure(&self, reason: &str) -> String {
        format!("{}: cannot publish to {}: {reason}", self.settings.name, self.destination)
    }
}
