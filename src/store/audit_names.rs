//! Names of the objects of audit entries that a person knows: the present addresses of subscribers, which
//! the audit log itself never contains.

use std::collections::{HashMap, HashSet};

use super::StoreResult;
use super::audit_log::{AuditEntry, ERASED};
use super::db::Statement;
use super::operations::AuditLog;
use crate::domain::audit::AuditObject;

static SUBSCRIBERS: Statement =
    Statement::new("SELECT id, address FROM subscribers WHERE id IN {json_ids $ids}");

static SUBSCRIPTIONS: Statement = Statement::new(
    "
    SELECT s.id, s.digest, p.address
      FROM subscriptions s
      JOIN subscribers p ON p.id = s.subscriber_id
     WHERE s.id IN {json_ids $ids}",
);

static SUPPRESSED: Statement = Statement::new(
    "SELECT address_hash, address FROM subscribers WHERE address_hash IN {json_texts $hashes}",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[&SUBSCRIBERS, &SUBSCRIPTIONS, &SUPPRESSED];

impl AuditLog<'_> {
    /// Sets the names of the objects that have one: subscribers, subscriptions, and suppressed addresses
    /// that a subscriber has.
    pub async fn set_names(self, entries: &mut [AuditEntry]) -> StoreResult<()> {
        let subscribers = ids_of(entries, AuditObject::Subscriber);
        let subscriptions = ids_of(entries, AuditObject::Subscription);
        let hashes: HashSet<&str> = entries
            .iter()
            .filter(|entry| entry.object == AuditObject::Suppression)
            .map(|entry| entry.object_id.as_str())
            .collect();
        let hashes: Vec<String> = hashes.into_iter().map(str::to_owned).collect();
        let addresses = self.addresses(&subscribers).await?;
        let links = self.subscriptions(&subscriptions).await?;
        let suppressed: HashMap<String, String> = self
            .store
            .read(&SUPPRESSED)
            .bind("hashes", hashes.as_slice())
            .fetch_with(|row| Ok((row.get("address_hash")?, row.get("address")?)))
            .await?
            .into_iter()
            .collect();
        for entry in entries {
            let name_of = |names: &HashMap<i64, String>| {
                let id: i64 = entry.object_id.parse().ok()?;
                Some(names.get(&id).cloned().unwrap_or_else(|| ERASED.to_owned()))
            };
            entry.object_name = match entry.object {
                AuditObject::Subscriber => name_of(&addresses),
                AuditObject::Subscription => name_of(&links),
                AuditObject::Suppression => suppressed.get(&entry.object_id).cloned(),
                _ => None,
            };
        }
        Ok(())
    }

    async fn addresses(self, ids: &[i64]) -> StoreResult<HashMap<i64, String>> {
        let query = self.store.read(&SUBSCRIBERS).bind("ids", ids);
        let rows = query.fetch_with(|row| Ok((row.get("id")?, row.get("address")?))).await?;
        Ok(rows.into_iter().collect())
    }

    async fn subscriptions(self, ids: &[i64]) -> StoreResult<HashMap<i64, String>> {
        let rows = self
            .store
            .read(&SUBSCRIPTIONS)
            .bind("ids", ids)
            .fetch_with(|row| {
                let (address, digest): (String, String) = (row.get("address")?, row.get("digest")?);
                Ok((row.get("id")?, format!("{address} ({digest})")))
            })
            .await?;
        Ok(rows.into_iter().collect())
    }
}

/// Returns the distinct ids of the objects of a kind.
fn ids_of(entries: &[AuditEntry], object: AuditObject) -> Vec<i64> {
    let of_kind = entries.iter().filter(|entry| entry.object == object);
    let ids: HashSet<i64> = of_kind.filter_map(|entry| entry.object_id.parse().ok()).collect();
    ids.into_iter().collect()
}
