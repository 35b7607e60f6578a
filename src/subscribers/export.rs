//! Export as CSV: of subscribers, with the import columns and the state of each subscription, and of
//! suppressions.

use std::collections::HashMap;
use std::io::Write;

use crate::domain::filter::Condition;
use crate::domain::page::{MAX_PAGE_SIZE, Page, PageRequest};
use crate::fs::escape_formula;
use crate::store::Store;
use crate::store::subscriber_lists::SubscriberQuery;
use crate::store::subscribers::{Subscriber, Subscription};

/// Number of columns that describe a subscription.
const SUBSCRIPTION_COLUMNS: usize = 5;

/// Writes the subscribers who fulfil a condition, or of them only those with a subscription to a digest.
/// Returns the number of lines.
pub async fn export(
    store: &Store,
    condition: &Condition,
    digest: Option<&str>,
    out: impl Write,
) -> anyhow::Result<u64> {
    let query = SubscriberQuery::of(condition.clone());
    let mut csv = csv::Writer::from_writer(out);
    let attributes: Vec<String> =
        store.attributes().list().await?.into_iter().map(|attribute| attribute.name).collect();
    let columns = [
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
    csv.write_record(columns.into_iter().chain(attributes.iter().map(String::as_str)))?;
    let (mut request, mut lines) = (PageRequest::first(MAX_PAGE_SIZE), 0);
    loop {
        let Page { items: subscribers, next } =
            store.subscribers().list_matching(&query, &request).await?;
        let ids: Vec<i64> = subscribers.iter().map(|p| p.id).collect();
        let subscriptions = store.subscriptions().list_of(&ids).await?;
        let hashes: Vec<String> = subscribers.iter().map(|p| p.address_hash.clone()).collect();
        let suppressions = store.suppressions().of_addresses(&hashes).await?;
        let reasons: HashMap<&str, &str> =
            suppressions.iter().map(|s| (s.hash.as_str(), s.reason.as_str())).collect();
        for subscriber in &subscribers {
            let reason = reasons.get(subscriber.address_hash.as_str()).copied().unwrap_or_default();
            let own = subscriptions.iter().filter(|link| {
                link.subscriber_id == subscriber.id && digest.is_none_or(|d| link.digest == d)
            });
            let mut states: Vec<_> = own.map(subscription_cells).collect();
            if states.is_empty() && digest.is_none() {
                states.push([const { String::new() }; SUBSCRIPTION_COLUMNS]);
            }
            for state in states {
                let cells = person_cells(subscriber).into_iter().chain(state);
                let values = attribute_cells(subscriber, &attributes);
                let cells = cells.chain([reason.to_owned()]).chain(values);
                csv.write_record(cells.map(|cell| escape_formula(&cell)))?;
                lines += 1;
            }
        }
        if next.is_none() {
            break;
        }
        request.after = next;
    }
    csv.flush()?;
    Ok(lines)
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
