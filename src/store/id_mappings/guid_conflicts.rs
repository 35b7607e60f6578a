//! Detection of incoming articles whose permanent ids belong to other articles, before any of them
//! is stored.

use std::collections::{HashMap, HashSet};
use std::slice;

use super::guid_assignment::{
    ArticleKey, GuidDecision, MAPPINGS_FOR_ARTICLE, MappedGuid, decide_guid,
};
use super::plan::Mapping;
use crate::domain::article::Article;
use crate::store::StoreResult;
use crate::store::db::{FromRow, Statement};
use crate::store::operations::Articles;

/// Maximum number of guids that are looked up per query.
const GUIDS_PER_QUERY: usize = 1_000;

static OWNERS: Statement = Statement::new(
    "
    SELECT guid, source, source_id
      FROM articles
     WHERE guid IN {json_texts $guids}",
);

/// All statements of this file.
pub(in crate::store) static STATEMENTS: &[&Statement] = &[&OWNERS];

/// Ids and guids of the id mappings that concern a source.
#[derive(Debug, Default)]
pub struct MappedIds {
    ids: HashSet<String>,
    guids: HashSet<String>,
}

impl Articles<'_> {
    /// Returns the ids and guids that id mappings assign to articles of a source.
    pub async fn mapped_ids(self, source: &str) -> StoreResult<MappedIds> {
        let mappings: Vec<Mapping> = self.store.read(&super::MAPPINGS).fetch_all().await?;
        let mut mapped = MappedIds::default();
        for m in mappings {
            let own = [Some((m.source, m.source_id)), m.from].into_iter().flatten();
            mapped.ids.extend(own.filter(|(of, _)| of == source).map(|(_, id)| id));
            mapped.guids.insert(m.guid);
        }
        Ok(mapped)
    }

    /// Returns those of the articles of a source, given as (source id, guid), that could not be
    /// stored because the guid belongs to another article; the values are `source/source_id` of
    /// that article.
    pub async fn guid_conflicts_among(
        self,
        source: &str,
        mapped: &MappedIds,
        articles: &[(String, String)],
    ) -> StoreResult<HashMap<String, String>> {
        let owners = self.owners_of(articles).await?;
        let known = self
            .known_among(source, &articles.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>())
            .await?;
        let mut conflicts = HashMap::new();
        for (id, guid) in articles.iter().filter(|(id, _)| !known.contains_key(id)) {
            let owner = owners.get(guid);
            let is_mapped = mapped.ids.contains(id) || mapped.guids.contains(guid);
            if owner.is_none() && !is_mapped {
                continue;
            }
            let relevant: Vec<MappedGuid> = self
                .store
                .read(&MAPPINGS_FOR_ARTICLE)
                .bind("source", source)
                .bind("source_id", id)
                .bind("guid", guid)
                .fetch_all()
                .await?;
            let article = Article {
                source: source.to_owned(),
                source_id: id.clone(),
                guid: guid.clone(),
                ..Article::default()
            };
            if let GuidDecision::Conflict(owner) =
                decide_guid(&article, owner.map(slice::from_ref).unwrap_or_default(), relevant)
            {
                conflicts.insert(id.clone(), owner);
            }
        }
        Ok(conflicts)
    }

    /// Returns the articles that have the guids of articles given as (source id, guid).
    async fn owners_of(
        self,
        articles: &[(String, String)],
    ) -> StoreResult<HashMap<String, ArticleKey>> {
        let mut owners = HashMap::new();
        for some in articles.chunks(GUIDS_PER_QUERY) {
            let guids: Vec<String> = some.iter().map(|(_, guid)| guid.clone()).collect();
            let found: Vec<(String, ArticleKey)> = self
                .store
                .read(&OWNERS)
                .bind("guids", guids.as_slice())
                .fetch_with(|row| Ok((row.get("guid")?, ArticleKey::from_row(row)?)))
                .await?;
            owners.extend(found);
        }
        Ok(owners)
    }
}
