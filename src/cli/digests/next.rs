//! `courant digests next`: the next dates of digests, and what their next editions would contain.

use std::process::ExitCode;

use crate::app::App;
use crate::cli::digest_sentences::{find_digest, left_out_clauses, size_sentence};
use crate::cli::output::{self, pluralize};
use crate::config::Digest;
use crate::digests::{self, NextEdition, Upcoming};
use crate::domain::time::zone_name;
use crate::wire::digests::UpcomingEditions;

/// Number of articles shown per digest.
const MAX_LISTED_ARTICLES: usize = 20;

/// Prints the named digests, or all of them.
pub(super) async fn run(app: &App, names: &[String], json: bool) -> anyhow::Result<ExitCode> {
    let digests: Vec<&Digest> = match names {
        [] => app.config.digests.iter().collect(),
        names => names.iter().map(|name| find_digest(app, name)).collect::<Result<_, _>>()?,
    };
    output::clock_faults(app).await?;
    let mut documents = Vec::new();
    let mut last_zone = None;
    for digest in digests {
        let upcoming = digests::upcoming(app.digest_context(), digest, app.now()).await?;
        if json {
            documents.push(UpcomingEditions::new(digest, &upcoming));
            continue;
        }
        let upcoming = UpcomingDigest { digest, upcoming };
        // Digests that follow each other in the same zone name it once.
        let names_zone = last_zone.replace(&digest.timezone) != Some(&digest.timezone);
        upcoming.print(names_zone)?;
    }
    if json {
        output::json(&documents)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A digest with its next dates and edition.
struct UpcomingDigest<'a> {
    digest: &'a Digest,
    upcoming: Upcoming,
}

impl UpcomingDigest<'_> {
    fn print(&self, names_zone: bool) -> anyhow::Result<()> {
        let (digest, zone) = (self.digest, &self.digest.timezone);
        let Upcoming { pending, paused_since, dates, edition, subscribers } = &self.upcoming;
        let times =
            if names_zone { format!("; times are in {}", zone_name(zone)) } else { String::new() };
        output::line(&format!("{} ({}){times}", digest.title, digest.name))?;
        if let Some(date) = pending {
            let date = date.in_zone(zone);
            output::line(&format!("  {date} has passed; `courant serve` creates its edition now"))?;
        }
        if let Some(since) = paused_since {
            output::line(&format!(
                "  paused since {}; `courant digests resume {}` resumes it",
                since.in_zone(zone),
                digest.name
            ))?;
        }
        for date in dates {
            output::line(&format!("  {}", date.in_zone(zone)))?;
        }
        let NextEdition { articles, size, left_out } = edition;
        let count = pluralize(articles.len(), "article");
        output::line(&if articles.len() < digest.min_articles {
            let minimum = digest.min_articles;
            format!(
                "  the next edition would hold {count}, fewer than min_articles = {minimum}, and is not created"
            )
        } else {
            let recipients = pluralize(*subscribers, "recipient");
            format!("  the next edition would hold {count} and have {recipients}")
        })?;
        if let Some(sentence) = size_sentence(digest, *size) {
            output::line(&format!("  {sentence}"))?;
        }
        for clause in left_out_clauses(digest, left_out) {
            output::line(&format!("  left out: {clause}"))?;
        }
        for a in articles.iter().take(MAX_LISTED_ARTICLES) {
            output::line(&format!("    {}  {}", a.published_at.in_zone(zone), a.title))?;
        }
        Ok(())
    }
}
