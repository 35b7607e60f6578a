//! Assignment of the permanent id (guid) of an article at its first import, in view of id mappings.

use crate::domain::article::Article;
use crate::store::StoreResult;
use crate::store::db::{FromRow, Row, Statement};

/// Selects the mappings that concern an article, given with the guid that it would have without a
/// mapping.
pub(in crate::store) static MAPPINGS_FOR_ARTICLE: Statement = Statement::new(
    "
    SELECT source, source_id, guid
      FROM id_mappings
     WHERE (source = $source AND source_id = $source_id)
        OR guid = $guid
        OR (from_source = $source AND from_source_id = $source_id)",
);

/// Selects the guids that consist of a guid, a slash and more; `0` is the character after the
/// slash.
pub(in crate::store) static SUFFIXED_GUIDS: Statement = Statement::new(
    "
    SELECT guid
      FROM articles
     WHERE guid > $guid || '/'
       AND guid < $guid || '0'",
);

/// All statements of this file.
pub(in crate::store) static STATEMENTS: &[&Statement] = &[&MAPPINGS_FOR_ARTICLE, &SUFFIXED_GUIDS];

/// Source and source id of an article.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::store) struct ArticleKey {
    pub(in crate::store) source: String,
    pub(in crate::store) source_id: String,
}

/// The article that a guid is mapped to.
#[derive(Debug, Clone)]
pub(in crate::store) struct MappedGuid {
    key: ArticleKey,
    guid: String,
}

impl FromRow for ArticleKey {
    fn from_row(row: &Row) -> StoreResult<Self> {
        Ok(Self { source: row.get("source")?, source_id: row.get("source_id")? })
    }
}

impl FromRow for MappedGuid {
    fn from_row(row: &Row) -> StoreResult<Self> {
        Ok(Self { key: ArticleKey::from_row(row)?, guid: row.get("guid")? })
    }
}

/// Decision about the guid of an article that is imported for the first time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) enum GuidDecision {
    /// The article gets this guid.
    Assign(String),
    /// The guid was mapped to another article of the same source, so the article gets a guid with a
    /// suffix.
    AssignSuffixed,
    /// The article is a duplicate of `source/source_id`, or has its guid.
    Conflict(String),
}

/// Decides the guid of an article that is not in the database yet; `owners` are the articles that
/// have its guid.
pub(in crate::store) fn decide_guid(
    a: &Article,
    owners: &[ArticleKey],
    mappings: Vec<MappedGuid>,
) -> GuidDecision {
    let (own, others): (Vec<MappedGuid>, Vec<MappedGuid>) = mappings
        .into_iter()
        .partition(|m| (&m.key.source, &m.key.source_id) == (&a.source, &a.source_id));
    if let Some(mapping) = own.into_iter().next() {
        return GuidDecision::Assign(mapping.guid);
    }
    // Within one source, a source id whose guid was mapped to another article is free for a new
    // article. In another source, it is the same article again.
    let is_reused = others.iter().any(|m| m.key.source == a.source && m.guid == a.guid);
    if is_reused {
        return GuidDecision::AssignSuffixed;
    }
    let elsewhere = others.iter().find(|m| m.key.source != a.source || m.guid == a.guid);
    match owners.first().or(elsewhere.map(|m| &m.key)) {
        Some(owner) => GuidDecision::Conflict(format!("{}/{}", owner.source, owner.source_id)),
        None => GuidDecision::Assign(a.guid.clone()),
    }
}

/// Returns the first of `GUID/2`, `GUID/3` … that is not in `used`. Slashes within generated ids
/// are percent-encoded, so the result cannot be the id of another article.
pub(in crate::store) fn suffixed_guid(guid: &str, used: &[String]) -> String {
    let candidate = |n: usize| format!("{guid}/{n}");
    (2..).map(candidate).find(|one| !used.contains(one)).unwrap_or_else(|| candidate(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn article(source: &str, id: &str) -> Article {
        Article {
            source: source.into(),
            source_id: id.into(),
            guid: format!("tag:x:{source}/{id}"),
            ..Article::default()
        }
    }

    fn key(source: &str, id: &str) -> ArticleKey {
        ArticleKey { source: source.into(), source_id: id.into() }
    }

    fn mapping(source: &str, id: &str, guid: &str) -> MappedGuid {
        MappedGuid { key: key(source, id), guid: guid.into() }
    }

    #[test]
    fn article_with_a_mapping_gets_the_mapped_guid() {
        let mappings = vec![mapping("new", "7", "tag:x:old/1")];
        assert_eq!(
            decide_guid(&article("new", "7"), &[], mappings),
            GuidDecision::Assign("tag:x:old/1".into())
        );
    }

    #[test]
    fn source_id_can_be_reused_only_within_the_source_whose_guid_was_mapped() {
        let elsewhere = vec![mapping("new", "7", "tag:x:old/1")];
        assert_eq!(
            decide_guid(&article("old", "1"), &[], elsewhere),
            GuidDecision::Conflict("new/7".into())
        );
        let same_source = vec![mapping("news", "7", "tag:x:news/1")];
        assert_eq!(
            decide_guid(&article("news", "1"), &[key("news", "7")], same_source),
            GuidDecision::AssignSuffixed
        );
        assert_eq!(suffixed_guid("tag:x:news/1", &["tag:x:news/1/2".into()]), "tag:x:news/1/3");
    }

    #[test]
    fn guid_of_a_pending_mapping_is_reserved_for_its_article() {
        let pending = vec![mapping("new", "7", "tag:x:old/1")];
        let other = Article { guid: "tag:x:old/1".into(), ..article("import", "x") };
        assert_eq!(decide_guid(&other, &[], pending), GuidDecision::Conflict("new/7".into()));
    }
}
