//! Names are keys: what a rename in the config carries over.

use super::dialect::sql;
use super::{Store, StoreResult, transaction};

/// A kind of named table in the config and the columns that hold its names.
#[derive(Debug, Clone, Copy)]
pub enum Named {
    /// `[[sources]]`.
    Source,
    /// `[[feeds]]`.
    Feed,
    /// `[[digests]]`.
    Digest,
    /// `[[transports]]`.
    Transport,
    /// `[[publish]]`.
    Publish,
}

impl Named {
    fn columns(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Source => &[
                ("sources", "name"),
                ("refusals", "source"),
                ("articles", "source"),
                ("adoptions", "source"),
                ("adoptions", "from_source"),
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
            Self::Transport => &[("editions", "transport"), ("waiting", "transport")],
            Self::Publish => &[("published", "target")],
        }
    }
}

impl Store {
    /// Carries the history of `was` over to `name`, where `name` has none of its own yet.
    pub async fn rename(&self, kind: Named, was: &str, name: &str) -> StoreResult<()> {
        let (was, name) = (was.to_owned(), name.to_owned());
        let (table, column) = kind.columns()[0];
        let taken = format!("SELECT COUNT(*) FROM {table} WHERE {column} = $1");
        transaction!(self, |tx| {
            let count: (i64,) =
                sqlx::query_as(sql(taken.clone())).bind(&name).fetch_one(&mut *tx).await?;
            // What waits for a transport of the old name goes out over the new one in any case.
            if count.0 == 0 || matches!(kind, Named::Transport) {
                for (table, column) in kind.columns() {
                    sqlx::query(sql(format!(
                        "UPDATE {table} SET {column} = $2 WHERE {column} = $1"
                    )))
                    .bind(&was)
                    .bind(&name)
                    .execute(&mut *tx)
                    .await?;
                }
            }
            if matches!(kind, Named::Source) {
                sqlx::query(
                    "UPDATE article_terms SET term = $2 WHERE kind = 'source' AND term = $1",
                )
                .bind(&was)
                .bind(&name)
                .execute(&mut *tx)
                .await?;
            }
            if matches!(kind, Named::Transport) {
                // What the new name has used by itself counts for it already.
                sqlx::query(
                    "UPDATE limits SET transport = $2 WHERE transport = $1 AND NOT EXISTS \
                     (SELECT 1 FROM limits taken WHERE taken.transport = $2 AND taken.domain = limits.domain)",
                )
                .bind(&was)
                .bind(&name)
                .execute(&mut *tx)
                .await?;
            }
        })
    }
}
