//! Destinations that documents can be uploaded to.

use std::fmt;

use super::bucket::BucketDestination;
use super::directory::DirectoryDestination;
use super::upload::Upload;
use crate::config::{DestinationSettings, settings};
use crate::domain::time::Millis;

/// A directory or bucket to upload to.
#[derive(Debug)]
pub(super) enum Destination {
    Directory(DirectoryDestination),
    Bucket(Box<BucketDestination>),
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(directory) => directory.fmt(f),
            Self::Bucket(bucket) => bucket.fmt(f),
        }
    }
}

impl Destination {
    pub(super) fn new(settings: &DestinationSettings, site: &str, node: &str) -> Self {
        match &settings.target {
            settings::PublishTarget::Directory(path) => Self::Directory(DirectoryDestination::new(
                path.clone(),
                settings.gzip,
                node.to_owned(),
            )),
            settings::PublishTarget::Bucket(bucket) => {
                Self::Bucket(Box::new(BucketDestination::new(bucket.clone(), settings.gzip, site)))
            }
        }
    }

    /// Returns a short hash that identifies this destination.
    pub(super) fn fingerprint(&self) -> String {
        match self {
            Self::Directory(directory) => directory.fingerprint(),
            Self::Bucket(bucket) => bucket.fingerprint(),
        }
    }

    /// Checks that files can be uploaded, without leaving any.
    pub(super) async fn check(&self, now: Millis) -> Result<(), String> {
        match self {
            Self::Directory(directory) => {
                let directory = directory.clone();
                tokio::task::spawn_blocking(move || directory.check())
                    .await
                    .unwrap_or_else(|e| Err(e.to_string()))
            }
            Self::Bucket(bucket) => bucket.check(now).await,
        }
    }

    /// Uploads a document; the error is a sentence.
    pub(super) async fn upload(&self, upload: Upload, now: Millis) -> Result<(), String> {
        match self {
            Self::Directory(directory) => {
                let directory = directory.clone();
                tokio::task::spawn_blocking(move || directory.write(&upload))
                    .await
                    .unwrap_or_else(|e| Err(e.to_string()))
            }
            Self::Bucket(bucket) => bucket.upload(&upload, now).await,
        }
    }

    /// Returns those of `files` that are missing. A bucket is not checked, because that would cost
    /// a request per file.
    pub(super) async fn missing(&self, files: Vec<String>) -> Vec<String> {
        match self {
            Self::Directory(directory) => {
                let directory = directory.clone();
                tokio::task::spawn_blocking(move || directory.missing(files))
                    .await
                    .unwrap_or_default()
            }
            Self::Bucket(_) => Vec::new(),
        }
    }

    /// Deletes a document if it exists.
    pub(super) async fn delete(&self, file: &str, now: Millis) -> Result<(), String> {
        match self {
            Self::Directory(directory) => {
                let (directory, file) = (directory.clone(), file.to_owned());
                tokio::task::spawn_blocking(move || directory.delete(&file))
                    .await
                    .unwrap_or_else(|e| Err(e.to_string()))
            }
            Self::Bucket(bucket) => bucket.delete(file, now).await,
        }
    }
}
