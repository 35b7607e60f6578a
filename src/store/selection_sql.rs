//! SQL for selections of articles: as conditions, and as rows in the order of publication.

use serde_json::{Value as Json, json};

use super::db::Query;
use crate::domain::article::Article;
use crate::domain::selection::{Selection, TermKind, normalize_term};

/// Condition for articles `a` with a term of one list of a selection; an empty list is met by all.
macro_rules! meets_list {
    ($parameter:literal, $kind:literal) => {
        concat!(
            "($",
            $parameter,
            " = '[]' OR EXISTS (
             SELECT 1
               FROM article_terms t
              WHERE t.article_id = a.id
                AND t.kind = '",
            $kind,
            "'
                AND t.term IN {json_texts $",
            $parameter,
            "}))"
        )
    };
}
pub(super) use meets_list;

/// Conditions of a selection on `a`, for the end of a WHERE clause; [`bind_selection`] binds their
/// parameters. An empty list selects all articles.
pub(super) const SELECTION_CONDITIONS: &str = concat!(
    " AND ",
    meets_list!("sections", "section"),
    " AND ",
    meets_list!("tags", "tag"),
    " AND ",
    meets_list!("authors", "author"),
    " AND ",
    meets_list!("languages", "language"),
    " AND ",
    meets_list!("sources", "source"),
);

/// Condition for articles `a` that were within `max_age` when they entered the selection of
/// `$digest`.
pub(super) const MAX_AGE_CONDITIONS: &str = "
       AND ((a.published_at >= a.terms_changed_at - $max_age
             AND a.published_at >= $selection_since - $max_age)
            OR EXISTS (
             SELECT 1
               FROM selection_entries w
              WHERE w.digest = $digest
                AND w.article_id = a.id
                AND a.published_at >= w.entered_at - $max_age))";

/// Binds the parameters of [`SELECTION_CONDITIONS`].
pub(super) fn bind_selection<'q>(query: Query<'q>, selection: &Selection) -> Query<'q> {
    TermKind::ALL.into_iter().fold(query, |query, kind| {
        let parameter = match kind {
            TermKind::Section => "sections",
            TermKind::Tag => "tags",
            TermKind::Author => "authors",
            TermKind::Language => "languages",
            TermKind::Source => "sources",
        };
        let terms: Vec<String> =
            selection.list(kind).iter().map(|name| normalize_term(name)).collect();
        query.bind(parameter, terms.as_slice())
    })
}

/// Largest number of terms in a list that are looked up one by one; for longer lists all articles
/// are searched.
const MAX_INDEXED_TERMS: usize = 16;

/// List of a selection by whose terms the articles are looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct IndexedTerms {
    kind: Option<TermKind>,
    /// Terms of the list, each bound as one parameter, `$term_0` and so on.
    terms: Vec<String>,
}

impl IndexedTerms {
    /// Chooses the list that is likely to be the most selective, judged by its kind.
    pub(super) fn new(selection: &Selection) -> Self {
        let narrowest = [
            TermKind::Author,
            TermKind::Tag,
            TermKind::Section,
            TermKind::Language,
            TermKind::Source,
        ];
        let usable =
            |kind: &&TermKind| (1..=MAX_INDEXED_TERMS).contains(&selection.list(**kind).len());
        match narrowest.iter().find(usable) {
            Some(&kind) => {
                let mut terms: Vec<String> =
                    selection.list(kind).iter().map(|name| normalize_term(name)).collect();
                terms.sort();
                terms.dedup();
                Self { kind: Some(kind), terms }
            }
            None => Self { kind: None, terms: Vec::new() },
        }
    }

    /// Returns the term of a selection that consists of a single term.
    pub(super) fn single_term(selection: &Selection) -> Option<(TermKind, String)> {
        let mut terms = TermKind::ALL.into_iter().flat_map(|kind| {
            selection.list(kind).iter().map(move |name| (kind, normalize_term(name)))
        });
        let first = terms.next()?;
        terms.next().is_none().then_some(first)
    }

    /// Returns a subquery of the rows of up to `$limit` visible articles of a selection, newest
    /// first; it uses `$now`, the fragment `{selected}` and [`IndexedTerms::bind_terms`].
    ///
    /// If the selection has only one list, the cost depends on the number of results and not on the
    /// size of the archive, because the index is read in the order of publication for each term.
    pub(super) fn newest_rows_sql(&self) -> String {
        let visible = "a.removed_at IS NULL AND a.published_at <= $now";
        let Some(kind) = self.kind else {
            return format!(
                "SELECT a.id
                   FROM articles a
                  WHERE {visible} {{selected}}
                  ORDER BY a.published_at DESC, a.guid
                  LIMIT $limit"
            );
        };
        let rows = |n: usize| {
            format!(
                "SELECT id
                   FROM (SELECT a.id
                           FROM article_terms l
                           JOIN articles a ON a.id = l.article_id
                          WHERE l.kind = '{}'
                            AND l.term = $term_{n}
                            AND l.published_at <= $now
                            AND {visible} {{selected}}
                          ORDER BY l.published_at DESC, l.guid
                          LIMIT $limit) AS of{n}",
                kind.as_str()
            )
        };
        (0..self.terms.len()).map(rows).collect::<Vec<_>>().join(" UNION ")
    }

    /// Returns SQL for the publication time `at` nearest to `$time` among the articles `a` that
    /// meet the conditions; it uses [`IndexedTerms::bind_terms`].
    pub(super) fn nearest_sql(&self, conditions: &str, comparison: &str, order: &str) -> String {
        let Some(kind) = self.kind else {
            return format!(
                "SELECT a.published_at AS at
                   FROM articles a
                  WHERE {conditions}
                  ORDER BY a.published_at {order}
                  LIMIT 1"
            );
        };
        let one = |n: usize| {
            format!(
                "SELECT at
                   FROM (SELECT l.published_at AS at
                           FROM article_terms l
                           JOIN articles a ON a.id = l.article_id
                          WHERE l.kind = '{}'
                            AND l.term = $term_{n}
                            AND l.published_at {comparison} $time
                            AND {conditions}
                          ORDER BY l.published_at {order}
                          LIMIT 1) AS of{n}",
                kind.as_str()
            )
        };
        let all = (0..self.terms.len()).map(one).collect::<Vec<_>>().join(" UNION ALL ");
        format!("SELECT at FROM ({all}) AS nearest ORDER BY at {order} LIMIT 1")
    }

    /// Binds the terms of the list.
    pub(super) fn bind_terms<'q>(&'q self, query: Query<'q>) -> Query<'q> {
        self.terms
            .iter()
            .enumerate()
            .fold(query, |query, (n, term)| query.bind(&format!("term_{n}"), term))
    }
}

/// Serializes the terms of an article as rows of `article_terms`.
pub(super) fn term_rows(a: &Article) -> Json {
    let rows: Vec<_> = a
        .terms()
        .into_iter()
        .map(|(kind, term)| json!({"kind": kind.as_str(), "term": term}))
        .collect();
    Json::from(rows)
}
