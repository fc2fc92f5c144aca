//! Concurrency and lost replies.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use aws_sdk_dynamodb::config::interceptors::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use protocol::changes::Action;
use protocol::id::FileId;
use protocol::name::SpacePath;
use store::StoreError;

use crate::world::{World, create, mkdir, new_file, request, whole};

/// Of every three calls of one kind, loses one request before the table saw it and one reply after
/// the table did the work. For calls one after another.
#[derive(Debug)]
struct Flaky {
    target: &'static str,
    calls: AtomicU32,
    meant: AtomicBool,
}

impl Flaky {
    fn new(target: &'static str) -> Self {
        Self { target, calls: AtomicU32::new(0), meant: AtomicBool::new(false) }
    }
}

impl Intercept for Flaky {
    fn name(&self) -> &'static str {
        "Flaky"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let target = context.request().headers().get("x-amz-target").unwrap_or_default();
        let meant = target.ends_with(self.target);
        self.meant.store(meant, Ordering::Relaxed);
        if meant && self.calls.fetch_add(1, Ordering::Relaxed) % 3 == 1 {
            return Err("the request was lost".into());
        }
        Ok(())
    }

    fn read_before_deserialization(
        &self,
        _: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let meant = self.meant.load(Ordering::Relaxed);
        if meant && self.calls.load(Ordering::Relaxed).is_multiple_of(3) {
            return Err("the reply was lost".into());
        }
        Ok(())
    }
}

/// I10: many committers in two processes, a dense journal, each commit once, nothing lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_commits_are_serialised() {
    let world = World::new().await;
    let (ada, root) = (world.person("ada").await, FileId::root());
    let space = world.space(&ada, "Docs").await;
    let stores = [world.store.clone(), world.another_store(), world.another_store()];
    let commits = (0..30).map(|n| {
        let (store, ada, space) = (stores[n % 3].clone(), ada.clone(), space.clone());
        let ops = vec![mkdir(&new_file(), &root, &format!("d{n}"))];
        let commit = request(None, ops);
        tokio::spawn(async move { store.commit(&ada, &space, commit).await.map(|done| done.seq) })
    });
    let outcomes = futures::future::join_all(commits).await;
    let seqs: HashSet<u64> =
        outcomes.into_iter().map(|outcome| outcome.unwrap().unwrap()).collect();
    assert_eq!(seqs, (1..=30).collect());
    let page = world.store.entries(&ada, &space, &SpacePath::root(), None, None).await.unwrap();
    assert_eq!(page.entries.len(), 30);
}

/// I7, I9: of two who want the same name one wins, the other learns who.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_two_gets_the_name() {
    let world = World::new().await;
    let (ada, root) = (world.person("ada").await, FileId::root());
    let space = world.space(&ada, "Docs").await;
    let other = world.another_store();
    for n in 0..5 {
        let (first, second) = (format!("File{n}"), format!("fILE{n}"));
        let (a, b) = tokio::join!(
            world.store.commit(
                &ada,
                &space,
                request(None, vec![create(&new_file(), &root, &first, whole(b""))])
            ),
            other.commit(
                &ada,
                &space,
                request(None, vec![create(&new_file(), &root, &second, whole(b""))])
            )
        );
        let refused: Vec<StoreError> = [a, b].into_iter().filter_map(Result::err).collect();
        assert!(
            matches!(&refused[..], [StoreError::Conflict(c)] if c[0].node.is_some()),
            "{refused:?}"
        );
    }
    assert_eq!(world.store.head(&space).await.unwrap(), 5);
}

/// I10: whatever reply or request of the commit's transaction is lost, it happens once, and the
/// replayed journal is the tree.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn lost_replies_neither_lose_nor_repeat_a_commit() {
    let world = World::new().await;
    let (ada, root) = (world.person("ada").await, FileId::root());
    let space = world.space(&ada, "Docs").await;
    let flaky = world.faulty_store(Flaky::new("TransactWriteItems"));
    for n in 0..12 {
        let commit = request(None, vec![mkdir(&new_file(), &root, &format!("d{n}"))]);
        // As a client does: the same commit again, until it is answered.
        let seq = loop {
            match flaky.commit(&ada, &space, commit.clone()).await {
                Ok(done) => break done.seq,
                Err(StoreError::Unavailable(_)) => {}
                Err(error) => panic!("{error:?}"),
            }
        };
        assert_eq!(seq, n + 1);
    }
    let page = world.store.changes(&ada, &space, 0, None, None).await.unwrap();
    assert_eq!(page.entries.len(), 12);
    let mut tree: HashMap<FileId, String> = HashMap::new();
    for change in page.entries.iter().flat_map(|entry| &entry.changes) {
        assert_eq!(change.action, Action::Create);
        assert!(tree.insert(change.file.clone(), change.name.to_string()).is_none());
    }
    let listed = world.store.entries(&ada, &space, &SpacePath::root(), None, None).await.unwrap();
    let listed: HashMap<_, _> =
        listed.entries.into_iter().map(|n| (n.file, n.name.to_string())).collect();
    assert_eq!(listed, tree);
}

/// Doubt is never "not there": a table that does not answer is 503 on every read.
#[tokio::test(flavor = "multi_thread")]
async fn a_silent_table_is_unavailable_not_empty() {
    let world = World::new().await;
    let ada = world.person("ada").await;
    let space = world.space(&ada, "Docs").await;
    let node = world.file(&ada, &space, "a", b"x").await;
    for target in ["Query", "BatchGetItem", "GetItem"] {
        let store = world.faulty_store(Always(target));
        let outcomes = [
            store.changes(&ada, &space, 0, None, None).await.err(),
            store.entries(&ada, &space, &SpacePath::root(), None, None).await.err(),
            store.versions(&ada, &space, &node.file).await.err(),
            store.spaces(&ada).await.err(),
            store.read(&ada, &space, &node.file, None, None).await.err(),
        ];
        for error in outcomes.into_iter().flatten() {
            assert!(matches!(error, StoreError::Unavailable(_)), "{target}: {error:?}");
        }
    }
}

/// Loses every request of one kind.
#[derive(Debug)]
struct Always(&'static str);

impl Intercept for Always {
    fn name(&self) -> &'static str {
        "Always"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let target = context.request().headers().get("x-amz-target").unwrap_or_default();
        if target.ends_with(self.0) { Err("no answer".into()) } else { Ok(()) }
    }
}
