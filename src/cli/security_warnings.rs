//! Warnings about settings with which others may read e-mails or passwords.

use std::net::IpAddr;

use url::Url;

use crate::config::{Config, TlsMode, Transport, TransportTarget};
use crate::domain::site_urls::SiteUrls;
use crate::fs::is_shared;

/// `sslmode` values with which PostgreSQL never receives a password without TLS.
const ENCRYPTED_MODES: [&str; 3] = ["require", "verify-ca", "verify-full"];

/// Returns one sentence with the remedy for each setting that exposes e-mails or passwords.
pub(super) fn security_warnings(config: &Config) -> Vec<String> {
    let own = std::iter::once(("[database] url".to_owned(), config.database.url.as_str()));
    let sources = config.sources.iter().filter_map(|source| {
        Some((format!("source {}: url", source.name), source.url.as_deref()?))
    });
    own.chain(sources)
        .filter(|(_, url)| may_send_password_in_clear(url))
        .map(|(place, _)| {
            format!("{place}: the password may be sent to PostgreSQL without TLS; append ?sslmode=verify-full, or ?sslmode=require if its certificate cannot be verified")
        })
        .chain(admin_warning(config))
        .chain(config.transports.iter().filter_map(transport_warning))
        .collect()
}

/// Returns a warning if passwords of users and their sessions cross a network without TLS.
fn admin_warning(config: &Config) -> Option<String> {
    let base_url = &config.site.base_url;
    let is_plain = base_url.starts_with("http://") && !is_loopback(&SiteUrls(base_url).host());
    (is_plain && config.admin.enabled).then(|| {
        format!("[admin]: base_url {base_url} is plain HTTP, so others can read passwords and sessions of users; use https://, or set `enabled = false`")
    })
}

fn transport_warning(transport: &Transport) -> Option<String> {
    let name = &transport.name;
    match &transport.target {
        TransportTarget::Directory(path) if is_shared(path) => Some(format!(
            "transport {name}: other users can list {0} and read the messages that earlier versions wrote; run chmod -R go= {0}",
            path.display()
        )),
        TransportTarget::Smtp { tls: TlsMode::Opportunistic, host, .. } if !is_loopback(host) => {
            Some(if transport.password.is_some() {
                format!(
                    "transport {name}: smtp:// sends the password to any server that answers as {host}, because it verifies no certificate; use smtp+starttls:// or smtps://"
                )
            } else {
                format!(
                    "transport {name}: smtp:// encrypts without verifying {host}; use smtp+starttls:// to verify it"
                )
            })
        }
        TransportTarget::Directory(_) | TransportTarget::Smtp { .. } => None,
    }
}

/// Returns `true` for a PostgreSQL URL with a password whose connection may be without TLS.
fn may_send_password_in_clear(url: &str) -> bool {
    let Some(url) = Url::parse(url).ok().filter(|url| url.scheme() == "postgres") else {
        return false;
    };
    let parameter = |names: &[&str]| {
        url.query_pairs().find(|(key, _)| names.contains(&key.as_ref())).map(|(_, value)| value)
    };
    let host = parameter(&["host", "hostaddr"])
        .or_else(|| url.host_str().map(Into::into))
        .unwrap_or_default();
    let has_password = url.password().is_some() || parameter(&["password"]).is_some();
    let is_encrypted = parameter(&["sslmode", "ssl-mode"])
        .is_some_and(|mode| ENCRYPTED_MODES.contains(&mode.as_ref()));
    let is_socket = host.is_empty() || host.starts_with(['/', '%', '@']);
    has_password && !is_encrypted && !is_socket && !is_loopback(&host)
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn warnings(more: &str) -> Vec<String> {
        let text = format!(
            "[site]\ntitle = \"T\"\nbase_url = \"https://news.example.edu\"\nid_authority = \"news.example.edu,2026\"\n{more}"
        );
        let config = Config::parse(std::path::Path::new("/c.toml"), &text, std::iter::empty());
        security_warnings(&config.unwrap())
    }

    #[test]
    fn a_postgresql_password_without_required_tls_to_another_host_is_warned_about() {
        let database = |url: &str| warnings(&format!("[database]\nurl = \"{url}\"\n"));
        for url in [
            "postgres://ann:s3cret@db.example/x",
            "postgres://ann:s3cret@10.0.0.5/x?sslmode=prefer",
            "postgresql://db.example/x?user=ann&password=s3cret",
            "postgres://ann:s3cret@localhost/x?host=db.example&ssl-mode=disable",
        ] {
            let all = database(url);
            assert!(all.len() == 1 && all[0].contains("sslmode=verify-full"), "{url}: {all:?}");
            assert!(!all[0].contains("s3cret"));
        }
        for url in [
            "postgres://ann:s3cret@127.0.0.1/x",
            "postgres://ann:s3cret@[::1]/x",
            "postgres://ann:s3cret@db.example/x?sslmode=require",
            "postgres://ann:s3cret@db.example/x?sslmode=verify-full",
            "postgres://ann@db.example/x",
            "postgres://ann:s3cret@localhost/x?host=/run/postgresql",
        ] {
            assert_eq!(database(url), Vec::<String>::new(), "{url}");
        }
    }

    #[test]
    fn an_admin_area_over_plain_http_to_another_host_is_warned_about() {
        let of = |base_url: &str, more: &str| {
            let text = format!(
                "[site]\ntitle = \"T\"\nbase_url = \"{base_url}\"\nid_authority = \"news.example.edu,2026\"\n{more}"
            );
            let config = Config::parse(std::path::Path::new("/c.toml"), &text, std::iter::empty());
            security_warnings(&config.unwrap())
        };
        assert!(of("http://news.example.edu", "")[0].contains("plain HTTP"));
        assert!(of("http://news.example.edu", "[admin]\nenabled = false\n").is_empty());
        for base_url in ["https://news.example.edu", "http://127.0.0.1:8080", "http://localhost"] {
            assert!(of(base_url, "").is_empty(), "{base_url}");
        }
    }

    #[test]
    fn a_password_over_unverified_tls_is_warned_about() {
        let transport = |url: &str| {
            warnings(&format!(
                "[[transports]]\nname = \"a\"\nurl = \"{url}\"\nusername = \"u\"\npassword = \"p\"\n"
            ))
        };
        assert!(transport("smtp://mail.example")[0].contains("sends the password to any server"));
        for url in ["smtp+starttls://mail.example", "smtps://mail.example", "smtp://127.0.0.1"] {
            assert!(transport(url).is_empty(), "{url}");
        }
    }

    #[test]
    fn an_outbox_that_others_can_read_is_warned_about() {
        let home = tempfile::tempdir().unwrap();
        let outbox = |mode: u32| {
            let permissions = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(home.path(), permissions).unwrap();
            let url = format!("file://{}", home.path().display());
            warnings(&format!("[[transports]]\nname = \"a\"\nurl = \"{url}\"\n"))
        };
        assert!(outbox(0o755)[0].contains("chmod") && outbox(0o750).len() == 1);
        assert!(outbox(0o700).is_empty());
    }
}
