//! `courant subscribers`: lists, adds, removes, imports and exports subscribers.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::anyhow;
use clap::{Args, Subcommand, ValueEnum};

use super::output;
use super::output::pluralize;
use super::progress::ProgressReporter;
use super::usage::{UsageError, parse_address};
use crate::app::App;
use crate::config::Digest;
use crate::digests::find_digest;
use crate::domain::actor::Actor;
use crate::domain::page::{MAX_PAGE_SIZE, Page, PageRequest};
use crate::domain::subscription::RequestOrigin;
use crate::store::subscribers::{Subscriber, Subscription};
use crate::subscribers::{self, NewSubscriber, export, import};
use crate::wire;
use crate::wire::deliveries::DeliverySummary;
use crate::wire::subscribers::{
    SubscribeResult, SubscriberHistory, SubscriberImport, UnsubscribeResult,
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List subscribers, newest first
    List {
        /// Maximum number of rows [default: all]
        #[arg(long)]
        limit: Option<usize>,
    },
    /// Show a subscriber with the last 20 deliveries
    Show {
        /// E-mail address of the subscriber
        email: String,
    },
    /// Subscribe an address to one or more digests
    Add(AddArgs),
    /// Unsubscribe an address from all digests
    Remove {
        /// E-mail address of the subscriber
        email: String,
    },
    /// Import subscribers from a CSV file
    Import(ImportArgs),
    /// Write all subscribers as CSV to standard output
    Export {
        /// Export only subscribers of this digest [default: all]
        #[arg(long)]
        digest: Option<String>,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum InitialStatus {
    /// The owner consented; no confirmation e-mail is sent
    Confirmed,
    /// A confirmation e-mail is sent first
    Pending,
}

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
    /// Evidence of consent, stored with the subscription
    #[arg(long)]
    consent: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// CSV file with email, name, language, timezone, sections
    file: PathBuf,
    /// Name of the digest
    #[arg(long)]
    digest: String,
    /// Initial status of the subscriptions
    #[arg(long, value_enum, default_value = "pending")]
    status: InitialStatus,
    /// Column names of the file, e.g. email=E-Mail,name=Name
    #[arg(long, value_delimiter = ',', value_name = "COLUMN=NAME")]
    map: Vec<String>,
    /// Validate the file without importing it
    #[arg(long)]
    dry_run: bool,
    /// Import valid lines even if others are rejected
    #[arg(long)]
    skip_bad: bool,
    /// Evidence of consent, stored with the subscription
    #[arg(long, value_name = "TEXT")]
    consent: Option<String>,
    /// File for the reasons of all rejected lines
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

impl Command {
    pub(crate) async fn run(self, app: &App, json: bool) -> anyhow::Result<ExitCode> {
        match self {
            Self::List { limit } => list(app, limit, json).await,
            Self::Show { email } => show(app, &email, json).await,
            Self::Add(add) => add.run(app, json).await,
            Self::Remove { email } => {
                let digests = subscribers::unsubscribe_all(
                    &app.store,
                    &parse_address(&email)?,
                    &Actor::Cli,
                    app.now(),
                )
                .await?
                .ok_or_else(|| anyhow!("{email} is not a subscriber"))?;
                let text = format!(
                    "Unsubscribed {email} from {}.",
                    pluralize(usize::try_from(digests)?, "digest")
                );
                output::result(json, &UnsubscribeResult { email, digests }, &text)?;
                Ok(ExitCode::SUCCESS)
            }
            Self::Import(import) => import.run(app, json).await,
            Self::Export { digest } => {
                if let Some(name) = &digest {
                    find_digest(&app.config, name).map_err(|e| UsageError(format!("{e:#}")))?;
                }
                export::export(&app.store, digest.as_deref(), std::io::stdout().lock()).await?;
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

async fn find_subscriber(app: &App, email: &str) -> anyhow::Result<Subscriber> {
    app.store
        .subscribers()
        .find_by_address(&parse_address(email)?.key())
        .await?
        .ok_or_else(|| anyhow!("{email} is not a subscriber"))
}

async fn list(app: &App, limit: Option<usize>, json: bool) -> anyhow::Result<ExitCode> {
    let (mut rows, mut remaining) = (Vec::new(), limit.unwrap_or(usize::MAX));
    let mut after = None;
    let mut table = output::TextTable::new(&["address", "name", "language", "subscriptions"]);
    while remaining > 0 {
        let request = PageRequest { limit: remaining.min(MAX_PAGE_SIZE), after };
        let Page { items: subscribers, next } = app.store.subscribers().list(&request).await?;
        remaining -= subscribers.len();
        let all = app
            .store
            .subscriptions()
            .list_of(&subscribers.iter().map(|p| p.id).collect::<Vec<_>>())
            .await?;
        for p in subscribers {
            let subscriptions: Vec<Subscription> =
                all.iter().filter(|l| l.subscriber_id == p.id).cloned().collect();
            if json {
                rows.push(wire::subscribers::Subscriber::new(&p, &subscriptions));
            } else {
                let words: Vec<String> = subscriptions
                    .iter()
                    .map(|l| format!("{} {}", l.digest, l.status.as_str()))
                    .collect();
                table.row([
                    p.address,
                    p.name.unwrap_or_default(),
                    p.language.unwrap_or_default(),
                    words.join(", "),
                ]);
            }
        }
        after = next;
        if after.is_none() {
            break;
        }
    }
    if json {
        output::json(&rows)?
    } else {
        table.print("No subscribers yet.")?
    }
    Ok(ExitCode::SUCCESS)
}

async fn show(app: &App, email: &str, json: bool) -> anyhow::Result<ExitCode> {
    let p = find_subscriber(app, email).await?;
    let subscriptions = app.store.subscriptions().list_of(&[p.id]).await?;
    let deliveries = app.store.deliveries().to_subscriber(p.id, 20).await?;
    if json {
        output::json(&SubscriberHistory {
            listed: wire::subscribers::Subscriber::new(&p, &subscriptions),
            deliveries: deliveries.iter().map(DeliverySummary::from).collect(),
        })?;
        return Ok(ExitCode::SUCCESS);
    }
    output::line(&format!("{}  {}", p.address, p.name.as_deref().unwrap_or("")))?;
    for (what, value) in [("language", &p.language), ("timezone", &p.timezone)] {
        output::line(&format!("  {what}: {}", value.as_deref().unwrap_or("the site's")))?;
    }
    for l in &subscriptions {
        let sections =
            if l.sections.is_empty() { "all sections".into() } else { l.sections.join(", ") };
        let since = l.status_changed_at.in_zone(&app.config.site.timezone);
        output::line(&format!(
            "  {}: {} since {since}, {sections}; {}",
            l.digest,
            l.status.as_str(),
            l.consent
        ))?;
    }
    for d in deliveries {
        let what = d.edition_id.map_or(d.kind.to_string(), |e| format!("edition {e}"));
        output::line(&format!(
            "  {what}: {} after {} {}",
            d.state,
            pluralize(usize::try_from(d.attempts)?, "attempt"),
            d.last_reply.unwrap_or_default()
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

impl AddArgs {
    async fn run(self, app: &App, json: bool) -> anyhow::Result<ExitCode> {
        let digests: Vec<&Digest> = match (self.digest.as_slice(), app.config.digests.as_slice()) {
            ([], [only]) => vec![only],
            ([], _) => return Err(UsageError("no digest given; use --digest NAME".into()).into()),
            (names, _) => subscribers::find_digests(&app.config, names).map_err(UsageError)?,
        };
        let confirmed = matches!(self.status, InitialStatus::Confirmed);
        let origin = if confirmed { RequestOrigin::AdminWithConsent } else { RequestOrigin::Admin };
        let consent =
            self.consent.unwrap_or_else(|| format!("added by an admin, {}", app.now().rfc3339()));
        let email = self.email.clone();
        let person = NewSubscriber {
            email: self.email,
            name: self.name,
            language: self.language,
            timezone: self.timezone,
            sections: self.section,
        };
        let request =
            subscribers::validate(&person, &digests, &consent, &app.store_identity.secret)
                .map_err(|reason| anyhow!("{email}: {reason}"))?;
        let done = subscribers::apply_requests(
            &app.store,
            vec![request],
            &digests,
            origin,
            &Actor::Cli,
            app.now(),
        )
        .await?;
        let r = done.first().copied().unwrap_or_default();
        if r.suppressed {
            return Err(anyhow!(
                "{email} is suppressed; to allow e-mails, run `courant suppressions remove {email}`"
            ));
        }
        let results = [
            (r.confirmed, "confirmed"),
            (r.confirmations_queued, "confirmation e-mail queued"),
            (r.unchanged, "already subscribed"),
            (r.unsubscribed, "skipped: the subscriber unsubscribed, and only they can resubscribe"),
        ];
        let results: Vec<String> = results
            .into_iter()
            .filter(|(n, _)| *n > 0)
            .map(|(n, what)| format!("{}: {what}", pluralize(n, "digest")))
            .collect();
        let document = SubscribeResult::new(&email, r);
        output::result(json, &document, &format!("{email}: {}", results.join("; ")))?;
        Ok(ExitCode::SUCCESS)
    }
}

impl ImportArgs {
    async fn run(self, app: &App, json: bool) -> anyhow::Result<ExitCode> {
        let digest =
            find_digest(&app.config, &self.digest).map_err(|e| UsageError(format!("{e:#}")))?;
        let options = import::ImportOptions {
            actor: Actor::Cli,
            confirmed: matches!(self.status, InitialStatus::Confirmed),
            column_map: parse_column_map(&self.map)?,
            dry_run: self.dry_run,
            skip_bad: self.skip_bad,
            consent: self.consent.unwrap_or_default(),
        };
        let mut progress = ProgressReporter::new("lines", app.clock);
        let on_progress = |done, total| progress.update(done, total);
        let r = import::import(
            &app.store,
            &app.store_identity.secret,
            &self.file,
            digest,
            &options,
            app.now(),
            on_progress,
        )
        .await?;
        progress.finish();
        output::rejected_lines(&self.file, &r.rejected, self.report.as_deref())?;
        let rejected = pluralize(r.rejected.len(), "line");
        let document = SubscriberImport::from(&r);
        if options.dry_run {
            let text = format!(
                "{} valid, {rejected} rejected; nothing was changed.",
                pluralize(r.valid, "line")
            );
            output::result(json, &document, &text)?;
            return Ok(if r.rejected.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        if !r.imported {
            if json {
                output::json(&document)?;
            }
            output::error(&format!(
                "nothing was imported: {rejected} rejected; fix them or use --skip-bad"
            ));
            return Ok(ExitCode::FAILURE);
        }
        let text = format!(
            "confirmed {}, pending {}, already subscribed {}, previously unsubscribed {}, suppressed {}, rejected {}",
            r.confirmed,
            r.pending,
            r.already_subscribed,
            r.previously_unsubscribed,
            r.suppressed,
            r.rejected.len()
        );
        output::result(json, &document, &text)?;
        Ok(ExitCode::SUCCESS)
    }
}

fn parse_column_map(pairs: &[String]) -> anyhow::Result<HashMap<String, String>> {
    let mut map = HashMap::new();
    for pair in pairs {
        let (ours, theirs) = pair.split_once('=').ok_or_else(|| {
            UsageError(format!("--map {pair:?} is not valid; use for example email=E-Mail"))
        })?;
        if !import::COLUMNS.contains(&ours) {
            return Err(UsageError(format!(
                "--map: {ours:?} is not a supported column; use one of: {}",
                import::COLUMNS.join(", ")
            ))
            .into());
        }
        map.insert(ours.to_owned(), theirs.to_owned());
    }
    Ok(map)
}
