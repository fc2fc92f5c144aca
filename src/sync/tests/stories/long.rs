//! Paths that no system can read, from a server that allowed them.

use protocol::commit::{CommitRequest, Op};
use protocol::id::{CommitId, FileId};
use protocol::name::SpacePath;
use sync::synchronise::Pairing;

use crate::moments::Scripted;
use crate::world::World;

/// `a…/a…/…`, 2,220 bytes long.
fn chain(letter: &str) -> String {
    (0..10).map(|number| format!("{number}{}/", letter.repeat(220))).collect()
}

async fn file_at(world: &World, path: &str) -> (FileId, u64) {
    let path: SpacePath = path.parse().unwrap();
    let parent = path.split().unwrap().0;
    let entries = sync::browse::entries(world.api.clone(), &world.space, &parent).await.unwrap();
    let node = entries.into_iter().find(|node| node.name == *path.split().unwrap().1).unwrap();
    (node.file, node.rev)
}

async fn rename(world: &World, from: &str, to: &str) {
    let (file, base) = file_at(world, from).await;
    let name = to.parse().unwrap();
    let op = Op::Move { file, base, parent: FileId::root(), name };
    let commit = CommitId::from_random(rand::random());
    let request = CommitRequest { commit, session: None, ops: vec![op] };
    sync::service::Service::commit(world.api.as_ref(), &world.space, &request).await.unwrap();
}

/// One move in the space used to stop every device for good, also for unrelated files.
#[tokio::test(flavor = "multi_thread")]
async fn paths_that_became_too_long_in_the_space_stop_nothing_else() {
    let world = World::start().await;
    let (one, two) = (world.device("one"), world.device("two"));
    one.write(&(chain("a") + "deep"), "1");
    one.write(&(chain("b") + "deep"), "1");
    one.write("beside", "1");
    world.sync(&one).await;
    world.sync(&two).await;

    let below = file_at(&world, chain("b").trim_end_matches('/')).await.0;
    rename(&world, chain("a").split('/').next().unwrap(), "moved").await;
    let service = Scripted::rewriting(&world.api, move |page| {
        let changes = page.entries.iter_mut().flat_map(|entry| &mut entry.changes);
        for change in changes.filter(|change| change.name.as_str() == "moved") {
            change.parent = below.clone();
        }
    });
    std::fs::write(world.path("beside"), "2").unwrap();
    world.push(&world.path("beside"), "/").await;
    let three = world.device("three");
    for device in [&two, &three] {
        for _ in 0..2 {
            let run = world.sync_through(service.clone(), device, Pairing::Continue).await.unwrap();
            let reasons: Vec<_> = run.problems.iter().map(|problem| &problem.reason).collect();
            assert_eq!(run.problems.len(), 1, "{reasons:?}");
            assert!(reasons[0].contains("longer than 4000 bytes"), "{reasons:?}");
            assert_eq!(device.read("beside"), b"2");
        }
    }
    assert_eq!(two.read(&(chain("a") + "deep")), b"1", "it stays where it is");

    rename(&world, "moved", "short").await;
    for device in [&one, &two, &three] {
        let summary = world.sync(device).await;
        assert!(summary.problems.is_empty(), "{:?}", summary.problems);
        assert_eq!(device.tree(), one.tree());
    }
    let moved = chain("a").split_once('/').unwrap().1.to_owned() + "deep";
    assert_eq!(one.read(&format!("short/{moved}")), b"1");
}

/// A move here is not committed where paths below it would become too long.
#[tokio::test(flavor = "multi_thread")]
async fn a_move_here_that_makes_paths_too_long_is_told_and_kept_back() {
    let world = World::start().await;
    let one = world.device("one");
    one.write(&(chain("a") + "deep"), "1");
    one.write(&(chain("b") + "deep"), "1");
    world.sync(&one).await;
    let before = world.listing().await;
    let first = chain("a").split('/').next().unwrap().to_owned();
    // The kernel takes no path of that length in one piece.
    let inside = std::fs::File::open(one.directory.join(chain("b"))).unwrap();
    let outside = std::fs::File::open(&one.directory).unwrap();
    rustix::fs::renameat(&outside, &first, &inside, "here").unwrap();
    one.write("beside", "1");
    for _ in 0..2 {
        let summary = world.sync(&one).await;
        let reasons: Vec<_> = summary.problems.iter().map(|problem| &problem.reason).collect();
        assert!(reasons.iter().any(|reason| reason.contains("the space keeps it")), "{reasons:?}");
        assert_eq!(summary.deleted_there + summary.moved_there, 0);
    }
    let mut expected = before;
    expected.push("/beside".to_owned());
    expected.sort();
    let mut listing = world.listing().await;
    listing.sort();
    assert_eq!(listing, expected);
    rustix::fs::renameat(&inside, "here", &outside, "short").unwrap();
    let summary = world.sync(&one).await;
    assert!(summary.problems.is_empty(), "{:?}", summary.problems);
    assert!(world.listing().await.iter().any(|path| path.starts_with("/short/1a")));
}
