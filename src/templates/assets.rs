//! Files that pages load: the style sheet, the scripts of the admin area and of the demo, and icons.

use std::borrow::Cow;

use sha2::{Digest as _, Sha256};

use super::files::TemplateFiles;

/// Names of the files with their media types.
const ASSETS: [(&str, &str); 4] = [
    ("style.css", "text/css; charset=utf-8"),
    ("admin.js", "text/javascript; charset=utf-8"),
    ("demo.js", "text/javascript; charset=utf-8"),
    ("icons.svg", "image/svg+xml"),
];

/// File that pages load from `/assets/NAME?v=HASH`, so that it can be cached without expiry.
#[derive(Debug, Clone)]
pub struct Asset {
    /// Name of the file.
    pub name: &'static str,
    /// Media type of the file.
    pub media_type: &'static str,
    /// Content of the file.
    pub text: Cow<'static, str>,
    /// Start of its SHA-256 digest in hexadecimal.
    pub hash: String,
}

/// All files that pages load.
pub(super) struct Assets(Vec<Asset>);

impl Assets {
    /// Takes the files out of the templates.
    pub(super) fn take(files: &mut TemplateFiles) -> Self {
        let take = |(name, media_type): (&'static str, &'static str)| {
            let file = files.files.remove(&format!("web/{name}"));
            let text = file.map(|file| file.text).unwrap_or_default();
            let hash = hex::encode(&Sha256::digest(text.as_bytes())[..6]);
            Asset { name, media_type, text, hash }
        };
        Self(ASSETS.into_iter().map(take).collect())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Asset> {
        self.0.iter()
    }

    /// Returns the file with this name.
    pub(super) fn find(&self, name: &str) -> Option<&Asset> {
        self.0.iter().find(|asset| asset.name == name)
    }

    /// Returns the path of a file with its hash, below the path of `base_url`.
    pub(super) fn path(&self, name: &str) -> Option<String> {
        self.find(name).map(|asset| format!("/assets/{name}?v={}", asset.hash))
    }
}
