//! Events for the webhooks: an outbox that is written in the transaction of each change.

use serde_json::{Value as Json, json};

use super::db::{Statement, Tx};
use super::{Store, StoreResult};
use crate::domain::article::Article;
use crate::domain::audit::{AuditAction, AuditObject};
use crate::domain::event::{EventKind, EventKinds};
use crate::domain::time::Millis;

static ADD: Statement = Statement::new(
    "
    INSERT INTO events (kind, object_id, data, created_at, due_at)
    VALUES ($kind, $object, $data, $now, $due_at)",
);

/// Deletes the events of an article that are due later: it is published at another time, or removed.
static DELETE_FUTURE: Statement = Statement::new(
    "
    DELETE FROM events
     WHERE object_id = $object
       AND kind = 'article.published'
       AND NOT is_distributed
       AND due_at > $now",
);

static GUIDS: Statement = Statement::new(
    "
    SELECT guid
      FROM articles
     WHERE id IN {json_ids $articles}",
);

static EDITION: Statement = Statement::new(
    "
    SELECT digest, state
      FROM editions
     WHERE id = $id",
);

static FAILED_DELIVERIES: Statement = Statement::new(
    "
    SELECT id, kind, edition_id, subscriber_id, last_reply
      FROM deliveries
     WHERE id IN {json_ids $ids}
     ORDER BY id",
);

static SUBSCRIPTION: Statement = Statement::new(
    "
    SELECT subscriber_id, digest
      FROM subscriptions
     WHERE id = $id",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] =
    &[&ADD, &DELETE_FUTURE, &GUIDS, &EDITION, &FAILED_DELIVERIES, &SUBSCRIPTION];

impl Store {
    /// Sets the kinds of events that this process records from now on.
    pub fn record_events(&self, kinds: EventKinds) {
        self.recorded_events.set(kinds);
    }
}

async fn add(
    tx: &mut Tx,
    kind: EventKind,
    object: &str,
    data: Json,
    (now, due_at): (Millis, Millis),
) -> StoreResult<()> {
    tx.query(&ADD)
        .bind("kind", kind.as_str())
        .bind("object", object)
        .bind("data", data.to_string())
        .bind("now", now)
        .bind("due_at", due_at)
        .execute()
        .await?;
    Ok(())
}

/// Records that an article was stored: published, or changed if it was visible before. The event of
/// an article that is published in the future is due then.
pub(super) async fn record_article(
    tx: &mut Tx,
    article: &Article,
    guid: &str,
    was_visible: bool,
    now: Millis,
) -> StoreResult<()> {
    let is_visible = article.published_at <= now;
    let kind = if was_visible && is_visible {
        EventKind::ArticleChanged
    } else {
        EventKind::ArticlePublished
    };
    if tx.records(EventKind::ArticlePublished) {
        tx.query(&DELETE_FUTURE).bind("object", guid).bind("now", now).execute().await?;
    }
    if !tx.records(kind) {
        return Ok(());
    }
    let data = json!({
        "id": guid,
        "source": article.source,
        "title": article.title,
        "url": article.url,
        "published_at": article.published_at.rfc3339(),
    });
    add(tx, kind, guid, data, (now, article.published_at.max(now))).await
}

/// Forgets the future publication of articles that were removed.
pub(super) async fn forget_articles(tx: &mut Tx, articles: &[i64], now: Millis) -> StoreResult<()> {
    if !tx.records(EventKind::ArticlePublished) || articles.is_empty() {
        return Ok(());
    }
    let guids: Vec<String> = tx.query(&GUIDS).bind("articles", articles).fetch_scalars().await?;
    for guid in guids {
        tx.query(&DELETE_FUTURE).bind("object", guid).bind("now", now).execute().await?;
    }
    Ok(())
}

/// Records a step of an edition.
pub(super) async fn record_edition(
    tx: &mut Tx,
    kind: EventKind,
    edition: i64,
    now: Millis,
) -> StoreResult<()> {
    if !tx.records(kind) {
        return Ok(());
    }
    let Some(row) = tx.query(&EDITION).bind("id", edition).fetch_first().await? else {
        return Ok(());
    };
    let (digest, state): (String, String) = (row.get("digest")?, row.get("state")?);
    let data = json!({"id": edition, "digest": digest, "state": state});
    add(tx, kind, &edition.to_string(), data, (now, now)).await
}

/// Records deliveries that failed for good, without the addresses of their recipients.
pub(super) async fn record_failed_deliveries(
    tx: &mut Tx,
    ids: &[i64],
    now: Millis,
) -> StoreResult<()> {
    if ids.is_empty() || !tx.records(EventKind::DeliveryFailed) {
        return Ok(());
    }
    let failed: Vec<(i64, Json)> = tx
        .query(&FAILED_DELIVERIES)
        .bind("ids", ids)
        .fetch_with(|row| {
            let id: i64 = row.get("id")?;
            let reply: Option<String> = row.get("last_reply")?;
            let data = json!({
                "id": id,
                "kind": row.get::<String>("kind")?,
                "edition": row.get::<Option<i64>>("edition_id")?,
                "subscriber": row.get::<Option<i64>>("subscriber_id")?,
                "reply_code": reply.as_deref().and_then(reply_code),
            });
            Ok((id, data))
        })
        .await?;
    for (id, data) in failed {
        add(tx, EventKind::DeliveryFailed, &id.to_string(), data, (now, now)).await?;
    }
    Ok(())
}

/// Returns the reply code at the start of an SMTP reply; the text may contain the address.
fn reply_code(reply: &str) -> Option<u16> {
    reply.get(..3)?.parse().ok().filter(|code| (200..600).contains(code))
}

/// Records the event of a change of a subscriber or a subscription from its audit entry.
pub(super) async fn record_from_audit(
    tx: &mut Tx,
    (action, object, object_id): (AuditAction, AuditObject, &str),
    detail: &Json,
    now: Millis,
) -> StoreResult<()> {
    use AuditObject::{Subscriber, Subscription};
    let kind = match (action, object) {
        (AuditAction::Confirm, Subscriber | Subscription) => EventKind::SubscriberConfirmed,
        (AuditAction::Unsubscribe, Subscriber | Subscription) => EventKind::SubscriberUnsubscribed,
        (AuditAction::Change, Subscriber) => EventKind::SubscriberChanged,
        _ => return Ok(()),
    };
    let Some(id) = object_id.parse::<i64>().ok().filter(|_| tx.records(kind)) else {
        return Ok(());
    };
    let mut data = json!({"subscriber": id});
    if object == Subscription {
        let Some(row) = tx.query(&SUBSCRIPTION).bind("id", id).fetch_first().await? else {
            return Ok(());
        };
        data = json!({
            "subscriber": row.get::<i64>("subscriber_id")?,
            "digests": [row.get::<String>("digest")?],
        });
    }
    for key in ["digest", "digests", "all"] {
        if let Some(value) = detail.get(key).filter(|value| !value.is_null()) {
            data[key] = value.clone();
        }
    }
    let subscriber = data["subscriber"].to_string();
    add(tx, kind, &subscriber, data, (now, now)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_code_of_a_reply_is_reported() {
        assert_eq!(reply_code("550 5.1.1 <ann@example.org> unknown"), Some(550));
        assert_eq!(reply_code("connection lost"), None);
        assert_eq!(reply_code("5"), None);
    }
}
