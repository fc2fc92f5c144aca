//! What lies in a local directory, read but not yet hashed.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use protocol::name::{EntryName, SpacePath};
use walkdir::WalkDir;

use crate::error::{IoContext, Result};
use crate::fs::{Stamp, stamp, utf8};
use crate::local_name::{MARKER, OWN_DIRECTORY};
use crate::report::{Problem, shown};

/// The deepest directory that is followed; far beyond what people make by hand.
const MAX_DEPTH: usize = 500;

#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    /// From the directory that was walked; empty for that directory itself, or for a single file.
    pub(crate) relative: SpacePath,
    pub(crate) stamp: Stamp,
}

#[derive(Debug, Default)]
pub(crate) struct Walked {
    /// Parents before what is in them.
    pub(crate) directories: Vec<Found>,
    pub(crate) files: Vec<Found>,
    /// What was left out; never silently.
    pub(crate) problems: Vec<Problem>,
    /// Places that could not be read or hold something else: nothing may be concluded about what is below them.
    pub(crate) unreadable: Vec<SpacePath>,
    /// Device and inode of what has a name that can't be sent.
    pub(crate) unnamable: Vec<(u64, u64)>,
}

/// Walks a directory, or takes a single file. Links are not followed.
pub(crate) fn walk(root: &Path) -> Result<Walked> {
    let mut walked = Walked::default();
    let metadata = std::fs::metadata(root).at("read", root)?;
    if metadata.is_file() {
        walked.files.push(Found {
            path: root.to_owned(),
            relative: SpacePath::root(),
            stamp: Stamp::of(&metadata),
        });
        return Ok(walked);
    }
    let mut entries = WalkDir::new(root)
        .min_depth(1)
        .max_depth(MAX_DEPTH)
        .follow_links(false)
        .sort_by_file_name()
        .into_iter();
    while let Some(entry) = entries.next() {
        match entry {
            Ok(entry) => {
                let is_directory = entry.file_type().is_dir();
                if !walked.take(root, &entry) && is_directory {
                    entries.skip_current_dir();
                }
            }
            Err(error) => walked.take_error(root, &error),
        }
    }
    Ok(walked)
}

impl Walked {
    /// Forgets the old place of what moved during the walk and was met in both. Hard links stay.
    pub(crate) fn drop_moved(&mut self) -> Result<()> {
        let mut places: HashMap<(u64, u64), u32> = HashMap::new();
        let key = |found: &Found| (found.stamp.device, found.stamp.inode);
        for found in self.directories.iter().chain(&self.files) {
            *places.entry(key(found)).or_default() += 1;
        }
        let mut left = Vec::new();
        for found in self.directories.iter().chain(&self.files) {
            if places.get(&key(found)).is_some_and(|count| *count > 1) {
                let now = stamp(&found.path).at("read", &found.path)?;
                if now.is_none_or(|now| (now.device, now.inode) != key(found)) {
                    left.push(found.relative.clone());
                }
            }
        }
        if left.is_empty() {
            return Ok(());
        }
        let stays = |found: &Found| {
            let names = found.relative.names();
            !left.iter().any(|above| names.starts_with(above.names()))
        };
        self.directories.retain(stays);
        self.files.retain(stays);
        Ok(())
    }

    /// Returns whether to look below the entry.
    fn take(&mut self, root: &Path, entry: &walkdir::DirEntry) -> bool {
        let path = entry.path();
        if entry.file_name() == OWN_DIRECTORY {
            if entry.depth() == 1 {
                return false;
            }
            if is_private(path) {
                let reason = "the private folder of another synchronised directory; the files \
                              around it are taken, this is not";
                self.problems.push(Problem::skipped(shown(path), reason));
                return false;
            }
        }
        let relative = match relative_path(root, path) {
            Ok(relative) => relative,
            Err(reason) => {
                if let Ok(metadata) = entry.metadata() {
                    let stamp = Stamp::of(&metadata);
                    self.unnamable.push((stamp.device, stamp.inode));
                }
                self.problems.push(Problem::failed(shown(path), reason));
                return false;
            }
        };
        let kind = entry.file_type();
        if !kind.is_dir() && !kind.is_file() {
            let reason = describe(kind);
            self.problems.push(Problem::skipped(shown(path), reason));
            // Where a known file or directory was, its absence is nobody's wish to delete it.
            self.unreadable.push(relative);
            return false;
        }
        let metadata = match entry.metadata() {
            Ok(metadata) => metadata,
            Err(error) => {
                self.take_error(root, &error);
                return false;
            }
        };
        let found = Found { path: path.to_owned(), relative, stamp: Stamp::of(&metadata) };
        if kind.is_dir() {
            if entry.depth() >= MAX_DEPTH {
                self.problems.push(Problem::failed(shown(path), "too deep"));
                self.unreadable.push(found.relative.clone());
            }
            self.directories.push(found);
        } else {
            self.files.push(found);
        }
        true
    }

    fn take_error(&mut self, root: &Path, error: &walkdir::Error) {
        let path = error.path().unwrap_or(root);
        // A file that went away while we looked is simply not there.
        if error.io_error().map(io::Error::kind) == Some(io::ErrorKind::NotFound) && path != root {
            return;
        }
        let reason = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
        self.problems.push(Problem::failed(shown(path), reason));
        self.unreadable.push(relative_path(root, path).unwrap_or_default());
    }
}

/// Whether our folder lies below as that of a synchronised directory inside this one.
fn is_private(path: &Path) -> bool {
    std::fs::symlink_metadata(path.join(MARKER)).is_ok_and(|marker| marker.is_file())
}

fn relative_path(root: &Path, path: &Path) -> Result<SpacePath, String> {
    let relative = path.strip_prefix(root).map_err(|error| error.to_string())?;
    let names = relative.components().map(|component| {
        let name = component.as_os_str();
        let text = utf8(name).ok_or("the name is not UTF-8, which other systems can't show")?;
        text.parse::<EntryName>().map_err(|error| error.to_string())
    });
    let path = names.collect::<Result<SpacePath, String>>()?;
    // The whole path is checked where it is written as text.
    let text = path.to_string();
    if text.len() > protocol::name::MAX_PATH_BYTES {
        return Err(format!(
            "the path is {} bytes long, more than a space can hold; move it",
            text.len()
        ));
    }
    Ok(path)
}

fn describe(kind: std::fs::FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    if kind.is_symlink() {
        "a symbolic link; only files and directories are kept"
    } else if kind.is_fifo() {
        "a named pipe; only files and directories are kept"
    } else if kind.is_socket() {
        "a socket; only files and directories are kept"
    } else {
        "a device; only files and directories are kept"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_link_stands_now_nothing_counts_as_deleted() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/nowhere", folder.path().join("photos")).unwrap();
        let walked = walk(folder.path()).unwrap();
        assert_eq!(walked.unreadable, ["/photos".parse().unwrap()]);
        let local = crate::tree::Local { unreadable: walked.unreadable, ..Default::default() };
        assert!(!local.is_known(&"/photos/a".parse().unwrap()));
        assert!(local.is_known(&"/notes".parse().unwrap()));
    }

    #[test]
    fn what_moved_during_the_walk_is_only_where_it_is_now() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir(root.join("a")).unwrap();
        std::fs::write(root.join("a/file"), "1").unwrap();
        std::fs::write(root.join("kept"), "2").unwrap();
        std::fs::hard_link(root.join("kept"), root.join("linked")).unwrap();
        let mut walked = walk(root).unwrap();
        std::fs::rename(root.join("a"), root.join("b")).unwrap();
        let after = walk(root).unwrap();
        walked.directories.extend(after.directories);
        walked.files.extend(after.files.into_iter().filter(|file| file.path.ends_with("b/file")));
        walked.drop_moved().unwrap();
        let paths = |found: &[Found]| {
            found.iter().map(|found| found.relative.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(paths(&walked.directories), ["/b"]);
        assert_eq!(paths(&walked.files), ["/kept", "/linked", "/b/file"]);
    }
}
