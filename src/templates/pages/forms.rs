//! Contexts of pages with a form: subscribe, confirm, unsubscribe, and publish in the demo.

use serde::Serialize;

use super::context::{LanguageLink, PageContext};
use crate::templates::choices::SubscriptionChoices;

/// Context of `/subscribe`. Its form posts `address`, `name`, `language`, `digest` and `section`
/// (each any number of times), and `website`, a hidden field that people leave empty (honeypot).
#[derive(Debug, Clone, Default, Serialize)]
pub struct SubscribePage {
    /// Context common to all pages.
    #[serde(flatten)]
    pub page: PageContext,
    /// Error in the submitted form, as one sentence.
    pub error: Option<String>,
    /// Address as the visitor entered it.
    pub address: String,
    /// Name as the visitor entered it.
    pub name: String,
    /// Digests to choose from.
    pub digests: Vec<DigestOption>,
    /// Sections to choose from; empty hides the choice.
    pub sections: Vec<SectionOption>,
    /// Languages of e-mails (`current`: chosen; `url` is not used); fewer than two hide the choice.
    pub mail_languages: Vec<LanguageLink>,
}

/// Digest with a checkbox.
#[derive(Debug, Clone, Default, Serialize)]
pub struct DigestOption {
    /// Slug of the digest.
    pub name: String,
    /// Title of the digest.
    pub title: String,
    /// Description of the digest, if there is one.
    pub description: Option<String>,
    /// Sentence that states how often it is sent; `None` if no short one does.
    pub schedule_text: Option<String>,
    /// Localized date of the next edition, if the schedule does not tell it.
    pub next_date_text: Option<String>,
    /// `true` while an admin has paused the digest.
    pub is_paused: bool,
    /// `true` if the checkbox is checked.
    pub checked: bool,
}

/// Section with a checkbox.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SectionOption {
    /// Name of the section in the articles.
    pub name: String,
    /// Name of the section for readers.
    pub title: String,
    /// `true` if the checkbox is checked.
    pub checked: bool,
}

/// State of the page `/confirm/TOKEN`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ConfirmState {
    /// Asks the person to confirm.
    #[default]
    Ask,
    /// Just confirmed by this link.
    Confirmed,
    /// Confirmed earlier, so that nothing is left to do.
    AlreadyConfirmed,
}

/// Context of `/confirm/TOKEN`. Its form posts no fields.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ConfirmPage {
    /// Context common to all pages.
    #[serde(flatten)]
    pub page: PageContext,
    /// Token in the page's URL.
    pub token: String,
    /// Digests, sections and language that the person chose.
    pub choices: SubscriptionChoices,
    /// State that is shown.
    pub state: ConfirmState,
}

/// State of the page `/unsubscribe/TOKEN`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UnsubscribeState {
    /// Asks to unsubscribe from the digest.
    #[default]
    Ask,
    /// Just unsubscribed: offers to undo it, and to unsubscribe from all digests.
    Unsubscribed,
    /// Unsubscribed earlier without a possible undo: offers to unsubscribe from all digests.
    AlreadyUnsubscribed,
    /// Unsubscribed from all digests.
    UnsubscribedAll,
    /// Unsubscription undone, with the subscription as before.
    Undone,
}

/// Context of `/unsubscribe/TOKEN`. Its form posts `action`: `unsubscribe`, `undo` or `all`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct UnsubscribePage {
    /// Context common to all pages.
    #[serde(flatten)]
    pub page: PageContext,
    /// Token in the page's URL.
    pub token: String,
    /// Title of the digest.
    pub digest_title: String,
    /// State that is shown.
    pub state: UnsubscribeState,
    /// `true` if the subscriber has subscriptions to other digests.
    pub has_other_digests: bool,
}

/// Context of `/demo/publish`. Its form posts `title`, `text`, `section` and `language`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct PublishPage {
    /// Context common to all pages.
    #[serde(flatten)]
    pub page: PageContext,
    /// Error in the submitted form, as one sentence.
    pub error: Option<String>,
    /// Title as the visitor entered it.
    pub title: String,
    /// Text as the visitor entered it.
    pub text: String,
    /// Sections to choose from (`checked`: chosen).
    pub sections: Vec<SectionOption>,
    /// Languages of articles (`current`: chosen; `url` is not used).
    pub article_languages: Vec<LanguageLink>,
}
