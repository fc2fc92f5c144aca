//! What the plan left out, in words.

use protocol::name::{MAX_PATH_BYTES, SpacePath};

use super::execute::Run;
use crate::plan::LeftOut;
use crate::report::{Problem, shown};

impl Run {
    pub(super) fn tell_left_out(&mut self) {
        for left_out in std::mem::take(&mut self.left_out) {
            let (path, reason) = match &left_out {
                LeftOut::TooLongHere { path, below } => (path, too_long_here(*below)),
                LeftOut::TooLongThere { path } => (
                    path,
                    format!(
                        "its path in the space would be longer than {MAX_PATH_BYTES} bytes; move \
                         it"
                    ),
                ),
                LeftOut::StaysHere { path } => (
                    path,
                    format!(
                        "it was moved in the space to where paths are longer than \
                         {MAX_PATH_BYTES} bytes, so it stays here; move it to a shorter place, \
                         here or in the space"
                    ),
                ),
                LeftOut::StaysThere { path } => (
                    path,
                    format!(
                        "paths in it are longer than {MAX_PATH_BYTES} bytes here, so the space \
                         keeps it where it was; move it to a shorter place"
                    ),
                ),
                LeftOut::Hidden { place, changes } => (place, self.hidden(place, *changes)),
            };
            let path = path.clone();
            let path = shown(&self.on_disk(&path));
            self.summary.problems.push(Problem::failed(path, reason));
        }
    }
}

impl Run {
    fn hidden(&self, place: &SpacePath, changes: usize) -> String {
        let what = match std::fs::symlink_metadata(self.on_disk(place)) {
            Ok(found) if found.is_symlink() => "it is a symbolic link here",
            Ok(found) if !found.is_dir() && !found.is_file() => {
                "it is neither a file nor a directory here"
            }
            _ => "it can't be read here",
        };
        let plural = if changes == 1 { "" } else { "s" };
        format!("{changes} change{plural} of the space can't be brought here: {what}")
    }
}

fn too_long_here(below: usize) -> String {
    let more = if below > 0 { format!(", and {below} more below it") } else { String::new() };
    format!(
        "its path is longer than {MAX_PATH_BYTES} bytes, so it is left out{more}; move it in the \
         space"
    )
}
