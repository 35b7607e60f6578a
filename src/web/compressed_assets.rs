//! Files that pages load, compressed once.

use std::collections::HashMap;

use bytes::Bytes;

use crate::feeds::gzip;
use crate::templates::Templates;

/// Bodies of the files in the content coding gzip, by name.
#[derive(Debug)]
pub(super) struct CompressedAssets(HashMap<&'static str, Bytes>);

impl CompressedAssets {
    /// Compresses all files that pages load.
    pub(super) fn new(templates: &Templates) -> Self {
        let compress = |text: &str| gzip::compress(text.as_bytes());
        Self(templates.assets().map(|asset| (asset.name, compress(&asset.text))).collect())
    }

    /// Returns the body of the file with this name.
    pub(super) fn gzip(&self, name: &str) -> Option<&Bytes> {
        self.0.get(name)
    }
}
