//! `courant subscribers list`: all subscribers, or those that some options select.

use std::collections::HashMap;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::arguments::{check_digest, parse_filter};
use crate::app::App;
use crate::cli::output::{self, pluralize};
use crate::cli::paging;
use crate::cli::table::Column::{Key, Text};
use crate::cli::table::TextTable;
use crate::domain::filter::{Condition, SubscriptionTest};
use crate::domain::page::MAX_PAGE_SIZE;
use crate::domain::subscription::SubscriptionStatus;
use crate::store::subscriber_lists::{SubscriberOrder, SubscriberQuery};
use crate::store::subscribers::{Subscriber, Subscription};
use crate::store::suppressions::Suppression;
use crate::wire;
use crate::wire::subscribers::SubscriberCount;

/// Arguments of `courant subscribers list`.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Maximum number of rows [default: all]
    #[arg(long)]
    limit: Option<usize>,
    /// List only addresses and names that contain this text
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// List only subscribers that a filter selects (docs/subscribers.md)
    #[arg(long = "where", value_name = "FILTER")]
    filter: Option<String>,
    /// Order of the list
    #[arg(long, value_enum, default_value = "newest")]
    sort: SortArg,
    /// Print only the number of subscribers
    #[arg(long, conflicts_with = "limit")]
    count: bool,
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

/// Order argument of the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum SortArg {
    /// The last created ones first
    Newest,
    /// The first created ones first
    Oldest,
    /// By address, in lower case
    Address,
}

impl From<SortArg> for SubscriberOrder {
    fn from(argument: SortArg) -> Self {
        match argument {
            SortArg::Newest => Self::Newest,
            SortArg::Oldest => Self::Oldest,
            SortArg::Address => Self::Address,
        }
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
        let query = self.query(app).await?;
        if self.count {
            let subscribers = app.store.subscribers().count_matching(&query).await?;
            let text = pluralize(subscribers, "subscriber");
            output::result(json, &SubscriberCount { subscribers }, &text)?;
            return Ok(ExitCode::SUCCESS);
        }
        let found = paging::collect(self.limit, async |page| {
            app.store.subscribers().list_matching(&query, &page).await
        });
        let listed = with_subscriptions(app, found.await?).await?;
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
        let is_filtered = query.condition != Condition::All(Vec::new()) || !query.search.is_empty();
        table.print(if is_filtered { "No subscriber matches." } else { "No subscribers yet." })?;
        Ok(ExitCode::SUCCESS)
    }

    /// Returns the query of all options together.
    async fn query(&self, app: &App) -> anyhow::Result<SubscriberQuery> {
        let mut conditions = match &self.filter {
            Some(filter) => vec![parse_filter(app, filter).await?],
            None => Vec::new(),
        };
        let mut tests: Vec<SubscriptionTest> =
            self.digest.iter().map(|name| SubscriptionTest::Digest(vec![name.clone()])).collect();
        match self.status {
            Some(ListedStatus::Suppressed) => conditions.push(Condition::Suppressed),
            status => tests.extend(
                status
                    .and_then(ListedStatus::subscription_status)
                    .map(|status| SubscriptionTest::Status(vec![status])),
            ),
        }
        if !tests.is_empty() {
            conditions.push(Condition::Subscription(SubscriptionTest::All(tests)));
        }
        Ok(SubscriberQuery {
            condition: Condition::All(conditions),
            search: self.search.clone().unwrap_or_default(),
            order: self.sort.into(),
        })
    }
}

/// Adds the subscriptions and suppressions of subscribers, with two queries for each page.
async fn with_subscriptions(
    app: &App,
    subscribers: Vec<Subscriber>,
) -> anyhow::Result<Vec<Listed>> {
    let mut subscriptions: HashMap<i64, Vec<Subscription>> = HashMap::new();
    let mut suppressions: HashMap<String, Suppression> = HashMap::new();
    for page in subscribers.chunks(MAX_PAGE_SIZE) {
        let ids: Vec<i64> = page.iter().map(|p| p.id).collect();
        for subscription in app.store.subscriptions().list_of(&ids).await? {
            subscriptions.entry(subscription.subscriber_id).or_default().push(subscription);
        }
        suppressions.extend(app.store.suppressions().of_people(page).await?);
    }
    let listed = subscribers.into_iter().map(|subscriber| Listed {
        subscriptions: subscriptions.remove(&subscriber.id).unwrap_or_default(),
        suppression: suppressions.remove(&subscriber.address_hash),
        subscriber,
    });
    Ok(listed.collect())
}

/// Returns the suppression and the subscriptions of a subscriber as text.
fn describe_status(one: &Listed) -> String {
    let suppression = one.suppression.iter().map(|s| format!("suppressed ({})", s.reason));
    let subscriptions =
        one.subscriptions.iter().map(|s| format!("{} {}", s.digest, s.status.as_str()));
    suppression.chain(subscriptions).collect::<Vec<_>>().join(", ")
}
