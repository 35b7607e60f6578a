//! `courant feeds`: what they are, how many read them, their bytes in a folder and in the places they are published to.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Subcommand;
use serde_json::json;

use super::{Usage, output, readers};
use crate::app::App;
use crate::domain::links::Links;
use crate::domain::selection::Kind;
use crate::feeds::address::{CHOICES, Subject};
use crate::feeds::format::Format;
use crate::feeds::making::documents;
use crate::feeds::opml::{self, Opml};
use crate::feeds::shelf;
use crate::store::terms::Term;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The declared feeds and their addresses
    List {
        /// At most so many
        #[arg(long)]
        limit: Option<usize>,
        /// Those instead that are made when somebody asks: for each section, tag, author and language
        #[arg(long)]
        on_demand: bool,
    },
    /// How many read each feed, by day
    Readers {
        /// One feed, day by day
        name: Option<String>,
        /// How many days to look back, today included [default: 7, of one feed 30]
        #[arg(long, value_parser = clap::value_parser!(i64).range(1..=400))]
        days: Option<i64>,
    },
    /// Write NAME.rss, NAME.atom and NAME.json of every feed, the same bytes as served, and feeds.opml
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
            Self::List { limit, on_demand: false } => list(app, limit, json),
            Self::List { limit, on_demand: true } => on_demand(app, limit, json).await,
            Self::Readers { name: Some(name), days } => {
                readers::of(app, &name, days.unwrap_or(30), json).await
            }
            Self::Readers { name: None, days } => readers::all(app, days.unwrap_or(7), json).await,
            Self::Build { out } => build(app, &out).await,
            Self::Publish { target, again } => publish(app, target.as_deref(), again).await,
        }
    }
}

fn list(app: &App, limit: Option<usize>, json: bool) -> anyhow::Result<ExitCode> {
    let feeds = app.config.feeds.iter().take(limit.unwrap_or(usize::MAX));
    if json {
        let all: Vec<_> = feeds
            .map(|f| {
                let mut row = addresses(app, &f.path());
                row["name"] = json!(f.name);
                row["title"] = json!(f.title);
                row["items"] = json!(f.items);
                row["private"] = json!(f.private.is_some());
                row
            })
            .collect();
        output::json(&all.into())?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table =
        output::Table::new(&["feed", "title", "items", "", "address (also .atom and .json)"]);
    for f in feeds {
        let private = if f.private.is_some() { "private" } else { "" };
        let address = Links(&app.config.site.base_url).feed(&f.path(), Format::Rss.extension());
        table.row([
            f.name.clone(),
            f.title.clone(),
            f.items.to_string(),
            private.to_owned(),
            address,
        ]);
    }
    table.print("the config has no feed")?;
    Ok(ExitCode::SUCCESS)
}

async fn publish(app: &App, target: Option<&str>, again: bool) -> anyhow::Result<ExitCode> {
    let places: Vec<_> =
        app.config.publish.iter().filter(|to| target.is_none_or(|name| to.name == name)).collect();
    if places.is_empty() {
        let why = target.map_or("the config has no [[publish]]".to_owned(), |name| {
            format!("there is no [[publish]] with the name `{name}`")
        });
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

/// Where a feed is, in each format and for people.
fn addresses(app: &App, path: &str) -> serde_json::Value {
    let links = Links(&app.config.site.base_url);
    let at = |format: Format| links.feed(path, format.extension());
    json!({"page": links.feed_page(path), "rss": at(Format::Rss), "atom": at(Format::Atom), "json": at(Format::Json)})
}

async fn on_demand(app: &App, limit: Option<usize>, json: bool) -> anyhow::Result<ExitCode> {
    let mut found = Vec::new();
    if app.config.server.on_demand {
        for kind in CHOICES {
            let terms = app.store.terms(kind, i64::MAX, app.now()).await?;
            found.extend(terms.into_iter().map(|term| (kind, term)));
        }
    }
    found.truncate(limit.unwrap_or(usize::MAX));
    let path = |kind: Kind, term: &str| {
        let mut subject = Subject::default();
        subject.chosen.list_mut(kind).push(term.to_owned());
        subject.path()
    };
    if json {
        let row = |(kind, term): &(Kind, Term)| {
            let mut row = addresses(app, &path(*kind, &term.term));
            row["kind"] = json!(kind.name());
            row["title"] = json!(term.name);
            row["articles"] = json!(term.articles);
            row
        };
        output::json(&found.iter().map(row).collect::<Vec<_>>().into())?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table =
        output::Table::new(&["kind", "name", "articles", "address (also .atom and .json)"]);
    for (kind, term) in &found {
        let address = Links(&app.config.site.base_url)
            .feed(&path(*kind, &term.term), Format::Rss.extension());
        table.row([kind.name().to_owned(), term.name.clone(), term.articles.to_string(), address]);
    }
    let has_private = app.config.feeds.iter().any(|feed| feed.private.is_some());
    table.print(match app.config.server.on_demand {
        true => "there is no article yet",
        false if has_private => "feeds on demand are off, as always beside a private feed unless [server] on_demand = true",
        false => "feeds on demand are off: [server] on_demand = false",
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn build(app: &App, out: &Path) -> anyhow::Result<ExitCode> {
    std::fs::create_dir_all(out)
        .with_context(|| format!("cannot make the folder {}", out.display()))?;
    let mut written = 0;
    for feed in &app.config.feeds {
        for (format, body) in documents(&app.store, &app.config, feed, app.now()).await? {
            // As it is served: a private one where nobody looks.
            let file = out.join(format!("{}.{}", feed.path(), format.extension()));
            if let Some(folder) = file.parent() {
                std::fs::create_dir_all(folder)
                    .with_context(|| format!("cannot make the folder {}", folder.display()))?;
            }
            put(&file, &body)?;
            written += 1;
        }
    }
    if let Some(list) = Opml::of(&app.config) {
        put(&out.join(opml::FILE), &list.identity)?;
        written += 1;
    }
    output::line(&format!("wrote {} to {}", super::count(written, "file"), out.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// Written beside and renamed, so that a web server never serves half a file.
fn put(file: &Path, body: &[u8]) -> anyhow::Result<()> {
    let mut unfinished = file.as_os_str().to_owned();
    unfinished.push(".new");
    std::fs::write(&unfinished, body)
        .and_then(|()| std::fs::rename(&unfinished, file))
        .with_context(|| format!("cannot write {}", file.display()))
}
