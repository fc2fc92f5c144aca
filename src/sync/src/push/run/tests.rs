use protocol::commit::{ConflictReason, Meta, OpConflict};
use protocol::error::{ErrorBody, ErrorCode};
use protocol::id::{FileId, SpaceId};

use super::*;
use crate::fs::Stamp;
use crate::report::Silent;
use crate::scripted::{Hasty, Scripted};

/// More directories than one commit takes, and the first one's name is taken.
#[tokio::test]
async fn a_refused_directory_leaves_no_file_out_silently() {
    let service = Arc::new(Scripted::new(|_| {
        let conflict = OpConflict { index: 0, reason: ConflictReason::NameTaken, node: None };
        let body = ErrorBody::new(ErrorCode::Conflict, "taken");
        Some(ErrorBody { conflicts: vec![conflict], ..body })
    }));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "content").unwrap();
    let stamp = Stamp::of(&std::fs::metadata(&file).unwrap());
    let job = Job {
        path: file.clone(),
        stamp,
        parent: FileId::root(),
        name: "file".parse().unwrap(),
        existing: None,
    };
    let directories = (0..60).map(|number| Op::Mkdir {
        file: new_id(),
        parent: FileId::root(),
        name: format!("directory {number}").parse().unwrap(),
        meta: Meta::default(),
    });
    let prepared =
        Prepared { directories: directories.collect(), jobs: vec![job], problems: Vec::new() };
    let space = SpaceId::from_random(1);
    let clock = Arc::new(Hasty::default());
    let session = Arc::new(Session::new(service.clone(), clock, space.clone()));
    let mut attempt = Attempt {
        committer: Committer::new(service, session.clone(), space),
        summary: PushSummary::default(),
        again: false,
        last: true,
        jobs: prepared.jobs.clone(),
        reporter: Arc::new(Counter::new(Arc::new(Silent))),
    };
    attempt.run(session, prepared).await.unwrap();
    let problems = &attempt.summary.problems;
    assert!(problems.iter().any(|problem| problem.path == shown(&file) && problem.failed));
}
