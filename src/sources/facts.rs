//! Properties of a source for `courant sources check`.

use std::collections::BTreeMap;

use crate::config::{Ids, Members, Source, SourceKind};
use crate::domain::time::zone_name;

/// Result of inspecting a source without its articles.
#[derive(Debug)]
pub(super) struct SourceFacts {
    /// Detected and configured properties of the source: name and value.
    pub(super) facts: Vec<(&'static str, String)>,
    /// Number of entries that are not public articles, by description.
    pub(super) left_out: BTreeMap<String, usize>,
}

/// Returns the configured properties that matter for the kind of source.
pub(super) fn configured_facts(source: &Source) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    if !source.site_url.is_empty() {
        facts.push(("site", source.site_url.clone()));
    }
    facts.push(("time zone", zone_name(&source.timezone)));
    match source.kind {
        SourceKind::Ghost => {
            let patterns: Vec<&str> = match source.collections.as_slice() {
                [] => vec![&source.permalinks],
                several => several.iter().map(|one| one.permalink.as_str()).collect(),
            };
            facts.push(("permalinks", patterns.join(", ")));
            let members = match source.members {
                Members::Hidden => "hidden",
                Members::Preview => "previews",
                Members::Full => "in full",
            };
            facts.push(("for members", members.to_owned()));
        }
        SourceKind::Drupal => facts.push(("content types", source.content_types.join(", "))),
        SourceKind::Query | SourceKind::Builtin | SourceKind::WordPress => {}
    }
    facts.extend(source.article_url.clone().map(|pattern| ("permalinks", pattern)));
    facts.push(ids_fact(source));
    facts
}

/// Returns the property `ids`: the kind of ids that articles have.
pub(super) fn ids_fact(source: &Source) -> (&'static str, String) {
    let description = match source.ids {
        Ids::Ours => "Courant's own",
        Ids::SiteFeed => "those of the site's own feed",
    };
    ("ids", description.to_owned())
}
