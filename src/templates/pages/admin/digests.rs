//! Contexts of the list of digests and of the page of one.

use serde::Serialize;

use super::editions::EditionArticle;
use super::frame::{AdminFrame, TimeText};
use super::home::RecentEdition;
use super::pause_all::PauseAll;

/// Context of the page `/admin/digests`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct DigestsPage {
    /// Context common to all pages of the admin area.
    #[serde(flatten)]
    pub frame: AdminFrame,
    /// Digests of the user, in the order of the configuration.
    pub digests: Vec<DigestSummary>,
    /// `true` if the user may create a digest.
    pub may_create: bool,
    /// Digests and editions that the user can pause or resume at once.
    pub pause_all: PauseAll,
}

/// Digest of the list.
#[derive(Debug, Clone, Default, Serialize)]
pub struct DigestSummary {
    /// Name of the digest.
    pub name: String,
    /// Title of the digest in the language of the user.
    pub title: String,
    /// Schedule in words, or its pattern if no sentence can state it.
    pub schedule: String,
    /// Date of the next edition.
    pub next: Option<TimeText>,
    /// Time since which an admin has paused it, if one has.
    pub paused: Option<TimeText>,
    /// Number of stories that wait for it.
    pub waiting: i64,
    /// `true` if the stories are fewer than the digest needs.
    pub too_few: bool,
    /// Number of confirmed subscriptions.
    pub confirmed: i64,
    /// Newest edition of the digest.
    pub last: Option<RecentEdition>,
    /// Place where the digest is defined.
    pub origin: Origin,
}

/// Place where a feed or digest is defined.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Origin {
    /// `true` for the database, `false` for the config file.
    pub in_database: bool,
    /// File and line in the config file; empty for the database.
    pub place: String,
}

/// Context of the page `/admin/digests/NAME`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct DigestPage {
    /// Context common to all pages of the admin area.
    #[serde(flatten)]
    pub frame: AdminFrame,
    /// Name of the digest.
    pub name: String,
    /// Title of the digest in the language of the user.
    pub title: String,
    /// Place where the digest is defined.
    pub origin: Origin,
    /// `true` if the user may change the digest, which the database defines.
    pub may_edit: bool,
    /// `true` if the user may pause and resume the digest.
    pub may_control: bool,
    /// Time since which an admin has paused it, if one has.
    pub paused: Option<TimeText>,
    /// Schedule in words, or its pattern if no sentence can state it.
    pub schedule: String,
    /// Cron pattern of the schedule.
    pub pattern: String,
    /// Time zone of the schedule.
    pub schedule_zone: String,
    /// Date that has passed, whose edition is not created yet.
    pub pending: Option<TimeText>,
    /// Next dates, earliest first.
    pub dates: Vec<TimeText>,
    /// Days and ranges without editions, as `2026-07-10..2026-08-31`.
    pub pauses: Vec<String>,
    /// Months that show the next dates and pauses.
    pub months: Vec<CalendarMonth>,
    /// Days of the week from Monday, as the columns of the months.
    pub weekdays: Vec<WeekdayName>,
    /// Number of people who would receive an edition now.
    pub recipients: i64,
    /// Number of confirmed subscriptions.
    pub confirmed: i64,
    /// Number of subscriptions that wait for a confirmation.
    pub unconfirmed: i64,
    /// Filter over the subscribers; may be empty.
    pub audience: String,
    /// Confirmed subscribers by language.
    pub language_shares: Vec<Share>,
    /// Confirmed subscribers by chosen section.
    pub section_shares: Vec<Share>,
    /// Number of stories that wait for the next edition.
    pub waiting: usize,
    /// First of these stories, newest first.
    pub stories: Vec<EditionArticle>,
    /// Number of the stories that the page does not list.
    pub more_stories: usize,
    /// Minimum number of stories, if there are fewer.
    pub missing_for: Option<usize>,
    /// Sentences about the articles that the edition leaves out.
    pub left_out: Vec<String>,
    /// Sentence about the size of the mail.
    pub size: Option<String>,
    /// Error of the template, because of which the edition cannot be rendered.
    pub error: Option<String>,
    /// Last editions, newest first.
    pub editions: Vec<RecentEdition>,
    /// Sentences about what depends on the digest.
    pub dependents: Vec<String>,
}

/// Part of the subscribers, with its bar of at most the width 100.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Share {
    /// Name of the language or section.
    pub text: String,
    /// Number of confirmed subscribers with it.
    pub count: i64,
    /// Width of the bar.
    pub width: f64,
}

/// Day of the week as a column of a calendar.
#[derive(Debug, Clone, Default, Serialize)]
pub struct WeekdayName {
    /// Name of the day.
    pub name: String,
    /// Name of one or two letters.
    pub short: String,
}

/// Month of a small calendar.
#[derive(Debug, Clone, Default, Serialize)]
pub struct CalendarMonth {
    /// Name and year of the month.
    pub title: String,
    /// Weeks of seven days from Monday.
    pub weeks: Vec<Vec<CalendarDay>>,
}

/// Day of a small calendar.
#[derive(Debug, Clone, Default, Serialize)]
pub struct CalendarDay {
    /// Day of the month; 0 for a day of another month.
    pub day: i8,
    /// `edition`, `paused`, or empty.
    pub mark: String,
    /// `true` for the present day.
    pub is_today: bool,
}
