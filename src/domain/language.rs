//! Language tags: validated (RFC 5646), in canonical case, matched by basic filtering (RFC 4647),
//! and with autonyms.

use std::cmp::Reverse;

use isolang::Language;
use serde::Serialize;

mod grammar;

use grammar::{in_canonical_case, is_alpha, is_well_formed};

/// Irregular grandfathered tags, which the grammar does not cover (RFC 5646 section 2.2.8).
const IRREGULAR: [&str; 17] = [
    "en-GB-oed",
    "i-ami",
    "i-bnn",
    "i-default",
    "i-enochian",
    "i-hak",
    "i-klingon",
    "i-lux",
    "i-mingo",
    "i-navajo",
    "i-pwn",
    "i-tao",
    "i-tay",
    "i-tsu",
    "sgn-BE-FR",
    "sgn-BE-NL",
    "sgn-CH-DE",
];

/// Returns a well-formed tag in canonical case (RFC 5646 section 2.1.1), for example `zh-Hant-TW`.
///
/// # Errors
/// The tag is not well-formed.
pub fn canonical(tag: &str) -> Result<String, LanguageError> {
    let tag = tag.trim();
    if let Some(registered) =
        IRREGULAR.iter().find(|registered| registered.eq_ignore_ascii_case(tag))
    {
        return Ok((*registered).to_owned());
    }
    let subtags: Vec<&str> = tag.split('-').collect();
    let is_subtag =
        |s: &&str| matches!(s.len(), 1..=8) && s.bytes().all(|b| b.is_ascii_alphanumeric());
    if !subtags.iter().all(is_subtag) || !is_well_formed(&subtags) {
        let (tag, correct) = (tag.to_owned(), tag.replace('_', "-"));
        return Err(match tag == correct {
            true => LanguageError::InvalidLanguage { tag },
            false => LanguageError::UnderscoreInLanguage { tag, correct },
        });
    }
    Ok(in_canonical_case(&subtags))
}

/// Reason why a text is not a language tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the sentence of a variant names its values")]
pub enum LanguageError {
    /// The text does not have the form of a tag.
    #[error(
        "`{tag}` is not a valid language tag (RFC 5646); write for example en, zh-CN or zh-Hant"
    )]
    InvalidLanguage { tag: String },
    /// The subtags are separated by underscores.
    #[error("`{tag}` is not a valid language tag (RFC 5646); write `{correct}`")]
    UnderscoreInLanguage { tag: String, correct: String },
}

impl From<LanguageError> for String {
    fn from(error: LanguageError) -> Self {
        error.to_string()
    }
}

/// Languages that are usually written from right to left, by primary subtag.
const RIGHT_TO_LEFT: [&str; 43] = [
    "acm", "acq", "aeb", "afb", "aii", "ajp", "apc", "apd", "ar", "arb", "arc", "ars", "ary",
    "arz", "ayl", "azb", "bal", "bgn", "ckb", "dv", "fa", "glk", "hbo", "he", "iw", "ji", "ks",
    "lrc", "mzn", "nqo", "pbt", "pes", "pnb", "prs", "ps", "rhg", "sam", "sd", "skr", "syr", "ug",
    "ur", "yi",
];
/// Scripts that are written from right to left (ISO 15924), in lower case.
const RIGHT_TO_LEFT_SCRIPTS: [&str; 10] =
    ["adlm", "arab", "aran", "hebr", "mand", "nkoo", "rohg", "samr", "syrc", "thaa"];

/// Returns `true` if texts in a language are written from right to left; a script in the tag decides
/// before the language (`az-Arab`, `ku-Latn`).
pub fn is_right_to_left(tag: &str) -> bool {
    let tag = tag.to_ascii_lowercase();
    let subtags = || tag.split(['-', '_']);
    let script = subtags()
        .skip(1)
        .take_while(|subtag| subtag.len() > 1)
        .find(|subtag| subtag.len() == 4 && subtag.bytes().all(|b| b.is_ascii_alphabetic()));
    match script {
        Some(script) => RIGHT_TO_LEFT_SCRIPTS.contains(&script),
        None => subtags().next().is_some_and(|language| RIGHT_TO_LEFT.contains(&language)),
    }
}

/// Returns the name of a language in that language, with the tag if it is longer (`中文`, `中文
/// (zh-TW)`); the tag alone for unknown languages.
pub fn autonym(tag: &str) -> String {
    let tag = canonical(tag).unwrap_or_else(|_| tag.to_owned());
    let language = primary(&tag);
    match known_autonym(language) {
        Some(name) if language.len() == tag.len() => name,
        Some(name) => format!("{name} ({tag})"),
        None => tag,
    }
}

/// Returns the tag that suits a reader best: the same, then a shorter or longer one, then another of
/// the same language. Tags of the same Chinese script come before those of the other; `None` if no
/// tag has the language of the reader.
pub fn best_match<'a>(
    reader_language: &str,
    tags: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let reader = reader_language.replace('_', "-");
    let rank = |tag: &str| {
        let distance = match () {
            () if tag.eq_ignore_ascii_case(&reader) => 0,
            () if matches(tag, &reader) => 1,
            () if matches(&reader, tag) => 2,
            () => 3,
        };
        let other_script = is_traditional_chinese(tag) != is_traditional_chinese(&reader);
        (other_script && distance > 0, distance, Reverse(tag.len()))
    };
    let has_language = |tag: &&str| primary(tag).eq_ignore_ascii_case(primary(&reader));
    tags.filter(has_language).min_by_key(|tag| rank(tag))
}

/// Returns `true` if a tag means Traditional Chinese: by its script (`zh-Hant`), or without a
/// script by its region (`zh-TW`, `zh-HK`, `zh-MO`).
pub fn is_traditional_chinese(tag: &str) -> bool {
    let tag = tag.to_ascii_lowercase();
    let mut subtags = tag.split(['-', '_']);
    if subtags.next() != Some("zh") {
        return false;
    }
    // Extensions and private use begin with a singleton.
    let subtags: Vec<&str> = subtags.take_while(|subtag| subtag.len() > 1).collect();
    let script = subtags.iter().find(|subtag| subtag.len() == 4 && is_alpha(subtag));
    match script {
        Some(script) => *script == "hant",
        None => subtags.iter().any(|region| matches!(*region, "tw" | "hk" | "mo")),
    }
}

/// Returns the primary language subtag: `zh` of `zh-Hant-TW`.
pub fn primary(tag: &str) -> &str {
    tag.split('-').next().unwrap_or_default()
}

fn in_iso_639(language: &str) -> Option<Language> {
    match language.len() {
        2 => Language::from_639_1(language),
        3 => Language::from_639_3(language),
        _ => None,
    }
}

/// Returns `true` if the language of a tag in canonical case exists: in ISO 639, as a registered
/// tag, or for private use.
pub fn is_known(tag: &str) -> bool {
    let language = primary(tag);
    in_iso_639(language).is_some()
        || RIGHT_TO_LEFT.contains(&language)
        || IRREGULAR.contains(&tag)
        || language.eq_ignore_ascii_case("x")
        || matches!(language, "in" | "ji" | "jw" | "mo" | "sh")
}

fn known_autonym(language: &str) -> Option<String> {
    // Some names start or end with a direction mark; some are only the code.
    let name = in_iso_639(language)?.to_autonym()?.replace(['\u{200e}', '\u{200f}'], "");
    Some(name).filter(|name| name != language)
}

/// Returns `true` if a language range matches a tag: the same or a longer tag (`zh` matches
/// `zh-CN`); `*` matches all.
pub fn matches(range: &str, tag: &str) -> bool {
    let (range, tag) = (range.as_bytes(), tag.as_bytes());
    if range == b"*" {
        return true;
    }
    match tag.split_at_checked(range.len()) {
        Some((start, rest)) => {
            start.eq_ignore_ascii_case(range) && (rest.is_empty() || rest.starts_with(b"-"))
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tags_are_converted_to_canonical_case() {
        for (given, canonical_tag) in [
            ("EN", "en"),
            ("zh-cn", "zh-CN"),
            ("ZH-hant-tw", "zh-Hant-TW"),
            ("es-419", "es-419"),
            ("sl-ROZAJ-biske", "sl-rozaj-biske"),
            ("de-CH-1996", "de-CH-1996"),
            ("zh-yue-hk", "zh-yue-HK"),
            ("en-u-CA-GREGORY-x-AB", "en-u-ca-gregory-x-ab"),
            ("X-whatever", "x-whatever"),
            ("I-KLINGON", "i-klingon"),
            ("art-lojban", "art-lojban"),
        ] {
            assert_eq!(canonical(given).as_deref(), Ok(canonical_tag));
        }
    }

    #[test]
    fn autonyms_are_in_the_language_itself() {
        for (tag, name) in [
            ("zh", "中文"),
            ("ZH-cn", "中文 (zh-CN)"),
            ("en", "English"),
            ("de-AT", "Deutsch (de-AT)"),
            ("ar", "العربية"),
            ("haw", "ʻŌlelo Hawaiʻi"),
            ("und", "und"),
            ("tlh", "tlh"),
            ("qaa-Qaaa", "qaa-Qaaa"),
            ("i-klingon", "i-klingon"),
            ("x-ours", "x-ours"),
            ("no language", "no language"),
            ("", ""),
        ] {
            assert_eq!(autonym(tag), name, "{tag}");
        }
    }

    #[test]
    fn malformed_tags_are_rejected() {
        for tag in [
            "",
            "e",
            "english",
            "en_US",
            "en--US",
            "en-",
            "-en",
            "en-US-US",
            "en-a",
            "en-x",
            "1en",
            "en-u-ca-u-nu",
            "de-1996-1996",
            "日本",
            "zh-Hant-TW-HK",
            "en US",
            "x",
        ] {
            assert!(canonical(tag).is_err(), "{tag}");
        }
        assert!(canonical("en_US").unwrap_err().to_string().ends_with("write `en-US`"));
    }

    #[test]
    fn a_range_matches_only_equal_and_longer_tags() {
        for (range, tag) in [("zh", "zh-CN"), ("zh", "zh"), ("ZH-hant", "zh-Hant-TW"), ("*", "fr")]
        {
            assert!(matches(range, tag), "{range} {tag}");
        }
        for (range, tag) in [
            ("zh", "zhx"),
            ("zh-CN", "zh"),
            ("zh-CN", "zh-TW"),
            ("en", ""),
            ("z", "zh"),
            ("é", "e"),
        ] {
            assert!(!matches(range, tag), "{range} {tag}");
        }
    }

    proptest! {
        #[test]
        fn canonical_form_is_idempotent_and_never_panics(text in "\\PC{0,12}|[a-zA-Z0-9-]{0,20}", other in any::<String>()) {
            if let Ok(tag) = canonical(&text) {
                prop_assert_eq!(canonical(&tag), Ok(tag.clone()));
                prop_assert!(matches(&tag, &tag));
            }
            let _ = matches(&text, &other);
        }
    }

    #[test]
    fn the_script_or_the_language_determines_the_direction() {
        for tag in [
            "ar", "AR-eg", "he", "iw", "fa-IR", "ur", "yi", "ps", "ckb-IQ", "dv", "pa-Arab",
            "ar_SA",
        ] {
            assert!(is_right_to_left(tag), "{tag}");
        }
        for tag in
            ["", "en", "zh-Hant", "ku", "ks-Deva", "ar-Latn", "sd-deva-IN", "az", "en-x-arab"]
        {
            assert!(!is_right_to_left(tag), "{tag}");
        }
    }
}
