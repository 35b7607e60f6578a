//! Contexts of pages with a form: subscribe, confirm, unsubscribe, and publish in the demo.

use serde::Serialize;

use super::{LanguageLink, Page};

/// Context of `/subscribe`. Its form posts `address`, `name`, `language`, `digest` and `section` (each any
/// number of times), and `website`, a hidden field that people leave empty (honeypot).
#[derive(Debug, Clone, Default, Serialize)]
pub struct SubscribePage {
    /// Context common to all pages.
    #[serde(flatten)]
    pub page: Page,
    /// Error in the submitted form, as one sentence.
    pub error: Option<String>,
    /// Address as entered.
    pub address: String,
    /// Name as entered.
    pub name: String,
    /// Digests to choose from.
    pub digests: Vec<DigestChoice>,
    /// Sections to choose from; empty hides the choice.
    pub sections: Vec<SectionChoice>,
    /// Languages of mails (`current`: chosen; `url` is not used); fewer than two hide the choice.
    pub mail_languages: Vec<LanguageLink>,
}

/// Digest with a checkbox.
#[derive(Debug, Clone, Default, Serialize)]
pub struct DigestChoice {
    /// Slug of the digest.
    pub name: String,
    /// Title of the digest.
    pub title: String,
    /// Localized date of the next edition; `None` if unknown.
    pub next_text: Option<String>,
    /// `true` if the checkbox is checked.
    pub checked: bool,
}

/// Section with a checkbox.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SectionChoice {
    /// Name of the section.
    pub name: String,
    /// `true` if the checkbox is checked.
    pub checked: bool,
}

/// Context of `/confirm/TOKEN` before confirmation. Its form posts no fields.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ConfirmPage {
    /// Context common to all pages.
    #[serde(flatten)]
    pub page: Page,
    /// Token in the page's URL.
    pub token: String,
    /// Titles of the digests to confirm.
    pub digests: Vec<String>,
}

/// State of the page `/unsubscribe/TOKEN`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UnsubscribeState {
    /// A button to leave the digest.
    #[default]
    Ask,
    /// It was left just now: an undo, and a button to leave all.
    UnsubscribedNow,
    /// It was left, and nothing can be taken back: a button to leave all.
    Unsubscribed,
    /// All digests were left.
    UnsubscribedAll,
    /// The undo was done: the subscription is as it was.
    Undone,
}

/// `/unsubscribe/TOKEN`. Posts `action`: `unsubscribe`, `undo` or `all`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct UnsubscribePage {
    /// Context common to all pages.
    #[serde(flatten)]
    pub page: Page,
    /// Token in the page's URL.
    pub token: String,
    /// Title of the digest.
    pub digest_title: String,
    /// State that is shown.
    pub state: UnsubscribeState,
    /// `true` if the subscriber has subscriptions to other digests.
    pub others: bool,
}

/// `/demo/publish`. Posts `title`, `text`, `section` and `language`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct PublishPage {
    /// Context common to all pages.
    #[serde(flatten)]
    pub page: Page,
    /// Error in the submitted form, as one sentence.
    pub error: Option<String>,
    /// Title as entered.
    pub title: String,
    /// Text as entered.
    pub text: String,
    /// Sections to choose from (`checked`: chosen).
    pub sections: Vec<SectionChoice>,
    /// Languages of articles (`current`: chosen; `url` is not used).
    pub article_languages: Vec<LanguageLink>,
}
