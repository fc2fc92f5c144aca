//! One box per zone, side by side where they fit, else one above the other.

use local::{ComponentState, ComponentStatus, Status};

use super::super::view::part_state;
use super::{Look, age, by_zone, mark, paint};
use crate::ui::line::{Line, Paint};
use crate::ui::screen::Glyphs;

/// Narrower boxes are stacked.
const LEAST_WIDTH: usize = 24;
/// From here on a server needs one line only.
const ONE_LINE: usize = 34;
const GAP: usize = 1;
/// Border and blank on either side.
const FRAME: usize = 4;

pub(super) fn zones(now: &Status, look: &Look) -> Vec<Line> {
    let zones = by_zone(now, look.at);
    let count = zones.len().max(1);
    let column = (look.width + GAP) / count;
    let side_by_side = column >= LEAST_WIDTH + GAP;
    let width = if side_by_side { column - GAP } else { look.width };
    let mut boxes: Vec<(Line, Vec<Line>)> = zones
        .iter()
        .map(|(zone, servers)| {
            let room = width.saturating_sub(FRAME);
            let is_lost = now.lost_zones.contains(zone);
            let rows = rows(servers, is_lost, room, now, look);
            (title(zone, servers, is_lost, width, look), rows)
        })
        .collect();
    if !side_by_side {
        return boxes
            .into_iter()
            .flat_map(|(title, rows)| boxed(title, rows, width, look))
            .collect();
    }
    let tallest = boxes.iter().map(|(_, rows)| rows.len()).max().unwrap_or(0);
    let mut lines = vec![Line::new(); if boxes.is_empty() { 0 } else { tallest + 2 }];
    for (index, (title, mut rows)) in boxes.drain(..).enumerate() {
        rows.resize(tallest, Line::new());
        for (line, piece) in lines.iter_mut().zip(boxed(title, rows, width, look)) {
            let gap = if index == 0 { 0 } else { GAP };
            *line = std::mem::take(line).plain(" ".repeat(gap)).join(piece);
        }
    }
    lines
}

/// The upper border: `╭─ zone a ───── 1/1 ─╮`.
fn title(
    zone: &str,
    servers: &[&ComponentStatus],
    is_lost: bool,
    width: usize,
    look: &Look,
) -> Line {
    let [left, bar, right] = match look.glyphs {
        Glyphs::Unicode => ["╭", "─", "╮"],
        Glyphs::Ascii => ["+", "-", "+"],
    };
    let group = || servers.iter().filter(|server| !server.standby);
    let (all, healthy) =
        (group().count(), group().filter(|one| one.state == ComponentState::Healthy).count());
    let (count, colour) = match format!(" {healthy}/{all} ") {
        _ if is_lost => (" lost ".to_owned(), Paint::Red),
        count if healthy == all && healthy > 0 => (count, Paint::Green),
        count => (count, Paint::Yellow),
    };
    let name = format!(" zone {zone} ");
    let used = 4 + name.chars().count() + count.chars().count();
    Line::new()
        .with(Paint::Dim, format!("{left}{bar}"))
        .with(Paint::Bold, name)
        .with(Paint::Dim, bar.repeat(width.saturating_sub(used)))
        .with(colour, count)
        .with(Paint::Dim, format!("{bar}{right}"))
}

fn boxed(title: Line, rows: Vec<Line>, width: usize, look: &Look) -> Vec<Line> {
    let [side, left, bar, right] = match look.glyphs {
        Glyphs::Unicode => ["│", "╰", "─", "╯"],
        Glyphs::Ascii => ["|", "+", "-", "+"],
    };
    let room = width.saturating_sub(FRAME);
    let rows = rows.into_iter().map(|row| {
        let row = row.cut(room, look.glyphs).padded(room);
        Line::new().with(Paint::Dim, side).plain(" ").join(row).plain(" ").with(Paint::Dim, side)
    });
    let bottom = format!("{left}{}{right}", bar.repeat(width.saturating_sub(2)));
    let bottom = Line::new().with(Paint::Dim, bottom);
    [title].into_iter().chain(rows).chain([bottom]).collect()
}

fn rows(
    servers: &[&ComponentStatus],
    is_lost: bool,
    room: usize,
    now: &Status,
    look: &Look,
) -> Vec<Line> {
    if is_lost {
        // Whatever was seen of its servers last, they are gone or going.
        let servers = servers.iter().map(|server| {
            let mark = mark(ComponentState::Stopped, look.glyphs);
            Line::new()
                .with(Paint::Red, mark)
                .plain(format!(" {:<5} ", server.name))
                .with(Paint::Red, "lost")
        });
        let out = Line::new().with(Paint::Red, "out, by a drill");
        return [out].into_iter().chain(servers).collect();
    }
    if servers.is_empty() {
        return vec![Line::new().with(Paint::Yellow, "no server")];
    }
    servers.iter().flat_map(|server| row(server, room, now, look)).collect()
}

fn row(server: &ComponentStatus, room: usize, now: &Status, look: &Look) -> Vec<Line> {
    let release = server.digest.get(..7).unwrap_or(&server.digest);
    let colour = if server.digest == now.release { Paint::Dim } else { Paint::Cyan };
    let state = paint(server.state);
    let line = Line::new()
        .with(state, mark(server.state, look.glyphs))
        .plain(format!(" {:<5} ", server.name))
        .with(state, format!("{:<9}", part_state(server)))
        .plain(format!(" {:>3}", age(server, look.at)));
    if room >= ONE_LINE {
        return vec![line.plain("   ").with(colour, release)];
    }
    vec![line, Line::new().plain("  ").with(colour, release)]
}
