//! Export of subscribers as CSV, with the import columns and the state of each subscription.

use std::collections::HashMap;
use std::io::Write;

use serde_json::json;

use crate::domain::actor::Actor;
use crate::domain::audit::AuditObject;
use crate::domain::filter::{Condition, SubscriptionTest};
use crate::domain::page::{MAX_PAGE_SIZE, PageRequest};
use crate::domain::time::Millis;
use crate::fs::{CsvExport, csv_lines, write_csv};
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

/// Records an export of the subscribers who fulfil a condition, or of them only those with a subscription to
/// a digest, and writes them.
pub async fn export_subscribers(
    store: &Store,
    condition: &Condition,
    digest: Option<&str>,
    actor: &Actor,
    now: Millis,
    out: impl Write,
) -> anyhow::Result<()> {
    write_csv(SubscriberExport::begin(store, condition, digest, actor, now).await?, out).await
}

/// Export of subscribers piece by piece, so that it can be sent while it is read.
#[derive(Debug)]
pub struct SubscriberExport {
    store: Store,
    query: SubscriberQuery,
    digest: Option<String>,
    attributes: Vec<String>,
    /// The next page; `None` after the last one.
    next: Option<PageRequest>,
}

impl SubscriberExport {
    /// Records an export of the subscribers who fulfil a condition, or of them only those with a
    /// subscription to a digest, with their number in the audit log, and prepares it.
    pub async fn begin(
        store: &Store,
        condition: &Condition,
        digest: Option<&str>,
        actor: &Actor,
        now: Millis,
    ) -> StoreResult<Self> {
        let of_digest = digest
            .map(|name| Condition::Subscription(SubscriptionTest::Digest(vec![name.to_owned()])));
        let whole = Condition::All(std::iter::once(condition.clone()).chain(of_digest).collect());
        let subscribers = store.subscribers().count_matching(&SubscriberQuery::of(whole)).await?;
        let is_filtered = !condition.is_empty();
        let detail = json!({"digest": digest, "filtered": is_filtered, "subscribers": subscribers});
        store.audit_log().record_export((AuditObject::Subscriber, ""), detail, actor, now).await?;
        let attributes = store.attributes().list().await?;
        Ok(Self {
            store: store.clone(),
            query: SubscriberQuery::of(condition.clone()),
            digest: digest.map(str::to_owned),
            attributes: attributes.into_iter().map(|attribute| attribute.name).collect(),
            next: Some(PageRequest::first(MAX_PAGE_SIZE)),
        })
    }

    /// Returns the rows of subscribers: one for each subscription.
    async fn rows(&self, subscribers: &[Subscriber]) -> StoreResult<Vec<Vec<String>>> {
        let ids: Vec<i64> = subscribers.iter().map(|p| p.id).collect();
        let subscriptions = self.store.subscriptions().list_of(&ids).await?;
        let mut by_owner: HashMap<i64, Vec<&Subscription>> = HashMap::new();
        for link in &subscriptions {
            if self.digest.as_ref().is_none_or(|digest| link.digest == *digest) {
                by_owner.entry(link.subscriber_id).or_default().push(link);
            }
        }
        let suppressions = self.store.suppressions().of_people(subscribers).await?;
        let mut rows = Vec::with_capacity(subscribers.len());
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
                rows.push(cells.chain([reason.to_owned()]).chain(values).collect());
            }
        }
        Ok(rows)
    }
}

impl CsvExport for SubscriberExport {
    async fn next_piece(&mut self) -> anyhow::Result<Option<Vec<u8>>> {
        let Some(request) = self.next.take() else { return Ok(None) };
        let page = self.store.subscribers().list_matching(&self.query, &request).await?;
        let columns = COLUMNS.iter().map(|&name| name.to_owned());
        let header = columns.chain(self.attributes.iter().cloned()).collect();
        let header = request.after.is_none().then_some(header);
        let lines = csv_lines(header.into_iter().chain(self.rows(&page.items).await?))?;
        self.next = page.following(MAX_PAGE_SIZE);
        Ok(Some(lines))
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
