//! Segments: the number of subscribers whom each selects.

use anyhow::Context as _;

use crate::config::{Config, Segment};
use crate::domain::filter;
use crate::store::Store;
use crate::store::subscriber_lists::SubscriberQuery;

/// Returns the number of subscribers whom a segment selects now; in a large list, within the last minute.
///
/// # Errors
/// A [`FilterError`](filter::FilterError) with the name of the segment if its filter is not valid with the
/// attributes of the database; that of the database if this fails.
pub async fn count_subscribers(
    store: &Store,
    config: &Config,
    segment: &Segment,
) -> anyhow::Result<i64> {
    let names = config.filter_names(Some(store.attributes().types().await?));
    let condition = filter::compile_segment(&segment.filter.text, &names)
        .with_context(|| format!("segment {}", segment.name))?;
    let query = SubscriberQuery::of(condition);
    Ok(store.subscribers().count_recently(&query).await?)
}
