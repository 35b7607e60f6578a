//! Import of articles into a built-in source, from a file or one by one. A file is checked
//! completely before its first article is stored.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{anyhow, bail};

use super::article_file::ArticleFile;
use super::file_checks::FileIds;
use super::file_reader::FileReader;
use super::importers::{NumberedArticle, ParsedArticle};
use super::ingest::{INGEST_BATCH_ARTICLES, ingest, taken_guid_reason};
use super::normalize;
use super::sync_report::{ArticleNote, SyncReport};
use crate::config::{Config, Ids, Site, Source, SourceKind};
use crate::domain::actor::Actor;
use crate::domain::article::IncomingArticle;
use crate::domain::file_import::{ImportEvent, RejectedLines};
use crate::domain::time::Millis;
use crate::store::audit_log::ImportRecord;
use crate::store::id_mappings::MappedIds;
use crate::store::sources::SyncProgress;
use crate::store::{Store, StoreResult};

/// Returns the built-in source of this name; without a name, the only built-in source.
pub fn builtin_source<'a>(config: &'a Config, name: Option<&str>) -> anyhow::Result<&'a Source> {
    let builtin: Vec<&Source> =
        config.sources.iter().filter(|s| s.kind == SourceKind::Builtin).collect();
    match (name, builtin.as_slice()) {
        (Some(name), all) => all
            .iter()
            .find(|s| s.name == name)
            .copied()
            .ok_or_else(|| anyhow!("the configuration has no built-in source {name:?}")),
        (None, [only]) => Ok(only),
        (None, []) => {
            bail!(
                "the configuration has no built-in source; add [[sources]] with kind = \"builtin\""
            )
        }
        (None, _) => {
            bail!("the configuration has several built-in sources; choose one with --source")
        }
    }
}

/// Result of importing a file.
#[derive(Debug, Clone, Default)]
pub struct FileImport {
    /// Numbers of added and changed articles, and their notes.
    pub report: SyncReport,
    /// Number of entries of the file that are not public articles, by description.
    pub left_out: BTreeMap<String, usize>,
}

/// Imports a file of lines (.jsonl, .csv, .tsv), a feed (.rss, .rdf, .atom, .xml, JSON Feed as .json) or a
/// WordPress export (.xml); replaces articles with the same id. The file is read twice, because its last
/// article is validated before the first is stored; memory grows with the number of articles only, by
/// some bytes each.
pub async fn import_file(
    store: &Store,
    config: &Config,
    source: &Source,
    file: &Path,
    actor: &Actor,
    now: Millis,
    mut on_event: impl FnMut(ImportEvent<'_>),
) -> anyhow::Result<Result<FileImport, RejectedLines>> {
    let (path, from, language) = (file.to_owned(), source.clone(), config.site.language.clone());
    let opened =
        tokio::task::spawn_blocking(move || ArticleFile::open(&path, &from, &language, now));
    let mut check = FileCheck {
        store,
        source,
        site: &config.site,
        mapped: store.articles().mapped_ids(&source.name).await?,
        ids: FileIds::default(),
        valid: 0,
        rejected: RejectedLines::default(),
    };
    let mut reader = FileReader::spawn(opened.await??);
    while let Some(batch) = reader.next().await {
        check.add(batch, &mut on_event).await?;
    }
    let (file, _) = reader.finish().await?;
    if check.rejected.count > 0 {
        return Ok(Err(check.rejected));
    }
    let total = check.valid;
    let (name, actor) = (source.name.clone(), actor.clone());
    let mut audit = Some(ImportRecord { source: name, articles: total, actor });
    store.sources().ensure(&source.name, now).await?;
    let mut report = SyncReport { source: source.name.clone(), ..SyncReport::default() };
    let mut reader = FileReader::spawn(file);
    let mut done = 0;
    while let Some(batch) = reader.next().await {
        done += batch.len();
        let changed = || anyhow!("the file changed while Courant read it; import it again");
        let articles: Option<Vec<_>> = batch.into_iter().map(|(_, one)| one.ok()).collect();
        let articles = articles.ok_or_else(changed)?;
        upsert_batch(store, config, source, articles, &mut report, &mut audit, now).await?;
        on_event(ImportEvent::Stored { done, total });
    }
    let (_, left_out) = reader.finish().await?;
    finish(store, source, now).await?;
    Ok(Ok(FileImport { report, left_out }))
}

/// Check of the articles of a file, before the first is stored.
struct FileCheck<'a> {
    store: &'a Store,
    source: &'a Source,
    site: &'a Site,
    mapped: MappedIds,
    ids: FileIds,
    /// Number of valid articles.
    valid: usize,
    rejected: RejectedLines,
}

impl FileCheck<'_> {
    /// Checks the next articles of the file, and reports the rejected lines in their order.
    async fn add(
        &mut self,
        batch: Vec<NumberedArticle>,
        on_event: &mut impl FnMut(ImportEvent<'_>),
    ) -> StoreResult<()> {
        let (mut valid, mut rejected) = (Vec::new(), Vec::new());
        for (line, article) in batch {
            match article.and_then(|parsed| self.check(line, parsed.article)) {
                Ok(id_and_guid) => valid.push((line, id_and_guid)),
                Err(reason) => rejected.push((line, reason)),
            }
        }
        let (lines, ids_and_guids): (Vec<u64>, Vec<(String, String)>) = valid.into_iter().unzip();
        let owners = self
            .store
            .articles()
            .guid_conflicts_among(&self.source.name, &self.mapped, &ids_and_guids)
            .await?;
        let shares_guids = self.source.ids == Ids::SiteFeed;
        let own_prefix = format!("{}/", self.source.name);
        for (line, (id, _)) in lines.into_iter().zip(&ids_and_guids) {
            match owners.get(id) {
                Some(owner) if !(shares_guids && owner.starts_with(&own_prefix)) => {
                    rejected.push((line, taken_guid_reason(owner)));
                }
                _ => self.valid += 1,
            }
        }
        rejected.sort();
        for (line, reason) in rejected {
            self.rejected.add(line, &reason, on_event);
        }
        Ok(())
    }

    /// Checks an article by itself and against the earlier ones; returns its id and permanent id.
    fn check(
        &mut self,
        line: u64,
        mut incoming: IncomingArticle,
    ) -> Result<(String, String), String> {
        normalize::validate(&mut incoming, self.source, self.site)?;
        self.ids.add(line, &incoming, self.source, self.site)?;
        let guid = normalize::guid(&incoming, self.source, self.site);
        Ok((incoming.source_id, guid))
    }
}

/// Stores articles in a built-in source; replaces those with the same id.
pub async fn upsert_articles(
    store: &Store,
    config: &Config,
    source: &str,
    articles: Vec<IncomingArticle>,
    now: Millis,
) -> anyhow::Result<SyncReport> {
    let source = builtin_source(config, Some(source))?;
    store.sources().ensure(&source.name, now).await?;
    let mut report = SyncReport { source: source.name.clone(), ..SyncReport::default() };
    let dated = |article| ParsedArticle { article, is_dated: true };
    let articles = articles.into_iter().map(dated).collect();
    upsert_batch(store, config, source, articles, &mut report, &mut None, now).await?;
    finish(store, source, now).await?;
    Ok(report)
}

/// Stores the articles that are new or changed; takes `audit`, the audit entry of an import, once it is
/// written.
async fn upsert_batch(
    store: &Store,
    config: &Config,
    source: &Source,
    articles: Vec<ParsedArticle>,
    report: &mut SyncReport,
    audit: &mut Option<ImportRecord>,
    now: Millis,
) -> anyhow::Result<()> {
    let ids: Vec<String> =
        articles.iter().map(|one| normalize::without_nul(&one.article.source_id)).collect();
    let known = store.articles().known_among(&source.name, &ids).await?;
    let mut changed: Vec<(IncomingArticle, String)> = Vec::new();
    for ParsedArticle { article: mut incoming, is_dated, .. } in articles {
        for note in std::mem::take(&mut incoming.notes) {
            report.note(ArticleNote::on(&incoming, note));
        }
        if let Err(reason) = normalize::validate(&mut incoming, source, &config.site) {
            report.reject(incoming.source_id, reason);
            continue;
        }
        let known = known.get(&incoming.source_id);
        // An article without a date keeps the date of its first import.
        if let Some(previous) = known.filter(|_| !is_dated) {
            incoming.published_at = previous.published_at;
        }
        let hash = normalize::content_hash(&incoming, &config.site);
        if known.is_none_or(|k| k.is_removed || k.content_hash != hash) {
            changed.push((incoming, hash));
        }
    }
    for batch in changed.chunks(INGEST_BATCH_ARTICLES) {
        ingest(store, batch.to_vec(), source, &config.site, report, audit, now).await?;
    }
    Ok(())
}

/// Assigns the new articles to stories, and records the time.
async fn finish(store: &Store, source: &Source, now: Millis) -> anyhow::Result<()> {
    store.stories().assign(&source.name).await?;
    store
        .sources()
        .record_sync_success(&source.name, 0, 0, SyncProgress::default(), None, now)
        .await?;
    Ok(())
}
