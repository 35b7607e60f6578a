//! Files that readers see completely or not at all, and CSV files as spreadsheets write them.

mod atomic;
mod csv_file;
mod line_index;

pub(crate) use atomic::{Durability, replace_file};
pub(crate) use csv_file::{CsvFile, CsvRow, safe_cell, unsafe_cell};
pub(crate) use line_index::LineIndex;
