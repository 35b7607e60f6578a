//! What templates say in the reader's language: Fluent texts, and dates as people write them.

use std::collections::BTreeMap;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use jiff::civil::Date;
use unic_langid::LanguageIdentifier;

use super::source::Source;
use crate::domain::language;

/// The language that has every text, and stands in where another lacks one.
pub(super) const FALLBACK: &str = "en";

/// The texts of all languages.
pub(super) struct Speech {
    bundles: BTreeMap<String, FluentBundle<FluentResource>>,
}

impl Speech {
    /// Parses Fluent files in order; a later one of the same name overrides single texts of an earlier one.
    ///
    /// # Errors
    /// One sentence with file, line and column.
    pub(super) fn load(files: &[(String, Source)]) -> anyhow::Result<Self> {
        let mut bundles = BTreeMap::new();
        for (name, source) in files {
            let code =
                name.trim_start_matches("i18n/").trim_end_matches(".ftl").to_ascii_lowercase();
            let language: LanguageIdentifier = code.parse().map_err(|_| {
                anyhow::anyhow!(
                    "{}: `{code}` is no language; name the file as in i18n/de.ftl",
                    source.shown
                )
            })?;
            let resource = FluentResource::try_new(source.text.clone()).map_err(|(_, errors)| {
                let offset = errors.first().map_or(0, |error| error.pos.start);
                let before = source.text.get(..offset).unwrap_or_default();
                let line = before.matches('\n').count() + 1;
                let column = before.rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1;
                let what = errors.first().map(ToString::to_string).unwrap_or_default();
                anyhow::anyhow!(
                    "{}:{line}:{column}: this is no Fluent text ({what}); write `name = what it says`, and indent what \
                     goes on in the next line",
                    source.shown
                )
            })?;
            let bundle = bundles.entry(code).or_insert_with(|| {
                let mut bundle = FluentBundle::new_concurrent(vec![language]);
                bundle.set_use_isolating(false);
                bundle
            });
            bundle.add_resource_overriding(resource);
        }
        Ok(Self { bundles })
    }

    /// The codes of all languages that have texts.
    pub(super) fn languages(&self) -> impl Iterator<Item = &str> {
        self.bundles.keys().map(String::as_str)
    }

    /// The code of the texts that a reader of `language` gets: `zh` for `zh-CN`, English for one we don't speak.
    pub(super) fn spoken(&self, language: &str) -> &str {
        let mut wanted = language.to_ascii_lowercase().replace('_', "-");
        loop {
            if let Some((code, _)) = self.bundles.get_key_value(&wanted) {
                return code;
            }
            match wanted.rfind('-') {
                Some(dash) => wanted.truncate(dash),
                None => return FALLBACK,
            }
        }
    }

    /// The text `key`; none if neither the language nor the fallback has it, or if it lacks an argument.
    pub(super) fn text(&self, language: &str, key: &str, args: &FluentArgs<'_>) -> Option<String> {
        [self.spoken(language), FALLBACK].into_iter().find_map(|code| {
            let bundle = self.bundles.get(code)?;
            let pattern = bundle.get_message(key)?.value()?;
            let mut errors = Vec::new();
            let text = bundle.format_pattern(pattern, Some(args), &mut errors).into_owned();
            errors.is_empty().then_some(text)
        })
    }

    /// Whether any text of this name exists for a reader of the language.
    pub(super) fn has(&self, language: &str, key: &str) -> bool {
        [self.spoken(language), FALLBACK]
            .into_iter()
            .any(|code| self.bundles.get(code).is_some_and(|bundle| bundle.has_message(key)))
    }
}

/// Fluent arguments from names and texts.
pub(super) fn arguments<'a>(pairs: &[(&'a str, &'a str)]) -> FluentArgs<'a> {
    pairs.iter().map(|(name, value)| (*name, FluentValue::from(*value))).collect()
}

/// A day as people of the language write it: `21 September 2026`, `2026年9月21日`; for other languages ISO 8601.
pub fn date_text(date: Date, language: &str) -> String {
    match primary(language).as_str() {
        "zh" | "ja" => format!("{}年{}月{}日", date.year(), date.month(), date.day()),
        "en" => date.strftime("%-d %B %Y").to_string(),
        _ => date.to_string(),
    }
}

/// The month of a day in the same way: `September 2026`, `2026年9月`, else `2026-09`.
pub fn month_text(date: Date, language: &str) -> String {
    match primary(language).as_str() {
        "zh" | "ja" => format!("{}年{}月", date.year(), date.month()),
        "en" => date.strftime("%B %Y").to_string(),
        _ => date.strftime("%Y-%m").to_string(),
    }
}

/// In the one case that is compared, however the tag is spelled.
fn primary(language: &str) -> String {
    language::primary(&language.replace('_', "-")).to_ascii_lowercase()
}
