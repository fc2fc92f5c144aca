//! Temporary credentials that an operator has ended before their time.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::credential::Claims;

/// One line of the list: every credential whose session name begins so, and that was issued until
/// then, is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedSession {
    /// Beginning of the `RoleSessionName`.
    pub session: String,
    /// Milliseconds since 1970.
    pub until: i64,
}

/// The list, in a file that others write; read anew when it was replaced.
#[derive(Clone, Default)]
pub(crate) struct Ended {
    path: Option<PathBuf>,
    known: Arc<Mutex<Known>>,
}

#[derive(Default)]
struct Known {
    stamp: Option<Stamp>,
    list: Arc<[EndedSession]>,
}

/// Inode and time of change: another one after every replacement.
type Stamp = (u64, i64, i64);

impl Ended {
    pub(crate) fn new(path: Option<PathBuf>) -> Self {
        Self { path, known: Arc::default() }
    }

    /// Whether a credential with these claims was ended. One look at the file's name.
    pub(crate) fn contains(&self, claims: &Claims) -> bool {
        let Some(path) = &self.path else { return false };
        self.list(path)
            .iter()
            .any(|ended| claims.session.starts_with(&ended.session) && claims.issued <= ended.until)
    }

    fn list(&self, path: &Path) -> Arc<[EndedSession]> {
        let stamp = fs::metadata(path).ok().map(|it| (it.ino(), it.ctime(), it.ctime_nsec()));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.stamp != stamp {
            match read(path) {
                Ok(list) => *known = Known { stamp, list },
                Err(error) => {
                    tracing::error!(%error, "cannot read which credentials have ended");
                    // What was ended before stays so.
                    known.stamp = stamp;
                }
            }
        }
        Arc::clone(&known.list)
    }
}

fn read(path: &Path) -> std::io::Result<Arc<[EndedSession]>> {
    match fs::read(path) {
        Ok(text) => Ok(serde_json::from_slice::<Vec<EndedSession>>(&text)?.into()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Arc::default()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::Role;

    #[test]
    fn who_was_ended_stays_out_and_who_came_later_is_let_in() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ended.json");
        let ended = Ended::new(Some(path.clone()));
        let claims = |session: &str, issued| Claims {
            key: String::new(),
            role: Role::Writer,
            space: "sp1".to_owned(),
            expires: 0,
            session: session.to_owned(),
            issued,
        };
        assert!(!ended.contains(&claims("u1.d1", 5)));
        let list = [EndedSession { session: "u1.".to_owned(), until: 10 }];
        let next = folder.path().join("next");
        fs::write(&next, serde_json::to_vec(&list).unwrap()).unwrap();
        fs::rename(&next, &path).unwrap();
        assert!(ended.contains(&claims("u1.d1", 5)));
        assert!(ended.contains(&claims("u1.d2", 10)));
        assert!(!ended.contains(&claims("u1.d1", 11)), "issued later");
        assert!(!ended.contains(&claims("u10.d1", 5)), "somebody else");
        assert!(!ended.contains(&claims("", 5)), "of an earlier release");
        fs::write(&next, "{").unwrap();
        fs::rename(&next, &path).unwrap();
        assert!(
            ended.contains(&claims("u1.d1", 5)),
            "a damaged list ends nothing and frees nobody"
        );
    }
}
