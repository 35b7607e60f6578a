//! `courant feeds`: lists, builds and publishes feeds, and shows reader counts.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Subcommand;

use super::output;
use super::table::Column::{Key, Number, Text, Url};
use super::table::TextTable;
use super::usage::UsageError;
use crate::app::App;
use crate::domain::selection::TermKind;
use crate::domain::site_urls::SiteUrls;
use crate::feeds::cache;
use crate::feeds::format::Format;
use crate::feeds::opml::{self, Opml};
use crate::feeds::render::render_all_formats;
use crate::feeds::request::{FEED_TERM_KINDS, FeedSelector};
use crate::fs::{Durability, FileAccess, replace_file};
use crate::wire::feeds::{Feed, FeedBuild, FeedUrls, OnDemandFeed, PublishReport};

mod readers;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List declared feeds with their URLs
    List {
        /// Maximum number of rows [default: all]
        #[arg(long)]
        limit: Option<usize>,
        /// List the on-demand feeds of sections, tags, … instead
        #[arg(long)]
        on_demand: bool,
    },
    /// Show how many readers each feed has
    Readers {
        /// Name of one feed; shows one row per day
        name: Option<String>,
        /// Number of days including today [default: 7; one feed: 30]
        #[arg(long, value_parser = clap::value_parser!(i64).range(1..=400))]
        days: Option<i64>,
    },
    /// Write all declared feeds and feeds.opml to a directory
    Build {
        /// Output directory; created if missing
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Upload changed feeds to all destinations, or to one
    Publish {
        /// Name of one destination [default: all]
        destination: Option<String>,
        /// Upload all files again, even if unchanged
        #[arg(long)]
        again: bool,
    },
}

impl Command {
    pub(crate) async fn run(self, app: &App, json: bool) -> anyhow::Result<ExitCode> {
        match self {
            Self::List { limit, on_demand: false } => list(app, limit, json),
            Self::List { limit, on_demand: true } => list_on_demand(app, limit, json).await,
            Self::Readers { name: Some(name), days } => {
                readers::list_days(app, &name, days.unwrap_or(30), json).await
            }
            Self::Readers { name: None, days } => readers::list(app, days.unwrap_or(7), json).await,
            Self::Build { out } => build(app, &out, json).await,
            Self::Publish { destination, again } => {
                publish(app, destination.as_deref(), again, json).await
            }
        }
    }
}

fn list(app: &App, limit: Option<usize>, json: bool) -> anyhow::Result<ExitCode> {
    let feeds = app.config.feeds.iter().take(limit.unwrap_or(usize::MAX));
    if json {
        let site = SiteUrls(&app.config.site.base_url);
        output::json(&feeds.map(|f| Feed::new(site, f)).collect::<Vec<_>>())?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = TextTable::new(&[
        Key("feed"),
        Text("title"),
        Number("items"),
        Key(""),
        Url("URL (also .atom and .json)"),
    ]);
    for f in feeds {
        let private = if f.secret.is_some() { "private" } else { "" };
        let url = SiteUrls(&app.config.site.base_url).feed(&f.path(), Format::Rss.extension());
        table.row([f.name.clone(), f.title.clone(), f.items.to_string(), private.to_owned(), url]);
    }
    table.print("The configuration has no feeds.")?;
    Ok(ExitCode::SUCCESS)
}

async fn publish(
    app: &App,
    name: Option<&str>,
    again: bool,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let destinations: Vec<_> = app
        .config
        .destinations
        .iter()
        .filter(|settings| name.is_none_or(|name| settings.name == name))
        .collect();
    if destinations.is_empty() {
        let reason = name.map_or("the configuration has no [[publish]]".to_owned(), |name| {
            format!("there is no [[publish]] with the name `{name}`")
        });
        return Err(UsageError(format!("{reason}; add one with a `url`")).into());
    }
    if let Some(reason) = app.send_block_reason() {
        bail!("{reason}");
    }
    cache::refresh_due(&app.store, &app.config, &app.feed_cache, app.now()).await?;
    let (mut failed, mut documents) = (false, Vec::new());
    for settings in destinations {
        let publisher = app.publisher(settings);
        let report = publisher.publish_now(again, app.now()).await?;
        publisher.shutdown().await?;
        failed |= report.error.is_some();
        if json {
            documents.push(PublishReport::new(&settings.name, &report));
            continue;
        }
        for (action, files) in [("uploaded", &report.uploaded), ("deleted", &report.deleted)] {
            for file in files {
                output::line(&format!("{}: {action} {file}", settings.name))?;
            }
        }
        output::line(&format!(
            "{}: {} uploaded, {} deleted, {} up to date, {} pending",
            settings.name,
            report.uploaded.len(),
            report.deleted.len(),
            report.up_to_date,
            report.pending
        ))?;
        if let Some(reason) = &report.error {
            output::error(reason);
        }
    }
    if json {
        output::json(&documents)?;
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn list_on_demand(app: &App, limit: Option<usize>, json: bool) -> anyhow::Result<ExitCode> {
    let mut terms_found = Vec::new();
    if app.config.server.on_demand {
        for kind in FEED_TERM_KINDS {
            let terms = app.store.terms().list(kind, i64::MAX, app.now()).await?;
            terms_found.extend(terms.into_iter().map(|term| (kind, term)));
        }
    }
    terms_found.truncate(limit.unwrap_or(usize::MAX));
    let path = |kind: TermKind, term: &str| {
        let mut subject = FeedSelector::default();
        subject.terms.list_mut(kind).push(term.to_owned());
        subject.path()
    };
    if json {
        let site = SiteUrls(&app.config.site.base_url);
        let rows = terms_found.iter().map(|(kind, term)| {
            OnDemandFeed::new(*kind, term, FeedUrls::new(site, &path(*kind, &term.term)))
        });
        output::json(&rows.collect::<Vec<_>>())?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = TextTable::new(&[
        Key("kind"),
        Text("name"),
        Number("articles"),
        Url("URL (also .atom and .json)"),
    ]);
    for (kind, term) in &terms_found {
        let url = SiteUrls(&app.config.site.base_url)
            .feed(&path(*kind, &term.term), Format::Rss.extension());
        table.row([kind.as_str().to_owned(), term.name.clone(), term.articles.to_string(), url]);
    }
    let has_private = app.config.feeds.iter().any(|feed| feed.secret.is_some());
    table.print(match app.config.server.on_demand {
        true => "No articles yet.",
        false if has_private => "On-demand feeds are disabled, as is the default with a private feed; set `on_demand = true` in `[server]` to enable them.",
        false => "On-demand feeds are disabled by `on_demand = false` in `[server]`.",
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn build(app: &App, out: &Path, json: bool) -> anyhow::Result<ExitCode> {
    std::fs::create_dir_all(out)
        .with_context(|| format!("cannot create the directory {}", out.display()))?;
    let mut written = 0;
    for feed in &app.config.feeds {
        for (format, body) in render_all_formats(&app.store, &app.config, feed, app.now()).await? {
            // A private feed has the same secret path as when it is served.
            let file = out.join(format!("{}.{}", feed.path(), format.extension()));
            if let Some(directory) = file.parent() {
                std::fs::create_dir_all(directory).with_context(|| {
                    format!("cannot create the directory {}", directory.display())
                })?;
            }
            write_atomically(&file, &body)?;
            written += 1;
        }
    }
    if let Some(list) = Opml::from_config(&app.config) {
        write_atomically(&out.join(opml::FILE_NAME), &list.identity)?;
        written += 1;
    }
    let text = format!("Wrote {} to {}.", output::pluralize(written, "file"), out.display());
    let document = FeedBuild { directory: out.display().to_string(), files: written };
    output::result(json, &document, &text)?;
    Ok(ExitCode::SUCCESS)
}

/// Writes a temporary file and renames it, so that a web server never serves an incomplete file.
fn write_atomically(file: &Path, body: &[u8]) -> anyhow::Result<()> {
    let mut temporary = file.as_os_str().to_owned();
    temporary.push(".new");
    replace_file(file, temporary.as_ref(), body, None, Durability::Unsynced, FileAccess::Public)
        .with_context(|| format!("cannot write {}", file.display()))
}
