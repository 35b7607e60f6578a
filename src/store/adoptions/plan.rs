//! What a map of old ids to new ones comes to: who moves, who becomes one, which id waits; or what is wrong with its lines.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::{Value, json};

use super::{Adopted, Claim};

/// What is known of an article.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) row: i64,
    pub(super) source: String,
    pub(super) source_id: String,
    pub(super) guid: String,
    pub(super) group: i64,
    pub(super) translation_of: Option<String>,
}

/// An adoption that was noted before.
#[derive(Debug, Clone)]
pub(super) struct Noted {
    pub(super) guid: String,
    pub(super) source: String,
    pub(super) source_id: String,
    pub(super) from: Option<(String, String)>,
}

/// What to write, as JSON rows.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Articles whose place is taken by no other: `id`, `source`, `source_id`, `translation_of`.
    pub(super) moved: Vec<Value>,
    /// Articles that turn out to be one that came in meanwhile: `old`, `fresh`, `guid`.
    pub(super) merged: Vec<Value>,
    /// Articles that get an id which was never here: `fresh`, `guid`.
    pub(super) named: Vec<Value>,
    /// All adoptions: `guid`, `source`, `source_id`, `from_source`, `from_id`.
    pub(super) notes: Vec<Value>,
    /// Articles that point at a place where another stands now.
    pub(super) unlinked: Vec<i64>,
    /// Groups to be made anew.
    pub(super) groups: Vec<i64>,
    pub(super) report: Adopted,
}

type Place = (String, String);

/// The articles and adoptions, by all that they can be named by.
struct Book<'a> {
    articles: &'a [Known],
    by_guid: HashMap<&'a str, usize>,
    by_place: HashMap<(&'a str, &'a str), usize>,
    by_id: HashMap<&'a str, Vec<usize>>,
    noted: &'a [Noted],
    noted_guids: HashMap<&'a str, usize>,
    noted_places: HashMap<(&'a str, &'a str), usize>,
    /// By `source/id` and by bare id of whose they were.
    given: HashMap<String, Vec<usize>>,
}

/// Whose id is taken over.
enum Old {
    Article(usize),
    /// An id that no article here has.
    Elsewhere(String),
}

impl<'a> Book<'a> {
    fn new(articles: &'a [Known], noted: &'a [Noted]) -> Self {
        let mut by_id: HashMap<&str, Vec<usize>> = HashMap::new();
        for (i, a) in articles.iter().enumerate() {
            by_id.entry(&a.source_id).or_default().push(i);
        }
        let mut given: HashMap<String, Vec<usize>> = HashMap::new();
        for (i, n) in noted.iter().enumerate() {
            given.entry(n.guid.clone()).or_default().push(i);
            if let Some((source, id)) = &n.from {
                given.entry(format!("{source}/{id}")).or_default().push(i);
                given.entry(id.clone()).or_default().push(i);
            }
        }
        Self {
            articles,
            by_guid: articles.iter().enumerate().map(|(i, a)| (a.guid.as_str(), i)).collect(),
            by_place: articles
                .iter()
                .enumerate()
                .map(|(i, a)| ((a.source.as_str(), a.source_id.as_str()), i))
                .collect(),
            by_id,
            noted,
            noted_guids: noted.iter().enumerate().map(|(i, n)| (n.guid.as_str(), i)).collect(),
            noted_places: noted
                .iter()
                .enumerate()
                .map(|(i, n)| ((n.source.as_str(), n.source_id.as_str()), i))
                .collect(),
            given,
        }
    }

    fn at(&self, place: &Place) -> Option<usize> {
        self.by_place.get(&(place.0.as_str(), place.1.as_str())).copied()
    }

    /// The source and id that a line's new id means.
    fn target(&self, claim: &Claim, sources: &[String]) -> Result<Place, String> {
        let new = claim.new.as_str();
        if let Some(a) = self.by_guid.get(new).map(|i| &self.articles[*i]) {
            return match &claim.source {
                Some(source) if source != &a.source => {
                    Err(format!("{new:?} is an article of {}, not of {source}", a.source))
                }
                _ => Ok((a.source.clone(), a.source_id.clone())),
            };
        }
        if let Some(source) = &claim.source {
            let place = (source.clone(), new.to_owned());
            let within = new
                .strip_prefix(source.as_str())
                .and_then(|rest| rest.strip_prefix('/'))
                .filter(|id| !id.is_empty());
            return Ok(match within {
                Some(id) if self.at(&place).is_none() => (source.clone(), id.to_owned()),
                _ => place,
            });
        }
        match new.split_once('/') {
            Some((source, id)) if !id.is_empty() && sources.iter().any(|s| s == source) => {
                Ok((source.to_owned(), id.to_owned()))
            }
            _ => match sources {
                [only] => Ok((only.clone(), new.to_owned())),
                _ => Err(format!(
                    "it is not clear which source the new id {new:?} is of: write SOURCE/ID, or name it with --source"
                )),
            },
        }
    }

    /// Whether a line was carried out before: its old place may be another article's by now.
    fn is_done(&self, claim: &Claim, target: &Place) -> bool {
        let is_target = |i: &usize| {
            (&self.noted[*i].source, &self.noted[*i].source_id) == (&target.0, &target.1)
        };
        self.given.get(&claim.old).is_some_and(|all| all.iter().any(is_target))
    }

    fn old(&self, claim: &Claim) -> Result<Old, String> {
        let old = claim.old.as_str();
        let placed = || old.split_once('/').and_then(|place| self.by_place.get(&place));
        if let Some(i) = self.by_guid.get(old).or_else(placed) {
            return Ok(Old::Article(*i));
        }
        match self.by_id.get(old).map(Vec::as_slice) {
            Some([one]) => return Ok(Old::Article(*one)),
            Some(several) => {
                let places: Vec<String> =
                    several.iter().map(|i| format!("{}/{old}", self.articles[*i].source)).collect();
                return Err(format!("{old:?} may be {}: write which", places.join(" or ")));
            }
            None => {}
        }
        if !self.noted_guids.contains_key(old)
            && let Some(n) =
                self.given.get(old).and_then(|all| all.first()).map(|i| &self.noted[*i])
        {
            return Err(format!("the id of {old:?} went to {}/{} before", n.source, n.source_id));
        }
        if is_address(old) {
            return Ok(Old::Elsewhere(old.to_owned()));
        }
        Err(format!(
            "there is no article {old:?} here, and it is no id as readers know them, such as https://… or tag:…"
        ))
    }
}

/// Something with a scheme, or with an address in it as some systems write their ids.
fn is_address(text: &str) -> bool {
    let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    is_scheme || text.contains("://")
}

/// Checks every line, and plans nothing unless all of them can be carried out.
pub(super) fn plan(
    claims: &[Claim],
    sources: &[String],
    articles: &[Known],
    noted: &[Noted],
) -> Result<Plan, Vec<(u64, String)>> {
    let book = Book::new(articles, noted);
    let (mut steps, mut refused, mut report) = (Vec::new(), Vec::new(), Adopted::default());
    let (mut olds, mut news): (HashMap<String, u64>, HashMap<Place, u64>) =
        (HashMap::new(), HashMap::new());
    for claim in claims {
        let step = book.target(claim, sources).and_then(|target| {
            let old = if book.is_done(claim, &target) { None } else { Some(book.old(claim)?) };
            let guid = match &old {
                None => claim.old.clone(),
                Some(Old::Article(i)) => articles[*i].guid.clone(),
                Some(Old::Elsewhere(guid)) => guid.clone(),
            };
            if let Some(line) = olds.get(&guid) {
                return Err(format!("the old id {:?} is there in line {line} already", claim.old));
            }
            if let Some(line) = news.get(&target) {
                return Err(format!("the new id {:?} is there in line {line} already", claim.new));
            }
            olds.insert(guid, claim.line);
            news.insert(target.clone(), claim.line);
            Ok((old, target))
        });
        match step {
            Err(why) => refused.push((claim.line, why)),
            Ok((None, _)) => report.already += 1,
            Ok((Some(Old::Article(i)), target)) if book.at(&target) == Some(i) => {
                report.already += 1
            }
            Ok((Some(old), target)) => steps.push((claim.line, old, target)),
        }
    }
    for (line, _, target) in &steps {
        let taken =
            book.noted_places.get(&(target.0.as_str(), target.1.as_str())).map(|i| &noted[*i]);
        if let Some(n) = taken.filter(|n| !olds.contains_key(&n.guid)) {
            refused.push((
                *line,
                format!("{}/{} took over the id {} before", target.0, target.1, n.guid),
            ));
        }
    }
    if refused.is_empty() {
        Ok(written(&book, steps, report))
    } else {
        refused.sort();
        Err(refused)
    }
}

/// The steps as rows.
fn written(book: &Book<'_>, steps: Vec<(u64, Old, Place)>, report: Adopted) -> Plan {
    let mut plan = Plan { report, ..Plan::default() };
    let leaving: HashMap<usize, Place> = steps
        .iter()
        .filter_map(|(_, old, target)| match old {
            Old::Article(i) => Some((*i, target.clone())),
            Old::Elsewhere(_) => None,
        })
        .collect();
    let (mut groups, mut touched) = (BTreeSet::new(), BTreeSet::new());
    for (_, old, target) in &steps {
        touched.insert(target.0.clone());
        let fresh = book.at(target).filter(|i| !leaving.contains_key(i)).map(|i| &book.articles[i]);
        groups.extend(fresh.map(|f| f.group));
        let (guid, from) = match old {
            Old::Elsewhere(guid) => {
                plan.named.extend(fresh.map(|f| json!({"fresh": f.row, "guid": guid})));
                (guid, None)
            }
            Old::Article(i) => {
                let o = &book.articles[*i];
                groups.insert(o.group);
                touched.insert(o.source.clone());
                match fresh {
                    Some(f) => {
                        plan.merged.push(json!({"old": o.row, "fresh": f.row, "guid": o.guid}))
                    }
                    None => plan
                        .moved
                        .push(json!({"id": o.row, "source": target.0, "source_id": target.1,
                        "translation_of": twin(book, &leaving, o, &target.0)})),
                }
                (&o.guid, Some(o))
            }
        };
        plan.notes.push(json!({"guid": guid, "source": target.0, "source_id": target.1,
            "from_source": from.map(|o| &o.source), "from_id": from.map(|o| &o.source_id)}));
        match (old, fresh) {
            (Old::Elsewhere(_), None) => plan.report.waiting += 1,
            _ => plan.report.adopted += 1,
        }
    }
    let place =
        |i: &usize| (book.articles[*i].source.as_str(), book.articles[*i].source_id.as_str());
    let left: HashSet<(&str, &str)> = leaving.keys().map(place).collect();
    // Who came in under a new id already points at new ids.
    let targets: HashSet<(&str, &str)> =
        steps.iter().map(|(_, _, target)| (target.0.as_str(), target.1.as_str())).collect();
    let stays = |i: &usize| !leaving.contains_key(i) && !targets.contains(&place(i));
    let points = |a: &&Known| {
        a.translation_of.as_deref().is_some_and(|twin| left.contains(&(a.source.as_str(), twin)))
    };
    plan.unlinked = (0..book.articles.len())
        .filter(stays)
        .map(|i| &book.articles[i])
        .filter(points)
        .map(|a| a.row)
        .collect();
    plan.groups = groups.into_iter().filter(|g| *g > 0).collect();
    plan.report.sources = touched.into_iter().collect();
    plan
}

/// Where the article that a moved one translates is now, if it went to the same source.
fn twin(
    book: &Book<'_>,
    leaving: &HashMap<usize, Place>,
    o: &Known,
    source: &str,
) -> Option<String> {
    let twin = o.translation_of.clone()?;
    let (to, id) = leaving.get(&book.at(&(o.source.clone(), twin))?)?;
    (to == source).then(|| id.clone())
}

#[cfg(test)]
mod tests;
