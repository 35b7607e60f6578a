//! Recognition of a query of several statements, which SQLite prepares like its first statement alone.

/// Returns `true` if a statement follows the first one, in the syntax of SQLite.
pub(super) fn has_second_statement(sql: &str) -> bool {
    let (mut rest, mut is_ended) = (sql, false);
    while !rest.is_empty() {
        let (token, after) = rest.split_at(token_length(rest));
        let is_blank = token.trim().is_empty() || is_comment(token);
        if is_ended && !is_blank && token != ";" {
            return true;
        }
        is_ended |= token == ";";
        rest = after;
    }
    false
}

fn is_comment(text: &str) -> bool {
    text.starts_with("--") || text.starts_with("/*")
}

/// Returns the length of the comment, the quoted text or the character with which a text begins, in
/// bytes. A doubled quote inside a quoted text begins another one, which changes nothing here.
fn token_length(text: &str) -> usize {
    let first = text.chars().next().map_or(0, char::len_utf8);
    let (start, end) = match text.as_bytes() {
        [b'-', b'-', ..] => (2, "\n"),
        [b'/', b'*', ..] => (2, "*/"),
        [b'\'', ..] => (1, "'"),
        [b'"', ..] => (1, "\""),
        [b'`', ..] => (1, "`"),
        [b'[', ..] => (1, "]"),
        _ => return first,
    };
    text[start..].find(end).map_or(text.len(), |at| start + at + end.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_comments_do_not_end_a_statement_and_semicolons_may_end_it() {
        for one in [
            "SELECT 1",
            "SELECT 1; ;\n-- all; rows\n/* ; */ ",
            "SELECT ';' AS a, 'it''s; x' AS b, \";\" AS c, `;`, [;] FROM t -- ; x",
            "SELECT 1 /* ; SELECT 2 */ AS id;",
            "SELECT '未; 来' AS title; -- 完",
            "SELECT 'open ; SELECT 2",
            "",
        ] {
            assert!(!has_second_statement(one), "{one}");
        }
        for two in ["SELECT 1; SELECT 2", "SELECT 1;;DELETE FROM t;", "SELECT '';/* x */ x"] {
            assert!(has_second_statement(two), "{two}");
        }
    }
}
