//! Export as CSV: of subscribers, with the import columns and the state of each subscription, and of
//! suppressions.

use std::collections::HashMap;
use std::io::Write;

use serde_json::json;

use crate::domain::actor::Actor;
use crate::domain::filter::{Condition, SubscriptionTest};
use crate::domain::page::{MAX_PAGE_SIZE, Page, PageRequest};
use crate::domain::time::Millis;
use crate::fs::escape_formula;
use crate::store::subscriber_lists::SubscriberQuery;
use crate::store::subscribers::{Subscriber, Subscription};
use crate::store::{Store, StoreResult};

/// Columns before those that are attributes.
const COLUMNS: [&str; 11] = [
    "email",
    "name",
    "language",
    "timezone",
    "tags",
    "sections",
    "digest",
    "status",
    "since",
    "consent",
    "suppressed",
];
/// Number of columns that describe a subscription.
const SUBSCRIPTION_COLUMNS: usize = 5;

/// Writes the subscribers who fulfil a condition, or of them only those with a subscription to a digest.
/// Returns the number of lines.
pub async fn export(
    store: &Store,
    condition: &Condition,
    digest: Option<&str>,
    mut out: impl Write,
) -> anyhow::Result<u64> {
    let mut exporter = Exporter::new(store, condition, digest).await?;
    while let Some(piece) = exporter.next_piece().await? {
        out.write_all(&piece)?;
    }
    out.flush()?;
    Ok(exporter.lines)
}

/// Records an export with the number of its subscribers in the audit log, before its first line is read.
pub async fn record_export(
    store: &Store,
    condition: &Condition,
    digest: Option<&str>,
    actor: &Actor,
    now: Millis,
) -> StoreResult<()> {
    let of_digest =
        digest.map(|name| Condition::Subscription(SubscriptionTest::Digest(vec![name.to_owned()])));
    let whole = Condition::All(std::iter::once(condition.clone()).chain(of_digest).collect());
    let subscribers = store.subscribers().count_matching(&SubscriberQuery::of(whole)).await?;
    let is_filtered = !condition.is_empty();
    let detail = json!({"digest": digest, "filtered": is_filtered, "subscribers": subscribers});
    store.audit_log().record_export(detail, actor, now).await
}

/// Export of subscribers piece by piece, so that it can be sent while it is read.
#[derive(Debug)]
pub struct Exporter {
    store: Store,
    query: SubscriberQuery,
    digest: Option<String>,
    attributes: Vec<String>,
    /// The next page; `None` after the last one.
    next: Option<PageRequest>,
    /// `true` until the header was returned.
    is_first: bool,
    /// Number of lines up to now, without the header.
    lines: u64,
}

impl Exporter {
    /// Prepares an export of the subscribers who fulfil a condition, or of them only those with a
    /// subscription to a digest.
    pub async fn new(
        store: &Store,
        condition: &Condition,
        digest: Option<&str>,
    ) -> StoreResult<Self> {
        let attributes = store.attributes().list().await?;
        Ok(Self {
            store: store.clone(),
            query: SubscriberQuery::of(condition.clone()),
            digest: digest.map(str::to_owned),
            attributes: attributes.into_iter().map(|attribute| attribute.name).collect(),
            next: Some(PageRequest::first(MAX_PAGE_SIZE)),
            is_first: true,
            lines: 0,
        })
    }

    /// Returns the lines of the next subscribers, the first time after the header; `None` at the end.
    pub async fn next_piece(&mut self) -> anyhow::Result<Option<Vec<u8>>> {
        let Some(request) = self.next.take() else { return Ok(None) };
        let mut csv = csv::Writer::from_writer(Vec::new());
        if std::mem::take(&mut self.is_first) {
            let attributes = self.attributes.iter().map(String::as_str);
            csv.write_record(COLUMNS.into_iter().chain(attributes))?;
        }
        let Page { items, next } =
            self.store.subscribers().list_matching(&self.query, &request).await?;
        self.write_subscribers(&items, &mut csv).await?;
        self.next = next.map(|after| PageRequest { limit: MAX_PAGE_SIZE, after: Some(after) });
        Ok(Some(csv.into_inner().map_err(|e| anyhow::anyhow!("cannot write CSV: {}", e.error()))?))
    }

    async fn write_subscribers(
        &mut self,
        subscribers: &[Subscriber],
        csv: &mut csv::Writer<Vec<u8>>,
    ) -> anyhow::Result<()> {
        let ids: Vec<i64> = subscribers.iter().map(|p| p.id).collect();
        let subscriptions = self.store.subscriptions().list_of(&ids).await?;
        let mut by_owner: HashMap<i64, Vec<&Subscription>> = HashMap::new();
        for link in &subscriptions {
            if self.digest.as_ref().is_none_or(|digest| link.digest == *digest) {
                by_owner.entry(link.subscriber_id).or_default().push(link);
            }
        }
        let suppressions = self.store.suppressions().of_people(subscribers).await?;
        for subscriber in subscribers {
            let reason =
                suppressions.get(&subscriber.address_hash).map_or("", |one| one.reason.as_str());
            let own = by_owner.get(&subscriber.id).into_iter().flatten();
            let mut states: Vec<_> = own.map(|link| subscription_cells(link)).collect();
            if states.is_empty() && self.digest.is_none() {
                states.push([const { String::new() }; SUBSCRIPTION_COLUMNS]);
            }
            for state in states {
                let cells = person_cells(subscriber).into_iter().chain(state);
                let values = attribute_cells(subscriber, &self.attributes);
                let cells = cells.chain([reason.to_owned()]).chain(values);
                csv.write_record(cells.map(|cell| escape_formula(&cell)))?;
                self.lines += 1;
            }
        }
        Ok(())
    }
}

/// Returns the cells of the first columns.
fn person_cells(p: &Subscriber) -> [String; 5] {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    [p.address.clone(), text(&p.name), text(&p.language), text(&p.timezone), p.tags.join(";")]
}

/// Returns the cells of the columns that are attributes.
fn attribute_cells(p: &Subscriber, attributes: &[String]) -> Vec<String> {
    let value = |name: &String| p.attributes.get(name).map(ToString::to_string);
    attributes.iter().map(|name| value(name).unwrap_or_default()).collect()
}

/// Returns the cells of the columns that describe a subscription.
fn subscription_cells(s: &Subscription) -> [String; SUBSCRIPTION_COLUMNS] {
    [
        s.sections.join(";"),
        s.digest.clone(),
        s.status.as_str().to_owned(),
        s.status_changed_at.rfc3339(),
        s.consent.clone(),
    ]
}

/// Writes all suppressions, newest first. An address is known only while a subscriber has it; otherwise its
/// keyed hash identifies it. Returns the number of lines.
pub async fn export_suppressions(store: &Store, out: impl Write) -> anyhow::Result<u64> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(["email", "reason", "since", "reply", "hash"])?;
    let (mut request, mut lines) = (PageRequest::first(MAX_PAGE_SIZE), 0);
    loop {
        let Page { items, next } = store.suppressions().list(&request).await?;
        for s in items {
            let (address, reply) = (s.address.unwrap_or_default(), s.reply.unwrap_or_default());
            let cells = [address, s.reason, s.created_at.rfc3339(), reply, s.hash];
            csv.write_record(cells.iter().map(|cell| escape_formula(cell)))?;
            lines += 1;
        }
        if next.is_none() {
            break;
        }
        request.after = next;
    }
    csv.flush()?;
    Ok(lines)
}
