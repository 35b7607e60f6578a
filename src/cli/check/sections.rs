//! Names of sections in the configuration that no article has.

use crate::app::App;
use crate::domain::selection::normalize_term;

/// Maximum number of existing sections that a sentence lists.
const MAX_LISTED_SECTIONS: usize = 20;

/// Sentences about sections that no article has; none while no article has a section.
#[derive(Debug, Default)]
pub(super) struct UnknownSections {
    /// One sentence for each name that the subscription page would have to offer.
    pub(super) offered: Vec<String>,
    /// One sentence for each name that has translations.
    pub(super) translated: Vec<String>,
}

/// Compares the sections of the configuration with those of the articles.
pub(super) async fn unknown(app: &App) -> anyhow::Result<UnknownSections> {
    let known = app.store.articles().sections().await?;
    if known.is_empty() {
        return Ok(UnknownSections::default());
    }
    let is_unknown =
        |name: &&String| !known.iter().any(|other| normalize_term(other) == normalize_term(name));
    let list = known.iter().take(MAX_LISTED_SECTIONS).cloned().collect::<Vec<_>>().join(", ");
    let more = if known.len() > MAX_LISTED_SECTIONS { ", …" } else { "" };
    let sentence = |key: &str, name: &String| {
        format!("{key}: no article is in the section `{name}`; existing sections: {list}{more}")
    };
    let mut unknown = UnknownSections::default();
    for digest in &app.config.digests {
        let key = format!("digest {}: `offer_sections`", digest.name);
        let names = digest.offer_sections.iter().filter(is_unknown);
        unknown.offered.extend(names.map(|name| sentence(&key, name)));
    }
    let names = app.config.sections.iter().map(|section| &section.name).filter(is_unknown);
    unknown.translated.extend(names.map(|name| sentence("[[sections]]", name)));
    Ok(unknown)
}
