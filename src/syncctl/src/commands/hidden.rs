//! Entry points the local target starts this same program with. Not for people.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum EntryPoint {
    #[command(name = "__supervisor", hide = true)]
    Supervisor(EntryArgs),
    #[command(name = "__balancer", hide = true)]
    Balancer(EntryArgs),
    #[command(name = "__engines", hide = true)]
    Engines(EntryArgs),
}

/// Where the process finds everything it needs to know.
#[derive(Debug, Args)]
pub(crate) struct EntryArgs {
    /// Data directory
    #[arg(long)]
    data: PathBuf,
}

pub(crate) fn run(entry: EntryPoint) -> ExitCode {
    match entry {
        EntryPoint::Supervisor(args) => local::entry::supervisor(&args.data),
        EntryPoint::Balancer(args) => local::entry::balancer(&args.data),
        EntryPoint::Engines(args) => local::entry::engines(&args.data),
    }
}
