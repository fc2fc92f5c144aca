//! `syncd`: parse, run, turn the result into an exit code.

use std::process::ExitCode;

use clap::Parser as _;
use syncd::RunError;
use syncd::cli::Arguments;
use syncd::config::Config;

/// `EX_USAGE` and `EX_CONFIG` of sysexits.
const USAGE: u8 = 64;
const CONFIGURATION: u8 = 78;

fn main() -> ExitCode {
    if let Err(error) = Arguments::try_parse() {
        // Printing can fail only where nobody reads.
        let _ = error.print();
        let code = if error.use_stderr() { USAGE } else { 0 };
        return ExitCode::from(code);
    }
    match Config::from_variables(|name| std::env::var(name).ok()) {
        Ok(config) => match syncd::run(config) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error @ RunError::NewerData { .. }) => fail(&error, CONFIGURATION),
            Err(error) => fail(&error, 1),
        },
        Err(error) => fail(&error, CONFIGURATION),
    }
}

#[expect(clippy::print_stderr, reason = "a server that can't start says so where people look")]
fn fail(error: &dyn std::error::Error, code: u8) -> ExitCode {
    eprintln!("syncd: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        eprintln!("  because: {error}");
        cause = error.source();
    }
    ExitCode::from(code)
}
