//! Bulk operations over a filter: they change the selected subscribers in chunks, each in one short
//! transaction, and continue after an interruption.

use anyhow::{Context as _, anyhow, bail};

use super::{NewSubscriber, find_digests, validate};
use crate::config::{Config, Digest};
use crate::domain::actor::Actor;
use crate::domain::bulk::{BulkAction, BulkOutcome};
use crate::domain::filter::Condition;
use crate::domain::page::PageRequest;
use crate::domain::time::{MINUTE, Millis, SignedDuration};
use crate::store::Store;
use crate::store::bulk_jobs::{BulkChunk, BulkJob};
use crate::store::subscriber_lists::SubscriberQuery;
use crate::store::subscribers::Subscriber;

/// Number of subscribers changed per transaction.
const SUBSCRIBERS_PER_CHUNK: usize = 500;
/// Number of subscribers erased per transaction; each takes several statements.
const ERASED_PER_CHUNK: usize = 20;

/// Time without progress after which a job counts as interrupted; a chunk takes far less.
const INTERRUPTED_AFTER: SignedDuration = MINUTE;

/// Values that every bulk operation needs.
#[derive(Debug, Clone, Copy)]
pub struct BulkContext<'a> {
    /// Database with the subscribers.
    pub store: &'a Store,
    /// Configuration of the digests.
    pub config: &'a Config,
    /// Secret of the instance, which keys the hashes of addresses.
    pub secret: &'a [u8],
    /// Actor that causes the changes.
    pub actor: &'a Actor,
}

/// Creates a job that changes the subscribers who fulfil a condition now; [`run`] performs it.
///
/// # Errors
/// The digest of the action is not configured.
pub async fn start(
    ctx: BulkContext<'_>,
    action: &BulkAction,
    condition: &Condition,
    now: Millis,
) -> anyhow::Result<BulkJob> {
    digest_of(ctx.config, action)?;
    let query = SubscriberQuery::of(condition.clone());
    let total = ctx.store.subscribers().count_matching(&query).await?;
    Ok(ctx.store.bulk_jobs().add(action, condition, total, ctx.actor, now).await?)
}

/// Continues a job to its end, and reports its progress after each chunk.
///
/// # Errors
/// There is no such job, its digest is not configured any more, or the database fails. The job keeps
/// its progress.
pub async fn run(
    ctx: BulkContext<'_>,
    id: i64,
    clock: impl Fn() -> Millis,
    mut on_progress: impl FnMut(&BulkJob),
) -> anyhow::Result<BulkJob> {
    let jobs = ctx.store.bulk_jobs();
    let find = async || jobs.find(id).await?.ok_or_else(|| anyhow!("there is no bulk job {id}"));
    let mut job = find().await?;
    while job.finished_at.is_none() {
        let chunk = next_chunk(ctx, &job).await?;
        job = match jobs.apply_chunk(&job, chunk, ctx.actor, clock()).await? {
            Some(job) => job,
            // Another process continues the same job.
            None => find().await?,
        };
        on_progress(&job);
    }
    Ok(job)
}

/// Continues the jobs that have made no progress for a while, each in the name of the actor who started it;
/// returns their number.
///
/// # Errors
/// The first error, after every job was tried.
pub async fn continue_interrupted(
    store: &Store,
    config: &Config,
    secret: &[u8],
    clock: impl Fn() -> Millis,
) -> anyhow::Result<usize> {
    let interrupted = store.bulk_jobs().interrupted(clock().plus(-INTERRUPTED_AFTER)).await?;
    let (count, mut outcome) = (interrupted.len(), Ok(()));
    for job in interrupted {
        let ctx = BulkContext { store, config, secret, actor: &job.actor };
        let done = run(ctx, job.id, &clock, |_| {}).await;
        outcome = outcome.and(done.map(drop).with_context(|| format!("bulk operation {}", job.id)));
    }
    outcome.map(|()| count)
}

/// Returns the next subscribers of a job; none if all are done.
async fn next_chunk(ctx: BulkContext<'_>, job: &BulkJob) -> anyhow::Result<BulkChunk> {
    let limit = match job.action {
        BulkAction::Erase => ERASED_PER_CHUNK,
        _ => SUBSCRIBERS_PER_CHUNK,
    };
    let page = PageRequest::first(limit);
    let range = job.done_through..job.last_subscriber;
    let next = ctx.store.subscribers().list_between(&job.condition, range, &page).await?;
    let mut chunk = BulkChunk {
        subscribers: next.items.iter().map(|subscriber| subscriber.id).collect(),
        requests: Vec::new(),
        transport: String::new(),
    };
    if let (BulkAction::Subscribe { consent, .. }, Some(digest)) =
        (&job.action, digest_of(ctx.config, &job.action)?)
    {
        chunk.transport = digest.transport.clone();
        for subscriber in next.items {
            let person = person(subscriber);
            let request = validate(&person, &[digest], consent, ctx.secret)
                .map_err(|reason| anyhow!("{}: {reason}", person.email))?;
            chunk.requests.push(request);
        }
    }
    Ok(chunk)
}

/// Returns the request data of a subscriber, whose details stay as they are.
fn person(subscriber: Subscriber) -> NewSubscriber {
    NewSubscriber { email: subscriber.address, ..NewSubscriber::default() }
}

/// Returns the digest that an action names.
fn digest_of<'a>(config: &'a Config, action: &BulkAction) -> anyhow::Result<Option<&'a Digest>> {
    let name = match action {
        BulkAction::Subscribe { digest, .. } | BulkAction::Unsubscribe { digest, .. } => digest,
        BulkAction::Tag(_) | BulkAction::Untag(_) | BulkAction::Erase => return Ok(None),
    };
    match find_digests(config, std::slice::from_ref(name)) {
        Ok(digests) => Ok(digests.first().copied()),
        Err(reason) => bail!(reason),
    }
}

/// Returns the numbers of a job by outcome as clauses for people.
pub fn describe(job: &BulkJob) -> Vec<String> {
    let changed = match job.action {
        BulkAction::Tag(_) => "tagged",
        BulkAction::Untag(_) => "untagged",
        BulkAction::Subscribe { .. } => "subscribed",
        BulkAction::Unsubscribe { .. } => "unsubscribed",
        BulkAction::Erase => "erased",
    };
    let clause = |(outcome, subscribers): (BulkOutcome, u64)| match outcome {
        BulkOutcome::Changed => format!("{changed} {subscribers}"),
        other => format!("{} {subscribers}", other.describe()),
    };
    job.counts.iter().map(clause).collect()
}
