//! Contexts of the preview of a digest's mail, and of a mail of an edition.

use serde::Serialize;

use super::editions::EditionVariant;
use super::frame::{AdminFrame, framed};
use super::list::Chip;
use crate::templates::pages::{LanguageLink, View};

/// Mail in a frame, with the ways to show it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct MailView {
    /// URL of the document in the frame.
    pub frame_url: String,
    /// Subject line of the mail.
    pub subject: String,
    /// Text part, if it is shown.
    pub text: Option<String>,
    /// Complete message or HTML source, if it is shown.
    pub source: Option<String>,
    /// `true` for the width of a phone.
    pub is_phone: bool,
    /// `true` for the colours of a dark mode.
    pub is_dark: bool,
    /// Parts of the mail as links: as shown, text, source.
    pub parts: Vec<Chip>,
    /// Widths of the frame as links.
    pub widths: Vec<Chip>,
    /// Colour modes of the frame as links.
    pub modes: Vec<Chip>,
}

/// Context of `/admin/digests/NAME/preview`. Its forms post `to` to `test`, and `recipients` to
/// `editions` below the digest.
#[derive(Debug, Clone, Default, Serialize)]
pub struct MailPreviewPage {
    /// Context common to all pages of the admin area.
    #[serde(flatten)]
    pub frame: AdminFrame,
    /// Name of the digest.
    pub name: String,
    /// Title of the digest.
    pub title: String,
    /// The mail; `None` if it cannot be rendered.
    pub mail: Option<MailView>,
    /// Reason why there is no mail.
    pub error: Option<String>,
    /// Languages of the digest, with the one of the preview.
    pub language_choices: Vec<LanguageLink>,
    /// Choices of the page as the query of its address; may be empty.
    pub choices: String,
    /// `true` if the user may preview the mail as a subscriber.
    pub may_read_subscribers: bool,
    /// Address of the subscriber; may be empty.
    pub as_subscriber: String,
    /// Error of this address, as one sentence.
    pub as_error: Option<String>,
    /// Contents that can be shown.
    pub contents: Vec<LanguageLink>,
    /// `true` if sample articles are shown because no story waits for the next edition.
    pub is_fallback: bool,
    /// Number of articles in the mail.
    pub articles: usize,
    /// Sentence about the size of the mail.
    pub size: String,
    /// Sentences about problems of the mail.
    pub warnings: Vec<String>,
    /// Sentences about the articles that the mail leaves out.
    pub left_out: Vec<String>,
    /// `true` if the user may send a test and create an edition.
    pub may_send: bool,
    /// Reason why this database must not send.
    pub blocked: Option<String>,
    /// Address for the test as it was entered.
    pub to: String,
    /// Error of this address, as one sentence.
    pub to_error: Option<String>,
    /// Number of people who would receive an edition now.
    pub recipients: i64,
    /// `true` if the number must be typed.
    pub must_type: bool,
    /// `true` if there are enough articles for an edition.
    pub can_create: bool,
}

/// Context of the page `/admin/editions/ID/mails/VARIANT`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct EditionMailPage {
    /// Context common to all pages of the admin area.
    #[serde(flatten)]
    pub frame: AdminFrame,
    /// Id of the edition.
    pub id: i64,
    /// Title of the digest.
    pub title: String,
    /// Variant that is shown.
    pub variant: EditionVariant,
    /// All variants as links.
    pub chips: Vec<Chip>,
    /// The mail with the values of a sample person.
    pub mail: MailView,
    /// Sentence about the size of the mail.
    pub size: String,
}

impl MailView {
    /// Returns a sample of each part.
    fn samples() -> [Self; 3] {
        let shown = Self {
            frame_url: "/admin/digests/weekly/preview/mail".into(),
            subject: "The week: Open day".into(),
            is_phone: true,
            is_dark: true,
            parts: Chip::samples(),
            widths: Chip::samples(),
            modes: Chip::samples(),
            ..Self::default()
        };
        let text = Self { text: Some("Open day <b>".into()), is_phone: false, ..shown.clone() };
        let source = Self { source: Some("Subject: Open day".into()), ..text.clone() };
        [shown, text, Self { text: None, ..source }]
    }
}

impl View for MailPreviewPage {
    const TEMPLATE: &'static str = "web/admin/mail_preview";

    fn samples() -> Vec<Self> {
        let choice = |code: &str, name: &str, current| LanguageLink {
            code: code.into(),
            name: name.into(),
            url: String::new(),
            current,
        };
        let preview = |frame| Self {
            frame,
            name: "weekly".into(),
            title: "The week at the college".into(),
            language_choices: vec![choice("en", "English", true), choice("zh", "中文", false)],
            contents: vec![choice("next", "Next edition", true)],
            ..Self::default()
        };
        let mut samples =
            framed(|frame| Self { error: Some("No edition yet.".into()), ..preview(frame) });
        for mail in MailView::samples() {
            samples.extend(framed(|frame| Self {
                mail: Some(mail.clone()),
                may_read_subscribers: true,
                as_subscriber: "nobody@example.org".into(),
                as_error: Some("Nobody has this address.".into()),
                is_fallback: mail.text.is_none(),
                articles: 7,
                size: "24 kB".into(),
                warnings: vec!["Gmail cuts this mail off.".into()],
                left_out: vec!["55 are older than 30d".into()],
                may_send: true,
                to: "me@".into(),
                to_error: Some("This is no address.".into()),
                recipients: 1_284,
                must_type: mail.text.is_some(),
                can_create: mail.source.is_none(),
                ..preview(frame)
            }));
        }
        samples.extend(framed(|frame| Self {
            may_send: true,
            blocked: Some("This is a copy of a database.".into()),
            ..preview(frame)
        }));
        samples
    }
}

impl View for EditionMailPage {
    const TEMPLATE: &'static str = "web/admin/edition_mail";

    fn samples() -> Vec<Self> {
        let [mail, ..] = MailView::samples();
        framed(|frame| Self {
            frame,
            id: 41,
            title: "The week at the college".into(),
            variant: EditionVariant {
                id: 1,
                language: "English".into(),
                subject: "The week: Open day".into(),
                sections: vec!["Campus".into()],
            },
            chips: Chip::samples(),
            mail: mail.clone(),
            size: "24 kB".into(),
        })
    }
}
