//! What a purge would delete, counted before anybody is asked.

use std::fs;
use std::path::Path;

use serde::Serialize;

use crate::accounts::Service;
use crate::ui::units;

/// Counts of what will be lost.
#[derive(Debug, Serialize)]
pub(super) struct Loss {
    /// Absent when the service does not run: only it can read its tables.
    #[serde(skip_serializing_if = "Option::is_none")]
    accounts: Option<u64>,
    /// Spaces with content; absent when the service does not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    spaces: Option<u64>,
    /// Stored content objects.
    objects: u64,
    /// Size of content, metadata and mail.
    bytes: u64,
}

/// Counts as far as it can be known; nothing is started for it.
pub(super) fn count(data_dir: &Path) -> Loss {
    let running = local::status(data_dir).is_ok_and(|status| status.engines.pid.is_some());
    let (accounts, spaces) = running.then(|| ask(data_dir)).flatten().unzip();
    let content = usage(&data_dir.join("objects/buckets"));
    let others = ["metadata", "mail"].map(|name| usage(&data_dir.join(name)).bytes);
    let bytes = content.bytes + others.iter().sum::<u64>();
    let objects = content.objects;
    Loss { accounts, spaces, objects, bytes }
}

fn ask(data_dir: &Path) -> Option<(u64, u64)> {
    let connection = local::connection(data_dir).ok()?;
    let service = Service::open(&connection).ok()?;
    let accounts = service.run(|accounts| async move { accounts.list().await }).ok()?;
    Some((accounts.len() as u64, service.count_spaces(&connection)?))
}

impl Loss {
    pub(super) fn describe(&self) -> String {
        let mut parts = Vec::new();
        match (self.accounts, self.spaces) {
            (Some(accounts), Some(spaces)) => {
                parts.push(units::count(accounts, "account", "accounts"));
                parts.push(format!("{} with files", units::count(spaces, "space", "spaces")));
            }
            _ => parts.push("every account and space".to_owned()),
        }
        parts.push(units::count(self.objects, "stored object", "stored objects"));
        format!("{} ({})", parts.join(", "), units::bytes(self.bytes))
    }
}

#[derive(Debug, Default)]
struct Usage {
    objects: u64,
    bytes: u64,
}

/// What lies below a folder. What cannot be read counts nothing.
fn usage(folder: &Path) -> Usage {
    let mut sum = Usage::default();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_dir() {
            let below = usage(&entry.path());
            sum.objects += below.objects;
            sum.bytes += below.bytes;
        } else {
            sum.objects += u64::from(is_object(&entry.file_name().to_string_lossy()));
            sum.bytes += metadata.len();
        }
    }
    sum
}

/// Objects are files named by their key (`k-…`) or its digest (`d-…`); others are bookkeeping.
fn is_object(name: &str) -> bool {
    name.starts_with("k-") || name.starts_with("d-")
}
