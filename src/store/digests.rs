//! State of each digest: time of its configuration, its schedule with the last processed date, and
//! the articles that it has not sent yet.

use super::article_row::ARTICLE_COLUMNS;
use super::db::{FromRow, Row, Statement};
use super::operations::Digests;
use super::selection_sql::{MAX_AGE_CONDITIONS, SELECTION_CONDITIONS, bind_selection};
use super::{StoreError, StoreResult};
use crate::domain::article::Article;
use crate::domain::schedule::ScheduleSnapshot;
use crate::domain::selection_snapshot::SelectionSnapshot;
use crate::domain::time::{Millis, as_millis_i64};

/// Schedule state of a digest.
#[derive(Debug, Clone)]
pub struct DigestState {
    /// Time at which it was first configured.
    pub configured_at: Millis,
    /// Last date of its schedule that was processed, or the time at which the schedule began.
    pub processed_until: Millis,
    /// Schedule whose dates were processed; `None` if there was none before, or if the digest was
    /// absent from the configuration meanwhile.
    pub schedule: Option<ScheduleSnapshot>,
    /// Selection of the digest, once an edition was prepared or previewed.
    pub selection: Option<SelectionSnapshot>,
    /// Time at which the selection began.
    pub selection_since: Millis,
    /// Time since which no configuration has had the digest, if none has.
    pub absent_since: Option<Millis>,
    /// Time since which an admin has paused it, if one has.
    pub paused_since: Option<Millis>,
}

/// Columns of a [`DigestState`].
const STATE_COLUMNS: &str = "configured_at, processed_until, schedule, selection, selection_since, absent_since, paused_since";

static STATE: Statement = Statement::with(
    "
    SELECT {state_columns}
      FROM digests
     WHERE name = $name",
    &[("state_columns", STATE_COLUMNS)],
);

/// Creates the row of a digest; the update without a change returns the row of another node.
static ENSURE: Statement = Statement::with(
    "
    INSERT INTO digests (name, configured_at, processed_until, selection_since)
    VALUES ($name, $now, $now, $now)
    ON CONFLICT (name) DO UPDATE SET name = excluded.name
    RETURNING {state_columns}",
    &[("state_columns", STATE_COLUMNS)],
);

/// Changes the row for one of the nodes that find the new schedule at the same time.
static BEGIN_SCHEDULE: Statement = Statement::new(
    "
    UPDATE digests
       SET schedule = $schedule,
           processed_until = $now,
           absent_since = NULL
     WHERE name = $name
       AND (schedule IS NULL OR schedule <> $schedule OR absent_since IS NOT NULL)",
);

static SET_SCHEDULE: Statement = Statement::new(
    "
    UPDATE digests
       SET schedule = $schedule
     WHERE name = $name",
);

static FIND_NEWLY_ABSENT: Statement = Statement::new(
    "
    SELECT name
      FROM digests
     WHERE absent_since IS NULL
       AND name NOT IN {json_texts $configured}",
);

static MARK_ABSENT: Statement = Statement::new(
    "
    UPDATE digests
       SET absent_since = $now
     WHERE absent_since IS NULL
       AND name IN {json_texts $names}",
);

/// Moves the processed date of a digest forwards.
pub(super) static MARK_PROCESSED: Statement = Statement::new(
    "
    UPDATE digests
       SET processed_until = $date
     WHERE name = $name
       AND processed_until < $date",
);

static UNSENT_ARTICLES: Statement = Statement::with(
    "
    SELECT {article_columns}
      FROM articles a
     WHERE a.removed_at IS NULL
       AND a.published_at <= $now
       AND a.published_at >= $oldest
       AND a.story_id > 0
       AND NOT EXISTS (
           SELECT 1
             FROM ledger l
             JOIN articles sent ON sent.id = l.article_id
            WHERE l.digest = $digest
              AND sent.story_id = a.story_id)
       {selection_conditions}
       {max_age_conditions}
     ORDER BY a.published_at DESC, a.guid",
    &[
        ("article_columns", ARTICLE_COLUMNS),
        ("selection_conditions", SELECTION_CONDITIONS),
        ("max_age_conditions", MAX_AGE_CONDITIONS),
    ],
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] = &[
    &STATE,
    &ENSURE,
    &BEGIN_SCHEDULE,
    &SET_SCHEDULE,
    &FIND_NEWLY_ABSENT,
    &MARK_ABSENT,
    &MARK_PROCESSED,
    &UNSENT_ARTICLES,
];

impl FromRow for DigestState {
    fn from_row(row: &Row) -> StoreResult<Self> {
        let absent_since = row.optional_time("absent_since")?;
        let (schedule, selection): (Option<String>, Option<String>) =
            (row.get("schedule")?, row.get("selection")?);
        Ok(Self {
            configured_at: row.time("configured_at")?,
            processed_until: row.time("processed_until")?,
            schedule: schedule
                .filter(|_| absent_since.is_none())
                .and_then(|text| ScheduleSnapshot::parse(&text)),
            selection: selection.and_then(|text| SelectionSnapshot::parse(&text)),
            selection_since: row.time("selection_since")?,
            absent_since,
            paused_since: row.optional_time("paused_since")?,
        })
    }
}

impl Digests<'_> {
    /// Returns the state of a digest and creates its row if it has none; a new digest starts now,
    /// with no missed dates.
    pub async fn ensure(self, name: &str, now: Millis) -> StoreResult<DigestState> {
        if let Some(state) = self.store.read(&STATE).bind("name", name).fetch_optional().await? {
            return Ok(state);
        }
        let created =
            self.store.write(&ENSURE).bind("name", name).bind("now", now).fetch_optional().await?;
        created.ok_or(StoreError::Sql(sqlx::Error::RowNotFound))
    }

    /// Begins a new or changed schedule: only its dates after `now` count. Returns `false` if another
    /// node did so before.
    pub async fn begin_schedule(
        self,
        name: &str,
        schedule: &ScheduleSnapshot,
        now: Millis,
    ) -> StoreResult<bool> {
        let begun = self
            .store
            .write(&BEGIN_SCHEDULE)
            .bind("name", name)
            .bind("schedule", schedule.to_text())
            .bind("now", now)
            .execute()
            .await?;
        Ok(begun == 1)
    }

    /// Stores a schedule with other pauses; the last processed date remains.
    pub async fn set_schedule(self, name: &str, schedule: &ScheduleSnapshot) -> StoreResult<()> {
        let query = self.store.write(&SET_SCHEDULE).bind("name", name);
        query.bind("schedule", schedule.to_text()).execute().await?;
        Ok(())
    }

    /// Marks the digests that are not among the configured ones as absent, which ends their
    /// schedules.
    pub async fn mark_absent(self, configured: &[String], now: Millis) -> StoreResult<()> {
        let absent: Vec<String> = self
            .store
            .read(&FIND_NEWLY_ABSENT)
            .bind("configured", configured)
            .fetch_scalars()
            .await?;
        if !absent.is_empty() {
            let query = self.store.write(&MARK_ABSENT).bind("names", absent.as_slice());
            query.bind("now", now).execute().await?;
        }
        Ok(())
    }

    /// Records that a date of the schedule was processed without an edition; returns `false` if
    /// another node did so before.
    pub async fn mark_date_skipped(self, digest: &str, date: Millis) -> StoreResult<bool> {
        let marked = self
            .store
            .write(&MARK_PROCESSED)
            .bind("name", digest)
            .bind("date", date)
            .execute()
            .await?;
        Ok(marked == 1)
    }

    /// Returns the visible articles that the next edition of a digest can contain, newest first:
    /// those selected, not too old when they entered the selection, and of a story that the digest
    /// has not sent. Articles without a story are left out until it is known whether they are
    /// translations of an old story.
    pub async fn unsent_articles(
        self,
        digest: &str,
        selection: &SelectionSnapshot,
        state: &DigestState,
        now: Millis,
    ) -> StoreResult<Vec<Article>> {
        let query = self
            .store
            .read(&UNSENT_ARTICLES)
            .bind("now", now)
            .bind("max_age", as_millis_i64(selection.max_age()))
            .bind("oldest", state.configured_at.plus(-selection.max_age()))
            .bind("selection_since", state.selection_since)
            .bind("digest", digest);
        bind_selection(query, selection.selection()).fetch_all().await
    }
}
