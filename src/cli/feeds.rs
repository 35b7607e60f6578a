//! `courant feeds`: what they are, their bytes in a folder, and in the places they are published to.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Subcommand;
use serde_json::json;

use super::{Usage, output};
use crate::app::App;
use crate::domain::links::Links;
use crate::feeds::format::Format;
use crate::feeds::making::documents;
use crate::feeds::shelf::{self, file_name};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The declared feeds and their addresses
    List {
        /// At most so many
        #[arg(long)]
        limit: Option<usize>,
    },
    /// Write NAME.rss, NAME.atom and NAME.json of every feed, the same bytes as served
    Build {
        /// The folder; made if missing
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Put what changed into the places of the config, now
    Publish {
        /// One of them; without it all
        target: Option<String>,
        /// Put everything there once more, for a place that lost something
        #[arg(long)]
        again: bool,
    },
}

impl Command {
    pub(crate) async fn run(self, app: &App, json: bool) -> anyhow::Result<ExitCode> {
        match self {
            Self::List { limit } => list(app, limit, json),
            Self::Build { out } => build(app, &out).await,
            Self::Publish { target, again } => publish(app, target.as_deref(), again).await,
        }
    }
}

fn list(app: &App, limit: Option<usize>, json: bool) -> anyhow::Result<ExitCode> {
    let links = Links(&app.config.site.base_url);
    let feeds = app.config.feeds.iter().take(limit.unwrap_or(usize::MAX));
    if json {
        let all: Vec<_> = feeds
            .map(|f| {
                let at = |format: Format| links.feed(&f.path(), format.extension());
                json!({"name": f.name, "title": f.title, "items": f.items, "rss": at(Format::Rss), "atom": at(Format::Atom), "json": at(Format::Json)})
            })
            .collect();
        output::json(&all.into())?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = output::Table::new(&["feed", "title", "items", "address (also .atom and .json)"]);
    for f in feeds {
        table.row([f.name.clone(), f.title.clone(), f.items.to_string(), links.feed(&f.path(), "rss")]);
    }
    table.print("the config has no feed")?;
    Ok(ExitCode::SUCCESS)
}

async fn publish(app: &App, target: Option<&str>, again: bool) -> anyhow::Result<ExitCode> {
    let places: Vec<_> = app.config.publish.iter().filter(|to| target.is_none_or(|name| to.name == name)).collect();
    if places.is_empty() {
        let why =
            target.map_or("the config has no [[publish]]".to_owned(), |name| format!("there is no [[publish]] with the name `{name}`"));
        return Err(Usage(format!("{why}: add it, with a `url`")).into());
    }
    if let Some(why) = app.refusal() {
        bail!("{why}");
    }
    shelf::refresh_due(&app.store, &app.config, &app.shelf, app.now()).await?;
    let mut failed = false;
    for to in places {
        let publisher = app.publisher(to);
        let report = publisher.publish_now(again, app.now()).await?;
        publisher.finish().await?;
        for (did, files) in [("put", &report.put), ("removed", &report.removed)] {
            for file in files {
                output::line(&format!("{}: {did} {file}", to.name))?;
            }
        }
        output::line(&format!(
            "{}: put {}, removed {}, {} there, {} left",
            to.name,
            report.put.len(),
            report.removed.len(),
            report.there,
            report.left
        ))?;
        if let Some(why) = &report.trouble {
            output::complain(why);
            failed = true;
        }
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn build(app: &App, out: &Path) -> anyhow::Result<ExitCode> {
    std::fs::create_dir_all(out).with_context(|| format!("cannot make the folder {}", out.display()))?;
    let mut written = 0;
    for feed in &app.config.feeds {
        for (format, body) in documents(&app.store, &app.config, feed, app.now()).await? {
            let file = out.join(file_name(feed, format));
            // Written beside and renamed, so that a web server never serves half a feed.
            let unfinished = file.with_extension(format!("{}.new", format.extension()));
            std::fs::write(&unfinished, body)
                .and_then(|()| std::fs::rename(&unfinished, &file))
                .with_context(|| format!("cannot write {}", file.display()))?;
            written += 1;
        }
    }
    output::line(&format!("wrote {} to {}", super::count(written, "file"), out.display()))?;
    Ok(ExitCode::SUCCESS)
}
