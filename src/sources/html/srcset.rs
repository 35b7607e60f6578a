//! Rewriting of `srcset`: several URLs of one image in one attribute.

/// Returns the candidates of a `srcset` (HTML, "parse a srcset attribute"): URL and descriptors,
/// which may be empty.
fn parse_candidates(value: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = value;
    loop {
        rest = rest.trim_start_matches(|c: char| c == ',' || c.is_ascii_whitespace());
        if rest.is_empty() {
            return found;
        }
        let end = rest.find(|c: char| c.is_ascii_whitespace()).unwrap_or(rest.len());
        let (url, after) = rest.split_at(end);
        if let Some(bare) = url.strip_suffix(',') {
            found.push((bare.trim_end_matches(','), ""));
            rest = after;
            continue;
        }
        let mut depth = 0_usize;
        let comma = after.find(|c| {
            match c {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            c == ',' && depth == 0
        });
        let (descriptors, next) = after.split_at(comma.unwrap_or(after.len()));
        found.push((url, descriptors.trim()));
        rest = next;
    }
}

/// Rewrites the URLs of a `srcset` with `absolute` and drops candidates without a result; `None` if
/// no candidate is left.
pub(super) fn rewrite(value: &str, absolute: impl Fn(&str) -> Option<String>) -> Option<String> {
    let kept: Vec<String> = parse_candidates(value)
        .into_iter()
        .filter(|(_, descriptors)| {
            descriptors.chars().all(|c| c.is_ascii_alphanumeric() || " .".contains(c))
        })
        .filter_map(|(url, descriptors)| {
            let url = absolute(url)?;
            Some(if descriptors.is_empty() { url } else { format!("{url} {descriptors}") })
        })
        .collect();
    (!kept.is_empty()).then(|| kept.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_become_absolute_and_invalid_ones_are_dropped() {
        let absolute = |a: &str| (!a.starts_with("data:")).then(|| format!("https://x.example{a}"));
        assert_eq!(
            rewrite(
                "/a-1.jpg 1x,/w_2,h_3/a-2.jpg 2x, data:image/png;base64,AA 3x,/b.jpg",
                absolute
            )
            .as_deref(),
            Some(
                "https://x.example/a-1.jpg 1x, https://x.example/w_2,h_3/a-2.jpg 2x, https://x.example/b.jpg"
            )
        );
        assert_eq!(rewrite(" , ,", absolute), None);
    }
}
