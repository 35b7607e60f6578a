//! `courant digests next`: the next dates of digests, and what their next editions would contain.

use std::process::ExitCode;

use crate::app::App;
use crate::cli::digest_sentences::{find_digest, left_out_clauses, size_sentence};
use crate::cli::output::{self, pluralize};
use crate::config::Digest;
use crate::digests::{self, NextEdition};
use crate::domain::schedule::next_date;
use crate::domain::time::{Millis, zone_name};
use crate::wire::articles::ArticleTitle;
use crate::wire::digests::{LeftOutArticles, UpcomingEditions};

/// Number of upcoming dates shown per digest.
const UPCOMING_DATES: usize = 3;
/// Number of articles shown per digest.
const MAX_LISTED_ARTICLES: usize = 20;

/// Next dates of a digest, and its next edition.
struct Upcoming<'a> {
    digest: &'a Digest,
    /// Date that has passed, whose edition is not created yet.
    pending: Option<Millis>,
    dates: Vec<Millis>,
    edition: NextEdition,
    /// Number of subscribers who would receive it.
    subscribers: i64,
}

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
        let upcoming = read(app, digest).await?;
        if json {
            documents.push(upcoming.document());
            continue;
        }
        // Digests that follow each other in the same zone name it once.
        let names_zone = last_zone.replace(&digest.timezone) != Some(&digest.timezone);
        upcoming.print(names_zone)?;
    }
    if json {
        output::json(&documents)?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn read<'a>(app: &App, digest: &'a Digest) -> anyhow::Result<Upcoming<'a>> {
    let now = app.now();
    let pending = digests::pending_date(&app.store, digest, now).await?;
    let mut dates: Vec<Millis> = Vec::new();
    while dates.len() < UPCOMING_DATES {
        let after = dates.last().copied().unwrap_or(now);
        let next = next_date(&digest.schedule, &digest.timezone, &digest.pause, after);
        let Some(date) = next else { break };
        dates.push(date);
    }
    let date = pending.and(Some(now)).or(dates.first().copied()).unwrap_or(now);
    let edition = digests::next_edition(app.digest_context(), digest, date, now).await?;
    let subscribers = digests::audience_size(app.digest_context(), digest).await?;
    Ok(Upcoming { digest, pending, dates, edition, subscribers })
}

impl Upcoming<'_> {
    fn document(&self) -> UpcomingEditions {
        let NextEdition { articles, size, left_out } = &self.edition;
        UpcomingEditions {
            digest: self.digest.name.clone(),
            pending: self.pending.map(|t| t.rfc3339()),
            dates: self.dates.iter().map(|t| t.rfc3339()).collect(),
            articles: articles.iter().map(ArticleTitle::from).collect(),
            subscribers: self.subscribers,
            html_bytes: size.html_bytes,
            unlisted_count: size.unlisted_count,
            left_out: LeftOutArticles::list(left_out),
        }
    }

    fn print(&self, names_zone: bool) -> anyhow::Result<()> {
        let (digest, zone) = (self.digest, &self.digest.timezone);
        let times =
            if names_zone { format!("; times are in {}", zone_name(zone)) } else { String::new() };
        output::line(&format!("{} ({}){times}", digest.title, digest.name))?;
        if let Some(date) = self.pending {
            let date = date.in_zone(zone);
            output::line(&format!("  {date} has passed; `courant serve` creates its edition now"))?;
        }
        for date in &self.dates {
            output::line(&format!("  {}", date.in_zone(zone)))?;
        }
        let NextEdition { articles, size, left_out } = &self.edition;
        let shortfall = if articles.len() < digest.min_articles {
            format!(", fewer than min_articles = {}, so no edition is created", digest.min_articles)
        } else {
            String::new()
        };
        output::line(&format!(
            "  the next edition would hold {}{shortfall}, and have {}",
            pluralize(articles.len(), "article"),
            pluralize(self.subscribers, "recipient")
        ))?;
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
