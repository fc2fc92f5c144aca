//! Small files: neighbours in one pack come with one request.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures::stream::{StreamExt, iter};
use protocol::file::Location;
use protocol::hash::ContentHash;
use tokio::sync::mpsc;

use super::{Downloader, Fetched, PARALLEL, PIECE_BYTES, Want, damaged};
use crate::chunk::SMALL_FILE_BYTES;
use crate::error::{IoContext, Result, SyncError};
use crate::fs::{apply_meta, temporary_name};
use crate::report::Event;

/// Bytes nobody asked for that are cheaper to fetch than to leave out.
const LARGEST_GAP: u64 = 64 * 1024;
/// Files that one thread writes and flushes.
const FILES_PER_WRITER: usize = 16;

pub(super) fn fits(location: &Location) -> bool {
    location.size <= SMALL_FILE_BYTES && location.extents.len() <= 1
}

/// A range of one object and the files that lie in it.
struct Run {
    key: String,
    start: u64,
    end: u64,
    files: Vec<(Want, u64)>,
}

pub(super) async fn fetch(
    downloader: &Downloader,
    wants: Vec<(Want, Location)>,
    sender: &mpsc::Sender<Fetched>,
) -> Result<(), ()> {
    let (runs, empty) = arrange(wants);
    let empty = (Bytes::new(), empty.into_iter().map(|want| (want, 0)).collect());
    write(downloader, empty, sender).await?;
    let gets = runs.into_iter().map(|run| async move {
        let bytes = downloader.gate.get(&run.key, run.start, run.end - run.start);
        (bytes.await, run)
    });
    let mut gets = iter(gets.collect::<Vec<_>>()).buffer_unordered(PARALLEL);
    while let Some((bytes, run)) = gets.next().await {
        match bytes {
            Ok(bytes) => write(downloader, (bytes, run.files), sender).await?,
            Err(error) => {
                let reason = error.to_string();
                let wants = run.files.into_iter().map(|(want, _)| want).collect();
                super::fail_all(wants, &reason, sender).await?;
            }
        }
    }
    Ok(())
}

/// Sorts files into runs of at most [`PIECE_BYTES`]; empty files need no request.
fn arrange(wants: Vec<(Want, Location)>) -> (Vec<Run>, Vec<Want>) {
    let mut objects: BTreeMap<String, Vec<(Want, u64, u64)>> = BTreeMap::new();
    let mut empty = Vec::new();
    for (want, location) in wants {
        match location.extents.into_iter().next() {
            Some(extent) => {
                let files = objects.entry(extent.key).or_default();
                files.push((want, extent.offset, extent.length));
            }
            None => empty.push(want),
        }
    }
    let mut runs: Vec<Run> = Vec::new();
    for (key, mut files) in objects {
        files.sort_by_key(|(_, offset, _)| *offset);
        for (want, offset, length) in files {
            let end = offset + length;
            match runs.last_mut() {
                Some(run)
                    if run.key == key
                        && offset <= run.end + LARGEST_GAP
                        && end.max(run.end) - run.start <= PIECE_BYTES =>
                {
                    run.files.push((want, offset - run.start));
                    run.end = run.end.max(end);
                }
                _ => {
                    runs.push(Run { key: key.clone(), start: offset, end, files: vec![(want, 0)] });
                }
            }
        }
    }
    (runs, empty)
}

async fn write(
    downloader: &Downloader,
    (bytes, files): (Bytes, Vec<(Want, u64)>),
    sender: &mpsc::Sender<Fetched>,
) -> Result<(), ()> {
    let groups: Vec<Vec<_>> = files.chunks(FILES_PER_WRITER).map(<[_]>::to_vec).collect();
    let writers = groups.into_iter().map(|group| {
        let bytes = bytes.clone();
        let staging = downloader.staging.clone();
        async move {
            let indexes: Vec<_> = group.iter().map(|(want, _)| want.index).collect();
            let write = move || -> Vec<Fetched> {
                let files = group.into_iter();
                files
                    .map(|(want, offset)| (want.index, write_one(&staging, &bytes, &want, offset)))
                    .collect()
            };
            match tokio::task::spawn_blocking(write).await {
                Ok(results) => results,
                Err(error) => {
                    let reason = error.to_string();
                    let failed = |index| (index, Err(SyncError::Task(reason.clone())));
                    indexes.into_iter().map(failed).collect()
                }
            }
        }
    });
    let mut writers = iter(writers.collect::<Vec<_>>()).buffer_unordered(PARALLEL);
    while let Some(results) = writers.next().await {
        for (index, result) in results {
            sender.send((index, result)).await.map_err(drop)?;
        }
    }
    let bytes = files.iter().map(|(want, _)| want.size).sum();
    downloader.reporter.event(Event::Downloaded { bytes });
    Ok(())
}

fn write_one(staging: &Path, bytes: &Bytes, want: &Want, offset: u64) -> Result<PathBuf> {
    let start = offset as usize;
    let content = bytes.get(start..start + want.size as usize);
    let content = content.filter(|content| ContentHash::of(content) == want.hash);
    let content = content.ok_or_else(|| damaged(want))?;
    let path = staging.join(temporary_name());
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .at("create", &path)?;
    file.write_all(content).at("write", &path)?;
    apply_meta(&file, &want.meta).at("set the times of", &path)?;
    file.sync_all().at("flush", &path)?;
    Ok(path)
}
