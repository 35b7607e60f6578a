//! Texts of filters, in which the links above a list replace one comparison and keep the others.

/// Returns the operands of the conjunction that a filter is; `None` if it is a disjunction.
pub(super) fn operands(filter: &str) -> Option<Vec<&str>> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    let mut mark = None;
    let mut chars = filter.char_indices().peekable();
    let mut previous = ' ';
    while let Some((at, c)) = chars.next() {
        match (mark, c) {
            (Some(_), '\\') => drop(chars.next()),
            (Some(open), c) if c == open => mark = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => mark = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            (None, c) if depth == 0 && c.is_alphabetic() && !is_word(previous) => {
                let mut end = at + c.len_utf8();
                while let Some((next, part)) = chars.next_if(|(_, next)| is_word(*next)) {
                    end = next + part.len_utf8();
                }
                let word = &filter[at..end];
                if word.eq_ignore_ascii_case("or") {
                    return None;
                }
                if word.eq_ignore_ascii_case("and") {
                    parts.push(filter[start..at].trim());
                    start = end;
                }
                previous = 'x';
                continue;
            }
            (None, _) => {}
        }
        previous = c;
    }
    parts.push(filter[start..].trim());
    parts.retain(|part| !part.is_empty());
    Some(parts)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Returns a filter without its comparisons of some fields, and with another comparison if there is one.
pub(super) fn with_test(filter: &str, fields: &[&str], test: Option<&str>) -> String {
    let whole = format!("({})", filter.trim());
    let mut parts = operands(filter).unwrap_or_else(|| vec![whole.as_str()]);
    parts.retain(|part| !fields.contains(&field_of(part).as_str()));
    parts.extend(test);
    parts.join(" and ")
}

/// Returns `true` if a comparison is an operand of a filter.
pub(super) fn has_test(filter: &str, test: &str) -> bool {
    operands(filter).is_some_and(|parts| parts.iter().any(|part| is_same(part, test)))
}

/// Returns the field with which a comparison begins.
pub(super) fn field_of(part: &str) -> String {
    part.trim_start().chars().take_while(|c| is_word(*c)).collect::<String>().to_lowercase()
}

/// Returns `true` for texts that differ at most in their spaces.
pub(super) fn is_same(left: &str, right: &str) -> bool {
    let without_spaces = |text: &str| text.split_whitespace().collect::<String>();
    without_spaces(left) == without_spaces(right)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::filter::quoted;

    #[test]
    fn a_conjunction_is_split_outside_of_texts_and_parentheses() {
        let filter =
            r#"tag = "rock and roll" AND (digest = 'a' or digest = 'b') and not name ~ "\" and""#;
        let parts = operands(filter).unwrap();
        assert_eq!(
            parts,
            [
                "tag = \"rock and roll\"",
                "(digest = 'a' or digest = 'b')",
                "not name ~ \"\\\" and\""
            ]
        );
        assert_eq!(operands("brand = \"x\" and landing = 1").unwrap().len(), 2);
        assert_eq!(operands("a = 1 or b = 2"), None);
        assert_eq!(operands("  "), Some(Vec::new()));
    }

    #[test]
    fn one_comparison_is_replaced_and_the_others_are_kept() {
        let status = Some("status = \"confirmed\"");
        let filter = with_test("tag = \"x\" and status=\"pending\"", &["status"], status);
        assert_eq!(filter, "tag = \"x\" and status = \"confirmed\"");
        assert!(has_test(&filter, "status =\"confirmed\"") && !has_test(&filter, "tag = \"y\""));
        assert_eq!(with_test(&filter, &["status"], None), "tag = \"x\"");
        let either = with_test("tag = \"a\" or tag = \"b\"", &["status"], status);
        assert_eq!(either, "(tag = \"a\" or tag = \"b\") and status = \"confirmed\"");
    }

    #[test]
    fn a_quoted_text_is_one_value() {
        let names = crate::domain::filter::FilterNames {
            attributes: None,
            digests: Vec::new(),
            segments: std::collections::BTreeMap::new(),
            timezone: jiff::tz::TimeZone::UTC,
        };
        for text in ["a\"b", "back\\slash", "line\nbreak", "'"] {
            let filter = format!("name = {}", quoted(text));
            crate::domain::filter::compile(&filter, &names).unwrap();
        }
    }

    proptest::proptest! {
        #[test]
        fn an_added_comparison_keeps_the_filter_and_its_value(
            before in "[a-z]{1,3} (=|~|!=) \"[a-z \\\\(\\)']{1,8}\"( (and|or) not tag = 'x'){0,2}",
            text in "\\PC{1,40}|[\"'\\\\() a]{1,9}",
        ) {
            use proptest::prelude::*;
            prop_assume!(crate::domain::filter::parse(&before).is_ok());
            let added = with_test(&before, &[], Some(&format!("name = {}", quoted(&text))));
            let parsed = crate::domain::filter::parse(&added).unwrap().unwrap();
            let texts = parsed.texts_of("name");
            prop_assert_eq!(texts.last().copied(), Some(text.as_str()), "{}", added);
            let fields: Vec<&str> = parsed.fields().collect();
            let former = crate::domain::filter::parse(&before).unwrap().unwrap();
            prop_assert_eq!(fields.len(), former.fields().count() + 1);
        }
    }
}
