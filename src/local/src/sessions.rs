//! Ends the credentials for the object store that were handed out already: the engines look at this
//! list with every request. The servers themselves ask the table, so the list holds nothing else.

use std::path::{Path, PathBuf};
use std::time::Duration;

use engines::EndedSession;
use jiff::Timestamp;

use crate::data::DataDir;
use crate::data::files::{Durability, read_json, write_json};
use crate::data::lock::wait_lock;
use crate::error::Result;
use crate::reporter::Silent;

/// No credential lives longer.
const LIFETIME: Duration = Duration::from_secs(3_600);

/// Ends every credential whose session name begins so and that was issued until `until`.
///
/// # Errors
/// No data directory of ours, or one that can't be written.
pub fn end_sessions(data_dir: &Path, session: &str, until: Timestamp) -> Result<()> {
    change(data_dir, |list| {
        list.retain(|ended| ended.session != session);
        list.push(EndedSession { session: session.to_owned(), until: until.as_millisecond() });
    })
}

/// Credentials that are issued from now on are good again; those of before stay ended.
///
/// # Errors
/// As for [`end_sessions`].
pub fn let_sessions_begin(data_dir: &Path, session: &str) -> Result<()> {
    let before = Timestamp::now().as_millisecond();
    change(data_dir, |list| {
        for ended in list.iter_mut().filter(|ended| ended.session == session) {
            ended.until = ended.until.min(before);
        }
    })
}

fn change(data_dir: &Path, work: impl FnOnce(&mut Vec<EndedSession>)) -> Result<()> {
    let data = DataDir::open(data_dir)?;
    let file = sessions_file(&data);
    let _lock = wait_lock(&data.run_file("ended-sessions.lock"), &Silent)?;
    // A list that can't be read is as good as none: what it held is over within the hour.
    let before: Vec<EndedSession> = read_json(&file).ok().flatten().unwrap_or_default();
    let mut list = before.clone();
    let over = (Timestamp::now() - LIFETIME).as_millisecond();
    list.retain(|ended| ended.until > over);
    work(&mut list);
    if list == before { Ok(()) } else { write_json(&file, &list, Durability::Disk) }
}

pub(crate) fn sessions_file(data: &DataDir) -> PathBuf {
    data.run_file("ended-sessions.json")
}
