//! Translation groups: an article and its twins, found by following `translation_of` in both directions.

use std::collections::{BTreeMap, HashMap};

use serde_json::json;

use super::articles::{ArticleRow, COLUMNS, articles_of};
use super::changes::{Changes, Logging, log};
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

/// Ungrouped articles that are looked at together, with all that are linked to them.
const MOST: usize = 1_000;

const MEMBER: &str =
    "SELECT id, source_id, translation_of, language, group_id, is_ungrouped FROM articles WHERE";

type MemberRow = (i64, String, Option<String>, String, i64, bool);

impl Store {
    /// Whether articles of a source were kept but not yet grouped, as after a crash in between.
    pub async fn has_ungrouped(&self, source: &str) -> StoreResult<bool> {
        let row: Option<(i64,)> = reading!(self, |db| sqlx::query_as(
            "SELECT id FROM articles WHERE is_ungrouped AND source = $1 LIMIT 1"
        )
        .bind(source)
        .fetch_optional(db)
        .await?);
        Ok(row.is_some())
    }

    /// Finds the translation groups of a source's new and newly linked articles; tombstones keep their place, so that the
    /// ledger still knows the story. Costs what is new, not what is there, and holds a part of it at a time.
    pub async fn regroup(&self, source: &str) -> StoreResult<()> {
        let few = format!("{MEMBER} source = $1 AND is_ungrouped ORDER BY id LIMIT {MOST}");
        loop {
            let ungrouped: Vec<MemberRow> = reading!(self, |db| sqlx::query_as(sql(few.clone()))
                .bind(source)
                .fetch_all(db)
                .await?);
            if ungrouped.is_empty() {
                return Ok(());
            }
            let members = self.linked(source, ungrouped).await?;
            self.group(&members).await?;
        }
    }

    /// Gives members, among which are all that are linked to any of them, their groups.
    async fn group(&self, members: &[Member]) -> StoreResult<()> {
        let found = groups(members);
        let sizes = found.iter().fold(HashMap::new(), |mut sizes: HashMap<i64, usize>, group| {
            *sizes.entry(*group).or_default() += 1;
            sizes
        });
        let anything_moved = members.iter().zip(&found).any(|(m, group)| m.group != *group);
        let settled: Vec<_> = members
            .iter()
            .zip(&found)
            .filter(|(m, group)| m.group != **group || m.is_ungrouped)
            .map(|(m, group)| json!({"id": m.row, "grp": group}))
            .collect();
        // An article alone shows nobody's translations, and is shown by nobody.
        let is_twin = |m: &Member, group: i64| {
            sizes[&group] > 1 || !matches!(m.group, g if g == 0 || g == m.row)
        };
        let shown: Vec<i64> = members
            .iter()
            .zip(&found)
            .filter(|(m, group)| anything_moved && is_twin(m, **group))
            .map(|(m, _)| m.row)
            .collect();
        self.settle_groups(&settled, &shown).await
    }

    /// These articles and all that are linked to them or share a group with them, directly or not.
    async fn linked(&self, source: &str, first: Vec<MemberRow>) -> StoreResult<Vec<Member>> {
        let text = self.linking();
        let mut members: BTreeMap<i64, Member> = BTreeMap::new();
        let mut reached: Vec<Member> = first.into_iter().map(Member::from).collect();
        while !reached.is_empty() {
            let twins: Vec<String> =
                reached.iter().filter_map(|m| m.translation_of.clone()).collect();
            let ids: Vec<String> = reached.iter().map(|m| m.source_id.clone()).collect();
            let groups = serde_json::Value::from(
                reached.iter().map(|m| m.group).filter(|group| *group > 0).collect::<Vec<_>>(),
            )
            .to_string();
            members.extend(reached.into_iter().map(|m| (m.row, m)));
            let rows: Vec<MemberRow> = reading!(self, |db| sqlx::query_as(sql(text.clone()))
                .bind(source)
                .bind(json_list(&twins))
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

    /// What is linked to some articles of a source or shares a group with them. A group is of one source, and to say so would have
    /// SQLite read all of that source.
    fn linking(&self) -> String {
        format!(
            "{MEMBER} source = $1 AND source_id IN {} UNION {MEMBER} source = $1 AND translation_of IN {} UNION {MEMBER} group_id IN {}",
            self.texts("$2"),
            self.texts("$3"),
            self.numbers("$4")
        )
    }

    /// Notes groups; the articles in `shown` show other translations now.
    async fn settle_groups(&self, settled: &[serde_json::Value], shown: &[i64]) -> StoreResult<()> {
        let update = format!(
            "UPDATE articles SET group_id = m.grp, is_ungrouped = FALSE FROM {} AS m WHERE articles.id = m.id",
            self.rows("$1", &[Column::Int("id"), Column::Int("grp")])
        );
        let terms = format!(
            "SELECT article_id, kind, term FROM article_terms WHERE article_id IN {}",
            self.numbers("$1")
        );
        let logging = Logging::of(self);
        for chunk in settled.chunks(500) {
            let (update, chunk) =
                (update.clone(), serde_json::Value::from(chunk.to_vec()).to_string());
            transaction!(self, |tx| {
                sqlx::query(sql(update.clone())).bind(&chunk).execute(&mut *tx).await?;
            })?;
        }
        for chunk in shown.chunks(500) {
            let (terms, logging, chunk) = (
                terms.clone(),
                logging.clone(),
                serde_json::Value::from(chunk.to_vec()).to_string(),
            );
            transaction!(self, |tx| {
                let had: Vec<(i64, String, String)> =
                    sqlx::query_as(sql(terms.clone())).bind(&chunk).fetch_all(&mut *tx).await?;
                let changes = Changes::of(had);
                log!(tx, logging, changes);
            })?;
        }
        if !shown.is_empty() {
            self.announce();
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
        let rows: Vec<ArticleRow> = reading!(self, |db| sqlx::query_as(sql(text))
            .bind(now.0)
            .bind(groups)
            .fetch_all(db)
            .await?);
        Ok(articles_of(rows))
    }
}

/// For each member its group: the smallest row among all that are linked, directly or not, across languages.
fn groups(members: &[Member]) -> Vec<i64> {
    let by_id: HashMap<&str, usize> =
        members.iter().enumerate().map(|(i, m)| (m.source_id.as_str(), i)).collect();
    let mut parent: Vec<usize> = (0..members.len()).collect();
    for (i, member) in members.iter().enumerate() {
        let Some(&twin) = member.translation_of.as_deref().and_then(|id| by_id.get(id)) else {
            continue;
        };
        // An article of the same language is another story, whatever the link says.
        if primary(&members[twin].language).eq_ignore_ascii_case(primary(&member.language)) {
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

#[cfg(test)]
mod tests {
    use super::super::Db;
    use super::*;

    fn member(row: i64, twin: Option<i64>, language: &str) -> Member {
        Member {
            row,
            source_id: row.to_string(),
            translation_of: twin.map(|t| t.to_string()),
            language: language.into(),
            group: 0,
            is_ungrouped: true,
        }
    }

    #[test]
    fn twins_are_one_group_whoever_points_to_whom_and_links_are_transitive() {
        let members = [
            member(1, None, "en"),
            member(2, Some(1), "zh-CN"),
            member(3, Some(2), "de"),
            member(4, Some(9), "en"),
        ];
        assert_eq!(groups(&members), [1, 1, 1, 4]);
    }

    #[test]
    fn an_article_of_the_same_language_is_no_translation() {
        assert_eq!(groups(&[member(1, None, "en"), member(2, Some(1), "en-GB")]), [1, 2]);
    }

    #[test]
    fn a_loop_and_a_link_to_itself_do_no_harm() {
        assert_eq!(
            groups(&[member(1, Some(2), "en"), member(2, Some(1), "zh"), member(3, Some(3), "fr")]),
            [1, 1, 3]
        );
    }

    #[tokio::test]
    async fn what_is_linked_is_found_by_index_however_much_there_is() {
        let folder = tempfile::tempdir().unwrap();
        let store =
            Store::open(&format!("sqlite://{}/courant.db", folder.path().display())).await.unwrap();
        let explain = format!("EXPLAIN QUERY PLAN {}", store.linking());
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
