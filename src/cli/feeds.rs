//! `courant feeds`: what they are, and their bytes in a folder.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Subcommand;
use serde_json::json;

use super::output;
use crate::app::App;
use crate::domain::links::Links;
use crate::feeds::format::Format;
use crate::feeds::making::documents;

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
}

impl Command {
    pub(crate) async fn run(self, app: &App, json: bool) -> anyhow::Result<ExitCode> {
        match self {
            Self::List { limit } => list(app, limit, json),
            Self::Build { out } => build(app, &out).await,
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

async fn build(app: &App, out: &Path) -> anyhow::Result<ExitCode> {
    std::fs::create_dir_all(out).with_context(|| format!("cannot make the folder {}", out.display()))?;
    let mut written = 0;
    for feed in &app.config.feeds {
        for (format, body) in documents(&app.store, &app.config, feed, app.now()).await? {
            // As it is served: a private one where nobody looks.
            let file = out.join(format!("{}.{}", feed.path(), format.extension()));
            if let Some(folder) = file.parent() {
                std::fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
            }
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
