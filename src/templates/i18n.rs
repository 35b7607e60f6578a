//! Localized texts (Fluent) and dates for templates.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use jiff::civil::Date;
use unic_langid::LanguageIdentifier;

use super::files::TemplateFile;
use crate::domain::language;

/// Language that has every text, and is the fallback for texts missing in others.
pub(super) const FALLBACK: &str = "en";

/// Code of the catalog in Traditional Chinese.
const TRADITIONAL_CHINESE: &str = "zh-hant";

/// Fluent messages by the code of their language.
type Bundles = BTreeMap<String, FluentBundle<FluentResource>>;

/// Fluent messages of all languages.
pub(super) struct Catalog {
    /// Texts of e-mails and public pages; of the admin area, too, if the admin has overridden any.
    site: Bundles,
    /// All texts, parsed when one of the admin area is needed: they are most of the texts, and few processes
    /// need them.
    all: OnceLock<Bundles>,
    files: Vec<(String, TemplateFile)>,
    /// `true` if `site` has all texts.
    is_complete: bool,
}

impl Catalog {
    /// Parses Fluent files in order; a later file of the same language overrides single messages of an
    /// earlier one. Unless `overrides` says that the admin has own files, those of the admin area are parsed
    /// when they are needed.
    ///
    /// # Errors
    /// One sentence with file, line and column.
    pub(super) fn load(
        files: Vec<(String, TemplateFile)>,
        overrides: bool,
    ) -> anyhow::Result<Self> {
        let site = parse(files.iter().filter(|(name, _)| overrides || !is_of_admin_area(name)))?;
        Ok(Self { site, all: OnceLock::new(), files, is_complete: overrides })
    }

    /// Returns the files with the texts of e-mails and public pages.
    pub(super) fn site_files(&self) -> impl Iterator<Item = &(String, TemplateFile)> {
        self.files.iter().filter(|(name, _)| !is_of_admin_area(name))
    }

    /// Returns the codes of all languages that have a catalog.
    pub(super) fn languages(&self) -> impl Iterator<Item = &str> {
        self.site.keys().map(String::as_str)
    }

    /// Returns the code of the catalog for `language`: `zh` for `zh-CN`, `zh-hant` for `zh-TW`,
    /// English for a language without a catalog.
    pub(super) fn catalog_code(&self, language: &str) -> &str {
        let mut tag = language.to_ascii_lowercase().replace('_', "-");
        let is_traditional = language::is_traditional_chinese(&tag);
        loop {
            if is_traditional
                && tag == "zh"
                && let Some((code, _)) = self.site.get_key_value(TRADITIONAL_CHINESE)
            {
                return code;
            }
            if let Some((code, _)) = self.site.get_key_value(&tag) {
                return code;
            }
            match tag.rfind('-') {
                Some(dash) => tag.truncate(dash),
                None => return FALLBACK,
            }
        }
    }

    /// Returns the message `key`; `None` if neither the language nor the fallback has it, or if an
    /// argument is missing.
    pub(super) fn text(&self, language: &str, key: &str, args: &FluentArgs<'_>) -> Option<String> {
        let codes = [self.catalog_code(language), FALLBACK];
        let bundles = self.bundles(codes, key);
        codes.into_iter().find_map(|code| {
            let bundle = bundles.get(code)?;
            let pattern = bundle.get_message(key)?.value()?;
            let mut errors = Vec::new();
            let text = bundle.format_pattern(pattern, Some(args), &mut errors).into_owned();
            errors.is_empty().then_some(text)
        })
    }

    /// Returns `true` if the language or the fallback has a message of this name.
    pub(super) fn has_message(&self, language: &str, key: &str) -> bool {
        let codes = [self.catalog_code(language), FALLBACK];
        has_message(self.bundles(codes, key), codes, key)
    }

    /// Returns the messages among which `key` is.
    fn bundles(&self, codes: [&str; 2], key: &str) -> &Bundles {
        if self.is_complete || has_message(&self.site, codes, key) {
            return &self.site;
        }
        self.all.get_or_init(|| {
            let all = parse(self.files.iter());
            // Only embedded files are parsed here, and tests parse them.
            all.unwrap_or_else(|reason| unreachable!("{reason:#}"))
        })
    }
}

fn has_message(bundles: &Bundles, codes: [&str; 2], key: &str) -> bool {
    codes.into_iter().any(|code| bundles.get(code).is_some_and(|bundle| bundle.has_message(key)))
}

fn parse<'a>(files: impl Iterator<Item = &'a (String, TemplateFile)>) -> anyhow::Result<Bundles> {
    let mut bundles = BTreeMap::new();
    for (name, source) in files {
        let code = catalog_name(name).to_ascii_lowercase();
        let language: LanguageIdentifier = code.parse().map_err(|_| {
            anyhow::anyhow!(
                "{}: `{code}` is not a valid language tag; name the file like i18n/de.ftl",
                source.display_path
            )
        })?;
        let text = source.text.clone().into_owned();
        let resource = FluentResource::try_new(text).map_err(|(_, errors)| {
            let offset = errors.first().map_or(0, |error| error.pos.start);
            let before = source.text.get(..offset).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1;
            let problem = errors.first().map(ToString::to_string).unwrap_or_default();
            anyhow::anyhow!(
                "{}:{line}:{column}: invalid Fluent syntax ({problem}); write `name = text`, and \
                 indent continuation lines",
                source.display_path
            )
        })?;
        let bundle = bundles.entry(code).or_insert_with(|| {
            let mut bundle = FluentBundle::new_concurrent(vec![language]);
            bundle.set_use_isolating(false);
            bundle.set_formatter(Some(format_number));
            bundle
        });
        bundle.add_resource_overriding(resource);
    }
    Ok(bundles)
}

/// Returns `true` for a file of the admin area, such as `i18n/de/admin.ftl`.
fn is_of_admin_area(name: &str) -> bool {
    name.trim_start_matches("i18n/").contains('/')
}

/// Returns the language of a Fluent file: `de` of `i18n/de.ftl` and of `i18n/de/admin.ftl`.
fn catalog_name(name: &str) -> &str {
    let name = name.trim_start_matches("i18n/");
    name.split_once('/').map_or(name.trim_end_matches(".ftl"), |(language, _)| language)
}

/// Formats a whole number in a sentence with its digits in groups; `None` for any other value.
fn format_number<M>(value: &FluentValue<'_>, _: &M) -> Option<String> {
    match value {
        FluentValue::Number(number) if number.value.fract() == 0.0 =>
        {
            #[expect(clippy::cast_possible_truncation, reason = "counts are far below 2^53")]
            Some(group_digits(number.value as i64))
        }
        _ => None,
    }
}

/// Returns Fluent arguments from names and texts.
pub(super) fn text_arguments<'a>(pairs: &[(&'a str, &'a str)]) -> FluentArgs<'a> {
    pairs.iter().map(|(name, value)| (*name, FluentValue::from(*value))).collect()
}

/// Value of a placeholder in a text.
#[derive(Debug, Clone, Copy)]
pub enum TextValue<'a> {
    /// Text that is inserted unchanged.
    Text(&'a str),
    /// A number, which also selects a plural form.
    Number(i64),
}

impl<'a> From<&'a str> for TextValue<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for TextValue<'_> {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

/// Returns Fluent arguments from names and values.
pub(super) fn arguments<'a>(pairs: &[(&'a str, TextValue<'a>)]) -> FluentArgs<'a> {
    let value = |value: TextValue<'a>| match value {
        TextValue::Text(text) => FluentValue::from(text),
        TextValue::Number(number) => FluentValue::from(number),
    };
    pairs.iter().map(|(name, of)| (*name, value(*of))).collect()
}

/// Returns Fluent arguments with one number, which selects a plural form.
pub(super) fn number_argument(name: &str, number: i64) -> FluentArgs<'_> {
    std::iter::once((name, FluentValue::from(number))).collect()
}

/// Returns a number with a comma between groups of three digits, and a true minus sign.
pub(super) fn group_digits(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut grouped = String::from(if number < 0 { "\u{2212}" } else { "" });
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Formats a day by the conventions of a language: `21 September 2026`, `2026年9月21日`, else ISO
/// 8601.
pub fn date_text(date: Date, language: &str) -> String {
    match primary(language).as_str() {
        "zh" | "ja" => format!("{}年{}月{}日", date.year(), date.month(), date.day()),
        "en" => date.strftime("%-d %B %Y").to_string(),
        _ => date.to_string(),
    }
}

/// Formats the month of a day by the conventions of a language: `September 2026`, `2026年9月`, else
/// `2026-09`.
pub fn month_text(date: Date, language: &str) -> String {
    match primary(language).as_str() {
        "zh" | "ja" => format!("{}年{}月", date.year(), date.month()),
        "en" => date.strftime("%B %Y").to_string(),
        _ => date.strftime("%Y-%m").to_string(),
    }
}

/// Returns the primary language subtag in lower case; accepts `_` as the separator.
fn primary(language: &str) -> String {
    language::primary(&language.replace('_', "-")).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::templates::files::TemplateFiles;

    fn file(name: &str, text: &'static str) -> (String, TemplateFile) {
        (name.to_owned(), TemplateFile { text: text.into(), display_path: name.to_owned() })
    }

    #[test]
    fn texts_of_the_admin_area_are_found_in_every_language_and_can_be_overridden() {
        let mut files = TemplateFiles::load(None).unwrap().fluent;
        let text = |catalog: &Catalog, language: &str, key: &str| {
            catalog.text(language, key, &FluentArgs::new()).unwrap()
        };
        let catalog = Catalog::load(files.clone(), false).unwrap();
        assert_eq!(text(&catalog, "de", "digest-read-more"), "Read more");
        assert!(catalog.all.get().is_none(), "texts of the admin area are not parsed");
        assert!(catalog.has_message("zh", "admin-home") && catalog.all.get().is_some());
        let chinese = text(&catalog, "zh", "admin-home");
        files.push(file("i18n/en.ftl", "admin-home = Start\n"));
        files.push(file("i18n/de.ftl", "language-name = Deutsch\n"));
        let catalog = Catalog::load(files, true).unwrap();
        let texts = ["en", "de", "zh"].map(|code| text(&catalog, code, "admin-home"));
        assert_eq!(texts, ["Start".to_owned(), "Start".to_owned(), chinese]);
    }

    #[test]
    fn digits_are_grouped_by_three() {
        let texts = [0, 7, 999, 1_000, -1_234_567, 100_000].map(group_digits);
        assert_eq!(texts, ["0", "7", "999", "1,000", "\u{2212}1,234,567", "100,000"]);
    }
}
