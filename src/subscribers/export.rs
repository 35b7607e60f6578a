//! Export of subscribers as CSV: the import columns and the state of each subscription.

use std::io::Write;

use crate::domain::page::{MAX_PAGE_SIZE, Page, PageRequest};
use crate::fs::escape_formula;
use crate::store::Store;
use crate::store::subscribers::Subscription;

/// Writes all subscribers, or those with a subscription to a digest. Returns the number of lines.
pub async fn export(store: &Store, digest: Option<&str>, out: impl Write) -> anyhow::Result<u64> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record([
        "email", "name", "language", "timezone", "sections", "digest", "status", "since", "consent",
    ])?;
    let (mut request, mut lines) = (PageRequest::first(MAX_PAGE_SIZE), 0);
    loop {
        let Page { items: subscribers, next } = store.subscribers().list(&request).await?;
        let ids: Vec<i64> = subscribers.iter().map(|p| p.id).collect();
        let subscriptions = store.subscriptions().list_of(&ids).await?;
        for subscriber in &subscribers {
            let own: Vec<&Subscription> = subscriptions
                .iter()
                .filter(|l| {
                    l.subscriber_id == subscriber.id && digest.is_none_or(|d| l.digest == d)
                })
                .collect();
            let text = |v: &Option<String>| v.clone().unwrap_or_default();
            let base = [
                subscriber.address.clone(),
                text(&subscriber.name),
                text(&subscriber.language),
                text(&subscriber.timezone),
            ];
            for subscription in &own {
                let more = [
                    subscription.sections.join(";"),
                    subscription.digest.clone(),
                    subscription.status.as_str().to_owned(),
                    subscription.status_changed_at.rfc3339(),
                    subscription.consent.clone(),
                ];
                csv.write_record(base.iter().chain(&more).map(|cell| escape_formula(cell)))?;
                lines += 1;
            }
            if own.is_empty() && digest.is_none() {
                csv.write_record(
                    base.iter()
                        .map(|cell| escape_formula(cell))
                        .chain(std::iter::repeat_n(String::new(), 5)),
                )?;
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
