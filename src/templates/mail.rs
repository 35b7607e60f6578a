//! What a mail's template is given, and what comes out of it.

use serde::{Deserialize, Serialize};

/// The folder of the mail that asks for a confirmation.
pub(super) const CONFIRM: &str = "confirm";

/// A mail's three rendered parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedMail {
    /// The subject, one line, not encoded.
    pub subject: String,
    /// HTML with its styles inlined.
    pub html: String,
    /// Plain text, lines ended by LF, with an LF at the end.
    pub text: String,
}

/// Who publishes, as mails and pages name them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct SiteContext {
    /// The publisher's name.
    pub title: String,
    /// Where people reach this service, without a slash at the end.
    pub base_url: String,
    /// The publisher's postal address, on one line or several; may be empty.
    pub postal_address: String,
}

/// The digest a mail is an edition of.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct DigestNames {
    /// Slug.
    pub name: String,
    /// What people call it.
    pub title: String,
}

/// The edition.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct EditionContext {
    /// Its day in the variant's language, made by [`date_text`](super::date_text).
    pub date_text: String,
    /// How many articles it has, the led ones and the others.
    pub count: usize,
    /// Where it can be read in a browser, if anywhere.
    pub url: Option<String>,
}

/// An article that is shown with its summary. All texts are plain, never HTML.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct LeadArticle {
    /// Title.
    pub title: String,
    /// Its address, if it has one.
    pub url: Option<String>,
    /// A few sentences; may be empty.
    pub summary: String,
    /// Its first section, if any.
    pub section: Option<String>,
    /// Names of the authors.
    pub authors: Vec<String>,
    /// The day of publication in the variant's language.
    pub date_text: String,
    /// A picture's absolute address.
    pub image_url: Option<String>,
    /// The article's own language (RFC 5646).
    pub language: String,
}

/// An article that is only named.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct MoreArticle {
    /// Title.
    pub title: String,
    /// Its address, if it has one.
    pub url: Option<String>,
    /// Its first section, if any.
    pub section: Option<String>,
    /// The article's own language (RFC 5646).
    pub language: String,
}

/// What differs from one recipient to the next; in a variant that is rendered once, sentinels to be replaced.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct SubscriberContext {
    /// The person's name; may be empty.
    pub name: String,
    /// The address the mail goes to.
    pub address: String,
    /// The link that leaves this digest.
    pub unsubscribe_url: String,
}

/// Everything a digest's template may use.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct DigestContext {
    /// Who publishes.
    pub site: SiteContext,
    /// Which digest.
    pub digest: DigestNames,
    /// The variant's language (RFC 5646).
    pub language: String,
    /// Which edition.
    pub edition: EditionContext,
    /// Articles with summaries, newest first.
    pub lead: Vec<LeadArticle>,
    /// The rest, a list of links.
    pub more: Vec<MoreArticle>,
    /// For whom.
    pub subscriber: SubscriberContext,
}

/// Everything the template of a confirmation mail may use.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ConfirmContext {
    /// Who publishes.
    pub site: SiteContext,
    /// The language of the mail (RFC 5646).
    pub language: String,
    /// The person's name; may be empty.
    pub name: String,
    /// The address that somebody entered.
    pub address: String,
    /// Titles of the digests that were asked for.
    pub digests: Vec<String>,
    /// The link that shows the button to confirm.
    pub confirm_url: String,
    /// How many days the link works.
    pub days: u32,
}

impl DigestContext {
    /// Editions to try a template with: full, with one article that lacks everything optional, and in Chinese.
    pub fn samples() -> Vec<Self> {
        let site = sample_site();
        let subscriber = SubscriberContext {
            name: "Lin Yue".into(),
            address: "lin.yue@example.org".into(),
            unsubscribe_url: "https://news.example.edu/unsubscribe/c2FtcGxl".into(),
        };
        let full = Self {
            site: site.clone(),
            digest: DigestNames {
                name: "weekly".into(),
                title: "The week at Linden Valley".into(),
            },
            language: "en".into(),
            edition: EditionContext {
                date_text: "21 September 2026".into(),
                count: 5,
                url: Some("https://news.example.edu/editions/7/en".into()),
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
        };
        let bare = Self {
            edition: EditionContext { date_text: "21 September 2026".into(), count: 1, url: None },
            lead: vec![LeadArticle {
                title: "A title and nothing else".into(),
                language: "en".into(),
                ..LeadArticle::default()
            }],
            more: Vec::new(),
            subscriber: SubscriberContext { name: String::new(), ..full.subscriber.clone() },
            site: SiteContext { postal_address: String::new(), ..site },
            ..full.clone()
        };
        let chinese = Self {
            language: "zh-CN".into(),
            digest: DigestNames { name: "weekly".into(), title: "林谷一周".into() },
            edition: EditionContext {
                date_text: "2026年9月21日".into(), ..full.edition.clone()
            },
            lead: vec![
                sample_lead("中德联合实训车间正式启用", "zh", "2026年9月20日"),
                sample_lead(
                    "Apprentices rebuild a 1958 lathe, and it runs true",
                    "en",
                    "2026年9月21日",
                ),
            ],
            ..full.clone()
        };
        let no_lead = Self { lead: Vec::new(), language: "fr".into(), ..full.clone() };
        vec![full, bare, chinese, no_lead]
    }
}

impl ConfirmContext {
    /// Requests to try the template with.
    pub fn samples() -> Vec<Self> {
        let english = Self {
            site: sample_site(),
            language: "en".into(),
            name: "Lin Yue".into(),
            address: "lin.yue@example.org".into(),
            digests: vec!["The week at Linden Valley".into(), "Every morning".into()],
            confirm_url: "https://news.example.edu/confirm/c2FtcGxl".into(),
            days: 7,
        };
        let chinese = Self {
            language: "zh".into(),
            digests: vec!["林谷一周".into()],
            name: String::new(),
            ..english.clone()
        };
        vec![english, chinese]
    }
}

/// The site of all samples.
pub(super) fn sample_site() -> SiteContext {
    SiteContext {
        title: "Linden Valley Vocational College".into(),
        base_url: "https://news.example.edu".into(),
        postal_address: "12 Foundry Lane, Linden Valley 430000".into(),
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
        image_url: None,
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

/// Plain text without space at line ends, with at most two empty lines in a row and one line end at the end.
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
