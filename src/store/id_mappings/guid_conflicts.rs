//! Detection of incoming articles whose permanent ids belong to other articles, before any of them
//! is stored.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::guid_assignment::{GuidDecision, MappedGuid, SELECT_MAPPINGS_FOR_ARTICLE, decide_guid};
use crate::domain::article::Article;
use crate::store::dialect::sql;
use crate::store::{Store, StoreResult, reading};

/// Maximum number of guids that are looked up per query.
const GUIDS_PER_QUERY: usize = 1_000;

/// Selects all ids that occur in mappings.
const SELECT_MAPPINGS: &str =
    "SELECT source, source_id, guid, from_source, from_source_id FROM id_mappings";

impl Store {
    /// Returns those of the articles of a source, given as (source id, guid), that could not be
    /// stored because the guid belongs to another article; the values are `source/source_id` of
    /// that article.
    pub async fn guid_conflicts_among(
        &self,
        source: &str,
        articles: &[(String, String)],
    ) -> StoreResult<HashMap<String, String>> {
        let owners = format!(
            "SELECT guid, source, source_id FROM articles WHERE guid IN {}",
            self.json_texts("$1")
        );
        let mut there: HashMap<String, (String, String)> = HashMap::new();
        for some in articles.chunks(GUIDS_PER_QUERY) {
            let guids = Value::from(some.iter().map(|(_, guid)| guid.as_str()).collect::<Vec<_>>())
                .to_string();
            let rows: Vec<(String, String, String)> =
                reading!(self, |db| sqlx::query_as(sql(owners.clone()))
                    .bind(guids)
                    .fetch_all(db)
                    .await?);
            there.extend(rows.into_iter().map(|(guid, source, id)| (guid, (source, id))));
        }
        let mappings: Vec<(String, String, String, String, String)> =
            reading!(self, |db| sqlx::query_as(SELECT_MAPPINGS).fetch_all(db).await?);
        let own_id = |of: &str, id: &String| (of == source).then(|| id.clone());
        let mapped_ids: HashSet<String> = mappings
            .iter()
            .flat_map(|(s, i, _, fs, fi)| [own_id(s, i), own_id(fs, fi)])
            .flatten()
            .collect();
        let mapped_guids: HashSet<&String> =
            mappings.iter().map(|(_, _, guid, _, _)| guid).collect();
        let known = self
            .known_among(source, &articles.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>())
            .await?;
        let mut conflicts = HashMap::new();
        for (id, guid) in articles.iter().filter(|(id, _)| !known.contains_key(id)) {
            let owner = there.get(guid);
            if owner.is_none() && !mapped_ids.contains(id) && !mapped_guids.contains(guid) {
                continue;
            }
            let relevant: Vec<MappedGuid> =
                reading!(self, |db| sqlx::query_as(SELECT_MAPPINGS_FOR_ARTICLE)
                    .bind(source)
                    .bind(id)
                    .bind(guid)
                    .fetch_all(db)
                    .await?);
            let article = Article {
                source: source.to_owned(),
                source_id: id.clone(),
                guid: guid.clone(),
                ..Article::default()
            };
            let there: Vec<(String, String)> = owner.into_iter().cloned().collect();
            if let GuidDecision::Conflict(owner) = decide_guid(&article, &there, relevant) {
                conflicts.insert(id.clone(), owner);
            }
        }
        Ok(conflicts)
    }
}
