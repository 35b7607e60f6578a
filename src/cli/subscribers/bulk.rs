//! `courant subscribers bulk`: changes all subscribers that a filter selects.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::arguments::{check_digest, parse_filter};
use crate::app::App;
use crate::cli::output::{self, pluralize};
use crate::cli::paging;
use crate::cli::progress::ProgressReporter;
use crate::cli::table::Column::{Key, Number, Text};
use crate::cli::table::TextTable;
use crate::cli::usage::UsageError;
use crate::domain::actor::Actor;
use crate::domain::bulk::BulkAction;
use crate::domain::tag;
use crate::store::bulk_jobs::BulkJob;
use crate::store::subscriber_lists::SubscriberQuery;
use crate::subscribers::bulk::{self, BulkContext};
use crate::wire::bulk::BulkOperation;
use crate::wire::subscribers::SubscriberCount;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Add a tag to the subscribers
    Tag {
        /// Tag, which is stored in lower case
        tag: String,
        #[command(flatten)]
        selection: SelectionArgs,
    },
    /// Remove a tag from the subscribers
    Untag {
        /// Tag, in any case of letters
        tag: String,
        #[command(flatten)]
        selection: SelectionArgs,
    },
    /// Subscribe to a digest, with the owners' consent
    Subscribe {
        /// Name of the digest
        #[arg(long)]
        digest: String,
        /// Evidence of the owners' consent
        #[arg(long, value_name = "TEXT")]
        consent: String,
        #[command(flatten)]
        selection: SelectionArgs,
    },
    /// End the subscriptions to a digest
    Unsubscribe {
        /// Name of the digest
        #[arg(long)]
        digest: String,
        /// Reason, stored with the subscriptions
        #[arg(long, value_name = "TEXT", default_value = "no reason given")]
        reason: String,
        #[command(flatten)]
        selection: SelectionArgs,
    },
    /// Erase the personal data; irrevocable
    Erase {
        /// Confirm the erasure; otherwise only count
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        selection: SelectionArgs,
    },
    /// List bulk operations, newest first
    List {
        /// Maximum number of rows [default: all]
        #[arg(long)]
        limit: Option<usize>,
    },
    /// Continue an interrupted operation
    Resume {
        /// Number of the operation
        id: i64,
    },
}

/// Arguments that select the subscribers.
#[derive(Debug, Args)]
pub(crate) struct SelectionArgs {
    /// Filter that selects the subscribers
    #[arg(long = "where", value_name = "FILTER")]
    filter: String,
    /// Count the subscribers without changing them
    #[arg(long)]
    dry_run: bool,
}

impl Command {
    pub(crate) async fn run(self, app: &App, json: bool) -> anyhow::Result<ExitCode> {
        let (action, selection) = match self {
            Self::List { limit } => return list(app, limit, json).await,
            Self::Resume { id } => return perform(app, id, json).await,
            Self::Tag { tag, selection } => (BulkAction::Tag(normalized(&tag)?), selection),
            Self::Untag { tag, selection } => (BulkAction::Untag(normalized(&tag)?), selection),
            Self::Subscribe { digest, consent, selection } => {
                check_digest(app, Some(&digest))?;
                if consent.trim().is_empty() {
                    return Err(UsageError("--consent is empty; state the evidence".into()).into());
                }
                (BulkAction::Subscribe { digest, consent }, selection)
            }
            Self::Unsubscribe { digest, reason, selection } => {
                check_digest(app, Some(&digest))?;
                (BulkAction::Unsubscribe { digest, reason }, selection)
            }
            Self::Erase { yes, selection } => {
                let dry_run = selection.dry_run || !yes;
                (BulkAction::Erase, SelectionArgs { dry_run, ..selection })
            }
        };
        if selection.filter.trim().is_empty() {
            let reason = "--where is empty; to select all subscribers, write 'address ~ \"@\"'";
            return Err(UsageError(reason.into()).into());
        }
        let condition = parse_filter(app, &selection.filter).await?;
        if selection.dry_run {
            let query = SubscriberQuery::of(condition);
            let subscribers = app.store.subscribers().count_matching(&query).await?;
            let hint = if action == BulkAction::Erase { "; add --yes to erase them" } else { "" };
            let text = format!(
                "{} would be changed{hint}; nothing was changed.",
                pluralize(subscribers, "subscriber")
            );
            output::result(json, &SubscriberCount { subscribers }, &text)?;
            return Ok(ExitCode::SUCCESS);
        }
        let job = bulk::start(context(app), &action, &condition, app.now()).await?;
        perform(app, job.id, json).await
    }
}

fn normalized(text: &str) -> Result<String, UsageError> {
    tag::normalize(text).map_err(|reason| UsageError(reason.to_string()))
}

fn context(app: &App) -> BulkContext<'_> {
    BulkContext {
        store: &app.store,
        config: &app.config,
        secret: &app.store_identity.secret,
        actor: &Actor::Cli,
    }
}

/// Performs a job, or the rest of it, and prints the result.
async fn perform(app: &App, id: i64, json: bool) -> anyhow::Result<ExitCode> {
    let mut progress = ProgressReporter::new("subscribers", app.clock);
    let on_progress = |job: &BulkJob| {
        let count = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let total = count(job.total.unsigned_abs()).max(count(job.counts.total()));
        progress.update(count(job.counts.total()), total);
    };
    let job = bulk::run(context(app), id, app.clock, on_progress).await?;
    progress.finish();
    let clauses = bulk::describe(&job);
    let text = match clauses.as_slice() {
        [] => "The filter selects no subscriber.".to_owned(),
        all => format!("Operation {}: {}.", job.id, all.join(", ")),
    };
    output::result(json, &BulkOperation::from(&job), &text)?;
    Ok(ExitCode::SUCCESS)
}

async fn list(app: &App, limit: Option<usize>, json: bool) -> anyhow::Result<ExitCode> {
    let jobs = paging::collect(limit, async |page| app.store.bulk_jobs().list(&page).await).await?;
    if json {
        output::json(&jobs.iter().map(BulkOperation::from).collect::<Vec<_>>())?;
        return Ok(ExitCode::SUCCESS);
    }
    let zone = &app.config.site.timezone;
    let mut table = TextTable::new(&[
        Key("id"),
        Key("action"),
        Number("subscribers"),
        Key("since"),
        Text("result"),
    ]);
    for job in jobs {
        let result = bulk::describe(&job).join(", ");
        let result = match job.finished_at {
            Some(_) => result,
            None => format!("not finished ({result}); continue with `bulk resume {}`", job.id),
        };
        let (id, action) = (job.id.to_string(), job.action.as_str().to_owned());
        table.row([id, action, job.total.to_string(), job.created_at.in_zone(zone), result]);
    }
    table.print("There were no bulk operations.")?;
    Ok(ExitCode::SUCCESS)
}
