//! The components' logs, merged by time.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;

use crate::data::DataDir;
use crate::error::{LocalError, Result};

/// What is read of one log at most; lines further back are not shown.
const MOST_READ: u64 = 4 * 1024 * 1024;
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Which lines are wanted.
#[derive(Clone, Debug, Default)]
pub struct LogQuery {
    /// Names such as `balancer`, `engines`, `a-1`; empty means all.
    pub components: Vec<String>,
    /// Only the newest lines; `None` means all that are kept.
    pub tail: Option<usize>,
    /// Goes on with new lines for ever.
    pub follow: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    pub component: String,
    /// From the line itself, or the one before it.
    pub at: Option<Timestamp>,
    pub text: String,
}

/// The lines, oldest first. With `follow` the iterator blocks for new ones and never ends.
///
/// # Errors
/// No such data directory, or no such component.
pub fn logs(data_dir: &Path, query: &LogQuery) -> Result<Logs> {
    let data = DataDir::open(data_dir)?;
    let mut sources = Vec::new();
    let mut ready = Vec::new();
    let known = known_components(&data)?;
    if let Some(unknown) = query.components.iter().find(|name| !known.contains(name)) {
        return Err(LocalError::UnknownPart { name: unknown.clone(), known });
    }
    for component in known {
        if query.components.is_empty() || query.components.contains(&component) {
            let mut source = Source::open(&data, &component);
            ready.extend(source.earlier());
            ready.extend(source.new_lines());
            sources.push(source);
        }
    }
    ready.sort_by_key(|line| line.at);
    if let Some(tail) = query.tail {
        ready = ready.split_off(ready.len().saturating_sub(tail));
    }
    Ok(Logs { data, query: query.clone(), sources, ready: ready.into() })
}

/// Iterator of [`logs`].
pub struct Logs {
    data: DataDir,
    query: LogQuery,
    sources: Vec<Source>,
    ready: VecDeque<LogLine>,
}

impl Iterator for Logs {
    type Item = LogLine;

    fn next(&mut self) -> Option<LogLine> {
        loop {
            if let Some(line) = self.ready.pop_front() {
                return Some(line);
            }
            if !self.query.follow {
                return None;
            }
            self.collect();
            if self.ready.is_empty() {
                std::thread::sleep(LOOK_AGAIN);
            }
        }
    }
}

impl Logs {
    fn collect(&mut self) {
        for component in known_components(&self.data).unwrap_or_default() {
            let wanted =
                self.query.components.is_empty() || self.query.components.contains(&component);
            if wanted && !self.sources.iter().any(|source| source.component == component) {
                self.sources.push(Source::open(&self.data, &component));
            }
        }
        let mut lines: Vec<LogLine> = self.sources.iter_mut().flat_map(Source::new_lines).collect();
        lines.sort_by_key(|line| line.at);
        self.ready.extend(lines);
    }
}

struct Source {
    component: String,
    path: PathBuf,
    offset: u64,
    at: Option<Timestamp>,
    unfinished: Vec<u8>,
}

impl Source {
    fn open(data: &DataDir, component: &str) -> Self {
        Self {
            component: component.to_owned(),
            path: data.log_file(component),
            offset: 0,
            at: None,
            unfinished: Vec::new(),
        }
    }

    /// Of the part that was moved aside.
    fn earlier(&mut self) -> Vec<LogLine> {
        let text = read_from(&self.path.with_extension("log.1"), 0).unwrap_or_default();
        let lines = self.parse(text);
        self.unfinished.clear();
        lines
    }

    fn new_lines(&mut self) -> Vec<LogLine> {
        let length = fs::metadata(&self.path).map_or(0, |metadata| metadata.len());
        if length < self.offset {
            // It was cut: what is there now is new.
            self.offset = 0;
            self.unfinished.clear();
        }
        if length == self.offset {
            return Vec::new();
        }
        let from = self.offset.max(length.saturating_sub(MOST_READ));
        let text = read_from(&self.path, from).unwrap_or_default();
        self.offset = from + u64::try_from(text.len()).unwrap_or(0);
        self.parse(text)
    }

    fn parse(&mut self, text: Vec<u8>) -> Vec<LogLine> {
        let mut all = std::mem::take(&mut self.unfinished);
        all.extend(text);
        let end = all.iter().rposition(|byte| *byte == b'\n').map_or(0, |position| position + 1);
        self.unfinished = all.split_off(end);
        String::from_utf8_lossy(&all)
            .lines()
            .map(|line| {
                self.at = time_of(line).or(self.at);
                LogLine { component: self.component.clone(), at: self.at, text: line.to_owned() }
            })
            .collect()
    }
}

/// The newest lines of a log, oldest first.
pub(crate) fn last_lines(path: &Path, most: usize) -> Vec<String> {
    last_lines_since(path, 0, most)
}

/// The length of a log in bytes.
pub(crate) fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// The same of what was written from this length on, or of all when the log was cut since.
pub(crate) fn last_lines_since(path: &Path, since: u64, most: usize) -> Vec<String> {
    let length = length(path);
    let since = if since <= length { since } else { 0 };
    let text = read_from(path, length.saturating_sub(64 * 1024).max(since)).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(most)..].iter().map(|line| (*line).to_owned()).collect()
}

fn known_components(data: &DataDir) -> Result<Vec<String>> {
    let folder = data.log_dir();
    let entries = fs::read_dir(&folder).map_err(|error| LocalError::io("list", &folder, error))?;
    let mut names: Vec<String> = entries
        .flatten()
        .filter_map(|entry| Some(entry.file_name().to_str()?.strip_suffix(".log")?.to_owned()))
        .collect();
    names.sort();
    Ok(names)
}

fn read_from(path: &Path, offset: u64) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(offset))?;
    let mut text = Vec::new();
    file.take(MOST_READ).read_to_end(&mut text)?;
    Ok(text)
}

/// Of a JSON line's `timestamp`, or of a line that begins with a time.
fn time_of(line: &str) -> Option<Timestamp> {
    if line.starts_with('{') {
        let after = line.split_once("\"timestamp\":\"")?.1;
        return after.split_once('"')?.0.parse().ok();
    }
    line.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn directory() -> (tempfile::TempDir, DataDir) {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open_or_create(&folder.path().join("data")).unwrap();
        (folder, data)
    }

    #[test]
    fn lines_of_two_components_are_merged_by_time() {
        let (_folder, data) = directory();
        fs::write(data.log_file("a-1"), "{\"timestamp\":\"2026-01-01T00:00:01Z\"}\npanic text\n")
            .unwrap();
        fs::write(data.log_file("balancer"), "{\"timestamp\":\"2026-01-01T00:00:00Z\"}\n").unwrap();
        let names: Vec<String> =
            logs(data.root(), &LogQuery::default()).unwrap().map(|line| line.component).collect();
        assert_eq!(names, ["balancer", "a-1", "a-1"]);
        let tail = LogQuery { tail: Some(1), ..LogQuery::default() };
        let last: Vec<LogLine> = logs(data.root(), &tail).unwrap().collect();
        assert_eq!(last[0].text, "panic text");
        assert_eq!(last[0].at, "2026-01-01T00:00:01Z".parse().ok());
    }

    #[test]
    fn following_goes_on_after_a_log_was_cut() {
        let (_folder, data) = directory();
        fs::write(data.log_file("a-1"), "2026-01-01T00:00:00Z first and long\n").unwrap();
        let query = LogQuery { follow: true, ..LogQuery::default() };
        let mut lines = logs(data.root(), &query).unwrap();
        assert!(lines.next().unwrap().text.ends_with("long"));
        let mut file = fs::OpenOptions::new().append(true).open(data.log_file("a-1")).unwrap();
        file.set_len(0).unwrap();
        file.write_all(b"2026-01-01T00:00:01Z new\n").unwrap();
        assert!(lines.next().unwrap().text.ends_with("new"));
    }
}
