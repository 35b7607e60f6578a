//! Atomic replacement of files, private files, files of an admin, readers of imported files, such as CSV, and
//! exports as CSV.

mod atomic;
mod csv_export;
mod csv_file;
mod input_file;
mod line_count;
mod line_reader;
mod private;
mod regular_file;
mod sorted_pairs;
mod utf8_reader;

pub(crate) use atomic::{Durability, FileAccess, replace_file};
pub(crate) use csv_export::{CsvExport, csv_lines, write_csv};
#[cfg(test)]
pub(crate) use csv_file::OtherFormat;
#[cfg(test)]
pub(crate) use csv_file::RecordLimits;
pub(crate) use csv_file::{
    CsvFile, CsvRow, CsvSettings, csv_header, escape_formula, separator_word, unescape_formula,
};
pub(crate) use csv_file::{FileProblem, InFile, RowProblem};
pub(crate) use input_file::{InputFile, unnamed_file};
pub(crate) use line_count::LineCount;
pub(crate) use line_reader::LineReader;
pub(crate) use private::{
    create_private_directory, create_private_file, is_shared, make_private, write_private_file,
};
pub(crate) use regular_file::read_regular_file;
pub(crate) use sorted_pairs::{PairSorter, SortedPairs};
pub(crate) use utf8_reader::{InvalidBytes, Utf8Reader};
