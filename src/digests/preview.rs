//! Preview and test e-mail of a digest before it is sent; neither changes the ledger.

use anyhow::{Context, bail};

use super::compose::language_for;
use super::context::DigestContext;
use super::mail_size::MailSize;
use super::preview_content::{PreviewContent, PreviewRecipient, RenderedPreview};
use crate::config::Digest;
use crate::domain::actor::Actor;
use crate::domain::address::EmailAddress;
use crate::domain::left_out::LeftOut;
use crate::domain::site_urls::SiteUrls;
use crate::domain::time::Millis;
use crate::mail::message::{ListHeaders, MessageParts, message_id};
use crate::mail::payload::{Placeholders, TestMailPayload};
use crate::store::deliveries;
use crate::store::suppressions::address_hash;
use crate::templates::RenderedMail;

/// Reader for whom a preview is rendered, and its content.
#[derive(Debug, Clone, Default)]
pub struct PreviewOptions {
    /// Address of a subscriber, whose language and sections apply.
    pub as_subscriber: Option<String>,
    /// Language that overrides the subscriber's.
    pub language: Option<String>,
    /// Content of the preview.
    pub content: PreviewContent,
}

impl From<PreviewContent> for PreviewOptions {
    fn from(content: PreviewContent) -> Self {
        Self { content, ..Self::default() }
    }
}

/// Digest mail that an edition would send now.
#[derive(Debug, Clone)]
pub struct Preview {
    /// Rendered parts of the mail.
    pub mail: RenderedMail,
    /// Complete message with headers.
    pub message: String,
    /// Number of stories in the mail; for an edition, in the whole edition.
    pub stories: usize,
    /// Size of the mail.
    pub size: MailSize,
    /// Number of articles that are not in the mail, by reason; empty for an edition or a sample.
    pub left_out: LeftOut,
}

/// A test e-mail that was queued for delivery.
#[derive(Debug, Clone)]
pub struct TestMail {
    /// Id of its delivery.
    pub delivery: i64,
    /// Number of stories in the mail; for an edition, in the whole edition.
    pub stories: usize,
    /// Number of articles that are not in the mail, by reason; empty for an edition or a sample.
    pub left_out: LeftOut,
}

/// Renders the mail of an edition created now, or other content, without creating an edition. Its
/// unsubscribe link is not valid for any subscription.
pub async fn preview(
    ctx: DigestContext<'_>,
    digest: &Digest,
    options: &PreviewOptions,
    now: Millis,
) -> anyhow::Result<Preview> {
    let unsubscribe_url = SiteUrls(&ctx.config.site.base_url).unsubscribe("preview");
    let mut recipient = match &options.as_subscriber {
        Some(address) => subscriber(ctx, digest, address).await?,
        None => PreviewRecipient {
            address: "reader@example.org".to_owned(),
            ..PreviewRecipient::default()
        },
    };
    recipient.unsubscribe_url.clone_from(&unsubscribe_url);
    if let Some(language) = &options.language {
        recipient.language.clone_from(language);
    }
    let RenderedPreview { mail, stories, size, left_out, .. } =
        RenderedPreview::render(ctx, digest, options.content, &recipient, now).await?;
    let host = SiteUrls(&ctx.config.site.base_url).mail_domain();
    let message = MessageParts {
        from: &digest.from,
        to_address: &recipient.address,
        to_name: Some(recipient.name.as_str()).filter(|n| !n.is_empty()),
        reply_to: digest.reply_to.as_deref(),
        subject: &mail.subject,
        text: &mail.text,
        html: &mail.html,
        message_id: &message_id("preview", &ctx.store_identity.secret, &host),
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
    Ok(Preview { mail, message, stories, size, left_out })
}

/// Queues a test e-mail to any address that is not suppressed. It has the headers of an edition's
/// message; its unsubscribe link is valid for this message only and changes nothing. Without options, it
/// is what the owner of the address would receive.
pub async fn queue_test(
    ctx: DigestContext<'_>,
    digest: &Digest,
    to: &str,
    options: &PreviewOptions,
    actor: &Actor,
    now: Millis,
) -> anyhow::Result<TestMail> {
    let address = EmailAddress::parse(to)?;
    let hash = address_hash(&ctx.store_identity.secret, &address.key());
    if let Some(one) = ctx.store.suppressions().covering(&hash, &address.key()).await? {
        let (reason, target) = (&one.reason, if one.is_domain() { &one.hash } else { to });
        bail!(
            "{to} is suppressed ({reason}); to allow e-mails, run `courant suppressions remove {target}`"
        );
    }
    let is_known = ctx.store.subscribers().find_by_address(&address.key()).await?.is_some();
    let known = match &options.as_subscriber {
        Some(other) => subscriber(ctx, digest, other).await?,
        None if is_known => subscriber(ctx, digest, to).await?,
        None => PreviewRecipient::default(),
    };
    let recipient = PreviewRecipient {
        language: options.language.clone().unwrap_or(known.language),
        address: address.as_str().to_owned(),
        // The link contains the id of the delivery, which does not exist yet.
        unsubscribe_url: Placeholders::new(&ctx.store_identity.secret).unsubscribe_url,
        ..known
    };
    let RenderedPreview { mail, stories, left_out, .. } =
        RenderedPreview::render(ctx, digest, options.content, &recipient, now).await?;
    let payload = TestMailPayload {
        from: digest.from.clone(),
        reply_to: digest.reply_to.clone(),
        subject: format!("[Test] {}", mail.subject),
        html: mail.html,
        text: mail.text,
        digest: Some(digest.name.clone()),
        name: Some(recipient.name).filter(|name| !name.is_empty()),
    };
    let delivery = deliveries::TestDelivery {
        address: address.as_str().to_owned(),
        address_hash: hash,
        payload: serde_json::to_string(&payload)?,
        transport: digest.transport.clone(),
    };
    let delivery = ctx.store.deliveries().queue_test_delivery(delivery, actor, now).await?;
    Ok(TestMail { delivery, stories, left_out })
}

/// Returns a subscriber as the recipient of a digest, without an unsubscribe link.
async fn subscriber(
    ctx: DigestContext<'_>,
    digest: &Digest,
    address: &str,
) -> anyhow::Result<PreviewRecipient> {
    let key = EmailAddress::parse(address)?.key();
    let subscriber = ctx
        .store
        .subscribers()
        .find_by_address(&key)
        .await?
        .with_context(|| format!("{address} is not a subscriber"))?;
    let subscriptions = ctx.store.subscriptions().list_of(&[subscriber.id]).await?;
    let subscription = subscriptions.into_iter().find(|l| l.digest == digest.name);
    Ok(PreviewRecipient {
        language: language_for(&digest.languages, &subscriber.language.unwrap_or_default()),
        sections: subscription.map(|l| l.sections).unwrap_or_default(),
        name: subscriber.name.unwrap_or_default(),
        address: subscriber.address,
        unsubscribe_url: String::new(),
        tags: subscriber.tags,
        attributes: subscriber.attributes.iter().map(|(k, v)| (k.clone(), v.to_json())).collect(),
    })
}
