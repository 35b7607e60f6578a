//! Composition of an edition: groups articles with their translations into stories and selects the
//! language for each reader. Pure functions without I/O.

use std::collections::BTreeMap;

use crate::domain::article::Article;
use crate::domain::language;
use crate::domain::selection::matches_any;

/// An article with its translations.
#[derive(Debug, Clone)]
pub(super) struct Story {
    id: i64,
    /// Articles, never empty; the first is the one that is not sent yet.
    articles: Vec<Article>,
    /// Number of its articles that are candidates for the edition.
    candidate_count: usize,
}

impl Story {
    /// Returns the number of articles that an edition could contain, of which it shows one.
    pub(super) fn candidate_count(&self) -> usize {
        self.candidate_count
    }

    /// Returns all articles of the story.
    pub(super) fn members(&self) -> &[Article] {
        &self.articles
    }

    /// Returns the article for readers of a language: in exactly that language, else in one with
    /// the same primary language, else the first.
    pub(super) fn article_for(&self, tag: &str) -> &Article {
        let exact = self.articles.iter().find(|a| a.language.eq_ignore_ascii_case(tag));
        let primary = language::primary(tag);
        exact
            .or_else(|| self.articles.iter().find(|a| language::matches(primary, &a.language)))
            .unwrap_or(&self.articles[0])
    }
}

/// Groups candidates, newest first, into stories in the order of their newest candidate.
pub(super) fn group_into_stories(candidates: Vec<Article>, members: Vec<Article>) -> Vec<Story> {
    let mut translations: BTreeMap<i64, Vec<Article>> = BTreeMap::new();
    for member in members {
        translations.entry(member.story).or_default().push(member);
    }
    let mut stories: Vec<Story> = Vec::new();
    for candidate in candidates {
        if let Some(known) = stories.iter_mut().find(|s| s.id == candidate.story) {
            known.candidate_count += 1;
            continue;
        }
        let story = candidate.story;
        let others = translations
            .remove(&story)
            .unwrap_or_default()
            .into_iter()
            .filter(|a| a.row_id != candidate.row_id);
        stories.push(Story {
            id: story,
            articles: std::iter::once(candidate.clone()).chain(others).collect(),
            candidate_count: 1,
        });
    }
    stories
}

/// Returns the language of a digest for a reader: the nearest one, or the first.
pub(super) fn language_for(languages: &[String], reader_language: &str) -> String {
    let best = language::best_match(reader_language, languages.iter().map(String::as_str));
    best.or(languages.first().map(String::as_str)).unwrap_or("en").to_owned()
}

/// Returns `true` if any article of a story is in one of the chosen sections; an empty list means all
/// sections.
pub(super) fn has_chosen_section(story: &Story, sections: &[String]) -> bool {
    story.members().iter().any(|a| matches_any(sections, &a.sections))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn article(row: i64, story: i64, language: &str) -> Article {
        Article { row_id: row, story, language: language.into(), ..Article::default() }
    }

    #[test]
    fn translations_are_one_story_in_the_language_of_the_reader() {
        let all = vec![article(2, 1, "zh-CN"), article(1, 1, "en"), article(3, 3, "en")];
        let stories = group_into_stories(all.clone(), all);
        assert_eq!(stories.iter().map(Story::candidate_count).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(stories[0].article_for("zh").row_id, 2);
        assert_eq!(stories[0].article_for("en-GB").row_id, 1);
        assert_eq!(stories[0].article_for("fr").row_id, 2);
        assert_eq!(stories[1].article_for("zh").row_id, 3);
    }

    #[test]
    fn reader_of_another_language_gets_the_first_language() {
        let languages = ["en".to_owned(), "zh-CN".to_owned()];
        for (reader, expected) in
            [("zh", "zh-CN"), ("zh-TW", "zh-CN"), ("en-US", "en"), ("fr", "en"), ("", "en")]
        {
            assert_eq!(language_for(&languages, reader), expected, "{reader}");
        }
    }
}
