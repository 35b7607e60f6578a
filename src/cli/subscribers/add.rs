//! `courant subscribers add`: subscribes an address, or changes a subscriber.

use std::process::ExitCode;

use anyhow::anyhow;
use clap::Args;

use super::arguments::InitialStatus;
use super::edit::differences;
use crate::app::App;
use crate::cli::output;
use crate::cli::usage::UsageError;
use crate::config::Digest;
use crate::domain::actor::Actor;
use crate::domain::subscription::{RequestOrigin, SubscriptionStatus};
use crate::store::subscribers::{Subscriber, Subscription};
use crate::store::subscriptions::{RequestResult, SubscriptionRequest};
use crate::subscribers::attributes::KnownAttributes;
use crate::subscribers::{self, KnownTerms, NewSubscriber};
use crate::wire::subscribers::SubscribeResult;

/// Arguments of `courant subscribers add`.
#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// E-mail address of the subscriber
    email: String,
    /// Name of a digest; repeatable [default: the only one]
    #[arg(long)]
    digest: Vec<String>,
    /// Initial status of the subscriptions
    #[arg(long, value_enum, default_value = "pending")]
    status: InitialStatus,
    /// Name of the subscriber
    #[arg(long)]
    name: Option<String>,
    /// Language of the subscriber (RFC 5646)
    #[arg(long)]
    language: Option<String>,
    /// Time zone of the subscriber (IANA name)
    #[arg(long)]
    timezone: Option<String>,
    /// Section to receive; repeatable [default: all]
    #[arg(long)]
    section: Vec<String>,
    /// Receive all sections again
    #[arg(long, conflicts_with = "section")]
    all_sections: bool,
    /// Tag to add; repeatable
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Attribute value to set; repeatable
    #[arg(long = "attribute", value_name = "NAME=VALUE")]
    attributes: Vec<String>,
    /// Evidence of consent; needed for --status confirmed
    #[arg(long)]
    consent: Option<String>,
}

/// A subscriber with the subscriptions, before or after a change.
#[derive(Default)]
struct SubscriberState {
    subscriber: Option<Subscriber>,
    subscriptions: Vec<Subscription>,
}

impl SubscriberState {
    async fn read(app: &App, address_key: &str) -> anyhow::Result<Self> {
        let Some(subscriber) = app.store.subscribers().find_by_address(address_key).await? else {
            return Ok(Self::default());
        };
        let subscriptions = app.store.subscriptions().list_of(&[subscriber.id]).await?;
        Ok(Self { subscriber: Some(subscriber), subscriptions })
    }

    fn subscription(&self, digest: &str) -> Option<&Subscription> {
        self.subscriptions.iter().find(|s| s.digest == digest)
    }

    /// Returns a sentence for each value of a known subscriber that differs in `later`.
    fn changes(&self, later: &Self) -> Vec<String> {
        let (Some(old), Some(new)) = (&self.subscriber, &later.subscriber) else {
            return Vec::new();
        };
        let mut changes = differences(old, new);
        for subscription in &later.subscriptions {
            if let Some(old) = self.subscription(&subscription.digest)
                && old.sections != subscription.sections
            {
                let (digest, new) = (&subscription.digest, sections(subscription));
                changes.push(format!("sections of {digest}: {new} (were {})", sections(old)));
            }
        }
        changes
    }
}

fn sections(subscription: &Subscription) -> String {
    if subscription.sections.is_empty() { "all".into() } else { subscription.sections.join(", ") }
}

/// Returns the error for a subscriber without a digest where the configuration has several or none.
fn missing_digest(all: &[Digest]) -> UsageError {
    let names: Vec<&str> = all.iter().map(|digest| digest.name.as_str()).collect();
    UsageError(match names.as_slice() {
        [] => "the configuration has no digests; add one with [[digests]]".to_owned(),
        names => {
            format!("no digest given; use --digest NAME; existing digests: {}", names.join(", "))
        }
    })
}

impl AddArgs {
    async fn run_request(self, app: &App) -> anyhow::Result<(SubscriptionRequest, RequestResult)> {
        let digests: Vec<&Digest> = match (self.digest.as_slice(), app.config.digests.as_slice()) {
            ([], [only]) => vec![only],
            ([], all) => return Err(missing_digest(all).into()),
            (names, _) => subscribers::find_digests(&app.config, names).map_err(UsageError)?,
        };
        let confirmed = self.status.is_confirmed(self.consent.as_deref())?;
        let origin = if confirmed { RequestOrigin::AdminWithConsent } else { RequestOrigin::Admin };
        let consent =
            self.consent.unwrap_or_else(|| format!("added by an admin, {}", app.now().rfc3339()));
        let attributes = KnownAttributes::read(&app.store).await?;
        let person = NewSubscriber {
            email: self.email.clone(),
            name: self.name,
            language: self.language,
            timezone: self.timezone,
            sections: self.section,
            resets_sections: self.all_sections,
            tags: self.tags,
            attributes: attributes.parse_pairs(&self.attributes).map_err(UsageError)?,
        };
        let known = KnownTerms::read(&app.store, &digests).await?;
        let request =
            subscribers::validate(&person, &digests, &consent, &app.store_identity.secret)
                .and_then(|request| known.check(&request).map(|()| request).map_err(String::from))
                .map_err(|reason| anyhow!("{}: {reason}", self.email))?;
        let (requests, actor) = (vec![request.clone()], Actor::Cli);
        let done =
            subscribers::apply_requests(&app.store, requests, &digests, origin, &actor, app.now())
                .await?;
        Ok((request, done.first().copied().unwrap_or_default()))
    }

    pub(super) async fn run(self, app: &App, json: bool) -> anyhow::Result<ExitCode> {
        let email = self.email.clone();
        let key = crate::cli::usage::parse_address(&email)?.key();
        let before = SubscriberState::read(app, &key).await?;
        let (request, result) = self.run_request(app).await?;
        if result.suppressed {
            return Err(anyhow!(
                "{email} is suppressed; to allow e-mails, run `courant suppressions remove {email}`"
            ));
        }
        let after = SubscriberState::read(app, &key).await?;
        let changes = before.changes(&after);
        let results = request.digests.iter().map(|digest| {
            let effect = effect(before.subscription(digest), after.subscription(digest), &result);
            format!("{digest}: {effect}")
        });
        let lines: Vec<String> = results.chain(changes.iter().cloned()).collect();
        let document = SubscribeResult::new(&email, result, changes);
        output::result(json, &document, &format!("{email}: {}", lines.join("; ")))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Returns the effect of a request on one subscription, for people.
fn effect(
    before: Option<&Subscription>,
    after: Option<&Subscription>,
    result: &RequestResult,
) -> &'static str {
    let was = before.map(|s| s.status);
    match after.map(|s| s.status) {
        Some(SubscriptionStatus::Confirmed) if was != Some(SubscriptionStatus::Confirmed) => {
            "confirmed"
        }
        Some(SubscriptionStatus::Pending) if was == Some(SubscriptionStatus::Pending) => {
            "already subscribed, but not yet confirmed by the subscriber"
        }
        Some(SubscriptionStatus::Pending) => "confirmation e-mail queued",
        // Without a subscription, the address is a former or an erased one.
        None | Some(SubscriptionStatus::Unsubscribed) if result.previously_unsubscribed > 0 => {
            "skipped: the subscriber unsubscribed, and only they can resubscribe"
        }
        _ => "already subscribed",
    }
}
