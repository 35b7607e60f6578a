//! Where articles come from.

pub(crate) mod html;
