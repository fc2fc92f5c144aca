//! What a synchronised directory's owner remembers between runs, in one SQLite file.
//!
//! The order of writes is what makes it safe: a file is on disk, flushed and renamed, before it is
//! recorded here, and journal rows are stored together with the cursor that covers them. Losing the
//! last moments costs a comparison, never a file.

mod convert;

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use protocol::changes::{Action, ChangesResponse};
use protocol::hash::ContentHash;
use protocol::id::{Epoch, FileId};
use protocol::name::{MAX_PATH_BYTES, SpacePath};
use rusqlite::{Connection, OptionalExtension, params};

use crate::error::{IoContext as _, Result, SyncError};
use crate::fs::Stamp;
use crate::tree::{Remote, Synced, SyncedEntry, text_bytes};

const FORMAT: u64 = 1;

const SCHEMA: &str = "
CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE remote (
    id TEXT PRIMARY KEY, parent TEXT NOT NULL, name TEXT NOT NULL, directory INTEGER NOT NULL,
    rev INTEGER NOT NULL, content_rev INTEGER NOT NULL, hash BLOB, size INTEGER NOT NULL,
    mtime_ns INTEGER, executable INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE tombstone (id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE synced (
    id TEXT PRIMARY KEY, path TEXT NOT NULL, directory INTEGER NOT NULL, hash BLOB,
    executable INTEGER NOT NULL, device INTEGER NOT NULL, inode INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE hashed (
    path TEXT PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
    ctime_ns INTEGER NOT NULL, device INTEGER NOT NULL, inode INTEGER NOT NULL,
    executable INTEGER NOT NULL, hash BLOB NOT NULL, at_ns INTEGER NOT NULL
) WITHOUT ROWID;
";

pub(crate) struct State {
    path: PathBuf,
    database: Connection,
}

/// A file's hash and the state it had when it was computed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hashed {
    pub(crate) stamp: Stamp,
    pub(crate) hash: ContentHash,
    /// When reading began, nanoseconds since 1970.
    pub(crate) at_ns: i64,
}

impl State {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let failed = |source| SyncError::State { path: path.to_owned(), source };
        // Two first runs on one directory come here before either has the directory's lock.
        let folder = path.parent().unwrap_or(path);
        let creating = File::open(folder).at("open", folder)?;
        creating.lock().at("lock", folder)?;
        let database = Connection::open(path).map_err(failed)?;
        database.busy_timeout(std::time::Duration::from_secs(10)).map_err(failed)?;
        let found: u64 = database
            .query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0))
            .map_err(failed)? as u64;
        if found > FORMAT {
            return Err(SyncError::NewerFormat { path: path.to_owned(), found, known: FORMAT });
        }
        database.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
        database.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
        if found == 0 {
            let create = format!("BEGIN;{SCHEMA}PRAGMA user_version = {FORMAT};COMMIT;");
            database.execute_batch(&create).map_err(failed)?;
        }
        Ok(Self { path: path.to_owned(), database })
    }

    fn failed(&self) -> impl Fn(rusqlite::Error) -> SyncError + use<> {
        let path = self.path.clone();
        move |source| SyncError::State { path: path.clone(), source }
    }

    pub(crate) fn fact(&self, name: &str) -> Result<Option<String>> {
        let query = "SELECT value FROM fact WHERE name = ?1";
        let row = self.database.query_row(query, [name], |row| row.get(0));
        row.optional().map_err(self.failed())
    }

    pub(crate) fn set_fact(&self, name: &str, value: &str) -> Result<()> {
        let statement = "INSERT OR REPLACE INTO fact VALUES (?1, ?2)";
        let done = self.database.execute(statement, [name, value]);
        done.map(drop).map_err(self.failed())
    }

    /// The epoch and the last sequence number applied.
    pub(crate) fn cursor(&self) -> Result<(Option<Epoch>, u64)> {
        let epoch = self.fact("epoch")?.and_then(|text| text.parse().ok());
        let cursor = self.fact("cursor")?.and_then(|text| text.parse().ok());
        Ok((epoch, cursor.unwrap_or(0)))
    }

    /// Stores journal rows and the cursor behind them, all or nothing.
    pub(crate) fn apply(&mut self, page: &ChangesResponse) -> Result<()> {
        let failed = self.failed();
        let transaction = self.database.transaction().map_err(&failed)?;
        {
            let insert = "INSERT OR REPLACE INTO remote VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)";
            let mut insert = transaction.prepare_cached(insert).map_err(&failed)?;
            let delete = "DELETE FROM remote WHERE id = ?1";
            let mut delete = transaction.prepare_cached(delete).map_err(&failed)?;
            let bury = "INSERT OR IGNORE INTO tombstone VALUES (?1)";
            let mut bury = transaction.prepare_cached(bury).map_err(&failed)?;
            for entry in &page.entries {
                for change in &entry.changes {
                    if change.action == Action::Delete {
                        delete.execute([change.file.as_str()]).map_err(&failed)?;
                        bury.execute([change.file.as_str()]).map_err(&failed)?;
                        continue;
                    }
                    let row = params![
                        change.file.as_str(),
                        change.parent.as_str(),
                        change.name.as_str(),
                        convert::is_directory(change.kind),
                        entry.seq as i64,
                        change.content_rev as i64,
                        change.hash.as_ref().map(|hash| hash.as_bytes().as_slice()),
                        change.size as i64,
                        change.meta.mtime_ns,
                        change.meta.executable,
                    ];
                    insert.execute(row).map_err(&failed)?;
                }
            }
            let fact = "INSERT OR REPLACE INTO fact VALUES (?1, ?2)";
            for (name, value) in
                [("epoch", page.epoch.to_string()), ("cursor", page.cursor.to_string())]
            {
                transaction.execute(fact, [name, &value]).map_err(&failed)?;
            }
        }
        transaction.commit().map_err(&failed)
    }

    /// Forgets both trees: the next run joins the two sides and deletes nothing.
    pub(crate) fn forget_everything(&mut self) -> Result<()> {
        let sql = "BEGIN; DELETE FROM remote; DELETE FROM tombstone; DELETE FROM synced;
                   DELETE FROM fact WHERE name IN ('epoch', 'cursor'); COMMIT;";
        self.database.execute_batch(sql).map_err(self.failed())
    }

    pub(crate) fn remote(&self) -> Result<Remote> {
        let failed = self.failed();
        let mut remote = Remote::default();
        let query = "SELECT id, parent, name, directory, rev, content_rev, hash, size, mtime_ns, \
                     executable FROM remote";
        let mut rows = self.database.prepare(query).map_err(&failed)?;
        let rows = rows.query_map([], convert::remote_node).map_err(&failed)?;
        for row in rows {
            let (id, node) = row.map_err(&failed)?;
            remote.nodes.insert(id, node);
        }
        let mut rows = self.database.prepare("SELECT id FROM tombstone").map_err(&failed)?;
        let rows = rows.query_map([], |row| convert::parsed(row, 0)).map_err(&failed)?;
        for row in rows {
            remote.deleted.insert(row.map_err(&failed)?);
        }
        Ok(remote)
    }

    pub(crate) fn synced(&self) -> Result<Synced> {
        let failed = self.failed();
        let query = "SELECT id, path, directory, hash, executable, device, inode FROM synced";
        let mut rows = self.database.prepare(query).map_err(&failed)?;
        let rows = rows.query_map([], convert::synced_entry).map_err(&failed)?;
        rows.filter_map(convert::readable).collect::<rusqlite::Result<Synced>>().map_err(failed)
    }

    /// Records what both sides agree on; `None` forgets it.
    pub(crate) fn remember(&mut self, changes: &[(FileId, Option<SyncedEntry>)]) -> Result<()> {
        let failed = self.failed();
        let transaction = self.database.transaction().map_err(&failed)?;
        for (id, entry) in changes {
            // A path that could not be read back is not stored: nothing follows from its absence.
            match entry.as_ref().filter(|entry| text_bytes(&entry.path) <= MAX_PATH_BYTES) {
                None => transaction.execute("DELETE FROM synced WHERE id = ?1", [id.as_str()]),
                Some(entry) => transaction.execute(
                    "INSERT OR REPLACE INTO synced VALUES (?1,?2,?3,?4,?5,?6,?7)",
                    params![
                        id.as_str(),
                        entry.path.to_string(),
                        convert::is_directory(entry.kind),
                        entry.hash.as_ref().map(|hash| hash.as_bytes().as_slice()),
                        entry.executable,
                        entry.inode.0 as i64,
                        entry.inode.1 as i64,
                    ],
                ),
            }
            .map_err(&failed)?;
        }
        transaction.commit().map_err(&failed)
    }

    pub(crate) fn hashes(&self) -> Result<HashMap<SpacePath, Hashed>> {
        let failed = self.failed();
        let query = "SELECT path, size, mtime_ns, ctime_ns, device, inode, executable, hash, \
                     at_ns FROM hashed";
        let mut rows = self.database.prepare(query).map_err(&failed)?;
        let rows = rows.query_map([], convert::hashed).map_err(&failed)?;
        rows.filter_map(convert::readable).collect::<rusqlite::Result<_>>().map_err(failed)
    }

    pub(crate) fn replace_hashes(&mut self, all: &HashMap<SpacePath, Hashed>) -> Result<()> {
        let failed = self.failed();
        let transaction = self.database.transaction().map_err(&failed)?;
        transaction.execute("DELETE FROM hashed", []).map_err(&failed)?;
        {
            let insert = "INSERT INTO hashed VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9)";
            let mut insert = transaction.prepare_cached(insert).map_err(&failed)?;
            for (path, found) in all {
                let stamp = &found.stamp;
                let row = params![
                    path.to_string(),
                    stamp.size as i64,
                    stamp.mtime_ns,
                    stamp.ctime_ns,
                    stamp.device as i64,
                    stamp.inode as i64,
                    stamp.executable,
                    found.hash.as_bytes().as_slice(),
                    found.at_ns,
                ];
                insert.execute(row).map_err(&failed)?;
            }
        }
        transaction.commit().map_err(&failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nor is it stored; and an earlier version's row does no harm.
    #[test]
    fn a_path_that_is_too_long_makes_nothing_unreadable() {
        let folder = tempfile::tempdir().unwrap();
        let mut state = State::open(&folder.path().join("state.sqlite")).unwrap();
        let name = |number: usize| format!("{number:0>200}").parse().unwrap();
        let entry = |depth: usize| SyncedEntry {
            path: (0..depth).map(name).collect(),
            kind: protocol::file::NodeKind::File,
            hash: None,
            executable: false,
            inode: (1, 1),
        };
        let ids: Vec<_> = (0..3).map(FileId::from_random).collect();
        state
            .remember(&[(ids[0].clone(), Some(entry(1))), (ids[1].clone(), Some(entry(1)))])
            .unwrap();
        state.remember(&[(ids[1].clone(), Some(entry(25)))]).unwrap();
        let row = "INSERT INTO synced VALUES (?1, ?2, 0, NULL, 0, 1, 1)";
        let path = entry(25).path.to_string();
        state.database.execute(row, [ids[2].as_str(), &path]).unwrap();
        let row = "INSERT INTO hashed VALUES (?1, 0, 0, 0, 0, 0, 0, zeroblob(32), 0)";
        state.database.execute(row, [&path]).unwrap();
        assert_eq!(state.synced().unwrap().keys().collect::<Vec<_>>(), [&ids[0]]);
        assert!(state.hashes().unwrap().is_empty());
    }

    #[test]
    fn of_many_that_create_it_at_once_all_get_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.sqlite");
        std::thread::scope(|scope| {
            let opened: Vec<_> =
                (0..8).map(|_| scope.spawn(|| State::open(&path).map(drop))).collect();
            for outcome in opened {
                outcome.join().unwrap().unwrap();
            }
        });
    }
}
