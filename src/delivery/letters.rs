//! What each delivery says: the slots of an edition's variant filled for one person, a confirmation rendered, a test as it was queued.

use std::collections::HashMap;
use std::num::NonZero;
use std::sync::{Arc, Mutex};

use anyhow::{Context, anyhow};
use tokio::sync::Semaphore;

use super::Engine;
use super::route::Message;
use crate::config::Transport;
use crate::domain::address::Mailbox;
use crate::domain::links::Links;
use crate::domain::time::Millis;
use crate::domain::token::{self, Power};
use crate::mail::dkim::Signer;
use crate::mail::message::{Letter, ListHeaders, message_id};
use crate::mail::queued::{Asked, CONFIRM_DAYS, Proof, Slots};
use crate::store::claims::Claimed;
use crate::store::deliveries::Variant;
use crate::store::editions::Edition;
use crate::templates::mail::SiteContext;
use crate::templates::{ConfirmContext, Recipe};

/// A variant with the headers of its edition.
struct Prepared {
    variant: Variant,
    edition: Edition,
    recipe: Option<Recipe>,
}

/// Makes messages; keeps the variants in use.
pub(super) struct Letters {
    engine: Engine,
    envelope_from: Option<String>,
    signer: Option<Signer>,
    /// As many mails are signed at once as there are processors: more would only slow down who sends.
    signing: Semaphore,
    prepared: Mutex<HashMap<i64, Arc<Prepared>>>,
    slots: Slots,
}

/// Variants kept at most; an edition rarely has more than a dozen.
const KEPT: usize = 64;

impl Letters {
    /// Writes for a transport, signed if it has keys.
    pub(super) fn new(engine: Engine, transport: &Transport, signer: Option<Signer>) -> Self {
        let slots = Slots::of(&engine.instance.secret);
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self {
            engine,
            envelope_from: transport.envelope_from.clone(),
            signer,
            signing: Semaphore::new(processors),
            prepared: Mutex::default(),
            slots,
        }
    }

    /// The message of a delivery: the same bytes at every attempt. The error is one sentence why it can't be made.
    pub(super) async fn write(&self, claimed: &Claimed) -> anyhow::Result<Message> {
        let mut message = match claimed.kind.as_str() {
            "edition" => self.edition(claimed).await,
            "confirmation" => self.confirmation(claimed),
            _ => self.proof(claimed),
        }?;
        message.content = self.signed(message.content, claimed.created_at).await?;
        Ok(message)
    }

    /// The message with its signatures in front, dated by the delivery so that they are the same at every attempt.
    async fn signed(&self, content: String, at: Millis) -> anyhow::Result<String> {
        let Some(signer) = self.signer.clone() else { return Ok(content) };
        let _turn = self.signing.acquire().await?;
        let costly = signer.is_costly();
        let sign = move || signer.sign(&content, at).map(|signatures| signatures + &content);
        // RSA takes a millisecond of pure computing, in which a sending thread serves many connections.
        let signed = if costly { tokio::task::spawn_blocking(sign).await? } else { sign() };
        Ok(signed?)
    }

    async fn edition(&self, claimed: &Claimed) -> anyhow::Result<Message> {
        let prepared = self.prepared(claimed.variant_id.context("the delivery has no variant")?).await?;
        let (variant, edition) = (&prepared.variant, &prepared.edition);
        let subscription = claimed.subscription_id.context("the delivery has no subscription")?;
        let links = Links(&self.engine.config.site.base_url);
        let unsubscribe_url = links.unsubscribe(&token::sign(&self.engine.instance.secret, Power::Unsubscribe { subscription }));
        let name = claimed.name.as_deref().unwrap_or_default();
        let values = [name, &claimed.address, &unsubscribe_url];
        let (subject, html, text) = match &prepared.recipe {
            None => (
                self.slots.fill(&variant.subject, values, false),
                self.slots.fill(&variant.html, values, true),
                self.slots.fill(&variant.text, values, false),
            ),
            Some(recipe) => {
                let mail = recipe.render(name, &claimed.address, &unsubscribe_url)?;
                (mail.subject, mail.html, mail.text)
            }
        };
        let host = links.mail_domain();
        let (id, list_id) = (edition.id.to_string(), format!("{}.{host}", edition.digest));
        let feedback = format!("{id}:{}:digest:{host}", edition.digest);
        self.message(
            claimed,
            Letter {
                from: &edition.sender,
                to_address: &claimed.address,
                to_name: claimed.name.as_deref(),
                reply_to: edition.reply_to.as_deref(),
                subject: &subject,
                text: &text,
                html: &html,
                message_id: &self.message_id(claimed),
                date: claimed.created_at,
                list: Some(ListHeaders { list_id: &list_id, unsubscribe_url: &unsubscribe_url, unsubscribe_mailto: None }),
                feedback_id: Some(&feedback),
                edition: Some(&id),
            },
        )
    }

    fn confirmation(&self, claimed: &Claimed) -> anyhow::Result<Message> {
        let (config, letter) = (&self.engine.config, claimed.letter.as_deref().unwrap_or_default());
        let asked: Asked = serde_json::from_str(letter).context("the confirmation's text can't be read")?;
        let digests: Vec<_> = config.digests.iter().filter(|d| asked.digests.contains(&d.name)).collect();
        let first = digests.first().ok_or_else(|| anyhow!("the digest {} is no longer configured", asked.digests.join(", ")))?;
        let subscriber = claimed.subscriber_id.context("the delivery has no subscriber")?;
        let power = Power::Confirm { subscriber, delivery: claimed.id };
        let site = &config.site;
        let mail = self.engine.templates.render_confirm(&ConfirmContext {
            site: SiteContext { title: site.title.clone(), base_url: site.base_url.clone(), postal_address: site.postal_address.clone() },
            language: asked.language.unwrap_or_else(|| site.language.clone()),
            name: claimed.name.clone().unwrap_or_default(),
            address: claimed.address.clone(),
            digests: digests.iter().map(|d| d.title.clone()).collect(),
            confirm_url: Links(&site.base_url).confirm(&token::sign(&self.engine.instance.secret, power)),
            days: u32::try_from(CONFIRM_DAYS)?,
        })?;
        let message_id = self.message_id(claimed);
        self.message(
            claimed,
            Letter {
                from: &first.from,
                to_address: &claimed.address,
                // Anybody may have entered the name; it is carried to nobody.
                to_name: None,
                reply_to: first.reply_to.as_deref(),
                subject: &mail.subject,
                text: &mail.text,
                html: &mail.html,
                message_id: &message_id,
                date: claimed.created_at,
                list: None,
                feedback_id: None,
                edition: None,
            },
        )
    }

    fn proof(&self, claimed: &Claimed) -> anyhow::Result<Message> {
        let proof: Proof = serde_json::from_str(claimed.letter.as_deref().unwrap_or_default()).context("the test's text can't be read")?;
        let message_id = self.message_id(claimed);
        self.message(
            claimed,
            Letter {
                from: &proof.from,
                to_address: &claimed.address,
                to_name: None,
                reply_to: proof.reply_to.as_deref(),
                subject: &proof.subject,
                text: &proof.text,
                html: &proof.html,
                message_id: &message_id,
                date: claimed.created_at,
                list: None,
                feedback_id: None,
                edition: None,
            },
        )
    }

    fn message_id(&self, claimed: &Claimed) -> String {
        message_id(
            &format!("delivery {}", claimed.id),
            &self.engine.instance.secret,
            &Links(&self.engine.config.site.base_url).mail_domain(),
        )
    }

    fn message(&self, claimed: &Claimed, letter: Letter<'_>) -> anyhow::Result<Message> {
        let envelope_from = match &self.envelope_from {
            Some(address) => address.clone(),
            None => Mailbox::parse(letter.from)
                .map_err(|why| anyhow!("the sender {} can't be used: {why}", letter.from))?
                .address
                .as_str()
                .to_owned(),
        };
        let content = letter.to_message().map_err(|e| anyhow!("{e}"))?;
        Ok(Message { envelope_from, to: claimed.address.clone(), message_id: letter.message_id.to_owned(), content })
    }

    async fn prepared(&self, id: i64) -> anyhow::Result<Arc<Prepared>> {
        if let Some(known) = self.prepared.lock().ok().and_then(|p| p.get(&id).cloned()) {
            return Ok(known);
        }
        let variant = self.engine.store.variant(id).await?.with_context(|| format!("there is no variant {id}"))?;
        let edition =
            self.engine.store.edition(variant.edition_id).await?.with_context(|| format!("there is no edition {}", variant.edition_id))?;
        let recipe = variant.recipe.as_deref().map(Recipe::read).transpose()?;
        let fresh = Arc::new(Prepared { variant, edition, recipe });
        if let Ok(mut prepared) = self.prepared.lock() {
            if prepared.len() >= KEPT {
                prepared.clear();
            }
            prepared.insert(id, Arc::clone(&fresh));
        }
        Ok(fresh)
    }
}
