//! Audience of a digest: its confirmed subscribers who fulfil the filter of the configuration.

use anyhow::anyhow;

use super::compose::Story;
use super::context::DigestContext;
use super::variants::choices_with_stories;
use crate::config::Digest;
use crate::domain::filter::{self, Condition};
use crate::store::audience::AudienceGroup;

/// Audience of an edition that is about to be created.
pub(super) struct Audience {
    /// Condition that its subscribers fulfil.
    pub(super) condition: Condition,
    /// Languages and chosen sections of the confirmed subscribers of the digest.
    pub(super) groups: Vec<AudienceGroup>,
}

impl Audience {
    /// Reads the audience of a digest.
    pub(super) async fn read(ctx: DigestContext<'_>, digest: &Digest) -> anyhow::Result<Self> {
        let condition = condition(ctx, digest).await?;
        let groups = ctx.store.editions().audience_groups(&digest.name).await?;
        Ok(Self { condition, groups })
    }

    /// Returns `true` if somebody would receive one of these stories.
    pub(super) async fn has_recipients(
        &self,
        ctx: DigestContext<'_>,
        digest: &Digest,
        stories: &[Story],
    ) -> anyhow::Result<bool> {
        let choices = choices_with_stories(digest, stories, &self.groups)?;
        Ok(ctx.store.editions().has_audience(&digest.name, &self.condition, choices).await?)
    }
}

/// Returns the condition that the subscribers of a digest fulfil to receive it.
///
/// # Errors
/// The filter uses an attribute that does not exist any more. Nobody then receives an edition, because
/// it is not clear who should.
async fn condition(ctx: DigestContext<'_>, digest: &Digest) -> anyhow::Result<Condition> {
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
