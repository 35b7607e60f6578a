//! Tests of `[admin]` and `[admin.oidc]`.

use super::{SITE, error_of, parse, with_site};
use crate::domain::role::Role;
use crate::domain::time::{DAY, HOUR};

const OIDC: &str = "[admin.oidc]\nissuer = \"https://login.example.edu\"\nclient_id = \"courant\"\nclient_secret = \"hush\"\n";

#[test]
fn sessions_and_the_provider_have_their_defaults() {
    let admin = with_site("").unwrap().admin;
    assert_eq!((admin.enabled, admin.session_idle, admin.session_max), (true, 12 * HOUR, 30 * DAY));
    assert!(admin.oidc.is_none());
    let text =
        format!("[admin]\nsession_idle = \"1h\"\n{OIDC}allowed_domains = [\"Example.edu\"]\n");
    let admin = with_site(&text).unwrap().admin;
    let oidc = admin.oidc.unwrap();
    assert_eq!(
        (admin.session_idle, oidc.default_role, oidc.name.as_str()),
        (HOUR, Role::Viewer, "OpenID")
    );
    assert_eq!(oidc.allowed_domains, ["example.edu"]);
    assert!(!format!("{oidc:?}").contains("hush"));
}

#[test]
fn invalid_keys_of_the_admin_area_are_rejected() {
    for (text, part) in [
        ("[admin]\nsession_idle = \"1m\"\n".to_owned(), "between 5m and 366d"),
        ("[admin]\nsession_idle = \"31d\"\n".to_owned(), "longer than session_max"),
        ("[admin]\noidc = \"x\"\n".to_owned(), "unknown key `oidc`"),
        (
            "[admin.oidc]\nissuer = \"https://login.example.edu\"\n".to_owned(),
            "`client_id` is missing",
        ),
        (OIDC.replace("https://login", "http://login"), "must start with https://"),
        (format!("{OIDC}default_role = \"root\"\n"), "not one of \"admin\""),
        (format!("{OIDC}allowed_domains = [\"example\"]\n"), "not a valid domain"),
        (format!("{OIDC}secret = \"x\"\n"), "[admin.oidc]: unknown key `secret`"),
    ] {
        let error = error_of(&text);
        assert!(error.contains(part), "{text}\n{error}");
    }
}

#[test]
fn the_secret_of_the_provider_can_be_set_in_the_environment() {
    let text = format!("{SITE}{}", OIDC.replace("client_secret = \"hush\"\n", ""));
    let variable = ("COURANT__ADMIN__OIDC__CLIENT_SECRET", "from outside");
    let config = parse(&text, &[variable]).unwrap();
    assert_eq!(config.admin.oidc.unwrap().client_secret, "from outside");
}
