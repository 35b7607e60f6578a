//! `courant check`: validates the configuration, database, sources, transports, publishing
//! destinations and templates.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::ExitCode;

use super::output;
use crate::app::App;
use crate::config::{Config, TlsMode, Transport};
use crate::domain::address::Mailbox;
use crate::mail::dkim::Signer;
use crate::mail::smtp::{Relay, Timeouts};
use crate::sources;
use crate::templates::Templates;

pub(crate) async fn run(path: &Path) -> anyhow::Result<ExitCode> {
    // An invalid configuration or database ends the command: nothing below can be checked then.
    let app = App::from_file(path).await?;
    let config = &app.config;
    print_ok(&format!("config {}: {}", path.display(), summary(config)))?;
    app.store.ping().await?;
    app.store.prepare_statements().await?;
    print_ok("database: reachable and up to date")?;
    let mut errors = 0;
    for source in &config.sources {
        match sources::check(source).await {
            Ok(()) => print_ok(&format!("source {}: readable", source.name))?,
            Err(e) => {
                errors += 1;
                print_error(&format!("{e:#}"))?;
            }
        }
    }
    for transport in &config.transports {
        errors += check_tls_ca(transport)? + check_dkim(config, transport)?;
    }
    for destination in &config.publish {
        match app.publisher(destination).check().await {
            Ok(at) => print_ok(&format!("publish {}: {at} accepts files", destination.name))?,
            Err(reason) => {
                errors += 1;
                print_error(&format!("publish {reason}"))?;
            }
        }
    }
    let template_errors = template_errors(config, &app.templates);
    errors += template_errors.len();
    for reason in &template_errors {
        print_error(reason)?;
    }
    if template_errors.is_empty() {
        print_ok("templates: all render with sample data")?;
    }
    for reason in warnings(&app).into_iter().chain(app.unconfigured_names().await?) {
        output::line(&format!("warn  {reason}"))?;
    }
    app.store.close().await;
    if errors > 0 {
        output::error(&format!("{} found", super::pluralize(errors, "error")));
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// Checks the file of a private certificate authority. Returns the number of errors.
fn check_tls_ca(transport: &Transport) -> anyhow::Result<usize> {
    if transport.tls_ca.is_none() {
        return Ok(0);
    }
    match Relay::from_transport(transport, Timeouts::default()) {
        Ok(_) => print_ok(&format!("transport {}: tls_ca is valid", transport.name)).map(|()| 0),
        Err(reason) => print_error(&reason.to_string()).map(|()| 1),
    }
}

/// Checks the DKIM keys of a transport and prints the DNS records they need. Returns the number of
/// errors.
fn check_dkim(config: &Config, transport: &Transport) -> anyhow::Result<usize> {
    let signer = match Signer::from_transport(transport) {
        Ok(Some(signer)) => signer,
        Ok(None) => return Ok(0),
        Err(errors) => {
            for reason in &errors {
                print_error(reason)?;
            }
            return Ok(errors.len());
        }
    };
    let keys = super::pluralize(transport.dkim.len(), "key");
    let signs = format!("transport {}: signs with {keys} (DKIM)", transport.name);
    let domains = signing_domains(config, transport, &signer);
    if domains.is_empty() {
        return print_ok(&format!("{signs}, once a digest uses it")).map(|()| 0);
    }
    print_ok(&format!("{signs}; publish these DNS TXT records:"))?;
    for domain in domains {
        for record in signer.dns_records(&domain) {
            output::line(&format!(
                "\n      {}\n        {}",
                output::bold(&record.name),
                record.value
            ))?;
        }
    }
    output::line("")?;
    Ok(0)
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

/// Returns the errors of the templates and of the digests' references to them. Each location is
/// reported once, even if several samples fail there.
pub(super) fn template_errors(config: &Config, templates: &Templates) -> Vec<String> {
    let mut errors = templates.check();
    let location = |error: &String| error.split(": ").next().unwrap_or_default().to_owned();
    errors.sort_by_key(|f| (location(f), f.len()));
    errors.dedup_by_key(|f| location(f));
    let known: Vec<&str> = templates.digest_templates().collect();
    for digest in config.digests.iter().filter(|d| !known.contains(&d.template.as_str())) {
        errors.push(format!(
            "digest {}: there is no template {:?}; existing templates: {}",
            digest.name,
            digest.template,
            known.join(", ")
        ));
    }
    errors
}

fn print_ok(text: &str) -> anyhow::Result<()> {
    output::line(&format!("ok    {text}"))
}

fn print_error(text: &str) -> anyhow::Result<()> {
    output::line(&format!("error {text}"))
}

fn summary(config: &Config) -> String {
    use super::pluralize;
    [
        pluralize(config.sources.len(), "source"),
        pluralize(config.feeds.len(), "feed"),
        pluralize(config.digests.len(), "digest"),
        pluralize(config.transports.len(), "transport"),
    ]
    .into_iter()
    .chain(
        (!config.publish.is_empty())
            .then(|| pluralize(config.publish.len(), "publishing destination")),
    )
    .collect::<Vec<_>>()
    .join(", ")
}

fn warnings(app: &App) -> Vec<String> {
    let mut all: Vec<String> = app.send_block_reason().into_iter().collect();
    let site = &app.config.site;
    if site.base_url.starts_with("http://") {
        all.push(format!(
            "base_url {} uses http; mail programs offer one-click unsubscribe only over https",
            site.base_url
        ));
    }
    if site.postal_address.trim().is_empty() && !app.config.digests.is_empty() {
        all.push("site.postal_address is empty; many countries require one in every digest".into());
    }
    for key in app.config.transports.iter().flat_map(|t| &t.dkim) {
        if std::fs::metadata(&key.file).is_ok_and(|file| file.permissions().mode() & 0o007 != 0) {
            all.push(format!(
                "{}: the key {1} is readable by all users of this machine; run chmod 600 {1}",
                key.location,
                key.file.display()
            ));
        }
    }
    for t in &app.config.transports {
        if let crate::config::TransportTarget::Smtp { tls: TlsMode::Opportunistic, host, .. } =
            &t.route
        {
            let loopback = host == "localhost"
                || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
            if !loopback {
                all.push(format!("transport {}: smtp:// encrypts without verifying {host}; use smtp+starttls:// to verify it", t.name));
            }
        }
    }
    all
}
