//! Titles of digests and feeds in the language of the user, in place of their names.

use super::visit::Visit;
use crate::config::Config;
use crate::domain::digest_scope::DigestScope;

impl Visit {
    /// Returns the title of a digest; its name if the configuration does not have it. The name is added
    /// to a title that several digests have.
    pub(super) fn digest_title(&self, name: &str) -> String {
        self.digest_title_in(&self.app().config, name)
    }

    /// Returns the title of a digest of a configuration, such as one that is not in force yet.
    pub(super) fn digest_title_in(&self, config: &Config, name: &str) -> String {
        let language = &self.client.language;
        let titles = config.digests.iter().map(|one| (&one.name[..], one.title_in(language)));
        title_of(titles, name)
    }

    /// Returns the title of a feed, as [`digest_title`](Self::digest_title) does for a digest.
    pub(super) fn feed_title(&self, name: &str) -> String {
        let language = &self.client.language;
        let feeds = self.app().config.feeds.iter();
        title_of(feeds.map(|one| (&one.name[..], one.title_in(language))), name)
    }

    /// Returns the title of the digest of an edition; `stored`, which is of the time of its creation, if
    /// the configuration does not have the digest any more.
    pub(super) fn edition_title(&self, digest: &str, stored: &str) -> String {
        match self.app().config.digests.iter().any(|one| one.name == digest) {
            true => self.digest_title(digest),
            false => stored.to_owned(),
        }
    }

    /// Returns the title of a section.
    pub(super) fn section_title(&self, name: &str) -> String {
        self.app().config.section_title(name, &self.client.language).to_owned()
    }

    /// Returns the titles of sections, whose names are a JSON list.
    pub(super) fn section_titles(&self, json: &str) -> Vec<String> {
        let names: Vec<String> = serde_json::from_str(json).unwrap_or_default();
        names.iter().map(|name| self.section_title(name)).collect()
    }

    /// Returns the titles of digests as one text.
    pub(super) fn digest_titles(&self, names: &[String]) -> String {
        let titles: Vec<String> = names.iter().map(|name| self.digest_title(name)).collect();
        self.app().templates.join(&self.client.language, &titles)
    }

    /// Returns the digests of a user or token as one text.
    pub(super) fn scope_text(&self, digests: &DigestScope) -> String {
        match digests.names() {
            None => self.text("access-all-digests", &[]),
            Some(names) => self.digest_titles(&names),
        }
    }
}

fn title_of<'a>(titles: impl Iterator<Item = (&'a str, &'a str)> + Clone, name: &str) -> String {
    let Some((_, title)) = titles.clone().find(|(one, _)| *one == name) else {
        return name.to_owned();
    };
    if titles.filter(|(_, other)| *other == title).count() > 1 {
        return format!("{title} ({name})");
    }
    title.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_of_several_objects_has_the_name_beside_it() {
        let titles = [("weekly", "News"), ("daily", "News"), ("staff", "For staff")];
        let title = |name| title_of(titles.into_iter(), name);
        assert_eq!(title("staff"), "For staff");
        assert_eq!(
            (title("daily"), title("weekly")),
            ("News (daily)".into(), "News (weekly)".into())
        );
        assert_eq!(title("gone"), "gone");
    }
}
