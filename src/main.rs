//! The `courant` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    courant::cli::main()
}
