//! Sections of the subscription page: names in the configuration that no article has, and too many.

use crate::app::App;
use crate::domain::selection::normalize_term;

/// Maximum number of existing sections that a sentence lists.
const MAX_LISTED_SECTIONS: usize = 20;

/// Maximum number of sections from which visitors of the subscription page can choose easily.
const MAX_CLEAR_SECTIONS: usize = 15;

/// Sentences about sections; none while no article has a section.
#[derive(Debug, Default)]
pub(super) struct SectionFindings {
    /// One sentence for each name that the subscription page would have to offer.
    pub(super) offered: Vec<String>,
    /// One sentence for each name that has translations, and for a page with too many sections.
    pub(super) warnings: Vec<String>,
}

/// Compares the sections of the configuration with those of the articles.
pub(super) async fn check(app: &App) -> anyhow::Result<SectionFindings> {
    let known = app.store.articles().sections().await?;
    if known.is_empty() {
        return Ok(SectionFindings::default());
    }
    let is_unknown =
        |name: &&String| !known.iter().any(|other| normalize_term(other) == normalize_term(name));
    let list = known.iter().take(MAX_LISTED_SECTIONS).cloned().collect::<Vec<_>>().join(", ");
    let more = if known.len() > MAX_LISTED_SECTIONS { ", …" } else { "" };
    let sentence = |key: &str, name: &String| {
        format!("{key}: no article is in the section `{name}`; existing sections: {list}{more}")
    };
    let mut findings = SectionFindings::default();
    for digest in &app.config.digests {
        let key = format!("digest {}: `offer_sections`", digest.name);
        let names = digest.offer_sections.iter().filter(is_unknown);
        findings.offered.extend(names.map(|name| sentence(&key, name)));
    }
    let names = app.config.sections.iter().map(|section| &section.name).filter(is_unknown);
    findings.warnings.extend(names.map(|name| sentence("[[sections]]", name)));
    let offered = app.config.offered_sections(known.clone()).len();
    if offered > MAX_CLEAR_SECTIONS {
        findings.warnings.push(format!(
            "the subscription page offers {offered} sections, which are hard to choose from; name fewer in `offer_sections` of each digest"
        ));
    }
    Ok(findings)
}
