//! Languages of the site's content, which decide in which languages its pages are offered.

use std::collections::BTreeSet;
use std::sync::Arc;

use arc_swap::ArcSwapOption;

use crate::app::App;
use crate::domain::language;

/// Catalogs for the languages of the site, computed again after a feed document changed.
#[derive(Debug, Default)]
pub(super) struct SiteLanguages {
    cached: ArcSwapOption<(u64, BTreeSet<String>)>,
}

impl SiteLanguages {
    /// Returns the codes of the catalogs for all languages of the site; never empty.
    pub(super) fn codes(&self, app: &App) -> BTreeSet<String> {
        let version = *app.feed_cache.document_changes().borrow();
        if let Some(cached) = self.cached.load().as_deref().filter(|(at, _)| *at == version) {
            return cached.1.clone();
        }
        let codes = catalog_codes(app);
        self.cached.store(Some(Arc::new((version, codes.clone()))));
        codes
    }
}

/// Returns the catalogs for the languages of the configuration and of the articles in public feeds.
fn catalog_codes(app: &App) -> BTreeSet<String> {
    let config = &app.config;
    let templates = &app.templates;
    let mut codes = BTreeSet::from([templates.catalog_code(&config.site.language).to_owned()]);
    let mut add = |tag: &str| {
        let code = templates.catalog_code(tag);
        // A language without a catalog falls back to English, which the site may not have.
        if language::primary(code).eq_ignore_ascii_case(language::primary(tag)) {
            codes.insert(code.to_owned());
        }
    };
    config.site.titles.languages().for_each(&mut add);
    let digests = config.digests.iter().flat_map(|digest| &digest.languages);
    digests.for_each(|tag| add(tag));
    for feed in config.public_feeds() {
        feed.selection.languages.iter().for_each(|tag| add(tag));
        let summary = app.feed_cache.summary(feed).filter(|summary| summary.count > 0);
        summary.iter().flat_map(|summary| &summary.languages).for_each(|tag| add(tag));
    }
    codes
}
