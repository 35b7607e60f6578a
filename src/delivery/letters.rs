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
use crate::mail::dkim;
use crate::mail::message::{Letter, ListHeaders, MessageIds};
use crate::mail::mould::{Cast, Mould, Person};
use crate::mail::queued::{Asked, CONFIRM_DAYS, Proof, Slots};
use crate::store::claims::Claimed;
use crate::store::deliveries::Variant;
use crate::store::editions::Edition;
use crate::templates::mail::SiteContext;
use crate::templates::{ConfirmContext, Recipe};

/// A variant as its mails are made of it, with what they share.
struct Prepared {
    envelope_from: String,
    kind: Kind,
}

enum Kind {
    /// Slots are filled.
    Mould(Box<Mould>),
    /// The template is rendered for each.
    Recipe { recipe: Box<Recipe>, edition: Box<Edition>, feedback_id: String, list_id: String },
}

/// Makes messages; keeps the variants in use.
pub(super) struct Letters {
    engine: Engine,
    envelope_from: Option<String>,
    signer: Option<dkim::Signer>,
    /// As many mails are signed at once as there are processors: more would only slow down who sends.
    signing: Semaphore,
    prepared: Mutex<HashMap<i64, Arc<Prepared>>>,
    mail_domain: String,
    message_ids: MessageIds,
    tokens: token::Signer,
}

/// Variants kept at most; an edition rarely has more than a dozen.
const KEPT: usize = 64;

impl Letters {
    /// Writes for a transport, signed if it has keys.
    pub(super) fn new(engine: Engine, transport: &Transport, signer: Option<dkim::Signer>) -> Self {
        let secret = &engine.instance.secret;
        let mail_domain = Links(&engine.config.site.base_url).mail_domain();
        let (message_ids, tokens) =
            (MessageIds::of(secret, &mail_domain), token::Signer::of(secret));
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self {
            envelope_from: transport.envelope_from.clone(),
            signer,
            signing: Semaphore::new(processors),
            prepared: Mutex::default(),
            mail_domain,
            message_ids,
            tokens,
            engine,
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
        let prepared =
            self.prepared(claimed.variant_id.context("the delivery has no variant")?).await?;
        let subscription = claimed.subscription_id.context("the delivery has no subscription")?;
        let token = self.tokens.sign(Power::Unsubscribe { subscription });
        let unsubscribe_url = Links(&self.engine.config.site.base_url).unsubscribe(&token);
        let (name, message_id) = (claimed.name.as_deref(), self.message_id(claimed));
        let content = match &prepared.kind {
            Kind::Mould(mould) => mould.pour(&Person {
                address: &claimed.address,
                name,
                unsubscribe_url: &unsubscribe_url,
                message_id: &message_id,
                date: claimed.created_at,
            })?,
            Kind::Recipe { recipe, edition, feedback_id, list_id } => {
                let mail =
                    recipe.render(name.unwrap_or_default(), &claimed.address, &unsubscribe_url)?;
                Letter {
                    from: &edition.sender,
                    to_address: &claimed.address,
                    to_name: name,
                    reply_to: edition.reply_to.as_deref(),
                    subject: &mail.subject,
                    text: &mail.text,
                    html: &mail.html,
                    message_id: &message_id,
                    date: claimed.created_at,
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
        Ok(Message {
            envelope_from: prepared.envelope_from.clone(),
            to: claimed.address.clone(),
            message_id,
            content,
        })
    }

    fn confirmation(&self, claimed: &Claimed) -> anyhow::Result<Message> {
        let (config, letter) = (&self.engine.config, claimed.letter.as_deref().unwrap_or_default());
        let asked: Asked =
            serde_json::from_str(letter).context("the confirmation's text can't be read")?;
        let digests: Vec<_> =
            config.digests.iter().filter(|d| asked.digests.contains(&d.name)).collect();
        let first = digests.first().ok_or_else(|| {
            anyhow!("the digest {} is no longer configured", asked.digests.join(", "))
        })?;
        let subscriber = claimed.subscriber_id.context("the delivery has no subscriber")?;
        let power = Power::Confirm { subscriber, delivery: claimed.id };
        let site = &config.site;
        let mail = self.engine.templates.render_confirm(&ConfirmContext {
            site: SiteContext {
                title: site.title.clone(),
                base_url: site.base_url.clone(),
                postal_address: site.postal_address.clone(),
            },
            language: asked.language.unwrap_or_else(|| site.language.clone()),
            name: claimed.name.clone().unwrap_or_default(),
            address: claimed.address.clone(),
            digests: digests.iter().map(|d| d.title.clone()).collect(),
            confirm_url: Links(&site.base_url)
                .confirm(&token::sign(&self.engine.instance.secret, power)),
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
        let proof: Proof = serde_json::from_str(claimed.letter.as_deref().unwrap_or_default())
            .context("the test's text can't be read")?;
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
        self.message_ids.id(&format!("delivery {}", claimed.id))
    }

    /// The envelope's sender for mails from this mailbox.
    fn envelope_from(&self, from: &str) -> anyhow::Result<String> {
        if let Some(address) = &self.envelope_from {
            return Ok(address.clone());
        }
        let mailbox = Mailbox::parse(from)
            .map_err(|why| anyhow!("the sender {from} can't be used: {why}"))?;
        Ok(mailbox.address.as_str().to_owned())
    }

    fn message(&self, claimed: &Claimed, letter: Letter<'_>) -> anyhow::Result<Message> {
        let (envelope_from, content) = (self.envelope_from(letter.from)?, letter.to_message()?);
        Ok(Message {
            envelope_from,
            to: claimed.address.clone(),
            message_id: letter.message_id.to_owned(),
            content,
        })
    }

    async fn prepared(&self, id: i64) -> anyhow::Result<Arc<Prepared>> {
        if let Some(known) = self.prepared.lock().ok().and_then(|p| p.get(&id).cloned()) {
            return Ok(known);
        }
        let variant = self
            .engine
            .store
            .variant(id)
            .await?
            .with_context(|| format!("there is no variant {id}"))?;
        let edition = self
            .engine
            .store
            .edition(variant.edition_id)
            .await?
            .with_context(|| format!("there is no edition {}", variant.edition_id))?;
        let fresh = Arc::new(self.prepare(&variant, edition)?);
        if let Ok(mut prepared) = self.prepared.lock() {
            if prepared.len() >= KEPT {
                prepared.clear();
            }
            prepared.insert(id, Arc::clone(&fresh));
        }
        Ok(fresh)
    }

    fn prepare(&self, variant: &Variant, edition: Edition) -> anyhow::Result<Prepared> {
        let (id, digest, host) = (edition.id.to_string(), &edition.digest, &self.mail_domain);
        let (list_id, feedback_id) =
            (format!("{digest}.{host}"), format!("{id}:{digest}:digest:{host}"));
        let envelope_from = self.envelope_from(&edition.sender)?;
        if let Some(recipe) = &variant.recipe {
            let (recipe, edition) = (Box::new(Recipe::read(recipe)?), Box::new(edition));
            return Ok(Prepared {
                envelope_from,
                kind: Kind::Recipe { recipe, edition, feedback_id, list_id },
            });
        }
        let mould = Mould::of(&Cast {
            from: &edition.sender,
            reply_to: edition.reply_to.as_deref(),
            subject: &variant.subject,
            text: &variant.text,
            html: &variant.html,
            list_id: &list_id,
            unsubscribe_mailto: None,
            feedback_id: Some(&feedback_id),
            edition: Some(&id),
            slots: &Slots::of(&self.engine.instance.secret),
            seed: &self.message_ids.id(&format!("variant {}", variant.id)),
        })?;
        Ok(Prepared { envelope_from, kind: Kind::Mould(Box::new(mould)) })
    }
}
