//! Addresses of articles from the pattern `article_url`, which names columns in braces.

use percent_encoding::utf8_percent_encode;

use crate::domain::percent::PATH;

/// Returns the column names in braces of a pattern, in lower case.
pub(super) fn columns(pattern: &str) -> Vec<String> {
    pattern
        .split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .map(|(name, _)| name.trim().to_lowercase())
        .collect()
}

/// Replaces the column names in braces of a pattern by the values of a row.
///
/// # Errors
/// One sentence with the name of a column without a value.
pub(super) fn fill(
    pattern: &str,
    value: impl Fn(&str) -> Option<String>,
) -> Result<String, String> {
    let mut parts = pattern.split('{');
    let mut url = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once('}') {
            Some((name, rest)) => {
                let name = name.trim().to_lowercase();
                let value = value(&name).ok_or_else(|| {
                    format!("article_url uses {{{name}}}, but `{name}` is empty; set it or `url`")
                })?;
                url.extend(utf8_percent_encode(&value, PATH));
                url += rest;
            }
            None => {
                url.push('{');
                url += part;
            }
        }
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_in_braces_are_replaced_by_their_values() {
        let value = |name: &str| (name != "missing").then(|| format!("{name} 1"));
        assert_eq!(
            fill("https://x.example/{Path}/{id}.html", value).as_deref(),
            Ok("https://x.example/path%201/id%201.html")
        );
        assert_eq!(
            fill("https://x.example/{missing}.html", value).unwrap_err(),
            "article_url uses {missing}, but `missing` is empty; set it or `url`"
        );
        assert_eq!(columns("https://x.example/{ Path }/{id}.html"), ["path", "id"]);
    }
}
