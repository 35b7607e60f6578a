//! Sample contexts of the list of digests and of the page of one.

use super::digests::{
    CalendarDay, CalendarMonth, DigestPage, DigestSummary, DigestsPage, Origin, Share, WeekdayName,
};
use super::editions::EditionArticle;
use super::frame::{TimeText, framed};
use super::home::{OutcomeCounts, RecentEdition};
use super::pause_all::PauseAll;
use crate::templates::pages::View;

impl Origin {
    /// Returns a sample of the database and of the config file.
    pub(super) fn samples() -> [Self; 2] {
        let file = Self { in_database: false, place: "config.toml:214".into() };
        [Self { in_database: true, place: String::new() }, file]
    }
}

fn edition() -> RecentEdition {
    RecentEdition {
        id: 41,
        title: "The week at the college".into(),
        time: TimeText::sample(),
        state: "sent".into(),
        outcome: OutcomeCounts::sample(),
    }
}

impl View for DigestsPage {
    const TEMPLATE: &'static str = "web/admin/digests";

    fn samples() -> Vec<Self> {
        let [database, file] = Origin::samples();
        let full = DigestSummary {
            name: "weekly".into(),
            title: "The week at the college".into(),
            schedule: "every Monday at 8:00".into(),
            next: Some(TimeText::sample()),
            paused: None,
            waiting: 7,
            too_few: false,
            confirmed: 1_284,
            last: Some(edition()),
            origin: database,
        };
        let empty = DigestSummary {
            next: None,
            paused: Some(TimeText::sample()),
            too_few: true,
            last: None,
            origin: file,
            ..full.clone()
        };
        let mut samples = framed(|frame| Self { frame, may_create: true, ..Self::default() });
        samples.extend(framed(|frame| Self {
            frame,
            digests: vec![full.clone(), empty.clone()],
            may_create: false,
            pause_all: PauseAll { active: 1, paused: 1, sending: 2, is_limited: false },
        }));
        samples
    }
}

impl View for DigestPage {
    const TEMPLATE: &'static str = "web/admin/digest";

    fn samples() -> Vec<Self> {
        let [database, file] = Origin::samples();
        let day = |day, mark: &str| CalendarDay { day, mark: mark.into(), is_today: day == 1 };
        let share = |text: &str| Share { text: text.into(), count: 1_200, width: 98.5 };
        let digest = |frame| Self {
            frame,
            name: "weekly".into(),
            title: "The week at the college".into(),
            origin: file.clone(),
            schedule: "every Monday at 8:00".into(),
            pattern: "0 8 * * MON".into(),
            schedule_zone: "Asia/Shanghai".into(),
            ..Self::default()
        };
        let mut samples = framed(digest);
        samples.extend(framed(|frame| Self {
            error: Some("email/digest/html.hbs:3: there is no partial".into()),
            missing_for: Some(3),
            may_control: true,
            paused: Some(TimeText::sample()),
            ..digest(frame)
        }));
        samples.extend(framed(|frame| Self {
            origin: database.clone(),
            may_edit: true,
            may_control: true,
            pending: Some(TimeText::sample()),
            dates: vec![TimeText::sample(); 5],
            pauses: vec!["2026-12-25".into()],
            months: vec![CalendarMonth {
                title: "December 2026".into(),
                weeks: vec![vec![
                    day(0, ""),
                    day(1, ""),
                    day(2, "edition"),
                    day(3, "paused"),
                    day(4, ""),
                    day(5, ""),
                    day(6, ""),
                ]],
            }],
            weekdays: vec![WeekdayName { name: "Monday".into(), short: "Mo".into() }; 7],
            recipients: 1_200,
            confirmed: 1_284,
            unconfirmed: 12,
            audience: "tag = \"partner\"".into(),
            language_shares: vec![share("English")],
            section_shares: vec![share("Campus")],
            stories: vec![EditionArticle { path: "college%2F1".into(), title: "Open day".into() }],
            waiting: 5,
            more_stories: 4,
            left_out: vec!["55 are older than 30d".into()],
            size: Some("24 kB".into()),
            editions: vec![edition()],
            dependents: vec!["1,284 subscriptions".into()],
            ..digest(frame)
        }));
        samples
    }
}
