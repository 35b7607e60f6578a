//! Editions: queries for them, their articles and their variants.

use super::db::{FromRow, Row, Statement};
use super::deliveries::Variant;
use super::operations::Editions;
use super::{StoreError, StoreResult};
use crate::domain::edition::EditionState;
use crate::domain::page::{Page, PageRequest};
use crate::domain::time::Millis;

/// An edition as stored in the database.
#[derive(Debug, Clone)]
pub struct Edition {
    /// Id of the edition.
    pub id: i64,
    /// Name of the digest.
    pub digest: String,
    /// State of the edition.
    pub state: EditionState,
    /// Date that the edition shows.
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
    /// `true` if it was paused with its digest.
    pub follows_pause: bool,
    /// Number of recipients who unsubscribed with a link of this edition.
    pub unsubscribed: i64,
}

const COLUMNS: &str = "
           id, digest, state, scheduled_for, created_at, finished_at, transport, title, sender,
           reply_to, note, follows_pause,
           (SELECT COUNT(*) FROM edition_unsubscriptions u WHERE u.edition_id = editions.id)
               AS unsubscribed";

static FIND: Statement = Statement::with(
    "
    SELECT {columns}
      FROM editions
     WHERE id = $id",
    &[("columns", COLUMNS)],
);

static LIST: Statement = Statement::with(
    "
    SELECT {columns}
      FROM editions
     WHERE id < $before
     ORDER BY id DESC
     LIMIT $limit",
    &[("columns", COLUMNS)],
);

static LIST_OF_DIGESTS: Statement = Statement::with(
    "
    SELECT {columns}
      FROM editions
     WHERE id < $before
       AND digest IN {json_texts $digests}
     ORDER BY id DESC
     LIMIT $limit",
    &[("columns", COLUMNS)],
);

static LIST_IN_STATE: Statement = Statement::with(
    "
    SELECT {columns}
      FROM editions
     WHERE state = $state
     ORDER BY id",
    &[("columns", COLUMNS)],
);

static LIST_OPEN: Statement = Statement::with(
    "
    SELECT {columns}
      FROM editions
     WHERE state NOT IN ('sent', 'cancelled')
     ORDER BY id DESC",
    &[("columns", COLUMNS)],
);

static LIST_ARTICLES: Statement = Statement::new(
    "
    SELECT a.guid AS guid, a.title AS title
      FROM edition_articles e
      JOIN articles a ON a.id = e.article_id
     WHERE e.edition_id = $edition
     ORDER BY e.position",
);

static LAST_OF_DIGEST: Statement = Statement::new(
    "
    SELECT MAX(id) AS id
      FROM editions
     WHERE digest = $digest",
);

static LIST_VARIANTS: Statement = Statement::new(
    "
    SELECT id, edition_id, language, sections, subject, html, text, template_snapshot
      FROM variants
     WHERE edition_id = $edition
     ORDER BY id",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[
    &FIND,
    &LIST,
    &LIST_OF_DIGESTS,
    &LIST_IN_STATE,
    &LIST_OPEN,
    &LIST_ARTICLES,
    &LAST_OF_DIGEST,
    &LIST_VARIANTS,
];

impl FromRow for Edition {
    fn from_row(row: &Row) -> StoreResult<Self> {
        Ok(Self {
            id: row.get("id")?,
            digest: row.get("digest")?,
            state: row.enum_value("editions.state", EditionState::parse)?,
            scheduled_for: row.time("scheduled_for")?,
            created_at: row.time("created_at")?,
            finished_at: row.optional_time("finished_at")?,
            transport: row.get("transport")?,
            title: row.get("title")?,
            sender: row.get("sender")?,
            reply_to: row.get("reply_to")?,
            note: row.get("note")?,
            follows_pause: row.get("follows_pause")?,
            unsubscribed: row.get("unsubscribed")?,
        })
    }
}

/// The error of a command that names an edition that does not exist.
pub(super) fn missing_edition(id: i64) -> StoreError {
    StoreError::Rejected(format!(
        "edition {id} does not exist; `courant editions list` lists all editions"
    ))
}

impl Editions<'_> {
    /// Returns one edition by id.
    pub async fn find(self, id: i64) -> StoreResult<Option<Edition>> {
        self.store.read(&FIND).bind("id", id).fetch_optional().await
    }

    /// Returns one edition by id.
    ///
    /// # Errors
    /// [`StoreError::Rejected`] with one sentence for the admin if the edition does not exist.
    pub async fn get(self, id: i64) -> StoreResult<Edition> {
        self.find(id).await?.ok_or_else(|| missing_edition(id))
    }

    /// Returns a page of the editions, newest first.
    pub async fn list(self, page: &PageRequest) -> StoreResult<Page<Edition>> {
        self.store
            .read(&LIST)
            .bind("before", page.key_or(i64::MAX)?)
            .fetch_page(page, |edition: &Edition| edition.id)
            .await
    }

    /// Returns a page of the editions of these digests, or of all, newest first.
    pub async fn list_of(
        self,
        digests: Option<&[String]>,
        page: &PageRequest,
    ) -> StoreResult<Page<Edition>> {
        let Some(digests) = digests else { return self.list(page).await };
        self.store
            .read(&LIST_OF_DIGESTS)
            .bind("before", page.key_or(i64::MAX)?)
            .bind("digests", digests)
            .fetch_page(page, |edition: &Edition| edition.id)
            .await
    }

    /// Returns the editions that are neither sent nor cancelled, newest first.
    pub async fn list_open(self) -> StoreResult<Vec<Edition>> {
        self.store.read(&LIST_OPEN).fetch_all().await
    }

    /// Returns the editions in a state, oldest first.
    pub async fn list_in_state(self, state: EditionState) -> StoreResult<Vec<Edition>> {
        self.store.read(&LIST_IN_STATE).bind("state", state.as_str()).fetch_all().await
    }

    /// Returns the permanent ids and titles of the articles of an edition, in their order.
    pub async fn articles(self, id: i64) -> StoreResult<Vec<(String, String)>> {
        self.store
            .read(&LIST_ARTICLES)
            .bind("edition", id)
            .fetch_with(|row| Ok((row.get("guid")?, row.get("title")?)))
            .await
    }

    /// Returns the id of the newest edition of a digest, if it has any.
    pub async fn last_of(self, digest: &str) -> StoreResult<Option<i64>> {
        self.store.read(&LAST_OF_DIGEST).bind("digest", digest).fetch_scalar().await
    }

    /// Returns the rendered variants of an edition, each with its sections as a JSON array.
    pub async fn variants(self, id: i64) -> StoreResult<Vec<(String, Variant)>> {
        self.store
            .read(&LIST_VARIANTS)
            .bind("edition", id)
            .fetch_with(|row| Ok((row.get("sections")?, Variant::from_row(row)?)))
            .await
    }
}
