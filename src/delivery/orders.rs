//! Orders about whole editions, followed to their end, and the end of editions themselves.

use anyhow::{anyhow, bail};

use crate::domain::edition::Order;
use crate::domain::time::Millis;
use crate::store::Store;

/// Ends what is left of cancelled editions, and closes those whose last delivery ended; called by the daemon and `deliver`.
pub async fn close_editions(store: &Store, now: Millis) -> anyhow::Result<Vec<i64>> {
    for edition in store.cancelled_open().await? {
        store.clear_cancelled(edition, now).await?;
    }
    let finished = store.finish_editions(now).await?;
    for edition in &finished {
        tracing::info!(edition, "went out: every delivery has ended");
    }
    Ok(finished)
}

/// Follows an admin's order about an edition to its end; gives one sentence of what was done.
pub async fn order(
    store: &Store,
    edition: i64,
    order: Order,
    now: Millis,
) -> anyhow::Result<String> {
    if order == Order::Retry {
        let known = store.edition(edition).await?.ok_or_else(|| {
            anyhow!("there is no edition {edition}: `courant editions list` shows them")
        })?;
        known.state.after(order).map_err(|why| anyhow!("edition {edition}: {why}"))?;
        let counts = store.edition_counts(edition).await?;
        if counts.failed + counts.held == 0 && counts.queued == 0 {
            bail!(
                "edition {edition}: none of its mails failed or is held, so there is nothing to try again"
            );
        }
    }
    // Queued first: an edition that goes out with nothing open would be closed at once.
    let queued = if order == Order::Retry { store.requeue(edition, now).await? } else { 0 };
    let state = store.order(edition, order, None).await?;
    let more = match order {
        Order::Cancel => {
            format!(", {} mails will not be sent", store.clear_cancelled(edition, now).await?)
        }
        Order::Retry => format!(", {queued} mails are queued again"),
        Order::Pause | Order::Resume => String::new(),
    };
    Ok(format!("edition {edition} is {}{more}", state.word()))
}
