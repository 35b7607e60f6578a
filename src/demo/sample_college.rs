//! The fictional college of the demo: articles in two languages and subscribers.

use anyhow::Context as _;
use serde::Deserialize;

use crate::domain::article::IncomingArticle;
use crate::domain::time::{Millis, SignedDuration};
use crate::templates::demo_file;

/// Width and height of all pictures in pixels.
const PICTURE_SIZE: (u32, u32) = (800, 450);

/// Content of the demo, read from `templates/demo/college.json`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct College {
    /// English name of the college.
    pub title: String,
    /// Chinese name of the college.
    pub title_zh: String,
    /// Fictional address printed in the digests.
    pub postal_address: String,
    /// Sections, in the order in which forms show them.
    pub sections: Vec<String>,
    /// Articles published when the demo starts, newest first; a translation follows its original.
    pub articles: Vec<SampleArticle>,
    /// Short articles published periodically, in this order; a translation is published together
    /// with its original, which precedes it.
    pub later: Vec<SampleArticle>,
    /// Subscribers of the demo digest.
    pub subscribers: Vec<SampleSubscriber>,
}

/// Fictional article of the college.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SampleArticle {
    /// Id within the source, made of ASCII letters, digits and dashes.
    pub id: String,
    /// Language, `en` or `zh`.
    pub language: String,
    /// Id of the article that this one translates.
    pub translation_of: Option<String>,
    /// Age in hours when the demo starts.
    pub hours_ago: i64,
    /// Section, with the same name in both languages.
    pub section: String,
    /// Title of the article.
    pub title: String,
    /// Summary of one or two sentences.
    pub summary: String,
    /// Names of the authors.
    pub authors: Vec<String>,
    /// Tags of the article.
    pub tags: Vec<String>,
    /// Lead image, if the article has one.
    pub picture: Option<SamplePicture>,
    /// Text of the article as HTML.
    pub body_html: String,
}

/// Picture of an article.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamplePicture {
    /// Name of the PNG file in `templates/demo/pictures`.
    pub file: String,
    /// Alternative text in the language of the article.
    pub alt: String,
}

/// Fictional subscriber of the digest.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SampleSubscriber {
    /// Name, empty for an office address.
    pub name: String,
    /// E-mail address in example.org or example.com.
    pub email: String,
    /// Language, `en` or `zh`.
    pub language: String,
    /// Chosen sections; empty for all.
    pub sections: Vec<String>,
}

impl College {
    /// Returns the embedded sample.
    ///
    /// # Errors
    /// If the file in the repository does not match this type, which a test checks.
    pub fn sample() -> anyhow::Result<Self> {
        let text =
            demo_file("college.json").context("templates/demo/college.json was not compiled in")?;
        serde_json::from_str(&text)
            .context("templates/demo/college.json does not match demo::sample_college")
    }
}

impl SampleArticle {
    /// Returns the article as read from a source, published `hours_ago` before `now`, with the URL
    /// `BASE_URL/demo/articles/ID`, and its picture at `BASE_URL/demo/pictures/FILE`.
    pub fn incoming_article(&self, now: Millis, base_url: &str) -> IncomingArticle {
        let picture = self.picture.as_ref();
        IncomingArticle {
            source_id: self.id.clone(),
            title: self.title.clone(),
            url: Some(format!("{base_url}/demo/articles/{}", self.id)),
            summary: Some(self.summary.clone()),
            body_html: self.body_html.clone(),
            sections: vec![self.section.clone()],
            tags: self.tags.clone(),
            image_url: picture.map(|one| format!("{base_url}/demo/pictures/{}", one.file)),
            image_alt: picture.map(|one| one.alt.clone()),
            image_width: picture.map(|_| PICTURE_SIZE.0),
            image_height: picture.map(|_| PICTURE_SIZE.1),
            authors: self.authors.clone(),
            language: Some(self.language.clone()),
            published_at: now.plus(-SignedDuration::from_hours(self.hours_ago)),
            translation_of: self.translation_of.clone(),
            ..IncomingArticle::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::templates::demo_picture;

    #[test]
    fn sample_is_consistent() {
        let college = College::sample().unwrap();
        let all: Vec<&SampleArticle> = college.articles.iter().chain(&college.later).collect();
        let ids: BTreeSet<&str> = all.iter().map(|article| article.id.as_str()).collect();
        assert_eq!(ids.len(), all.len(), "ids are unique");
        for article in &all {
            assert!(
                college.sections.contains(&article.section),
                "{} has a section of the college's",
                article.id
            );
            assert!(
                article.body_html.starts_with("<p>") && !article.summary.is_empty(),
                "{}",
                article.id
            );
            assert!(
                article.id.chars().all(|c| c.is_ascii_lowercase() || c == '-'),
                "{}",
                article.id
            );
            if let Some(picture) = &article.picture {
                let file = demo_picture(&picture.file).unwrap_or_else(|| panic!("{picture:?}"));
                // The size follows the signature and the head of the first chunk (PNG, section 5.2).
                let size = [800_u32.to_be_bytes(), 450_u32.to_be_bytes()].concat();
                assert_eq!(
                    (&file[..4], &file[16..24]),
                    (&b"\x89PNG"[..], &size[..]),
                    "{picture:?}"
                );
                assert!(!picture.alt.is_empty() && file.len() < 15_000, "{picture:?}");
            }
        }
        for pair in all.windows(2) {
            if let Some(original) = &pair[1].translation_of {
                assert_eq!(*original, pair[0].id, "a translation follows its original");
                assert_ne!(pair[0].language, pair[1].language);
            }
        }
        for subscriber in &college.subscribers {
            let domain = subscriber.email.split_once('@').unwrap().1;
            assert!(domain.ends_with("example.org") || domain.ends_with("example.com"));
            assert!(subscriber.sections.iter().all(|section| college.sections.contains(section)));
        }
    }

    #[test]
    fn articles_are_dated_relative_to_the_start_of_the_demo() {
        let college = College::sample().unwrap();
        let article = &college.articles[0];
        let incoming = article.incoming_article(
            Millis(0).plus(SignedDuration::from_hours(100)),
            "http://127.0.0.1:8080",
        );
        assert_eq!(
            incoming.published_at,
            Millis(0).plus(SignedDuration::from_hours(100 - article.hours_ago))
        );
        assert_eq!(
            incoming.url.unwrap(),
            format!("http://127.0.0.1:8080/demo/articles/{}", article.id)
        );
    }
}
