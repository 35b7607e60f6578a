//! `courant segments`: lists the segments with the numbers of their subscribers.

use std::process::ExitCode;

use clap::Subcommand;

use super::output::{self, pluralize};
use super::table::Column::{Key, Number, Text};
use super::table::TextTable;
use super::usage::UsageError;
use crate::app::App;
use crate::config;
use crate::domain::nearest::suggestion;
use crate::subscribers::segments::count_subscribers;
use crate::wire::segments::Segment;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List segments with the number of their subscribers
    List,
    /// Show a segment with the number of its subscribers
    Show {
        /// Name of the segment
        name: String,
    },
}

impl Command {
    pub(crate) async fn run(self, app: &App, json: bool) -> anyhow::Result<ExitCode> {
        match self {
            Self::List => list(app, json).await?,
            Self::Show { name } => show(app, &name, json).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Returns the document of a segment, whose subscribers are counted.
async fn counted(app: &App, segment: &config::Segment) -> anyhow::Result<Segment> {
    let subscribers = count_subscribers(&app.store, &app.config, segment).await?;
    Ok(Segment::new(segment, subscribers))
}

async fn list(app: &App, json: bool) -> anyhow::Result<()> {
    let mut documents = Vec::new();
    for segment in &app.config.segments {
        documents.push(counted(app, segment).await?);
    }
    if json {
        return output::json(&documents);
    }
    let mut table =
        TextTable::new(&[Key("name"), Text("title"), Number("subscribers"), Text("filter")]);
    for segment in documents {
        let subscribers = segment.subscribers.to_string();
        table.row([segment.name, segment.title, subscribers, segment.filter]);
    }
    table.print("The configuration has no segments.")
}

async fn show(app: &App, name: &str, json: bool) -> anyhow::Result<()> {
    let segments = &app.config.segments;
    let Some(segment) = segments.iter().find(|segment| segment.name == name) else {
        let names = segments.iter().map(|segment| segment.name.as_str());
        let hint = suggestion(name, names);
        return Err(UsageError(format!("there is no segment {name:?}; {hint}")).into());
    };
    let document = counted(app, segment).await?;
    if json {
        return output::json(&document);
    }
    output::line(&format!("{} ({})", document.title, document.name))?;
    output::line(&format!("  filter: {}", document.filter))?;
    output::line(&format!("  {}", pluralize(document.subscribers, "subscriber")))
}
