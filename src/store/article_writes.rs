//! Changes of mirrored articles: inserts, updates, and removals to tombstones.

use super::articles::{NormalizedArticle, SaveOutcome};
use super::audit_log::{self, ImportRecord};
use super::change_log::{self, Changes};
use super::db::{FromRow as _, Statement, Tx};
use super::id_mappings::guid_assignment::{
    ArticleKey, GuidDecision, MAPPINGS_FOR_ARTICLE, SUFFIXED_GUIDS, decide_guid, suffixed_guid,
};
use super::operations::Articles;
use super::selection_entries::{self, ArticleBefore};
use super::selection_sql::term_rows;
use super::{StoreResult, events, json_list, spawn_uncancellable};
use crate::domain::article::Article;
use crate::domain::selection::TermKind;
use crate::domain::time::Millis;

/// Selects the articles with a guid or with a source id; two if the guid belongs to another
/// article.
static OWNERS: Statement = Statement::new(
    "
    SELECT source, source_id, id, published_at, terms_changed_at, removed_at
      FROM articles
     WHERE guid = $guid
        OR (source = $source AND source_id = $source_id)",
);

/// Inserts or updates an article and returns its row id.
static UPSERT: Statement = Statement::new(
    "
    INSERT INTO articles (source, source_id, guid, title, url, summary, body_html, sections, tags,
           authors, language, image_url, image_alt, image_type, image_width, image_height,
           enclosure_url, enclosure_type, enclosure_length, published_at, updated_at,
           first_seen_at, terms_changed_at, changed_at, translation_of, content_hash, story_id)
    VALUES ($source, $source_id, $guid, $title, $url, $summary, $body_html, $sections, $tags,
           $authors, $language, $image_url, $image_alt, $image_type, $image_width, $image_height,
           $enclosure_url, $enclosure_type, $enclosure_length, $published_at, $updated_at,
           $now, $now, $now, $translation_of, $content_hash, 0)
    ON CONFLICT (source, source_id) DO UPDATE
       SET title = excluded.title,
           url = excluded.url,
           summary = excluded.summary,
           body_html = excluded.body_html,
           sections = excluded.sections,
           tags = excluded.tags,
           authors = excluded.authors,
           language = excluded.language,
           image_url = excluded.image_url,
           image_alt = excluded.image_alt,
           image_type = excluded.image_type,
           image_width = excluded.image_width,
           image_height = excluded.image_height,
           enclosure_url = excluded.enclosure_url,
           enclosure_type = excluded.enclosure_type,
           enclosure_length = excluded.enclosure_length,
           published_at = excluded.published_at,
           updated_at = CASE
             WHEN $has_update_time THEN excluded.updated_at
             WHEN substr(articles.content_hash, 1, 64) = substr(excluded.content_hash, 1, 64)
             THEN articles.updated_at
             ELSE excluded.changed_at
           END,
           changed_at = excluded.changed_at,
           translation_of = excluded.translation_of,
           content_hash = excluded.content_hash,
           removed_at = NULL,
           story_is_stale = articles.story_is_stale
             OR articles.language <> excluded.language
             OR COALESCE(articles.translation_of, '') <> COALESCE(excluded.translation_of, '')
    RETURNING id",
);

static DELETE_TERMS: Statement = Statement::new(
    "
    DELETE FROM article_terms
     WHERE article_id = $article
    RETURNING kind, term",
);

static ADD_TERMS: Statement = Statement::new(
    "
    INSERT INTO article_terms (article_id, kind, term, published_at, guid)
    SELECT a.id, t.kind, t.term, a.published_at, a.guid
      FROM articles a, {json_rows $terms kind TEXT, term TEXT} AS t
     WHERE a.id = $article",
);

static REMOVE: Statement = Statement::new(
    "
    UPDATE articles
       SET removed_at = $now,
           changed_at = $now,
           title = '',
           url = NULL,
           summary = '',
           body_html = '',
           sections = '[]',
           tags = '[]',
           authors = '[]',
           image_url = NULL,
           image_alt = NULL,
           enclosure_url = NULL,
           content_hash = ''
     WHERE source = $source
       AND source_id IN {json_texts $ids}
       AND removed_at IS NULL
    RETURNING id",
);

/// Articles removed before their publication were never visible, so no archive lists them.
static DELETE_TERMS_OF_UNPUBLISHED: Statement = Statement::new(
    "
    DELETE FROM article_terms
     WHERE article_id IN (
             SELECT a.id
               FROM articles a
              WHERE a.id IN {json_ids $articles}
                AND a.published_at > a.removed_at)",
);

/// All statements of this file.
pub(super) static STATEMENTS: &[&Statement] =
    &[&OWNERS, &UPSERT, &DELETE_TERMS, &ADD_TERMS, &REMOVE, &DELETE_TERMS_OF_UNPUBLISHED];

impl Articles<'_> {
    /// Stores a few articles in one transaction; guid and time of the first import of a known
    /// article never change. A new article with an id mapping (`courant articles remap-ids`) gets
    /// the mapped guid. A new article has no story until
    /// [`Stories::assign`](super::operations::Stories::assign) has looked for its translations, and no
    /// digest includes it before. The first batch of an `import` that stores an article also writes
    /// the import's audit entry.
    pub async fn save(
        self,
        articles: Vec<NormalizedArticle>,
        import: Option<ImportRecord>,
        now: Millis,
    ) -> StoreResult<Vec<SaveOutcome>> {
        let store = self.store.clone();
        // The articles are stored even if the request that delivered them is cancelled.
        spawn_uncancellable(async move {
            let mut tx = store.begin().await?;
            let mut outcomes = Vec::with_capacity(articles.len());
            let mut changes = Changes::default();
            for incoming in &articles {
                outcomes.push(save_article(&mut tx, incoming, &mut changes, now).await?);
            }
            change_log::log(&mut tx, &changes).await?;
            if let Some(import) = import
                && outcomes.iter().any(SaveOutcome::is_stored)
            {
                audit_log::record_article_import(&mut tx, &import, now).await?;
            }
            tx.commit().await?;
            store.article_changes().notify();
            Ok(outcomes)
        })
        .await
    }

    /// Turns a few articles of a source into tombstones. Their lists of terms are emptied, but the
    /// rows of `article_terms` stay, so that only the feeds that contained them change.
    pub async fn remove(self, source: &str, ids: &[String], now: Millis) -> StoreResult<()> {
        let mut tx = self.store.begin().await?;
        let removed: Vec<i64> = tx
            .query(&REMOVE)
            .bind("source", source)
            .bind("ids", ids)
            .bind("now", now)
            .fetch_scalars()
            .await?;
        let changes = Changes::from_terms(change_log::terms_of(&mut tx, &removed).await?);
        tx.query(&DELETE_TERMS_OF_UNPUBLISHED)
            .bind("articles", removed.as_slice())
            .execute()
            .await?;
        change_log::log(&mut tx, &changes).await?;
        events::forget_articles(&mut tx, &removed, now).await?;
        tx.commit().await?;
        self.store.article_changes().notify();
        Ok(())
    }
}

async fn save_article(
    tx: &mut Tx,
    incoming: &NormalizedArticle,
    changes: &mut Changes,
    now: Millis,
) -> StoreResult<SaveOutcome> {
    let a = &incoming.article;
    let found: Vec<(ArticleKey, ArticleBefore)> = tx
        .query(&OWNERS)
        .bind("guid", &a.guid)
        .bind("source", &a.source)
        .bind("source_id", &a.source_id)
        .fetch_with(|row| Ok((ArticleKey::from_row(row)?, ArticleBefore::from_row(row)?)))
        .await?;
    let known = found
        .iter()
        .find(|(o, _)| (&o.source, &o.source_id) == (&a.source, &a.source_id))
        .map(|(_, before)| *before);
    let owners: Vec<ArticleKey> = found.into_iter().map(|(owner, _)| owner).collect();
    let guid = if known.is_some() {
        a.guid.clone()
    } else {
        match new_guid(tx, a, &owners).await? {
            GuidDecision::Assign(guid) => guid,
            GuidDecision::Conflict(owner) => return Ok(SaveOutcome::GuidTaken(owner)),
            GuidDecision::AssignSuffixed => {
                let used: Vec<String> =
                    tx.query(&SUFFIXED_GUIDS).bind("guid", &a.guid).fetch_scalars().await?;
                suffixed_guid(&a.guid, &used)
            }
        }
    };
    let row = upsert(tx, incoming, &guid, now).await?;
    let old_terms: Vec<(String, String)> = tx
        .query(&DELETE_TERMS)
        .bind("article", row)
        .fetch_with(|row| Ok((row.get("kind")?, row.get("term")?)))
        .await?;
    if let Some(before) = known {
        let mut old: Vec<(TermKind, String)> = old_terms
            .iter()
            .filter_map(|(kind, term)| Some((TermKind::parse(kind)?, term.clone())))
            .collect();
        old.sort();
        selection_entries::record_changed_terms(tx, before, &old, &a.terms(), now).await?;
    }
    changes.add(row, old_terms, a.terms());
    let was_visible =
        known.is_some_and(|before| before.removed_at.is_none() && before.published_at <= now);
    events::record_article(tx, a, &guid, was_visible, now).await?;
    tx.query(&ADD_TERMS).bind("article", row).bind("terms", term_rows(a)).execute().await?;
    Ok(if known.is_some() { SaveOutcome::Changed } else { SaveOutcome::Added })
}

async fn new_guid(tx: &mut Tx, a: &Article, owners: &[ArticleKey]) -> StoreResult<GuidDecision> {
    let mappings = tx
        .query(&MAPPINGS_FOR_ARTICLE)
        .bind("source", &a.source)
        .bind("source_id", &a.source_id)
        .bind("guid", &a.guid)
        .fetch_all()
        .await?;
    Ok(decide_guid(a, owners, mappings))
}

/// Inserts or updates the row of an article and returns its id.
async fn upsert(
    tx: &mut Tx,
    incoming: &NormalizedArticle,
    guid: &str,
    now: Millis,
) -> StoreResult<i64> {
    let a = &incoming.article;
    let file = a.enclosure.as_ref();
    tx.query(&UPSERT)
        .bind("source", &a.source)
        .bind("source_id", &a.source_id)
        .bind("guid", guid)
        .bind("title", &a.title)
        .bind("url", &a.url)
        .bind("summary", &a.summary)
        .bind("body_html", &a.body_html)
        .bind("sections", json_list(&a.sections))
        .bind("tags", json_list(&a.tags))
        .bind("authors", json_list(&a.authors))
        .bind("language", &a.language)
        .bind("image_url", &a.image_url)
        .bind("image_alt", &a.image_alt)
        .bind("image_type", &a.image_type)
        .bind("image_width", a.image_width.map(i64::from))
        .bind("image_height", a.image_height.map(i64::from))
        .bind("enclosure_url", file.map(|file| file.url.as_str()))
        .bind("enclosure_type", file.map(|file| file.media_type.as_str()))
        .bind("enclosure_length", file.map(|file| i64::try_from(file.length).unwrap_or(0)))
        .bind("published_at", a.published_at)
        .bind("updated_at", a.updated_at)
        .bind("has_update_time", incoming.has_update_time)
        .bind("now", now)
        .bind("translation_of", &incoming.translation_of)
        .bind("content_hash", &incoming.content_hash)
        .fetch_scalar()
        .await
}
