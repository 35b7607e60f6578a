//! Size of a digest's HTML, of which Gmail shows only the beginning: shortens the list of further
//! articles until the mail fits.

use crate::templates::mail::MoreArticle;
use crate::templates::{DigestMailContext, RenderedMail, Templates};

/// Maximum size of the HTML that Gmail shows completely, in bytes.
pub const GMAIL_CLIP_BYTES: usize = 102_000;

/// Maximum size of a rendered variant, in bytes; the rest is for the subscriber's values.
const MAX_VARIANT_BYTES: usize = GMAIL_CLIP_BYTES - 3_000;

/// Estimated markup of one entry of the list of further articles, in bytes.
const ENTRY_MARKUP_BYTES: usize = 180;

/// Size of a digest's mail, and the number of articles that it only counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct MailSize {
    /// Size of the HTML part in bytes.
    pub html_bytes: usize,
    /// Number of articles that the mail only counts; 0 for a stored edition.
    pub unlisted_count: usize,
}

impl MailSize {
    /// Returns the size of a rendered mail.
    pub(super) fn new(mail: &RenderedMail, context: &DigestMailContext) -> Self {
        Self { html_bytes: mail.html.len(), unlisted_count: context.edition.unlisted_count }
    }

    /// Returns `true` if Gmail shows only the beginning of the mail.
    pub fn is_clipped(self) -> bool {
        self.html_bytes > GMAIL_CLIP_BYTES
    }
}

/// Renders a digest and shortens its list of further articles, oldest first, until Gmail shows the
/// whole HTML. If it is too long even without the list, the unsubscribe link is repeated at the top.
///
/// # Errors
/// Those of [`Templates::render_digest`].
pub(super) fn render_within_limit(
    templates: &Templates,
    template: &str,
    context: &mut DigestMailContext,
) -> anyhow::Result<RenderedMail> {
    let texts: usize = context.more.iter().map(entry_bytes).sum();
    remove_entries(context, texts.saturating_sub(MAX_VARIANT_BYTES));
    loop {
        let mail = templates.render_digest(template, context)?;
        if mail.html.len() <= MAX_VARIANT_BYTES {
            return Ok(mail);
        }
        if context.more.is_empty() {
            break;
        }
        // In proportion, since escaping makes the HTML longer than the texts.
        let excess = mail.html.len() - MAX_VARIANT_BYTES;
        let texts: usize = context.more.iter().map(entry_bytes).sum();
        remove_entries(context, (texts * excess / mail.html.len()).max(1));
    }
    context.edition.clipped = true;
    templates.render_digest(template, context)
}

/// Removes the oldest entries of the list that take at least `bytes`; they are only counted then.
fn remove_entries(context: &mut DigestMailContext, bytes: usize) {
    let mut removed = 0;
    while removed < bytes
        && let Some(entry) = context.more.pop()
    {
        removed += entry_bytes(&entry);
        context.edition.unlisted_count += 1;
    }
}

/// Returns the estimated size of an entry in the HTML, in bytes.
fn entry_bytes(entry: &MoreArticle) -> usize {
    let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    entry.title.len() + length(&entry.url) + length(&entry.section) + ENTRY_MARKUP_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::templates::mail::{EditionContext, LeadArticle};

    const SUMMARY: &str = "The new kiln reached its working temperature on Thursday, two days \
        before the glaziers expected it, and the first forty tiles came out without a crack. \
        Visitors may watch the second firing from the gallery, where the ceramics class explains \
        every step and hands out samples to those who ask.";

    fn lead(title: &str, summary: &str, language: &str) -> LeadArticle {
        LeadArticle {
            title: title.into(),
            url: Some("https://news.example.edu/workshops/2026/the-kiln-is-hot.html".into()),
            summary: summary.into(),
            section: Some("Workshops".into()),
            authors: vec!["Mara Ostrow".into()],
            date_text: "21 September 2026".into(),
            language: language.into(),
            ..LeadArticle::default()
        }
    }

    fn more(title: &str, url: &str) -> MoreArticle {
        MoreArticle {
            title: title.into(),
            url: Some(url.into()),
            section: Some("Campus".into()),
            language: "en".into(),
        }
    }

    fn edition(lead: Vec<LeadArticle>, more: Vec<MoreArticle>) -> DigestMailContext {
        let sample = DigestMailContext::samples().swap_remove(1);
        let count = lead.len() + more.len();
        let edition = EditionContext { count, ..sample.edition };
        DigestMailContext { edition, lead, more, ..sample }
    }

    fn rendered(context: &mut DigestMailContext) -> RenderedMail {
        render_within_limit(&Templates::load(None).unwrap(), "digest", context).unwrap()
    }

    #[test]
    fn fifteen_short_articles_fit_into_25_kilobytes_and_55_below_100() {
        let short = "The kiln is hot, and visitors may watch the second firing on Friday.";
        let article = lead("The first forty tiles leave the kiln", short, "en");
        let html = rendered(&mut edition(vec![article; 15], Vec::new())).html;
        assert!(html.len() <= 25_000, "{} bytes", html.len());
        for (title, summary, language) in [
            ("The first forty tiles leave the kiln", SUMMARY.to_owned(), "en"),
            ("第一批四十块瓷砖出窑", "陶艺班的新窑在周四达到工作温度。".repeat(12), "zh"),
        ] {
            let article = lead(title, &summary, language);
            let html = rendered(&mut edition(vec![article; 55], Vec::new())).html;
            assert!(html.len() < 100_000, "{language}: {} bytes", html.len());
        }
    }

    #[test]
    fn fonts_are_said_once_and_not_on_each_element() {
        let fonts = |articles: usize| {
            let article = lead("The first forty tiles leave the kiln", SUMMARY, "en");
            let html = rendered(&mut edition(vec![article; articles], Vec::new())).html;
            html.matches("font-family").count()
        };
        assert_eq!(fonts(1), fonts(20));
    }

    #[test]
    fn a_long_list_is_shortened_until_gmail_shows_the_whole_mail() {
        let url = "https://news.example.edu/campus/an-ordinary-address.html";
        let long_url = format!("https://news.example.edu/?q={}", "a&".repeat(900));
        let title = "Library opens until ten in exam weeks";
        for (title, url, entries) in [
            (title.to_owned(), url, 600),
            ("图书馆在考试周开放到晚上十点".to_owned(), url, 600),
            (title.to_owned(), long_url.as_str(), 150),
            ("<&>".repeat(300), url, 150),
        ] {
            let article = lead("The first forty tiles leave the kiln", SUMMARY, "en");
            let mut context = edition(vec![article; 20], vec![more(&title, url); entries]);
            let mail = rendered(&mut context);
            assert!(mail.html.len() <= MAX_VARIANT_BYTES, "{} bytes", mail.html.len());
            assert!(mail.html.len() > 60_000, "no more than necessary: {} bytes", mail.html.len());
            let unlisted_count = context.edition.unlisted_count;
            assert_eq!(context.more.len() + unlisted_count, entries);
            for part in [&mail.html, &mail.text] {
                let unwrapped = part.split_whitespace().collect::<Vec<_>>().join(" ");
                assert!(
                    unwrapped.contains(&format!("{unlisted_count} more articles on")),
                    "{part}"
                );
            }
        }
    }

    #[test]
    fn a_short_list_is_complete() {
        let mut context =
            edition(Vec::new(), vec![more("Library opens", "https://a.example/"); 40]);
        rendered(&mut context);
        assert_eq!((context.more.len(), context.edition.unlisted_count), (40, 0));
    }

    #[test]
    fn a_mail_that_gmail_clips_has_the_unsubscribe_link_at_its_top() {
        let articles = vec![lead("The first forty tiles leave the kiln", SUMMARY, "en"); 150];
        let mut context = edition(articles, Vec::new());
        let mail = rendered(&mut context);
        assert!(context.edition.clipped && mail.html.len() > GMAIL_CLIP_BYTES);
        let link = mail.html.find("/unsubscribe/").unwrap();
        assert!(link < 10_000, "at byte {link}");
    }
}
