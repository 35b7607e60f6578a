//! Editions: made in one transaction with their stories, variants and ledger; found, counted, ordered about.

use std::collections::HashMap;

use serde_json::json;

use super::dialect::{Column, sql};
use super::{Store, StoreError, StoreResult, reading, transaction};
use crate::domain::edition::{Counts, EditionState};
use crate::domain::time::Millis;

/// An edition about to be made.
#[derive(Debug, Clone)]
pub struct NewEdition {
    /// Digest's name.
    pub digest: String,
    /// The date of the schedule it answers; none when run by hand.
    pub slot: Option<Millis>,
    /// When it was meant to go out.
    pub scheduled_for: Millis,
    /// Transport's name.
    pub transport: String,
    /// The digest's title now.
    pub title: String,
    /// `From` mailbox.
    pub sender: String,
    /// `Reply-To` mailbox.
    pub reply_to: Option<String>,
    /// Rows of its articles, in their order.
    pub articles: Vec<i64>,
    /// Its rendered variants.
    pub variants: Vec<NewVariant>,
    /// Who reads which.
    pub assigned: Vec<Assigned>,
}

/// Which variant a kind of reader gets: that of `language` and the sections they chose; none, if there is no such variant.
#[derive(Debug, Clone)]
pub struct Assigned {
    /// The readers' language tag; empty if unknown.
    pub reads: String,
    /// Their chosen sections as a sorted JSON list.
    pub chose: String,
    /// The variant's language tag.
    pub language: String,
}

/// A variant about to be kept.
#[derive(Debug, Clone)]
pub struct NewVariant {
    /// Language tag.
    pub language: String,
    /// Chosen sections as a sorted JSON list.
    pub sections: String,
    /// Subject with slots.
    pub subject: String,
    /// HTML with slots.
    pub html: String,
    /// Text with slots.
    pub text: String,
    /// What to render for each subscriber, where slots will not do.
    pub recipe: Option<String>,
}

/// An edition as it is kept.
#[derive(Debug, Clone)]
pub struct Edition {
    /// Its number.
    pub id: i64,
    /// Digest's name.
    pub digest: String,
    /// Where it stands.
    pub state: EditionState,
    /// When it was meant to go out.
    pub scheduled_for: Millis,
    /// When it was made.
    pub created_at: Millis,
    /// When its last delivery ended.
    pub finished_at: Option<Millis>,
    /// Transport's name.
    pub transport: String,
    /// The digest's title when it was made.
    pub title: String,
    /// `From` mailbox.
    pub sender: String,
    /// `Reply-To` mailbox.
    pub reply_to: Option<String>,
    /// Why it is paused, for a person.
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
    let state = EditionState::of(&state)
        .ok_or(StoreError::Inconsistent { what: state, place: "editions.state" })?;
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

fn rendered_rows(variants: &[NewVariant]) -> String {
    let rows = variants.iter().map(|v| {
        json!({"language": v.language, "sections": v.sections, "subject": v.subject, "html": v.html, "body": v.text, "recipe": v.recipe})
    });
    serde_json::Value::from(rows.collect::<Vec<_>>()).to_string()
}

fn assigned_rows(assigned: &[Assigned]) -> String {
    let rows = assigned
        .iter()
        .map(|a| json!({"reads": a.reads, "chose": a.chose, "language": a.language}));
    serde_json::Value::from(rows.collect::<Vec<_>>()).to_string()
}

fn tally(counts: &mut Counts, state: String, n: i64) -> StoreResult<()> {
    match state.as_str() {
        "queued" => counts.queued = n,
        "sending" => counts.sending = n,
        "sent" => counts.sent = n,
        "failed" => counts.failed = n,
        "held" => counts.held = n,
        "cancelled" => counts.cancelled = n,
        _ => return Err(StoreError::Inconsistent { what: state, place: "deliveries.state" }),
    }
    Ok(())
}

impl Store {
    /// Makes an edition with its stories, variants and ledger in one transaction; none if another node made it, or told
    /// one of its stories, a moment before.
    pub async fn make_edition(&self, new: NewEdition, now: Millis) -> StoreResult<Option<i64>> {
        let positions: Vec<_> = new
            .articles
            .iter()
            .enumerate()
            .map(|(i, a)| json!({"position": i, "article": a}))
            .collect();
        let positions = serde_json::Value::from(positions).to_string();
        let stories = format!(
            "INSERT INTO edition_articles (edition_id, position, article_id) SELECT $1, position, article FROM {} AS t",
            self.rows("$2", &[Column::Int("position"), Column::Int("article")])
        );
        let ledger = format!(
            "INSERT INTO ledger (digest, article_id, edition_id) SELECT $1, id, $2 FROM articles \
             WHERE group_id IN (SELECT group_id FROM articles WHERE id IN {})",
            self.numbers("$3")
        );
        let texts =
            |names: &[&'static str]| names.iter().map(|n| Column::Text(n)).collect::<Vec<_>>();
        let variants = format!(
            "INSERT INTO variants (edition_id, language, sections, subject, html, text, recipe) \
             SELECT $1, language, sections, subject, html, body, recipe FROM {} AS r",
            self.rows("$2", &texts(&["language", "sections", "subject", "html", "body", "recipe"]))
        );
        let choices = format!(
            "INSERT INTO variant_choices (edition_id, language, sections, variant_id) SELECT $1, r.reads, r.chose, v.id \
             FROM {} AS r LEFT JOIN variants v ON v.edition_id = $1 AND v.language = r.language AND v.sections = r.chose",
            self.rows("$2", &texts(&["reads", "chose", "language"]))
        );
        let (rendered, assigned) = (rendered_rows(&new.variants), assigned_rows(&new.assigned));
        // By the articles, not by the groups that were read before: those may have grown meanwhile.
        let told = serde_json::Value::from(new.articles.clone()).to_string();
        let made = transaction!(self, |tx| {
            let (id,): (i64,) = sqlx::query_as(
                "INSERT INTO editions (digest, state, slot, scheduled_for, created_at, transport, title, sender, reply_to) \
                 VALUES ($1, 'preparing', $2, $3, $4, $5, $6, $7, $8) RETURNING id",
            )
            .bind(&new.digest)
            .bind(new.slot.map(|s| s.0))
            .bind(new.scheduled_for.0)
            .bind(now.0)
            .bind(&new.transport)
            .bind(&new.title)
            .bind(&new.sender)
            .bind(&new.reply_to)
            .fetch_one(&mut *tx)
            .await?;
            sqlx::query(sql(stories.clone())).bind(id).bind(&positions).execute(&mut *tx).await?;
            sqlx::query(sql(ledger.clone()))
                .bind(&new.digest)
                .bind(id)
                .bind(&told)
                .execute(&mut *tx)
                .await?;
            sqlx::query(sql(variants.clone())).bind(id).bind(&rendered).execute(&mut *tx).await?;
            sqlx::query(sql(choices.clone())).bind(id).bind(&assigned).execute(&mut *tx).await?;
            if let Some(slot) = new.slot {
                sqlx::query(
                    "UPDATE digests SET handled_until = $2 WHERE name = $1 AND handled_until < $2",
                )
                .bind(&new.digest)
                .bind(slot.0)
                .execute(&mut *tx)
                .await?;
            }
            id
        });
        match made {
            Ok(id) => Ok(Some(id)),
            Err(e)
                if e.violates("editions_slot", "editions.slot")
                    || e.violates("ledger_once", "ledger.article_id") =>
            {
                Ok(None)
            }
            Err(e) => Err(e),
        }
    }

    /// One edition.
    pub async fn edition(&self, id: i64) -> StoreResult<Option<Edition>> {
        let text = format!("SELECT {COLUMNS} FROM editions WHERE id = $1");
        let row: Option<Row> =
            reading!(self, |db| sqlx::query_as(sql(text)).bind(id).fetch_optional(db).await?);
        row.map(edition).transpose()
    }

    /// All editions, newest first.
    pub async fn editions(&self, limit: Option<i64>) -> StoreResult<Vec<Edition>> {
        let text = format!("SELECT {COLUMNS} FROM editions ORDER BY id DESC LIMIT $1");
        let rows: Vec<Row> = reading!(self, |db| sqlx::query_as(sql(text))
            .bind(limit.unwrap_or(i64::MAX))
            .fetch_all(db)
            .await?);
        rows.into_iter().map(edition).collect()
    }

    /// The editions in a state, oldest first.
    pub async fn editions_in(&self, state: EditionState) -> StoreResult<Vec<Edition>> {
        let text = format!("SELECT {COLUMNS} FROM editions WHERE state = $1 ORDER BY id");
        let rows: Vec<Row> =
            reading!(self, |db| sqlx::query_as(sql(text)).bind(state.word()).fetch_all(db).await?);
        rows.into_iter().map(edition).collect()
    }

    /// Permanent ids and titles of an edition's articles, in their order.
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

    /// How many of an edition's deliveries are in each state.
    pub async fn edition_counts(&self, id: i64) -> StoreResult<Counts> {
        let rows: Vec<(String, i64)> = reading!(self, |db| {
            sqlx::query_as(
            "SELECT d.state, COUNT(*) FROM blocks b JOIN deliveries d ON d.block_id = b.id WHERE b.edition_id = $1 GROUP BY d.state"
        )
        .bind(id)
        .fetch_all(db)
        .await?
        });
        let mut counts = Counts::default();
        for (state, n) in rows {
            tally(&mut counts, state, n)?;
        }
        Ok(counts)
    }

    /// How many deliveries of each of these editions are in each state; one without any is left out.
    pub async fn counts_of(&self, ids: &[i64]) -> StoreResult<HashMap<i64, Counts>> {
        let text = format!(
            "SELECT b.edition_id, d.state, COUNT(*) FROM blocks b JOIN deliveries d ON d.block_id = b.id WHERE b.edition_id IN {} \
             GROUP BY b.edition_id, d.state",
            self.numbers("$1")
        );
        let ids = serde_json::Value::from(ids.to_vec()).to_string();
        let rows: Vec<(i64, String, i64)> =
            reading!(self, |db| sqlx::query_as(sql(text)).bind(ids).fetch_all(db).await?);
        let mut counts: HashMap<i64, Counts> = HashMap::new();
        for (edition, state, n) in rows {
            tally(counts.entry(edition).or_default(), state, n)?;
        }
        Ok(counts)
    }
}
