//! Preview and test e-mail of a digest before it is sent; neither changes the ledger.

use anyhow::{Context, bail};

use super::compose::{has_any_section, language_for};
use super::context::DigestContext;
use super::mail_size::{MailSize, render_within_limit};
use super::unsent::unsent_stories;
use super::variants;
use crate::config::Digest;
use crate::domain::actor::Actor;
use crate::domain::address::EmailAddress;
use crate::domain::delivery::DeliveryKind;
use crate::domain::site_urls::SiteUrls;
use crate::domain::time::Millis;
use crate::mail::message::{ListHeaders, MessageParts, message_id};
use crate::mail::payload::TestMailPayload;
use crate::store::deliveries;
use crate::store::suppressions::address_hash;
use crate::templates::RenderedMail;

/// Reader for whom a preview is rendered.
#[derive(Debug, Clone, Default)]
pub struct PreviewOptions {
    /// Address of a subscriber, whose language and sections apply.
    pub as_subscriber: Option<String>,
    /// Language that overrides the subscriber's.
    pub language: Option<String>,
}

/// Digest mail that an edition would send now.
#[derive(Debug, Clone)]
pub struct Preview {
    /// Rendered parts of the mail.
    pub mail: RenderedMail,
    /// Complete message with headers.
    pub message: String,
    /// Number of stories in the mail.
    pub stories: usize,
    /// Size of the mail.
    pub size: MailSize,
}

/// Renders the mail of an edition created now, without creating one. Its unsubscribe link is not
/// valid for any subscription.
pub async fn preview(
    ctx: DigestContext<'_>,
    digest: &Digest,
    options: &PreviewOptions,
    now: Millis,
) -> anyhow::Result<Preview> {
    let (mut language_of_reader, mut sections, mut name) =
        (options.language.clone().unwrap_or_default(), Vec::new(), String::new());
    let mut address = "reader@example.org".to_owned();
    if let Some(to) = &options.as_subscriber {
        let key =
            EmailAddress::parse(to).map_err(|reason| anyhow::anyhow!("{to}: {reason}"))?.key();
        let subscriber = ctx
            .store
            .subscribers()
            .find_by_address(&key)
            .await?
            .with_context(|| format!("{to} is not a subscriber"))?;
        let subscriptions = ctx.store.subscriptions().list_of(&[subscriber.id]).await?;
        sections = subscriptions
            .into_iter()
            .find(|l| l.digest == digest.name)
            .map(|l| l.sections)
            .unwrap_or_default();
        if options.language.is_none() {
            language_of_reader = subscriber.language.unwrap_or_default();
        }
        (name, address) = (subscriber.name.unwrap_or_default(), subscriber.address);
    }
    let stories = unsent_stories(ctx, digest, now, now).await?;
    let language = language_for(&digest.languages, &language_of_reader);
    let mut context = variants::template_context(ctx, digest, &stories, &language, &sections, now);
    let unsubscribe_url = SiteUrls(&ctx.config.site.base_url).unsubscribe("preview");
    context.subscriber.name.clone_from(&name);
    context.subscriber.address.clone_from(&address);
    context.subscriber.unsubscribe_url.clone_from(&unsubscribe_url);
    let template = digest.template.clone();
    let (mail, size) = ctx
        .templates
        .run_on_pool(move |templates| {
            let mail = render_within_limit(templates, &template, &mut context)?;
            let size = MailSize::new(&mail, &context);
            anyhow::Ok((mail, size))
        })
        .await??;
    let host = SiteUrls(&ctx.config.site.base_url).mail_domain();
    let message = MessageParts {
        from: &digest.from,
        to_address: &address,
        to_name: Some(name.as_str()).filter(|n| !n.is_empty()),
        reply_to: digest.reply_to.as_deref(),
        subject: &mail.subject,
        text: &mail.text,
        html: &mail.html,
        message_id: &message_id("preview", &ctx.instance.secret, &host),
        date: now,
        list: Some(ListHeaders {
            list_id: &format!("{}.{host}", digest.name),
            unsubscribe_url: &unsubscribe_url,
            unsubscribe_mailto: None,
        }),
        feedback_id: None,
        edition: Some("preview"),
    }
    .to_message()?;
    let count = stories.iter().filter(|s| has_any_section(s, &sections)).count();
    Ok(Preview { mail, message, stories: count, size })
}

/// Queues a test e-mail to any address that is not suppressed. Returns the delivery id.
pub async fn queue_test(
    ctx: DigestContext<'_>,
    digest: &Digest,
    to: &str,
    actor: &Actor,
    now: Millis,
) -> anyhow::Result<i64> {
    let address = EmailAddress::parse(to).map_err(|reason| anyhow::anyhow!("{to}: {reason}"))?;
    let hash = address_hash(&ctx.instance.secret, &address.key());
    if let Some(reason) = ctx.store.suppressions().find(&hash).await? {
        bail!(
            "{to} is suppressed ({reason}); to allow e-mails, run `courant suppressions remove {to}`"
        );
    }
    let known = ctx.store.subscribers().find_by_address(&address.key()).await?.map(|p| p.address);
    let mail = preview(ctx, digest, &PreviewOptions { as_subscriber: known, language: None }, now)
        .await?
        .mail;
    let payload = TestMailPayload {
        from: digest.from.clone(),
        reply_to: digest.reply_to.clone(),
        subject: mail.subject,
        html: mail.html,
        text: mail.text,
    };
    let delivery = deliveries::TransactionalDelivery {
        kind: DeliveryKind::Test,
        address: address.as_str().to_owned(),
        address_hash: hash,
        payload: serde_json::to_string(&payload)?,
        transport: digest.transport.clone(),
    };
    Ok(ctx.store.deliveries().queue_transactional(delivery, actor, now).await?)
}
