//! Grammar of language tags and the case of their subtags (RFC 5646 section 2.1).

/// Checks the `langtag` or `privateuse` production (RFC 5646); each subtag must be 1 to 8 letters
/// or digits.
pub(super) fn is_well_formed(subtags: &[&str]) -> bool {
    let mut rest = subtags;
    if !rest.first().is_some_and(|first| first.eq_ignore_ascii_case("x")) {
        let Some((language, after)) = rest.split_first() else {
            return false;
        };
        // The grammar allows longer languages, but none is registered, and `english` is a mistake.
        if !matches!(language.len(), 2 | 3) || !is_alpha(language) {
            return false;
        }
        rest = after;
        for _ in 0..3 {
            rest = skip_if(rest, |s| s.len() == 3 && is_alpha(s));
        }
        rest = skip_if(rest, |s| s.len() == 4 && is_alpha(s));
        rest = skip_if(rest, |s| (s.len() == 2 && is_alpha(s)) || (s.len() == 3 && is_digit(s)));
        let variants = rest.iter().take_while(|s| is_variant(s)).count();
        if has_duplicate(&rest[..variants]) {
            return false;
        }
        rest = &rest[variants..];
    }
    is_extensions_and_private_use(rest)
}

fn is_extensions_and_private_use(mut rest: &[&str]) -> bool {
    let mut singletons: Vec<&str> = Vec::new();
    while let Some((singleton, after)) = rest.split_first() {
        if singleton.len() != 1 {
            return false;
        }
        if singleton.eq_ignore_ascii_case("x") {
            return !after.is_empty();
        }
        singletons.push(singleton);
        let length = after.iter().take_while(|s| s.len() >= 2).count();
        if length == 0 {
            return false;
        }
        rest = &after[length..];
    }
    !has_duplicate(&singletons)
}

fn skip_if<'a, 'b>(rest: &'a [&'b str], fits: impl Fn(&str) -> bool) -> &'a [&'b str] {
    match rest.split_first() {
        Some((first, after)) if fits(first) => after,
        _ => rest,
    }
}

fn is_variant(s: &str) -> bool {
    matches!(s.len(), 5..=8) || (s.len() == 4 && s.starts_with(|c: char| c.is_ascii_digit()))
}

pub(super) fn is_alpha(s: &str) -> bool {
    s.bytes().all(|b| b.is_ascii_alphabetic())
}

fn is_digit(s: &str) -> bool {
    s.bytes().all(|b| b.is_ascii_digit())
}

fn has_duplicate(subtags: &[&str]) -> bool {
    subtags
        .iter()
        .enumerate()
        .any(|(index, s)| subtags[..index].iter().any(|earlier| earlier.eq_ignore_ascii_case(s)))
}

/// Converts to lower case, except for regions (`CN`) and scripts (`Hant`) before the first
/// singleton.
pub(super) fn in_canonical_case(subtags: &[&str]) -> String {
    let mut after_singleton = false;
    let mut written = Vec::with_capacity(subtags.len());
    for (index, subtag) in subtags.iter().enumerate() {
        let mut text = subtag.to_ascii_lowercase();
        if index > 0 && !after_singleton && is_alpha(subtag) {
            match text.len() {
                2 => text.make_ascii_uppercase(),
                4 => text[..1].make_ascii_uppercase(),
                _ => {}
            }
        }
        after_singleton = after_singleton || text.len() == 1;
        written.push(text);
    }
    written.join("-")
}
