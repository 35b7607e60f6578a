//! Export of suppressions as CSV.

use std::io::Write;

use serde_json::json;

use crate::domain::actor::Actor;
use crate::domain::audit::AuditObject;
use crate::domain::page::{MAX_PAGE_SIZE, PageRequest};
use crate::domain::time::Millis;
use crate::fs::{CsvExport, csv_lines, write_csv};
use crate::store::suppressions::Suppression;
use crate::store::{Store, StoreResult};

/// Columns of the file in their order.
const COLUMNS: [&str; 5] = ["email", "reason", "since", "reply", "hash"];

/// Records an export of all suppressions, and writes them.
pub async fn export_suppressions(
    store: &Store,
    actor: &Actor,
    now: Millis,
    out: impl Write,
) -> anyhow::Result<()> {
    write_csv(SuppressionExport::begin(store, actor, now).await?, out).await
}

/// Export of all suppressions piece by piece, newest first. An address is known only while a subscriber has
/// it; otherwise its keyed hash identifies it.
#[derive(Debug)]
pub struct SuppressionExport {
    store: Store,
    /// The next page; `None` after the last one.
    next: Option<PageRequest>,
}

impl SuppressionExport {
    /// Records the export with the number of its lines in the audit log, and prepares it.
    pub async fn begin(store: &Store, actor: &Actor, now: Millis) -> StoreResult<Self> {
        let detail = json!({"lines": store.suppressions().count().await?});
        store.audit_log().record_export((AuditObject::Suppression, ""), detail, actor, now).await?;
        Ok(Self { store: store.clone(), next: Some(PageRequest::first(MAX_PAGE_SIZE)) })
    }
}

impl CsvExport for SuppressionExport {
    async fn next_piece(&mut self) -> anyhow::Result<Option<Vec<u8>>> {
        let Some(request) = self.next.take() else { return Ok(None) };
        let page = self.store.suppressions().list(&request).await?;
        let header = request.after.is_none().then(|| COLUMNS.map(str::to_owned));
        let lines = csv_lines(header.into_iter().chain(page.items.iter().map(cells)))?;
        self.next = page.following(MAX_PAGE_SIZE);
        Ok(Some(lines))
    }
}

fn cells(s: &Suppression) -> [String; COLUMNS.len()] {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    [text(&s.address), s.reason.clone(), s.created_at.rfc3339(), text(&s.reply), s.hash.clone()]
}
