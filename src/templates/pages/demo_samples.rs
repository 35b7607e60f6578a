//! Sample contexts of the pages of the demo, in English and Chinese.

use super::sample_contexts::{both, page};
use super::samples::sections;
use super::*;

impl View for MailboxPage {
    const TEMPLATE: &'static str = "web/demo/mailbox";

    fn samples() -> Vec<Self> {
        let row = |to: &str, subject: &str| MailRow {
            url: "/mailbox/1".into(),
            from: "Linden Valley News <news@linden.example>".into(),
            to: to.into(),
            subject: subject.into(),
            preview: "Apprentices rebuild a 1958 lathe, and it runs true: it came in on a flatbed"
                .into(),
            date_text: "2026-09-21 16:40:03".into(),
        };
        let mut samples = both(|page| Self {
            page,
            messages: vec![
                row(
                    "Lin Yue <lin.yue@example.org>",
                    "The week at Linden Valley: Apprentices rebuild a 1958 lathe",
                ),
                row("王小明 <wang.xiaoming@example.com>", "林谷一周：中德联合实训车间正式启用"),
            ],
            total: 240,
            refresh_seconds: Some(5),
        });
        samples.push(Self { page: page("en", true), ..Self::default() });
        samples
    }
}

impl View for MailboxMailPage {
    const TEMPLATE: &'static str = "web/demo/mailbox_mail";

    fn samples() -> Vec<Self> {
        let mut samples = both(|page| Self {
            page,
            from: "Linden Valley News <news@linden.example>".into(),
            to: "Lin Yue <lin.yue@example.org>".into(),
            subject: "The week at Linden Valley".into(),
            date_text: "2026-09-21 16:40:03".into(),
            headers: vec![(
                "List-Unsubscribe".into(),
                "<https://news.example.edu/unsubscribe/c2FtcGxl>".into(),
            )],
            html: Some(
                "<!doctype html><html><body><p class=\"a\">Hello & welcome</p></body></html>"
                    .into(),
            ),
            text: Some("Hello & welcome\n\n  * <one>\n".into()),
        });
        samples.push(Self {
            page: page("en", true),
            subject: "Neither HTML nor text".into(),
            ..Self::default()
        });
        samples
    }
}

impl View for PublishPage {
    const TEMPLATE: &'static str = "web/demo/publish";

    fn samples() -> Vec<Self> {
        both(|page| Self {
            error: page.demo.then(|| "Enter a title.".into()),
            title: String::new(),
            text: "First paragraph.\n\nSecond <b>paragraph</b>.".into(),
            sections: sections(),
            article_languages: page.languages.clone(),
            page,
        })
    }
}

impl View for DemoArticlePage {
    const TEMPLATE: &'static str = "web/demo/article";

    fn samples() -> Vec<Self> {
        both(|page| {
            Self {
            title: "Apprentices rebuild a 1958 lathe".into(),
            section: page.demo.then(|| "Workshops".into()),
            authors: vec!["Mara Ostrow".into()],
            date_text: "21 September 2026".into(),
            article_language: "en".into(),
            picture: page.demo.then(|| DemoPicture {
                url: "http://127.0.0.1:8080/demo/pictures/lathe.png".into(),
                alt: "A lathe".into(),
                width: 800,
                height: 450,
            }),
            body_html: "<p>It came in on a flatbed.</p><h2>Nine months later</h2><ul><li>It runs.</li></ul>".into(),
            translations: page.languages.clone(),
            page,
        }
        })
    }
}
