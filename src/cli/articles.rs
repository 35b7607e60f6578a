//! `courant articles`: the mirrored articles, import into a builtin source, ids that outlive a CMS.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::anyhow;
use clap::Subcommand;
use serde_json::{Value, json};

use super::{Usage, output};
use crate::app::App;
use crate::domain::article::Article;
use crate::domain::time::Millis;
use crate::sources::{adopt, import};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// All public articles, newest first
    List {
        /// Those too that wait for their date
        #[arg(long)]
        waiting: bool,
        /// At most so many
        #[arg(long)]
        limit: Option<i64>,
    },
    /// One article: by its permanent id, SOURCE/ID, or the source's id
    Show {
        /// Its id
        id: String,
    },
    /// Import a file of articles (.jsonl, .csv), a feed (.rss, .atom, .xml, .json) or WordPress's export (.xml) into a
    /// builtin source; articles of the same id are replaced
    Import {
        /// The file
        file: PathBuf,
        /// The builtin source; default: the only one
        #[arg(long)]
        source: Option<String>,
    },
    /// Let articles carry the ids they had before their CMS changed; a CSV file holds an old id and a new id a line
    #[command(after_help = "\
The old id is one that readers know, SOURCE/ID, or a source's id where that is clear; the new one is the id in --source, or \
SOURCE/ID. Both before and after the new CMS was first read: nothing is announced as new, neither in feeds nor in digests.")]
    Adopt {
        /// The file
        map: PathBuf,
        /// The source that the new ids are of
        #[arg(long)]
        source: Option<String>,
    },
}

impl Command {
    pub(crate) async fn run(self, app: &App, json: bool) -> anyhow::Result<ExitCode> {
        match self {
            Self::List { waiting, limit } => list(app, waiting, limit, json).await,
            Self::Show { id } => show(app, &id, json).await,
            Self::Import { file, source } => take_in(app, &file, source.as_deref()).await,
            Self::Adopt { map, source } => adopt(app, &map, source.as_deref()).await,
        }
    }
}

async fn list(
    app: &App,
    waiting: bool,
    limit: Option<i64>,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let until = if waiting { Millis(i64::MAX) } else { app.now() };
    let articles = app.store.list_articles(until, limit).await?;
    if json {
        output::json(&articles.iter().map(summary).collect::<Vec<_>>().into())?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = output::Table::new(&["published", "source", "id", "language", "title"]);
    for a in articles {
        let when = a.published_at.in_zone(&app.config.site.timezone);
        let waits = if a.published_at > app.now() { " (waits)" } else { "" };
        table.row([format!("{when}{waits}"), a.source, a.source_id, a.language, a.title]);
    }
    table.print("there are no articles; `courant sources sync` reads the sources")?;
    Ok(ExitCode::SUCCESS)
}

fn summary(a: &Article) -> Value {
    json!({"id": a.guid, "source": a.source, "source_id": a.source_id, "title": a.title, "url": a.url, "language": a.language,
        "section": a.sections.first(), "sections": a.sections, "tags": a.tags, "authors": a.authors,
        "published_at": a.published_at.rfc3339(), "updated_at": a.updated_at.rfc3339(), "group": a.group})
}

async fn show(app: &App, id: &str, json: bool) -> anyhow::Result<ExitCode> {
    let article =
        app.store.find_article(id).await?.ok_or_else(|| anyhow!("there is no article {id:?}"))?;
    let mut twins: Vec<String> = app
        .store
        .members_of(&[article.group], app.now())
        .await?
        .into_iter()
        .map(|a| a.guid)
        .collect();
    twins.retain(|t| t != &article.guid);
    if json {
        let mut value = summary(&article);
        value["summary"] = article.summary.clone().into();
        value["body_html"] = article.body_html.clone().into();
        value["image_url"] = article.image_url.clone().into();
        value["image_alt"] = article.image_alt.clone().into();
        value["image_type"] = article.image_type.clone().into();
        value["image_width"] = article.image_width.into();
        value["image_height"] = article.image_height.into();
        value["enclosure"] = article
            .enclosure
            .as_ref()
            .map(|f| json!({"url": f.url, "type": f.media_type, "length": f.length}))
            .into();
        value["first_seen_at"] = article.first_seen_at.rfc3339().into();
        value["removed_at"] = article.removed_at.map(|t| t.rfc3339()).into();
        value["translations"] = twins.into();
        output::json(&value)?;
        return Ok(ExitCode::SUCCESS);
    }
    let lines = [
        ("id", article.guid.clone()),
        ("title", article.title.clone()),
        ("url", article.url.clone().unwrap_or_default()),
        ("published", article.published_at.rfc3339()),
        ("updated", article.updated_at.rfc3339()),
        ("removed", article.removed_at.map(|t| t.rfc3339()).unwrap_or_default()),
        ("language", article.language.clone()),
        ("sections", article.sections.join(", ")),
        ("tags", article.tags.join(", ")),
        ("authors", article.authors.join(", ")),
        ("image", article.image_url.clone().unwrap_or_default()),
        ("enclosure", article.enclosure.as_ref().map(|file| file.url.clone()).unwrap_or_default()),
        ("translations", twins.join(", ")),
        ("summary", article.summary.clone()),
    ];
    for (name, value) in lines.iter().filter(|(_, v)| !v.is_empty()) {
        output::line(&format!("{name:13}{value}"))?;
    }
    output::line("")?;
    output::line(&article.body_html)?;
    Ok(ExitCode::SUCCESS)
}

async fn take_in(app: &App, file: &Path, source: Option<&str>) -> anyhow::Result<ExitCode> {
    let source = import::builtin(&app.config, source).map_err(|e| Usage(format!("{e:#}")))?;
    match import::import(&app.store, &app.config, source, file, app.now()).await? {
        Ok(done) => {
            let r = done.report;
            output::line(&format!(
                "{}: added {}, changed {}{}",
                r.source,
                r.added,
                r.changed,
                super::sources::waiting(&r)
            ))?;
            for (what, n) in &done.left_out {
                output::line(&format!("  left out, {what}: {n}"))?;
            }
            for (id, what) in &r.notes {
                output::line(&format!("  note on {id}: {what}"))?;
            }
            for (id, why) in &r.refused {
                output::complain(&format!("{id}: {why}"));
            }
            Ok(if r.refused.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Err(import::Refused(lines)) => Ok(refused(file, &lines, "imported")),
    }
}

async fn adopt(app: &App, map: &Path, source: Option<&str>) -> anyhow::Result<ExitCode> {
    if let Some(name) = source.filter(|name| !app.config.sources.iter().any(|s| s.name == *name)) {
        return Err(Usage(format!("there is no source {name:?} in the config")).into());
    }
    match adopt::adopt(&app.store, &app.config, source, map, app.now()).await? {
        Ok(r) => {
            let parts = [(r.waiting, "waiting for their article"), (r.already, "done before")];
            let more: String = parts
                .iter()
                .filter(|(n, _)| *n > 0)
                .map(|(n, what)| format!(", {what} {n}"))
                .collect();
            output::line(&format!("adopted {}{more}", r.adopted))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(lines) => Ok(refused(map, &lines, "adopted")),
    }
}

/// Tells each refused line of a file, and that nothing came of the others either.
fn refused(file: &Path, lines: &[(u64, String)], done: &str) -> ExitCode {
    for (line, why) in lines {
        output::remark(&format!("{}:{line}: {why}", file.display()));
    }
    output::complain(&format!(
        "nothing was {done}, because {} can't be used",
        crate::cli::count(lines.len(), "line")
    ));
    ExitCode::FAILURE
}
