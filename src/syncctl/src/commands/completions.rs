use clap::Args;
use clap_complete::Shell;

use crate::cli;
use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::ui::Ui;

/// Print a completion script for a shell
///
/// For bash: syncctl completions bash > ~/.local/share/bash-completion/completions/syncctl
/// For zsh:  syncctl completions zsh > ~/.zfunc/_syncctl
/// For fish: syncctl completions fish > ~/.config/fish/completions/syncctl.fish
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct CompletionsArgs {
    /// Shell to complete in
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(args: CompletionsArgs, ui: &mut Ui) -> Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut cli::public_command(), "syncctl", &mut script);
    ui.result(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::Done)
}
