//! Contents of previews and test e-mails: the next edition, sample articles or an earlier edition.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};

use super::compose::{Story, group_into_stories, has_chosen_section, language_for};
use super::context::DigestContext;
use super::mail_size::{MailSize, render_within_limit};
use super::unsent::unsent_stories;
use super::variants::template_context;
use crate::config::Digest;
use crate::domain::left_out::{ExclusionReason, LeftOut};
use crate::domain::site_urls::SiteUrls;
use crate::domain::time::Millis;
use crate::mail::payload::Placeholders;
use crate::mail::precompiled::fill_variant;
use crate::store::deliveries::Variant;
use crate::templates::mail::SubscriberContext;
use crate::templates::{DigestMailContext, RenderedMail, TemplateSnapshot};

/// Content of a preview or test e-mail.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PreviewContent {
    /// The articles that an edition would contain now.
    #[default]
    Next,
    /// The newest selected articles, even if they were sent or are too old; the sample articles of
    /// the templates if there are none.
    Sample,
    /// An edition as it was rendered.
    Edition(i64),
    /// The newest edition of the digest as it was rendered.
    Last,
}

/// Person to whom a preview or test e-mail is addressed.
#[derive(Debug, Clone, Default)]
pub(super) struct PreviewRecipient {
    /// Language of the person; empty if it is not known.
    pub(super) language: String,
    /// Sections that the person chose; empty for all.
    pub(super) sections: Vec<String>,
    /// Name of the person; may be empty.
    pub(super) name: String,
    /// Address in the mail.
    pub(super) address: String,
    /// Unsubscribe link in the mail.
    pub(super) unsubscribe_url: String,
    /// Tags of the person.
    pub(super) tags: Vec<String>,
    /// Values of the person's attributes, by name.
    pub(super) attributes: BTreeMap<String, serde_json::Value>,
}

/// Rendered mail of a preview, with its numbers.
pub(super) struct RenderedPreview {
    /// Rendered parts of the mail.
    pub(super) mail: RenderedMail,
    /// Number of stories in the mail; for an edition, in the whole edition.
    pub(super) stories: usize,
    /// Size of the mail.
    pub(super) size: MailSize,
    /// Number of articles that are not in the mail, by reason; empty for an edition or a sample.
    pub(super) left_out: LeftOut,
}

impl RenderedPreview {
    /// Renders the chosen content for a recipient.
    ///
    /// # Errors
    /// One sentence if the edition does not exist or is one of another digest, or if the template
    /// cannot be rendered.
    pub(super) async fn render(
        ctx: DigestContext<'_>,
        digest: &Digest,
        content: PreviewContent,
        recipient: &PreviewRecipient,
        now: Millis,
    ) -> anyhow::Result<Self> {
        match content {
            PreviewContent::Next => Self::of_next(ctx, digest, recipient, now).await,
            PreviewContent::Sample => Self::of_sample(ctx, digest, recipient, now).await,
            PreviewContent::Edition(id) => Self::of_edition(ctx, digest, recipient, id).await,
            PreviewContent::Last => {
                let last = ctx.store.editions().last_of(&digest.name).await?;
                let id = last.with_context(|| {
                    format!("the digest {} has no edition yet; use --sample", digest.name)
                })?;
                Self::of_edition(ctx, digest, recipient, id).await
            }
        }
    }

    async fn of_next(
        ctx: DigestContext<'_>,
        digest: &Digest,
        recipient: &PreviewRecipient,
        now: Millis,
    ) -> anyhow::Result<Self> {
        let stories = unsent_stories(ctx, digest, now, now).await?;
        let mut left_out = left_out(ctx, digest, &stories, now).await?;
        let not_chosen =
            stories.iter().filter(|s| !has_chosen_section(s, &recipient.sections)).count();
        left_out.add(ExclusionReason::SectionNotChosen, u64::try_from(not_chosen)?);
        let content = Self::of_stories(ctx, digest, &stories, recipient, now).await?;
        Ok(Self { left_out, ..content })
    }

    async fn of_sample(
        ctx: DigestContext<'_>,
        digest: &Digest,
        recipient: &PreviewRecipient,
        now: Millis,
    ) -> anyhow::Result<Self> {
        let limit = digest.max_articles.saturating_add(SAMPLE_LIST_ENTRIES);
        let newest = ctx.store.feed_items().newest_articles(&digest.selection, now, limit).await?;
        let ids: Vec<i64> = newest.iter().map(|a| a.story).collect();
        let members = ctx.store.stories().members(&ids, now).await?;
        let stories = group_into_stories(newest, members);
        if !stories.is_empty() {
            return Self::of_stories(ctx, digest, &stories, recipient, now).await;
        }
        let language = language_for(&digest.languages, &recipient.language);
        let empty = template_context(ctx, digest, &stories, &language, &[], now);
        let sample = DigestMailContext::sample_in(&language);
        let mut edition = empty.edition.clone();
        edition.count = sample.lead.len() + sample.more.len();
        let context = DigestMailContext { edition, lead: sample.lead, more: sample.more, ..empty };
        Self::of_context(ctx, digest, context, recipient).await
    }

    async fn of_stories(
        ctx: DigestContext<'_>,
        digest: &Digest,
        stories: &[Story],
        recipient: &PreviewRecipient,
        now: Millis,
    ) -> anyhow::Result<Self> {
        let language = language_for(&digest.languages, &recipient.language);
        let context = template_context(ctx, digest, stories, &language, &recipient.sections, now);
        Self::of_context(ctx, digest, context, recipient).await
    }

    async fn of_context(
        ctx: DigestContext<'_>,
        digest: &Digest,
        mut context: DigestMailContext,
        recipient: &PreviewRecipient,
    ) -> anyhow::Result<Self> {
        context.subscriber = SubscriberContext {
            name: recipient.name.clone(),
            address: recipient.address.clone(),
            unsubscribe_url: recipient.unsubscribe_url.clone(),
            tags: recipient.tags.clone(),
            attributes: recipient.attributes.clone(),
        };
        let template = digest.template.clone();
        let stories = context.edition.count;
        let (mail, size) = ctx
            .templates
            .run_on_pool(move |templates| {
                let mail = render_within_limit(templates, &template, &mut context)?;
                let size = MailSize::new(&mail, &context);
                anyhow::Ok((mail, size))
            })
            .await??;
        Ok(Self { mail, stories, size, left_out: LeftOut::default() })
    }

    async fn of_edition(
        ctx: DigestContext<'_>,
        digest: &Digest,
        recipient: &PreviewRecipient,
        id: i64,
    ) -> anyhow::Result<Self> {
        let edition = ctx.store.editions().get(id).await?;
        ensure!(
            edition.digest == digest.name,
            "edition {id} belongs to the digest {}; use `courant digests preview {0} --edition {id}`",
            edition.digest
        );
        let variants = ctx.store.editions().variants(id).await?;
        let languages: Vec<String> = variants.iter().map(|(_, v)| v.language.clone()).collect();
        let language = language_for(&languages, &recipient.language);
        let sections = serde_json::to_string(&recipient.sections)?;
        let of_language = |chosen: &str| {
            variants.iter().find(|(sections, v)| v.language == language && sections == chosen)
        };
        let first = || variants.iter().find(|(_, v)| v.language == language);
        let (_, variant) = of_language(&sections)
            .or_else(|| of_language("[]"))
            .or_else(first)
            .with_context(|| format!("edition {id} has no rendered variant"))?;
        let mail = filled(ctx, variant, recipient).await?;
        let stories = ctx.store.editions().articles(id).await?.len();
        let size = MailSize { html_bytes: mail.html.len(), unlisted_count: 0 };
        Ok(Self { mail, stories, size, left_out: LeftOut::default() })
    }
}

/// Number of sample articles beyond `max_articles`, so that a sample also has a list of links.
const SAMPLE_LIST_ENTRIES: usize = 3;

/// Returns the numbers of articles that an edition of these stories at a time leaves out.
pub(super) async fn left_out(
    ctx: DigestContext<'_>,
    digest: &Digest,
    stories: &[Story],
    at: Millis,
) -> anyhow::Result<LeftOut> {
    let included = stories.iter().map(Story::candidate_count).sum();
    Ok(ctx.store.digests().left_out(&digest.name, &digest.selection, included, at).await?)
}

/// Returns a stored variant with the values of a sample person.
///
/// # Errors
/// If the stored template cannot be rendered.
pub async fn sample_of_variant(
    ctx: DigestContext<'_>,
    variant: &Variant,
) -> anyhow::Result<RenderedMail> {
    let recipient = PreviewRecipient {
        name: "Ada Reader".to_owned(),
        address: "reader@example.org".to_owned(),
        unsubscribe_url: SiteUrls(&ctx.config.site.base_url).unsubscribe("preview"),
        ..PreviewRecipient::default()
    };
    filled(ctx, variant, &recipient).await
}

/// Returns a stored variant with the values of a recipient.
async fn filled(
    ctx: DigestContext<'_>,
    variant: &Variant,
    recipient: &PreviewRecipient,
) -> anyhow::Result<RenderedMail> {
    let PreviewRecipient { name, address, unsubscribe_url, .. } = recipient.clone();
    if let Some(json) = &variant.template_snapshot {
        let snapshot = TemplateSnapshot::parse(json)?;
        let PreviewRecipient { tags, attributes, .. } = recipient.clone();
        let subscriber = SubscriberContext { name, address, unsubscribe_url, tags, attributes };
        return ctx.templates.run_on_pool(move |_| snapshot.render(subscriber)).await?;
    }
    let mail = RenderedMail {
        subject: variant.subject.clone(),
        html: variant.html.clone(),
        text: variant.text.clone(),
    };
    let placeholders = Placeholders::new(&ctx.store_identity.secret);
    Ok(fill_variant(&mail, &placeholders, &name, &address, &unsubscribe_url))
}
