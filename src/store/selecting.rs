//! What articles are selected by, and a selection as conditions.

use serde_json::json;

use super::dialect::Column;
use super::{Store, json_list};
use crate::domain::article::Article;
use crate::domain::selection::{Selection, term};

impl Store {
    /// Conditions of a selection whose five JSON lists are bound from parameter `first` on.
    pub(super) fn selecting(&self, first: usize) -> String {
        let mut text = String::new();
        for (offset, kind) in ["section", "tag", "author"].into_iter().enumerate() {
            let p = format!("${}", first + offset);
            text += &format!(
                "AND ({p} = '[]' OR EXISTS (SELECT 1 FROM article_terms t WHERE t.article_id = a.id AND t.kind = '{kind}' AND t.term IN {})) ",
                self.texts(&p)
            );
        }
        let languages = format!("${}", first + 3);
        text += &format!(
            "AND ({languages} = '[]' OR EXISTS (SELECT 1 FROM {} AS l WHERE lower(a.language) = l.tag OR lower(a.language) LIKE l.tag || '-%')) ",
            self.rows(&languages, &[Column::Text("tag")])
        );
        let sources = format!("${}", first + 4);
        text += &format!("AND ({sources} = '[]' OR a.source IN {})", self.texts(&sources));
        text
    }
}

/// The five parameters that [`Store::selecting`] expects.
pub(super) fn lists_of(selection: &Selection) -> [String; 5] {
    let terms = |list: &[String]| json_list(&list.iter().map(|s| term(s)).collect::<Vec<_>>());
    let languages: Vec<_> = selection.languages.iter().map(|l| json!({"tag": l.to_lowercase()})).collect();
    [
        terms(&selection.sections),
        terms(&selection.tags),
        terms(&selection.authors),
        serde_json::Value::from(languages).to_string(),
        json_list(&selection.sources),
    ]
}

/// What an article can be selected by, as rows of `article_terms`.
pub(super) fn terms_of(a: &Article) -> String {
    let of = |kind: &'static str, list: &[String]| list.iter().map(move |t| json!({"kind": kind, "term": term(t)})).collect::<Vec<_>>();
    let all = [of("section", &a.sections), of("tag", &a.tags), of("author", &a.authors)].concat();
    serde_json::Value::from(all).to_string()
}
