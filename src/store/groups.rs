//! Translation groups: an article and its twins, found by following `translation_of` in both directions.

use std::collections::{BTreeMap, HashMap};

use serde_json::json;

use super::articles::{ArticleRow, COLUMNS, articles_of};
use super::dialect::{Column, sql};
use super::{Store, StoreResult, reading, transaction};
use crate::domain::article::Article;
use crate::domain::time::Millis;

struct Member {
    row: i64,
    source_id: String,
    translation_of: Option<String>,
    language: String,
    group: i64,
}

impl Store {
    /// Whether articles of a source were kept but not yet grouped, as after a crash in between.
    pub async fn has_ungrouped(&self, source: &str) -> StoreResult<bool> {
        let row: Option<(i64,)> = reading!(self, |db| sqlx::query_as("SELECT id FROM articles WHERE group_id = 0 AND source = $1 LIMIT 1")
            .bind(source)
            .fetch_optional(db)
            .await?);
        Ok(row.is_some())
    }

    /// Recomputes the translation groups of a source; tombstones keep their place, so that the ledger still knows the story.
    pub async fn regroup(&self, source: &str) -> StoreResult<()> {
        let rows: Vec<(i64, String, Option<String>, String, i64)> = reading!(self, |db| sqlx::query_as(
            "SELECT id, source_id, translation_of, language, group_id FROM articles WHERE source = $1 ORDER BY id"
        )
        .bind(source)
        .fetch_all(db)
        .await?);
        let members: Vec<Member> = rows
            .into_iter()
            .map(|(row, source_id, translation_of, language, group)| Member { row, source_id, translation_of, language, group })
            .collect();
        let moved: Vec<_> = members
            .iter()
            .zip(groups(&members))
            .filter(|(m, group)| m.group != *group)
            .map(|(m, group)| json!({"id": m.row, "grp": group}))
            .collect();
        let update = format!(
            "UPDATE articles SET group_id = m.grp FROM {} AS m WHERE articles.id = m.id",
            self.rows("$1", &[Column::Int("id"), Column::Int("grp")])
        );
        for chunk in moved.chunks(500) {
            let (update, chunk) = (update.clone(), serde_json::Value::from(chunk.to_vec()).to_string());
            transaction!(self, |tx| {
                sqlx::query(sql(update.clone())).bind(&chunk).execute(&mut *tx).await?;
            })?;
        }
        Ok(())
    }

    /// The visible members of these groups.
    pub async fn members_of(&self, groups: &[i64], now: Millis) -> StoreResult<Vec<Article>> {
        let text = format!(
            "SELECT {COLUMNS} FROM articles a WHERE a.removed_at IS NULL AND a.published_at <= $1 AND a.group_id > 0 AND a.group_id IN {} ORDER BY a.id",
            self.numbers("$2")
        );
        let groups = serde_json::Value::from(groups.to_vec()).to_string();
        let rows: Vec<ArticleRow> = reading!(self, |db| sqlx::query_as(sql(text)).bind(now.0).bind(groups).fetch_all(db).await?);
        Ok(articles_of(rows))
    }
}

/// For each member its group: the smallest row among all that are linked, directly or not, across languages.
fn groups(members: &[Member]) -> Vec<i64> {
    let by_id: HashMap<&str, usize> = members.iter().enumerate().map(|(i, m)| (m.source_id.as_str(), i)).collect();
    let mut parent: Vec<usize> = (0..members.len()).collect();
    for (i, member) in members.iter().enumerate() {
        let Some(&twin) = member.translation_of.as_deref().and_then(|id| by_id.get(id)) else { continue };
        // An article of the same language is another story, whatever the link says.
        if primary(&members[twin].language) == primary(&member.language) {
            continue;
        }
        let (a, b) = (root(&mut parent, i), root(&mut parent, twin));
        parent[a.max(b)] = a.min(b);
    }
    let mut smallest: BTreeMap<usize, i64> = BTreeMap::new();
    let roots: Vec<usize> = (0..members.len()).map(|i| root(&mut parent, i)).collect();
    for (&r, member) in roots.iter().zip(members) {
        smallest.entry(r).and_modify(|s| *s = (*s).min(member.row)).or_insert(member.row);
    }
    roots.iter().map(|r| smallest[r]).collect()
}

fn root(parent: &mut [usize], mut i: usize) -> usize {
    while parent[i] != i {
        parent[i] = parent[parent[i]];
        i = parent[i];
    }
    i
}

fn primary(language: &str) -> String {
    language.split('-').next().unwrap_or_default().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(row: i64, twin: Option<i64>, language: &str) -> Member {
        Member { row, source_id: row.to_string(), translation_of: twin.map(|t| t.to_string()), language: language.into(), group: 0 }
    }

    #[test]
    fn twins_are_one_group_whoever_points_to_whom_and_links_are_transitive() {
        let members = [member(1, None, "en"), member(2, Some(1), "zh-CN"), member(3, Some(2), "de"), member(4, Some(9), "en")];
        assert_eq!(groups(&members), [1, 1, 1, 4]);
    }

    #[test]
    fn an_article_of_the_same_language_is_no_translation() {
        assert_eq!(groups(&[member(1, None, "en"), member(2, Some(1), "en-GB")]), [1, 2]);
    }

    #[test]
    fn a_loop_and_a_link_to_itself_do_no_harm() {
        assert_eq!(groups(&[member(1, Some(2), "en"), member(2, Some(1), "zh"), member(3, Some(3), "fr")]), [1, 1, 3]);
    }
}
