//! What goes into an edition: stories, each an article and its twins, told in the reader's language. Pure.

use std::collections::BTreeMap;

use crate::domain::article::Article;
use crate::domain::language;

/// An article and its translations.
#[derive(Debug, Clone)]
pub(super) struct Story {
    group: i64,
    /// Never empty; the article that made it news first.
    members: Vec<Article>,
}

impl Story {
    /// All its articles.
    pub(super) fn members(&self) -> &[Article] {
        &self.members
    }

    /// The article for readers of a language: exactly theirs, else one they understand, else what made it news.
    pub(super) fn told_in(&self, tag: &str) -> &Article {
        let exactly = self.members.iter().find(|a| a.language.eq_ignore_ascii_case(tag));
        let primary = language::primary(tag);
        exactly
            .or_else(|| self.members.iter().find(|a| language::matches(primary, &a.language)))
            .unwrap_or(&self.members[0])
    }
}

/// Candidates, newest first, gathered into stories in the order of their newest candidate.
pub(super) fn stories(candidates: Vec<Article>, members: Vec<Article>) -> Vec<Story> {
    let mut twins: BTreeMap<i64, Vec<Article>> = BTreeMap::new();
    for member in members {
        twins.entry(member.group).or_default().push(member);
    }
    let mut stories: Vec<Story> = Vec::new();
    for candidate in candidates {
        if stories.iter().any(|s| s.group == candidate.group) {
            continue;
        }
        let group = candidate.group;
        let others =
            twins.remove(&group).unwrap_or_default().into_iter().filter(|a| a.row != candidate.row);
        stories.push(Story {
            group,
            members: std::iter::once(candidate.clone()).chain(others).collect(),
        });
    }
    stories
}

/// The digest's language for a reader: exactly theirs, else one they understand, else the first.
pub(super) fn language_for(languages: &[String], reader: &str) -> String {
    let primary = language::primary(reader);
    let exactly = languages.iter().find(|l| l.eq_ignore_ascii_case(reader));
    let near = || languages.iter().find(|l| !primary.is_empty() && language::matches(primary, l));
    exactly.or_else(near).or_else(|| languages.first()).cloned().unwrap_or_else(|| "en".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn article(row: i64, group: i64, language: &str) -> Article {
        Article { row, group, language: language.into(), ..Article::default() }
    }

    #[test]
    fn twins_are_one_story_told_in_the_reader_s_language() {
        let all = vec![article(2, 1, "zh-CN"), article(1, 1, "en"), article(3, 3, "en")];
        let stories = stories(all.clone(), all);
        assert_eq!(stories.len(), 2);
        assert_eq!(stories[0].told_in("zh").row, 2);
        assert_eq!(stories[0].told_in("en-GB").row, 1);
        assert_eq!(stories[0].told_in("fr").row, 2);
        assert_eq!(stories[1].told_in("zh").row, 3);
    }

    #[test]
    fn a_reader_of_another_language_gets_the_first() {
        let languages = ["en".to_owned(), "zh-CN".to_owned()];
        for (reader, expected) in
            [("zh", "zh-CN"), ("zh-TW", "zh-CN"), ("en-US", "en"), ("fr", "en"), ("", "en")]
        {
            assert_eq!(language_for(&languages, reader), expected, "{reader}");
        }
    }
}
