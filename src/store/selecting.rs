//! What articles are selected by, and a selection as conditions and as rows in the order of publication.

use serde_json::json;

use super::{Store, json_list};
use crate::domain::article::Article;
use crate::domain::selection::{Kind, Selection, term};

impl Store {
    /// Conditions on `a` of a selection whose five JSON lists are bound from parameter `first` on.
    pub(super) fn selecting(&self, first: usize) -> String {
        Kind::ALL
            .iter()
            .enumerate()
            .map(|(offset, kind)| self.holding(*kind, first + offset))
            .collect()
    }

    fn holding(&self, kind: Kind, parameter: usize) -> String {
        format!(
            "AND (${parameter} = '[]' OR EXISTS (SELECT 1 FROM article_terms t WHERE t.article_id = a.id AND t.kind = '{}' AND t.term IN {})) ",
            kind.name(),
            self.texts(&format!("${parameter}"))
        )
    }

    /// A subquery of the rows of visible articles (`$1`: now) that a selection takes, newest first, at most `$2`; the
    /// lists are bound from `$3` on, and after them the [`Lead::terms`].
    ///
    /// It costs what it gives, whatever the archive holds, where the selection has one list alone: each of that list's
    /// terms is followed in the order of publication.
    pub(super) fn newest_rows(&self, lead: &Lead) -> String {
        let conditions = self.selecting(3);
        let visible = "a.removed_at IS NULL AND a.published_at <= $1";
        let Some(kind) = lead.kind else {
            return format!(
                "SELECT a.id FROM articles a WHERE {visible} {conditions} ORDER BY a.published_at DESC, a.guid LIMIT $2"
            );
        };
        let rows = |n: usize| {
            format!(
                "SELECT id FROM (SELECT a.id FROM article_terms l JOIN articles a ON a.id = l.article_id WHERE l.kind = '{}' \
                 AND l.term = ${} AND l.published_at <= $1 AND {visible} {conditions} ORDER BY l.published_at DESC, l.guid LIMIT $2) AS of{n}",
                kind.name(),
                3 + Kind::ALL.len() + n
            )
        };
        (0..lead.terms.len()).map(rows).collect::<Vec<_>>().join(" UNION ")
    }
}

/// More terms than this in a list are looked for among all articles instead of one by one.
const MOST_LEADS: usize = 16;

/// The list of a selection by which its articles are found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lead {
    kind: Option<Kind>,
    /// Its terms, each of them one parameter.
    pub(super) terms: Vec<String>,
}

impl Lead {
    /// The list that narrows most, as far as its kind tells.
    pub(super) fn of(selection: &Selection) -> Self {
        let narrowest = [Kind::Author, Kind::Tag, Kind::Section, Kind::Language, Kind::Source];
        let usable = |kind: &&Kind| (1..=MOST_LEADS).contains(&selection.list(**kind).len());
        match narrowest.iter().find(usable) {
            Some(&kind) => {
                let mut terms: Vec<String> =
                    selection.list(kind).iter().map(|name| term(name)).collect();
                terms.sort();
                terms.dedup();
                Self { kind: Some(kind), terms }
            }
            None => Self { kind: None, terms: Vec::new() },
        }
    }

    /// The one term that a selection consists of, if it is no more than that.
    pub(super) fn only(selection: &Selection) -> Option<(Kind, String)> {
        let mut terms = Kind::ALL
            .into_iter()
            .flat_map(|kind| selection.list(kind).iter().map(move |name| (kind, term(name))));
        let first = terms.next()?;
        terms.next().is_none().then_some(first)
    }

    /// The time of publication nearest to `$2` among the articles `a` that meet the conditions, which use parameters to `$7`.
    pub(super) fn nearest(&self, conditions: &str, comparison: &str, order: &str) -> String {
        let Some(kind) = self.kind else {
            return format!(
                "SELECT a.published_at FROM articles a WHERE {conditions} ORDER BY a.published_at {order} LIMIT 1"
            );
        };
        let one = |n: usize| {
            format!(
                "SELECT at FROM (SELECT l.published_at AS at FROM article_terms l JOIN articles a ON a.id = l.article_id WHERE l.kind = '{}' \
                 AND l.term = ${} AND l.published_at {comparison} $2 AND {conditions} ORDER BY l.published_at {order} LIMIT 1) AS of{n}",
                kind.name(),
                3 + Kind::ALL.len() + n
            )
        };
        let all = (0..self.terms.len()).map(one).collect::<Vec<_>>().join(" UNION ALL ");
        format!("SELECT at FROM ({all}) AS nearest ORDER BY at {order} LIMIT 1")
    }
}

/// The five parameters that [`Store::selecting`] expects.
pub(super) fn lists_of(selection: &Selection) -> [String; 5] {
    Kind::ALL.map(|kind| {
        json_list(&selection.list(kind).iter().map(|name| term(name)).collect::<Vec<_>>())
    })
}

/// What an article can be selected by, as rows of `article_terms`.
pub(super) fn terms_of(a: &Article) -> String {
    let rows: Vec<_> = a
        .terms()
        .into_iter()
        .map(|(kind, term)| json!({"kind": kind.name(), "term": term}))
        .collect();
    serde_json::Value::from(rows).to_string()
}
