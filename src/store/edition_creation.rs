//! Creation of editions: an edition in one transaction with its stories, variants and ledger.

use serde_json::{Value as Json, json};

use super::audit_log::{self, NewAuditEntry};
use super::db::{Statement, Tx};
use super::digests::MARK_PROCESSED;
use super::operations::Editions;
use super::{StoreResult, events};
use crate::domain::actor::Actor;
use crate::domain::audit::{AuditAction, AuditObject};
use crate::domain::event::EventKind;
use crate::domain::filter::Condition;
use crate::domain::time::Millis;

/// An edition that is about to be created.
#[derive(Debug, Clone)]
pub struct NewEdition {
    /// Name of the digest.
    pub digest: String,
    /// Date of the schedule that the edition is for; `None` if it was started by hand.
    pub schedule_date: Option<Millis>,
    /// Date that the edition shows.
    pub scheduled_for: Millis,
    /// Name of the transport.
    pub transport: String,
    /// Current title of the digest.
    pub title: String,
    /// Mailbox of the `From` header.
    pub sender: String,
    /// Mailbox of the `Reply-To` header.
    pub reply_to: Option<String>,
    /// Condition that the confirmed subscribers fulfil to receive it.
    pub audience: Condition,
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
    /// Language tag of the subscribers; empty if unknown, `*` for those who change their choice later.
    pub subscriber_language: String,
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

static ADD_EDITION: Statement = Statement::new(
    "
    INSERT INTO editions (
           digest, state, schedule_date, scheduled_for, created_at, transport, title, sender, reply_to,
           audience)
    VALUES ($digest, 'preparing', $date, $scheduled_for, $now, $transport, $title, $sender,
            $reply_to, $audience)
    RETURNING id",
);

static ADD_ARTICLES: Statement = Statement::new(
    "
    INSERT INTO edition_articles (edition_id, position, article_id)
    SELECT $edition, position, article
      FROM {json_rows $positions position INTEGER, article INTEGER} AS r",
);

/// Enters the stories in the ledger, with all their articles. They are selected by article, not by
/// the stories read earlier, which may have grown in the meantime.
static ADD_TO_LEDGER: Statement = Statement::new(
    "
    INSERT INTO ledger (digest, article_id, edition_id)
    SELECT $digest, id, $edition
      FROM articles
     WHERE story_id IN (SELECT story_id FROM articles WHERE id IN {json_ids $articles})",
);

static ADD_VARIANTS: Statement = Statement::new(
    "
    INSERT INTO variants (edition_id, language, sections, subject, html, text, template_snapshot)
    SELECT $edition, language, sections, subject, html, body, template_snapshot
      FROM {json_rows $variants
            language TEXT, sections TEXT, subject TEXT, html TEXT, body TEXT,
            template_snapshot TEXT} AS r",
);

static ADD_ASSIGNMENTS: Statement = Statement::new(
    "
    INSERT INTO variant_assignments (edition_id, language, sections, variant_id)
    SELECT $edition, r.subscriber_language, r.sections, v.id
      FROM {json_rows $assignments
            subscriber_language TEXT, sections TEXT, variant_language TEXT} AS r
      LEFT JOIN variants v
             ON v.edition_id = $edition
            AND v.language = r.variant_language
            AND v.sections = r.sections",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] =
    &[&ADD_EDITION, &ADD_ARTICLES, &ADD_TO_LEDGER, &ADD_VARIANTS, &ADD_ASSIGNMENTS];

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

/// Returns the articles of an edition with their positions, as rows.
fn position_rows(articles: &[i64]) -> Json {
    let row = |(position, article)| json!({"position": position, "article": article});
    articles.iter().enumerate().map(row).collect()
}

fn variant_rows(variants: &[NewVariant]) -> Json {
    let row = |variant: &NewVariant| {
        json!({
            "language": variant.language,
            "sections": variant.sections,
            "subject": variant.subject,
            "html": variant.html,
            "body": variant.text,
            "template_snapshot": variant.template_snapshot,
        })
    };
    variants.iter().map(row).collect()
}

fn assignment_rows(assignments: &[VariantAssignment]) -> Json {
    let row = |assignment: &VariantAssignment| {
        json!({
            "subscriber_language": assignment.subscriber_language,
            "sections": assignment.chosen_sections,
            "variant_language": assignment.variant_language,
        })
    };
    assignments.iter().map(row).collect()
}

async fn add_edition(tx: &mut Tx, new: &NewEdition, now: Millis) -> StoreResult<i64> {
    let audience = (!new.audience.is_empty()).then(|| json!(new.audience).to_string());
    tx.query(&ADD_EDITION)
        .bind("digest", &new.digest)
        .bind("date", new.schedule_date)
        .bind("scheduled_for", new.scheduled_for)
        .bind("now", now)
        .bind("transport", &new.transport)
        .bind("title", &new.title)
        .bind("sender", &new.sender)
        .bind("reply_to", &new.reply_to)
        .bind("audience", audience)
        .fetch_scalar()
        .await
}

async fn add_contents(tx: &mut Tx, edition: i64, new: &NewEdition) -> StoreResult<()> {
    tx.query(&ADD_ARTICLES)
        .bind("edition", edition)
        .bind("positions", position_rows(&new.articles))
        .execute()
        .await?;
    tx.query(&ADD_TO_LEDGER)
        .bind("digest", &new.digest)
        .bind("edition", edition)
        .bind("articles", new.articles.as_slice())
        .execute()
        .await?;
    tx.query(&ADD_VARIANTS)
        .bind("edition", edition)
        .bind("variants", variant_rows(&new.variants))
        .execute()
        .await?;
    tx.query(&ADD_ASSIGNMENTS)
        .bind("edition", edition)
        .bind("assignments", assignment_rows(&new.assignments))
        .execute()
        .await?;
    Ok(())
}

impl Editions<'_> {
    /// Creates an edition with its stories, variants and ledger in one transaction and returns its
    /// id; `None` if another node has just created it, or an edition with one of its stories.
    pub async fn create(
        self,
        new: NewEdition,
        actor: &Actor,
        now: Millis,
    ) -> StoreResult<Option<i64>> {
        none_if_created_elsewhere(self.add_whole_edition(&new, actor, now).await)
    }

    async fn add_whole_edition(
        self,
        new: &NewEdition,
        actor: &Actor,
        now: Millis,
    ) -> StoreResult<i64> {
        let mut tx = self.store.begin().await?;
        let id = add_edition(&mut tx, new, now).await?;
        add_contents(&mut tx, id, new).await?;
        if let Some(date) = new.schedule_date {
            tx.query(&MARK_PROCESSED)
                .bind("date", date)
                .bind("name", &new.digest)
                .execute()
                .await?;
        }
        let (object_id, detail) = (id.to_string(), json!({"digest": new.digest}));
        let entry =
            NewAuditEntry::new(actor, AuditAction::Create, AuditObject::Edition, &object_id);
        audit_log::record(&mut tx, entry.with(detail), now).await?;
        events::record_edition(&mut tx, EventKind::EditionCreated, id, now).await?;
        tx.commit().await?;
        Ok(id)
    }
}
