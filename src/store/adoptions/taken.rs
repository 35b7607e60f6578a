//! Which ids of articles that are about to come belong to others, asked before any of them is kept.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::first_sight::{PROMISES, Promise, Sight, at_first_sight};
use crate::domain::article::Article;
use crate::store::dialect::sql;
use crate::store::{Store, StoreResult, reading};

/// Guids that are looked up at a time.
const ASKED: usize = 1_000;

/// All ids that adoptions speak of.
const SPOKEN_OF: &str = "SELECT source, source_id, guid, from_source, from_id FROM adoptions";

impl Store {
    /// Of articles of a source, by their ids there and their guids: those that could not be kept because the guid belongs to
    /// another, `source/source_id`.
    pub async fn taken_among(
        &self,
        source: &str,
        arrivals: &[(String, String)],
    ) -> StoreResult<HashMap<String, String>> {
        let owners = format!(
            "SELECT guid, source, source_id FROM articles WHERE guid IN {}",
            self.texts("$1")
        );
        let mut there: HashMap<String, (String, String)> = HashMap::new();
        for some in arrivals.chunks(ASKED) {
            let guids = Value::from(some.iter().map(|(_, guid)| guid.as_str()).collect::<Vec<_>>())
                .to_string();
            let rows: Vec<(String, String, String)> =
                reading!(self, |db| sqlx::query_as(sql(owners.clone()))
                    .bind(guids)
                    .fetch_all(db)
                    .await?);
            there.extend(rows.into_iter().map(|(guid, source, id)| (guid, (source, id))));
        }
        let adoptions: Vec<(String, String, String, String, String)> =
            reading!(self, |db| sqlx::query_as(SPOKEN_OF).fetch_all(db).await?);
        let of_own = |of: &str, id: &String| (of == source).then(|| id.clone());
        let promised: HashSet<String> = adoptions
            .iter()
            .flat_map(|(s, i, _, fs, fi)| [of_own(s, i), of_own(fs, fi)])
            .flatten()
            .collect();
        let spoken_of: HashSet<&String> = adoptions.iter().map(|(_, _, guid, _, _)| guid).collect();
        let known = self
            .known_among(source, &arrivals.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>())
            .await?;
        let mut taken = HashMap::new();
        for (id, guid) in arrivals.iter().filter(|(id, _)| !known.contains_key(id)) {
            let owner = there.get(guid);
            if owner.is_none() && !promised.contains(id) && !spoken_of.contains(guid) {
                continue;
            }
            let promises: Vec<Promise> = reading!(self, |db| sqlx::query_as(PROMISES)
                .bind(source)
                .bind(id)
                .bind(guid)
                .fetch_all(db)
                .await?);
            let arrival = Article {
                source: source.to_owned(),
                source_id: id.clone(),
                guid: guid.clone(),
                ..Article::default()
            };
            let there: Vec<(String, String)> = owner.into_iter().cloned().collect();
            if let Sight::Taken(owner) = at_first_sight(&arrival, &there, promises) {
                taken.insert(id.clone(), owner);
            }
        }
        Ok(taken)
    }
}
