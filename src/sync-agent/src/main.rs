//! Keeps a person's folders in sync: one-shot push and pull, and both ways with `sync`.

mod args;
mod commands;
mod failure;
mod input;
mod place;
#[cfg(test)]
mod reference;
mod secrets;
mod ui;

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use crate::args::Arguments;
use crate::failure::Failure;
use crate::ui::Ui;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // A reader that hung up is no reason to fail.
            let _ = error.print();
            if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
                return ExitCode::SUCCESS;
            }
            if args::wants_json(std::env::args_os()) {
                let text = error.to_string();
                let message = text.trim().trim_start_matches("error: ");
                ui::print_error(message, None, failure::USAGE);
            }
            return ExitCode::from(failure::USAGE);
        }
    };
    start_log();
    let ui = Ui::new(&arguments.global);
    match run(arguments, &ui) {
        Ok(code) => code,
        Err(failure) => {
            ui.failure(&failure);
            ExitCode::from(failure.code())
        }
    }
}

fn run(arguments: Arguments, ui: &Ui) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::plain(format!("can't start: {error}")))?;
    let outcome = runtime.block_on(async {
        tokio::select! {
            outcome = commands::run(arguments.command, ui) => outcome,
            () = input::interrupted() => Err(Failure::Interrupted),
        }
    });
    // Threads that still read or write must not keep an interrupted program alive.
    runtime.shutdown_background();
    outcome
}

/// Off unless `SYNC_AGENT_LOG` asks; goes to standard error.
fn start_log() {
    let Ok(filter) = std::env::var("SYNC_AGENT_LOG") else {
        return;
    };
    let filter = tracing_subscriber::EnvFilter::new(filter);
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
