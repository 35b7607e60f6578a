//! Reads a list of the store page by page.

use crate::domain::page::{MAX_PAGE_SIZE, Page, PageRequest};
use crate::store::StoreResult;

/// Returns the first `limit` rows of a list, or all, from as many pages as they need.
pub(crate) async fn collect<T>(
    limit: Option<usize>,
    list: impl AsyncFn(PageRequest) -> StoreResult<Page<T>>,
) -> anyhow::Result<Vec<T>> {
    let limit = limit.unwrap_or(usize::MAX);
    let (mut rows, mut request) = (Vec::new(), PageRequest::first(limit.min(MAX_PAGE_SIZE)));
    while request.limit > 0 {
        let page = list(request).await?;
        rows.extend(page.items);
        let Some(next) = page.next else { break };
        let remaining = limit.saturating_sub(rows.len()).min(MAX_PAGE_SIZE);
        request = PageRequest { limit: remaining, after: Some(next) };
    }
    Ok(rows)
}
