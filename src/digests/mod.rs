//! Creates editions of digests: which digests are due, their stories and their audience. Each story
//! is sent once per digest, and none is missed (guarantee 3).

use std::collections::BTreeMap;

use anyhow::anyhow;

use crate::config::{Config, Digest};
use crate::domain::actor::Actor;
use crate::domain::edition::EditionState;
use crate::domain::schedule::ScheduleDecision;
use crate::domain::time::Millis;
use crate::store::Store;
use crate::store::edition_creation::NewEdition;

mod audience;
mod compose;
mod context;
mod mail_size;
mod next_edition;
mod pauses;
mod preview;
mod preview_content;
mod reception;
mod schedule;
mod unsent;
mod upcoming;
mod variants;

use audience::Audience;
pub use audience::audience_size;
use compose::Story;
pub use context::DigestContext;
pub use mail_size::{GMAIL_CLIP_BYTES, MailSize};
pub use next_edition::{NextEdition, next_edition};
pub use pauses::{next_date, pause_digest, resume_digest};
pub use preview::{Preview, PreviewOptions, TestMail, preview, queue_test};
pub use preview_content::{PreviewContent, sample_of_variant};
pub use reception::{Reception, reception};
pub use schedule::pending_date;
pub use upcoming::{Upcoming, upcoming};

pub use unsent::count_unsent_stories;
use unsent::{unsent_stories, update_selection};

/// Result of preparing an edition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prepared {
    /// An edition was created and its audience is frozen.
    Created {
        /// Id of the edition.
        edition: i64,
        /// Number of deliveries of the edition.
        deliveries: i64,
    },
    /// There are fewer stories than `min_articles`; they wait for the next date.
    TooFew {
        /// Number of unsent stories.
        stories: usize,
    },
    /// Another node created the edition, or one with the same stories, at the same time.
    Conflict,
    /// An admin has paused the digest.
    Paused {
        /// Time of the pause.
        since: Millis,
    },
}

/// Creates the editions that are due and completes those that a crash left unfinished. An error of
/// one digest does not affect the others.
pub async fn prepare_due(
    ctx: DigestContext<'_>,
    now: Millis,
) -> anyhow::Result<Vec<(String, Prepared)>> {
    let (mut prepared, mut errors) = (Vec::new(), Vec::new());
    let configured: Vec<String> = ctx.config.digests.iter().map(|d| d.name.clone()).collect();
    ctx.store.digests().mark_absent(&configured, now).await?;
    for digest in &ctx.config.digests {
        match prepare_digest(ctx, digest, now).await {
            Ok(Some(outcome)) => prepared.push((digest.name.clone(), outcome)),
            Ok(None) => {}
            Err(e) => errors.push(format!("digest {}: {e:#}", digest.name)),
        }
    }
    // Only after all are created: freezing takes time and must not delay another digest.
    let frozen = freeze_preparing(ctx.store, now).await?;
    for (name, outcome) in &mut prepared {
        if let Prepared::Created { edition, deliveries } = outcome {
            *deliveries = frozen.get(edition).copied().unwrap_or(0);
            tracing::info!(digest = %name, edition = *edition, deliveries = *deliveries, "edition created");
        }
    }
    if errors.is_empty() { Ok(prepared) } else { Err(anyhow!(errors.join("; "))) }
}

/// Creates the due edition of one digest, if any, without freezing its audience.
async fn prepare_digest(
    ctx: DigestContext<'_>,
    digest: &Digest,
    now: Millis,
) -> anyhow::Result<Option<Prepared>> {
    let state = ctx.store.digests().ensure(&digest.name, now).await?;
    let state = update_selection(ctx.store, digest, state, now).await?;
    let Some(decision) = schedule::decide(&state, digest, now) else {
        schedule::begin(ctx.store, digest, now).await?;
        return Ok(None);
    };
    let prepared = apply_decision(ctx, digest, decision, now).await?;
    schedule::store_pauses(ctx.store, digest, &state).await?;
    Ok(prepared)
}

/// Creates the due edition, or records that its date was skipped.
async fn apply_decision(
    ctx: DigestContext<'_>,
    digest: &Digest,
    decision: ScheduleDecision,
    now: Millis,
) -> anyhow::Result<Option<Prepared>> {
    match decision {
        ScheduleDecision::NotDue => Ok(None),
        ScheduleDecision::Skipped { scheduled_for, reason } => {
            if ctx.store.digests().mark_date_skipped(&digest.name, scheduled_for).await? {
                tracing::info!(digest = %digest.name, date = %scheduled_for.in_zone(&digest.timezone), "no edition: {reason}");
            }
            Ok(None)
        }
        ScheduleDecision::Run { scheduled_for } => {
            create_scheduled_edition(ctx, digest, scheduled_for, now).await
        }
    }
}

/// Creates the edition of a date without freezing its audience; `None` if nobody would receive it.
async fn create_scheduled_edition(
    ctx: DigestContext<'_>,
    digest: &Digest,
    date: Millis,
    now: Millis,
) -> anyhow::Result<Option<Prepared>> {
    // Articles public now are included, also in the edition of a date missed while nothing ran.
    let stories = unsent_stories(ctx, digest, now, now).await?;
    if stories.is_empty() {
        return skip_too_few(ctx, digest, date, 0).await.map(Some);
    }
    let audience = Audience::read(ctx, digest).await?;
    if !audience.has_recipients(ctx, digest, &stories).await? {
        skip_without_recipients(ctx, digest, date, now).await?;
        return Ok(None);
    }
    if stories.len() < digest.min_articles {
        return skip_too_few(ctx, digest, date, stories.len()).await.map(Some);
    }
    let dates = (Some(date), date);
    create_edition(ctx, digest, &stories, audience, dates, &Actor::System, now).await.map(Some)
}

/// Creates an edition now, regardless of the schedule. `at` is its date; articles must be public by
/// then, and now (guarantee 11).
pub async fn create_edition_now(
    ctx: DigestContext<'_>,
    digest: &Digest,
    at: Millis,
    actor: &Actor,
    now: Millis,
) -> anyhow::Result<Prepared> {
    let state = ctx.store.digests().ensure(&digest.name, now).await?;
    if let Some(since) = state.paused_since {
        return Ok(Prepared::Paused { since });
    }
    let stories = unsent_stories(ctx, digest, at.min(now), now).await?;
    if stories.len() < digest.min_articles {
        return Ok(Prepared::TooFew { stories: stories.len() });
    }
    let audience = Audience::read(ctx, digest).await?;
    match create_edition(ctx, digest, &stories, audience, (None, at), actor, now).await? {
        Prepared::Created { edition, .. } => {
            Ok(Prepared::Created { edition, deliveries: freeze(ctx.store, edition, now).await? })
        }
        other => Ok(other),
    }
}

/// Freezes the audience of all editions in preparation, also of those that a crash left unfinished.
/// Returns the number of deliveries that it created for each.
pub async fn freeze_preparing(store: &Store, now: Millis) -> anyhow::Result<BTreeMap<i64, i64>> {
    let mut frozen = BTreeMap::new();
    for edition in store.editions().list_in_state(EditionState::Preparing).await? {
        frozen.insert(edition.id, freeze(store, edition.id, now).await?);
    }
    Ok(frozen)
}

async fn freeze(store: &Store, edition: i64, now: Millis) -> anyhow::Result<i64> {
    let mut frozen = 0;
    loop {
        match store.editions().freeze_batches(edition, now).await? {
            0 => break,
            n => frozen += n,
        }
    }
    store.editions().start_sending(edition, now).await?;
    Ok(frozen)
}

/// Creates an edition without freezing its audience. `schedule_date` is the date of the schedule that
/// it is for, if any; `scheduled_for` is the date that it shows.
async fn create_edition(
    ctx: DigestContext<'_>,
    digest: &Digest,
    stories: &[Story],
    audience: Audience,
    (schedule_date, scheduled_for): (Option<Millis>, Millis),
    actor: &Actor,
    now: Millis,
) -> anyhow::Result<Prepared> {
    let (variants, assigned) =
        variants::render(ctx, digest, stories, &audience.groups, scheduled_for).await?;
    let new = NewEdition {
        digest: digest.name.clone(),
        schedule_date,
        scheduled_for,
        transport: digest.transport.clone(),
        title: digest.title.clone(),
        sender: digest.from.clone(),
        reply_to: digest.reply_to.clone(),
        audience: audience.condition,
        articles: stories.iter().map(|s| s.article_for(&ctx.config.site.language).row_id).collect(),
        variants,
        assignments: assigned,
    };
    let Some(edition) = ctx.store.editions().create(new, actor, now).await? else {
        return Ok(Prepared::Conflict);
    };
    Ok(Prepared::Created { edition, deliveries: 0 })
}

/// Skips a date for which there are too few stories.
async fn skip_too_few(
    ctx: DigestContext<'_>,
    digest: &Digest,
    date: Millis,
    stories: usize,
) -> anyhow::Result<Prepared> {
    if ctx.store.digests().mark_date_skipped(&digest.name, date).await? {
        let date = date.in_zone(&digest.timezone);
        tracing::info!(digest = %digest.name, %date, stories, "no edition: too few stories; they wait for the next date");
    }
    Ok(Prepared::TooFew { stories })
}

/// Skips a date at which a digest has no recipients. Nobody waits for its stories, so that those which are
/// too old now are not sent later.
async fn skip_without_recipients(
    ctx: DigestContext<'_>,
    digest: &Digest,
    date: Millis,
    now: Millis,
) -> anyhow::Result<()> {
    let digests = ctx.store.digests();
    if digests.mark_date_skipped(&digest.name, date).await? {
        digests.restart_selection(&digest.name, now).await?;
        let date = date.in_zone(&digest.timezone);
        tracing::info!(digest = %digest.name, %date, "no edition: no recipients; the stories wait for the next date");
    }
    Ok(())
}

/// Returns the configured digest of this name; the error lists the existing ones.
pub fn find_digest<'a>(config: &'a Config, name: &str) -> anyhow::Result<&'a Digest> {
    config.digests.iter().find(|d| d.name == name).ok_or_else(|| {
        let names: Vec<&str> = config.digests.iter().map(|d| d.name.as_str()).collect();
        anyhow!(
            "there is no digest {name:?} in the configuration; existing digests: {}",
            if names.is_empty() { "none".into() } else { names.join(", ") }
        )
    })
}
