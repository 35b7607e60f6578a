//! Cache of the names of all sections.

use std::sync::Arc;

use arc_swap::ArcSwapOption;

use crate::store::{Store, StoreResult};

/// Cache of the sections of all articles, queried again only after an article changed because the
/// query scans all articles.
#[derive(Debug, Default)]
pub(super) struct SectionCache {
    cached: ArcSwapOption<(i64, Arc<Vec<String>>)>,
}

impl SectionCache {
    /// Returns the names of all sections, sorted by bytes.
    pub(super) async fn sections(&self, store: &Store) -> StoreResult<Arc<Vec<String>>> {
        let version = store.article_changes().version().await?;
        if let Some(cached) = self.cached.load().as_deref().filter(|(at, _)| *at == version) {
            return Ok(Arc::clone(&cached.1));
        }
        let sections = Arc::new(store.articles().sections().await?);
        self.cached.store(Some(Arc::new((version, Arc::clone(&sections)))));
        Ok(sections)
    }
}
