//! Where articles come from: each source tells what it finds, one article at a time.

pub(crate) mod wordpress;
