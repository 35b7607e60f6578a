//! Context of the home page of the admin area.

use serde::Serialize;

use super::chart::Chart;
use super::frame::{AdminFrame, TimeText, framed};
use crate::templates::pages::view::View;

/// Context of the page `/admin/`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct HomePage {
    /// Context common to all pages of the admin area.
    #[serde(flatten)]
    pub frame: AdminFrame,
    /// List of what a person must know or decide, most urgent first.
    pub attention: Vec<AttentionRow>,
    /// Editions of the next seven days.
    pub upcoming: Vec<UpcomingEdition>,
    /// `true` if all digests of the user are paused.
    pub all_paused: bool,
    /// Newest editions of all digests.
    pub editions: Vec<RecentEdition>,
    /// Confirmed subscriptions by day; `None` if the user may not read subscribers.
    pub subscriptions: Option<Chart>,
    /// Number of confirmed subscriptions.
    pub confirmed: i64,
    /// Number of subscriptions that were confirmed in the period.
    pub joined: i64,
    /// Number of subscriptions that ended in the period.
    pub left: i64,
    /// Feed readers by day.
    pub readers: Chart,
    /// Number of feed readers on the last full day.
    pub readers_yesterday: i64,
    /// Median number of feed readers of a day.
    pub readers_median: i64,
}

/// Something that a person must know or decide.
#[derive(Debug, Clone, Default, Serialize)]
pub struct AttentionRow {
    /// `bad` if mail or articles are stuck, else `warn`.
    pub level: String,
    /// Description as a sentence.
    pub text: String,
    /// URL of the page where it can be settled, if there is one.
    pub url: Option<String>,
    /// Text of the link.
    pub link: String,
}

/// Edition of the next days.
#[derive(Debug, Clone, Default, Serialize)]
pub struct UpcomingEdition {
    /// Time at which it is created.
    pub time: TimeText,
    /// Name of the digest.
    pub digest: String,
    /// Title of the digest.
    pub title: String,
    /// Number of stories that wait for it; `None` if another edition is sent before.
    pub waiting: Option<i64>,
    /// `true` if the stories are fewer than the digest needs, so that no edition is sent.
    pub too_few: bool,
}

/// Edition with its outcome.
#[derive(Debug, Clone, Default, Serialize)]
pub struct RecentEdition {
    /// Id of the edition.
    pub id: i64,
    /// Title of the digest.
    pub title: String,
    /// Scheduled time of the edition.
    pub time: TimeText,
    /// Word for the state, the end of a catalog key.
    pub state: String,
    /// Numbers of deliveries by outcome.
    pub outcome: OutcomeCounts,
}

/// Deliveries of an edition by outcome, and their parts of a bar of the width 100.
#[derive(Debug, Clone, Default, Serialize)]
pub struct OutcomeCounts {
    /// Number of all deliveries.
    pub total: i64,
    /// Number of messages that a relay accepted.
    pub sent: i64,
    /// Number of deliveries that failed or bounced.
    pub failed: i64,
    /// Number of deliveries with an unknown outcome.
    pub held: i64,
    /// Number of deliveries that wait or are being sent.
    pub waiting: i64,
    /// Number of cancelled deliveries.
    pub cancelled: i64,
    /// Left edge of the failed part in the bar.
    pub failed_x: f64,
    /// Left edge of the held part in the bar.
    pub held_x: f64,
    /// Left edge of the waiting part in the bar.
    pub waiting_x: f64,
    /// Left edge of the cancelled part in the bar.
    pub cancelled_x: f64,
}

impl OutcomeCounts {
    /// Returns a sample with every outcome.
    pub(super) fn sample() -> Self {
        Self {
            total: 100,
            sent: 60,
            failed: 3,
            held: 2,
            waiting: 30,
            cancelled: 5,
            failed_x: 60.0,
            held_x: 63.0,
            waiting_x: 65.0,
            cancelled_x: 95.0,
        }
    }
}

impl View for HomePage {
    const TEMPLATE: &'static str = "web/admin/home";

    fn samples() -> Vec<Self> {
        let attention = |level: &str, url: Option<&str>| AttentionRow {
            level: level.into(),
            text: "Source college: 62 removals wait until you accept them.".into(),
            url: url.map(Into::into),
            link: "Open the source".into(),
        };
        let upcoming = |too_few| UpcomingEdition {
            time: TimeText::sample(),
            digest: "weekly".into(),
            title: "The week at the college".into(),
            waiting: Some(7),
            too_few,
        };
        let edition = RecentEdition {
            id: 41,
            title: "The week at the college".into(),
            time: TimeText::sample(),
            state: "paused".into(),
            outcome: OutcomeCounts::sample(),
        };
        let mut samples = framed(|frame| Self { frame, ..Self::default() });
        samples.extend(framed(|frame| Self {
            frame,
            attention: vec![
                attention("bad", Some("/admin/sources/college")),
                attention("warn", None),
            ],
            upcoming: vec![upcoming(false), upcoming(true)],
            all_paused: false,
            editions: vec![edition.clone()],
            subscriptions: Some(Chart::sample(true)),
            confirmed: 1_284,
            joined: 78,
            left: 11,
            readers: Chart::sample(false),
            readers_yesterday: 412,
            readers_median: 389,
        }));
        samples
    }
}
