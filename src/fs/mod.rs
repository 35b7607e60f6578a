//! Files that readers see completely or not at all.

mod atomic;

pub(crate) use atomic::{Durability, replace_file};
