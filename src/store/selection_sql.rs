//! SQL for selections of articles: as conditions, and as rows in the order of publication.

use serde_json::json;

use super::{Store, json_list};
use crate::domain::article::Article;
use crate::domain::selection::{Selection, TermKind, normalize};

impl Store {
    /// Returns the conditions of a selection on `a`; its five JSON lists are bound from parameter
    /// `first` on.
    pub(super) fn selection_conditions(&self, first: usize) -> String {
        TermKind::ALL
            .iter()
            .enumerate()
            .map(|(offset, kind)| self.has_term(*kind, first + offset))
            .collect()
    }

    fn has_term(&self, kind: TermKind, parameter: usize) -> String {
        format!(
            "AND (${parameter} = '[]' OR EXISTS (SELECT 1 FROM article_terms t WHERE t.article_id = a.id AND t.kind = '{}' AND t.term IN {})) ",
            kind.as_str(),
            self.json_texts(&format!("${parameter}"))
        )
    }

    /// Returns a subquery of the rows of up to `$2` visible articles (`$1`: now) of a selection,
    /// newest first; the lists are bound from `$3` on, followed by the [`DrivingTerm::terms`].
    ///
    /// If the selection has only one list, the cost depends on the number of results and not on the
    /// size of the archive, because the index is read in the order of publication for each term.
    pub(super) fn newest_rows_sql(&self, driving_term: &IndexedTerms) -> String {
        let conditions = self.selection_conditions(3);
        let visible = "a.removed_at IS NULL AND a.published_at <= $1";
        let Some(kind) = driving_term.kind else {
            return format!(
                "SELECT a.id FROM articles a WHERE {visible} {conditions} ORDER BY a.published_at DESC, a.guid LIMIT $2"
            );
        };
        let rows = |n: usize| {
            format!(
                "SELECT id FROM (SELECT a.id FROM article_terms l JOIN articles a ON a.id = l.article_id WHERE l.kind = '{}' \
                 AND l.term = ${} AND l.published_at <= $1 AND {visible} {conditions} ORDER BY l.published_at DESC, l.guid LIMIT $2) AS of{n}",
                kind.as_str(),
                3 + TermKind::ALL.len() + n
            )
        };
        (0..driving_term.terms.len()).map(rows).collect::<Vec<_>>().join(" UNION ")
    }
}

/// Largest number of terms in a list that are looked up one by one; for longer lists all articles
/// are searched.
const MAX_DRIVING_TERMS: usize = 16;

/// List of a selection by whose terms the articles are looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct IndexedTerms {
    kind: Option<TermKind>,
    /// Terms of the list, each bound as one parameter.
    pub(super) terms: Vec<String>,
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
            |kind: &&TermKind| (1..=MAX_DRIVING_TERMS).contains(&selection.list(**kind).len());
        match narrowest.iter().find(usable) {
            Some(&kind) => {
                let mut terms: Vec<String> =
                    selection.list(kind).iter().map(|name| normalize(name)).collect();
                terms.sort();
                terms.dedup();
                Self { kind: Some(kind), terms }
            }
            None => Self { kind: None, terms: Vec::new() },
        }
    }

    /// Returns the term of a selection that consists of a single term.
    pub(super) fn single_term(selection: &Selection) -> Option<(TermKind, String)> {
        let mut terms = TermKind::ALL
            .into_iter()
            .flat_map(|kind| selection.list(kind).iter().map(move |name| (kind, normalize(name))));
        let first = terms.next()?;
        terms.next().is_none().then_some(first)
    }

    /// Returns SQL for the publication time nearest to `$2` among the articles `a` that meet the
    /// conditions, which use the parameters up to `$7`.
    pub(super) fn nearest_sql(&self, conditions: &str, comparison: &str, order: &str) -> String {
        let Some(kind) = self.kind else {
            return format!(
                "SELECT a.published_at FROM articles a WHERE {conditions} ORDER BY a.published_at {order} LIMIT 1"
            );
        };
        let one = |n: usize| {
            format!(
                "SELECT at FROM (SELECT l.published_at AS at FROM article_terms l JOIN articles a ON a.id = l.article_id WHERE l.kind = '{}' \
                 AND l.term = ${} AND l.published_at {comparison} $2 AND {conditions} ORDER BY l.published_at {order} LIMIT 1) AS of{n}",
                kind.as_str(),
                3 + TermKind::ALL.len() + n
            )
        };
        let all = (0..self.terms.len()).map(one).collect::<Vec<_>>().join(" UNION ALL ");
        format!("SELECT at FROM ({all}) AS nearest ORDER BY at {order} LIMIT 1")
    }
}

/// Returns the five parameters for [`Store::selection_conditions`].
pub(super) fn selection_parameters(selection: &Selection) -> [String; 5] {
    TermKind::ALL.map(|kind| {
        json_list(&selection.list(kind).iter().map(|name| normalize(name)).collect::<Vec<_>>())
    })
}

/// Serializes the terms of an article as rows of `article_terms`.
pub(super) fn term_rows(a: &Article) -> String {
    let rows: Vec<_> = a
        .terms()
        .into_iter()
        .map(|(kind, term)| json!({"kind": kind.as_str(), "term": term}))
        .collect();
    serde_json::Value::from(rows).to_string()
}
