//! `courant sources check`: reads a source like a sync, and stores nothing.

use std::collections::BTreeMap;

use anyhow::Context;
use tokio::sync::mpsc;

use super::facts::{SourceFacts, configured_facts};
use super::id_set::IdSet;
use super::ingest::INGEST_BATCH_ARTICLES;
use super::misread_text::MisreadTexts;
use super::reader::spawn_reader;
use super::row_receiver::{RowReceiver, SYNC_LIMITS};
use super::scheduled;
use super::session_facts::session_facts;
use super::sync_report::{ArticleNote, push_issue, push_note};
use super::{connection, normalize, wordpress};
use crate::config::{Config, Source, SourceKind};
use crate::domain::article::{Article, IncomingArticle, SourceRow};
use crate::domain::page::{MAX_PAGE_SIZE, PageRequest};
use crate::domain::time::Millis;
use crate::store::{Store, StoreResult};

/// Number of newest articles that are shown in full.
const MAX_SAMPLES: usize = 3;
/// Maximum length of an excerpt in characters.
const MAX_EXCERPT_CHARS: usize = 160;
/// Number of ids per lookup in the mirror.
const LOOKUP_BATCH_IDS: usize = 500;

/// Result of inspecting a source.
#[derive(Debug, Clone, Default)]
pub struct Inspection {
    /// URL of the database without user and password; `None` for a built-in source.
    pub location: Option<String>,
    /// Detected and configured properties of the source: name and value.
    pub facts: Vec<(&'static str, String)>,
    /// Number of articles that would be public now.
    pub public: usize,
    /// Number of articles with a publication date in the future.
    pub scheduled: usize,
    /// Number of articles, public now or later, that are already mirrored.
    pub already_imported: usize,
    /// Rejected rows: the source's id and the reason.
    pub rejected: Vec<(String, String)>,
    /// Notes on articles with content that cannot be shown.
    pub notes: Vec<ArticleNote>,
    /// Number of entries that are not public articles, by description.
    pub left_out: BTreeMap<String, usize>,
    /// Number of articles by language tag.
    pub languages: BTreeMap<String, usize>,
    /// Number of articles by section.
    pub sections: BTreeMap<String, usize>,
    /// Newest public articles in their normalized form.
    pub samples: Vec<Article>,
}

/// Inspects a source; the error is one sentence without the password.
pub async fn inspect(
    store: &Store,
    config: &Config,
    source: &Source,
    now: Millis,
) -> anyhow::Result<Inspection> {
    let SourceFacts { mut facts, left_out } = match source.kind {
        SourceKind::WordPress => wordpress::site_info(source).await?,
        _ => SourceFacts { facts: configured_facts(source), left_out: BTreeMap::new() },
    };
    facts.extend(session_facts(source).await?);
    let mut inspection = Inspection {
        location: source.url.as_deref().map(connection::without_credentials),
        facts,
        left_out,
        ..Inspection::default()
    };
    if source.kind == SourceKind::Builtin {
        inspection.add_stored(store, source, now).await?;
    } else {
        let newest = inspection.add_read(store, config, source, now).await?;
        inspection.samples = normalized_samples(store, config, source, newest).await?;
    }
    Ok(inspection)
}

/// Returns these articles in their normalized form.
async fn normalized_samples(
    store: &Store,
    config: &Config,
    source: &Source,
    newest: Vec<IncomingArticle>,
) -> anyhow::Result<Vec<Article>> {
    let (source, site) = (source.clone(), config.site.clone());
    let normalize_samples = move || {
        newest
            .into_iter()
            .map(|incoming| normalize::normalize(incoming, &source, &site, String::new()).article)
            .collect()
    };
    let mut samples: Vec<Article> = tokio::task::spawn_blocking(normalize_samples).await?;
    for sample in &mut samples {
        // A mirrored article keeps its permanent id.
        let path = format!("{}/{}", sample.source, sample.source_id);
        let mirrored = store.articles().find(&path).await?;
        if let Some(here) = mirrored
            .filter(|here| (&here.source, &here.source_id) == (&sample.source, &sample.source_id))
        {
            sample.guid = here.guid;
        }
    }
    Ok(samples)
}

/// Adds an article to the newest ones, and drops the oldest of them beyond the limit.
fn keep_newest(newest: &mut Vec<IncomingArticle>, article: IncomingArticle) {
    newest.push(article);
    newest.sort_by(|a, b| {
        b.published_at.cmp(&a.published_at).then_with(|| a.source_id.cmp(&b.source_id))
    });
    newest.truncate(MAX_SAMPLES);
}

/// Returns how many of these ids are mirrored, and empties the list.
async fn count_imported(
    store: &Store,
    source: &Source,
    ids: &mut Vec<String>,
) -> StoreResult<usize> {
    let known = store.articles().known_among(&source.name, &std::mem::take(ids)).await?;
    Ok(known.values().filter(|known| !known.is_removed).count())
}

impl Inspection {
    /// Adds the articles of a built-in source, which are all stored.
    async fn add_stored(&mut self, store: &Store, source: &Source, now: Millis) -> StoreResult<()> {
        let mut request = PageRequest::first(MAX_PAGE_SIZE);
        loop {
            let page = store.articles().list(Millis(i64::MAX), &request).await?;
            for article in page.items.iter().filter(|a| a.source == source.name) {
                self.already_imported += 1;
                self.count(article, now);
                if self.samples.len() < MAX_SAMPLES && article.published_at <= now {
                    self.samples.extend(store.articles().find(&article.guid).await?);
                }
            }
            if page.next.is_none() {
                return Ok(());
            }
            request.after = page.next;
        }
    }

    /// Reads the whole source and adds its articles; returns the newest public ones for the
    /// samples.
    async fn add_read(
        &mut self,
        store: &Store,
        config: &Config,
        source: &Source,
        now: Millis,
    ) -> anyhow::Result<Vec<IncomingArticle>> {
        let (mut pending_ids, mut seen_ids): (Vec<String>, IdSet) = Default::default();
        let (sender, items) = mpsc::channel(2 * INGEST_BATCH_ARTICLES);
        let reader = spawn_reader(source, &config.site.language, None, sender);
        let mut newest: Vec<IncomingArticle> = Vec::new();
        let mut misread = MisreadTexts::default();
        let mut items = RowReceiver::new(&source.name, items, SYNC_LIMITS);
        while let Some(item) = items.next().await? {
            match item {
                SourceRow::Rejected { id, reason } => push_issue(&mut self.rejected, id, reason),
                SourceRow::NotPublic { ids, reason } => {
                    for (id, reason) in ids.into_iter().zip(reason) {
                        push_issue(&mut self.rejected, id, reason);
                    }
                }
                SourceRow::Scheduled { date, .. } => {
                    let reason = scheduled::left_out_reason(date, now);
                    *self.left_out.entry(reason.to_owned()).or_default() += 1;
                }
                SourceRow::Article(mut incoming) => {
                    if let Err(reason) = normalize::validate_unique(
                        &mut incoming,
                        source,
                        &config.site,
                        &mut seen_ids,
                    ) {
                        push_issue(&mut self.rejected, incoming.source_id, reason);
                        continue;
                    }
                    misread.add(&incoming);
                    let notes = std::mem::take(&mut incoming.notes);
                    for note in notes {
                        push_note(&mut self.notes, ArticleNote::on(&incoming, note));
                    }
                    pending_ids.push(incoming.source_id.clone());
                    if pending_ids.len() >= LOOKUP_BATCH_IDS {
                        self.already_imported +=
                            count_imported(store, source, &mut pending_ids).await?;
                    }
                    self.count(&countable_fields(&incoming, config), now);
                    if incoming.published_at <= now {
                        keep_newest(&mut newest, *incoming);
                    }
                }
            }
        }
        reader.await.context("the reader task ended unexpectedly")??;
        self.already_imported += count_imported(store, source, &mut pending_ids).await?;
        self.notes.extend(misread.advice(source).map(ArticleNote::on_several));
        Ok(newest)
    }

    /// Adds an article to the counts.
    fn count(&mut self, article: &Article, now: Millis) {
        let counter =
            if article.published_at > now { &mut self.scheduled } else { &mut self.public };
        *counter += 1;
        *self.languages.entry(article.language.clone()).or_default() += 1;
        for section in &article.sections {
            *self.sections.entry(section.clone()).or_default() += 1;
        }
    }
}

/// Returns an article with only the normalized fields that [`Inspection::count`] reads.
fn countable_fields(incoming: &IncomingArticle, config: &Config) -> Article {
    Article {
        language: normalize::language(incoming.language.as_deref(), &config.site),
        sections: normalize::unique_names(&incoming.sections),
        published_at: incoming.published_at,
        ..Article::default()
    }
}

/// Returns the beginning of an article's summary on one line, to show a sample.
pub fn excerpt(article: &Article) -> String {
    let text: String = article.summary.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= MAX_EXCERPT_CHARS {
        text
    } else {
        text.chars().take(MAX_EXCERPT_CHARS - 1).collect::<String>().trim_end().to_owned() + "…"
    }
}
