//! The next edition of a digest before it is created: its articles and the size of its mail.

use super::compose::Story;
use super::context::DigestContext;
use super::mail_size::{MailSize, render_within_limit};
use super::preview_content::left_out;
use super::unsent::unsent_stories;
use super::variants::template_context;
use crate::config::Digest;
use crate::domain::article::Article;
use crate::domain::left_out::LeftOut;
use crate::domain::time::Millis;

/// Content of the next edition of a digest.
#[derive(Debug, Clone, Default)]
pub struct NextEdition {
    /// Articles in the digest's first language, newest first.
    pub articles: Vec<Article>,
    /// Size of the longest mail among the digest's languages.
    pub size: MailSize,
    /// Number of articles that the edition leaves out, by reason.
    pub left_out: LeftOut,
}

/// Returns the content of an edition of a digest dated `at`.
pub async fn next_edition(
    ctx: DigestContext<'_>,
    digest: &Digest,
    at: Millis,
    now: Millis,
) -> anyhow::Result<NextEdition> {
    let stories = unsent_stories(ctx, digest, at, now).await?;
    let languages = match digest.languages.as_slice() {
        [] => std::slice::from_ref(&ctx.config.site.language),
        languages => languages,
    };
    let size = longest_mail(ctx, digest, &stories, languages, at).await?;
    let left_out = left_out(ctx, digest, &stories, at).await?;
    let articles = stories.iter().map(|s| s.article_for(&languages[0]).clone()).collect();
    Ok(NextEdition { articles, size, left_out })
}

/// Returns the size of the longest mail among the languages of a digest, with all sections.
async fn longest_mail(
    ctx: DigestContext<'_>,
    digest: &Digest,
    stories: &[Story],
    languages: &[String],
    at: Millis,
) -> anyhow::Result<MailSize> {
    let mut longest = MailSize::default();
    if stories.is_empty() {
        return Ok(longest);
    }
    for language in languages {
        let mut context = template_context(ctx, digest, stories, language, &[], at);
        let template = digest.template.clone();
        let size = ctx
            .templates
            .run_on_pool(move |templates| {
                let mail = render_within_limit(templates, &template, &mut context)?;
                anyhow::Ok(MailSize::new(&mail, &context))
            })
            .await??;
        longest = longest.max(size);
    }
    Ok(longest)
}
