//! User name and password of a relay, and texts without them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use lettre::transport::smtp::authentication::Credentials;

/// Minimum length in characters of a piece of an encoded password that is redacted.
const MIN_ENCODED_PIECE: usize = 8;

/// User name and password; excluded from error texts by `redact`.
#[derive(Clone)]
pub(super) struct Login {
    pub(super) credentials: Credentials,
    password: String,
    /// Password as the mechanisms LOGIN and PLAIN send it, in base64.
    encoded: [String; 2],
}

impl Login {
    /// Returns the login of a user.
    pub(super) fn new(user: &str, password: &str) -> Self {
        let encode = |text: &str| STANDARD_NO_PAD.encode(text);
        Self {
            credentials: Credentials::new(user.to_owned(), password.to_owned()),
            password: password.to_owned(),
            encoded: [encode(password), encode(&format!("\0{user}\0{password}"))],
        }
    }

    /// Returns the text without the password, in case a server echoes it, as it is or in base64,
    /// entirely or a part.
    pub(super) fn redact(&self, text: &str) -> String {
        let text = if self.password.is_empty() {
            text.to_owned()
        } else {
            text.replace(&self.password, "***")
        };
        let is_base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/');
        let mut redacted = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let end = rest.find(|c| !is_base64(c)).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            redacted.push_str(if self.is_encoded_secret(word) { "***" } else { word });
            let next = after.find(is_base64).unwrap_or(after.len());
            redacted.push_str(&after[..next]);
            rest = &after[next..];
        }
        redacted
    }

    /// Returns `true` if a word contains an encoded password, or is a piece of one.
    fn is_encoded_secret(&self, word: &str) -> bool {
        self.encoded.iter().filter(|encoded| !encoded.is_empty()).any(|encoded| {
            word.contains(encoded.as_str())
                || (word.len() >= MIN_ENCODED_PIECE && encoded.contains(word))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_echoed_password_is_removed_in_every_form() {
        let login = Login::new("ann@example.edu", "sesame open!");
        let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
        let plain = encode("\0ann@example.edu\0sesame open!");
        let password = encode("sesame open!");
        for (echo, expected) in [
            ("no sesame open! here".to_owned(), "no *** here"),
            (format!("5.7.8 bad <{plain}>"), "5.7.8 bad <***=>"),
            (format!("unknown command {password}, bye"), "unknown command ***, bye"),
            (format!("unknown: AUTH PLAIN {}...", &plain[..20]), "unknown: AUTH PLAIN ***..."),
            ("5.7.8 authentication failed".to_owned(), "5.7.8 authentication failed"),
        ] {
            assert_eq!(login.redact(&echo), expected);
        }
        assert_eq!(Login::new("a", "").redact("all is said"), "all is said");
    }
}
