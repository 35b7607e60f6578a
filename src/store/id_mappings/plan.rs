//! Planning of id mappings: which articles get new source ids, which are merged and which mappings
//! stay pending, or which lines are invalid.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::{Value, json};

use super::guid_assignment::ArticleKey;
use super::mapping_file::{MappingLine, MappingResult};

/// Identifying columns of a stored article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ArticleIdentity {
    pub(super) row_id: i64,
    pub(super) source: String,
    pub(super) source_id: String,
    pub(super) guid: String,
    pub(super) story: i64,
    pub(super) translation_of: Option<String>,
}

/// A stored mapping of a permanent id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mapping {
    pub(super) guid: String,
    pub(super) source: String,
    pub(super) source_id: String,
    pub(super) from: Option<(String, String)>,
}

/// Changes to write, as JSON rows.
#[derive(Debug, Default)]
pub(super) struct MappingPlan {
    /// Articles that get a new source id: `id`, `source`, `source_id`, `translation_of`.
    pub(super) moved: Vec<Value>,
    /// Articles that are merged with one imported in the meantime: `old`, `imported`, `guid`.
    pub(super) merged: Vec<Value>,
    /// Articles that get a permanent id unknown to this database: `imported`, `guid`.
    pub(super) reassigned: Vec<Value>,
    /// Mappings to store: `guid`, `source`, `source_id`, `from_source`, `from_source_id`.
    pub(super) mappings: Vec<Value>,
    /// Articles whose `translation_of` refers to a source id that another article has now.
    pub(super) unlinked: Vec<i64>,
    /// Stories that must be determined again.
    pub(super) stale_stories: Vec<i64>,
    pub(super) report: MappingResult,
}

/// Index of the articles and mappings by all ids that can refer to them.
struct Index<'a> {
    articles: &'a [ArticleIdentity],
    by_guid: HashMap<&'a str, usize>,
    by_source_key: HashMap<(&'a str, &'a str), usize>,
    by_source_id: HashMap<&'a str, Vec<usize>>,
    mappings: &'a [Mapping],
    mapping_by_guid: HashMap<&'a str, usize>,
    mapping_by_source_key: HashMap<(&'a str, &'a str), usize>,
    /// Mappings by permanent id, and by `source/id` and source id of the article that had it
    /// before.
    mappings_by_old_id: HashMap<String, Vec<usize>>,
}

/// Article or id that an old id refers to.
enum OldId {
    Article(usize),
    /// A permanent id that no stored article has.
    Unknown(String),
}

impl<'a> Index<'a> {
    fn new(articles: &'a [ArticleIdentity], mappings: &'a [Mapping]) -> Self {
        let mut by_source_id: HashMap<&str, Vec<usize>> = HashMap::new();
        for (i, a) in articles.iter().enumerate() {
            by_source_id.entry(&a.source_id).or_default().push(i);
        }
        let mut mappings_by_old_id: HashMap<String, Vec<usize>> = HashMap::new();
        for (i, mapping) in mappings.iter().enumerate() {
            mappings_by_old_id.entry(mapping.guid.clone()).or_default().push(i);
            if let Some((source, id)) = &mapping.from {
                mappings_by_old_id.entry(format!("{source}/{id}")).or_default().push(i);
                mappings_by_old_id.entry(id.clone()).or_default().push(i);
            }
        }
        Self {
            articles,
            by_guid: articles.iter().enumerate().map(|(i, a)| (a.guid.as_str(), i)).collect(),
            by_source_key: articles
                .iter()
                .enumerate()
                .map(|(i, a)| ((a.source.as_str(), a.source_id.as_str()), i))
                .collect(),
            by_source_id,
            mappings,
            mapping_by_guid: mappings
                .iter()
                .enumerate()
                .map(|(i, mapping)| (mapping.guid.as_str(), i))
                .collect(),
            mapping_by_source_key: mappings
                .iter()
                .enumerate()
                .map(|(i, mapping)| ((mapping.source.as_str(), mapping.source_id.as_str()), i))
                .collect(),
            mappings_by_old_id,
        }
    }

    fn article_with_key(&self, key: &ArticleKey) -> Option<usize> {
        self.by_source_key.get(&(key.source.as_str(), key.source_id.as_str())).copied()
    }

    /// Returns the source and source id that the new id of a line refers to.
    fn resolve_new_id(&self, line: &MappingLine, sources: &[String]) -> Result<ArticleKey, String> {
        let new = line.new.as_str();
        if let Some(a) = self.by_guid.get(new).map(|i| &self.articles[*i]) {
            return match &line.source {
                Some(source) if source != &a.source => {
                    Err(format!("{new:?} is an article of {}, not of {source}", a.source))
                }
                _ => Ok(key_of(&a.source, &a.source_id)),
            };
        }
        if let Some(source) = &line.source {
            let key = key_of(source, new);
            let within = new
                .strip_prefix(source.as_str())
                .and_then(|rest| rest.strip_prefix('/'))
                .filter(|id| !id.is_empty());
            return Ok(match within {
                Some(id) if self.article_with_key(&key).is_none() => key_of(source, id),
                _ => key,
            });
        }
        match new.split_once('/') {
            Some((source, id)) if !id.is_empty() && sources.iter().any(|s| s == source) => {
                Ok(key_of(source, id))
            }
            _ => match sources {
                [only] => Ok(key_of(only, new)),
                _ => Err(format!(
                    "the source of the new id {new:?} is ambiguous; write SOURCE/ID, or use --source"
                )),
            },
        }
    }

    /// Returns `true` if a line was applied before; its old source id may belong to another article
    /// by now.
    fn is_applied(&self, line: &MappingLine, target: &ArticleKey) -> bool {
        let is_target = |i: &usize| {
            (&self.mappings[*i].source, &self.mappings[*i].source_id)
                == (&target.source, &target.source_id)
        };
        self.mappings_by_old_id.get(&line.old).is_some_and(|all| all.iter().any(is_target))
    }

    fn resolve_old_id(&self, line: &MappingLine) -> Result<OldId, String> {
        let old = line.old.as_str();
        let by_source_key = || old.split_once('/').and_then(|place| self.by_source_key.get(&place));
        if let Some(i) = self.by_guid.get(old).or_else(by_source_key) {
            return Ok(OldId::Article(*i));
        }
        match self.by_source_id.get(old).map(Vec::as_slice) {
            Some([one]) => return Ok(OldId::Article(*one)),
            Some(several) => {
                let candidates: Vec<String> =
                    several.iter().map(|i| format!("{}/{old}", self.articles[*i].source)).collect();
                return Err(format!(
                    "the old id {old:?} is ambiguous; write {}",
                    candidates.join(" or ")
                ));
            }
            None => {}
        }
        if !self.mapping_by_guid.contains_key(old)
            && let Some(mapping) = self
                .mappings_by_old_id
                .get(old)
                .and_then(|all| all.first())
                .map(|i| &self.mappings[*i])
        {
            return Err(format!(
                "the permanent id of {old:?} was already mapped to {}/{}",
                mapping.source, mapping.source_id
            ));
        }
        if is_permanent_id(old) {
            return Ok(OldId::Unknown(old.to_owned()));
        }
        Err(format!(
            "there is no article {old:?}, and it is not a valid permanent id such as https://… or tag:…"
        ))
    }
}

/// Returns `true` for texts that start with a URI scheme or contain a URL, as the ids of some
/// systems do.
fn is_permanent_id(text: &str) -> bool {
    let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    is_scheme || text.contains("://")
}

fn key_of(source: &str, source_id: &str) -> ArticleKey {
    ArticleKey { source: source.to_owned(), source_id: source_id.to_owned() }
}

/// Checks every line and returns a plan only if all of them can be applied.
pub(super) fn plan(
    lines: &[MappingLine],
    sources: &[String],
    articles: &[ArticleIdentity],
    mappings: &[Mapping],
) -> Result<MappingPlan, Vec<(u64, String)>> {
    let index = Index::new(articles, mappings);
    let (mut resolved_lines, mut rejected, mut report) =
        (Vec::new(), Vec::new(), MappingResult::default());
    let (mut olds, mut news): (HashMap<String, u64>, HashMap<ArticleKey, u64>) =
        (HashMap::new(), HashMap::new());
    for line in lines {
        let resolved = index.resolve_new_id(line, sources).and_then(|target| {
            let old = if index.is_applied(line, &target) {
                None
            } else {
                Some(index.resolve_old_id(line)?)
            };
            let guid = match &old {
                None => line.old.clone(),
                Some(OldId::Article(i)) => articles[*i].guid.clone(),
                Some(OldId::Unknown(guid)) => guid.clone(),
            };
            if let Some(first) = olds.get(&guid) {
                return Err(format!("the old id {:?} already occurs in line {first}", line.old));
            }
            if let Some(first) = news.get(&target) {
                return Err(format!("the new id {:?} already occurs in line {first}", line.new));
            }
            olds.insert(guid, line.line);
            news.insert(target.clone(), line.line);
            Ok((old, target))
        });
        match resolved {
            Err(reason) => rejected.push((line.line, reason)),
            Ok((None, _)) => report.unchanged += 1,
            Ok((Some(OldId::Article(i)), target)) if index.article_with_key(&target) == Some(i) => {
                report.unchanged += 1
            }
            Ok((Some(old), target)) => resolved_lines.push((line.line, old, target)),
        }
    }
    for (line, _, target) in &resolved_lines {
        let existing = index
            .mapping_by_source_key
            .get(&(target.source.as_str(), target.source_id.as_str()))
            .map(|i| &mappings[*i]);
        if let Some(mapping) = existing.filter(|mapping| !olds.contains_key(&mapping.guid)) {
            rejected.push((
                *line,
                format!(
                    "{}/{} already has the mapped id {}",
                    target.source, target.source_id, mapping.guid
                ),
            ));
        }
    }
    if rejected.is_empty() {
        Ok(plan_from_lines(&index, resolved_lines, report))
    } else {
        rejected.sort();
        Err(rejected)
    }
}

/// Converts the resolved lines to rows.
fn plan_from_lines(
    index: &Index<'_>,
    resolved_lines: Vec<(u64, OldId, ArticleKey)>,
    report: MappingResult,
) -> MappingPlan {
    let mut plan = MappingPlan { report, ..MappingPlan::default() };
    let moving: HashMap<usize, ArticleKey> = resolved_lines
        .iter()
        .filter_map(|(_, old, target)| match old {
            OldId::Article(i) => Some((*i, target.clone())),
            OldId::Unknown(_) => None,
        })
        .collect();
    let (mut stories, mut sources) = (BTreeSet::new(), BTreeSet::new());
    for (_, old, target) in &resolved_lines {
        sources.insert(target.source.clone());
        let imported = index
            .article_with_key(target)
            .filter(|i| !moving.contains_key(i))
            .map(|i| &index.articles[i]);
        stories.extend(imported.map(|imported| imported.story));
        let (guid, from) = match old {
            OldId::Unknown(guid) => {
                plan.reassigned.extend(
                    imported.map(|imported| json!({"imported": imported.row_id, "guid": guid})),
                );
                (guid, None)
            }
            OldId::Article(i) => {
                let o = &index.articles[*i];
                stories.insert(o.story);
                sources.insert(o.source.clone());
                match imported {
                    Some(imported) => plan.merged.push(
                        json!({"old": o.row_id, "imported": imported.row_id, "guid": o.guid}),
                    ),
                    None => plan
                        .moved
                        .push(json!({"id": o.row_id, "source": target.source, "source_id": target.source_id,
                        "translation_of": translation_target(index, &moving, o, &target.source)})),
                }
                (&o.guid, Some(o))
            }
        };
        plan.mappings
            .push(json!({"guid": guid, "source": target.source, "source_id": target.source_id,
            "from_source": from.map(|o| &o.source), "from_source_id": from.map(|o| &o.source_id)}));
        match (old, imported) {
            (OldId::Unknown(_), None) => plan.report.pending += 1,
            _ => plan.report.mapped += 1,
        }
    }
    plan.unlinked = unlinked_articles(index, &moving, &resolved_lines);
    plan.stale_stories = stories.into_iter().filter(|g| *g > 0).collect();
    plan.report.sources = sources.into_iter().collect();
    plan
}

/// Returns the articles that keep their source id but refer to the former one of a moved article.
fn unlinked_articles(
    index: &Index<'_>,
    moving: &HashMap<usize, ArticleKey>,
    resolved_lines: &[(u64, OldId, ArticleKey)],
) -> Vec<i64> {
    let key =
        |i: &usize| (index.articles[*i].source.as_str(), index.articles[*i].source_id.as_str());
    let left_keys: HashSet<(&str, &str)> = moving.keys().map(key).collect();
    // Articles imported under a new id already refer to new ids.
    let targets: HashSet<(&str, &str)> = resolved_lines
        .iter()
        .map(|(_, _, target)| (target.source.as_str(), target.source_id.as_str()))
        .collect();
    let stays = |i: &usize| !moving.contains_key(i) && !targets.contains(&key(i));
    let points = |a: &&ArticleIdentity| {
        a.translation_of
            .as_deref()
            .is_some_and(|original| left_keys.contains(&(a.source.as_str(), original)))
    };
    (0..index.articles.len())
        .filter(stays)
        .map(|i| &index.articles[i])
        .filter(points)
        .map(|a| a.row_id)
        .collect()
}

/// Returns the new source id of the article that a moved article translates, if both moved to the
/// same source.
fn translation_target(
    index: &Index<'_>,
    moving: &HashMap<usize, ArticleKey>,
    o: &ArticleIdentity,
    source: &str,
) -> Option<String> {
    let original = o.translation_of.clone()?;
    let target = moving.get(&index.article_with_key(&key_of(&o.source, &original))?)?;
    (target.source == source).then(|| target.source_id.clone())
}

#[cfg(test)]
mod tests;
