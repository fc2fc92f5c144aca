//! The `syncctl` program: parse, run, exit code. Everything else is in the library beside it.

use std::process::ExitCode;

fn main() -> ExitCode {
    syncctl::run(std::env::args_os())
}
