//! Atomic replacement of files, private files, files of an admin, and CSV files as spreadsheets write them.

mod atomic;
mod csv_file;
mod line_index;
mod private;
mod regular_file;

pub(crate) use atomic::{Durability, FileAccess, replace_file};
pub(crate) use csv_file::{CsvFile, CsvRow, escape_formula, unescape_formula};
pub(crate) use line_index::LineIndex;
pub(crate) use private::{
    create_private_directory, create_private_file, is_shared, make_private, write_private_file,
};
pub(crate) use regular_file::read_regular_file;
