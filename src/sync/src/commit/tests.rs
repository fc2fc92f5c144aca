//! Against a service that refuses on purpose.

use protocol::commit::{Content, Extent, Meta};
use protocol::id::SessionId;
use protocol::upload::ChunkClaim;

use super::*;
use crate::scripted::{Hasty, Scripted};

fn chunk(number: u8) -> ContentHash {
    ContentHash::of(&[number])
}

fn create(number: u8, extents: usize) -> Op {
    let extent = Extent { chunk: chunk(number), offset: 0, length: 1 };
    Op::Create {
        file: new_id(),
        parent: FileId::root(),
        name: format!("file {number}").parse().unwrap(),
        content: Content { hash: chunk(number), size: 1, extents: vec![extent; extents] },
        meta: Meta::default(),
    }
}

/// Chunks 1 and 2 are declared, as an upload does.
async fn committer(service: &Arc<Scripted>) -> Committer<u8> {
    let space = SpaceId::from_random(1);
    let clock = Arc::new(Hasty::default());
    let session = Arc::new(Session::new(service.clone(), clock, space.clone()));
    let claims = [1, 2].map(|number| ChunkClaim { hash: chunk(number), size: 1 });
    session.declare(claims.to_vec()).await.unwrap();
    Committer::new(service.clone(), session, space)
}

fn refuse(code: ErrorCode, chunks: Vec<ContentHash>) -> Option<ErrorBody> {
    Some(ErrorBody { chunks, ..ErrorBody::new(code, "no") })
}

#[tokio::test]
async fn a_session_that_ended_costs_no_content() {
    for code in [ErrorCode::SessionClosed, ErrorCode::UndeclaredContent] {
        let first = Some(SessionId::from_random(1));
        let service = Arc::new(Scripted::new(move |request| {
            (request.session == first).then(|| refuse(code, vec![chunk(1)])).flatten()
        }));
        let mut committer = committer(&service).await;
        committer.add(create(1, 1), 1).await.unwrap();
        committer.add(create(2, 1), 2).await.unwrap();
        let committed = committer.flush().await.unwrap();
        assert_eq!((committed.done.len(), committed.refused.len()), (2, 0));
        let second = Some(SessionId::from_random(2));
        assert_eq!(service.commits.lock().unwrap()[0].session, second);
    }
}

#[tokio::test]
async fn only_what_the_service_misses_is_lost() {
    let service = Arc::new(Scripted::new(|request| {
        let lost = request.ops.iter().any(|op| chunks_of(op).contains(&chunk(1)));
        lost.then(|| refuse(ErrorCode::ContentMissing, vec![chunk(1)])).flatten()
    }));
    let mut committer = committer(&service).await;
    committer.add(create(1, 1), 1).await.unwrap();
    committer.add(create(2, 1), 2).await.unwrap();
    let committed = committer.flush().await.unwrap();
    assert!(matches!(committed.refused[..], [(_, 1, Refusal::ContentMissing)]));
    assert!(matches!(committed.done[..], [(_, 2)]));
}

#[tokio::test]
async fn a_file_beyond_the_limits_is_refused_alone() {
    let service = Arc::new(Scripted::new(|request| {
        let large = request.ops.iter().any(|op| chunks_of(op).len() > 3);
        large.then(|| refuse(ErrorCode::TooLarge, Vec::new())).flatten()
    }));
    let mut committer = committer(&service).await;
    for (tag, extents) in [(1, 1), (2, 9), (1, 1), (1, 2)] {
        committer.add(create(tag, extents), tag).await.unwrap();
    }
    let committed = committer.flush().await.unwrap();
    assert!(matches!(committed.refused[..], [(_, 2, Refusal::TooLarge(_))]));
    assert_eq!(committed.done.len(), 3);
}

#[tokio::test]
async fn a_commit_holds_a_limited_number_of_extents() {
    let service = Arc::new(Scripted::new(|_| None));
    let mut committer = committer(&service).await;
    for extents in [15_000, 4_000, 4_000, 30_000] {
        committer.add(create(1, extents), 1).await.unwrap();
    }
    committer.flush().await.unwrap();
    let counts = service.commits.lock().unwrap().clone().into_iter().map(|commit| commit.ops.len());
    assert_eq!(counts.collect::<Vec<_>>(), [2, 1, 1]);
}
