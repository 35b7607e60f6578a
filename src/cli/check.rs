//! `courant check`: validates the configuration, database, sources, transports, publishing
//! destinations and templates.

mod findings;
mod relays;
mod sections;
mod warnings;

use std::path::Path;
use std::process::ExitCode;

use self::findings::Findings;
use super::digest_sentences::{left_out_summary, size_sentence};
use super::output;
use crate::app::{App, template_errors};
use crate::config::{Config, Transport};
use crate::digests;
use crate::domain::address::Mailbox;
use crate::domain::selection::Selection;
use crate::mail::dkim::{self, Signer};
use crate::sources;

pub(crate) async fn run(path: &Path, skip_relays: bool, json: bool) -> anyhow::Result<ExitCode> {
    // An invalid configuration or database ends the command: nothing below can be checked then.
    let app = App::from_file(path).await?;
    let config = &app.config;
    let mut findings = Findings::new(json);
    findings.ok(&format!("configuration {}: {}", path.display(), summary(config)))?;
    app.store.ping().await?;
    app.store.prepare_statements().await?;
    findings.ok("database: reachable and up to date")?;
    let has_renames = !app.pending_renames().await?.is_empty();
    check_sources(&app, has_renames, &mut findings).await?;
    if !has_renames {
        check_feeds(&app, &mut findings).await?;
    }
    for transport in &config.transports {
        relays::check(transport, skip_relays, &mut findings).await?;
        check_dkim(config, transport, &mut findings)?;
    }
    let sections = sections::check(&app).await?;
    for reason in &sections.offered {
        findings.error(reason)?;
    }
    for reason in &sections.warnings {
        findings.warning(reason)?;
    }
    for destination in &config.destinations {
        match app.publisher(destination).check().await {
            Ok(at) => {
                findings.ok(&format!("publish {}: {at} accepts files", destination.name))?;
            }
            Err(reason) => findings.error(&format!("publish {reason}"))?,
        }
    }
    let template_errors = template_errors(config, &app.templates);
    for reason in &template_errors {
        findings.error(reason)?;
    }
    if template_errors.is_empty() {
        findings.ok("templates: all render with sample data")?;
    }
    check_audiences(&app, has_renames, &mut findings).await?;
    if let Some(reason) = app.reset_clock_faults().await? {
        findings.warning(&reason)?;
    }
    for reason in warnings::of(&app).into_iter().chain(app.unconfigured_names().await?) {
        findings.warning(&reason)?;
    }
    if template_errors.is_empty() && !has_renames {
        check_digests(&app, &mut findings).await?;
    }
    app.store.close().await;
    if json {
        output::json(&findings.documents)?;
    }
    if findings.errors > 0 {
        output::error(&format!("{} found", output::pluralize(findings.errors, "error")));
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// Connects to the database of each source, and counts its articles unless they may have its former name.
async fn check_sources(
    app: &App,
    has_renames: bool,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    for source in &app.config.sources {
        match sources::check(source).await {
            Ok(warnings) => {
                let of_source =
                    Selection { sources: vec![source.name.clone()], ..Selection::default() };
                let articles = app.store.articles().count_selected(&of_source, app.now()).await?;
                let imported = match articles {
                    _ if has_renames => "articles not counted before the rename".to_owned(),
                    0 => "no articles imported yet".to_owned(),
                    n => format!("{} imported", output::pluralize(n, "article")),
                };
                findings.ok(&format!("source {}: readable, {imported}", source.name))?;
                for warning in warnings {
                    findings.warning(&format!("source {}: {warning}", source.name))?;
                }
            }
            Err(e) => findings.error(&format!("{e:#}"))?,
        }
    }
    Ok(())
}

/// Counts the articles that each feed selects, and warns of feeds that select none of those there are.
async fn check_feeds(app: &App, findings: &mut Findings) -> anyhow::Result<()> {
    let total = app.store.articles().count_selected(&Selection::default(), app.now()).await?;
    for feed in &app.config.feeds {
        let selected = app.store.articles().count_selected(&feed.selection, app.now()).await?;
        let articles = output::pluralize(selected, "article");
        if selected == 0 && total > 0 {
            findings.warning(&format!("feed {}: it selects none of the articles", feed.name))?;
        } else if usize::try_from(selected).is_ok_and(|selected| selected > feed.items) {
            let newest = feed.items;
            findings.ok(&format!("feed {}: {articles}, the newest {newest} shown", feed.name))?;
        } else {
            findings.ok(&format!("feed {}: {articles}", feed.name))?;
        }
    }
    Ok(())
}

/// Checks the filters over subscribers, and counts those who would receive each digest with a filter.
async fn check_audiences(
    app: &App,
    has_renames: bool,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    if let Err(e) = app.check_filters().await {
        return format!("{e:#}").lines().try_for_each(|line| findings.error(line));
    }
    if has_renames {
        return Ok(());
    }
    for digest in app.config.digests.iter().filter(|d| !d.audience.text.trim().is_empty()) {
        let subscribers = digests::audience_size(app.digest_context(), digest).await?;
        let subscribers = output::pluralize(subscribers, "subscriber");
        findings.ok(&format!("digest {}: audience of {subscribers}", digest.name))?;
    }
    Ok(())
}

/// Counts the articles of each digest's next edition, and warns of mail that Gmail would clip.
async fn check_digests(app: &App, findings: &mut Findings) -> anyhow::Result<()> {
    for digest in &app.config.digests {
        let now = app.now();
        let next = digests::next_edition(app.digest_context(), digest, now, now).await?;
        let articles = output::pluralize(next.articles.len(), "article");
        let left_out = left_out_summary(digest, next.articles.len(), &next.left_out);
        let name = &digest.name;
        findings.ok(&format!("digest {name}: {articles} for the next edition{left_out}"))?;
        if let Some(sentence) = size_sentence(digest, next.size) {
            findings.warning(&format!("digest {}: {sentence}", digest.name))?;
        }
    }
    Ok(())
}

/// Checks the DKIM keys of a transport and prints the DNS records they need.
fn check_dkim(
    config: &Config,
    transport: &Transport,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let signer = match Signer::from_transport(transport) {
        Ok(Some(signer)) => signer,
        Ok(None) => return Ok(()),
        Err(errors) => return errors.iter().try_for_each(|reason| findings.error(reason)),
    };
    let keys = output::pluralize(transport.dkim.len(), "key");
    let signs = format!("transport {}: signs with {keys} (DKIM)", transport.name);
    let domains = signing_domains(config, transport, &signer);
    if domains.is_empty() {
        return findings.ok(&format!("{signs}, once a digest uses it"));
    }
    findings.ok(&format!("{signs}; publish these DNS TXT records:"))?;
    let records: Vec<dkim::DnsRecord> =
        domains.iter().flat_map(|domain| signer.dns_records(domain)).collect();
    findings.dns_records(&records)
}

/// Returns the signing domains of a transport: its own, or those of the digests' senders.
fn signing_domains(config: &Config, transport: &Transport, signer: &Signer) -> Vec<String> {
    if let Some(domain) = signer.domain() {
        return vec![domain.to_owned()];
    }
    let senders = config.digests.iter().filter(|digest| digest.transport == transport.name);
    let mut domains: Vec<String> = senders
        .filter_map(|digest| Some(Mailbox::parse(&digest.from).ok()?.address.domain().to_owned()))
        .collect();
    domains.sort();
    domains.dedup();
    domains
}

fn summary(config: &Config) -> String {
    use super::output::pluralize;
    [
        pluralize(config.sources.len(), "source"),
        pluralize(config.feeds.len(), "feed"),
        pluralize(config.digests.len(), "digest"),
        pluralize(config.transports.len(), "transport"),
    ]
    .into_iter()
    .chain(
        (!config.destinations.is_empty())
            .then(|| pluralize(config.destinations.len(), "publishing destination")),
    )
    .collect::<Vec<_>>()
    .join(", ")
}
