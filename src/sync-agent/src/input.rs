//! Signals and questions.

use std::io::{self, IsTerminal, Write};

use crate::failure::Failure;

/// Resolves on Ctrl-C, or when the system asks the program to end.
pub(crate) async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

pub(crate) fn has_terminal() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks on the terminal; only called where there is one.
pub(crate) fn ask(question: &str) -> Result<String, Failure> {
    let failed = |error: io::Error| Failure::plain(format!("can't ask: {error}"));
    let mut out = io::stderr();
    write!(out, "{question}: ").map_err(failed)?;
    out.flush().map_err(failed)?;
    let mut line = String::new();
    io::stdin().read_line(&mut line).map_err(failed)?;
    Ok(line.trim().to_owned())
}

/// Asks without showing what is typed.
pub(crate) fn ask_hidden(question: &str) -> Result<String, Failure> {
    rpassword::prompt_password(format!("{question}: "))
        .map_err(|error| Failure::plain(format!("can't ask: {error}")))
}
