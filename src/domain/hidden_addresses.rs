//! Texts of mail servers without the local parts of the addresses in them.

/// Forms of the sign between the two parts of an address: also that of full width, and as URLs encode it.
const AT_SIGNS: [&str; 3] = ["@", "＠", "%40"];

/// Returns a text in which `…` replaces the local part of each address, for readers who may not see
/// subscribers. A name without a domain remains.
pub fn hide_local_parts(text: &str) -> String {
    let (mut hidden, mut rest) = (String::new(), text);
    while let Some((at, sign)) = next_sign(rest) {
        let (before, after) = (&rest[..at], &rest[at + sign.len()..]);
        let start = local_part_start(before);
        hidden.push_str(&before[..start]);
        if start < before.len() {
            hidden.push('…');
        }
        hidden.push_str(sign);
        rest = after;
    }
    hidden + rest
}

/// Returns the position and the form of the first sign.
fn next_sign(text: &str) -> Option<(usize, &'static str)> {
    AT_SIGNS.into_iter().filter_map(|sign| Some((text.find(sign)?, sign))).min()
}

/// Returns the index at which the local part begins that ends with a text.
fn local_part_start(text: &str) -> usize {
    if let Some(quoted) = text.strip_suffix('"') {
        // A sign within the quotes has ended the previous part, with the first quote.
        return opening_quote(quoted).unwrap_or(0);
    }
    let token = text.rsplit(is_outside).next().unwrap_or(text);
    let before = &text[..text.len() - token.len()];
    // Of a URL, the address is the value of a parameter or a part of the path.
    let local_part = match before.ends_with(':') && token.starts_with("//") {
        true => token.rsplit(['/', '?', '&', '=', '#']).next().unwrap_or(token),
        false => token,
    };
    text.len() - local_part.len()
}

/// Returns `true` for characters that no unquoted local part has (RFC 5322, section 3.2.3).
fn is_outside(c: char) -> bool {
    c.is_whitespace() || "<>()[]\\:;,\"".contains(c)
}

/// Returns the position of the last quote without a backslash that escapes it.
fn opening_quote(text: &str) -> Option<usize> {
    let mut quotes = text.rmatch_indices('"').map(|(at, _)| at);
    quotes.find(|at| {
        let backslashes = text[..*at].len() - text[..*at].trim_end_matches('\\').len();
        backslashes.is_multiple_of(2)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_local_part_of_each_address_is_hidden_and_all_else_kept() {
        for (text, expected) in [
            ("550 5.7.1 relay not permitted", "550 5.7.1 relay not permitted"),
            (
                "554 5.2.252 SendAsDenied; news@x.example not allowed to send as it",
                "554 5.2.252 SendAsDenied; …@x.example not allowed to send as it",
            ),
            ("550 <ann.lee+x@example.org>: unknown", "550 <…@example.org>: unknown"),
            ("rfc822;ann@example.org, 'bob'@example.net", "rfc822;…@example.org, …@example.net"),
            ("to=<李@例子.中国>  twice", "to=<…@例子.中国>  twice"),
            ("o'brien/x=y@example.org", "…@example.org"),
            ("RCPT TO:<@relay.example:ann@example.org>", "RCPT TO:<@relay.example:…@example.org>"),
            ("mailto:\"ann lee\"@example.org", "mailto:…@example.org"),
            (r#"<"ann\"lee"@example.org>"#, "<…@example.org>"),
            (r#"<"ann@home"@example.org>"#, r#"<"…@…@example.org>"#),
            ("ann＠example.org unknown", "…＠example.org unknown"),
            ("at 12:00 @ noon", "at 12:00 @ noon"),
            (
                "see https://mail.example/why?rcpt=ann@example.org&code=5",
                "see https://mail.example/why?rcpt=…@example.org&code=5",
            ),
            (
                "http://spf.example/Why?s=mfrom;id=ann%40example.org;ip=192.0.2.1",
                "http://spf.example/Why?s=mfrom;…%40example.org;ip=192.0.2.1",
            ),
            ("https://example.com/@support/help", "https://example.com/@support/help"),
        ] {
            assert_eq!(hide_local_parts(text), expected);
        }
    }

    proptest! {
        #[test]
        fn no_local_part_remains_and_the_text_around_it_does_not_change(
            before in "[ -?A-~é“]{0,20}", delimiter in "[ <(\\[,;:]",
            local in "[a-z0-9.+_'-]{1,20}", after in "([ >\\])][ -?A-~中]{0,20})?",
        ) {
            prop_assume!(!before.contains("%40") && !after.contains("%40"));
            for sign in AT_SIGNS {
                let text = format!("{before}{delimiter}{local}{sign}example.org{after}");
                let expected = format!("{before}{delimiter}…{sign}example.org{after}");
                prop_assert_eq!(hide_local_parts(&text), expected);
            }
        }

        #[test]
        fn no_part_of_a_quoted_local_part_remains(
            before in "[ -!#-?A-~é]{0,20}", words in prop::collection::vec("[a-z]{3,8}", 1..4),
            between in prop::sample::select(vec![" ", "@", "\\\"", "\\\\", ",", "<", "%40", "="]),
        ) {
            prop_assume!(words.iter().all(|word| !before.contains(word.as_str())));
            let text = format!("{before}<\"{}\"@host-1.test>", words.join(between));
            let hidden = hide_local_parts(&text);
            prop_assert!(words.iter().all(|word| !hidden.contains(word.as_str()) || "host-1.test".contains(word.as_str())), "{}", hidden);
            prop_assert!(hidden.starts_with(&before) && hidden.ends_with("@host-1.test>"), "{}", hidden);
        }

        #[test]
        fn a_text_without_addresses_does_not_change(before in "[ -?A-~é“]{0,20}", name in "[a-z]{1,9}") {
            prop_assume!(!before.contains("%40"));
            for text in [before.clone(), format!("{before} @ {name}"), format!("https://x.test/{name}/@{name}")] {
                prop_assert_eq!(hide_local_parts(&text), text);
            }
        }
    }
}
