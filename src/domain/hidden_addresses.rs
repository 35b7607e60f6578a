//! Texts of mail servers without the local parts of the addresses in them.

/// Returns a text in which `…` replaces the local part of each address, for readers who may not see
/// subscribers.
pub fn hide_local_parts(text: &str) -> String {
    let (mut hidden, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once('@') {
        let start = local_part_start(before);
        hidden.push_str(&before[..start]);
        hidden.push_str(if start < before.len() { "…@" } else { "@" });
        rest = after;
    }
    hidden + rest
}

/// Returns the index at which the local part begins that ends with a text.
fn local_part_start(text: &str) -> usize {
    if let Some(quoted) = text.strip_suffix('"') {
        return quoted.rfind('"').unwrap_or(quoted.len());
    }
    // Characters that no unquoted local part has (RFC 5322, section 3.2.3).
    let is_outside = |c: char| c.is_whitespace() || "<>()[]\\:;,\"".contains(c);
    text.char_indices().rev().find(|(_, c)| is_outside(*c)).map_or(0, |(at, c)| at + c.len_utf8())
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
            ("at 12:00 @ noon", "at 12:00 @ noon"),
        ] {
            assert_eq!(hide_local_parts(text), expected);
        }
    }

    proptest! {
        #[test]
        fn no_local_part_remains_and_texts_without_addresses_do_not_change(
            before in "[ -?A-~é“]{0,20}", local in "[a-z0-9.+_'/=-]{1,20}", after in "[ -?A-~中]{0,20}",
        ) {
            let text = format!("{before} <{local}@example.org>{after}");
            let hidden = hide_local_parts(&text);
            prop_assert_eq!(hidden, format!("{before} <…@example.org>{after}"));
            prop_assert_eq!(hide_local_parts(&before), before);
        }
    }
}
