//! The history: what happened to which part, and why.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::OpenOptionsExt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::data::DataDir;

/// Above this size a new file is begun and the last one kept beside it.
const MOST_BYTES: u64 = 1024 * 1024;

/// One line of the history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    pub at: Timestamp,
    pub component: String,
    pub event: Event,
    /// Why, for people.
    pub cause: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A process was started.
    Started,
    /// A running process was found and taken over.
    Adopted,
    Healthy,
    Unhealthy,
    /// A process ended that should not have.
    Died,
    /// A process is being taken out on purpose.
    Draining,
    /// A process ended on purpose.
    Stopped,
    /// The wish changed.
    Changed,
    /// A process could not be started.
    Failed,
    /// The group's size follows the load.
    Scaled,
    /// Somebody takes something away on purpose.
    Began,
    /// What was taken away is given back.
    Ended,
}

impl fmt::Display for Event {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Started => "started",
            Self::Adopted => "taken over",
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
            Self::Died => "died",
            Self::Draining => "draining",
            Self::Stopped => "stopped",
            Self::Changed => "changed",
            Self::Failed => "failed",
            Self::Scaled => "scaled",
            Self::Began => "began",
            Self::Ended => "ended",
        })
    }
}

/// Adds a line. A history that can't be written must stop nobody.
pub(crate) fn record(data: &DataDir, component: &str, event: Event, cause: impl Into<String>) {
    let activity = Activity {
        at: Timestamp::now(),
        component: component.to_owned(),
        event,
        cause: cause.into(),
    };
    tracing::info!(component, ?event, cause = %activity.cause, "activity");
    let path = data.activities_file();
    if fs::metadata(&path).is_ok_and(|metadata| metadata.len() > MOST_BYTES) {
        let _ = fs::rename(&path, path.with_extension("jsonl.1"));
    }
    let Ok(mut line) = serde_json::to_vec(&activity) else { return };
    line.push(b'\n');
    let written = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(&path)
        .and_then(|mut file| file.write_all(&line));
    if let Err(error) = written {
        tracing::warn!(%error, "cannot write the history");
    }
}

/// The newest activities, oldest first.
pub(crate) fn activities(data: &DataDir, most: usize) -> Vec<Activity> {
    let path = data.activities_file();
    let mut all = Vec::new();
    for file in [path.with_extension("jsonl.1"), path] {
        let Ok(file) = fs::File::open(file) else { continue };
        let lines = BufReader::new(file).lines().map_while(Result::ok);
        // A line torn by a crash is left out.
        all.extend(lines.filter_map(|line| serde_json::from_str(&line).ok()));
    }
    let surplus = all.len().saturating_sub(most);
    all.split_off(surplus)
}
