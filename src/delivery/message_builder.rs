//! Builds the message of each delivery: a filled variant of an edition, a rendered confirmation, or
//! a test as it was queued.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, anyhow};
use tokio::sync::{OnceCell, Semaphore};

use super::dispatcher::Dispatcher;
use super::transport::OutgoingMessage;
use crate::config::{Digest, Transport};
use crate::domain::address::Mailbox;
use crate::domain::delivery::DeliveryKind;
use crate::domain::link_token::{self, LinkScope};
use crate::domain::site_urls::SiteUrls;
use crate::domain::time::Millis;
use crate::mail::digest_texts::{ChoicesInput, site_context, subscription_choices};
use crate::mail::dkim;
use crate::mail::message::{ListHeaders, MessageIds, MessageParts};
use crate::mail::payload::{
    CONFIRMATION_LINK_DAYS, ConfirmationPayload, Placeholders, TestMailPayload,
};
use crate::mail::precompiled::{PrecompiledMessage, Recipient, VariantParts};
use crate::store::deliveries::Variant;
use crate::store::editions::Edition;
use crate::store::leased_delivery::LeasedDelivery;
use crate::store::subscriber_values::FrozenValues;
use crate::templates::mail::SubscriberContext;
use crate::templates::{ConfirmContext, TemplateSnapshot};

/// Variant prepared for rendering, with the envelope sender of its messages.
struct PreparedVariant {
    envelope_from: String,
    content: VariantContent,
}

/// Form in which the content of a variant is kept.
enum VariantContent {
    /// Message with placeholders that are filled per recipient.
    Precompiled(Box<PrecompiledMessage>),
    /// Template that is rendered per recipient.
    PerRecipient {
        snapshot: Arc<TemplateSnapshot>,
        edition: Box<Edition>,
        feedback_id: String,
        list_id: String,
    },
}

/// Builds the messages of a transport; caches the variants in use.
pub(super) struct MessageBuilder {
    dispatcher: Dispatcher,
    envelope_from: Option<String>,
    signer: Option<dkim::Signer>,
    /// One permit per processor: more parallel signing would only slow down the workers.
    signing_permits: Semaphore,
    /// Variants by id. The workers of a new edition need the same one at once, and it is prepared once.
    variants: Mutex<BTreeMap<i64, Arc<OnceCell<PreparedVariant>>>>,
    mail_domain: String,
    message_ids: MessageIds,
    link_signer: link_token::LinkSigner,
}

/// Maximum number of cached variants; an edition rarely has more than a dozen.
const MAX_PREPARED_VARIANTS: usize = 64;

impl MessageBuilder {
    /// Creates a builder for a transport; messages are signed if a signer is given.
    pub(super) fn new(
        dispatcher: Dispatcher,
        transport: &Transport,
        signer: Option<dkim::Signer>,
    ) -> Self {
        let secret = &dispatcher.store_identity.secret;
        let mail_domain = SiteUrls(&dispatcher.config.site.base_url).mail_domain();
        let (message_ids, link_signer) =
            (MessageIds::new(secret, &mail_domain), link_token::LinkSigner::new(secret));
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self {
            envelope_from: transport.envelope_from.clone(),
            signer,
            signing_permits: Semaphore::new(processors),
            variants: Mutex::default(),
            mail_domain,
            message_ids,
            link_signer,
            dispatcher,
        }
    }

    /// Builds the message of a delivery, with the same bytes at every attempt; the error is one
    /// sentence.
    pub(super) async fn build(&self, delivery: &LeasedDelivery) -> anyhow::Result<OutgoingMessage> {
        let mut message = match delivery.kind {
            DeliveryKind::Edition => self.build_edition(delivery).await,
            DeliveryKind::Confirmation => self.build_confirmation(delivery).await,
            DeliveryKind::Test => self.build_test(delivery),
        }?;
        message.content = self.sign(message.content, delivery.created_at).await?;
        Ok(message)
    }

    /// Prepends the DKIM signatures, dated by the delivery so that they are equal at every attempt.
    async fn sign(&self, content: String, at: Millis) -> anyhow::Result<String> {
        let Some(signer) = self.signer.clone() else { return Ok(content) };
        let _permit = self.signing_permits.acquire().await?;
        let costly = signer.is_costly();
        let sign = move || signer.sign(&content, at).map(|signatures| signatures + &content);
        // An RSA signature takes a millisecond of CPU time, which would block the connections of
        // the sending thread.
        let signed = if costly { tokio::task::spawn_blocking(sign).await? } else { sign() };
        Ok(signed?)
    }

    async fn build_edition(&self, delivery: &LeasedDelivery) -> anyhow::Result<OutgoingMessage> {
        let variant = delivery.variant_id.context("the delivery has no variant")?;
        let cell = self.variant_cell(variant);
        let prepared = cell.get_or_try_init(|| self.load_variant(variant)).await?;
        let subscription = delivery.subscription_id.context("the delivery has no subscription")?;
        let scope = LinkScope::Unsubscribe { subscription, edition: delivery.edition_id };
        let token = self.link_signer.sign(scope);
        let unsubscribe_url = SiteUrls(&self.dispatcher.config.site.base_url).unsubscribe(&token);
        let (name, message_id) = (delivery.name.as_deref(), self.message_id(delivery));
        let content = match &prepared.content {
            VariantContent::Precompiled(message) => message.render(&Recipient {
                address: &delivery.address,
                name,
                unsubscribe_url: &unsubscribe_url,
                message_id: &message_id,
                date: delivery.created_at,
            })?,
            VariantContent::PerRecipient { snapshot, edition, feedback_id, list_id } => {
                let values = FrozenValues::parse(delivery.payload.as_deref())?;
                let snapshot = Arc::clone(snapshot);
                let subscriber = SubscriberContext {
                    name: name.unwrap_or_default().to_owned(),
                    address: delivery.address.clone(),
                    unsubscribe_url: unsubscribe_url.clone(),
                    tags: values.tags,
                    attributes: values.attributes,
                };
                let mail = self
                    .dispatcher
                    .templates
                    .run_on_pool(move |_| snapshot.render(subscriber))
                    .await??;
                MessageParts {
                    from: &edition.sender,
                    to_address: &delivery.address,
                    to_name: name,
                    reply_to: edition.reply_to.as_deref(),
                    subject: &mail.subject,
                    text: &mail.text,
                    html: &mail.html,
                    message_id: &message_id,
                    date: delivery.created_at,
                    list: Some(ListHeaders {
                        list_id,
                        unsubscribe_url: &unsubscribe_url,
                        unsubscribe_mailto: None,
                    }),
                    feedback_id: Some(feedback_id),
                    edition: Some(&edition.id.to_string()),
                }
                .to_message()?
            }
        };
        Ok(OutgoingMessage {
            envelope_from: prepared.envelope_from.clone(),
            to: delivery.address.clone(),
            message_id,
            content,
        })
    }

    async fn build_confirmation(
        &self,
        delivery: &LeasedDelivery,
    ) -> anyhow::Result<OutgoingMessage> {
        let (config, payload) =
            (&self.dispatcher.config, delivery.payload.as_deref().unwrap_or_default());
        let payload: ConfirmationPayload =
            serde_json::from_str(payload).context("cannot read the queued confirmation")?;
        let digests: Vec<_> =
            config.digests.iter().filter(|d| payload.digests.contains(&d.name)).collect();
        let first = digests.first().ok_or_else(|| {
            anyhow!("the digest {} is no longer configured", payload.digests.join(", "))
        })?;
        let context = self.confirmation_context(delivery, &payload, &digests).await?;
        let mail = self
            .dispatcher
            .templates
            .run_on_pool(move |templates| templates.render_confirm(&context))
            .await??;
        let message_id = self.message_id(delivery);
        self.build_transactional(
            delivery,
            MessageParts {
                from: &first.from,
                to_address: &delivery.address,
                // Omitted, since anyone can enter a name and have it sent to somebody else.
                to_name: None,
                reply_to: first.reply_to.as_deref(),
                subject: &mail.subject,
                text: &mail.text,
                html: &mail.html,
                message_id: &message_id,
                date: delivery.created_at,
                list: None,
                feedback_id: None,
                edition: None,
            },
        )
    }

    /// Returns the template context of a confirmation, with the choices of the person.
    async fn confirmation_context(
        &self,
        delivery: &LeasedDelivery,
        payload: &ConfirmationPayload,
        digests: &[&Digest],
    ) -> anyhow::Result<ConfirmContext> {
        let config = &self.dispatcher.config;
        let site = &config.site;
        let subscriber = delivery.subscriber_id.context("the delivery has no subscriber")?;
        let scope = LinkScope::Confirm { subscriber, delivery: delivery.id };
        let person = self.dispatcher.store.subscribers().find(subscriber).await?;
        let reader_language = person.and_then(|person| person.language).unwrap_or_default();
        let language = payload.language.clone().unwrap_or_else(|| site.language.clone());
        let paused = self.dispatcher.store.digests().paused().await?.into_keys().collect();
        let chosen = ChoicesInput {
            sections: &payload.sections,
            shows_all_sections: false,
            reader_language: &reader_language,
            page_language: &language,
            paused: &paused,
        };
        // The time of the request gives the same dates at every attempt.
        let requested_at = delivery.created_at;
        let templates = &self.dispatcher.templates;
        Ok(ConfirmContext {
            site: site_context(site, &language),
            name: delivery.name.clone().unwrap_or_default(),
            address: delivery.address.clone(),
            digests: digests.iter().map(|d| d.title_in(&language).to_owned()).collect(),
            choices: subscription_choices(templates, config, digests, &chosen, requested_at),
            confirm_url: SiteUrls(&site.base_url)
                .confirm(&link_token::sign(&self.dispatcher.store_identity.secret, scope)),
            days: u32::try_from(CONFIRMATION_LINK_DAYS)?,
            language,
        })
    }

    /// Builds a test message with the headers of an edition's message. Its unsubscribe link is valid
    /// for this message only.
    fn build_test(&self, delivery: &LeasedDelivery) -> anyhow::Result<OutgoingMessage> {
        let test: TestMailPayload =
            serde_json::from_str(delivery.payload.as_deref().unwrap_or_default())
                .context("cannot read the queued test message")?;
        let (message_id, host) = (self.message_id(delivery), &self.mail_domain);
        let token = self.link_signer.sign(LinkScope::Test { delivery: delivery.id });
        let unsubscribe_url = SiteUrls(&self.dispatcher.config.site.base_url).unsubscribe(&token);
        let placeholder = Placeholders::new(&self.dispatcher.store_identity.secret).unsubscribe_url;
        let with_link = |text: &str| text.replace(&placeholder, &unsubscribe_url);
        let list_id = test.digest.as_ref().map(|digest| format!("{digest}.{host}"));
        let feedback_id = test.digest.as_ref().map(|digest| format!("test:{digest}:digest:{host}"));
        self.build_transactional(
            delivery,
            MessageParts {
                from: &test.from,
                to_address: &delivery.address,
                to_name: test.name.as_deref(),
                reply_to: test.reply_to.as_deref(),
                subject: &with_link(&test.subject),
                text: &with_link(&test.text),
                html: &with_link(&test.html),
                message_id: &message_id,
                date: delivery.created_at,
                list: list_id.as_ref().map(|list_id| ListHeaders {
                    list_id,
                    unsubscribe_url: &unsubscribe_url,
                    unsubscribe_mailto: None,
                }),
                feedback_id: feedback_id.as_deref(),
                edition: Some("test"),
            },
        )
    }

    fn message_id(&self, delivery: &LeasedDelivery) -> String {
        self.message_ids.id(&format!("delivery {}", delivery.id))
    }

    /// Returns the envelope sender for messages from this mailbox.
    fn envelope_from(&self, from: &str) -> anyhow::Result<String> {
        if let Some(address) = &self.envelope_from {
            return Ok(address.clone());
        }
        let mailbox =
            Mailbox::parse(from).map_err(|reason| anyhow!("invalid sender {from}: {reason}"))?;
        Ok(mailbox.address.as_str().to_owned())
    }

    fn build_transactional(
        &self,
        delivery: &LeasedDelivery,
        parts: MessageParts<'_>,
    ) -> anyhow::Result<OutgoingMessage> {
        let (envelope_from, content) = (self.envelope_from(parts.from)?, parts.to_message()?);
        Ok(OutgoingMessage {
            envelope_from,
            to: delivery.address.clone(),
            message_id: parts.message_id.to_owned(),
            content,
        })
    }

    /// Returns the cell of a variant; the variant of the oldest edition leaves a full cache.
    fn variant_cell(&self, id: i64) -> Arc<OnceCell<PreparedVariant>> {
        let mut variants = self.variants.lock().unwrap_or_else(PoisonError::into_inner);
        let cell = Arc::clone(variants.entry(id).or_default());
        if variants.len() > MAX_PREPARED_VARIANTS {
            let oldest = variants.keys().copied().find(|other| *other != id);
            if let Some(oldest) = oldest {
                variants.remove(&oldest);
            }
        }
        cell
    }

    /// Reads and prepares a variant.
    async fn load_variant(&self, id: i64) -> anyhow::Result<PreparedVariant> {
        let store = &self.dispatcher.store;
        let variant = store
            .deliveries()
            .variant(id)
            .await?
            .with_context(|| format!("variant {id} does not exist"))?;
        let edition = store
            .editions()
            .find(variant.edition_id)
            .await?
            .with_context(|| format!("edition {} does not exist", variant.edition_id))?;
        self.prepare_variant(&variant, edition)
    }

    fn prepare_variant(
        &self,
        variant: &Variant,
        edition: Edition,
    ) -> anyhow::Result<PreparedVariant> {
        let (id, digest, host) = (edition.id.to_string(), &edition.digest, &self.mail_domain);
        let (list_id, feedback_id) =
            (format!("{digest}.{host}"), format!("{id}:{digest}:digest:{host}"));
        let envelope_from = self.envelope_from(&edition.sender)?;
        if let Some(json) = &variant.template_snapshot {
            let (snapshot, edition) = (Arc::new(TemplateSnapshot::parse(json)?), Box::new(edition));
            return Ok(PreparedVariant {
                envelope_from,
                content: VariantContent::PerRecipient { snapshot, edition, feedback_id, list_id },
            });
        }
        let message = PrecompiledMessage::compile(&VariantParts {
            from: &edition.sender,
            reply_to: edition.reply_to.as_deref(),
            subject: &variant.subject,
            text: &variant.text,
            html: &variant.html,
            list_id: &list_id,
            unsubscribe_mailto: None,
            feedback_id: Some(&feedback_id),
            edition: Some(&id),
            placeholders: &Placeholders::new(&self.dispatcher.store_identity.secret),
            // Keyed, so that authors of articles cannot predict the boundary.
            boundary_seed: &self.message_ids.id(&format!("variant {}", variant.id)),
        })?;
        Ok(PreparedVariant {
            envelope_from,
            content: VariantContent::Precompiled(Box::new(message)),
        })
    }
}
