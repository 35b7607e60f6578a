//! Parses `[admin]`: the admin area and its sessions.

use url::Url;

use super::reader::{Reader, one_of, parse_line};
use super::settings::{AdminSettings, OidcSettings};
use crate::domain::duration;
use crate::domain::role::Role;
use crate::domain::time::{DAY, HOUR, MINUTE, SignedDuration};

/// Reads the `[admin]` table.
pub(super) fn read(mut reader: Reader<'_>, oidc: Option<OidcSettings>) -> Option<AdminSettings> {
    let enabled = reader.boolean("enabled", true);
    let session_idle = reader.or_default("session_idle", 12 * HOUR, session_time);
    let session_max = reader.or_default("session_max", 30 * DAY, session_time);
    if let (Some(idle), Some(max)) = (session_idle, session_max)
        && idle > max
    {
        reader.reject("session_idle", "must not be longer than session_max");
        return None;
    }
    Some(AdminSettings {
        enabled: enabled?,
        session_idle: session_idle?,
        session_max: session_max?,
        oidc,
    })
}

/// Reads the `[admin.oidc]` table; the outer `None` is an error, the inner one an absent table.
pub(super) fn read_oidc(mut reader: Reader<'_>) -> Option<Option<OidcSettings>> {
    let keys = ["issuer", "client_id", "client_secret", "name", "allowed_domains", "default_role"];
    if !keys.iter().chain(&["role_claim"]).any(|key| reader.has(key)) {
        return Some(None);
    }
    let issuer = reader.required("issuer", "write the issuer identifier of the provider", issuer);
    let client_id =
        reader.required("client_id", "write the id that the provider gave to Courant", parse_line);
    let client_secret = reader.required(
        "client_secret",
        "write the secret that the provider gave to Courant",
        parse_line,
    );
    let name = reader.or_default("name", "OpenID".to_owned(), parse_line);
    let allowed_domains = reader.list("allowed_domains", domain);
    let default_role = reader.or_default("default_role", Role::Viewer, role);
    let role_claim = reader.optional("role_claim", parse_line);
    Some(Some(OidcSettings {
        issuer: issuer?,
        client_id: client_id?,
        client_secret: client_secret?,
        name: name?,
        allowed_domains: allowed_domains?,
        default_role: default_role?,
        role_claim: role_claim?,
    }))
}

/// Accepts an https URL, or an http URL of this machine; it is kept as it is written.
fn issuer(text: &str) -> Result<String, String> {
    let url = Url::parse(text).map_err(|e| format!("`{text}` is not a valid URL ({e})"))?;
    let is_local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    if url.scheme() != "https" && !(url.scheme() == "http" && is_local) {
        return Err(format!("`{text}` must start with https://"));
    }
    Ok(text.to_owned())
}

fn domain(text: &str) -> Result<String, String> {
    let domain = text.trim().trim_start_matches('@').to_lowercase();
    if domain.contains('.') && !domain.contains(['@', ' ', '/']) {
        Ok(domain)
    } else {
        Err(format!("`{text}` is not a valid domain; write for example college.example"))
    }
}

fn role(text: &str) -> Result<Role, String> {
    one_of(&Role::ALL.map(|role| (role.as_str(), role)))(text)
}

fn session_time(text: &str) -> Result<SignedDuration, String> {
    let time = duration::parse(text)?;
    if (5 * MINUTE..=366 * DAY).contains(&time) {
        Ok(time)
    } else {
        Err(format!("must be between 5m and 366d (found {text})"))
    }
}
