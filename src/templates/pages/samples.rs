//! Sample contexts of every public page in each of its states, in English and Chinese.

use super::sample_contexts::{alternates, both, page};
use super::*;
use crate::templates::choices::SubscriptionChoices;

fn feed(name: &str, title: &str, count: usize) -> FeedRow {
    FeedRow {
        path: name.into(),
        url: format!("https://news.example.edu/feeds/{name}"),
        title: title.into(),
        description: (count > 12).then(|| "News from all departments.".into()),
        count,
    }
}

fn groups() -> Vec<FeedGroup> {
    let group =
        |title_key: &str, feeds: Vec<FeedRow>| FeedGroup { title_key: title_key.into(), feeds };
    vec![
        group(
            "feeds-by-section",
            vec![feed("section/r%26d", "R&D", 4), feed("section/sport", "Sport", 0)],
        ),
        group(
            "feeds-by-language",
            vec![feed("language/en", "English", 31), feed("language/zh", "中文", 12)],
        ),
        group("feeds-by-tag", vec![feed("tag/jobs", "Jobs", 1)]),
    ]
}

fn articles() -> Vec<ArticleRow> {
    let row = |title: &str, section: &str, language: &str| ArticleRow {
        title: title.into(),
        url: Some("https://news.example.edu/news/1042.html".into()),
        summary: if language == "zh" {
            "新车间配有十二台五轴加工中心和一间透明测量室，三十名学徒将在同一批图纸上工作。".into()
        } else {
            "It came in on a flatbed, under a tarpaulin, with a fern growing out of the gearbox."
                .into()
        },
        section: Some(section.into()),
        date_text: "21 September 2026".into(),
        language: language.into(),
    };
    let bare = ArticleRow {
        title: "A title and nothing else".into(),
        language: "en".into(),
        ..ArticleRow::default()
    };
    vec![
        row("Apprentices rebuild a 1958 lathe", "Workshops", "en"),
        row("中德联合实训车间正式启用", "国际", "zh"),
        bare,
    ]
}

fn choices() -> Vec<DigestOption> {
    let choice = |name: &str, title: &str, checked: bool| DigestOption {
        name: name.into(),
        title: title.into(),
        description: checked.then(|| "The most important news of the week.".into()),
        schedule_text: checked.then(|| "Every Monday at 8:00".into()),
        next_date_text: (!checked).then(|| "28 September 2026, 8:00 (Asia/Shanghai)".into()),
        is_paused: checked,
        checked,
    };
    vec![
        choice("weekly", "The week at Linden Valley", true),
        choice("daily", "Every morning", false),
    ]
}

pub(super) fn sections() -> Vec<SectionOption> {
    ["News", "Admissions", "International", "Workshops", "校园"]
        .iter()
        .enumerate()
        .map(|(i, name)| SectionOption {
            name: (*name).into(),
            title: (*name).into(),
            checked: i == 1,
        })
        .collect()
}

impl View for IndexPage {
    const TEMPLATE: &'static str = "web/index";

    fn samples() -> Vec<Self> {
        let mut samples = both(|page| {
            let digests = choices();
            let row = |c: DigestOption| DigestRow {
                name: c.name,
                title: c.title,
                description: c.description,
                schedule_text: c.schedule_text,
                next_date_text: c.next_date_text,
                is_paused: c.is_paused,
            };
            Self {
                demo_banner: page.demo.then_some(DemoBanner {
                    next_seconds: Some(42),
                    is_paused: false,
                    messages: 24,
                    refresh_seconds: 10,
                }),
                page,
                feeds: vec![
                    feed("news", "College news", 50),
                    feed("workshops", "From the workshops", 1),
                    feed("zh", "学院新闻", 12),
                ],
                formats: vec![FormatName { name: "RSS".into(), extension: "rss".into() }],
                digests: digests.into_iter().map(row).collect(),
                latest: articles(),
                opml: true,
                subscription_choice: "both".into(),
            }
        });
        samples.push(Self { page: page("en", false), ..Self::default() });
        let strip = Some(DemoBanner {
            next_seconds: None,
            is_paused: true,
            messages: 0,
            refresh_seconds: 10,
        });
        samples.push(Self { page: page("zh", true), demo_banner: strip, ..Self::default() });
        samples
    }
}

impl View for FeedPage {
    const TEMPLATE: &'static str = "web/feed";

    fn samples() -> Vec<Self> {
        let whole = |page: PageContext| Self {
            is_private: !page.demo,
            has_websub: page.demo,
            page,
            feed: feed("news", "College news", 50),
            articles: articles(),
            alternates: alternates(),
            language_names: vec!["English".into(), "中文".into()],
            previous_url: Some("/feeds/news/archive/2026-08".into()),
            snippet: "<link rel=\"alternate\" href=\"https://news.example.edu/feeds/news.rss\">"
                .into(),
            groups: groups(),
            archive_month: None,
            script: "let a = 1 < 2 && \"x\";".into(),
        };
        let mut samples = both(whole);
        samples.push(Self {
            archive_month: Some("2026年8月".into()),
            groups: Vec::new(),
            ..whole(page("zh", true))
        });
        samples.push(Self {
            page: page("en", false),
            feed: feed("empty", "Nothing yet", 0),
            ..Self::default()
        });
        samples
    }
}

impl View for ApiPage {
    const TEMPLATE: &'static str = "web/api";

    fn samples() -> Vec<Self> {
        let field = |name: &str, required| ApiField {
            name: name.into(),
            place: "body".into(),
            kind: "string".into(),
            required,
            description: "E-mail address".into(),
        };
        let operation = ApiOperation {
            id: "add_suppression".into(),
            method: "POST".into(),
            path: "/api/v1/suppressions".into(),
            summary: "Suppresses an address.".into(),
            description: Some("It is never mailed.".into()),
            roles: vec!["admin".into(), "lists".into()],
            fields: vec![field("email", true), field("note", false)],
            responses: vec![ApiResponse { status: "201".into(), description: "Added".into() }],
            example: Some("curl -X POST https://news.example.edu/api/v1/suppressions".into()),
        };
        let groups = vec![ApiGroup { name: "suppressions".into(), operations: vec![operation] }];
        both(|page| ApiPage {
            page,
            example: "curl https://news.example.edu/api/v1/articles".into(),
            groups: groups.clone(),
        })
    }
}

impl View for FeedsPage {
    const TEMPLATE: &'static str = "web/feeds";

    fn samples() -> Vec<Self> {
        let feeds = || vec![feed("news", "College news", 50), feed("zh", "学院新闻", 12)];
        let mut samples = both(|page| Self {
            page,
            feeds: feeds(),
            formats: vec![FormatName { name: "RSS".into(), extension: "rss".into() }],
            opml: true,
            groups: groups(),
        });
        samples.push(Self { page: page("en", false), ..Self::default() });
        samples
    }
}

impl View for SubscribePage {
    const TEMPLATE: &'static str = "web/subscribe";

    fn samples() -> Vec<Self> {
        let mut samples = both(|page| Self {
            error: page.demo.then(|| {
                "`lin.yue@` is not a valid e-mail address: the domain after the @ is missing."
                    .into()
            }),
            address: "lin.yue@".into(),
            name: "Lin Yue".into(),
            digests: choices(),
            sections: sections(),
            mail_languages: page.languages.clone(),
            page,
        });
        samples.push(Self { page: page("en", false), digests: choices(), ..Self::default() });
        samples
    }
}

impl View for ConfirmPage {
    const TEMPLATE: &'static str = "web/confirm";

    fn samples() -> Vec<Self> {
        use ConfirmState::{AlreadyConfirmed, Ask, Confirmed};
        let samples = [Ask, Confirmed, AlreadyConfirmed]
            .into_iter()
            .flat_map(|state| SubscriptionChoices::samples().map(|choices| (state, choices)));
        samples
            .flat_map(|(state, choices)| {
                both(|page| Self {
                    page,
                    token: "c2FtcGxl".into(),
                    choices: choices.clone(),
                    state,
                })
            })
            .collect()
    }
}

impl View for UnsubscribePage {
    const TEMPLATE: &'static str = "web/unsubscribe";

    fn samples() -> Vec<Self> {
        use UnsubscribeState::{AlreadyUnsubscribed, Ask, Undone, Unsubscribed, UnsubscribedAll};
        [Ask, Unsubscribed, AlreadyUnsubscribed, UnsubscribedAll, Undone]
            .into_iter()
            .flat_map(|state| {
                both(|page| Self {
                    has_other_digests: page.demo,
                    page,
                    token: "c2FtcGxl".into(),
                    digest_title: "The week at Linden Valley".into(),
                    state,
                })
            })
            .collect()
    }
}

impl View for NoticePage {
    const TEMPLATE: &'static str = "web/notice";

    fn samples() -> Vec<Self> {
        let mut samples = both(|page| Self {
            page,
            kind: NoticeKind::Success,
            title: "Check your inbox".into(),
            sentences: vec![
                "We sent an e-mail to lin.yue@example.org.".into(),
                "Click the button in it.".into(),
            ],
            actions: vec![
                Action { text: "Back to home page".into(), url: "/".into() },
                Action { text: "Open the inbox".into(), url: "/mailbox".into() },
            ],
        });
        samples.push(Self {
            page: page("en", false),
            kind: NoticeKind::Error,
            title: "This link has expired".into(),
            ..Self::default()
        });
        samples
    }
}

impl View for ErrorPage {
    const TEMPLATE: &'static str = "web/error";

    fn samples() -> Vec<Self> {
        both(|page| Self {
            page,
            status: 404,
            title: "Page not found".into(),
            sentence: "Check the address, or find all feeds and digests on the home page.".into(),
        })
    }
}
