//! The demo's mailbox: what arrived, and one mail.

use serde::Serialize;

use super::Page;

/// `/mailbox`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct MailboxPage {
    /// What every page needs.
    #[serde(flatten)]
    pub page: Page,
    /// The mails, newest first.
    pub mails: Vec<MailRow>,
    /// How many there are in all.
    pub total: usize,
    /// Seconds after which the page loads itself anew.
    pub refresh_seconds: Option<u32>,
}

/// A mail in the list.
#[derive(Debug, Clone, Default, Serialize)]
pub struct MailRow {
    /// Where it can be read, as `/mailbox/7`.
    pub url: String,
    /// `From`, for people.
    pub from: String,
    /// `To`, for people.
    pub to: String,
    /// `Subject`, decoded.
    pub subject: String,
    /// The beginning of the text; may be empty.
    pub preview: String,
    /// When it arrived, for people.
    pub date_text: String,
}

/// One mail. Its HTML is shown in a sandboxed frame (`srcdoc`), which inherits the page's Content-Security-Policy: that
/// has to allow inline styles.
#[derive(Debug, Clone, Default, Serialize)]
pub struct MailboxMailPage {
    /// What every page needs.
    #[serde(flatten)]
    pub page: Page,
    /// `From`, for people.
    pub from: String,
    /// `To`, for people.
    pub to: String,
    /// `Subject`, decoded.
    pub subject: String,
    /// `Date`, for people.
    pub date_text: String,
    /// All headers as they were sent, name and value.
    pub headers: Vec<(String, String)>,
    /// The HTML part.
    pub html: Option<String>,
    /// The text part.
    pub text: Option<String>,
}
