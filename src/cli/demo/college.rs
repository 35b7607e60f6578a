//! The sample college: a made-up school, its articles in two languages, and the people who read them.

use anyhow::Context as _;
use serde::Deserialize;

use crate::domain::article::Draft;
use crate::domain::time::{HOUR, Millis};
use crate::templates::demo_file;

/// All that the demo shows; `templates/demo/college.json` holds it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct College {
    /// Its English name.
    pub title: String,
    /// Its Chinese name.
    pub title_zh: String,
    /// Where it would be, were it anywhere.
    pub postal_address: String,
    /// Its sections, in the order in which forms show them.
    pub sections: Vec<String>,
    /// What is published when the demo begins, newest first; a twin stands behind the article it translates.
    pub articles: Vec<SampleArticle>,
    /// Short ones that are published now and then, in this order; a twin goes out together with the one before it.
    pub later: Vec<SampleArticle>,
    /// Who reads.
    pub subscribers: Vec<SampleSubscriber>,
}

/// A made-up article.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SampleArticle {
    /// Id within the source, made of ASCII letters, digits and dashes.
    pub id: String,
    /// `en` or `zh`.
    pub language: String,
    /// The id of the article it translates.
    pub translation_of: Option<String>,
    /// How many hours before the demo began it was published.
    pub hours_ago: i64,
    /// Its section, by the same name in both languages.
    pub section: String,
    /// Title.
    pub title: String,
    /// One or two sentences.
    pub summary: String,
    /// Authors' names.
    pub authors: Vec<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// The text as HTML.
    pub body_html: String,
}

/// A made-up reader.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SampleSubscriber {
    /// Name; empty for an office.
    pub name: String,
    /// An address under example.org or example.com.
    pub email: String,
    /// `en` or `zh`.
    pub language: String,
    /// Sections they chose; empty: all.
    pub sections: Vec<String>,
}

impl College {
    /// The sample that is compiled in.
    ///
    /// # Errors
    /// Only when the file in the repository was edited and is no longer what this type describes; a test reads it.
    pub fn sample() -> anyhow::Result<Self> {
        let text =
            demo_file("college.json").context("templates/demo/college.json was not compiled in")?;
        serde_json::from_str(&text)
            .context("templates/demo/college.json is not what cli::demo::college describes")
    }
}

impl SampleArticle {
    /// The article as a source would tell it, published `hours_ago` before `now`, at `BASE_URL/demo/articles/ID`.
    pub fn draft(&self, now: Millis, base_url: &str) -> Draft {
        Draft {
            source_id: self.id.clone(),
            title: self.title.clone(),
            url: Some(format!("{base_url}/demo/articles/{}", self.id)),
            summary: Some(self.summary.clone()),
            body_html: self.body_html.clone(),
            sections: vec![self.section.clone()],
            tags: self.tags.clone(),
            authors: self.authors.clone(),
            language: Some(self.language.clone()),
            published_at: now.plus(-self.hours_ago * HOUR),
            translation_of: self.translation_of.clone(),
            ..Draft::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_sample_holds_together() {
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
        }
        for pair in all.windows(2) {
            if let Some(original) = &pair[1].translation_of {
                assert_eq!(*original, pair[0].id, "a twin stands behind its original");
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
    fn a_draft_is_dated_from_the_beginning_of_the_demo() {
        let college = College::sample().unwrap();
        let article = &college.articles[0];
        let draft = article.draft(Millis(100 * HOUR), "http://127.0.0.1:8080");
        assert_eq!(draft.published_at, Millis((100 - article.hours_ago) * HOUR));
        assert_eq!(
            draft.url.unwrap(),
            format!("http://127.0.0.1:8080/demo/articles/{}", article.id)
        );
    }
}
