//! Contexts of the list of editions and of the page of one.

use serde::Serialize;

use super::frame::{AdminFrame, TimeText, framed};
use super::home::{OutcomeCounts, RecentEdition};
use super::list::{Chip, Pager};
use super::pause_all::PauseAll;
use crate::templates::pages::view::View;

/// Context of the page `/admin/editions`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct EditionsPage {
    /// Context common to all pages of the admin area.
    #[serde(flatten)]
    pub frame: AdminFrame,
    /// Filters of the list by digest.
    pub chips: Vec<Chip>,
    /// Editions of the list, newest first.
    pub editions: Vec<RecentEdition>,
    /// Links to the other pages of the list.
    pub pager: Pager,
    /// Digests and editions that the user can pause or resume at once.
    pub pause_all: PauseAll,
}

/// Context of `/admin/editions/ID`. Its forms post to `pause`, `resume`, `cancel` and `retry` below.
#[derive(Debug, Clone, Default, Serialize)]
pub struct EditionPage {
    /// Context common to all pages of the admin area.
    #[serde(flatten)]
    pub frame: AdminFrame,
    /// Id of the edition.
    pub id: i64,
    /// Title of the digest.
    pub title: String,
    /// Name of the digest.
    pub digest: String,
    /// Word for the state, the end of a catalog key.
    pub state: String,
    /// Reason of a pause, if it has one.
    pub note: Option<String>,
    /// `true` if it was paused with its digest.
    pub follows_pause: bool,
    /// Scheduled time of the edition.
    pub scheduled: TimeText,
    /// Time at which the last delivery ended.
    pub finished: Option<TimeText>,
    /// `true` while messages are being sent.
    pub in_progress: bool,
    /// Numbers of deliveries by outcome.
    pub outcome: OutcomeCounts,
    /// Number of recipients who unsubscribed with a link of this edition.
    pub unsubscribed: i64,
    /// Messages that this transport sent in the last minute on this node, per second.
    pub rate: Option<i64>,
    /// Estimated time until the end as a text.
    pub remaining: Option<String>,
    /// Reply of the relay while the transport fails.
    pub relay_error: Option<String>,
    /// Commands that the state and the role of the user allow: `pause`, `resume`, `cancel`, `retry`.
    pub commands: Vec<String>,
    /// `true` if the user could retry messages, but all were accepted.
    pub nobody_left: bool,
    /// Articles, in their order.
    pub articles: Vec<EditionArticle>,
    /// Variants of the mail.
    pub variants: Vec<EditionVariant>,
    /// `true` if a variant has only some sections.
    pub has_sections: bool,
    /// `true` if the user may see the recipients.
    pub shows_recipients: bool,
    /// Filters of the recipients by outcome.
    pub chips: Vec<Chip>,
    /// URL of the file with these recipients, if the user may export them.
    pub export_url: Option<String>,
    /// Recipients with their outcome.
    pub recipients: Vec<RecipientRow>,
    /// Links to the other pages of the recipients.
    pub pager: Pager,
    /// `true` if the audience is complete.
    pub is_frozen: bool,
    /// Numbers of subscribers whom the edition does not address, one sentence for each reason.
    pub not_addressed: Vec<String>,
    /// Address that the user asks about; may be empty.
    pub asked: String,
    /// Answer to the question why this address got the edition or did not.
    pub answer: Option<String>,
}

/// Article of an edition.
#[derive(Debug, Clone, Default, Serialize)]
pub struct EditionArticle {
    /// Permanent id, percent-encoded for a path.
    pub path: String,
    /// Title of the article.
    pub title: String,
}

/// Variant of the mail of an edition.
#[derive(Debug, Clone, Default, Serialize)]
pub struct EditionVariant {
    /// Id of the variant.
    pub id: i64,
    /// Name of the language.
    pub language: String,
    /// Subject line of the mail.
    pub subject: String,
    /// Chosen sections; empty for all.
    pub sections: Vec<String>,
}

/// Recipient of an edition.
#[derive(Debug, Clone, Default, Serialize)]
pub struct RecipientRow {
    /// E-mail address of the recipient.
    pub email: String,
    /// Name of the person; may be empty.
    pub name: String,
    /// Word for the state, the end of a catalog key.
    pub state: String,
    /// Number of completed attempts.
    pub attempts: i64,
    /// Reply of the relay; may be empty.
    pub answer: String,
    /// Time of the end.
    pub ended: Option<TimeText>,
}

impl View for EditionsPage {
    const TEMPLATE: &'static str = "web/admin/editions";

    fn samples() -> Vec<Self> {
        let edition = RecentEdition {
            id: 41,
            title: "The week at the college".into(),
            time: TimeText::sample(),
            state: "sent".into(),
            outcome: OutcomeCounts::sample(),
        };
        let mut samples = framed(|frame| Self { frame, ..Self::default() });
        samples.extend(framed(|frame| Self {
            frame,
            chips: Chip::samples(),
            editions: vec![edition.clone()],
            pager: Pager::sample(),
            pause_all: PauseAll { active: 2, sending: 1, is_limited: true, ..PauseAll::default() },
        }));
        samples
    }
}

impl View for EditionPage {
    const TEMPLATE: &'static str = "web/admin/edition";

    fn samples() -> Vec<Self> {
        let recipient = RecipientRow {
            email: "m.muster@example.edu".into(),
            name: "M. Muster".into(),
            state: "failed".into(),
            attempts: 2,
            answer: "550 5.1.1 unknown user".into(),
            ended: Some(TimeText::sample()),
        };
        let edition = |frame| Self {
            frame,
            id: 41,
            title: "The week at the college".into(),
            digest: "weekly".into(),
            state: "sending".into(),
            scheduled: TimeText::sample(),
            outcome: OutcomeCounts::sample(),
            ..Self::default()
        };
        let variant = |sections: &[&str]| EditionVariant {
            id: 1,
            language: "English".into(),
            subject: "The week: Open day".into(),
            sections: sections.iter().map(|&section| section.into()).collect(),
        };
        let mut samples = framed(edition);
        samples.extend(framed(|frame| Self {
            note: Some("Paused because of a wrong link.".into()),
            finished: Some(TimeText::sample()),
            in_progress: true,
            unsubscribed: 2,
            rate: Some(42),
            remaining: Some("14 s".into()),
            relay_error: Some("421 try later".into()),
            commands: ["pause", "resume", "cancel", "retry"].map(Into::into).into(),
            articles: vec![EditionArticle { path: "college%2F1".into(), title: "Open day".into() }],
            variants: vec![variant(&["Campus"]), variant(&[])],
            has_sections: true,
            shows_recipients: true,
            chips: Chip::samples(),
            recipients: vec![recipient.clone()],
            pager: Pager::sample(),
            is_frozen: true,
            not_addressed: vec!["3 had not confirmed their subscription.".into()],
            asked: "anna@example.org".into(),
            answer: Some("The subscription was paused.".into()),
            ..edition(frame)
        }));
        samples
    }
}
