//! Stories: an article and its translations, found by following `translation_of` in both
//! directions.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value as Json, json};

use super::StoreResult;
use super::article_row::ARTICLE_COLUMNS;
use super::change_log::{self, Changes};
use super::db::{FromRow, Row, Statement};
use super::operations::Stories;
use crate::domain::article::Article;
use crate::domain::language::primary;
use crate::domain::time::Millis;

struct Member {
    row_id: i64,
    source_id: String,
    translation_of: Option<String>,
    language: String,
    story: i64,
    story_is_stale: bool,
}

impl FromRow for Member {
    fn from_row(row: &Row) -> StoreResult<Self> {
        Ok(Self {
            row_id: row.get("id")?,
            source_id: row.get("source_id")?,
            translation_of: row.get("translation_of")?,
            language: row.get("language")?,
            story: row.get("story_id")?,
            story_is_stale: row.get("story_is_stale")?,
        })
    }
}

/// Number of articles without a current story that are assigned together, with all articles
/// linked to them.
const STALE_PER_ROUND: usize = 1_000;

/// Number of articles whose stories are stored, or whose changes are logged, per transaction.
const ARTICLES_PER_TRANSACTION: usize = 500;

const MEMBER_COLUMNS: &str = "id, source_id, translation_of, language, story_id, story_is_stale";

static HAS_STALE: Statement =
    Statement::new("SELECT id FROM articles WHERE story_is_stale AND source = $source LIMIT 1");

static FIRST_STALE: Statement = Statement::with(
    "
    SELECT {member}
      FROM articles
     WHERE source = $source
       AND story_is_stale
     ORDER BY id
     LIMIT $limit",
    &[("member", MEMBER_COLUMNS)],
);

/// Selects the articles linked to some articles of a source or in their stories. The condition on
/// the story omits the source, because with it SQLite would read the whole source.
static LINKED: Statement = Statement::with(
    "
    SELECT {member} FROM articles WHERE source = $source AND source_id IN {json_texts $originals}
     UNION
    SELECT {member} FROM articles WHERE source = $source AND translation_of IN {json_texts $ids}
     UNION
    SELECT {member} FROM articles WHERE story_id IN {json_ids $stories}",
    &[("member", MEMBER_COLUMNS)],
);

static ASSIGN: Statement = Statement::new(
    "
    UPDATE articles
       SET story_id = m.story,
           story_is_stale = FALSE
      FROM {json_rows $assigned id INTEGER, story INTEGER} AS m
     WHERE articles.id = m.id",
);

static MEMBERS_OF: Statement = Statement::with(
    "
    SELECT {article_columns}
      FROM articles a
     WHERE a.removed_at IS NULL
       AND a.published_at <= $now
       AND a.story_id > 0
       AND a.story_id IN {json_ids $stories}
     ORDER BY a.id",
    &[("article_columns", ARTICLE_COLUMNS)],
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] =
    &[&HAS_STALE, &FIRST_STALE, &LINKED, &ASSIGN, &MEMBERS_OF];

impl Stories<'_> {
    /// Returns `true` if a source has articles that were stored but have no current story,
    /// for example after a crash.
    pub async fn has_stale(self, source: &str) -> StoreResult<bool> {
        self.store.read(&HAS_STALE).bind("source", source).exists().await
    }

    /// Assigns stories to the new and newly linked articles of a source. Tombstones keep their
    /// story, so that the ledger still covers it. Time and memory depend on the
    /// number of new articles, not on the size of the archive.
    pub async fn assign(self, source: &str) -> StoreResult<()> {
        loop {
            let stale: Vec<Member> = self
                .store
                .read(&FIRST_STALE)
                .bind("source", source)
                .bind("limit", STALE_PER_ROUND)
                .fetch_all()
                .await?;
            if stale.is_empty() {
                return Ok(());
            }
            let members = self.linked(source, stale).await?;
            self.assign_linked(&members).await?;
        }
    }

    /// Assigns stories to `members`, which must include all articles linked to any of them.
    async fn assign_linked(self, members: &[Member]) -> StoreResult<()> {
        let found = story_ids(members);
        let sizes = found.iter().fold(HashMap::new(), |mut sizes: HashMap<i64, usize>, story| {
            *sizes.entry(*story).or_default() += 1;
            sizes
        });
        let is_any_moved = members.iter().zip(&found).any(|(m, story)| m.story != *story);
        let assigned: Vec<_> = members
            .iter()
            .zip(&found)
            .filter(|(m, story)| m.story != **story || m.story_is_stale)
            .map(|(m, story)| json!({"id": m.row_id, "story": story}))
            .collect();
        // Feeds list translations only for stories of several articles.
        let has_translations = |m: &Member, story: i64| {
            sizes[&story] > 1 || !matches!(m.story, story if story == 0 || story == m.row_id)
        };
        let relisted: Vec<i64> = members
            .iter()
            .zip(&found)
            .filter(|(m, story)| is_any_moved && has_translations(m, **story))
            .map(|(m, _)| m.row_id)
            .collect();
        self.save_stories(&assigned, &relisted).await
    }

    /// Returns these articles and all that are linked to them or share a story with them, directly
    /// or indirectly.
    async fn linked(self, source: &str, first: Vec<Member>) -> StoreResult<Vec<Member>> {
        let mut members: BTreeMap<i64, Member> = BTreeMap::new();
        let mut reached = first;
        while !reached.is_empty() {
            let originals: Vec<String> =
                reached.iter().filter_map(|m| m.translation_of.clone()).collect();
            let ids: Vec<String> = reached.iter().map(|m| m.source_id.clone()).collect();
            let stories: Vec<i64> =
                reached.iter().map(|m| m.story).filter(|story| *story > 0).collect();
            members.extend(reached.into_iter().map(|m| (m.row_id, m)));
            reached = self
                .store
                .read(&LINKED)
                .bind("source", source)
                .bind("originals", originals.as_slice())
                .bind("ids", ids.as_slice())
                .bind("stories", stories.as_slice())
                .fetch_all()
                .await?;
            reached.retain(|m| !members.contains_key(&m.row_id));
        }
        Ok(members.into_values().collect())
    }

    /// Stores stories and logs a change of the articles in `relisted`, whose translations are
    /// different now.
    async fn save_stories(self, assigned: &[Json], relisted: &[i64]) -> StoreResult<()> {
        for chunk in assigned.chunks(ARTICLES_PER_TRANSACTION) {
            self.store.write(&ASSIGN).bind("assigned", Json::from(chunk)).execute().await?;
        }
        for chunk in relisted.chunks(ARTICLES_PER_TRANSACTION) {
            let mut tx = self.store.begin().await?;
            let changes = Changes::from_terms(change_log::terms_of(&mut tx, chunk).await?);
            change_log::log(&mut tx, &changes).await?;
            tx.commit().await?;
        }
        if !relisted.is_empty() {
            self.store.article_changes().notify();
        }
        Ok(())
    }

    /// Returns the visible members of these stories.
    pub async fn members(self, stories: &[i64], now: Millis) -> StoreResult<Vec<Article>> {
        self.store.read(&MEMBERS_OF).bind("now", now).bind("stories", stories).fetch_all().await
    }
}

/// Returns the story of each member: the smallest row id among all members linked to it, directly
/// or indirectly, across languages.
fn story_ids(members: &[Member]) -> Vec<i64> {
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
        smallest.entry(r).and_modify(|s| *s = (*s).min(member.row_id)).or_insert(member.row_id);
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
    use super::*;
    use crate::store::Store;

    fn member(row: i64, translation_of: Option<i64>, language: &str) -> Member {
        Member {
            row_id: row,
            source_id: row.to_string(),
            translation_of: translation_of.map(|t| t.to_string()),
            language: language.into(),
            story: 0,
            story_is_stale: true,
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
        assert_eq!(story_ids(&members), [1, 1, 1, 4]);
    }

    #[test]
    fn article_of_the_same_language_is_not_a_translation() {
        assert_eq!(story_ids(&[member(1, None, "en"), member(2, Some(1), "en-GB")]), [1, 2]);
    }

    #[test]
    fn loops_and_self_links_are_harmless() {
        assert_eq!(
            story_ids(&[
                member(1, Some(2), "en"),
                member(2, Some(1), "zh"),
                member(3, Some(3), "fr")
            ]),
            [1, 1, 3]
        );
    }

    #[tokio::test]
    async fn linked_articles_are_found_by_index_lookups_only() {
        let folder = tempfile::tempdir().unwrap();
        let store =
            Store::open(&format!("sqlite://{}/courant.db", folder.path().display())).await.unwrap();
        let steps: Vec<String> = store
            .read_assembled(LINKED.explained())
            .bind("source", "college")
            .bind("originals", "[]")
            .bind("ids", "[]")
            .bind("stories", "[]")
            .fetch_with(|row| row.get("detail"))
            .await
            .unwrap();
        let steps: Vec<String> =
            steps.into_iter().filter(|step| step.contains("articles")).collect();
        for wanted in
            ["(source=? AND source_id=?)", "(source=? AND translation_of=?)", "(story_id=?)"]
        {
            assert!(steps.iter().any(|step| step.ends_with(wanted)), "{wanted}: {steps:?}");
        }
    }
}
