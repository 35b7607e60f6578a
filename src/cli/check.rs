//! `courant check`: everything that can be found wrong before it goes wrong.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::ExitCode;

use super::output;
use crate::app::App;
use crate::config::{Config, TlsMode, Transport};
use crate::domain::address::Mailbox;
use crate::mail::dkim::Signer;
use crate::mail::smtp::{Patience, Relay};
use crate::sources;
use crate::templates::Templates;

pub(crate) async fn run(path: &Path) -> anyhow::Result<ExitCode> {
    // A fault of the config or the database ends here: nothing below could be looked at.
    let app = App::from_file(path).await?;
    let config = &app.config;
    good(&format!("config {}: {}", path.display(), extent(config)))?;
    app.store.ping().await?;
    good("database: reachable and up to date")?;
    let mut faults = 0;
    for source in &config.sources {
        match sources::check(source).await {
            Ok(()) => good(&format!("source {}: can be read", source.name))?,
            Err(e) => {
                faults += 1;
                bad(&format!("{e:#}"))?;
            }
        }
    }
    for transport in &config.transports {
        faults += way_faults(transport)? + key_faults(config, transport)?;
    }
    for place in &config.publish {
        match app.publisher(place).check().await {
            Ok(at) => good(&format!("publish {}: {at} takes files", place.name))?,
            Err(why) => {
                faults += 1;
                bad(&format!("publish {why}"))?;
            }
        }
    }
    let wrong = template_faults(config, &app.templates);
    faults += wrong.len();
    for why in &wrong {
        bad(why)?;
    }
    if wrong.is_empty() {
        good("templates: all render with samples")?;
    }
    for why in warnings(&app).into_iter().chain(app.stranded().await?) {
        output::line(&format!("warn  {why}"))?;
    }
    app.store.close().await;
    if faults > 0 {
        output::complain(&format!(
            "{faults} {} found",
            if faults == 1 { "fault was" } else { "faults were" }
        ));
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// Tells whether the file of a private authority can be used; gives the number of faults.
fn way_faults(transport: &Transport) -> anyhow::Result<usize> {
    if transport.tls_ca.is_none() {
        return Ok(0);
    }
    match Relay::of(transport, Patience::default()) {
        Ok(_) => good(&format!("transport {}: tls_ca can be used", transport.name)).map(|()| 0),
        Err(why) => bad(&why.to_string()).map(|()| 1),
    }
}

/// Tells whether a transport can sign, and what receivers must find in the DNS for it; gives the number of faults.
fn key_faults(config: &Config, transport: &Transport) -> anyhow::Result<usize> {
    let signer = match Signer::of(transport) {
        Ok(Some(signer)) => signer,
        Ok(None) => return Ok(0),
        Err(faults) => {
            for why in &faults {
                bad(why)?;
            }
            return Ok(faults.len());
        }
    };
    let keys = super::count(transport.dkim.len(), "key");
    let signs = format!("transport {}: signs with {keys} (DKIM)", transport.name);
    let domains = signing_domains(config, transport, &signer);
    if domains.is_empty() {
        return good(&format!("{signs}, once a digest leaves by it")).map(|()| 0);
    }
    good(&format!("{signs}, whose public halves belong into the DNS as TXT records:"))?;
    for domain in domains {
        for record in signer.records(&domain) {
            output::line(&format!(
                "\n      {}\n        {}",
                output::strong(&record.name),
                record.value
            ))?;
        }
    }
    output::line("")?;
    Ok(0)
}

/// The domains that sign a transport's mails: its own, or those of the digests' senders.
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

/// What is wrong with the templates and with the digests' choice of them, each place once however many samples stumble over it.
pub(super) fn template_faults(config: &Config, templates: &Templates) -> Vec<String> {
    let mut faults = templates.check();
    let place = |fault: &String| fault.split(": ").next().unwrap_or_default().to_owned();
    faults.sort_by_key(|f| (place(f), f.len()));
    faults.dedup_by_key(|f| place(f));
    let known: Vec<&str> = templates.digest_templates().collect();
    for digest in config.digests.iter().filter(|d| !known.contains(&d.template.as_str())) {
        faults.push(format!(
            "digest {}: there is no template {:?}; there are: {}",
            digest.name,
            digest.template,
            known.join(", ")
        ));
    }
    faults
}

fn good(text: &str) -> anyhow::Result<()> {
    output::line(&format!("ok    {text}"))
}

fn bad(text: &str) -> anyhow::Result<()> {
    output::line(&format!("FAULT {text}"))
}

fn extent(config: &Config) -> String {
    use super::count;
    [
        count(config.sources.len(), "source"),
        count(config.feeds.len(), "feed"),
        count(config.digests.len(), "digest"),
        count(config.transports.len(), "transport"),
    ]
    .into_iter()
    .chain(
        (!config.publish.is_empty())
            .then(|| format!("{} to publish to", count(config.publish.len(), "place"))),
    )
    .collect::<Vec<_>>()
    .join(", ")
}

fn warnings(app: &App) -> Vec<String> {
    let mut all: Vec<String> = app.refusal().into_iter().collect();
    let site = &app.config.site;
    if site.base_url.starts_with("http://") {
        all.push(format!("base_url {} is plain http: mail programs offer one-click unsubscribing only over https", site.base_url));
    }
    if site.postal_address.trim().is_empty() && !app.config.digests.is_empty() {
        all.push("site.postal_address is empty; many countries want one in every digest".into());
    }
    for key in app.config.transports.iter().flat_map(|t| &t.dkim) {
        if std::fs::metadata(&key.file).is_ok_and(|file| file.permissions().mode() & 0o007 != 0) {
            all.push(format!(
                "{}: everybody on this machine may read the key {1}: chmod 600 {1}",
                key.place,
                key.file.display()
            ));
        }
    }
    for t in &app.config.transports {
        if let crate::config::Route::Smtp { tls: TlsMode::Opportunistic, host, .. } = &t.route {
            let loopback = host == "localhost"
                || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
            if !loopback {
                all.push(format!("transport {}: smtp:// encrypts without verifying {host}; smtp+starttls:// verifies", t.name));
            }
        }
    }
    all
}
