//! Subscribers of a digest whom an edition does not address: their numbers by reason, counted once when
//! the audience is frozen, and what is known about one of them.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::batches::RECIPIENTS;
use super::filtered;
use crate::domain::filter::Condition;
use crate::domain::not_addressed::{NotAddressed, NotAddressedReason};
use crate::domain::subscription::SubscriptionStatus;
use crate::domain::time::Millis;
use crate::store::db::{Row, Statement};
use crate::store::operations::Editions;
use crate::store::{Store, StoreError, StoreResult};

static FROZEN: Statement = Statement::new(
    "
    SELECT digest, recipients, audience, frozen_at, not_addressed
      FROM editions
     WHERE id = $edition",
);

static HAS_GROUP_WITHOUT_STORY: Statement = Statement::new(
    "
    SELECT language
      FROM variant_assignments
     WHERE edition_id = $edition
       AND variant_id IS NULL
     LIMIT 1",
);

/// The subscriptions for whose language and sections an edition has no story.
const WITHOUT_STORY: &str = "
      FROM subscriptions s
      JOIN subscribers p ON p.id = s.subscriber_id
      JOIN variant_assignments c
             ON c.edition_id = $edition
            AND c.language = COALESCE(p.language, '')
            AND c.sections = s.sections
     WHERE c.variant_id IS NULL";

static COUNT_WITHOUT_STORY: Statement = Statement::with(
    "
    SELECT COUNT(*) AS subscribers
           {without_story}
       AND s.digest = $digest
       AND s.status = 'confirmed'",
    &[("without_story", WITHOUT_STORY)],
);

/// Counts the confirmed subscriptions in an index.
static COUNT_CONFIRMED: Statement = Statement::new(
    "
    SELECT COUNT(*) AS subscribers
      FROM subscriptions
     WHERE digest = $digest
       AND status = 'confirmed'",
);

/// Counts the other subscriptions in an index, without reading the table or the confirmed ones.
static COUNT_UNCONFIRMED: Statement = Statement::new(
    "
    SELECT status, COUNT(*) AS subscribers
      FROM subscriptions
     WHERE digest = $digest
       AND status IN ('pending', 'paused', 'unsubscribed')
     GROUP BY status",
);

static HAS_SUPPRESSIONS: Statement = Statement::new("SELECT hash FROM suppressions LIMIT 1");

/// Counts those whom the edition would address without a filter.
static COUNT_UNFILTERED: Statement =
    Statement::with("SELECT COUNT(*) AS subscribers {recipients}", &[("recipients", RECIPIENTS)]);

static LACKS_STORY: Statement = Statement::with(
    "
    SELECT s.id
           {without_story}
       AND s.id = $subscription",
    &[("without_story", WITHOUT_STORY)],
);

/// All statements of this file.
pub(in crate::store) static STATEMENTS: &[&Statement] = &[
    &FROZEN,
    &HAS_GROUP_WITHOUT_STORY,
    &COUNT_WITHOUT_STORY,
    &COUNT_CONFIRMED,
    &COUNT_UNCONFIRMED,
    &HAS_SUPPRESSIONS,
    &COUNT_UNFILTERED,
    &LACKS_STORY,
];

/// Stored facts about the audience of an edition.
#[derive(Debug, Clone)]
pub struct FrozenAudience {
    /// Time at which the audience was complete.
    pub frozen_at: Millis,
    /// Condition that its subscribers fulfil, if it has one.
    pub condition: Option<Condition>,
    /// Numbers of the subscribers who were left out then.
    pub not_addressed: NotAddressed,
}

/// Counts the subscribers of the digest of a frozen edition who have no delivery, as a JSON object. A change
/// during the freezing can count a person under another reason. Reads only: the audience may be large.
pub(super) async fn count(store: &Store, edition: i64) -> StoreResult<String> {
    let row = store.read(&FROZEN).bind("edition", edition).fetch_first().await?;
    let Some(row) = row else { return Ok(String::new()) };
    let (digest, recipients): (String, i64) = (row.get("digest")?, row.get("recipients")?);
    let is_filtered = row.get::<Option<String>>("audience")?.is_some();
    let mut counts = BTreeMap::new();
    let unconfirmed = store.read(&COUNT_UNCONFIRMED).bind("digest", &digest);
    for (status, subscribers) in unconfirmed.fetch_with(status_count).await? {
        counts.extend(NotAddressedReason::of_status(status).map(|reason| (reason, subscribers)));
    }
    let no_story = count_without_story(store, edition, &digest).await?;
    counts.insert(NotAddressedReason::NoStory, no_story);
    let has_suppressions = store.read(&HAS_SUPPRESSIONS).exists().await?;
    if is_filtered || has_suppressions {
        let confirmed: i64 =
            store.read(&COUNT_CONFIRMED).bind("digest", &digest).fetch_scalar().await?;
        let others = (confirmed - recipients - no_story).max(0);
        let suppressed = if !is_filtered {
            others
        } else if others > 0 && has_suppressions {
            let query = store.read(&COUNT_UNFILTERED).bind("edition", edition);
            let unfiltered: i64 = query.bind("digest", &digest).fetch_scalar().await?;
            (confirmed - no_story - unfiltered).clamp(0, others)
        } else {
            0
        };
        counts.insert(NotAddressedReason::Suppressed, suppressed);
        counts.insert(NotAddressedReason::Audience, others - suppressed);
    }
    let present = counts.into_iter().filter(|(_, subscribers)| *subscribers > 0);
    let fields: Map<String, Json> = present
        .map(|(reason, subscribers)| (reason.as_str().to_owned(), json!(subscribers)))
        .collect();
    Ok(Json::Object(fields).to_string())
}

/// Counts the confirmed subscribers for whose language and sections the edition has no story.
async fn count_without_story(store: &Store, edition: i64, digest: &str) -> StoreResult<i64> {
    if !store.read(&HAS_GROUP_WITHOUT_STORY).bind("edition", edition).exists().await? {
        return Ok(0);
    }
    let query = store.read(&COUNT_WITHOUT_STORY).bind("edition", edition);
    query.bind("digest", digest).fetch_scalar().await
}

fn status_count(row: &Row) -> StoreResult<(SubscriptionStatus, i64)> {
    let status = row.enum_value("subscriptions.status", SubscriptionStatus::parse)?;
    Ok((status, row.get("subscribers")?))
}

/// Reads counts as they are stored.
fn parse(text: &str) -> StoreResult<NotAddressed> {
    let stored: BTreeMap<String, i64> =
        serde_json::from_str(text).map_err(|e| StoreError::Sql(sqlx::Error::Decode(e.into())))?;
    let mut counts = NotAddressed::default();
    for reason in NotAddressedReason::ALL {
        counts.add(reason, stored.get(reason.as_str()).copied().unwrap_or(0));
    }
    Ok(counts)
}

impl Editions<'_> {
    /// Returns what is stored about the audience of an edition; `None` if it was never complete.
    pub async fn frozen_audience(self, edition: i64) -> StoreResult<Option<FrozenAudience>> {
        let row = self.store.read(&FROZEN).bind("edition", edition).fetch_first().await?;
        let Some(row) = row else { return Ok(None) };
        let Some(frozen_at) = row.optional_time("frozen_at")? else { return Ok(None) };
        let audience: Option<String> = row.get("audience")?;
        let not_addressed: Option<String> = row.get("not_addressed")?;
        Ok(Some(FrozenAudience {
            frozen_at,
            condition: audience.as_deref().map(filtered::parse).transpose()?,
            not_addressed: parse(not_addressed.as_deref().unwrap_or("{}"))?,
        }))
    }

    /// Returns `true` if an edition has no story for the present language and sections of a subscription.
    pub async fn lacks_story(self, edition: i64, subscription: i64) -> StoreResult<bool> {
        let query = self.store.read(&LACKS_STORY).bind("edition", edition);
        query.bind("subscription", subscription).exists().await
    }
}
