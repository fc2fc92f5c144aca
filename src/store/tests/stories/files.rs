//! Cursor, checksum query, versions.

use protocol::file::{CheckItem, CheckRequest, CheckState};
use protocol::hash::ContentHash;
use store::StoreError;

use crate::world::{World, delete};

/// FS-7: current, outdated, different, missing.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_asks_whether_its_copy_is_the_newest() {
    let world = World::new().await;
    let ada = world.person("ada").await;
    let space = world.space(&ada, "Docs").await;
    let old = world.file(&ada, &space, "a.txt", b"one").await;
    let node = world.edit(&ada, &space, &old, b"two").await;
    let item = |path: &str, bytes: &[u8]| CheckItem {
        path: path.parse().unwrap(),
        sha256: ContentHash::of(bytes),
    };
    let items = vec![
        item("/a.txt", b"two"),
        item("/a.txt", b"one"),
        item("/a.txt", b"never"),
        item("/b.txt", b"two"),
        item("/a.txt/x", b"two"),
    ];
    let answer = world.store.check(&ada, &space, CheckRequest { items }).await.unwrap();
    let states: Vec<CheckState> = answer.items.iter().map(|item| item.state).collect();
    use CheckState::*;
    assert_eq!(states, [Current, Outdated, Different, Missing, Missing]);
    assert_eq!(answer.items[1].node.as_ref(), Some(&node));

    // Older versions stay readable by their revision, deleted files too (I2).
    let versions = world.store.versions(&ada, &space, &node.file).await.unwrap().versions;
    assert_eq!(versions.iter().map(|version| version.rev).collect::<Vec<_>>(), [2, 1]);
    world.commit(&ada, &space, vec![delete(&node)]).await.unwrap();
    assert_eq!(world.read(&ada, &space, &node.file, Some(1)).await, b"one");
    let gone = world.store.read(&ada, &space, &node.file, None, None).await;
    assert!(matches!(gone.map(drop), Err(StoreError::NotFound(_))));
}

/// I10, I11: pages by cursor, and a cursor that fits nothing is reset.
#[tokio::test(flavor = "multi_thread")]
async fn changes_come_densely_by_cursor() {
    let world = World::new().await;
    let ada = world.person("ada").await;
    let space = world.space(&ada, "Docs").await;
    for n in 0..5 {
        world.file(&ada, &space, &format!("f{n}"), b"same").await;
    }
    let mut cursor = 0;
    let mut seen = Vec::new();
    loop {
        let page = world.store.changes(&ada, &space, cursor, None, Some(2)).await.unwrap();
        seen.extend(page.entries.iter().map(|entry| entry.seq));
        cursor = page.cursor;
        if !page.more {
            break;
        }
    }
    assert_eq!(seen, [1, 2, 3, 4, 5]);
    assert_eq!(world.store.head(&space).await.unwrap(), 5);
    let epoch = world.store.space(&ada, &space).await.unwrap().epoch;
    let ok = world.store.changes(&ada, &space, 5, Some(&epoch), None).await.unwrap();
    assert!(ok.entries.is_empty() && ok.cursor == 5);
    let other = "other".parse().unwrap();
    for (after, epoch) in [(0, Some(&other)), (6, Some(&epoch)), (99, None)] {
        let reset = world.store.changes(&ada, &space, after, epoch, None).await;
        assert!(matches!(reset, Err(StoreError::CursorReset)), "{after}");
    }
}
