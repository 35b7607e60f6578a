//! The places that documents can be put into.

use std::fmt;

use super::Parcel;
use super::bucket::Bucket;
use super::folder::Folder;
use crate::config::{Publish, settings};
use crate::domain::time::Millis;

/// A place, ready to be written into.
#[derive(Debug)]
pub(super) enum Place {
    Folder(Folder),
    Bucket(Box<Bucket>),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => folder.fmt(f),
            Self::Bucket(bucket) => bucket.fmt(f),
        }
    }
}

impl Place {
    pub(super) fn of(to: &Publish, site: &str, node: &str) -> Self {
        match &to.place {
            settings::Destination::Folder(path) => {
                Self::Folder(Folder::new(path.clone(), to.gzip, node.to_owned()))
            }
            settings::Destination::Bucket(bucket) => {
                Self::Bucket(Box::new(Bucket::new(bucket.clone(), to.gzip, site)))
            }
        }
    }

    /// Tells this place from others.
    pub(super) fn mark(&self) -> String {
        match self {
            Self::Folder(folder) => folder.mark(),
            Self::Bucket(bucket) => bucket.mark(),
        }
    }

    /// Whether documents could be put there; nothing is left behind.
    pub(super) async fn check(&self, now: Millis) -> Result<(), String> {
        match self {
            Self::Folder(folder) => {
                let folder = folder.clone();
                tokio::task::spawn_blocking(move || folder.check())
                    .await
                    .unwrap_or_else(|e| Err(e.to_string()))
            }
            Self::Bucket(bucket) => bucket.check(now).await,
        }
    }

    /// Puts a document there, or says why not.
    pub(super) async fn put(&self, parcel: Parcel, now: Millis) -> Result<(), String> {
        match self {
            Self::Folder(folder) => {
                let folder = folder.clone();
                tokio::task::spawn_blocking(move || folder.put(&parcel))
                    .await
                    .unwrap_or_else(|e| Err(e.to_string()))
            }
            Self::Bucket(bucket) => bucket.put(&parcel, now).await,
        }
    }

    /// Those of some files that somebody took away; a bucket is not asked, which would cost a request for each.
    pub(super) async fn missing(&self, files: Vec<String>) -> Vec<String> {
        match self {
            Self::Folder(folder) => {
                let folder = folder.clone();
                tokio::task::spawn_blocking(move || folder.missing(files)).await.unwrap_or_default()
            }
            Self::Bucket(_) => Vec::new(),
        }
    }

    /// Takes a document away from there, if it is there.
    pub(super) async fn remove(&self, file: &str, now: Millis) -> Result<(), String> {
        match self {
            Self::Folder(folder) => {
                let (folder, file) = (folder.clone(), file.to_owned());
                tokio::task::spawn_blocking(move || folder.remove(&file))
                    .await
                    .unwrap_or_else(|e| Err(e.to_string()))
            }
            Self::Bucket(bucket) => bucket.remove(file, now).await,
        }
    }
}
