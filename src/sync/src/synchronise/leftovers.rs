//! What a run that was cut short left in our folder.

use std::fs;
use std::io;
use std::path::Path;

use super::execute::Run;
use crate::download::sweep_parts;
use crate::error::{IoContext, Result};
use crate::local_name::{INCOMING, OWN_DIRECTORY};
use crate::tree::Remote;

impl Run {
    /// Removes beginnings of large files that the space has other versions of by now.
    pub(super) fn sweep_parts(&self, remote: &Remote) -> Result<()> {
        let incoming = self.root.directory.join(OWN_DIRECTORY).join(INCOMING);
        sweep_parts(&incoming, self.clock.now(), |file, content_rev| {
            remote.nodes.get(file).is_some_and(|node| node.content_rev == content_rev)
        })
    }

    /// Moves old temporary files to the trash; beginnings of large files are of further use.
    ///
    /// They are not simply removed: a run that stopped right after it exchanged a file for a new
    /// one left the user's old file here.
    pub(super) fn sweep(&mut self) -> Result<()> {
        let incoming = self.root.directory.join(OWN_DIRECTORY).join(INCOMING);
        let entries = match fs::read_dir(&incoming) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => other.at("read", &incoming)?,
        };
        let mut moved = 0;
        for entry in entries {
            let entry = entry.at("read", &incoming)?;
            let path = entry.path();
            let is_file = entry.file_type().at("read", &path)?.is_file();
            if !is_file || path.extension().is_some_and(|extension| extension == "part") {
                continue;
            }
            self.trash.take(&path, &Path::new(INCOMING).join(entry.file_name()))?;
            moved += 1;
        }
        if moved > 0 {
            self.note(format!("moved {moved} leftovers of an interrupted run to the trash"));
        }
        Ok(())
    }
}
