//! Atomic replacement of files, and CSV files as spreadsheets write them.

mod atomic;
mod csv_file;
mod line_index;

pub(crate) use atomic::{Durability, replace_file};
pub(crate) use csv_file::{CsvFile, CsvRow, escape_formula, unescape_formula};
pub(crate) use line_index::LineIndex;
