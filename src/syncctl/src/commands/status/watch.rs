//! `status --watch`: a picture that moves on a terminal, a block or a JSON line per change elsewhere.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use local::Status;
use signal_hook::consts::{SIGINT, SIGTERM};

use super::picture::{Look, picture};
use super::{Document, Health, look, view};
use crate::error::Result;
use crate::exit_code::ExitCode;
use crate::ui::Ui;
use crate::ui::screen::{Glyphs, Screen};

/// How often it looks.
const INTERVAL: Duration = Duration::from_secs(1);
const LISTEN_EVERY: Duration = Duration::from_millis(50);
/// Rates are averages over so many looks, which calms them.
const LOOKS: usize = 3;

/// Until Ctrl-C, which is the regular end.
pub(super) fn run(data_dir: &Path, ui: &mut Ui) -> Result<ExitCode> {
    let ended = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // Without a handler the signal ends the process, and the terminal's cursor stays hidden.
        let _ = signal_hook::flag::register(signal, Arc::clone(&ended));
    }
    if !ui.settings().terminal.redraw_stdout || ui.is_json() {
        return changes(data_dir, &ended, ui);
    }
    // The first look may fail, and its message belongs on the ordinary screen.
    let first = look(data_dir)?;
    let screen = Screen::open(ui)?;
    let outcome = live(data_dir, first, &screen, &ended, ui);
    screen.close(ui)?;
    outcome
}

fn live(
    data_dir: &Path,
    first: Status,
    screen: &Screen,
    ended: &AtomicBool,
    ui: &mut Ui,
) -> Result<ExitCode> {
    let glyphs = Glyphs::of_process();
    let mut seen = VecDeque::from([(first, Instant::now())]);
    while let Some((now, at)) = seen.back() {
        let (width, height) = screen.size(ui);
        let before = seen.front().filter(|_| seen.len() > 1);
        let before = before.map(|(status, then)| (status, at.duration_since(*then)));
        let look_like = Look { width, height, glyphs, at: Timestamp::now() };
        let lines = picture(now, before, &look_like);
        screen.draw(&lines, (width, height), ui)?;
        if !wait(ended) {
            break;
        }
        seen.push_back((look(data_dir)?, Instant::now()));
        if seen.len() > LOOKS + 1 {
            seen.pop_front();
        }
    }
    Ok(ExitCode::Done)
}

fn changes(data_dir: &Path, ended: &AtomicBool, ui: &mut Ui) -> Result<ExitCode> {
    let mut last = None;
    loop {
        let status = look(data_dir)?;
        let health = Health::of(&status);
        let phase = status.rollout.as_ref().map(|rollout| rollout.phase.clone());
        let parts: Vec<_> = view::parts(&status).into_iter().cloned().collect();
        // Ages and counters move all the time; they alone are no change.
        let seen = (health, phase, parts, status.lost_zones.clone());
        if last.as_ref() != Some(&seen) {
            let text = if ui.is_json() {
                ui.json_line("syncctl/status/1", &Document::new(health, &status))?
            } else {
                let width = ui.settings().terminal.width;
                view::render(&status, health, ui.style(), width).join("\n") + "\n"
            };
            if last.is_some() && !ui.is_json() {
                ui.line("")?;
            }
            ui.result(&text)?;
            ui.flush()?;
            last = Some(seen);
        }
        if !wait(ended) {
            return Ok(ExitCode::Done);
        }
    }
}

/// Until the next look; `false` when there will be none.
fn wait(ended: &AtomicBool) -> bool {
    let until = Instant::now() + INTERVAL;
    while Instant::now() < until {
        if ended.load(Ordering::Relaxed) {
            return false;
        }
        std::thread::sleep(LISTEN_EVERY);
    }
    true
}
