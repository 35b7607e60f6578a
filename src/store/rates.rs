//! Limits of a transport that hold for all nodes together and over restarts.

use super::{Store, StoreResult, transaction};
use crate::domain::time::Millis;

/// So many messages in a window of so many milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Messages in a window.
    pub messages: i64,
    /// The window's length in milliseconds.
    pub span: i64,
}

impl Store {
    /// Takes up to `wanted` messages out of a transport's current windows; gives how many, and when to ask again for more.
    pub async fn take_from_limits(&self, transport: &str, limits: &[Limit], wanted: i64, now: Millis) -> StoreResult<(i64, Millis)> {
        let (transport, limits) = (transport.to_owned(), limits.to_vec());
        transaction!(self, |tx| {
            let (mut granted, mut again) = (wanted, now);
            for limit in &limits {
                let opened = now.0.div_euclid(limit.span) * limit.span;
                let (used,): (i64,) = sqlx::query_as(
                    "INSERT INTO rate_windows (transport, span, opened_at, used) VALUES ($1, $2, $3, 0) \
                     ON CONFLICT (transport, span) DO UPDATE SET opened_at = excluded.opened_at, \
                     used = CASE WHEN rate_windows.opened_at = excluded.opened_at THEN rate_windows.used ELSE 0 END RETURNING used",
                )
                .bind(&transport)
                .bind(limit.span)
                .bind(opened)
                .fetch_one(&mut *tx)
                .await?;
                let left = (limit.messages - used).max(0);
                if left < granted {
                    granted = left;
                    again = Millis(opened + limit.span);
                }
            }
            for limit in &limits {
                sqlx::query("UPDATE rate_windows SET used = used + $3 WHERE transport = $1 AND span = $2")
                    .bind(&transport)
                    .bind(limit.span)
                    .bind(granted)
                    .execute(&mut *tx)
                    .await?;
            }
            (granted, again)
        })
    }
}
