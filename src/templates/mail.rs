//! Contexts of the e-mail templates, and rendered e-mails.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::choices::SubscriptionChoices;
use crate::domain::color::{Accent, Rgb};

/// Name of the template that asks a subscriber to confirm.
pub(super) const CONFIRM: &str = "confirm";

/// Rendered message: subject, HTML and plain text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedMail {
    /// Subject as one line, not encoded.
    pub subject: String,
    /// HTML part with inlined styles.
    pub html: String,
    /// Plain-text part; every line ends with LF, including the last.
    pub text: String,
}

/// Publisher, as e-mails and pages show it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct SiteContext {
    /// Name of the publisher.
    pub title: String,
    /// Public URL of this service, without a trailing slash.
    pub base_url: String,
    /// Postal address of the publisher, on one or more lines; may be empty.
    pub postal_address: String,
    /// URL of the publisher's logo, if there is one.
    #[serde(default)]
    pub logo: Option<String>,
    /// Accent colour in its shades; `None` for that of the template.
    #[serde(default)]
    pub accent: Option<Accent>,
}

/// Digest to which a message belongs.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct DigestSummary {
    /// Slug of the digest.
    pub name: String,
    /// Title of the digest for readers.
    pub title: String,
}

/// Edition to which a message belongs.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct EditionContext {
    /// Date in the variant's language, from [`date_text`](super::date_text).
    pub date_text: String,
    /// Number of articles, those with summaries and the others.
    pub count: usize,
    /// URL of its web version, if there is one.
    pub url: Option<String>,
    /// Subject that the configuration of the digest sets, if any.
    #[serde(default)]
    pub subject: Option<String>,
    /// Number of articles that are only counted, because the message would be too long with them.
    #[serde(default)]
    pub unlisted_count: usize,
    /// `true` if Gmail clips the message, so that the unsubscribe link must also be at its top.
    #[serde(default)]
    pub clipped: bool,
}

/// Article shown with its summary; all texts are plain, never HTML.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct LeadArticle {
    /// Title of the article.
    pub title: String,
    /// URL of the article, if it has one.
    pub url: Option<String>,
    /// Summary of a few sentences; may be empty.
    pub summary: String,
    /// First section of the article, if any.
    pub section: Option<String>,
    /// Names of the authors.
    pub authors: Vec<String>,
    /// Publication date in the variant's language.
    pub date_text: String,
    /// Absolute URL of an image, if any.
    pub image_url: Option<String>,
    /// Alternative text of the image; may be empty.
    #[serde(default)]
    pub image_alt: String,
    /// Width in pixels at which Outlook shows the image, which ignores its maximum size.
    #[serde(default)]
    pub image_width: u32,
    /// Language of the article (RFC 5646).
    pub language: String,
}

/// Article listed with its title only.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct MoreArticle {
    /// Title of the article.
    pub title: String,
    /// URL of the article, if it has one.
    pub url: Option<String>,
    /// First section of the article, if any.
    pub section: Option<String>,
    /// Language of the article (RFC 5646).
    pub language: String,
}

/// Values of the recipient; placeholders in a variant that is rendered once for all recipients.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct SubscriberContext {
    /// Name of the person; may be empty.
    pub name: String,
    /// Address that the message is sent to.
    pub address: String,
    /// URL that unsubscribes from this digest.
    pub unsubscribe_url: String,
    /// Tags of the person, in alphabetical order.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Values of attributes by name; rendering adds those that the templates use as null.
    #[serde(default)]
    pub attributes: BTreeMap<String, serde_json::Value>,
}

/// Context of a digest template.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct DigestMailContext {
    /// Publisher of the digest.
    pub site: SiteContext,
    /// Digest to which the message belongs.
    pub digest: DigestSummary,
    /// Language of the variant (RFC 5646).
    pub language: String,
    /// Edition to which the message belongs.
    pub edition: EditionContext,
    /// Articles with summaries, newest first.
    pub lead: Vec<LeadArticle>,
    /// Remaining articles, shown as a list of links.
    pub more: Vec<MoreArticle>,
    /// Recipient of the message.
    pub subscriber: SubscriberContext,
}

/// Context of the confirmation e-mail's template.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ConfirmContext {
    /// Publisher of the digest.
    pub site: SiteContext,
    /// Language of the message (RFC 5646).
    pub language: String,
    /// Name of the person; may be empty.
    pub name: String,
    /// Address entered in the subscription form.
    pub address: String,
    /// Titles of the requested digests.
    pub digests: Vec<String>,
    /// Digests, sections and language that the person chose.
    pub choices: SubscriptionChoices,
    /// URL of the page with the confirm button.
    pub confirm_url: String,
    /// Validity of the link, in days.
    pub days: u32,
}

impl DigestMailContext {
    /// Returns sample contexts: a full edition, one with a single article without optional fields,
    /// one in Chinese, and one without lead articles in a language without a catalog.
    pub fn samples() -> Vec<Self> {
        let full = Self::full_sample();
        let bare = Self {
            edition: EditionContext {
                date_text: "21 September 2026".into(),
                count: 1,
                ..EditionContext::default()
            },
            lead: vec![LeadArticle {
                title: "A title and nothing else".into(),
                language: "en".into(),
                ..LeadArticle::default()
            }],
            more: Vec::new(),
            subscriber: SubscriberContext { name: String::new(), ..full.subscriber.clone() },
            site: SiteContext {
                postal_address: String::new(),
                logo: None,
                accent: None,
                ..full.site.clone()
            },
            ..full.clone()
        };
        let chinese = Self::chinese_sample(full.clone());
        let no_lead = Self { lead: Vec::new(), language: "fr".into(), ..full.clone() };
        vec![full, bare, chinese, no_lead]
    }

    /// Returns a sample edition in Chinese, or else in English.
    pub fn sample_in(language: &str) -> Self {
        let full = Self { edition: EditionContext::default(), ..Self::full_sample() };
        let is_chinese = crate::domain::language::matches("zh", language);
        if is_chinese { Self::chinese_sample(full) } else { full }
    }

    /// Returns a sample edition with all optional fields.
    fn full_sample() -> Self {
        let subscriber = SubscriberContext {
            name: "Lin Yue".into(),
            address: "lin.yue@example.org".into(),
            unsubscribe_url: "https://news.example.edu/unsubscribe/c2FtcGxl".into(),
            tags: vec!["partner".into()],
            attributes: BTreeMap::new(),
        };
        Self {
            site: sample_site(),
            digest: DigestSummary {
                name: "weekly".into(),
                title: "The week at Linden Valley".into(),
            },
            language: "en".into(),
            edition: EditionContext {
                date_text: "21 September 2026".into(),
                count: 8,
                url: Some("https://news.example.edu/editions/7/en".into()),
                subject: None,
                unlisted_count: 3,
                clipped: true,
            },
            lead: vec![
                sample_lead(
                    "Apprentices rebuild a 1958 lathe, and it runs true",
                    "en",
                    "21 September 2026",
                ),
                sample_lead("中德联合实训车间正式启用", "zh", "20 September 2026"),
                sample_lead(
                    "What <script> & \"quotes\" look like when a title holds them",
                    "en",
                    "19 September 2026",
                ),
            ],
            more: vec![
                sample_more("Library opens until ten in exam weeks", "en"),
                sample_more("国际交流周报名开始", "zh"),
            ],
            subscriber,
        }
    }

    /// Returns a sample edition in Chinese; the other fields are those of `full`.
    fn chinese_sample(full: Self) -> Self {
        Self {
            language: "zh-CN".into(),
            digest: DigestSummary { name: "weekly".into(), title: "林谷一周".into() },
            edition: EditionContext {
                date_text: "2026年9月21日".into(),
                subject: Some("林谷一周（2026年9月21日）".into()),
                ..full.edition
            },
            lead: vec![
                sample_lead("中德联合实训车间正式启用", "zh", "2026年9月20日"),
                sample_lead(
                    "Apprentices rebuild a 1958 lathe, and it runs true",
                    "en",
                    "2026年9月21日",
                ),
            ],
            ..full
        }
    }
}

impl ConfirmContext {
    /// Returns sample contexts in English and Chinese.
    pub fn samples() -> Vec<Self> {
        let [full, minimal] = SubscriptionChoices::samples();
        let english = Self {
            site: sample_site(),
            language: "en".into(),
            name: "Lin Yue".into(),
            address: "lin.yue@example.org".into(),
            digests: vec!["The week at Linden Valley".into(), "Every morning".into()],
            choices: full,
            confirm_url: "https://news.example.edu/confirm/c2FtcGxl".into(),
            days: 7,
        };
        let chinese = Self {
            language: "zh".into(),
            digests: vec!["林谷一周".into()],
            choices: minimal,
            name: String::new(),
            ..english.clone()
        };
        vec![english, chinese]
    }
}

/// Returns the publisher of all samples.
pub(super) fn sample_site() -> SiteContext {
    SiteContext {
        title: "Linden Valley Vocational College".into(),
        base_url: "https://news.example.edu".into(),
        postal_address: "12 Foundry Road, Linden Valley 430000".into(),
        logo: Some("https://www.example.edu/logo.png".into()),
        accent: Rgb::parse("#0a5").ok().map(Accent::new),
    }
}

fn sample_lead(title: &str, language: &str, date_text: &str) -> LeadArticle {
    let summary = match language {
        "zh" => {
            "新车间配有十二台五轴加工中心和一间透明测量室。来自两国的三十名学徒将在同一批图纸上工作，第一批零件将在十月交付给合作企业。"
        }
        _ => {
            "It came in on a flatbed, under a tarpaulin, with a fern growing out of the gearbox. Nine months later the second-year \
             machinists cut a thread on it that the gauge could not fault."
        }
    };
    LeadArticle {
        title: title.into(),
        url: Some("https://news.example.edu/workshops/1042.html?from=digest&n=1".into()),
        summary: summary.into(),
        section: Some(if language == "zh" { "国际合作" } else { "Workshops" }.into()),
        authors: vec!["Mara Ostrow".into(), "周敏".into()],
        date_text: date_text.into(),
        image_url: Some("https://news.example.edu/images/1042.jpg".into()),
        image_alt: "A lathe under a tarpaulin".into(),
        image_width: 528,
        language: language.into(),
    }
}

fn sample_more(title: &str, language: &str) -> MoreArticle {
    MoreArticle {
        title: title.into(),
        url: Some("https://news.example.edu/news/1043.html".into()),
        section: Some(if language == "zh" { "校园" } else { "Campus" }.into()),
        language: language.into(),
    }
}

/// Removes spaces at line ends and leading empty lines, limits runs of empty lines to two, and ends
/// the text with one line end.
pub fn tidy(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.lines().map(str::trim_end) {
        empty = if line.is_empty() { empty + 1 } else { 0 };
        if empty > 2 || (line.is_empty() && tidy.is_empty()) {
            continue;
        }
        tidy.push_str(line);
        tidy.push('\n');
    }
    let end = tidy.trim_end().len();
    tidy.truncate(end);
    tidy.push('\n');
    tidy
}
