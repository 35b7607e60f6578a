//! Export of subscribers as CSV: the columns of an import, and what became of each.

use std::io::Write;

use crate::store::Store;
use crate::store::subscribers::Subscription;

/// Subscribers read at a time.
const PAGE: i64 = 500;

/// Writes everybody, or everybody with a subscription to a digest; gives how many lines.
pub async fn export(store: &Store, digest: Option<&str>, out: impl Write) -> anyhow::Result<u64> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record([
        "email", "name", "language", "timezone", "sections", "digest", "status", "since", "consent",
    ])?;
    let (mut before, mut lines) = (i64::MAX, 0);
    loop {
        let people = store.subscribers_before(before, PAGE).await?;
        let Some(last) = people.last() else { break };
        before = last.id;
        let ids: Vec<i64> = people.iter().map(|p| p.id).collect();
        let links = store.subscriptions_of(&ids).await?;
        for person in &people {
            let own: Vec<&Subscription> = links
                .iter()
                .filter(|l| l.subscriber_id == person.id && digest.is_none_or(|d| l.digest == d))
                .collect();
            let text = |v: &Option<String>| v.clone().unwrap_or_default();
            let base = [
                person.address.clone(),
                text(&person.name),
                text(&person.language),
                text(&person.timezone),
            ];
            for link in &own {
                let more = [
                    link.sections.join(";"),
                    link.digest.clone(),
                    link.status.word().to_owned(),
                    link.since.rfc3339(),
                    link.consent.clone(),
                ];
                csv.write_record(base.iter().chain(&more))?;
                lines += 1;
            }
            if own.is_empty() && digest.is_none() {
                csv.write_record(base.iter().map(String::as_str).chain([""; 5]))?;
                lines += 1;
            }
        }
    }
    csv.flush()?;
    Ok(lines)
}
