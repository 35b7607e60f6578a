//! Executes admin commands on whole editions, and closes or pauses editions whose
//! deliveries have ended.

use crate::domain::actor::Actor;
use crate::domain::edition::EditionCommand;
use crate::domain::hidden_addresses::hide_local_parts;
use crate::domain::time::Millis;
use crate::store::edition_retries::BegunRetry;
use crate::store::{Store, StoreResult};

/// Ends the remaining deliveries of cancelled editions, pauses the editions of which every message
/// failed or is held, and closes the others whose last delivery has ended; returns the closed ones.
pub async fn settle_editions(store: &Store, now: Millis) -> anyhow::Result<Vec<i64>> {
    for edition in store.editions().unfinished_cancelled().await? {
        store.editions().finish_cancelled(edition, now).await?;
    }
    for (edition, reply) in store.editions().settled_unsent().await? {
        let note = format!(
            "paused because no message is known to be sent; run `courant editions retry {edition}` and `courant editions resume {edition}` once the cause is fixed; last reply: {}",
            reply.as_deref().map_or_else(|| "none".to_owned(), hide_local_parts)
        );
        // Otherwise another node has paused it, or an admin has cancelled or retried it.
        if store.editions().pause_unsent(edition, &note, now).await? {
            tracing::error!(edition, "{note}");
        }
    }
    let finished = store.editions().finish_sent(now).await?;
    store.editions().store_missing_counts().await?;
    for edition in &finished {
        tracing::info!(edition, "edition completed");
    }
    Ok(finished)
}

/// Executes an admin command on an edition; returns one sentence about the result.
pub async fn run_edition_command(
    store: &Store,
    edition: i64,
    command: EditionCommand,
    actor: &Actor,
    now: Millis,
) -> anyhow::Result<String> {
    if command == EditionCommand::Retry {
        return Ok(retry(store, edition, actor, now).await?);
    }
    let state = store.editions().apply_command(edition, command, None, actor, now).await?;
    let more = match command {
        EditionCommand::Cancel => {
            let cancelled = store.editions().finish_cancelled(edition, now).await?;
            format!("; messages that will not be sent: {cancelled}")
        }
        _ => String::new(),
    };
    Ok(format!("Edition {edition} is {}{more}.", state.as_str()))
}

/// Queues the failed and held deliveries of an edition again; returns one sentence about the result.
/// An interrupted retry can be repeated for the rest.
async fn retry(store: &Store, edition: i64, actor: &Actor, now: Millis) -> StoreResult<String> {
    let BegunRetry { state, mut requeued, remaining_batches } =
        store.editions().begin_retry(edition, actor, now).await?;
    for batch in remaining_batches {
        match store.editions().continue_retry(edition, batch, now).await? {
            Some(more) => requeued += more,
            None => return Ok(format!("Edition {edition} was cancelled during the retry.")),
        }
    }
    let left_out = match store.editions().count_not_retryable(edition).await? {
        0 => String::new(),
        n => format!("; left out because the address is suppressed or erased: {n}"),
    };
    let state = state.as_str();
    Ok(format!("Edition {edition} is {state}; messages queued again: {requeued}{left_out}."))
}
