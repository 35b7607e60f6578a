//! Publishing: uploads changed feed documents to a directory or bucket, from which a web server or
//! CDN serves any number of readers.
//!
//! No queue entry is written per change. The database stores the version of each file at each
//! destination, and files with another version than the current one are uploaded. A crash therefore
//! loses nothing, a destination that was unavailable receives the current version, and nodes share
//! the work by leasing files.

mod archive_index;
mod bucket;
mod check;
mod destination;
mod directory;
mod hash;
mod manifest;
mod prune;
mod publisher;
mod report;
mod signing;
mod state;
mod upload;
mod uploader;

pub use publisher::Publisher;
pub use report::PublishReport;
