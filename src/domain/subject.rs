//! Patterns of e-mail subjects: text with placeholders such as `{title}`.

/// Names of the placeholders, each written in braces.
pub const PLACEHOLDERS: [&str; 5] = ["title", "digest", "site", "date", "count"];

/// Values of the placeholders for one variant of an edition.
#[derive(Debug, Clone, Copy, Default)]
pub struct SubjectValues<'a> {
    /// Title of the first article; empty if there is none.
    pub title: &'a str,
    /// Title of the digest.
    pub digest: &'a str,
    /// Name of the publisher.
    pub site: &'a str,
    /// Date of the edition in the language of the variant.
    pub date: &'a str,
    /// Number of articles in the edition.
    pub count: usize,
}

/// Checks the placeholders of a pattern.
///
/// # Errors
/// The name of the first placeholder that does not exist.
pub fn check_pattern(pattern: &str) -> Result<(), String> {
    let mut rest = pattern;
    while let Some((name, after)) = next_placeholder(rest) {
        if !PLACEHOLDERS.contains(&name) {
            return Err(name.to_owned());
        }
        rest = after;
    }
    Ok(())
}

/// Fills in a pattern.
pub fn fill(pattern: &str, values: &SubjectValues<'_>) -> String {
    let count = values.count.to_string();
    let mut subject = String::new();
    let mut rest = pattern;
    while let Some((name, after)) = next_placeholder(rest) {
        let length = rest.len() - after.len() - name.len() - 2;
        subject.push_str(&rest[..length]);
        subject.push_str(match name {
            "title" => values.title,
            "digest" => values.digest,
            "site" => values.site,
            "date" => values.date,
            "count" => &count,
            other => other,
        });
        rest = after;
    }
    subject + rest
}

/// Returns the name of the next placeholder and the text behind it.
fn next_placeholder(text: &str) -> Option<(&str, &str)> {
    let (_, behind) = text.split_once('{')?;
    behind.split_once('}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_and_values_are_not_searched_for_more() {
        let values = SubjectValues {
            title: "{date} of a lathe",
            digest: "本周",
            site: "College",
            date: "2026年9月21日",
            count: 3,
        };
        assert_eq!(
            fill("{digest}：{title}（{count} 篇）{", &values),
            "本周：{date} of a lathe（3 篇）{"
        );
        assert_eq!(fill("no placeholder", &values), "no placeholder");
        assert_eq!(check_pattern("{site} · {date}"), Ok(()));
        assert_eq!(check_pattern("{title}: {titel}"), Err("titel".to_owned()));
    }
}
