//! `courant subscribers list`: all subscribers, or those that some options select.

use std::collections::HashMap;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::arguments::check_digest;
use crate::app::App;
use crate::cli::output;
use crate::cli::table::Column::{Key, Text};
use crate::cli::table::TextTable;
use crate::domain::page::{MAX_PAGE_SIZE, Page, PageRequest};
use crate::domain::subscription::SubscriptionStatus;
use crate::store::subscribers::{Subscriber, Subscription};
use crate::store::suppressions::Suppression;
use crate::wire;

/// Arguments of `courant subscribers list`.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Maximum number of rows [default: all]
    #[arg(long)]
    limit: Option<usize>,
    /// List only addresses and names that contain this text
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// List only subscribers of this digest [default: all]
    #[arg(long)]
    digest: Option<String>,
    /// List only subscriptions of this status [default: all]
    #[arg(long, value_enum)]
    status: Option<ListedStatus>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ListedStatus {
    /// Not yet confirmed by its owner
    Pending,
    /// Confirmed; the digest is sent
    Confirmed,
    /// Paused by its owner
    Paused,
    /// Ended by its owner or an admin
    Unsubscribed,
    /// The address is never mailed
    Suppressed,
}

impl ListedStatus {
    fn subscription_status(self) -> Option<SubscriptionStatus> {
        Some(match self {
            Self::Pending => SubscriptionStatus::Pending,
            Self::Confirmed => SubscriptionStatus::Confirmed,
            Self::Paused => SubscriptionStatus::Paused,
            Self::Unsubscribed => SubscriptionStatus::Unsubscribed,
            Self::Suppressed => return None,
        })
    }
}

/// A subscriber of the list.
struct Listed {
    subscriber: Subscriber,
    subscriptions: Vec<Subscription>,
    suppression: Option<Suppression>,
}

impl ListArgs {
    pub(super) async fn run(self, app: &App, json: bool) -> anyhow::Result<ExitCode> {
        check_digest(app, self.digest.as_deref())?;
        let (mut listed, limit) = (Vec::new(), self.limit.unwrap_or(usize::MAX));
        let mut request = PageRequest::first(MAX_PAGE_SIZE);
        while listed.len() < limit {
            let (page, next) = read_page(app, &request).await?;
            listed.extend(page.into_iter().filter(|one| self.selects(one)));
            if next.is_none() {
                break;
            }
            request.after = next;
        }
        listed.truncate(limit);
        if json {
            let documents = listed.iter().map(|one| {
                wire::subscribers::Subscriber::new(
                    &one.subscriber,
                    &one.subscriptions,
                    one.suppression.as_ref(),
                )
            });
            output::json(&documents.collect::<Vec<_>>())?;
            return Ok(ExitCode::SUCCESS);
        }
        let mut table =
            TextTable::new(&[Key("address"), Text("name"), Key("language"), Text("subscriptions")]);
        for one in listed {
            let status = describe_status(&one);
            let Subscriber { address, name, language, .. } = one.subscriber;
            table.row([address, name.unwrap_or_default(), language.unwrap_or_default(), status]);
        }
        let is_filtered = self.search.is_some() || self.digest.is_some() || self.status.is_some();
        table.print(if is_filtered { "No subscriber matches." } else { "No subscribers yet." })?;
        Ok(ExitCode::SUCCESS)
    }

    fn selects(&self, one: &Listed) -> bool {
        let has_text = self.search.as_deref().is_none_or(|text| {
            let text = text.trim().to_lowercase();
            let name = one.subscriber.name.as_deref().unwrap_or_default();
            [&one.subscriber.address, name].iter().any(|value| value.to_lowercase().contains(&text))
        });
        let of_digest =
            |s: &&Subscription| self.digest.as_deref().is_none_or(|name| s.digest == name);
        let mut subscriptions = one.subscriptions.iter().filter(of_digest);
        has_text
            && match (self.status, self.digest.is_some()) {
                (None, false) => true,
                (None, true) => subscriptions.next().is_some(),
                (Some(ListedStatus::Suppressed), in_digest) => {
                    one.suppression.is_some() && (!in_digest || subscriptions.next().is_some())
                }
                (Some(status), _) => {
                    subscriptions.any(|s| Some(s.status) == status.subscription_status())
                }
            }
    }
}

async fn read_page(
    app: &App,
    request: &PageRequest,
) -> anyhow::Result<(Vec<Listed>, Option<crate::domain::page::Cursor>)> {
    let Page { items, next } = app.store.subscribers().list(request).await?;
    let ids: Vec<i64> = items.iter().map(|p| p.id).collect();
    let hashes: Vec<String> = items.iter().map(|p| p.address_hash.clone()).collect();
    let mut subscriptions: HashMap<i64, Vec<Subscription>> = HashMap::new();
    for subscription in app.store.subscriptions().list_of(&ids).await? {
        subscriptions.entry(subscription.subscriber_id).or_default().push(subscription);
    }
    let suppressions = app.store.suppressions().of_addresses(&hashes).await?;
    let mut suppressions: HashMap<String, Suppression> =
        suppressions.into_iter().map(|s| (s.hash.clone(), s)).collect();
    let listed = items.into_iter().map(|subscriber| Listed {
        subscriptions: subscriptions.remove(&subscriber.id).unwrap_or_default(),
        suppression: suppressions.remove(&subscriber.address_hash),
        subscriber,
    });
    Ok((listed.collect(), next))
}

/// Returns the suppression and the subscriptions of a subscriber as text.
fn describe_status(one: &Listed) -> String {
    let suppression = one.suppression.iter().map(|s| format!("suppressed ({})", s.reason));
    let subscriptions =
        one.subscriptions.iter().map(|s| format!("{} {}", s.digest, s.status.as_str()));
    suppression.chain(subscriptions).collect::<Vec<_>>().join(", ")
}
