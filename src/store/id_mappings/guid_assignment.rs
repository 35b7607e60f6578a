//! Assignment of the permanent id (guid) of an article at its first import, in view of id mappings.

use crate::domain::article::Article;

/// Selects the mappings that concern an article: `$1` its source, `$2` its source id, `$3` the guid
/// that it would have without a mapping.
pub(in crate::store) const SELECT_MAPPINGS_FOR_ARTICLE: &str = "SELECT source, source_id, guid FROM id_mappings \
     WHERE (source = $1 AND source_id = $2) OR guid = $3 OR (from_source = $1 AND from_source_id = $2)";

/// Selects the guids that consist of `$1`, a slash and more; `0` is the character after the slash.
pub(in crate::store) const SELECT_SUFFIXED_GUIDS: &str =
    "SELECT guid FROM articles WHERE guid > $1 || '/' AND guid < $1 || '0'";

/// Source, source id and guid of a mapping.
pub(in crate::store) type MappedGuid = (String, String, String);

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
    owners: &[(String, String)],
    mappings: Vec<MappedGuid>,
) -> GuidDecision {
    let (own, others): (Vec<MappedGuid>, Vec<MappedGuid>) =
        mappings.into_iter().partition(|(source, id, _)| (source, id) == (&a.source, &a.source_id));
    if let Some((_, _, guid)) = own.into_iter().next() {
        return GuidDecision::Assign(guid);
    }
    // Within one source, a source id whose guid was mapped to another article is free for a new
    // article. In another source, it is the same article again.
    let is_reused = others.iter().any(|(source, _, guid)| source == &a.source && guid == &a.guid);
    if is_reused {
        return GuidDecision::AssignSuffixed;
    }
    let elsewhere = others.iter().find(|(source, _, guid)| source != &a.source || guid == &a.guid);
    match owners
        .first()
        .map(|(source, id)| (source, id))
        .or_else(|| elsewhere.map(|(source, id, _)| (source, id)))
    {
        Some((source, id)) => GuidDecision::Conflict(format!("{source}/{id}")),
        None => GuidDecision::Assign(a.guid.clone()),
    }
}

/// Returns the first of `GUID/2`, `GUID/3` … that is not in `used`. Slashes within generated ids
/// are percent-encoded, so the result cannot be the id of another article.
pub(in crate::store) fn suffixed_guid(guid: &str, used: &[(String,)]) -> String {
    let candidate = |n: usize| format!("{guid}/{n}");
    (2..)
        .map(candidate)
        .find(|one| used.iter().all(|(taken,)| taken != one))
        .unwrap_or_else(|| candidate(0))
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

    fn mapping(source: &str, id: &str, guid: &str) -> MappedGuid {
        (source.into(), id.into(), guid.into())
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
            decide_guid(&article("news", "1"), &[("news".into(), "7".into())], same_source),
            GuidDecision::AssignSuffixed
        );
        assert_eq!(suffixed_guid("tag:x:news/1", &[("tag:x:news/1/2".into(),)]), "tag:x:news/1/3");
    }

    #[test]
    fn guid_of_a_pending_mapping_is_reserved_for_its_article() {
        let pending = vec![mapping("new", "7", "tag:x:old/1")];
        let other = Article { guid: "tag:x:old/1".into(), ..article("import", "x") };
        assert_eq!(decide_guid(&other, &[], pending), GuidDecision::Conflict("new/7".into()));
    }
}
