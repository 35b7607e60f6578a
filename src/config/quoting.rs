//! Texts as TOML strings.

/// Returns a text as a quoted TOML string.
pub fn quote_text(text: &str) -> String {
    toml::Value::from(text).to_string()
}
