//! Audience of a digest: its confirmed subscribers who fulfil the filter of the configuration.

use anyhow::anyhow;

use super::context::DigestContext;
use crate::config::Digest;
use crate::domain::filter::{self, Condition};

/// Returns the condition that the subscribers of a digest fulfil to receive it.
///
/// # Errors
/// The filter uses an attribute that does not exist any more. Nobody then receives an edition, because
/// it is not clear who should.
pub(super) async fn condition(
    ctx: DigestContext<'_>,
    digest: &Digest,
) -> anyhow::Result<Condition> {
    let filter = &digest.audience.text;
    if filter.trim().is_empty() {
        return Ok(Condition::All(Vec::new()));
    }
    let names = ctx.config.filter_names(Some(ctx.store.attributes().types().await?));
    filter::compile(filter, &names).map_err(|e| anyhow!("`audience`: {e}"))
}

/// Returns the number of subscribers who would receive an edition that is created now, apart from those
/// whose chosen sections have no articles.
pub async fn audience_size(ctx: DigestContext<'_>, digest: &Digest) -> anyhow::Result<i64> {
    let condition = condition(ctx, digest).await?;
    Ok(ctx.store.editions().audience_size(&digest.name, &condition).await?)
}
