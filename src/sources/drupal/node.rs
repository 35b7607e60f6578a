//! A node with its languages, and what was read about it.

use std::collections::HashMap;

use super::elements::Image;
use super::fields::TextPart;
use super::media::MediaItem;

/// A node with its languages, aliases and embedded media.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) id: u64,
    /// Languages of the node, with the original first.
    pub(super) translations: Vec<Translation>,
    /// Aliases as pairs of language and path; later ones take precedence.
    pub(super) aliases: Vec<(String, String)>,
    /// Media embedded in the texts of the node's page, by id.
    pub(super) media: std::sync::Arc<HashMap<String, MediaItem>>,
}

/// One language of a node.
#[derive(Debug, Clone, Default)]
pub(super) struct Translation {
    pub(super) language: String,
    /// Machine name of the content type.
    pub(super) bundle: String,
    pub(super) is_original: bool,
    pub(super) is_public: bool,
    pub(super) title: String,
    pub(super) author: String,
    /// Time of publication in seconds since the epoch.
    pub(super) published_at: i64,
    pub(super) changed_at: Option<i64>,
    pub(super) body: String,
    pub(super) summary: String,
    pub(super) format: String,
    /// Texts of the article, in order.
    pub(super) parts: Vec<TextPart>,
    /// Notes on texts that are left out.
    pub(super) notes: Vec<String>,
    pub(super) sections: Vec<String>,
    pub(super) tags: Vec<String>,
    pub(super) lead_image: Option<LeadImage>,
}

/// The lead image of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LeadImage {
    /// Field whose first value it is.
    pub(super) field: String,
    pub(super) image: Image,
}

impl Translation {
    /// Returns the id of the article: the node number, followed by the language for all but the
    /// original.
    pub(super) fn source_id(&self, node: u64) -> String {
        if self.is_original { node.to_string() } else { format!("{node}-{}", self.language) }
    }
}

impl Node {
    /// Returns the languages that are published.
    pub(super) fn published(&self) -> impl Iterator<Item = &Translation> {
        self.translations.iter().filter(|translation| translation.is_public)
    }

    /// Returns the values of a field in a language; those of the original if the field is not
    /// translated.
    pub(super) fn values<'v, T>(
        &self,
        field: &'v Values<T>,
        language: &str,
    ) -> impl Iterator<Item = &'v T> {
        let own = field.get(&(self.id, language.to_owned()));
        let original = || {
            self.translations
                .iter()
                .find(|t| t.is_original)
                .and_then(|t| field.get(&(self.id, t.language.clone())))
        };
        own.or_else(original).into_iter().flatten()
    }
}

/// The values of a field by node and language, in order.
pub(super) type Values<T> = HashMap<(u64, String), Vec<T>>;
