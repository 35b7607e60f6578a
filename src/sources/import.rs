//! Import of articles into a built-in source, from a file or one by one. A file is checked
//! completely before its first article is stored.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use anyhow::{anyhow, bail};

use super::article_file::parse_file;
use super::importers::{NumberedArticle, ParsedArticle};
use super::ingest::{INGEST_BATCH_ARTICLES, ingest, taken_guid_reason};
use super::normalize;
use super::sync_report::SyncReport;
use crate::config::{Config, Ids, Site, Source, SourceKind};
use crate::domain::actor::Actor;
use crate::domain::article::IncomingArticle;
use crate::domain::time::Millis;
use crate::store::articles::KnownArticle;
use crate::store::audit_log::ImportRecord;
use crate::store::sources::SyncProgress;
use crate::store::{Store, StoreResult};

/// Rejected lines of a file: number and reason. Nothing was imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedLines(pub Vec<(u64, String)>);

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
/// WordPress export (.xml); replaces articles with the same id.
pub async fn import_file(
    store: &Store,
    config: &Config,
    source: &Source,
    file: &Path,
    actor: &Actor,
    now: Millis,
) -> anyhow::Result<Result<FileImport, RejectedLines>> {
    let (path, from, language) = (file.to_owned(), source.clone(), config.site.language.clone());
    // Parsing a large export takes seconds.
    let parsed =
        tokio::task::spawn_blocking(move || parse_file(&path, &from, &language, now)).await??;
    let undated =
        parsed.articles.iter().filter_map(|(_, one)| one.as_ref().ok().filter(|one| !one.is_dated));
    let undated: Vec<String> =
        undated.map(|one| normalize::without_nul(&one.article.source_id)).collect();
    let known = store.articles().known_among(&source.name, &undated).await?;
    let CheckedLines { articles, mut rejected } =
        check_lines(parsed.articles, &known, source, &config.site);
    rejected.extend(lines_with_foreign_guid(store, source, &config.site, &articles).await?);
    rejected.sort();
    if !rejected.is_empty() {
        return Ok(Err(RejectedLines(rejected)));
    }
    let articles: Vec<IncomingArticle> =
        articles.into_iter().map(|(_, incoming)| incoming).collect();
    let (name, count) = (source.name.clone(), articles.len());
    let import = ImportRecord { source: name, articles: count, actor: actor.clone() };
    let report = upsert(store, config, source, articles, Some(import), now).await?;
    Ok(Ok(FileImport { report, left_out: parsed.left_out }))
}

/// Lines of a file after the checks that need no look at other sources.
#[derive(Debug, Default)]
struct CheckedLines {
    /// Valid articles with their line numbers.
    articles: Vec<(u64, IncomingArticle)>,
    /// Rejected lines: number and reason.
    rejected: Vec<(u64, String)>,
}

/// Checks every article by itself and against the other lines of the file.
fn check_lines(
    lines: Vec<NumberedArticle>,
    known: &HashMap<String, KnownArticle>,
    source: &Source,
    site: &Site,
) -> CheckedLines {
    let CheckedLines { mut articles, mut rejected } = CheckedLines::default();
    let mut ids = HashSet::new();
    let mut guids: HashMap<String, u64> = HashMap::new();
    for (line, article) in lines {
        let checked =
            article.and_then(|ParsedArticle { article: mut incoming, is_dated, .. }| {
                normalize::validate(&mut incoming, source, site)?;
                // An article without a date keeps the date of its first import.
                if let Some(previous) = known.get(&incoming.source_id).filter(|_| !is_dated) {
                    incoming.published_at = previous.published_at;
                }
                Ok(incoming)
            });
        match checked {
            Ok(incoming) if !ids.insert(incoming.source_id.clone()) => {
                rejected.push((line, format!("duplicate id {:?}", incoming.source_id)))
            }
            Ok(incoming) => match guids.insert(normalize::guid(&incoming, source, site), line) {
                Some(other) if source.ids != Ids::SiteFeed => {
                    rejected.push((line, format!("duplicate guid; line {other} has the same")))
                }
                _ => articles.push((line, incoming)),
            },
            Err(reason) => rejected.push((line, reason)),
        }
    }
    CheckedLines { articles, rejected }
}

/// Returns the lines of articles whose permanent id belongs to another article, with the reason for
/// their rejection.
async fn lines_with_foreign_guid(
    store: &Store,
    source: &Source,
    site: &Site,
    articles: &[(u64, IncomingArticle)],
) -> StoreResult<Vec<(u64, String)>> {
    let requested_guids: Vec<_> = articles
        .iter()
        .map(|(_, incoming)| (incoming.source_id.clone(), normalize::guid(incoming, source, site)))
        .collect();
    let owners = store.articles().guid_conflicts_among(&source.name, &requested_guids).await?;
    let shares_guids = source.ids == Ids::SiteFeed;
    let own_prefix = format!("{}/", source.name);
    let owner = |incoming: &IncomingArticle| {
        owners
            .get(&incoming.source_id)
            .filter(|owner| !(shares_guids && owner.starts_with(&own_prefix)))
    };
    let owned = articles
        .iter()
        .filter_map(|(line, incoming)| Some((*line, taken_guid_reason(owner(incoming)?))));
    Ok(owned.collect())
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
    upsert(store, config, source, articles, None, now).await
}

/// Stores articles; those of a file with the audit entry of its import, if one changes.
async fn upsert(
    store: &Store,
    config: &Config,
    source: &Source,
    articles: Vec<IncomingArticle>,
    mut import: Option<ImportRecord>,
    now: Millis,
) -> anyhow::Result<SyncReport> {
    store.sources().ensure(&source.name, now).await?;
    let ids: Vec<String> =
        articles.iter().map(|incoming| normalize::without_nul(&incoming.source_id)).collect();
    let known = store.articles().known_among(&source.name, &ids).await?;
    let mut report = SyncReport { source: source.name.clone(), ..SyncReport::default() };
    let mut changed: Vec<(IncomingArticle, String)> = Vec::new();
    for mut incoming in articles {
        report.notes.extend(
            std::mem::take(&mut incoming.notes)
                .into_iter()
                .map(|note| (incoming.source_id.clone(), note)),
        );
        if let Err(reason) = normalize::validate(&mut incoming, source, &config.site) {
            report.rejected.push((incoming.source_id, reason));
            continue;
        }
        let hash = normalize::content_hash(&incoming, &config.site);
        if known.get(&incoming.source_id).is_none_or(|k| k.is_removed || k.content_hash != hash) {
            changed.push((incoming, hash));
        }
    }
    for batch in changed.chunks(INGEST_BATCH_ARTICLES) {
        ingest(store, batch.to_vec(), source, &config.site, &mut report, &mut import, now).await?;
    }
    store.stories().assign(&source.name).await?;
    store
        .sources()
        .record_sync_success(&source.name, 0, SyncProgress::default(), None, now)
        .await?;
    Ok(report)
}
