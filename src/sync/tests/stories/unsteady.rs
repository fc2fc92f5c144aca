//! Directories that somebody keeps changing while a run looks at them.

use std::fs;

use protocol::error::ErrorCode;
use sync::synchronise::Pairing;
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use crate::moments::{Moment, Scripted};
use crate::world::{World, push_to};

/// I3: a scan misses what moves past it. The next one finds it, and it has moved.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_moves_past_the_scan_is_moved_and_not_deleted() {
    let world = World::start().await;
    let (one, two) = (world.device("one"), world.device("two"));
    one.write("z/report", "kept");
    one.write("album/photo", "kept as well");
    world.sync(&one).await;
    world.sync(&two).await;
    let between = world.path("between");
    fs::create_dir_all(&between).unwrap();
    let files = one.directory.clone();
    fs::rename(files.join("z/report"), between.join("report")).unwrap();
    fs::rename(files.join("album"), between.join("album")).unwrap();
    let mut rounds = 0;
    let service = Scripted::new(&world.api, move |moment| {
        if *moment == Moment::Changes {
            rounds += 1;
        }
        if rounds == 2 && between.join("album").exists() {
            fs::rename(between.join("report"), files.join("a report")).unwrap();
            fs::rename(between.join("album"), files.join("an album")).unwrap();
        }
        Ok(())
    });
    let summary = world.sync_through(service, &one, Pairing::Continue).await.unwrap();
    assert_eq!((summary.deleted_there, summary.sent, summary.moved_there), (0, 0, 2));
    assert_eq!(world.listing().await, ["/a report", "/an album", "/an album/photo", "/z"]);
    world.sync(&two).await;
    assert_eq!(one.tree(), two.tree());
}

/// A large folder that moves past the scan is no mass deletion either.
#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_moves_past_the_scan_does_not_stop_the_run() {
    let world = World::start().await;
    let one = world.device("one");
    for number in 0..30 {
        one.write(&format!("photos/{number}"), format!("photo {number}"));
    }
    world.sync(&one).await;
    let (files, between) = (one.directory.clone(), world.path("between"));
    fs::rename(files.join("photos"), &between).unwrap();
    let mut rounds = 0;
    let service = Scripted::new(&world.api, move |moment| {
        rounds += u32::from(*moment == Moment::Changes);
        if rounds == 2 && between.exists() {
            fs::rename(&between, files.join("pictures")).unwrap();
        }
        Ok(())
    });
    let summary = world.sync_through(service, &one, Pairing::Continue).await.unwrap();
    assert_eq!((summary.deleted_there, summary.moved_there), (0, 1));
}

/// I3: what came back after both scans is seen by the look right before the deletion.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_back_before_its_deletion_stays() {
    let world = World::start().await;
    let one = world.device("one");
    one.write("report", "kept");
    world.sync(&one).await;
    // Another file that can't be fetched marks the moment after the scan.
    fs::write(world.path("other"), "x").unwrap();
    world.push(&world.path("other"), "/").await;
    let away = world.path("away");
    fs::rename(one.directory.join("report"), &away).unwrap();
    let place = one.directory.join("report");
    let mut looked_up = 0;
    let service = Scripted::new(&world.api, move |moment| {
        if !matches!(moment, Moment::Locate { .. }) {
            return Ok(());
        }
        looked_up += 1;
        if looked_up == 2 {
            fs::rename(&away, &place).unwrap();
        }
        Err(ErrorCode::Internal)
    });
    let summary = world.sync_through(service, &one, Pairing::Continue).await.unwrap();
    assert_eq!(summary.deleted_there, 0);
    assert_eq!(world.listing().await, ["/other", "/report"]);
    assert_eq!(one.read("report"), b"kept");
}

/// I6: a deletion is still carried over, and in one run.
#[tokio::test(flavor = "multi_thread")]
async fn a_removed_file_is_removed_there_in_the_same_run() {
    let world = World::start().await;
    let one = world.device("one");
    one.write("d/a", "removed");
    one.write("b", "1");
    world.sync(&one).await;
    fs::remove_dir_all(one.directory.join("d")).unwrap();
    one.write("b", "2");
    one.write("c", "new");
    let summary = world.sync(&one).await;
    assert_eq!((summary.deleted_there, summary.sent), (1, 2));
    assert_eq!(world.listing().await, ["/b", "/c"]);
}

/// I7: somebody appends to a file all the time, here and in the space.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_never_rests_is_sent_once_and_copied_once() {
    let world = World::start().await;
    let one = world.device("one");
    one.write("log", "1");
    one.write("other", "1");
    world.sync(&one).await;
    one.write("other", "2");
    let (log, mut round) = (one.directory.join("log"), 0);
    let service = Scripted::new(&world.api, move |moment| {
        if *moment == Moment::Changes {
            round += 1;
            fs::write(&log, format!("line {round}")).unwrap();
        }
        Ok(())
    });
    let summary = world.sync_through(service, &one, Pairing::Continue).await.unwrap();
    assert_eq!((summary.sent, summary.conflicts), (2, 0));
    assert_eq!(summary.problems.len(), 1);
    let problem = &summary.problems[0];
    assert!(problem.failed && problem.path.ends_with("/log"));
    assert!(problem.reason.contains("still changing"), "{}", problem.reason);
    let quiet = world.sync(&one).await;
    assert_eq!((quiet.sent, quiet.problems.len()), (1, 0));

    let two = world.device("two");
    world.sync(&two).await;
    let (log, theirs, mut round) = (one.directory.join("log"), world.path("log"), 0);
    let api = world.api.clone();
    let space = world.space.clone();
    let service = Scripted::new(&world.api, move |moment| {
        if *moment == Moment::Changes {
            round += 1;
            fs::write(&log, format!("ours {round}")).unwrap();
            fs::write(&theirs, format!("theirs {round}")).unwrap();
            let push = push_to(api.clone(), space.clone(), theirs.clone(), "/");
            block_in_place(|| Handle::current().block_on(push)).unwrap();
        }
        Ok(())
    });
    let summary = world.sync_through(service, &one, Pairing::Continue).await.unwrap();
    assert_eq!(summary.conflicts, 1);
    assert!(summary.problems.iter().any(|problem| problem.reason.contains("still changing")));
    world.sync(&one).await;
    world.sync(&two).await;
    assert_eq!(one.tree(), two.tree());
    assert!(one.tree().len() <= 4, "one copy for each of the two runs: {:?}", one.tree().keys());
}

/// A run ends while others never pause, with everything that was there when it began.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_does_not_wait_for_others_to_pause() {
    let world = World::start().await;
    let one = world.device("one");
    let pushed = |number: u32| {
        let path = world.path(&format!("theirs {number}"));
        fs::write(&path, format!("theirs {number}")).unwrap();
        push_to(world.api.clone(), world.space.clone(), path, "/")
    };
    pushed(0).await.unwrap();
    one.write("d/ours", "1");
    one.write("removed", "1");
    world.sync(&one).await;
    one.write("d/ours", "2");
    one.remove("removed");
    pushed(1).await.unwrap();

    let (folder, api, space) = (world.path(""), world.api.clone(), world.space.clone());
    let mut number = 1;
    let service = Scripted::new(&world.api, move |moment| {
        if matches!(moment, Moment::Changes | Moment::Commit) {
            number += 1;
            let path = folder.join(format!("theirs {number}"));
            fs::write(&path, format!("theirs {number}")).unwrap();
            let push = push_to(api.clone(), space.clone(), path, "/");
            block_in_place(|| Handle::current().block_on(push)).unwrap();
        }
        Ok(())
    });
    let summary = world.sync_through(service.clone(), &one, Pairing::Continue).await.unwrap();
    assert!(summary.problems.is_empty(), "{:?}", summary.problems);
    assert_eq!((summary.sent, summary.deleted_there), (1, 1));
    assert_eq!(one.read("theirs 0"), b"theirs 0");
    assert_eq!(one.read("theirs 1"), b"theirs 1");
    let rounds = service.seen().iter().filter(|moment| **moment == Moment::Changes).count();
    assert!(rounds <= 6, "{rounds} rounds");

    let two = world.device("two");
    world.sync(&one).await;
    world.sync(&two).await;
    assert_eq!(one.tree(), two.tree());
    assert_eq!(two.read("d/ours"), b"2");
    assert!(!two.directory.join("removed").exists());
}

/// I8: an edit of somebody else's that the run has not read yet is no obstacle to its end, and wins
/// over a deletion here.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_overtaken_looks_again() {
    let world = World::start().await;
    let one = world.device("one");
    one.write("report", "1");
    one.write("other", "1");
    world.sync(&one).await;
    one.remove("report");
    one.write("other", "2");
    let (theirs, api, space) = (world.path("report"), world.api.clone(), world.space.clone());
    let mut edited = false;
    let service = Scripted::new(&world.api, move |moment| {
        if *moment == Moment::Commit && !edited {
            edited = true;
            fs::write(&theirs, "edited").unwrap();
            let push = push_to(api.clone(), space.clone(), theirs.clone(), "/");
            block_in_place(|| Handle::current().block_on(push)).unwrap();
        }
        Ok(())
    });
    let summary = world.sync_through(service, &one, Pairing::Continue).await.unwrap();
    assert!(summary.problems.is_empty(), "{:?}", summary.problems);
    assert_eq!((summary.sent, summary.deleted_there), (1, 0));
    assert_eq!(one.read("report"), b"edited");
    assert_eq!(world.listing().await, ["/other", "/report"]);
}

/// Somebody brings new files here all the time.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_does_not_wait_for_a_directory_to_stop_growing() {
    let world = World::start().await;
    let one = world.device("one");
    one.write("first", "1");
    let (files, mut round) = (one.directory.clone(), 0);
    let service = Scripted::new(&world.api, move |moment| {
        if *moment == Moment::Changes {
            round += 1;
            fs::create_dir_all(files.join(format!("d{round}"))).unwrap();
            fs::write(files.join(format!("d{round}/new")), format!("{round}")).unwrap();
        }
        Ok(())
    });
    let summary = world.sync_through(service, &one, Pairing::Continue).await.unwrap();
    assert!(summary.problems.is_empty(), "{:?}", summary.problems);
    assert!((2..20).contains(&summary.sent), "{} sent", summary.sent);
    let rest = world.sync(&one).await;
    assert!(rest.sent > 0 && rest.problems.is_empty());
    assert_eq!(world.listing().await.len(), one.tree().len());
}
