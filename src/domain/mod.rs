//! Values and rules of the product, without I/O or async. Functions fail only to reject invalid
//! values.

pub mod actor;
pub mod address;
pub mod article;
pub mod audit;
pub mod backoff;
pub mod deferral;
pub mod definition;
pub mod delivery;
pub mod domain_limits;
pub mod duration;
pub mod edition;
pub mod language;
pub mod link_token;
pub mod media;
pub mod network;
pub mod page;
pub mod percent;
pub mod permission;
pub mod post_filter;
pub mod rate;
pub mod readership;
pub mod role;
pub mod schedule;
pub mod selection;
pub mod selection_snapshot;
pub mod site_urls;
pub mod sliding_window;
pub mod slug;
pub mod subscription;
pub mod text_repair;
pub mod time;
pub mod url;
pub mod warmup;
pub mod xml;
