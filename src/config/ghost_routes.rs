//! Collections of a Ghost site: in the keys of its source, or in Ghost's own `routes.yaml`.

use std::path::Path;

use super::reader::Reader;
use super::settings::Collection;
use super::yaml::{self, Node, YamlError};

/// Placeholders of Ghost permalinks.
const PERMALINK_FIELDS: [&str; 8] =
    ["slug", "id", "year", "month", "day", "primary_tag", "primary_author", "author"];

/// Largest size of a file of routes in bytes.
const MAX_ROUTES_BYTES: u64 = 1 << 20;

/// Reads the collections of a file of routes, in their order.
///
/// # Errors
/// One sentence, which begins with the file and the line.
pub(super) fn read(path: &Path) -> Result<Vec<Collection>, String> {
    let cannot = |reason: String| format!("cannot read {}: {reason}", path.display());
    let size = std::fs::metadata(path).map_err(|e| cannot(e.to_string()))?.len();
    if size > MAX_ROUTES_BYTES {
        return Err(cannot(format!("it has more than {MAX_ROUTES_BYTES} bytes")));
    }
    let text = std::fs::read_to_string(path).map_err(|e| cannot(e.to_string()))?;
    parse(&text)
        .map_err(|YamlError { line, reason }| format!("{}:{line}: {reason}", path.display()))
}

fn parse(text: &str) -> Result<Vec<Collection>, YamlError> {
    let root = yaml::parse(text)?;
    let missing = || {
        root.error(
            "no `collections`, so Ghost has no page for any post; write the file that Ghost uses",
        )
    };
    let collections = root.entry("collections").ok_or_else(missing)?;
    let entries = collections.entries().filter(|entries| !entries.is_empty()).ok_or_else(|| {
        collections.error("`collections` contains no collection, so Ghost has no page for any post")
    })?;
    entries.iter().map(|(path, settings)| routed_collection(path.text(), settings)).collect()
}

/// Reads one collection of the file; templates, data and orders do not concern the URLs of posts.
fn routed_collection(path: &str, settings: &Node) -> Result<Collection, YamlError> {
    let permalink = settings
        .entry("permalink")
        .ok_or_else(|| settings.error(&format!("the collection {path} has no `permalink`")))?;
    let pattern = permalink
        .scalar()
        .ok_or_else(|| permalink.error("`permalink` must be a path, for example /{slug}/"))?;
    let pattern =
        permalinks(pattern).map_err(|reason| permalink.error(&format!("`permalink`: {reason}")))?;
    let filter = match settings.entry("filter").filter(|filter| !filter.is_null()) {
        None => None,
        Some(filter) => {
            let text = filter
                .scalar()
                .ok_or_else(|| filter.error("`filter` must be a text, for example tag:podcast"))?;
            let parsed = text
                .parse()
                .map_err(|problem| filter.error(&format!("`filter`: {problem} (docs/ghost.md)")))?;
            Some(parsed)
        }
    };
    Ok(Collection { filter, permalink: pattern })
}

/// Reads one `[[sources.collections]]` table.
pub(super) fn collection(reader: &mut Reader<'_>) -> Option<Collection> {
    let filter = reader.optional("filter", |text| {
        text.parse()
            .map_err(|problem| format!("{problem} (Ghost's filter language; docs/ghost.md)"))
    });
    let remedy = "write the path of a post as in Ghost's routes.yaml, for example /podcast/{slug}/";
    let permalink = reader.required("permalink", remedy, permalinks);
    Some(Collection { filter: filter?, permalink: permalink? })
}

/// Parses a path as in Ghost's `routes.yaml`: known placeholders, and at least one that identifies
/// a post.
pub(super) fn permalinks(text: &str) -> Result<String, String> {
    let error = |reason: &str| {
        Err(format!(
            "`{text}` {reason}; write it as in Ghost's routes.yaml, for example /{{year}}/{{slug}}/"
        ))
    };
    if !text.starts_with('/')
        || text.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '?' | '#'))
    {
        return error("is not a path that starts with a slash");
    }
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, next)) = after.split_once('}') else {
            return error("has a { without a matching }");
        };
        if before.contains('}') || !PERMALINK_FIELDS.contains(&name) {
            return error(&format!(
                "has an unknown placeholder; expected one of {}",
                PERMALINK_FIELDS.join(", ")
            ));
        }
        rest = next;
    }
    if !text.contains("{slug}") && !text.contains("{id}") {
        return error("has neither {slug} nor {id}, so all posts would have the same URL");
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the problem of a file as `LINE: REASON`.
    fn problem(text: &str) -> String {
        let YamlError { line, reason } = parse(text).unwrap_err();
        format!("{line}: {reason}")
    }

    #[test]
    fn collections_of_ghosts_own_file_are_read_in_their_order() {
        let text = "routes:\n  /: home\n\ncollections:\n  /podcast/:\n    permalink: /podcast/{slug}/\n    \
                    filter: 'primary_tag:podcast+featured:true' # first\n    order: featured desc\n  \"/\":\n    \
                    permalink: /{year}/{slug}/\n    filter: null\n    data:\n      - post.home\n\n\
                    taxonomies:\n  tag: /tag/{slug}/\n";
        let collections = parse(text).unwrap();
        let permalinks: Vec<&str> = collections.iter().map(|one| one.permalink.as_str()).collect();
        assert_eq!(permalinks, ["/podcast/{slug}/", "/{year}/{slug}/"]);
        assert_eq!(collections[0].filter, "primary_tag:podcast+featured:true".parse().ok());
        assert_eq!(collections[1].filter, None);
    }

    #[test]
    fn a_problem_names_its_line() {
        for (text, expected) in [
            ("", "1: no `collections`"),
            ("routes:\n  /: home\n", "1: no `collections`"),
            ("routes:\ncollections:\n", "2: `collections` contains no collection"),
            ("collections:\n  /:\n    template: index\n", "3: the collection / has no `permalink`"),
            (
                "collections:\n  /:\n    permalink: /{title}/\n",
                "3: `permalink`: `/{title}/` has an unknown",
            ),
            ("collections:\n  /:\n    permalink: [a]\n", "3: `permalink` must be a path"),
            (
                "collections:\n  /:\n    permalink: /{slug}/\n    filter: published_at:>2020\n",
                "4: `filter`: ",
            ),
            (
                "collections:\n  /: {permalink: '/a/{slug}/'}\n  /: {}\n",
                "3: `/` occurs more than once",
            ),
            ("collections:\n  /:\n\tpermalink: /{slug}/\n", "3: "),
            ("a: &x 1\ncollections: *x\n", "2: aliases"),
        ] {
            let problem = problem(text);
            assert!(problem.starts_with(expected), "{text}: {problem}");
        }
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_files_never_panic(text in "[ -~\\n\\t]{0,200}") {
            let _ = parse(&text);
        }
    }
}
