//! `courant digests pause` and `resume`: stops digests, and lets them continue.

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;

use super::super::digest_sentences::find_digest;
use super::super::output::{self, pluralize};
use crate::app::App;
use crate::config::Digest;
use crate::digests;
use crate::domain::actor::Actor;
use crate::wire::digests::DigestPause;

/// Digests that a command applies to.
#[derive(Debug, Args)]
pub(crate) struct Chosen {
    /// Names of the digests to pause or resume
    #[arg(required_unless_present = "all")]
    names: Vec<String>,
    /// Apply to all digests
    #[arg(long, conflicts_with = "names")]
    all: bool,
}

impl Chosen {
    fn digests<'a>(&self, app: &'a App) -> anyhow::Result<Vec<&'a Digest>> {
        if self.all {
            return Ok(app.config.digests.iter().collect());
        }
        self.names.iter().map(|name| find_digest(app, name)).collect()
    }
}

/// Pauses the digests; with `--all` those that are not paused yet.
pub(super) async fn pause(app: &App, chosen: &Chosen, json: bool) -> anyhow::Result<ExitCode> {
    let (now, paused) = (app.now(), app.store.digests().paused().await?);
    let (mut documents, mut lines) = (Vec::new(), Vec::new());
    for digest in chosen.digests(app)? {
        if chosen.all && paused.contains_key(&digest.name) {
            continue;
        }
        let name = &digest.name;
        let Some(editions) = digests::pause_digest(&app.store, name, &Actor::Cli, now).await?
        else {
            bail!("digest {name} is paused already; `courant digests resume {name}` resumes it");
        };
        lines.push(format!("digest {} is paused{}", digest.name, with_editions(editions.len())));
        let paused_since = Some(now.rfc3339());
        documents.push(DigestPause { digest: digest.name.clone(), paused_since, editions });
    }
    print(&documents, &lines, "All digests are paused already.", json)
}

/// Resumes the digests; with `--all` those that are paused.
pub(super) async fn resume(app: &App, chosen: &Chosen, json: bool) -> anyhow::Result<ExitCode> {
    let (now, paused) = (app.now(), app.store.digests().paused().await?);
    let (mut documents, mut lines) = (Vec::new(), Vec::new());
    for digest in chosen.digests(app)? {
        if chosen.all && !paused.contains_key(&digest.name) {
            continue;
        }
        let name = &digest.name;
        let resumed = digests::resume_digest(&app.store, name, &Actor::Cli, now).await?;
        let Some(editions) = resumed else {
            bail!("digest {name} is not paused; `courant digests next {name}` shows its dates");
        };
        let next = match digests::next_date(digest, None, now) {
            Some(date) => format!("; its next date is {}", date.in_zone(&digest.timezone)),
            None => String::new(),
        };
        let with = with_editions(editions.len());
        lines.push(format!("digest {} is resumed{with}{next}", digest.name));
        documents.push(DigestPause { digest: digest.name.clone(), paused_since: None, editions });
    }
    print(&documents, &lines, "No digest is paused.", json)
}

fn with_editions(count: usize) -> String {
    if count == 0 { String::new() } else { format!(" with {}", pluralize(count, "edition")) }
}

fn print(
    documents: &[DigestPause],
    lines: &[String],
    nothing: &str,
    json: bool,
) -> anyhow::Result<ExitCode> {
    if json {
        output::json(&documents)?;
    } else if lines.is_empty() {
        output::note(nothing);
    }
    for line in lines.iter().filter(|_| !json) {
        output::line(line)?;
    }
    Ok(ExitCode::SUCCESS)
}
