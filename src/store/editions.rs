//! Editions: creation in one transaction with their stories, variants and ledger, and queries.

use std::collections::HashMap;

use serde_json::json;

use super::dialect::{Column, sql};
use super::{Store, StoreError, StoreResult, parse_word, reading, transaction};
use crate::domain::delivery::DeliveryState;
use crate::domain::edition::{DeliveryCounts, EditionState};
use crate::domain::time::Millis;

/// An edition that is about to be created.
#[derive(Debug, Clone)]
pub struct NewEdition {
    /// Name of the digest.
    pub digest: String,
    /// Date of the schedule that the edition is for; `None` if it was started by hand.
    pub date: Option<Millis>,
    /// Scheduled time of sending.
    pub scheduled_for: Millis,
    /// Name of the transport.
    pub transport: String,
    /// Current title of the digest.
    pub title: String,
    /// Mailbox of the `From` header.
    pub sender: String,
    /// Mailbox of the `Reply-To` header.
    pub reply_to: Option<String>,
    /// Row ids of the articles, in their order.
    pub articles: Vec<i64>,
    /// Rendered variants of the edition.
    pub variants: Vec<NewVariant>,
    /// Assignment of variants to groups of subscribers.
    pub assignments: Vec<VariantAssignment>,
}

/// Assignment of a group of subscribers to the variant of a language and of their chosen sections;
/// the group receives nothing if that variant does not exist.
#[derive(Debug, Clone)]
pub struct VariantAssignment {
    /// Language tag of the subscribers; empty if unknown.
    pub reader_language: String,
    /// Sections that the subscribers chose, as a sorted JSON list.
    pub chosen_sections: String,
    /// Language tag of the variant.
    pub variant_language: String,
}

/// A variant that is about to be stored.
#[derive(Debug, Clone)]
pub struct NewVariant {
    /// Language tag of the variant.
    pub language: String,
    /// Chosen sections as a sorted JSON list.
    pub sections: String,
    /// Subject line with placeholders.
    pub subject: String,
    /// HTML part with placeholders.
    pub html: String,
    /// Text part with placeholders.
    pub text: String,
    /// Template to render for each recipient, if placeholders do not suffice.
    pub template_snapshot: Option<String>,
}

/// An edition as stored in the database.
#[derive(Debug, Clone)]
pub struct Edition {
    /// Id of the edition.
    pub id: i64,
    /// Name of the digest.
    pub digest: String,
    /// State of the edition.
    pub state: EditionState,
    /// Scheduled time of sending.
    pub scheduled_for: Millis,
    /// Time of its creation.
    pub created_at: Millis,
    /// Time at which its last delivery ended.
    pub finished_at: Option<Millis>,
    /// Name of the transport.
    pub transport: String,
    /// Title of the digest at the time of creation.
    pub title: String,
    /// Mailbox of the `From` header.
    pub sender: String,
    /// Mailbox of the `Reply-To` header.
    pub reply_to: Option<String>,
    /// Reason for the pause, for display.
    pub note: Option<String>,
}

const COLUMNS: &str = "id, digest, state, scheduled_for, created_at, finished_at, transport, title, sender, reply_to, note";
type Row = (
    i64,
    String,
    String,
    i64,
    i64,
    Option<i64>,
    String,
    String,
    String,
    Option<String>,
    Option<String>,
);

fn edition(
    (id, digest, state, scheduled, created, finished, transport, title, sender, reply_to, note): Row,
) -> StoreResult<Edition> {
    let state = EditionState::parse(&state)
        .ok_or(StoreError::InvalidValue { value: state, column: "editions.state" })?;
    Ok(Edition {
        id,
        digest,
        state,
        scheduled_for: Millis(scheduled),
        created_at: Millis(created),
        finished_at: finished.map(Millis),
        transport,
        title,
        sender,
        reply_to,
        note,
    })
}

/// SQL that inserts the rows of a new edition, in the dialect of the database.
struct InsertStatements {
    stories: String,
    ledger: String,
    variants: String,
    assignments: String,
}

impl InsertStatements {
    /// Builds the statements for a store.
    fn new(store: &Store) -> Self {
        let stories = format!(
            "INSERT INTO edition_articles (edition_id, position, article_id) SELECT $1, position, article FROM {} AS t",
            store.json_rows("$2", &[Column::Int("position"), Column::Int("article")])
        );
        let ledger = format!(
            "INSERT INTO ledger (digest, article_id, edition_id) SELECT $1, id, $2 FROM articles \
             WHERE group_id IN (SELECT group_id FROM articles WHERE id IN {})",
            store.json_ids("$3")
        );
        let texts =
            |names: &[&'static str]| names.iter().map(|n| Column::Text(n)).collect::<Vec<_>>();
        let variants = format!(
            "INSERT INTO variants (edition_id, language, sections, subject, html, text, template_snapshot) \
             SELECT $1, language, sections, subject, html, body, template_snapshot FROM {} AS r",
            store.json_rows(
                "$2",
                &texts(&["language", "sections", "subject", "html", "body", "template_snapshot"])
            )
        );
        let assignments = format!(
            "INSERT INTO variant_assignments (edition_id, language, sections, variant_id) SELECT $1, r.reader_language, r.sections, v.id \
             FROM {} AS r LEFT JOIN variants v ON v.edition_id = $1 AND v.language = r.variant_language AND v.sections = r.sections",
            store.json_rows("$2", &texts(&["reader_language", "sections", "variant_language"]))
        );
        Self { stories, ledger, variants, assignments }
    }
}

/// Converts the error of an edition that another node has just created, or that has a story of
/// another edition, to `None`.
fn none_if_created_elsewhere(created: StoreResult<i64>) -> StoreResult<Option<i64>> {
    match created {
        Ok(id) => Ok(Some(id)),
        Err(e)
            if e.violates("editions_schedule_date", "editions.schedule_date")
                || e.violates("ledger_once", "ledger.article_id") =>
        {
            Ok(None)
        }
        Err(e) => Err(e),
    }
}

/// Returns the articles of an edition with their positions, as JSON rows.
fn position_rows(articles: &[i64]) -> String {
    let rows = articles.iter().enumerate().map(|(i, a)| json!({"position": i, "article": a}));
    serde_json::Value::from(rows.collect::<Vec<_>>()).to_string()
}

fn variant_rows(variants: &[NewVariant]) -> String {
    let rows = variants.iter().map(|v| {
        json!({"language": v.language, "sections": v.sections, "subject": v.subject, "html": v.html, "body": v.text, "template_snapshot": v.template_snapshot})
    });
    serde_json::Value::from(rows.collect::<Vec<_>>()).to_string()
}

fn assignment_rows(assignments: &[VariantAssignment]) -> String {
    let rows = assignments
        .iter()
        .map(|a| json!({"reader_language": a.reader_language, "sections": a.chosen_sections, "variant_language": a.variant_language}));
    serde_json::Value::from(rows.collect::<Vec<_>>()).to_string()
}

fn add_count(counts: &mut DeliveryCounts, state: &str, n: i64) -> StoreResult<()> {
    match parse_word(state, "deliveries.state")? {
        DeliveryState::Queued => counts.queued = n,
        DeliveryState::Sending => counts.sending = n,
        DeliveryState::Sent => counts.sent = n,
        DeliveryState::Failed => counts.failed = n,
        DeliveryState::Held => counts.held = n,
        DeliveryState::Cancelled => counts.cancelled = n,
        DeliveryState::Bounced => counts.bounced = n,
    }
    Ok(())
}

/// The error of a command that names an edition that does not exist.
pub(super) fn missing_edition(id: i64) -> StoreError {
    StoreError::Rejected(format!(
        "edition {id} does not exist; `courant editions list` lists all editions"
    ))
}

impl Store {
    /// Creates an edition with its stories, variants and ledger in one transaction and returns its
    /// id; `None` if another node has just created it, or an edition with one of its stories.
    pub async fn create_edition(&self, new: NewEdition, now: Millis) -> StoreResult<Option<i64>> {
        let statements = InsertStatements::new(self);
        let positions = position_rows(&new.articles);
        let (variant_rows, assignment_rows) =
            (variant_rows(&new.variants), assignment_rows(&new.assignments));
        // Selected by article, not by the groups read earlier, which may have grown in the
        // meantime.
        let article_ids = serde_json::Value::from(new.articles.clone()).to_string();
        let created = transaction!(self, |tx| {
            let (id,): (i64,) = sqlx::query_as(
                "INSERT INTO editions (digest, state, schedule_date, scheduled_for, created_at, transport, title, sender, reply_to) \
                 VALUES ($1, 'preparing', $2, $3, $4, $5, $6, $7, $8) RETURNING id",
            )
            .bind(&new.digest)
            .bind(new.date.map(|s| s.0))
            .bind(new.scheduled_for.0)
            .bind(now.0)
            .bind(&new.transport)
            .bind(&new.title)
            .bind(&new.sender)
            .bind(&new.reply_to)
            .fetch_one(&mut *tx)
            .await?;
            sqlx::query(sql(statements.stories.clone()))
                .bind(id)
                .bind(&positions)
                .execute(&mut *tx)
                .await?;
            sqlx::query(sql(statements.ledger.clone()))
                .bind(&new.digest)
                .bind(id)
                .bind(&article_ids)
                .execute(&mut *tx)
                .await?;
            sqlx::query(sql(statements.variants.clone()))
                .bind(id)
                .bind(&variant_rows)
                .execute(&mut *tx)
                .await?;
            sqlx::query(sql(statements.assignments.clone()))
                .bind(id)
                .bind(&assignment_rows)
                .execute(&mut *tx)
                .await?;
            if let Some(date) = new.date {
                sqlx::query(
                    "UPDATE digests SET processed_until = $2 WHERE name = $1 AND processed_until < $2",
                )
                .bind(&new.digest)
                .bind(date.0)
                .execute(&mut *tx)
                .await?;
            }
            id
        });
        none_if_created_elsewhere(created)
    }

    /// Returns one edition by id.
    pub async fn edition(&self, id: i64) -> StoreResult<Option<Edition>> {
        let text = format!("SELECT {COLUMNS} FROM editions WHERE id = $1");
        let row: Option<Row> =
            reading!(self, |db| sqlx::query_as(sql(text)).bind(id).fetch_optional(db).await?);
        row.map(edition).transpose()
    }

    /// Returns one edition by id.
    ///
    /// # Errors
    /// [`StoreError::Rejected`] with one sentence for the admin if the edition does not exist.
    pub async fn existing_edition(&self, id: i64) -> StoreResult<Edition> {
        self.edition(id).await?.ok_or_else(|| missing_edition(id))
    }

    /// Returns editions, newest first.
    pub async fn editions(&self, limit: Option<i64>) -> StoreResult<Vec<Edition>> {
        let text = format!("SELECT {COLUMNS} FROM editions ORDER BY id DESC LIMIT $1");
        let rows: Vec<Row> = reading!(self, |db| sqlx::query_as(sql(text))
            .bind(limit.unwrap_or(i64::MAX))
            .fetch_all(db)
            .await?);
        rows.into_iter().map(edition).collect()
    }

    /// Returns the editions in a state, oldest first.
    pub async fn editions_in(&self, state: EditionState) -> StoreResult<Vec<Edition>> {
        let text = format!("SELECT {COLUMNS} FROM editions WHERE state = $1 ORDER BY id");
        let rows: Vec<Row> = reading!(self, |db| sqlx::query_as(sql(text))
            .bind(state.as_str())
            .fetch_all(db)
            .await?);
        rows.into_iter().map(edition).collect()
    }

    /// Returns the permanent ids and titles of the articles of an edition, in their order.
    pub async fn edition_articles(&self, id: i64) -> StoreResult<Vec<(String, String)>> {
        Ok(reading!(self, |db| {
            sqlx::query_as(
            "SELECT a.guid, a.title FROM edition_articles e JOIN articles a ON a.id = e.article_id WHERE e.edition_id = $1 ORDER BY e.position"
        )
        .bind(id)
        .fetch_all(db)
        .await?
        }))
    }

    /// Returns the number of deliveries of an edition in each state.
    pub async fn edition_counts(&self, id: i64) -> StoreResult<DeliveryCounts> {
        let rows: Vec<(String, i64)> = reading!(self, |db| {
            sqlx::query_as(
            "SELECT d.state, COUNT(*) FROM delivery_batches b JOIN deliveries d ON d.batch_id = b.id WHERE b.edition_id = $1 GROUP BY d.state"
        )
        .bind(id)
        .fetch_all(db)
        .await?
        });
        let mut counts = DeliveryCounts::default();
        for (state, n) in rows {
            add_count(&mut counts, &state, n)?;
        }
        Ok(counts)
    }

    /// Returns the number of deliveries in each state for each of these editions; editions without
    /// deliveries are omitted.
    pub async fn counts_of(&self, ids: &[i64]) -> StoreResult<HashMap<i64, DeliveryCounts>> {
        let text = format!(
            "SELECT b.edition_id, d.state, COUNT(*) FROM delivery_batches b JOIN deliveries d ON d.batch_id = b.id WHERE b.edition_id IN {} \
             GROUP BY b.edition_id, d.state",
            self.json_ids("$1")
        );
        let ids = serde_json::Value::from(ids.to_vec()).to_string();
        let rows: Vec<(i64, String, i64)> =
            reading!(self, |db| sqlx::query_as(sql(text)).bind(ids).fetch_all(db).await?);
        let mut counts: HashMap<i64, DeliveryCounts> = HashMap::new();
        for (edition, state, n) in rows {
            add_count(counts.entry(edition).or_default(), &state, n)?;
        }
        Ok(counts)
    }
}
