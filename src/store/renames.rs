//! Renames in the config: names are keys, so the history under the old name is moved to the new
//! one.

use super::dialect::sql;
use super::{Store, StoreResult, transaction};

/// A kind of named section in the config.
#[derive(Debug, Clone, Copy)]
pub enum RenamedKind {
    /// A source, in `[[sources]]`.
    Source,
    /// A feed, in `[[feeds]]`.
    Feed,
    /// A digest, in `[[digests]]`.
    Digest,
    /// A transport, in `[[transports]]`.
    Transport,
    /// A publishing destination, in `[[publish]]`.
    Destination,
}

impl RenamedKind {
    /// Returns the tables and columns that contain names of this kind.
    fn columns(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Source => &[
                ("sources", "name"),
                ("rejected_rows", "source"),
                ("articles", "source"),
                ("id_mappings", "source"),
                ("id_mappings", "from_source"),
            ],
            Self::Feed => &[
                ("feed_versions", "feed"),
                ("hub_pings", "feed"),
                ("hub_requests", "feed"),
                ("hub_subscriptions", "feed"),
                ("readership", "feed"),
            ],
            Self::Digest => &[
                ("digests", "name"),
                ("editions", "digest"),
                ("ledger", "digest"),
                ("subscriptions", "digest"),
            ],
            Self::Transport => &[("editions", "transport"), ("delivery_queue", "transport")],
            Self::Destination => &[("publications", "destination")],
        }
    }
}

impl Store {
    /// Moves the history of `old_name` to `name`, unless `name` has a history of its own.
    pub async fn rename(&self, kind: RenamedKind, old_name: &str, name: &str) -> StoreResult<()> {
        let (old_name, name) = (old_name.to_owned(), name.to_owned());
        let (table, column) = kind.columns()[0];
        let taken = format!("SELECT COUNT(*) FROM {table} WHERE {column} = $1");
        transaction!(self, |tx| {
            let count: (i64,) =
                sqlx::query_as(sql(taken.clone())).bind(&name).fetch_one(&mut *tx).await?;
            // Messages queued for the old transport are sent through the new one in any case.
            if count.0 == 0 || matches!(kind, RenamedKind::Transport) {
                for (table, column) in kind.columns() {
                    sqlx::query(sql(format!(
                        "UPDATE {table} SET {column} = $2 WHERE {column} = $1"
                    )))
                    .bind(&old_name)
                    .bind(&name)
                    .execute(&mut *tx)
                    .await?;
                }
            }
            if matches!(kind, RenamedKind::Source) {
                sqlx::query(
                    "UPDATE article_terms SET term = $2 WHERE kind = 'source' AND term = $1",
                )
                .bind(&old_name)
                .bind(&name)
                .execute(&mut *tx)
                .await?;
            }
            if matches!(kind, RenamedKind::Transport) {
                // Counters that already exist under the new name are kept.
                sqlx::query(
                    "UPDATE rate_limits SET transport = $2 WHERE transport = $1 AND NOT EXISTS \
                     (SELECT 1 FROM rate_limits taken WHERE taken.transport = $2 AND taken.domain = rate_limits.domain)",
                )
                .bind(&old_name)
                .bind(&name)
                .execute(&mut *tx)
                .await?;
            }
        })
    }
}
