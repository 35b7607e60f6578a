//! Pages with a form: subscribing, confirming, leaving, and publishing in the demo.

use serde::Serialize;

use super::{LanguageLink, Page};

/// `/subscribe`. Posts `address`, `name`, `language`, `digest` and `section` (each any number of times), and `website`, which
/// people do not see and leave empty.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SubscribePage {
    /// What every page needs.
    #[serde(flatten)]
    pub page: Page,
    /// What is wrong with what was sent: one sentence.
    pub error: Option<String>,
    /// The address as it was entered.
    pub address: String,
    /// The name as it was entered.
    pub name: String,
    /// All digests.
    pub digests: Vec<DigestChoice>,
    /// All sections; none shows no choice.
    pub sections: Vec<SectionChoice>,
    /// The languages mails can have (`current`: chosen; `url` is not used); fewer than two show no choice.
    pub mail_languages: Vec<LanguageLink>,
}

/// A digest to tick.
#[derive(Debug, Clone, Default, Serialize)]
pub struct DigestChoice {
    /// Slug.
    pub name: String,
    /// Title.
    pub title: String,
    /// When the next edition comes, for people.
    pub next_text: Option<String>,
    /// It is ticked.
    pub checked: bool,
}

/// A section to tick.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SectionChoice {
    /// Its name.
    pub name: String,
    /// It is ticked.
    pub checked: bool,
}

/// `/confirm/TOKEN`, before the button was pressed. Posts nothing but the fact.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ConfirmPage {
    /// What every page needs.
    #[serde(flatten)]
    pub page: Page,
    /// The token in the address.
    pub token: String,
    /// Titles of the digests to be confirmed.
    pub digests: Vec<String>,
}

/// What the page of `/unsubscribe/TOKEN` shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UnsubscribeState {
    /// A button to leave the digest.
    #[default]
    Ask,
    /// It was left just now: an undo, and a button to leave all.
    LeftJustNow,
    /// It was left, and nothing can be taken back: a button to leave all.
    Left,
    /// All digests were left.
    LeftAll,
    /// The undo was done: the subscription is as it was.
    Undone,
}

/// `/unsubscribe/TOKEN`. Posts `action`: `leave`, `undo` or `all`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct UnsubscribePage {
    /// What every page needs.
    #[serde(flatten)]
    pub page: Page,
    /// The token in the address.
    pub token: String,
    /// Title of the digest.
    pub digest_title: String,
    /// What is shown.
    pub state: UnsubscribeState,
    /// Whether there are other digests that could be left too.
    pub others: bool,
}

/// `/demo/publish`. Posts `title`, `text`, `section` and `language`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct PublishPage {
    /// What every page needs.
    #[serde(flatten)]
    pub page: Page,
    /// What is wrong with what was sent: one sentence.
    pub error: Option<String>,
    /// The title as it was entered.
    pub title: String,
    /// The text as it was entered.
    pub text: String,
    /// All sections (`checked`: chosen).
    pub sections: Vec<SectionChoice>,
    /// The languages of articles (`current`: chosen; `url` is not used).
    pub article_languages: Vec<LanguageLink>,
}
