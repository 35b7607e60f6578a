//! The demo's own pages besides its form: an article, the mailbox, and one mail in it.

use serde::Serialize;

use super::{LanguageLink, Page};

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

/// `/demo/articles/ID`: an article of the sample college.
#[derive(Debug, Clone, Default, Serialize)]
pub struct StoryPage {
    /// What every page needs.
    #[serde(flatten)]
    pub page: Page,
    /// Title.
    pub title: String,
    /// Its first section, if any.
    pub section: Option<String>,
    /// Names of the authors.
    pub authors: Vec<String>,
    /// The day of publication in the page's language.
    pub date_text: String,
    /// The article's own language.
    pub article_language: String,
    /// The text as sanitised HTML, shown as it is.
    pub body_html: String,
    /// The same article in other languages (`current` is not used).
    pub twins: Vec<LanguageLink>,
}
