//! Public URLs of a site and its files: those of the configuration, else those of its database.

use std::collections::HashMap;

use url::Url;

use crate::config::Source;
use crate::domain::url::has_public_host;

/// The origin of a site's URLs, and the local addresses that its texts contain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct SiteAddress {
    /// URL of the site in its database; empty if there is none.
    stored: String,
    /// `true` if `site_url` overrides the URL in the database.
    is_configured: bool,
    /// `true` if `files_url` overrides the URL of the files.
    has_files_url: bool,
    /// Local addresses without a scheme, longest first, and the public URL of each.
    replaced: Vec<(String, String)>,
}

impl SiteAddress {
    /// Overrides the URLs among the options of a site with those of the configuration, as WordPress
    /// does with the constants in `wp-config.php`.
    pub(super) fn apply(options: &mut HashMap<String, String>, source: &Source) -> Self {
        let text = |name: &str| options.get(name).map_or("", |url| url.trim_end_matches('/'));
        let (home, admin) = (text("home").to_owned(), text("siteurl").to_owned());
        let mut address = Self {
            stored: if home.is_empty() { admin.clone() } else { home },
            is_configured: !source.site_url.is_empty(),
            has_files_url: !source.files_url.is_empty(),
            replaced: Vec::new(),
        };
        if address.is_configured {
            let public_admin = public_url(&admin, &address.stored, &source.site_url);
            for (local, public) in [(&admin, &public_admin), (&address.stored, &source.site_url)] {
                if !local.is_empty() && !has_public_host(local) {
                    address.replaced.push((without_scheme(local).to_owned(), public.clone()));
                }
            }
            address.replaced.sort_by_key(|(local, _)| std::cmp::Reverse(local.len()));
            options.insert("home".to_owned(), source.site_url.clone());
            options.insert("siteurl".to_owned(), public_admin);
            if let Some(files) = options.get_mut("upload_url_path") {
                *files = address.to_public_url(files);
            }
        }
        if address.has_files_url {
            options.insert("upload_url_path".to_owned(), source.files_url.clone());
        }
        address
    }

    /// Returns a URL in which a local address of the site is replaced by the public one.
    pub(super) fn to_public_url(&self, url: &str) -> String {
        self.replaced
            .iter()
            .fold(url.to_owned(), |url, (local, public)| replace_address(&url, local, public))
    }

    /// Returns HTML in whose tags local addresses of the site are replaced by the public ones.
    pub(super) fn with_public_urls(&self, html: String) -> String {
        if !self.replaced.iter().any(|(local, _)| html.contains(local.as_str())) {
            return html;
        }
        let mut out = String::with_capacity(html.len());
        let mut rest = html.as_str();
        while let Some(start) = rest.find('<') {
            let end = rest[start..].find('>').map_or(rest.len(), |end| start + end + 1);
            out.push_str(&rest[..start]);
            out.push_str(&self.to_public_url(&rest[start..end]));
            rest = &rest[end..];
        }
        out.push_str(rest);
        out
    }

    /// Returns the facts about the origin of the URLs.
    pub(super) fn facts(&self) -> Vec<(&'static str, String)> {
        let site = match (self.is_configured, self.stored.as_str()) {
            (true, "") => "site_url in the configuration".to_owned(),
            (true, stored) => {
                format!("site_url in the configuration; the database has {stored}")
            }
            (false, "") => "nowhere".to_owned(),
            (false, _) => "the database (WP_HOME in wp-config.php is not read)".to_owned(),
        };
        let mut facts = vec![("site from", site)];
        if self.has_files_url {
            facts.push(("files from", "files_url in the configuration".to_owned()));
        }
        facts
    }

    /// Returns one sentence for each URL in use that readers cannot reach.
    pub(super) fn warnings(&self, home: &str, files: &str) -> Vec<String> {
        let mut found = Vec::new();
        if self.stored.is_empty() && !self.is_configured {
            found.push(
                "the database has no URL of the site (option home); set site_url to its public URL"
                    .to_owned(),
            );
        } else if !self.is_configured && !has_public_host(home) {
            found.push(format!(
                "the URL of the site in the database is {home}, which readers cannot reach; set site_url to its public URL (WP_HOME in wp-config.php)"
            ));
        } else if !self.has_files_url && !has_public_host(files) {
            found.push(format!(
                "the URL of the files in the database is {files}, which readers cannot reach; set files_url to their public URL"
            ));
        }
        found
    }
}

/// Returns the public form of the URL of WordPress's own files, which is often below that of the
/// site.
fn public_url(admin: &str, stored: &str, site_url: &str) -> String {
    if admin.is_empty() {
        return site_url.to_owned();
    }
    let below = without_scheme(admin).strip_prefix(without_scheme(stored));
    if let Some(path) = below.filter(|path| path.is_empty() || path.starts_with('/')) {
        return format!("{site_url}{path}");
    }
    let authority = |url: &str| without_scheme(url).split('/').next().map(str::to_owned);
    if has_public_host(admin) && authority(admin) != authority(stored) {
        return admin.to_owned();
    }
    let path = Url::parse(admin).map(|url| url.path().to_owned()).unwrap_or_default();
    let joined = Url::parse(site_url).and_then(|site| site.join(&path));
    joined.map_or_else(|_| site_url.to_owned(), |url| url.as_str().trim_end_matches('/').to_owned())
}

fn without_scheme(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, rest)| rest)
}

/// Replaces the URLs that begin with an address, with any scheme or none, by those below a public
/// URL.
fn replace_address(text: &str, address: &str, public: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(address) {
        let after = &rest[at + address.len()..];
        out.push_str(&rest[..at]);
        rest = after;
        let ends_here = !after.starts_with(|c: char| c.is_alphanumeric() || "-.:_".contains(c));
        if !ends_here || !out.ends_with("//") {
            out.push_str(address);
            continue;
        }
        out.truncate(out.len() - 2);
        for scheme in ["https:", "http:"] {
            if out.ends_with(scheme) {
                out.truncate(out.len() - scheme.len());
                break;
            }
        }
        out.push_str(public);
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directory_of_wordpress_moves_with_the_site() {
        let public = "https://college.example";
        for (admin, stored, site_url, expected) in [
            ("http://localhost/wp", "http://localhost", public, "https://college.example/wp"),
            ("https://localhost", "http://localhost", public, public),
            ("", "http://localhost", public, public),
            ("http://h/wp", "http://h/blog", "https://a.example/blog", "https://a.example/wp"),
            ("http://wordpress:8080/wp", "https://a.example", public, "https://college.example/wp"),
            ("https://cms.example", "https://a.example", public, "https://cms.example"),
        ] {
            assert_eq!(public_url(admin, stored, site_url), expected, "{admin} {stored}");
        }
    }

    #[test]
    fn local_addresses_are_replaced_in_tags_only() {
        let address = SiteAddress {
            replaced: vec![("localhost:8080".to_owned(), "https://a.example".to_owned())],
            ..SiteAddress::default()
        };
        let html = "<img src=\"http://localhost:8080/a.jpg\" srcset=\"//localhost:8080/a.jpg 2x, http://localhost:80801/b\"> See http://localhost:8080/.";
        assert_eq!(
            address.with_public_urls(html.to_owned()),
            "<img src=\"https://a.example/a.jpg\" srcset=\"https://a.example/a.jpg 2x, http://localhost:80801/b\"> See http://localhost:8080/."
        );
    }
}
