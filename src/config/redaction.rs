//! URLs without their passwords, however these are written.

use url::Url;

/// Keys of the configuration whose values are secrets.
const SECRET_KEYS: [&str; 6] =
    ["password", "access_key", "secret_key", "secret", "previous_secret", "private"];
/// Text that stands for a secret.
pub(super) const HIDDEN_TEXT: &str = "***";
/// Text that stands for a secret, as TOML.
pub(super) const HIDDEN: &str = "\"***\"";

/// Returns `true` if the value of a key is a secret.
pub(super) fn is_secret(key: &str) -> bool {
    SECRET_KEYS.contains(&key)
}

/// Returns `true` if a URL of a database contains `@` where only a password that is not
/// percent-encoded puts it: after a slash, a question mark or a number sign. A parser then takes a
/// part of the password for the host, the port or the path, which messages show.
pub(crate) fn has_unencoded_password(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    if scheme == "sqlite" {
        return false;
    }
    let (before_fragment, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (address, query) = before_fragment.split_once('?').unwrap_or((before_fragment, ""));
    let path = address.split_once('/').map_or("", |(_, path)| path);
    // A parameter may be an address, for example user=ann@tenant.
    let in_query =
        |part: &str| part.split_once('@').is_some_and(|(before, _)| !before.contains('='));
    path.contains('@') || fragment.contains('@') || query.split('&').any(in_query)
}

/// Returns a URL that is safe to print: the password is replaced by `***`, and the query and
/// fragment, in which drivers accept passwords as well, are removed.
pub fn redact_url(url: &str) -> String {
    let Some(mut parsed) = Url::parse(url).ok().filter(|_| !has_unencoded_password(url)) else {
        let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
        return format!("{scheme}://…");
    };
    parsed.set_query(None);
    parsed.set_fragment(None);
    if parsed.password().is_some() && parsed.set_password(Some("***")).is_err() {
        return format!("{}://…", parsed.scheme());
    }
    parsed.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_of_a_password_is_printed_however_it_is_written() {
        for password in
            ["pa@ss#word", "s3cr#t", "12/word", "1#word", "p@12/wo?rd", "wo?rd", "a/b@c", "%zz@"]
        {
            for scheme in ["mysql", "postgres"] {
                let url = format!("{scheme}://ann:{password}@db.example/site");
                let printed = redact_url(&url);
                let parts = password.split(|c: char| !c.is_alphanumeric());
                for part in parts.filter(|part| part.len() > 1) {
                    assert!(!printed.contains(part), "{url}: {printed}");
                }
            }
        }
        for (url, printed) in [
            (
                "mysql://ann:pa%40ss@db.example/site?ssl-mode=REQUIRED",
                "mysql://ann:***@db.example/site",
            ),
            ("postgres://db.example/site?user=ann@tenant&password=s", "postgres://db.example/site"),
            ("postgres:///site?host=/run/postgresql", "postgres:///site"),
        ] {
            assert_eq!(redact_url(url), printed);
        }
    }
}
