//! The commit protocol and its refusals.

use protocol::commit::{ConflictReason, OpConflict};
use protocol::file::LocateItem;
use protocol::id::FileId;
use protocol::name::SpacePath;
use store::StoreError;

use crate::world::{World, create, delete, mkdir, new_file, rename, request, whole};

fn conflicts(result: store::Result<u64>) -> Vec<OpConflict> {
    match result {
        Err(StoreError::Conflict(conflicts)) => conflicts,
        other => panic!("no conflict: {other:?}"),
    }
}

fn reason(result: store::Result<u64>) -> ConflictReason {
    conflicts(result)[0].reason
}

/// FS-2 to FS-5: permission, credential, straight upload, metadata; and the way back.
#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_pushed_and_read_back() {
    let world = World::new().await;
    let ada = world.person("ada").await;
    let space = world.space(&ada, "Docs").await;
    let root = FileId::root();
    let (dir, one, two) = (new_file(), new_file(), new_file());
    let session = world.brought(&ada, &space, &[b"first", b"second"]).await;
    let ops = vec![
        mkdir(&dir, &root, "reports"),
        create(&one, &dir, "one.txt", whole(b"first")),
        create(&two, &dir, "two.txt", whole(b"second")),
        create(&new_file(), &dir, "empty", whole(b"")),
    ];
    let commit = request(Some(session), ops);
    let seq = world.store.commit(&ada, &space, commit).await.unwrap().seq;
    assert_eq!(seq, 1);
    let path: SpacePath = "/Reports/ONE.txt".parse().unwrap();
    let node = world.store.node_at_path(&ada, &space, &path).await.unwrap();
    assert_eq!((node.file.clone(), node.rev, node.content_rev), (one, 1, 1));
    assert_eq!(world.read(&ada, &space, &node.file, None).await, b"first");
    let request = protocol::file::LocateRequest {
        items: vec![LocateItem { file: two, rev: 1 }, LocateItem { file: dir, rev: 1 }],
    };
    let located = world.store.locate(&ada, &space, request).await.unwrap().items;
    assert_eq!(located[0].as_ref().unwrap().extents.len(), 1);
    assert!(located[1].is_none());

    // The second declaration of the same bytes needs no upload (FS-2).
    let again = world.session(&ada, &space, &[b"first"]).await;
    assert_eq!(again.chunks[0].state, protocol::upload::ChunkState::Have);
}

/// I10: a repeated commit id gives the first outcome and no second row.
#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_commit_is_harmless() {
    let world = World::new().await;
    let (ada, root) = (world.person("ada").await, FileId::root());
    let space = world.space(&ada, "Docs").await;
    let commit = request(None, vec![mkdir(&new_file(), &root, "d")]);
    let first = world.store.commit(&ada, &space, commit.clone()).await.unwrap();
    world.commit(&ada, &space, vec![mkdir(&new_file(), &root, "e")]).await.unwrap();
    assert_eq!(world.store.commit(&ada, &space, commit.clone()).await.unwrap(), first);
    assert_eq!(world.store.head(&space).await.unwrap(), 2);

    let mut other = commit;
    other.ops = vec![mkdir(&new_file(), &root, "f")];
    let refused = world.store.commit(&ada, &space, other).await.unwrap_err();
    assert!(matches!(refused, StoreError::InvalidRequest(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_conflict_is_named_with_the_node_in_the_way() {
    let world = World::new().await;
    let (ada, root) = (world.person("ada").await, FileId::root());
    let space = world.space(&ada, "Docs").await;
    let old = world.file(&ada, &space, "a.txt", b"one").await;
    let node = world.edit(&ada, &space, &old, b"two").await;

    let stale = conflicts(world.commit(&ada, &space, vec![delete(&old)]).await);
    assert_eq!(stale[0].reason, ConflictReason::StaleBase);
    assert_eq!(stale[0].node.as_ref(), Some(&node));
    // Siblings that differ in case only are one name (I9).
    let taken =
        vec![mkdir(&new_file(), &root, "ok"), create(&new_file(), &root, "A.TXT", whole(b""))];
    let taken = conflicts(world.commit(&ada, &space, taken).await);
    assert_eq!((taken[0].index, taken[0].reason), (1, ConflictReason::NameTaken));
    assert_eq!(taken[0].node.as_ref(), Some(&node));
    let nowhere = vec![mkdir(&new_file(), &new_file(), "x")];
    assert_eq!(reason(world.commit(&ada, &space, nowhere).await), ConflictReason::ParentMissing);
    let in_a_file = vec![mkdir(&new_file(), &node.file, "x")];
    assert_eq!(reason(world.commit(&ada, &space, in_a_file).await), ConflictReason::ParentMissing);
    let twice = vec![create(&node.file, &root, "b", whole(b""))];
    assert_eq!(reason(world.commit(&ada, &space, twice).await), ConflictReason::FileExists);
    world.commit(&ada, &space, vec![delete(&node)]).await.unwrap();
    assert_eq!(
        reason(world.commit(&ada, &space, vec![delete(&node)]).await),
        ConflictReason::FileMissing
    );
    // Nothing of the refused commits is left.
    assert_eq!(world.store.head(&space).await.unwrap(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn directories_move_without_cycles_and_go_only_when_empty() {
    let world = World::new().await;
    let (ada, root) = (world.person("ada").await, FileId::root());
    let space = world.space(&ada, "Docs").await;
    let (a, b, c) = (new_file(), new_file(), new_file());
    let ops = vec![mkdir(&a, &root, "a"), mkdir(&b, &a, "b"), mkdir(&c, &b, "c")];
    world.commit(&ada, &space, ops).await.unwrap();
    let node = async |file: &FileId| world.store.node(&ada, &space, file).await.unwrap();
    let (top, middle, low) = (node(&a).await, node(&b).await, node(&c).await);

    let cycle = world.commit(&ada, &space, vec![rename(&top, &c, "a")]).await;
    assert_eq!(reason(cycle), ConflictReason::Cycle);
    let full = world.commit(&ada, &space, vec![delete(&middle)]).await;
    assert_eq!(reason(full), ConflictReason::NotEmpty);
    // The parent first, the child later in the same commit: empty after the whole commit.
    let both = vec![delete(&middle), delete(&low)];
    world.commit(&ada, &space, both).await.unwrap();
    // A name that one operation frees, the next may take: one row of the table, written once.
    let swap = vec![rename(&top, &root, "z"), mkdir(&new_file(), &root, "a")];
    world.commit(&ada, &space, swap).await.unwrap();
    let case_only = rename(&node(&a).await, &root, "Z");
    world.commit(&ada, &space, vec![case_only]).await.unwrap();
    assert_eq!(node(&a).await.name.as_str(), "Z");
}

/// A full commit fits the transaction: 31 creates, session and outbox row included.
#[tokio::test(flavor = "multi_thread")]
async fn the_largest_commit_fits() {
    let world = World::new().await;
    let (ada, bob) = (world.person("ada").await, world.person("bob").await);
    let space = world.space(&ada, "Docs").await;
    world.share(&ada, &space, &bob, protocol::space::Role::Viewer).await;
    let mail = protocol::space::MailRequest { mode: protocol::space::MailMode::Digest };
    world.store.set_mail(&bob, &space, mail).await.unwrap();
    let session = world.brought(&ada, &space, &[b"same"]).await;
    let ops =
        (0..31).map(|n| create(&new_file(), &FileId::root(), &format!("f{n}"), whole(b"same")));
    let commit = request(Some(session), ops.collect());
    world.store.commit(&ada, &space, commit).await.unwrap();
    let root = SpacePath::root();
    let page = world.store.entries(&ada, &space, &root, None, Some(20)).await.unwrap();
    assert_eq!(page.entries.len(), 20);
    let rest = world.store.entries(&ada, &space, &root, page.next.as_deref(), None).await.unwrap();
    assert_eq!((rest.entries.len(), rest.next), (11, None));
}
