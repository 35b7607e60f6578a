//! Settings that work but are probably not what a person wants.

use std::os::unix::fs::PermissionsExt as _;

use url::Url;

use crate::app::App;
use crate::cli::security_warnings::security_warnings;
use crate::config::Config;
use crate::domain::address::Mailbox;

/// Domains of the example configuration and of documentation.
const EXAMPLE_DOMAINS: [&str; 4] = ["example.edu", "example.com", "example.org", "example.net"];
/// Title of the site in the example configuration.
const EXAMPLE_TITLE: &str = "Modern Chemical College News";
/// Postal address in the example configuration.
const EXAMPLE_POSTAL_ADDRESS: &str = "Modern Chemical College, 1 College Road, Shanghai";

/// Returns a sentence for each such setting.
pub(super) fn of(app: &App) -> Vec<String> {
    let mut all: Vec<String> = app.send_block_reason().into_iter().collect();
    all.extend(example_values(&app.config));
    let site = &app.config.site;
    if site.base_url.starts_with("http://") {
        all.push(format!(
            "base_url {} uses http; mail clients offer one-click unsubscribe only over https",
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
    all.extend(security_warnings(&app.config));
    all
}

/// Returns a sentence for each value that was left as in the example configuration.
fn example_values(config: &Config) -> Vec<String> {
    let site = &config.site;
    let mut all = Vec::new();
    if site.title.trim() == EXAMPLE_TITLE {
        all.push("site.title is that of the example; write your own".to_owned());
    }
    let base_host = Url::parse(&site.base_url).ok();
    if base_host.as_ref().and_then(Url::host_str).is_some_and(is_example_host) {
        all.push(format!(
            "site.base_url {} is an example; write the URL of this service",
            site.base_url
        ));
    }
    let authority = site.id_authority.split(',').next().unwrap_or_default();
    let authority_host = authority.rsplit('@').next().unwrap_or_default();
    if is_example_host(authority_host) {
        all.push(format!(
            "site.id_authority {} is an example; write a domain of your own now, because it becomes part of every article id",
            site.id_authority
        ));
    }
    if site.postal_address.trim() == EXAMPLE_POSTAL_ADDRESS {
        all.push("site.postal_address is that of the example; write your own".to_owned());
    }
    for digest in &config.digests {
        let sender = Mailbox::parse(&digest.from).ok();
        if sender.is_some_and(|sender| is_example_host(sender.address.domain())) {
            all.push(format!(
                "digest {}: from {} is an example; write an address of your own domain",
                digest.name, digest.from
            ));
        }
    }
    all
}

/// Returns `true` for hosts of the example configuration, and for domains that are reserved for
/// examples (RFC 2606 section 3).
fn is_example_host(host: &str) -> bool {
    EXAMPLE_DOMAINS.iter().any(|domain| host == *domain || host.ends_with(&format!(".{domain}")))
}
