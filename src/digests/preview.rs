//! Looking at a digest before it goes out: a preview into files, a test mail to any address; neither touches the ledger.

use anyhow::{Context, bail};

use super::compose::language_for;
use super::{Desk, in_sections, news, variants};
use crate::config::Digest;
use crate::domain::address::EmailAddress;
use crate::domain::links::Links;
use crate::domain::time::Millis;
use crate::mail::message::{Letter, ListHeaders, message_id};
use crate::mail::queued::Proof;
use crate::store::deliveries;
use crate::store::suppressions::address_hash;
use crate::templates::RenderedMail;

/// Through whose eyes a digest is looked at.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// A subscriber's address; their language and sections then count.
    pub to: Option<String>,
    /// A language, over the subscriber's.
    pub language: Option<String>,
}

/// What would go out now.
#[derive(Debug, Clone)]
pub struct Preview {
    /// The mail's parts.
    pub mail: RenderedMail,
    /// The whole message.
    pub message: String,
    /// How many stories it tells.
    pub stories: usize,
}

/// Renders what would go out now, without making an edition; its unsubscribe link is no one's.
pub async fn preview(
    desk: Desk<'_>,
    digest: &Digest,
    shown: &Shown,
    now: Millis,
) -> anyhow::Result<Preview> {
    let (mut reads, mut sections, mut name) =
        (shown.language.clone().unwrap_or_default(), Vec::new(), String::new());
    let mut address = "reader@example.org".to_owned();
    if let Some(to) = &shown.to {
        let key = EmailAddress::parse(to).map_err(|why| anyhow::anyhow!("{to}: {why}"))?.key();
        let person = desk
            .store
            .find_subscriber(&key)
            .await?
            .with_context(|| format!("{to} is no subscriber"))?;
        let links = desk.store.subscriptions_of(&[person.id]).await?;
        sections = links
            .into_iter()
            .find(|l| l.digest == digest.name)
            .map(|l| l.sections)
            .unwrap_or_default();
        if shown.language.is_none() {
            reads = person.language.unwrap_or_default();
        }
        (name, address) = (person.name.unwrap_or_default(), person.address);
    }
    let stories = news(desk, digest, now, now).await?;
    let language = language_for(&digest.languages, &reads);
    let mut context = variants::context(desk, digest, &stories, &language, &sections, now);
    let unsubscribe_url = Links(&desk.config.site.base_url).unsubscribe("preview");
    context.subscriber.name.clone_from(&name);
    context.subscriber.address.clone_from(&address);
    context.subscriber.unsubscribe_url.clone_from(&unsubscribe_url);
    let mail = desk.templates.render_digest(&digest.template, &context)?;
    let host = Links(&desk.config.site.base_url).mail_domain();
    let message = Letter {
        from: &digest.from,
        to_address: &address,
        to_name: Some(name.as_str()).filter(|n| !n.is_empty()),
        reply_to: digest.reply_to.as_deref(),
        subject: &mail.subject,
        text: &mail.text,
        html: &mail.html,
        message_id: &message_id("preview", &desk.instance.secret, &host),
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
    let told = stories.iter().filter(|s| in_sections(s, &sections)).count();
    Ok(Preview { mail, message, stories: told })
}

/// Queues what would go out now to any address that is not suppressed; gives the delivery's number.
pub async fn test(desk: Desk<'_>, digest: &Digest, to: &str, now: Millis) -> anyhow::Result<i64> {
    let address = EmailAddress::parse(to).map_err(|why| anyhow::anyhow!("{to}: {why}"))?;
    let hash = address_hash(&desk.instance.secret, &address.key());
    if let Some(reason) = desk.store.suppression(&hash).await? {
        bail!(
            "{to} is suppressed ({reason}) and is never mailed; an admin can lift that with `courant suppressions remove {to}`"
        );
    }
    let known = desk.store.find_subscriber(&address.key()).await?.map(|p| p.address);
    let mail = preview(desk, digest, &Shown { to: known, language: None }, now).await?.mail;
    let proof = Proof {
        from: digest.from.clone(),
        reply_to: digest.reply_to.clone(),
        subject: mail.subject,
        html: mail.html,
        text: mail.text,
    };
    let letter = deliveries::Letter {
        kind: "test",
        address: address.as_str().to_owned(),
        address_hash: hash,
        body: serde_json::to_string(&proof)?,
        transport: digest.transport.clone(),
    };
    Ok(desk.store.queue_letter(letter, now).await?)
}
