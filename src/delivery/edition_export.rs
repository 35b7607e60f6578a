//! Export of the deliveries of an edition as CSV.

use std::io::Write;
use std::str::FromStr;

use serde_json::json;

use crate::domain::actor::Actor;
use crate::domain::audit::AuditObject;
use crate::domain::delivery::{DeliveryState, UnknownValue};
use crate::domain::page::{MAX_PAGE_SIZE, PageRequest};
use crate::domain::time::Millis;
use crate::fs::{CsvExport, csv_lines, write_csv};
use crate::store::edition_deliveries::EditionDelivery;
use crate::store::{Store, StoreResult};

/// Columns of the file in their order.
const COLUMNS: [&str; 6] = ["email", "name", "state", "attempts", "answer", "ended_at"];

/// Word for the deliveries that were not sent.
const NOT_SENT: &str = "not_sent";

/// Choice of the deliveries of an edition that an export contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliverySelection {
    /// All deliveries of the edition.
    All,
    /// Deliveries that ended without being sent, or wait after an attempt.
    NotSent,
    /// Deliveries in one state.
    InState(DeliveryState),
}

impl DeliverySelection {
    /// Returns the word for the audit log; `None` for all deliveries.
    fn as_str(self) -> Option<&'static str> {
        match self {
            Self::All => None,
            Self::NotSent => Some(NOT_SENT),
            Self::InState(state) => Some(state.as_str()),
        }
    }
}

impl FromStr for DeliverySelection {
    type Err = UnknownValue;

    /// Parses the word of a state, or `not_sent`.
    fn from_str(word: &str) -> Result<Self, UnknownValue> {
        match word {
            NOT_SENT => Ok(Self::NotSent),
            state => state.parse().map(Self::InState),
        }
    }
}

/// Records an export of the deliveries of an edition, and writes them.
pub async fn export_deliveries(
    store: &Store,
    edition: i64,
    selection: DeliverySelection,
    actor: &Actor,
    now: Millis,
    out: impl Write,
) -> anyhow::Result<()> {
    write_csv(DeliveryExport::begin(store, edition, selection, actor, now).await?, out).await
}

/// Export of the deliveries of an edition piece by piece, oldest first.
#[derive(Debug)]
pub struct DeliveryExport {
    store: Store,
    edition: i64,
    selection: DeliverySelection,
    /// The next page; `None` after the last one.
    next: Option<PageRequest>,
}

impl DeliveryExport {
    /// Records an export of the deliveries of an existing edition in the audit log, and prepares it.
    pub async fn begin(
        store: &Store,
        edition: i64,
        selection: DeliverySelection,
        actor: &Actor,
        now: Millis,
    ) -> StoreResult<Self> {
        let (id, detail) = (edition.to_string(), json!({"state": selection.as_str()}));
        store.audit_log().record_export((AuditObject::Edition, &id), detail, actor, now).await?;
        let next = Some(PageRequest::first(MAX_PAGE_SIZE));
        Ok(Self { store: store.clone(), edition, selection, next })
    }
}

impl CsvExport for DeliveryExport {
    async fn next_piece(&mut self) -> anyhow::Result<Option<Vec<u8>>> {
        let Some(request) = self.next.take() else { return Ok(None) };
        let (editions, edition) = (self.store.editions(), self.edition);
        let page = match self.selection {
            DeliverySelection::All => editions.deliveries(edition, true, &request).await?,
            DeliverySelection::NotSent => editions.deliveries(edition, false, &request).await?,
            DeliverySelection::InState(state) => {
                editions.deliveries_in(edition, state, &request).await?
            }
        };
        let header = request.after.is_none().then(|| COLUMNS.map(str::to_owned));
        let lines = csv_lines(header.into_iter().chain(page.items.iter().map(cells)))?;
        self.next = page.following(MAX_PAGE_SIZE);
        Ok(Some(lines))
    }
}

fn cells(d: &EditionDelivery) -> [String; COLUMNS.len()] {
    [
        d.address.clone(),
        d.name.clone().unwrap_or_default(),
        d.state.as_str().to_owned(),
        d.attempts.to_string(),
        d.last_reply.clone().unwrap_or_default(),
        d.ended_at.map(|t| t.rfc3339()).unwrap_or_default(),
    ]
}
