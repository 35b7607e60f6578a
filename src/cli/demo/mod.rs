//! `courant demo`: a sample college with everything that goes out of it.

pub mod college;
