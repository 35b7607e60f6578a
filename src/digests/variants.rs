//! Variants: renders an edition once per language and set of chosen sections, with placeholders for
//! the subscriber's values.

use std::collections::BTreeSet;

use super::compose::{Story, has_chosen_section, language_for};
use super::context::DigestContext;
use super::mail_size::render_within_limit;
use anyhow::anyhow;

use crate::config::Digest;
use crate::domain::article::Article;
use crate::domain::bare_urls::abbreviate_urls;
use crate::domain::shorten::{
    MAX_AUTHORS, MAX_NAME_CHARS, MAX_SUMMARY_CHARS, MAX_TITLE_CHARS, shorten,
};
use crate::domain::site_urls::SiteUrls;
use crate::domain::subject::{self, SubjectValues};
use crate::domain::time::Millis;
use crate::mail::digest_texts::site_context;
use crate::mail::payload::Placeholders;
use crate::mail::precompiled::can_precompile;
use crate::store::audience::AudienceGroup;
use crate::store::edition_creation::{NewVariant, VariantAssignment};
use crate::templates::mail::{
    DigestSummary, EditionContext, LeadArticle, MoreArticle, SubscriberContext,
};
use crate::templates::{DigestMailContext, RenderedMail, Templates, date_text};

/// Returns the choices of sections in the audience, as JSON lists, for which there is a story.
pub(super) fn choices_with_stories(
    digest: &Digest,
    stories: &[Story],
    audience: &[AudienceGroup],
) -> anyhow::Result<BTreeSet<String>> {
    let mut choices = BTreeSet::new();
    for group in audience {
        let (_, sections) = variant_key(digest, group)?;
        if stories.iter().any(|story| has_chosen_section(story, &sections)) {
            choices.insert(group.sections.clone());
        }
    }
    Ok(choices)
}

/// Renders each variant that has an audience and assigns the audience groups. Groups whose sections
/// have no stories get none.
pub(super) async fn render(
    ctx: DigestContext<'_>,
    digest: &Digest,
    stories: &[Story],
    audience: &[AudienceGroup],
    at: Millis,
) -> anyhow::Result<(Vec<NewVariant>, Vec<VariantAssignment>)> {
    let mut variant_keys: BTreeSet<(String, Vec<String>)> = BTreeSet::new();
    let mut assigned = Vec::new();
    for group in audience {
        let (language, sections) = variant_key(digest, group)?;
        assigned.push(VariantAssignment {
            subscriber_language: group.language.clone(),
            chosen_sections: group.sections.clone(),
            variant_language: language.clone(),
        });
        if stories.iter().any(|s| has_chosen_section(s, &sections)) {
            variant_keys.insert((language, sections));
        }
    }
    let first = language_for(&digest.languages, "");
    assigned.push(VariantAssignment {
        subscriber_language: "*".into(),
        chosen_sections: "[]".into(),
        variant_language: first.clone(),
    });
    // The full edition in the first language is always rendered: subscribers whose language and
    // sections have no assignment receive it.
    variant_keys.insert((first, Vec::new()));
    let mut variants = Vec::with_capacity(variant_keys.len());
    for (language, sections) in variant_keys {
        let unrendered = UnrenderedVariant {
            template: digest.template.clone(),
            context: template_context(ctx, digest, stories, &language, &sections, at),
            placeholders: Placeholders::new(&ctx.store_identity.secret),
            link: SiteUrls(&ctx.config.site.base_url).unsubscribe("placeholder"),
        };
        let (mail, template_snapshot) =
            ctx.templates.run_on_pool(move |templates| unrendered.render(templates)).await??;
        variants.push(NewVariant {
            template_snapshot,
            sections: serde_json::to_string(&sections)?,
            language,
            subject: mail.subject,
            html: mail.html,
            text: mail.text,
        });
    }
    Ok((variants, assigned))
}

/// Variant that is not rendered yet, with everything that a rendering thread needs.
struct UnrenderedVariant {
    template: String,
    context: DigestMailContext,
    placeholders: Placeholders,
    /// An unsubscribe URL like those of the subscribers.
    link: String,
}

impl UnrenderedVariant {
    /// Renders the variant, and returns a snapshot of its template if filling the placeholders does
    /// not equal rendering it per recipient.
    fn render(mut self, templates: &Templates) -> anyhow::Result<(RenderedMail, Option<String>)> {
        let mail = render_within_limit(templates, &self.template, &mut self.context)?;
        let is_per_recipient = templates.uses_subscriber_in_logic(&self.template)
            || !self.placeholders_suffice(templates, &mail)?;
        let snapshot = is_per_recipient
            .then(|| templates.snapshot(&self.template, &self.context))
            .transpose()?;
        Ok((mail, snapshot))
    }

    fn placeholders_suffice(
        &self,
        templates: &Templates,
        mail: &RenderedMail,
    ) -> anyhow::Result<bool> {
        can_precompile(mail, &self.placeholders, &self.link, |values| {
            let [name, address, unsubscribe_url] = values.map(str::to_owned);
            let subscriber = SubscriberContext {
                name,
                address,
                unsubscribe_url,
                ..SubscriberContext::default()
            };
            let context = DigestMailContext { subscriber, ..self.context.clone() };
            templates.render_digest(&self.template, &context)
        })
    }
}

/// Returns the template context, with placeholders for the subscriber's values.
pub(super) fn template_context(
    ctx: DigestContext<'_>,
    digest: &Digest,
    stories: &[Story],
    language: &str,
    sections: &[String],
    at: Millis,
) -> DigestMailContext {
    let chosen = stories.iter().filter(|s| has_chosen_section(s, sections));
    let articles: Vec<&Article> = chosen.map(|s| s.article_for(language)).collect();
    let (lead, more) = articles.split_at(articles.len().min(digest.max_articles));
    let day =
        |time: Millis| date_text(digest.timezone.to_datetime(time.timestamp()).date(), language);
    let authors = |a: &Article| {
        a.authors.iter().take(MAX_AUTHORS).map(|name| shorten(name, MAX_NAME_CHARS)).collect()
    };
    let placeholders = Placeholders::new(&ctx.store_identity.secret);
    let site = &ctx.config.site;
    let section = |article: &Article| {
        let name = article.sections.first()?;
        Some(shorten(ctx.config.section_title(name, language), MAX_NAME_CHARS))
    };
    let subject = configured_subject(ctx, digest, &articles, language, &day(at));
    DigestMailContext {
        site: site_context(site, language),
        digest: DigestSummary {
            name: digest.name.clone(),
            title: digest.title_in(language).to_owned(),
        },
        language: language.to_owned(),
        edition: EditionContext {
            date_text: day(at),
            count: articles.len(),
            subject,
            ..EditionContext::default()
        },
        lead: lead
            .iter()
            .map(|a| LeadArticle {
                title: shorten(&a.title, MAX_TITLE_CHARS),
                url: a.url.clone(),
                summary: shorten(&abbreviate_urls(&a.summary), MAX_SUMMARY_CHARS),
                section: section(a),
                authors: authors(a),
                date_text: day(a.published_at),
                image_url: a.image_url.clone(),
                image_alt: a.image_alt.clone().unwrap_or_default(),
                image_width: shown_width(a.image_width, a.image_height),
                language: a.language.clone(),
            })
            .collect(),
        more: more
            .iter()
            .map(|a| MoreArticle {
                title: shorten(&a.title, MAX_TITLE_CHARS),
                url: a.url.clone(),
                section: section(a),
                language: a.language.clone(),
            })
            .collect(),
        subscriber: SubscriberContext {
            name: placeholders.name,
            address: placeholders.address,
            unsubscribe_url: placeholders.unsubscribe_url,
            ..SubscriberContext::default()
        },
    }
}

/// Returns the subject that the configuration sets for a language, with its values filled in.
fn configured_subject(
    ctx: DigestContext<'_>,
    digest: &Digest,
    articles: &[&Article],
    language: &str,
    date: &str,
) -> Option<String> {
    let values = SubjectValues {
        title: articles.first().map_or("", |article| article.title.as_str()),
        digest: digest.title_in(language),
        site: ctx.config.site.title_in(language),
        date,
        count: articles.len(),
    };
    Some(subject::fill(digest.subject_in(language)?, &values))
}

/// Width of the column of text in a message, in pixels.
const COLUMN_WIDTH: u32 = 528;

/// Maximum height of an image in a message, in pixels; the same as in `email/layout.hbs`.
const MAX_IMAGE_HEIGHT: u32 = 400;

/// Returns the width at which an image of a size is neither enlarged nor too high; the column's
/// width if its size is not known.
fn shown_width(width: Option<u32>, height: Option<u32>) -> u32 {
    let shown = width.filter(|&width| width > 0).map_or(COLUMN_WIDTH, |w| w.min(COLUMN_WIDTH));
    match (width, height) {
        (Some(width), Some(height)) if width > 0 && height > 0 => {
            let at_most = u64::from(width) * u64::from(MAX_IMAGE_HEIGHT) / u64::from(height);
            shown.min(u32::try_from(at_most).unwrap_or(shown)).max(1)
        }
        _ => shown,
    }
}

/// Returns the language and sections of the variant for an audience group.
fn variant_key(digest: &Digest, choice: &AudienceGroup) -> anyhow::Result<(String, Vec<String>)> {
    let sections: Vec<String> = serde_json::from_str(&choice.sections)
        .map_err(|_| anyhow!("cannot parse the sections {}", choice.sections))?;
    Ok((language_for(&digest.languages, &choice.language), sections))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_neither_enlarged_nor_too_high() {
        for (width, height, shown) in [
            (None, None, 528),
            (Some(1600), Some(900), 528),
            (Some(300), Some(200), 300),
            (Some(600), Some(1200), 200),
            (Some(300), None, 300),
            (None, Some(2000), 528),
            (Some(0), Some(0), 528),
            (Some(1), Some(u32::MAX), 1),
        ] {
            assert_eq!(shown_width(width, height), shown, "{width:?} × {height:?}");
        }
    }
}
