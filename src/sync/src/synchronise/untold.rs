//! What the plan left out, in words.

use protocol::name::MAX_PATH_BYTES;

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
            };
            let path = path.clone();
            let path = shown(&self.on_disk(&path));
            self.summary.problems.push(Problem::failed(path, reason));
        }
    }
}

fn too_long_here(below: usize) -> String {
    let more = if below > 0 { format!(", and {below} more below it") } else { String::new() };
    format!(
        "its path is longer than {MAX_PATH_BYTES} bytes, so it is left out{more}; move it in the \
         space"
    )
}
