//! `srcset`: several addresses of one image in one attribute.

/// The candidates (HTML, "parse a srcset attribute"): address and descriptors, the latter possibly empty.
fn candidates(value: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = value;
    loop {
        rest = rest.trim_start_matches(|c: char| c == ',' || c.is_ascii_whitespace());
        if rest.is_empty() {
            return found;
        }
        let end = rest.find(|c: char| c.is_ascii_whitespace()).unwrap_or(rest.len());
        let (address, after) = rest.split_at(end);
        if let Some(bare) = address.strip_suffix(',') {
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
        found.push((address, descriptors.trim()));
        rest = next;
    }
}

/// The same candidates with their addresses made by `absolute`, without those it refuses; `None` if none is left.
pub(super) fn rewritten(value: &str, absolute: impl Fn(&str) -> Option<String>) -> Option<String> {
    let kept: Vec<String> = candidates(value)
        .into_iter()
        .filter(|(_, descriptors)| {
            descriptors.chars().all(|c| c.is_ascii_alphanumeric() || " .".contains(c))
        })
        .filter_map(|(address, descriptors)| {
            let address = absolute(address)?;
            Some(if descriptors.is_empty() { address } else { format!("{address} {descriptors}") })
        })
        .collect();
    (!kept.is_empty()).then(|| kept.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_candidate_is_made_absolute_and_the_impossible_dropped() {
        let absolute = |a: &str| (!a.starts_with("data:")).then(|| format!("https://x.example{a}"));
        assert_eq!(
            rewritten(
                "/a-1.jpg 1x,/w_2,h_3/a-2.jpg 2x, data:image/png;base64,AA 3x,/b.jpg",
                absolute
            )
            .as_deref(),
            Some(
                "https://x.example/a-1.jpg 1x, https://x.example/w_2,h_3/a-2.jpg 2x, https://x.example/b.jpg"
            )
        );
        assert_eq!(rewritten(" , ,", absolute), None);
    }
}
