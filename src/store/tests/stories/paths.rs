//! No commit makes a path longer than clients can hold, and what is too long already can be mended.

use aws_sdk_dynamodb::types::AttributeValue;
use protocol::id::{FileId, SpaceId};
use protocol::name::MAX_PATH_BYTES;
use store::{Identity, StoreError};

use crate::world::{World, create, mkdir, new_file, rename, whole};

const NAME_BYTES: usize = 249;

/// Directories inside one another, the outermost in `parent`; each adds 250 bytes to the path.
async fn chain(
    world: &World,
    who: &Identity,
    space: &SpaceId,
    parent: &FileId,
    (letter, levels): (&str, usize),
) -> Vec<FileId> {
    let made: Vec<FileId> = (0..levels).map(|_| new_file()).collect();
    let parents = std::iter::once(parent).chain(&made);
    let name = letter.repeat(NAME_BYTES);
    let ops = parents.zip(&made).map(|(parent, file)| mkdir(file, parent, &name)).collect();
    world.commit(who, space, ops).await.unwrap();
    made
}

fn refused(result: store::Result<u64>) -> String {
    match result {
        Err(StoreError::TooLarge(message)) => message,
        other => panic!("not refused: {other:?}"),
    }
}

/// What an earlier release, which knew no limit, has left behind: `directory` in `to`.
async fn put_there(world: &World, space: &SpaceId, directory: &protocol::file::Node, to: &FileId) {
    let table = aws_sdk_dynamodb::Client::new(&world.engines.sdk_config());
    let text = |text: String| AttributeValue::S(text);
    let name = world.engines.table();
    let node = table.update_item().table_name(name);
    node.key("pk", text(format!("F#{space}#{}", directory.file)))
        .key("sk", text("CUR".to_owned()))
        .update_expression("SET #parent = :to")
        .expression_attribute_names("#parent", "parent")
        .expression_attribute_values(":to", text(to.to_string()))
        .send()
        .await
        .unwrap();
    let claim = table.put_item().table_name(name);
    claim
        .item("pk", text(format!("D#{space}#{to}")))
        .item("sk", text(directory.name.key()))
        .item("file", text(directory.file.to_string()))
        .send()
        .await
        .unwrap();
    let old = table.delete_item().table_name(name);
    old.key("pk", text(format!("D#{space}#{}", directory.parent)))
        .key("sk", text(directory.name.key()))
        .send()
        .await
        .unwrap();
    forget_bound(world, space).await;
}

/// The newest journal row as an earlier release would have written it.
async fn forget_bound(world: &World, space: &SpaceId) {
    let table = aws_sdk_dynamodb::Client::new(&world.engines.sdk_config());
    let seq = world.store.head(space).await.unwrap();
    let journal = table.update_item().table_name(world.engines.table());
    journal
        .key("pk", AttributeValue::S(format!("J#{space}")))
        .key("sk", AttributeValue::S(format!("{seq:020}")))
        .update_expression("REMOVE longest_path")
        .send()
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_placed_has_a_path_that_clients_can_hold() {
    let world = World::new().await;
    let (ada, root) = (world.person("ada").await, FileId::root());
    let space = world.space(&ada, "Docs").await;
    let deep = chain(&world, &ada, &space, &root, ("a", 15)).await;
    let lowest = &deep[14];
    let room = MAX_PATH_BYTES - 15 * (NAME_BYTES + 1) - 1;

    let op = mkdir(&new_file(), lowest, &"d".repeat(room + 1));
    let message = refused(world.commit(&ada, &space, vec![op]).await);
    assert!(message.contains("4001 bytes") && message.contains("at most 4000"), "{message}");
    // Where the directory is made in the same commit, too.
    let between = new_file();
    let ops = vec![mkdir(&between, lowest, "b"), mkdir(&new_file(), &between, &"d".repeat(room))];
    refused(world.commit(&ada, &space, ops).await);
    let op = create(&new_file(), lowest, &"f".repeat(room + 1), whole(b""));
    refused(world.commit(&ada, &space, vec![op]).await);
    let file = world.file(&ada, &space, &"m".repeat(room + 1), b"moved").await;
    refused(world.commit(&ada, &space, vec![rename(&file, lowest, file.name.as_str())]).await);

    world.commit(&ada, &space, vec![rename(&file, lowest, &"m".repeat(room))]).await.unwrap();
    let op = mkdir(&new_file(), lowest, &"d".repeat(room));
    world.commit(&ada, &space, vec![op]).await.unwrap();
}

/// The whole subtree counts, with the bound that the journal keeps and without it.
#[tokio::test(flavor = "multi_thread")]
async fn a_directory_moves_only_where_all_it_holds_has_room() {
    for known in [true, false] {
        let world = World::new().await;
        let (ada, root) = (world.person("ada").await, FileId::root());
        let space = world.space(&ada, "Docs").await;
        let to = chain(&world, &ada, &space, &root, ("a", 8)).await;
        let moved = chain(&world, &ada, &space, &root, ("b", 8)).await;
        let file = create(&new_file(), &moved[7], "f", whole(b""));
        world.commit(&ada, &space, vec![file]).await.unwrap();
        let before = world.store.head(&space).await.unwrap();
        if !known {
            forget_bound(&world, &space).await;
        }
        let top = world.store.node(&ada, &space, &moved[0]).await.unwrap();

        // The directories alone fit exactly, the file in the lowest does not.
        let same = rename(&top, &to[7], top.name.as_str());
        let message = refused(world.commit(&ada, &space, vec![same]).await);
        assert!(message.starts_with("something in 'bbb"), "{message}");
        assert!(message.contains("4002 bytes"), "{message}");
        assert_eq!(world.store.head(&space).await.unwrap(), before, "nothing was changed");
        // Two that lie in one another and move in one commit, each a little longer.
        let inner = world.store.node(&ada, &space, &moved[4]).await.unwrap();
        let ops = vec![
            rename(&top, &to[6], &"c".repeat(NAME_BYTES)),
            rename(&inner, &moved[3], &"d".repeat(255)),
        ];
        world.commit(&ada, &space, ops).await.unwrap();
        let top = world.store.node(&ada, &space, &moved[0]).await.unwrap();
        refused(world.commit(&ada, &space, vec![rename(&top, &to[7], top.name.as_str())]).await);
        let ops = vec![rename(&top, &root, "b")];
        world.commit(&ada, &space, ops).await.unwrap();
    }
}

/// The bound only ever grows; once it says nothing any more, what is there is measured.
#[tokio::test(flavor = "multi_thread")]
async fn a_directory_can_be_renamed_any_number_of_times() {
    let world = World::new().await;
    let (ada, root) = (world.person("ada").await, FileId::root());
    let space = world.space(&ada, "Docs").await;
    let directory = new_file();
    let op = mkdir(&directory, &root, "d");
    world.commit(&ada, &space, vec![op, mkdir(&new_file(), &directory, "e")]).await.unwrap();
    for round in 0..40 {
        let node = world.store.node(&ada, &space, &directory).await.unwrap();
        let name = if round % 2 == 0 { "l".repeat(255) } else { "s".to_owned() };
        world.commit(&ada, &space, vec![rename(&node, &root, &name)]).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_release_let_grow_too_long_can_be_mended() {
    let world = World::new().await;
    let (ada, root) = (world.person("ada").await, FileId::root());
    let space = world.space(&ada, "Docs").await;
    let to = chain(&world, &ada, &space, &root, ("a", 12)).await;
    let long = chain(&world, &ada, &space, &root, ("b", 12)).await;
    let top = world.store.node(&ada, &space, &long[0]).await.unwrap();
    put_there(&world, &space, &top, &to[11]).await;

    // Everything is found by id, down to the lowest directory and its missing entries.
    for (directory, entry) in long.iter().zip(&long[1..]) {
        let page = world.store.entries_of(&ada, &space, directory, None, None).await.unwrap();
        assert_eq!(page.node.unwrap().file, *directory);
        assert_eq!(page.entries.iter().map(|node| &node.file).collect::<Vec<_>>(), [entry]);
    }
    let low = world.store.entries_of(&ada, &space, &long[11], None, None).await.unwrap();
    assert!(low.entries.is_empty());
    assert!(world.store.entries_of(&ada, &space, &new_file(), None, None).await.is_err());

    // It may not grow, and it may shrink, even where it stays too long for the moment.
    let lowest = world.store.node(&ada, &space, &long[11]).await.unwrap();
    refused(world.commit(&ada, &space, vec![rename(&lowest, &long[10], &"c".repeat(250))]).await);
    let shorter = rename(&lowest, &long[10], &"c".repeat(248));
    world.commit(&ada, &space, vec![shorter]).await.unwrap();
    let middle = world.store.node(&ada, &space, &long[6]).await.unwrap();
    world.commit(&ada, &space, vec![rename(&middle, &root, "middle")]).await.unwrap();
    let top = world.store.node(&ada, &space, &long[0]).await.unwrap();
    world.commit(&ada, &space, vec![rename(&top, &root, "top")]).await.unwrap();
    let path = "/middle".parse().unwrap();
    let page = world.store.entries(&ada, &space, &path, None, None).await.unwrap();
    assert_eq!(page.entries.len(), 1);
}

/// Measuring is bounded: what would take longer than a request may is refused while the bound of the
/// space is not known, and goes on where it is.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_much_to_measure_is_refused() {
    let world = World::new().await;
    let (ada, root) = (world.person("ada").await, FileId::root());
    let space = world.space(&ada, "Docs").await;
    let top = new_file();
    world.commit(&ada, &space, vec![mkdir(&top, &root, "t")]).await.unwrap();
    // 47 in one commit, and 5,029 in all: each counts as ten.
    for commit in 0..107 {
        let name = |n: u32| format!("{commit}-{n}");
        let ops = (0..47).map(|n| mkdir(&new_file(), &top, &name(n))).collect();
        world.commit(&ada, &space, ops).await.unwrap();
    }
    let node = world.store.node(&ada, &space, &top).await.unwrap();
    world.commit(&ada, &space, vec![rename(&node, &root, "known")]).await.unwrap();
    forget_bound(&world, &space).await;
    let node = world.store.node(&ada, &space, &top).await.unwrap();
    let longer = vec![rename(&node, &root, "longer")];
    let message = refused(world.commit(&ada, &space, longer).await);
    assert!(message.contains("holds too much"), "{message}");
    world.commit(&ada, &space, vec![rename(&node, &root, "short")]).await.unwrap();
}
