//! A text that never gets longer than it may.

/// Blocks under one heading, folded or open.
pub(super) struct Section {
    pub(super) title: String,
    pub(super) meaning: &'static str,
    pub(super) is_folded: bool,
    pub(super) blocks: Vec<String>,
}

pub(super) struct Document {
    text: String,
    limit: usize,
    left_out: usize,
}

/// Room kept for the last line, which says how much is missing.
const LAST_LINE: usize = 120;

const CLOSE: &str = "\n</details>\n";

impl Document {
    pub(super) fn new(limit: usize) -> Self {
        Self { text: String::new(), limit, left_out: 0 }
    }

    /// Adds a block if it fits, or counts it.
    pub(super) fn push(&mut self, block: &str) -> bool {
        let fits = self.left_out == 0 && self.has_room(block.len());
        if fits {
            self.text.push_str(block);
        } else {
            self.left_out += 1;
        }
        fits
    }

    /// Adds a remark if it fits; nobody misses one.
    pub(super) fn aside(&mut self, text: &str) {
        if self.left_out == 0 && self.has_room(text.len()) {
            self.text.push_str(text);
        }
    }

    /// Adds as many blocks as fit under a heading. What is opened is closed again.
    pub(super) fn section(&mut self, section: &Section) {
        let open = open(section);
        let close = if section.is_folded { CLOSE } else { "" };
        let first = section.blocks.first().map_or(0, String::len);
        if self.left_out > 0 || !self.has_room(open.len() + first + close.len()) {
            self.left_out += section.blocks.len();
            return;
        }
        self.text.push_str(&open);
        self.limit -= close.len();
        for block in &section.blocks {
            self.push(block);
        }
        self.limit += close.len();
        self.text.push_str(close);
    }

    pub(super) fn finish(mut self) -> String {
        if self.left_out > 0 {
            let number = self.left_out;
            let things = if number == 1 { "entry is" } else { "entries are" };
            let line = format!(
                "\n**{number} more {things} left out here; `syncctl plan` shows everything.**\n"
            );
            if self.text.len() + line.len() <= self.limit {
                self.text.push_str(&line);
            }
        }
        self.text
    }

    fn has_room(&self, bytes: usize) -> bool {
        self.text.len() + bytes + LAST_LINE <= self.limit
    }
}

fn open(section: &Section) -> String {
    let Section { title, meaning, is_folded, .. } = section;
    match is_folded {
        // GitHub reads Markdown inside only behind an empty line.
        true => format!("\n<details><summary><b>{title}</b>: {meaning}</summary>\n\n"),
        false => format!("\n#### {title}\n\n{meaning}\n\n"),
    }
}
