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

/// Fluent messages of one language.
type Bundle = FluentBundle<FluentResource>;

/// Fluent messages of all languages.
pub(super) struct Catalog {
    /// Fluent files in order: later ones override earlier ones.
    files: Vec<(String, TemplateFile)>,
    by_language: BTreeMap<String, LanguageTexts>,
    /// `true` if the admin has own files: then all texts are parsed at once.
    has_overrides: bool,
}

/// Texts of one language, parsed when the first of them is needed: most processes need one language, and few
/// need the texts of the admin area, which are most of them.
#[derive(Default)]
struct LanguageTexts {
    /// Texts of e-mails and public pages.
    site: OnceLock<Bundle>,
    /// All texts, those of the admin area too.
    all: OnceLock<Bundle>,
}

/// Part of the texts of a language.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Texts of e-mails and public pages.
    Site,
    All,
}

impl Catalog {
    /// Accepts Fluent files in order; a later file of the same language overrides single messages of an earlier
    /// one. If `has_overrides` says that the admin has own files, all are parsed, else each when it is needed.
    ///
    /// # Errors
    /// One sentence with file, line and column.
    pub(super) fn load(
        files: Vec<(String, TemplateFile)>,
        has_overrides: bool,
    ) -> anyhow::Result<Self> {
        let mut by_language: BTreeMap<String, LanguageTexts> = BTreeMap::new();
        for (name, source) in &files {
            let code = catalog_name(name).to_ascii_lowercase();
            code.parse::<LanguageIdentifier>().map_err(|_| {
                anyhow::anyhow!(
                    "{}: `{code}` is not a valid language tag; name the file like i18n/de.ftl",
                    source.display_path
                )
            })?;
            by_language.entry(code).or_default();
        }
        if has_overrides {
            for (code, texts) in &by_language {
                texts.all.set(parse(&files, code, Part::All)?).ok();
            }
        }
        Ok(Self { files, by_language, has_overrides })
    }

    /// Returns the files with the texts of e-mails and public pages.
    pub(super) fn site_files(&self) -> impl Iterator<Item = &(String, TemplateFile)> {
        self.files.iter().filter(|(name, _)| !is_of_admin_area(name))
    }

    /// Returns the codes of all languages that have a catalog.
    pub(super) fn languages(&self) -> impl Iterator<Item = &str> {
        self.by_language.keys().map(String::as_str)
    }

    /// Returns the code of the catalog for `language`: `zh` for `zh-CN`, `zh-hant` for `zh-TW`,
    /// English for a language without a catalog.
    pub(super) fn catalog_code(&self, language: &str) -> &str {
        let mut tag = language.to_ascii_lowercase().replace('_', "-");
        let is_traditional = language::is_traditional_chinese(&tag);
        loop {
            if is_traditional
                && tag == "zh"
                && let Some((code, _)) = self.by_language.get_key_value(TRADITIONAL_CHINESE)
            {
                return code;
            }
            if let Some((code, _)) = self.by_language.get_key_value(&tag) {
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
        let part = self.part_with(codes, key);
        codes.into_iter().find_map(|code| {
            let bundle = self.bundle(code, part)?;
            let pattern = bundle.get_message(key)?.value()?;
            let mut errors = Vec::new();
            let text = bundle.format_pattern(pattern, Some(args), &mut errors).into_owned();
            errors.is_empty().then_some(text)
        })
    }

    /// Returns `true` if the language or the fallback has a message of this name.
    pub(super) fn has_message(&self, language: &str, key: &str) -> bool {
        let codes = [self.catalog_code(language), FALLBACK];
        self.part_has(self.part_with(codes, key), codes, key)
    }

    /// Returns the part among whose messages `key` is.
    fn part_with(&self, codes: [&str; 2], key: &str) -> Part {
        if self.part_has(Part::Site, codes, key) { Part::Site } else { Part::All }
    }

    fn part_has(&self, part: Part, codes: [&str; 2], key: &str) -> bool {
        codes
            .into_iter()
            .any(|code| self.bundle(code, part).is_some_and(|bundle| bundle.has_message(key)))
    }

    /// Returns a part of the texts of a language.
    fn bundle(&self, code: &str, part: Part) -> Option<&Bundle> {
        let texts = self.by_language.get(code)?;
        let parsed = match part {
            Part::Site if !self.has_overrides => &texts.site,
            Part::Site | Part::All => &texts.all,
        };
        Some(parsed.get_or_init(|| {
            let bundle = parse(&self.files, code, part);
            // Only embedded files are parsed here, and tests parse them.
            bundle.unwrap_or_else(|reason| unreachable!("{reason:#}"))
        }))
    }
}

/// Parses the files of a language, a valid tag in lower case.
fn parse(files: &[(String, TemplateFile)], code: &str, part: Part) -> anyhow::Result<Bundle> {
    let mut bundle = FluentBundle::new_concurrent(vec![code.parse()?]);
    bundle.set_use_isolating(false);
    bundle.set_formatter(Some(format_number));
    for (name, source) in files {
        let is_needed = part == Part::All || !is_of_admin_area(name);
        if !is_needed || !catalog_name(name).eq_ignore_ascii_case(code) {
            continue;
        }
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
        bundle.add_resource_overriding(resource);
    }
    Ok(bundle)
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
        let is_parsed = |code: &str, part: Part| {
            let texts = &catalog.by_language[code];
            if part == Part::Site { &texts.site } else { &texts.all }.get().is_some()
        };
        assert!(is_parsed("en", Part::Site) && !is_parsed("zh", Part::Site));
        assert!(!is_parsed("en", Part::All), "texts of the admin area are not parsed");
        assert!(catalog.has_message("zh", "admin-home") && is_parsed("zh", Part::All));
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
