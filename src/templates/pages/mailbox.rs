//! Contexts of the demo's pages: the mailbox, an e-mail in it, and an article.

use serde::Serialize;

use super::context::{LanguageLink, PageContext};

/// Context of `/mailbox`, the list of e-mails.
#[derive(Debug, Clone, Default, Serialize)]
pub struct MailboxPage {
    /// Context common to all pages.
    #[serde(flatten)]
    pub page: PageContext,
    /// E-mails of the page, newest first.
    pub messages: Vec<MailRow>,
    /// Total number of e-mails.
    pub total: usize,
    /// Interval after which the page reloads without its script, in seconds; `None` for never.
    pub refresh_seconds: Option<u32>,
}

/// Mail in the mailbox list.
#[derive(Debug, Clone, Default, Serialize)]
pub struct MailRow {
    /// Path of the mail's page, for example `/mailbox/7`.
    pub url: String,
    /// Sender: the decoded `From` header.
    pub from: String,
    /// Recipient: the decoded `To` header.
    pub to: String,
    /// Subject line: the decoded `Subject` header.
    pub subject: String,
    /// Start of the text; may be empty.
    pub preview: String,
    /// Localized time of arrival.
    pub date_text: String,
}

/// Context of the page of one e-mail. Its HTML is shown in a sandboxed frame (`srcdoc`), which
/// inherits the page's Content-Security-Policy; the policy must allow inline styles and the script of the page.
#[derive(Debug, Clone, Default, Serialize)]
pub struct MailboxMailPage {
    /// Context common to all pages.
    #[serde(flatten)]
    pub page: PageContext,
    /// Sender: the decoded `From` header.
    pub from: String,
    /// Recipient: the decoded `To` header.
    pub to: String,
    /// Subject line: the decoded `Subject` header.
    pub subject: String,
    /// Localized time of arrival.
    pub date_text: String,
    /// All headers as sent: name and value.
    pub headers: Vec<(String, String)>,
    /// HTML part of the mail, if any.
    pub html: Option<String>,
    /// Plain-text part of the mail, if any.
    pub text: Option<String>,
}

/// Context of `/demo/articles/ID`, an article of the sample college.
#[derive(Debug, Clone, Default, Serialize)]
pub struct DemoArticlePage {
    /// Context common to all pages.
    #[serde(flatten)]
    pub page: PageContext,
    /// Title of the article.
    pub title: String,
    /// First section of the article, if any.
    pub section: Option<String>,
    /// Names of the authors.
    pub authors: Vec<String>,
    /// Publication date in the page's language.
    pub date_text: String,
    /// Language of the article (RFC 5646).
    pub article_language: String,
    /// Lead image of the article, if it has one.
    pub picture: Option<DemoPicture>,
    /// Body as sanitized HTML, inserted unescaped.
    pub body_html: String,
    /// Translations of the article (`current` is not used).
    pub translations: Vec<LanguageLink>,
}

/// Picture of an article of the sample college.
#[derive(Debug, Clone, Default, Serialize)]
pub struct DemoPicture {
    /// URL of the file.
    pub url: String,
    /// Alternative text of the picture.
    pub alt: String,
    /// Width of the file in pixels.
    pub width: u32,
    /// Height of the file in pixels.
    pub height: u32,
}
