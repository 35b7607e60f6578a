//! Article sources: articles are read, normalized once and mirrored; a source is never written to
//! (guarantee 8).

mod article_file;
mod article_url;
mod column_text;
mod connection;
mod drupal;
mod facts;
mod fingerprint;
mod ghost;
mod html;
pub mod id_mapping;
mod id_set;
pub mod import;
mod importers;
mod incremental;
mod ingest;
pub mod inspect;
mod limits;
mod list_column;
mod media;
mod misread_text;
mod mysql_projection;
mod mysql_session;
mod normalize;
mod panics;
pub mod pg_listener;
mod php;
mod postgres_session;
mod query;
mod read_session;
mod reader;
mod result_limit;
mod row;
mod row_receiver;
mod scheduled;
mod session_facts;
mod session_zone;
mod sync;
mod sync_report;
mod sync_start;
pub mod trigger;
mod wordpress;

pub use reader::check;
pub use sync_report::SyncReport;
pub use sync_start::{SyncError, sync_due, sync_now};
