//! Translation groups: an article and its translations, found by following `translation_of` in both
//! directions.

use std::collections::{BTreeMap, HashMap};

use serde_json::json;

use super::articles::{ARTICLE_COLUMNS, ArticleRecord, articles_from};
use super::change_log::{ChangeLog, Changes, log};
use super::dialect::{Column, sql};
use super::{Store, StoreResult, json_list, reading, transaction};
use crate::domain::article::Article;
use crate::domain::language::primary;
use crate::domain::time::Millis;

struct Member {
    row: i64,
    source_id: String,
    translation_of: Option<String>,
    language: String,
    group: i64,
    is_ungrouped: bool,
}

impl From<MemberRow> for Member {
    fn from((row, source_id, translation_of, language, group, is_ungrouped): MemberRow) -> Self {
        Self { row, source_id, translation_of, language, group, is_ungrouped }
    }
}

/// Number of ungrouped articles that are grouped at a time, with all articles linked to them.
const UNGROUPED_PER_ROUND: usize = 1_000;

const SELECT_MEMBERS: &str =
    "SELECT id, source_id, translation_of, language, group_id, is_ungrouped FROM articles WHERE";

type MemberRow = (i64, String, Option<String>, String, i64, bool);

impl Store {
    /// Returns `true` if a source has articles that were stored but not grouped, for example after
    /// a crash.
    pub async fn has_ungrouped(&self, source: &str) -> StoreResult<bool> {
        let row: Option<(i64,)> = reading!(self, |db| sqlx::query_as(
            "SELECT id FROM articles WHERE is_ungrouped AND source = $1 LIMIT 1"
        )
        .bind(source)
        .fetch_optional(db)
        .await?);
        Ok(row.is_some())
    }

    /// Finds the translation groups of new and newly linked articles of a source. Tombstones stay
    /// in their groups, so that the ledger still covers the story. Time and memory depend on the
    /// number of new articles, not on the size of the archive.
    pub async fn assign_stories(&self, source: &str) -> StoreResult<()> {
        let first_ungrouped = format!(
            "{SELECT_MEMBERS} source = $1 AND is_ungrouped ORDER BY id LIMIT {UNGROUPED_PER_ROUND}"
        );
        loop {
            let ungrouped: Vec<MemberRow> =
                reading!(self, |db| sqlx::query_as(sql(first_ungrouped.clone()))
                    .bind(source)
                    .fetch_all(db)
                    .await?);
            if ungrouped.is_empty() {
                return Ok(());
            }
            let members = self.linked(source, ungrouped).await?;
            self.assign_groups(&members).await?;
        }
    }

    /// Assigns groups to `members`, which must include all articles linked to any of them.
    async fn assign_groups(&self, members: &[Member]) -> StoreResult<()> {
        let found = groups(members);
        let sizes = found.iter().fold(HashMap::new(), |mut sizes: HashMap<i64, usize>, group| {
            *sizes.entry(*group).or_default() += 1;
            sizes
        });
        let anything_moved = members.iter().zip(&found).any(|(m, group)| m.group != *group);
        let assigned: Vec<_> = members
            .iter()
            .zip(&found)
            .filter(|(m, group)| m.group != **group || m.is_ungrouped)
            .map(|(m, group)| json!({"id": m.row, "grp": group}))
            .collect();
        // Feeds list translations only for articles in groups of several.
        let has_translations = |m: &Member, group: i64| {
            sizes[&group] > 1 || !matches!(m.group, g if g == 0 || g == m.row)
        };
        let relisted: Vec<i64> = members
            .iter()
            .zip(&found)
            .filter(|(m, group)| anything_moved && has_translations(m, **group))
            .map(|(m, _)| m.row)
            .collect();
        self.save_groups(&assigned, &relisted).await
    }

    /// Returns these articles and all that are linked to them or share a group with them, directly
    /// or indirectly.
    async fn linked(&self, source: &str, first: Vec<MemberRow>) -> StoreResult<Vec<Member>> {
        let text = self.linked_sql();
        let mut members: BTreeMap<i64, Member> = BTreeMap::new();
        let mut reached: Vec<Member> = first.into_iter().map(Member::from).collect();
        while !reached.is_empty() {
            let originals: Vec<String> =
                reached.iter().filter_map(|m| m.translation_of.clone()).collect();
            let ids: Vec<String> = reached.iter().map(|m| m.source_id.clone()).collect();
            let groups = serde_json::Value::from(
                reached.iter().map(|m| m.group).filter(|group| *group > 0).collect::<Vec<_>>(),
            )
            .to_string();
            members.extend(reached.into_iter().map(|m| (m.row, m)));
            let rows: Vec<MemberRow> = reading!(self, |db| sqlx::query_as(sql(text.clone()))
                .bind(source)
                .bind(json_list(&originals))
                .bind(json_list(&ids))
                .bind(groups)
                .fetch_all(db)
                .await?);
            reached = rows
                .into_iter()
                .filter(|row| !members.contains_key(&row.0))
                .map(Member::from)
                .collect();
        }
        Ok(members.into_values().collect())
    }

    /// Returns SQL that selects the articles linked to some articles of a source or in their
    /// groups. The condition on the group omits the source, because with it SQLite would read the
    /// whole source.
    fn linked_sql(&self) -> String {
        format!(
            "{SELECT_MEMBERS} source = $1 AND source_id IN {} UNION {SELECT_MEMBERS} source = $1 AND translation_of IN {} UNION {SELECT_MEMBERS} group_id IN {}",
            self.json_texts("$2"),
            self.json_texts("$3"),
            self.json_ids("$4")
        )
    }

    /// Stores groups and logs a change of the articles in `relisted`, whose translations are
    /// different now.
    async fn save_groups(
        &self,
        assigned: &[serde_json::Value],
        relisted: &[i64],
    ) -> StoreResult<()> {
        let update = format!(
            "UPDATE articles SET group_id = m.grp, is_ungrouped = FALSE FROM {} AS m WHERE articles.id = m.id",
            self.json_rows("$1", &[Column::Int("id"), Column::Int("grp")])
        );
        let terms = format!(
            "SELECT article_id, kind, term FROM article_terms WHERE article_id IN {}",
            self.json_ids("$1")
        );
        let change_log = ChangeLog::new(self);
        for chunk in assigned.chunks(500) {
            let (update, chunk) =
                (update.clone(), serde_json::Value::from(chunk.to_vec()).to_string());
            transaction!(self, |tx| {
                sqlx::query(sql(update.clone())).bind(&chunk).execute(&mut *tx).await?;
            })?;
        }
        for chunk in relisted.chunks(500) {
            let (terms, change_log, chunk) = (
                terms.clone(),
                change_log.clone(),
                serde_json::Value::from(chunk.to_vec()).to_string(),
            );
            transaction!(self, |tx| {
                let had: Vec<(i64, String, String)> =
                    sqlx::query_as(sql(terms.clone())).bind(&chunk).fetch_all(&mut *tx).await?;
                let changes = Changes::from_rows(had);
                log!(tx, change_log, changes);
            })?;
        }
        if !relisted.is_empty() {
            self.notify_article_changes();
        }
        Ok(())
    }

    /// Returns the visible members of these groups.
    pub async fn story_members(&self, groups: &[i64], now: Millis) -> StoreResult<Vec<Article>> {
        let text = format!(
            "SELECT {ARTICLE_COLUMNS} FROM articles a WHERE a.removed_at IS NULL AND a.published_at <= $1 AND a.group_id > 0 AND a.group_id IN {} ORDER BY a.id",
            self.json_ids("$2")
        );
        let groups = serde_json::Value::from(groups.to_vec()).to_string();
        let rows: Vec<ArticleRecord> = reading!(self, |db| sqlx::query_as(sql(text))
            .bind(now.0)
            .bind(groups)
            .fetch_all(db)
            .await?);
        Ok(articles_from(rows))
    }
}

/// Returns the group of each member: the smallest row id among all members linked to it, directly
/// or indirectly, across languages.
fn groups(members: &[Member]) -> Vec<i64> {
    let by_id: HashMap<&str, usize> =
        members.iter().enumerate().map(|(i, m)| (m.source_id.as_str(), i)).collect();
    let mut parent: Vec<usize> = (0..members.len()).collect();
    for (i, member) in members.iter().enumerate() {
        let Some(&original) = member.translation_of.as_deref().and_then(|id| by_id.get(id)) else {
            continue;
        };
        // An article in the same language is another story, regardless of the link.
        if primary(&members[original].language).eq_ignore_ascii_case(primary(&member.language)) {
            continue;
        }
        let (a, b) = (root(&mut parent, i), root(&mut parent, original));
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

#[cfg(test)]
mod tests {
    use super::super::Db;
    use super::*;

    fn member(row: i64, translation_of: Option<i64>, language: &str) -> Member {
        Member {
            row,
            source_id: row.to_string(),
            translation_of: translation_of.map(|t| t.to_string()),
            language: language.into(),
            group: 0,
            is_ungrouped: true,
        }
    }

    #[test]
    fn translations_form_one_group_in_both_link_directions_and_transitively() {
        let members = [
            member(1, None, "en"),
            member(2, Some(1), "zh-CN"),
            member(3, Some(2), "de"),
            member(4, Some(9), "en"),
        ];
        assert_eq!(groups(&members), [1, 1, 1, 4]);
    }

    #[test]
    fn article_of_the_same_language_is_not_a_translation() {
        assert_eq!(groups(&[member(1, None, "en"), member(2, Some(1), "en-GB")]), [1, 2]);
    }

    #[test]
    fn loops_and_self_links_are_harmless() {
        assert_eq!(
            groups(&[member(1, Some(2), "en"), member(2, Some(1), "zh"), member(3, Some(3), "fr")]),
            [1, 1, 3]
        );
    }

    #[tokio::test]
    async fn linked_articles_are_found_by_index_lookups_only() {
        let folder = tempfile::tempdir().unwrap();
        let store =
            Store::open(&format!("sqlite://{}/courant.db", folder.path().display())).await.unwrap();
        let explain = format!("EXPLAIN QUERY PLAN {}", store.linked_sql());
        let Db::Sqlite { read, .. } = &*store.db else { unreachable!() };
        let steps: Vec<(i64, i64, i64, String)> = sqlx::query_as(sql(explain))
            .bind("college")
            .bind("[]")
            .bind("[]")
            .bind("[]")
            .fetch_all(read)
            .await
            .unwrap();
        let steps: Vec<String> =
            steps.into_iter().map(|step| step.3).filter(|step| step.contains("articles")).collect();
        for wanted in
            ["(source=? AND source_id=?)", "(source=? AND translation_of=?)", "(group_id=?)"]
        {
            assert!(steps.iter().any(|step| step.ends_with(wanted)), "{wanted}: {steps:?}");
        }
    }
}
