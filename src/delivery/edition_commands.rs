//! Executes admin commands on whole editions, and closes or pauses editions whose
//! deliveries have ended.

use anyhow::{anyhow, bail};

use crate::domain::actor::Actor;
use crate::domain::edition::EditionCommand;
use crate::domain::time::Millis;
use crate::store::Store;

/// Ends the remaining deliveries of cancelled editions, pauses the editions of which every message
/// failed or is held, and closes the others whose last delivery has ended; returns the closed ones.
pub async fn settle_editions(store: &Store, now: Millis) -> anyhow::Result<Vec<i64>> {
    for edition in store.editions().unfinished_cancelled().await? {
        store.editions().finish_cancelled(edition, now).await?;
    }
    for (edition, reply) in store.editions().settled_unsent().await? {
        let note = format!(
            "paused because no message is known to be sent; run `courant editions retry {edition}` and `courant editions resume {edition}` once the cause is fixed; last reply: {}",
            reply.as_deref().unwrap_or("none")
        );
        let (command, actor) = (EditionCommand::Pause, Actor::System);
        match store
            .editions()
            .apply_command(edition, command, Some(note.clone()), &actor, now)
            .await
        {
            Ok(_) => tracing::error!(edition, "{note}"),
            // Another node has paused it, or an admin has cancelled it.
            Err(e) => tracing::debug!(edition, "cannot pause the edition: {e}"),
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
        let state = store.editions().get(edition).await?.state;
        state.apply(command).map_err(|reason| anyhow!("edition {edition}: {reason}"))?;
        let counts = store.editions().counts(edition).await?;
        if counts.failed + counts.held == 0 && counts.queued == 0 {
            bail!("edition {edition}: nothing to retry: no delivery has failed or is held");
        }
    }
    // Deliveries are queued first, since an edition without open deliveries is closed at once.
    let queued = if command == EditionCommand::Retry {
        store.editions().requeue_failed(edition, now).await?
    } else {
        0
    };
    let left_out = if command == EditionCommand::Retry {
        let counts = store.editions().counts(edition).await?;
        if queued == 0 && counts.queued == 0 {
            bail!(
                "edition {edition}: nothing to retry: all addresses are suppressed; `courant suppressions remove EMAIL` allows one again"
            );
        }
        counts.failed + counts.held
    } else {
        0
    };
    let state = store.editions().apply_command(edition, command, None, actor, now).await?;
    let more = match command {
        EditionCommand::Cancel => {
            format!(
                "; messages that will not be sent: {}",
                store.editions().finish_cancelled(edition, now).await?
            )
        }
        EditionCommand::Retry if left_out > 0 => format!(
            "; messages queued again: {queued}; left out because the address is suppressed: {left_out}"
        ),
        EditionCommand::Retry => format!("; messages queued again: {queued}"),
        EditionCommand::Pause | EditionCommand::Resume => String::new(),
    };
    Ok(format!("Edition {edition} is {}{more}.", state.as_str()))
}
