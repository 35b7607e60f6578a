//! Language tags of texts that people write, with suggestions for country codes and names.

use isolang::Language;

use super::language;

/// Language tags by names and country codes that people write instead of them.
const MISTAKEN_TAGS: [(&str, &str); 34] = [
    ("arabic", "ar"),
    ("chinese", "zh"),
    ("chs", "zh-Hans"),
    ("cht", "zh-Hant"),
    ("cn", "zh"),
    ("cz", "cs"),
    ("danish", "da"),
    ("dk", "da"),
    ("dutch", "nl"),
    ("eng", "en"),
    ("english", "en"),
    ("french", "fr"),
    ("german", "de"),
    ("gr", "el"),
    ("hebrew", "he"),
    ("hk", "zh-HK"),
    ("italian", "it"),
    ("japanese", "ja"),
    ("jp", "ja"),
    ("korean", "ko"),
    ("kr", "ko"),
    ("persian", "fa"),
    ("polish", "pl"),
    ("portuguese", "pt"),
    ("russian", "ru"),
    ("simplified", "zh-Hans"),
    ("spanish", "es"),
    ("swedish", "sv"),
    ("traditional", "zh-Hant"),
    ("turkish", "tr"),
    ("tw", "zh-TW"),
    ("ukrainian", "uk"),
    ("us", "en-US"),
    ("vietnamese", "vi"),
];

/// Returns a tag in canonical case, like [`language::canonical`], for a text that is written in one language.
///
/// # Errors
/// A message with a suggestion, also for a country code or a code that no language has.
pub fn validate_language_tag(tag: &str) -> Result<String, String> {
    let wanted = tag.trim().to_ascii_lowercase();
    let meant = MISTAKEN_TAGS.iter().find(|(mistaken, _)| *mistaken == wanted).map(|(_, tag)| *tag);
    let meant = meant.map(str::to_owned).or_else(|| tag_of_autonym(tag.trim()));
    if let Some(meant) = meant {
        return Err(format!(
            "`{tag}` is not a valid language tag (RFC 5646); did you mean `{meant}`?"
        ));
    }
    let canonical_tag = language::canonical(tag)?;
    let code = language::primary(&canonical_tag);
    let has_known_code = match code.len() {
        2 => Language::from_639_1(code).is_some(),
        _ => true,
    };
    if has_known_code {
        return Ok(canonical_tag);
    }
    Err(format!(
        "`{tag}`: no language has the code `{code}` (ISO 639); write for example en, zh or zh-Hant"
    ))
}

/// Returns the tag of the language that calls itself `name`.
fn tag_of_autonym(name: &str) -> Option<String> {
    let simplified = ["简体中文", "简体"].contains(&name).then(|| "zh".to_owned());
    let traditional =
        ["繁體中文", "繁體", "正體中文"].contains(&name).then(|| "zh-Hant".to_owned());
    let by_name = || {
        let language = Language::from_autonym(name)?;
        let tag = Some(language.to_639_1().unwrap_or(language.to_639_3()).to_owned());
        // A code is also the name of some languages.
        tag.filter(|_| name.chars().count() > 3 || !name.is_ascii())
    };
    simplified.or(traditional).or_else(by_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_of_a_text_is_suggested_for_common_mistakes() {
        for (given, meant) in [
            ("cn", "`zh`"),
            ("Chinese", "`zh`"),
            ("中文", "`zh`"),
            ("繁體中文", "`zh-Hant`"),
            ("jp", "`ja`"),
            ("Deutsch", "`de`"),
            ("zh_TW", "`zh-TW`"),
        ] {
            let error = validate_language_tag(given).unwrap_err();
            assert!(error.contains(meant), "{given}: {error}");
        }
        assert!(validate_language_tag("qx").unwrap_err().contains("no language has the code `qx`"));
        for tag in ["en", "zh-hant", "ca", "haw", "tlh", "x-ours"] {
            assert!(validate_language_tag(tag).is_ok(), "{tag}");
        }
    }
}
