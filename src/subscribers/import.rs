//! Import of subscribers from CSV. All lines are validated before the first is stored.

use std::collections::HashMap;
use std::path::Path;

use super::attributes::{FileAttributes, KnownAttributes};
use super::subscriber_file::{ExportedSubscription, SubscriberFile, SubscriberLine};
use super::{KnownTerms, apply_requests, validate};
use crate::config::Digest;
use crate::domain::actor::Actor;
use crate::domain::address::EmailAddress;
use crate::domain::file_import::{FirstLines, ImportEvent, RejectedLines};
use crate::domain::subscription::{RequestOrigin, SubscriptionStatus};
use crate::domain::time::Millis;
use crate::store::Store;
use crate::store::subscriptions::{RequestResult, SubscriptionRequest};
use crate::store::suppressions::address_hash;

pub use super::subscriber_file::COLUMNS;

/// Number of subscribers stored per transaction.
const ROWS_PER_TRANSACTION: usize = 200;

/// Options of an import.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// Actor that imports the file.
    pub actor: Actor,
    /// `true` if the admin holds the owners' consent, so that no confirmation e-mail is sent.
    pub confirmed: bool,
    /// Sections and languages that the file may name.
    pub known: KnownTerms,
    /// Column names of the file by supported column.
    pub column_map: HashMap<String, String>,
    /// `true` to validate without storing.
    pub dry_run: bool,
    /// `true` to import valid lines even if others are rejected.
    pub skip_bad: bool,
    /// Evidence of the owners' consent.
    pub consent: String,
}

/// Result of an import.
#[derive(Debug, Clone, Default)]
pub struct ImportReport {
    /// Number of valid lines.
    pub valid: usize,
    /// Rejected lines of the file.
    pub rejected: RejectedLines,
    /// `true` if the valid lines were stored.
    pub imported: bool,
    /// Subscriptions for which a confirmation e-mail was queued.
    pub pending: usize,
    /// Subscriptions confirmed by this import.
    pub confirmed: usize,
    /// Subscriptions that already existed.
    pub already_subscribed: usize,
    /// Skipped subscriptions that only the owner of the address may begin again.
    pub previously_unsubscribed: usize,
    /// Number of suppressed addresses.
    pub suppressed: usize,
    /// Skipped lines of an export that belong to another digest, or to none.
    pub other_digests: usize,
    /// Addresses that this import suppressed.
    pub suppressions_added: usize,
}

/// Imports a file into a digest. All lines are validated before the first is stored, so the file is read
/// twice; memory grows with the number of lines only, by some bytes each. Of an export, only the lines of
/// this digest are imported: pending subscriptions stay pending, and ended ones are skipped. Addresses that
/// the file calls suppressed are suppressed whatever their digest, before their subscriptions are stored.
pub async fn import(
    store: &Store,
    secret: &[u8],
    file: &Path,
    digest: &Digest,
    options: &ImportOptions,
    now: Millis,
    mut on_event: impl FnMut(ImportEvent<'_>),
) -> anyhow::Result<ImportReport> {
    let mut report = ImportReport::default();
    let consent = if options.consent.is_empty() {
        format!("imported by an admin, {}", now.rfc3339())
    } else {
        options.consent.clone()
    };
    let mut checks = LineChecks {
        digest,
        consent,
        secret,
        known: &options.known,
        attributes: FileAttributes::new(KnownAttributes::read(store).await?),
        seen: FirstLines::default(),
    };
    let mut subscribers = SubscriberFile::open(file, &options.column_map)?;
    for line in subscribers.lines()? {
        let (line, subscriber) = line?;
        match checks.validate(subscriber, line) {
            Ok((LineOutcome::Import { .. }, _)) => report.valid += 1,
            Ok((LineOutcome::Unsubscribed, _)) => report.previously_unsubscribed += 1,
            Ok((LineOutcome::OtherDigest, _)) => report.other_digests += 1,
            Err(reason) => report.rejected.add(line, &reason, &mut on_event),
        }
    }
    if options.dry_run || (report.rejected.count > 0 && !options.skip_bad) {
        return Ok(report);
    }
    checks.seen.clear();
    checks.attributes.decide_types();
    let (mut done, mut chunks, mut suppressions) = (0, Chunks::default(), Vec::new());
    for line in subscribers.lines()? {
        let (line, subscriber) = line?;
        let Ok((outcome, suppression)) = checks.validate(subscriber, line) else { continue };
        suppressions.extend(suppression);
        if suppressions.len() == ROWS_PER_TRANSACTION {
            report.suppress(store, &mut suppressions, &options.actor, now).await?;
        }
        let LineOutcome::Import { request, is_pending } = outcome else { continue };
        let is_confirmed = options.confirmed && !is_pending;
        let Some(chunk) = chunks.push(is_confirmed, *request) else { continue };
        done += chunk.len();
        report.suppress(store, &mut suppressions, &options.actor, now).await?;
        report.store(store, chunk, is_confirmed, digest, &options.actor, now).await?;
        on_event(ImportEvent::Stored { done, total: report.valid });
    }
    report.suppress(store, &mut suppressions, &options.actor, now).await?;
    for (is_confirmed, chunk) in chunks.rest() {
        done += chunk.len();
        report.store(store, chunk, is_confirmed, digest, &options.actor, now).await?;
        on_event(ImportEvent::Stored { done, total: report.valid });
    }
    report.imported = true;
    Ok(report)
}

/// Requests that wait for their transaction, with and without a confirmed status.
#[derive(Default)]
struct Chunks([Vec<SubscriptionRequest>; 2]);

impl Chunks {
    /// Adds a request; returns the requests of a complete transaction.
    fn push(
        &mut self,
        is_confirmed: bool,
        request: SubscriptionRequest,
    ) -> Option<Vec<SubscriptionRequest>> {
        let chunk = &mut self.0[usize::from(is_confirmed)];
        chunk.push(request);
        (chunk.len() == ROWS_PER_TRANSACTION).then(|| std::mem::take(chunk))
    }

    /// Returns the incomplete transactions, and `true` with those of confirmed requests.
    fn rest(self) -> impl Iterator<Item = (bool, Vec<SubscriptionRequest>)> {
        [false, true].into_iter().zip(self.0).filter(|(_, chunk)| !chunk.is_empty())
    }
}

impl ImportReport {
    /// Stores requests in one transaction and adds their results.
    async fn store(
        &mut self,
        store: &Store,
        requests: Vec<SubscriptionRequest>,
        is_confirmed: bool,
        digest: &Digest,
        actor: &Actor,
        now: Millis,
    ) -> anyhow::Result<()> {
        let origin =
            if is_confirmed { RequestOrigin::AdminWithConsent } else { RequestOrigin::Admin };
        for r in apply_requests(store, requests, &[digest], origin, actor, now).await? {
            self.add(r);
        }
        Ok(())
    }

    /// Suppresses addresses in one transaction, and clears the list.
    async fn suppress(
        &mut self,
        store: &Store,
        suppressions: &mut Vec<(String, String)>,
        actor: &Actor,
        now: Millis,
    ) -> anyhow::Result<()> {
        let all = std::mem::take(suppressions);
        self.suppressions_added += store.suppressions().add_all(&all, actor, now).await?;
        Ok(())
    }

    fn add(&mut self, r: RequestResult) {
        self.pending += r.confirmations_queued;
        self.confirmed += r.confirmed;
        self.already_subscribed += r.unchanged;
        self.previously_unsubscribed += r.previously_unsubscribed;
        self.suppressed += usize::from(r.suppressed);
    }
}

/// Values against which the lines of a file are validated.
struct LineChecks<'a> {
    digest: &'a Digest,
    consent: String,
    secret: &'a [u8],
    known: &'a KnownTerms,
    attributes: FileAttributes,
    /// Line of each address seen so far.
    seen: FirstLines,
}

/// Effect of a valid line.
enum LineOutcome {
    /// The subscription is requested; it stays pending if its owner never confirmed it.
    Import { request: Box<SubscriptionRequest>, is_pending: bool },
    /// The line of an export has an ended subscription, which is not begun again.
    Unsubscribed,
    /// The line of an export belongs to another digest.
    OtherDigest,
}

impl LineChecks<'_> {
    /// Returns the effect of a line, and the hash and reason of its suppression if it has one.
    fn validate(
        &mut self,
        line: Result<SubscriberLine, String>,
        number: u64,
    ) -> Result<(LineOutcome, Option<(String, String)>), String> {
        let mut line = line?;
        let suppression = match line.suppression.take() {
            Some(reason) => {
                let address = EmailAddress::parse(&line.subscriber.email);
                let address = address.map_err(|reason| reason.to_string())?;
                Some((address_hash(self.secret, &address.key()), reason))
            }
            None => None,
        };
        let mut outcome = self.outcome(line, number)?;
        if let LineOutcome::Import { request, .. } = &mut outcome {
            request.is_suppressed = suppression.is_some();
        }
        Ok((outcome, suppression))
    }

    fn outcome(&mut self, line: SubscriberLine, number: u64) -> Result<LineOutcome, String> {
        let SubscriberLine { mut subscriber, attributes, exported, .. } = line;
        let (mut consent, mut is_pending) = (self.consent.clone(), false);
        if let Some(ExportedSubscription { digest, status, consent: earlier }) = exported {
            match status {
                _ if digest != self.digest.name => return Ok(LineOutcome::OtherDigest),
                SubscriptionStatus::Unsubscribed => return Ok(LineOutcome::Unsubscribed),
                SubscriptionStatus::Pending => is_pending = true,
                SubscriptionStatus::Confirmed | SubscriptionStatus::Paused => {}
            }
            if let Some(earlier) = earlier.filter(|_| !is_pending) {
                consent = format!("{consent}; {earlier}");
            }
        }
        subscriber.attributes = self.attributes.values(&attributes)?;
        let request = validate(&subscriber, &[self.digest], &consent, self.secret)?;
        self.known.check(&request)?;
        match self.seen.insert(&request.address_key, number) {
            Some(first) => Err(format!("same address as in line {first}")),
            None => Ok(LineOutcome::Import { request: Box::new(request), is_pending }),
        }
    }
}
