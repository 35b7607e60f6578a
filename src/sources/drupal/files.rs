//! Public URLs of uploaded files.

use percent_encoding::utf8_percent_encode;

use crate::domain::percent::PATH_WITH_DELIMITERS;

/// Returns the URL of a file if it is public; `files_url` is that of all public files.
pub(super) fn file_url(files_url: &str, uri: &str) -> Option<String> {
    if uri.starts_with("http://") || uri.starts_with("https://") {
        return Some(uri.to_owned());
    }
    let path = uri.strip_prefix("public://")?;
    Some(format!(
        "{files_url}/{}",
        utf8_percent_encode(path.trim_start_matches('/'), PATH_WITH_DELIMITERS)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_files_have_a_url() {
        let files_url = "https://a.example/cms/sites/default/files";
        assert_eq!(
            file_url(files_url, "public://2026-09/the vat.jpg").unwrap(),
            "https://a.example/cms/sites/default/files/2026-09/the%20vat.jpg"
        );
        assert_eq!(file_url(files_url, "private://salaries.pdf"), None);
    }
}
