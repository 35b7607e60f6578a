//! `courant subscribers edit` and `courant subscribers erase`: one person's data.

use std::collections::BTreeSet;
use std::process::ExitCode;

use anyhow::{anyhow, bail};
use clap::Args;

use super::arguments::find_subscriber;
use crate::app::App;
use crate::cli::output::{self, pluralize};
use crate::cli::usage::UsageError;
use crate::domain::actor::Actor;
use crate::domain::language;
use crate::store::address_changes::RedirectedMessages;
use crate::store::subscribers::Subscriber;
use crate::subscribers::attributes::KnownAttributes;
use crate::subscribers::changes::{self, SubscriberEdit};
use crate::wire;
use crate::wire::subscribers::{EditedSubscriber, ErasedSubscriber};

/// Arguments of `courant subscribers edit`.
#[derive(Debug, Args)]
pub(crate) struct EditArgs {
    /// E-mail address of the subscriber
    email: String,
    /// New e-mail address; all subscriptions are kept
    #[arg(long = "email", value_name = "EMAIL")]
    new_email: Option<String>,
    /// New name; "" removes it
    #[arg(long)]
    name: Option<String>,
    /// New language (RFC 5646); "" for that of the site
    #[arg(long)]
    language: Option<String>,
    /// New time zone (IANA name); "" for that of the site
    #[arg(long)]
    timezone: Option<String>,
    /// Tag to add; repeatable
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Tag to remove; repeatable
    #[arg(long = "untag", value_name = "TAG")]
    removed_tags: Vec<String>,
    /// Attribute value to set; repeatable
    #[arg(long = "attribute", value_name = "NAME=VALUE")]
    attributes: Vec<String>,
    /// Attribute whose value is removed; repeatable
    #[arg(long = "remove-attribute", value_name = "NAME")]
    removed_attributes: Vec<String>,
}

impl EditArgs {
    pub(super) async fn run(self, app: &App, json: bool) -> anyhow::Result<ExitCode> {
        let before = find_subscriber(app, &self.email).await?;
        let known = KnownAttributes::read(&app.store).await?;
        known.check_names(&self.removed_attributes).map_err(UsageError)?;
        let edit = SubscriberEdit {
            email: self.new_email,
            name: self.name,
            language: self.language,
            timezone: self.timezone,
            tags: self.tags,
            removed_tags: self.removed_tags,
            attributes: known.parse_pairs(&self.attributes).map_err(UsageError)?,
            removed_attributes: self.removed_attributes,
        };
        if edit == SubscriberEdit::default() {
            let options = "--email, --name, --language, --timezone, --tag, --untag, --attribute or --remove-attribute";
            return Err(UsageError(format!("nothing to change; use {options}")).into());
        }
        if edit.language.as_deref().is_some_and(|tag| !tag.is_empty() && !language::is_known(tag)) {
            let tag = edit.language.unwrap_or_default();
            let reason = format!("`{tag}` is not a known language; write an ISO 639 code");
            return Err(UsageError(reason).into());
        }
        let secret = &app.store_identity.secret;
        let digests = &app.config.digests;
        let redirected =
            changes::edit(&app.store, secret, &before, &edit, digests, &Actor::Cli, app.now())
                .await?
                .map_err(|reason| anyhow!(reason))?;
        let Some(after) = app.store.subscribers().find(before.id).await? else {
            bail!("{} was erased at the same time", before.address);
        };
        let subscriptions = app.store.subscriptions().list_of(&[after.id]).await?;
        let suppression = app.store.suppressions().of_person(&after).await?;
        let document = EditedSubscriber::new(
            wire::subscribers::Subscriber::new(&after, &subscriptions, suppression.as_ref()),
            redirected,
        );
        let changes = differences(&before, &after);
        let text = match changes.as_slice() {
            [] => format!("{}: nothing changed", before.address),
            _ => {
                let clauses = changes.into_iter().chain(describe(redirected)).collect::<Vec<_>>();
                format!("{}: {}", before.address, clauses.join("; "))
            }
        };
        output::result(json, &document, &text)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Returns a clause for each kind of queued message that a change of the address affected.
fn describe(redirected: RedirectedMessages) -> Vec<String> {
    let RedirectedMessages { editions, cancelled_confirmations, confirmations } = redirected;
    let queued = |n: usize, what: &str| (n > 0).then(|| pluralize(n, what));
    let editions = queued(usize::try_from(editions).unwrap_or(usize::MAX), "queued message");
    [
        editions.map(|n| format!("{n} redirected to the new address")),
        queued(cancelled_confirmations, "confirmation e-mail")
            .map(|n| format!("{n} to the former address cancelled")),
        queued(confirmations, "confirmation e-mail")
            .map(|n| format!("{n} queued for the new address")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Returns a clause for each value that differs.
pub(super) fn differences(old: &Subscriber, new: &Subscriber) -> Vec<String> {
    let (old_tags, new_tags) = (list_of(&old.tags), list_of(&new.tags));
    let (old_address, new_address) = (Some(old.address.clone()), Some(new.address.clone()));
    [
        ("address", &old_address, &new_address),
        ("name", &old.name, &new.name),
        ("language", &old.language, &new.language),
        ("time zone", &old.timezone, &new.timezone),
        ("tags", &old_tags, &new_tags),
    ]
    .into_iter()
    .map(|(what, old, new)| (what, old.clone(), new.clone()))
    .chain(changed_attributes(old, new))
    .filter(|(_, old, new)| old != new)
    .map(|(what, old, new)| {
        let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".into());
        format!("{what}: {} (was {})", shown(&new), shown(&old))
    })
    .collect()
}

fn list_of(tags: &[String]) -> Option<String> {
    (!tags.is_empty()).then(|| tags.join(", "))
}

/// Returns each attribute that one of two states has, with its values.
fn changed_attributes<'a>(
    old: &'a Subscriber,
    new: &'a Subscriber,
) -> impl Iterator<Item = (&'a str, Option<String>, Option<String>)> {
    let names: BTreeSet<&String> = old.attributes.keys().chain(new.attributes.keys()).collect();
    let value = |of: &Subscriber, name: &String| of.attributes.get(name).map(ToString::to_string);
    names.into_iter().map(move |name| (name.as_str(), value(old, name), value(new, name)))
}

/// Erases the personal data of a subscriber and prints what was erased.
pub(super) async fn erase(app: &App, email: &str, json: bool) -> anyhow::Result<ExitCode> {
    let subscriber = find_subscriber(app, email).await?;
    let (subscriptions, deliveries) =
        changes::erase(&app.store, &subscriber, &Actor::Cli, app.now())
            .await?
            .map_err(|reason| anyhow!(reason))?;
    let text = format!(
        "Erased {}: {} deleted, {} anonymized.",
        subscriber.address,
        pluralize(usize::try_from(subscriptions)?, "subscription"),
        if deliveries == 1 { "1 delivery".to_owned() } else { format!("{deliveries} deliveries") },
    );
    let email = subscriber.address;
    output::result(json, &ErasedSubscriber { email, subscriptions, deliveries }, &text)?;
    Ok(ExitCode::SUCCESS)
}
