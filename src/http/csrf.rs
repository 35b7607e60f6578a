//! Detection of cross-origin requests, with which a foreign page could act in a visitor's name.

use axum::http::HeaderMap;

/// Returns `true` if the browser reports that a page of another origin sent the request, in
/// `Sec-Fetch-Site` or, without it, in `Origin`.
pub(crate) fn is_cross_origin(headers: &HeaderMap, base_url: &str) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => !matches!(site, "same-origin" | "none"),
        // Not a browser, or a browser that navigates to a page.
        (None, None) => false,
        (None, Some(origin)) => {
            let authority = origin.split_once("://").map_or("", |(_, authority)| authority);
            let own = base_url.split_once("://").and_then(|(_, rest)| rest.split('/').next());
            !(text("host").is_some_and(|host| host.eq_ignore_ascii_case(authority))
                || own.is_some_and(|own| own.eq_ignore_ascii_case(authority)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cross_origin_forms_are_detected() {
        let is_cross_origin = |pairs: &[(&'static str, &str)]| {
            let headers = pairs
                .iter()
                .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
                .collect();
            is_cross_origin(&headers, "https://news.example.edu/news")
        };
        assert!(is_cross_origin(&[("sec-fetch-site", "cross-site")]));
        assert!(is_cross_origin(&[("sec-fetch-site", "same-site")]));
        assert!(is_cross_origin(&[
            ("origin", "https://evil.example"),
            ("host", "news.example.edu")
        ]));
        assert!(is_cross_origin(&[("origin", "null"), ("host", "127.0.0.1:8080")]));
        assert!(!is_cross_origin(&[
            ("sec-fetch-site", "same-origin"),
            ("origin", "https://elsewhere.example")
        ]));
        assert!(!is_cross_origin(&[
            ("origin", "https://news.example.edu"),
            ("host", "127.0.0.1:8080")
        ]));
        assert!(!is_cross_origin(&[
            ("origin", "http://127.0.0.1:8080"),
            ("host", "127.0.0.1:8080")
        ]));
        assert!(!is_cross_origin(&[]));
    }
}
