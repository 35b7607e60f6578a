//! Lists of subscribers: filtered, searched and sorted, read page by page.

use std::ops::Range;
use std::sync::Arc;

use super::StoreResult;
use super::db::{AssembledStatement, Engine, Query};
use super::dialect::search_pattern;
use super::operations::Subscribers;
use super::subscriber_filter::FilterSql;
use super::subscriber_values::VALUE_COLUMNS;
use super::subscribers::{SUBSCRIBER_COLUMNS, Subscriber};
use crate::domain::filter::Condition;
use crate::domain::fold::fold;
use crate::domain::page::{Page, PageRequest};

/// Subscribers to list, and their order.
#[derive(Debug, Clone)]
pub struct SubscriberQuery {
    /// Condition that the subscribers fulfil.
    pub condition: Condition,
    /// Text that the address or the name contains, compared without case and diacritics; empty for any.
    pub search: String,
    /// Order of the list.
    pub order: SubscriberOrder,
}

/// Order of a list of subscribers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SubscriberOrder {
    /// The subscribers created last come first.
    #[default]
    Newest,
    /// The subscribers created first come first.
    Oldest,
    /// By address in lower case.
    Address,
}

impl Default for SubscriberQuery {
    fn default() -> Self {
        Self::of(Condition::All(Vec::new()))
    }
}

impl SubscriberQuery {
    /// Returns the query of all subscribers that fulfil a condition, newest first.
    pub fn of(condition: Condition) -> Self {
        Self { condition, search: String::new(), order: SubscriberOrder::Newest }
    }
}

/// Number of subscribers from which a page is read first, before the indexes of tags, attributes and
/// searches are used.
const WINDOW: i64 = 5_000;

/// Number of subscribers, as a multiple of the limit of a count, that are read first.
const WINDOWS_TO_COUNT: i64 = 4;

const NEWEST_IN_WINDOW: &str = "p.id > COALESCE((
        SELECT w.id
          FROM subscribers w
         WHERE w.id < $after
         ORDER BY w.id DESC
         LIMIT 1 OFFSET $window), 0)";

const OLDEST_IN_WINDOW: &str = "p.id < COALESCE((
        SELECT w.id
          FROM subscribers w
         WHERE w.id > $after
         ORDER BY w.id
         LIMIT 1 OFFSET $window), 9223372036854775807)";

/// The WHERE clause of a query.
struct Selection {
    filter: FilterSql,
    /// Folded text to search for; empty for any.
    search: String,
    /// `true` if the index of trigrams is used.
    uses_index: bool,
}

impl Selection {
    fn new(query: &SubscriberQuery, engine: Engine, is_per_row: bool) -> Self {
        let filter = match is_per_row {
            true => FilterSql::per_row(&query.condition),
            false => FilterSql::new(&query.condition, engine),
        };
        Self::with(query, filter, is_per_row)
    }

    fn with(query: &SubscriberQuery, filter: FilterSql, is_per_row: bool) -> Self {
        let search = fold(query.search.trim());
        // An index of trigrams does not contain shorter texts.
        let uses_index = !is_per_row && search.chars().count() > 2;
        Self { filter, search, uses_index }
    }

    /// Returns the clause as SQL.
    fn sql(&self) -> String {
        let search = match (self.search.is_empty(), self.uses_index) {
            (true, _) => "",
            (false, false) => " AND p.search_key LIKE $search ESCAPE '!'",
            (false, true) => " AND {search_index $search}",
        };
        format!("{}{search}", self.filter.text)
    }

    fn bind<'q>(&self, query: Query<'q>, is_sqlite: bool) -> Query<'q> {
        let query = self.filter.bind(query);
        if self.search.is_empty() {
            return query;
        }
        query.bind("search", search_pattern(&self.search, is_sqlite && self.uses_index))
    }
}

impl Subscribers<'_> {
    /// Returns a page of the subscribers of a query.
    ///
    /// # Errors
    /// [`StoreError::Rejected`](super::StoreError::Rejected) if the cursor is not one of this list.
    pub async fn list_matching(
        self,
        query: &SubscriberQuery,
        page: &PageRequest,
    ) -> StoreResult<Page<Subscriber>> {
        let is_selective = !query.condition.is_empty() || !query.search.trim().is_empty();
        if is_selective && query.order != SubscriberOrder::Address {
            // A common value fills a page from a few rows, for which no index has to be read as a whole.
            let found = self.read_page(query, page, true).await?;
            if found.next.is_some() {
                return Ok(found);
            }
        }
        self.read_page(query, page, false).await
    }

    /// Reads a page; with `in_window`, from the next [`WINDOW`] subscribers only, one after the other.
    async fn read_page(
        self,
        query: &SubscriberQuery,
        page: &PageRequest,
        in_window: bool,
    ) -> StoreResult<Page<Subscriber>> {
        let selection = Selection::new(query, self.store.db.engine(), in_window);
        let (after, order, window) = match query.order {
            SubscriberOrder::Newest => ("p.id < $after", "p.id DESC", NEWEST_IN_WINDOW),
            SubscriberOrder::Oldest => ("p.id > $after", "p.id", OLDEST_IN_WINDOW),
            SubscriberOrder::Address => ("p.address_key > $after", "p.address_key", "TRUE"),
        };
        let text = format!(
            "SELECT {{subscriber}}
               FROM subscribers p
              WHERE {after}
                AND {}
                AND {}
              ORDER BY {order}
              LIMIT $limit",
            if in_window { window } else { "TRUE" },
            selection.sql()
        );
        let mut read = selection.bind(self.read_assembled(&text), self.store.is_sqlite());
        if in_window {
            read = read.bind("window", WINDOW);
        }
        match query.order {
            SubscriberOrder::Address => {
                let read = read.bind("after", page.key_or(String::new())?);
                let key = |subscriber: &Subscriber| subscriber.address.to_ascii_lowercase();
                read.fetch_page(page, key).await
            }
            order => {
                let first = if order == SubscriberOrder::Newest { i64::MAX } else { 0 };
                let read = read.bind("after", page.key_or(first)?);
                read.fetch_page(page, |subscriber: &Subscriber| subscriber.id).await
            }
        }
    }

    /// Returns a page of the subscribers with ids after the start of a range, up to its end, who fulfil
    /// a condition, in the order of their ids.
    pub async fn list_between(
        self,
        condition: &Condition,
        range: Range<i64>,
        page: &PageRequest,
    ) -> StoreResult<Page<Subscriber>> {
        let filter = FilterSql::per_row(condition);
        let text = format!(
            "SELECT {{subscriber}}
               FROM subscribers p
              WHERE p.id > $after
                AND p.id <= $last
                AND {}
              ORDER BY p.id
              LIMIT $limit",
            filter.text
        );
        let read = filter.bind(self.read_assembled(&text));
        let read = read.bind("after", page.key_or(range.start)?).bind("last", range.end);
        read.fetch_page(page, |subscriber: &Subscriber| subscriber.id).await
    }

    /// Returns the number of subscribers of a query.
    pub async fn count_matching(self, query: &SubscriberQuery) -> StoreResult<i64> {
        let selection = Selection::new(query, self.store.db.engine(), false);
        let text = format!("SELECT COUNT(*) FROM subscribers p WHERE {}", selection.sql());
        let read = selection.bind(self.read_assembled(&text), self.store.is_sqlite());
        read.fetch_scalar().await
    }

    /// Returns the number of subscribers of a query; in a large list, of the last minute.
    pub async fn count_recently(self, query: &SubscriberQuery) -> StoreResult<i64> {
        let key = format!("{:?} {}", query.condition, query.search);
        self.store.count_recently(key, self.count_matching(query)).await
    }

    /// Returns the number of subscribers of a query, or `limit` if there are as many or more.
    pub async fn count_up_to(self, query: &SubscriberQuery, limit: i64) -> StoreResult<i64> {
        let engine = self.store.db.engine();
        if engine == Engine::Sqlite {
            if query.search.trim().is_empty()
                && let Some(filter) = FilterSql::joined(&query.condition, engine)
            {
                return self
                    .count_limited(Selection::with(query, filter, false), limit, false)
                    .await;
            }
            // Common values reach the limit within a few rows, for which SQLite would read indexes as a whole.
            let first =
                self.count_limited(Selection::new(query, engine, true), limit, true).await?;
            if first == limit {
                return Ok(first);
            }
        }
        self.count_limited(Selection::new(query, engine, false), limit, false).await
    }

    async fn count_limited(
        self,
        selection: Selection,
        limit: i64,
        in_window: bool,
    ) -> StoreResult<i64> {
        let text = format!(
            "SELECT COUNT(*)
               FROM (SELECT {}p.id
                       FROM {}
                      WHERE {}
                        AND {}
                      LIMIT $limit) AS counted",
            if selection.filter.is_joined() { "DISTINCT " } else { "" },
            selection.filter.source(),
            if in_window { NEWEST_IN_WINDOW } else { "TRUE" },
            selection.sql()
        );
        let read = selection.bind(self.read_assembled(&text), self.store.is_sqlite());
        let read = read.bind("limit", limit);
        let read = if in_window {
            read.bind("after", i64::MAX).bind("window", limit * WINDOWS_TO_COUNT)
        } else {
            read
        };
        read.fetch_scalar().await
    }

    fn read_assembled(&self, text: &str) -> Query<'_> {
        let fragments = [("subscriber", SUBSCRIBER_COLUMNS), ("values", VALUE_COLUMNS)];
        let engine = self.store.db.engine();
        let statement = AssembledStatement::new(engine, text, &fragments).planned_for_values();
        self.store.read_assembled(Arc::new(statement))
    }
}
