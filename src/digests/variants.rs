//! Variants: an edition rendered once for each language and set of chosen sections, with slots for the subscriber's values.

use std::collections::BTreeSet;

use super::compose::{Story, language_for};
use super::{Desk, in_sections, variant_of};
use crate::config::Digest;
use crate::domain::article::Article;
use crate::domain::links::Links;
use crate::domain::time::Millis;
use crate::mail::mould::slots_suffice;
use crate::mail::queued::Slots;
use crate::store::audience::Choice;
use crate::store::editions::{Assigned, NewVariant};
use crate::templates::mail::{
    DigestNames, EditionContext, LeadArticle, MoreArticle, SiteContext, SubscriberContext,
};
use crate::templates::{DigestContext, RenderedMail, date_text};

/// Renders every variant that somebody reads, and says who reads which; who chose sections without news gets none.
pub(super) fn render(
    desk: Desk<'_>,
    digest: &Digest,
    stories: &[Story],
    choices: &[Choice],
    at: Millis,
) -> anyhow::Result<(Vec<NewVariant>, Vec<Assigned>)> {
    let mut wanted: BTreeSet<(String, Vec<String>)> = BTreeSet::new();
    let mut assigned = Vec::new();
    for choice in choices {
        let (language, sections) = variant_of(digest, choice)?;
        assigned.push(Assigned {
            reads: choice.language.clone(),
            chose: choice.sections.clone(),
            language: language.clone(),
        });
        if stories.iter().any(|s| in_sections(s, &sections)) {
            wanted.insert((language, sections));
        }
    }
    let first = language_for(&digest.languages, "");
    assigned.push(Assigned { reads: "*".into(), chose: "[]".into(), language: first.clone() });
    // The whole edition in the first language is kept in any case: it is what the archive shows.
    wanted.insert((first, Vec::new()));
    let in_logic = desk.templates.uses_subscriber_in_logic(&digest.template);
    let mut variants = Vec::with_capacity(wanted.len());
    for (language, sections) in wanted {
        let context = context(desk, digest, stories, &language, &sections, at);
        let mail = desk.templates.render_digest(&digest.template, &context)?;
        let each = in_logic || !slots_do(desk, digest, &context, &mail)?;
        variants.push(NewVariant {
            recipe: if each {
                Some(desk.templates.recipe(&digest.template, &context)?)
            } else {
                None
            },
            sections: serde_json::to_string(&sections)?,
            language,
            subject: mail.subject,
            html: mail.html,
            text: mail.text,
        });
    }
    Ok((variants, assigned))
}

/// Whether filling the slots of a variant gives what rendering it for each would.
fn slots_do(
    desk: Desk<'_>,
    digest: &Digest,
    context: &DigestContext,
    mail: &RenderedMail,
) -> anyhow::Result<bool> {
    let link = Links(&desk.config.site.base_url).unsubscribe("rehearsal");
    slots_suffice(
        mail,
        &Slots::of(&desk.instance.secret),
        &link,
        |[name, address, unsubscribe_url]| {
            let mut context = context.clone();
            let [name, address, unsubscribe_url] =
                [name, address, unsubscribe_url].map(str::to_owned);
            context.subscriber = SubscriberContext { name, address, unsubscribe_url };
            desk.templates.render_digest(&digest.template, &context)
        },
    )
}

/// What the template is given, with slots for the subscriber's values.
pub(super) fn context(
    desk: Desk<'_>,
    digest: &Digest,
    stories: &[Story],
    language: &str,
    sections: &[String],
    at: Millis,
) -> DigestContext {
    let told: Vec<&Article> =
        stories.iter().filter(|s| in_sections(s, sections)).map(|s| s.told_in(language)).collect();
    let (lead, more) = told.split_at(told.len().min(digest.max_articles));
    let day =
        |time: Millis| date_text(digest.timezone.to_datetime(time.timestamp()).date(), language);
    let slots = Slots::of(&desk.instance.secret);
    let site = &desk.config.site;
    DigestContext {
        site: SiteContext {
            title: site.title.clone(),
            base_url: site.base_url.clone(),
            postal_address: site.postal_address.clone(),
        },
        digest: DigestNames { name: digest.name.clone(), title: digest.title.clone() },
        language: language.to_owned(),
        edition: EditionContext { date_text: day(at), count: told.len(), url: None },
        lead: lead
            .iter()
            .map(|a| LeadArticle {
                title: a.title.clone(),
                url: a.url.clone(),
                summary: a.summary.clone(),
                section: a.sections.first().cloned(),
                authors: a.authors.clone(),
                date_text: day(a.published_at),
                image_url: a.image_url.clone(),
                language: a.language.clone(),
            })
            .collect(),
        more: more
            .iter()
            .map(|a| MoreArticle {
                title: a.title.clone(),
                url: a.url.clone(),
                section: a.sections.first().cloned(),
                language: a.language.clone(),
            })
            .collect(),
        subscriber: SubscriberContext {
            name: slots.name,
            address: slots.address,
            unsubscribe_url: slots.unsubscribe_url,
        },
    }
}
