//! Resolves a selector to its feed: a declared one, or the on-demand feed of a section, tag, author,
//! language or combination of them.

use std::collections::BTreeSet;

use super::request::{FEED_TERM_KINDS, FeedSelector};
use crate::config::{Config, Content, Feed, SectionTitles};
use crate::domain::language;
use crate::domain::selection::{Selection, TermKind, normalize_term};
use crate::domain::time::Millis;
use crate::domain::translations::Translations;
use crate::store::{Store, StoreResult};

/// Maximum number of articles in an on-demand feed of the whole site.
const ITEMS_PER_ON_DEMAND_FEED: usize = 50;

/// Returns the feed of a selector. Returns `None` if the configuration has no feed of that name, or
/// if no article has ever had one of the terms.
pub async fn resolve(
    store: &Store,
    config: &Config,
    selector: &FeedSelector,
    now: Millis,
) -> StoreResult<Option<Feed>> {
    let Some(base) = base_feed(config, selector) else { return Ok(None) };
    if selector.terms == Selection::default() {
        return Ok(Some(base));
    }
    let Some(selection) =
        intersect(&base.selection, &selector.terms).filter(|_| config.server.on_demand)
    else {
        return Ok(None);
    };
    let mut names = Vec::new();
    for kind in FEED_TERM_KINDS {
        for term in selector.terms.list(kind) {
            let Some(name) = store.terms().name_of(kind, term, now).await? else { return Ok(None) };
            names.push((kind, name));
        }
    }
    let plain: Vec<&str> = names.iter().map(|(_, name)| name.as_str()).collect();
    let name = FeedSelector { secret: None, ..selector.clone() }.path();
    Ok(Some(Feed {
        title: format!("{}: {}", base.title, plain.join(", ")),
        titles: narrowed_titles(config, &base, &names),
        name,
        selection,
        aliases: Vec::new(),
        ..base
    }))
}

/// Returns the translations of an on-demand feed's title: in each language that its base or one of
/// its sections is translated into.
fn narrowed_titles(config: &Config, base: &Feed, names: &[(TermKind, String)]) -> Translations {
    let is_chosen = |section: &&SectionTitles| {
        let wanted = normalize_term(&section.name);
        names
            .iter()
            .any(|(kind, name)| *kind == TermKind::Section && normalize_term(name) == wanted)
    };
    let sections = config.sections.iter().filter(is_chosen);
    let languages: BTreeSet<&str> =
        sections.flat_map(|s| s.titles.languages()).chain(base.titles.languages()).collect();
    let title = |tag: &str| {
        let name = |(kind, name): &(TermKind, String)| match kind {
            TermKind::Section => config.section_title(name, tag).to_owned(),
            TermKind::Tag | TermKind::Author | TermKind::Language | TermKind::Source => {
                name.clone()
            }
        };
        let names: Vec<String> = names.iter().map(name).collect();
        let (colon, comma) =
            if language::primary(tag) == "zh" { ("：", "、") } else { (": ", ", ") };
        format!("{}{colon}{}", base.title_in(tag), names.join(comma))
    };
    let titles = languages.into_iter().map(|tag| (tag.to_owned(), title(tag))).collect();
    Translations::new(&config.site.language, titles)
}

/// Returns the feed that the terms narrow: a declared one, or all articles of the site.
fn base_feed(config: &Config, selector: &FeedSelector) -> Option<Feed> {
    match &selector.feed_name {
        Some(name) => config
            .feeds
            .iter()
            .find(|feed| feed.name == *name && feed.secret == selector.secret)
            .cloned(),
        None if selector.terms == Selection::default() => None,
        None => {
            let all = Feed::on_demand(
                String::new(),
                Selection::default(),
                ITEMS_PER_ON_DEMAND_FEED,
                Content::Full,
            );
            let site = &config.site;
            Some(Feed { title: site.title.clone(), titles: site.titles.clone(), ..all })
        }
    }
}

/// Returns the intersection of two selections; `None` if a single selection cannot express it.
fn intersect(selection: &Selection, terms: &Selection) -> Option<Selection> {
    let mut intersection = selection.clone();
    for kind in FEED_TERM_KINDS {
        let (own, wanted) = (selection.list(kind), terms.list(kind));
        if !wanted.is_empty() {
            let is_selected =
                |wanted: &String| own.iter().any(|name| normalize_term(name) == *wanted);
            if !own.is_empty() && !wanted.iter().all(is_selected) {
                return None;
            }
            *intersection.list_mut(kind) = wanted.to_vec();
        }
    }
    Some(intersection)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(kind: TermKind, name: &str) -> Selection {
        let mut terms = Selection::default();
        terms.list_mut(kind).push(name.to_owned());
        terms
    }

    #[test]
    fn terms_narrow_a_feed_and_never_widen_it() {
        let jobs = Selection { tags: vec!["Jobs".into(), "Grants".into()], ..Selection::default() };
        let narrowed_by =
            |tag: &str| intersect(&jobs, &only(TermKind::Tag, tag)).map(|selection| selection.tags);
        assert_eq!(narrowed_by("jobs"), Some(vec!["jobs".to_owned()]));
        assert_eq!(narrowed_by("sport"), None);
        assert_eq!(intersect(&jobs, &only(TermKind::Language, "zh")).unwrap().tags, jobs.tags);
    }
}
